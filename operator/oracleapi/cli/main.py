"""The commands of ``kubectl oracleapi``: options in, one picture or document out, an exit code."""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from oracleapi.cli import checks, evidence, explain, plans, tracing, tree
from oracleapi.cli.callers import parse_subject, read_text, read_token
from oracleapi.cli.cluster import Where, cluster_name, current_namespace, read, read_events
from oracleapi.cli.errors import FOUND, UNABLE, USAGE, CliError
from oracleapi.cli.lines import build_line
from oracleapi.cli.options import Context, Dsn, Every, Kubeconfig, Namespace, Output, User, where
from oracleapi.cli.output import Form, complain, emit
from oracleapi.cli.sql import sql_app

app = typer.Typer(
    name="oracleapi",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Explain, check and prove what the Oracle API operator does. It changes nothing but with sql install.",
)
app.add_typer(sql_app, name="sql")
PROGRAM = "kubectl-oracleapi"


@app.command("explain")
def explain_command(
    api: Annotated[str, typer.Argument(help="Name of an OracleApi.", metavar="API")],
    as_: Annotated[
        str | None, typer.Option("--as", help="One caller, such as group:hr-readers or anonymous.", metavar="SUBJECT")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", help="One caller: a file with its token, - for input.", metavar="FILE")
    ] = None,
    route: Annotated[str | None, typer.Option("--route", help="One route by name.", metavar="NAME")] = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    output: Output = Form.TABLE,
) -> None:
    """Show the line of four gates for callers and routes, and where it is broken."""
    if as_ is not None and token is not None:
        raise CliError("--as and --token exclude each other; name one caller", USAGE)
    subject = parse_subject(as_) if as_ is not None else None
    cluster = where(kubeconfig, context, namespace)
    snapshot = read(cluster)
    found = snapshot.get("OracleApi", api, current_namespace(cluster))
    line, now = build_line(snapshot, found), datetime.now(UTC)
    routes = explain.routes_named(line, route)
    if token is not None:
        cells = explain.token_cells(line, read_token(token, snapshot, found, now), routes, now)
    elif subject is not None:
        cells = explain.cells_of(line, [subject], routes, now)
    else:
        cells = explain.matrix(line, routes, now)
    keys = {entry["name"]: entry["key"] for entry in found.get("status", {}).get("routes", [])}

    def picture() -> RenderableType:
        if subject is None and token is None:
            return explain.matrix_picture(cells, whole=route is not None)
        if len(cells) > 1:
            return explain.routes_picture(cells)
        name, only = cells[0]
        return explain.walk_picture(name, only, keys.get(only.route.name, ""))

    emit([explain.cell_data(name, each) for name, each in cells], picture, output)


@app.command("tree")
def tree_command(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    every: Every = False,
    output: Output = Form.TABLE,
) -> None:
    """Show offers, APIs, routes, roles, bindings and passwords, each with Ready and its reason."""
    snapshot = read(where(kubeconfig, context, namespace, every))
    roots = tree.build_tree(snapshot)
    emit(roots, lambda: tree.tree_picture(roots, snapshot.unread), output)


@app.command("plan")
def plan_command(
    what: Annotated[str | None, typer.Argument(help="One object, such as oapi/hr.", metavar="[KIND/NAME]")] = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    every: Every = False,
    output: Output = Form.TABLE,
) -> None:
    """Show what the operator would do, what it costs, and how to approve it."""
    cluster = where(kubeconfig, context, namespace, every)
    snapshot = read(cluster)
    place = None if every else current_namespace(cluster)
    found = [plans.plan_data(resource) for resource in plans.chosen(snapshot, what, place)]
    emit(found, lambda: plans.plans_picture(found), output)


@app.command("check")
def check_command(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    every: Every = False,
    output: Output = Form.TABLE,
) -> None:
    """List everything that is not Ready or not consistent; exit code 1 where there is something."""
    snapshot = read(where(kubeconfig, context, namespace, every))
    found = checks.findings(snapshot)
    emit(found, lambda: checks.findings_picture(found, len(snapshot.objects), snapshot.unread), output)
    if found:
        raise typer.Exit(FOUND)


@app.command("trace", context_settings={"ignore_unknown_options": True})  # an id may begin with a dash
def trace_command(
    request_id: Annotated[str, typer.Argument(help="What the caller got as apigw-requestid.", metavar="REQUEST-ID")],
    api: Annotated[str | None, typer.Option("--api", help="One OracleApi; default: all.", metavar="NAME")] = None,
    hours: Annotated[int, typer.Option("--hours", min=1, max=2400, help="How far back logs are read.")] = 24,
    region: Annotated[str | None, typer.Option("--region", help="AWS region; default: the AwsAccount's.")] = None,
    dsn: Dsn = None,
    user: User = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    every: Every = False,
    output: Output = Form.TABLE,
) -> None:
    """Follow one request through gateway, ORDS, guard and audit trail, with your own rights in AWS and Oracle."""
    asked = tracing.check_request_id(request_id)
    cluster = where(kubeconfig, context, namespace, every)
    snapshot = read(cluster)
    apis = [snapshot.get("OracleApi", api, current_namespace(cluster))] if api else snapshot.of("OracleApi")
    if not apis:
        raise CliError("there is no OracleApi here; name its --namespace, or -A for all")
    sources = [
        *tracing.gateway(snapshot, apis, asked, hours, region),
        *tracing.ords(snapshot, apis, asked, hours, region),
        *tracing.database(dsn, user, asked),
    ]
    data = {"requestId": asked, "sources": [source.data() for source in sources]}
    emit(data, lambda: tracing.trace_picture(asked, sources), output)
    outcomes = {source.outcome for source in sources}
    if "Found" not in outcomes:
        raise typer.Exit(FOUND if "NotFound" in outcomes else UNABLE)


@app.command("report")
def report_command(
    verify: Annotated[
        str | None, typer.Option("--verify", help="Check the SHA-256 of a report in JSON instead.", metavar="FILE")
    ] = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    every: Every = False,
    output: Output = Form.TABLE,
) -> None:
    """Write evidence of who can do what: a page, or JSON with a SHA-256 over its canonical form."""
    if verify is not None:
        genuine = evidence.is_genuine(read_text("--verify", verify))
        print("genuine: the report is as it was written" if genuine else "changed: the SHA-256 does not fit the report")
        raise typer.Exit(0 if genuine else FOUND)
    cluster = where(kubeconfig, context, namespace, every)
    snapshot = read(cluster)
    scope = "all namespaces" if every else f"namespace {current_namespace(cluster)}"
    document = evidence.build_report(snapshot, _repairs(cluster), cluster_name(cluster), scope, datetime.now(UTC))
    if output is Form.TABLE:
        print(evidence.page(document))
    else:
        emit(document, Text, output)


def _repairs(cluster: Where) -> list[dict[str, Any]] | None:
    """Return the events about repaired drift, ``None`` where they may not be read."""
    try:
        return read_events(cluster, [evidence.REPAIRED])
    except CliError:
        return None


def main() -> None:
    """Run a command; whatever goes wrong is one line and an exit code."""
    try:
        app(prog_name=PROGRAM)
    except CliError as error:
        complain(error.message)
        sys.exit(error.code)
    except BrokenPipeError:  # the reader, such as head, has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)


def complete() -> None:
    """Tell kubectl what may come next on the command line."""
    given = sys.argv[1:]
    os.environ |= {
        "_KUBECTL_ORACLEAPI_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join([PROGRAM, *given]),
        "COMP_CWORD": str(len(given)),
    }
    app(prog_name=PROGRAM)
