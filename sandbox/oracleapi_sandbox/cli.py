"""The command line: ``oracleapi-sandbox up|status|down|env|clock|token|sql|render|kubectl|helm|…``.

The state folder is ``--dir``, else ``$ORACLEAPI_SANDBOX_DIR``, else ``.sandbox``. ``--dir`` may stand before or behind
the command; only before it for ``kubectl`` and ``helm``, whose arguments are all their own.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from oracleapi_sandbox.cluster.build import DEFAULT_KUBERNETES, KubernetesVersion
from oracleapi_sandbox.cluster.choice import HELP as CLUSTERS
from oracleapi_sandbox.cluster.choice import choose
from oracleapi_sandbox.cluster.clients import clients
from oracleapi_sandbox.cluster.golang import ToolError
from oracleapi_sandbox.cluster.progress import Progress
from oracleapi_sandbox.manifests import PlaceholderError
from oracleapi_sandbox.manifests import render as fill_in
from oracleapi_sandbox.replaced import Replaced
from oracleapi_sandbox.sqlscript import ScriptError, run_script
from oracleapi_sandbox.stack import PARTS, PartError, Stack

app = typer.Typer(
    help="A real Kubernetes API server, and doubles of AWS, Oracle Database, ORDS and an OIDC provider.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Dir = Annotated[Path | None, typer.Option("--dir", help="State folder of the sandbox; .sandbox if not given.")]
PASS_ON: dict[str, Any] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}


def main() -> None:
    """Run the command line; a failed part ends it with exit code 1 and the end of the part's log."""
    try:
        app()
    except (PartError, ToolError, httpx.TransportError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


@app.callback()
def state_folder(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--dir", envvar="ORACLEAPI_SANDBOX_DIR", help="State folder.")] = Path(
        ".sandbox"
    ),
) -> None:
    context.obj = folder


@app.command()
def up(
    context: typer.Context,
    folder: Dir = None,
    without: Annotated[list[str] | None, typer.Option(help=f"Leave a part out: {', '.join(PARTS)}.")] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help=f"{CLUSTERS}; if not given: envtest if KUBEBUILDER_ASSETS is set, kind if it works, build."),
    ] = None,
    kubernetes_version: Annotated[
        str, typer.Option(help="Version that is built, or made by kind.")
    ] = DEFAULT_KUBERNETES,
    aws_endpoint: Annotated[str | None, typer.Option(help="URL of your own in place of the AWS double.")] = None,
    oracle_dsn: Annotated[str | None, typer.Option(help="Your own database in place of the Oracle double.")] = None,
    ords_url: Annotated[str | None, typer.Option(help="Your own ORDS, such as https://ords.example/ords.")] = None,
) -> None:
    """Start what does not run yet. The first build of kube-apiserver takes several minutes."""
    left_out = set(without or ())
    if unknown := left_out - set(PARTS):
        raise typer.BadParameter(f"no such part: {', '.join(sorted(unknown))}", param_hint="--without")
    try:
        version = KubernetesVersion.parse(kubernetes_version)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--kubernetes-version") from error
    try:
        choice = choose(cluster, version)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--cluster") from error
    progress = Progress()
    stack = Stack(folder or context.obj, progress)
    replaced = Replaced(aws_endpoint, oracle_dsn, ords_url)
    stack.up([part for part in PARTS if part not in left_out], choice, replaced)
    progress.say("sandbox", f'up; eval "$(oracleapi-sandbox --dir {stack.state} env)" sets the shell up')


@app.command()
def down(context: typer.Context, folder: Dir = None) -> None:
    """Stop every process of the sandbox; its state folder stays."""
    progress = Progress()
    ended = Stack(folder or context.obj, progress).down()
    progress.say("sandbox", f"down ({', '.join(ended) or 'nothing was running'})")


@app.command()
def status(
    context: typer.Context,
    folder: Dir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show each part. The exit code is 1 if one ended by itself."""
    found = Stack(folder or context.obj, Progress()).status()
    if as_json:
        typer.echo(json.dumps([asdict(part) for part in found], indent=2))
    else:
        for part in found:
            memory = f"{part.resident_bytes / 2**20:.0f} MiB" if part.resident_bytes else ""
            line = f"{part.part:<8} {part.condition:<9} {part.pid or '':<8} {memory:>9}  {part.address}"
            typer.echo(line.rstrip())
    raise typer.Exit(1 if any(part.condition == "dead" for part in found) else 0)


@app.command()
def env(context: typer.Context, folder: Dir = None) -> None:
    """Print shell commands that export the addresses and credentials of the running parts."""
    typer.echo(Stack(folder or context.obj, Progress()).exports(), nl=False)


clock = typer.Typer(help="The one clock of the doubles, which a test can drive.", no_args_is_help=True)
app.add_typer(clock, name="clock")


@clock.command()
def advance(context: typer.Context, seconds: Annotated[float, typer.Argument(min=0)], folder: Dir = None) -> None:
    """Move the clock of AWS, Oracle, ORDS and the identity provider ahead; the cluster keeps the machine's."""
    ahead = Stack(folder or context.obj, Progress()).advance(seconds)
    typer.echo(f"{ahead:g} s ahead of the machine")


@clock.command()
def show(context: typer.Context, folder: Dir = None) -> None:
    """Print how many seconds the doubles are ahead of the machine's clock."""
    typer.echo(f"{Stack(folder or context.obj, Progress()).ahead_s:g} s ahead of the machine")


@app.command()
def token(
    context: typer.Context,
    subject: Annotated[str, typer.Option(help="Claim sub.")],
    folder: Dir = None,
    group: Annotated[list[str] | None, typer.Option(help="A member of the claim groups; may be repeated.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A name in the claim scope; may be repeated.")] = None,
    audience: Annotated[list[str] | None, typer.Option(help="Claim aud; may be repeated.")] = None,
    lifetime_seconds: Annotated[int, typer.Option(help="From iat to exp.")] = 3600,
    shape: Annotated[str, typer.Option(help="Whose token it looks like: okta, entra-v2, keycloak, …")] = "plain",
    fault: Annotated[str, typer.Option(help="What shall be wrong: expired, bad-signature, …")] = "none",
) -> None:
    """Print an access token of the sandbox's identity provider."""
    stack = Stack(folder or context.obj, Progress())
    provider = _running(stack, "oidc")
    wanted = {"subject": subject, "lifetime_seconds": lifetime_seconds, "shape": shape, "fault": fault}
    if audience:
        wanted["audience"] = audience[0] if len(audience) == 1 else audience
    if scope:
        wanted["scope"] = " ".join(scope)
    if group:
        wanted["groups"] = group
    with stack.client() as client:
        answer = client.post(f"{provider['admin_url']}/_sandbox/token", json=wanted)
    if answer.status_code != httpx.codes.OK:
        raise PartError("oidc", answer.json()["error_description"])
    typer.echo(answer.json()["access_token"])


@app.command(context_settings=PASS_ON)
def kubectl(context: typer.Context) -> None:
    """Run kubectl on the sandbox's cluster."""
    _become(context, "kubectl")


@app.command(context_settings=PASS_ON)
def helm(context: typer.Context) -> None:
    """Run helm on the sandbox's cluster."""
    _become(context, "helm")


@app.command()
def sql(
    context: typer.Context,
    script: Annotated[Path, typer.Argument(help="SQL script; statements end with ; and blocks with /.")],
    folder: Dir = None,
    define: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for &NAME in the script.")] = None,
) -> None:
    """Run a SQL script in the sandbox's database as its administrator."""
    oracle = _running(Stack(folder or context.obj, Progress()), "oracle")
    values = dict(entry.split("=", 1) for entry in define or ())
    try:
        count = run_script(script, oracle["dsn"], oracle["system_user"], oracle["system_password"], values)
    except ScriptError as error:
        raise PartError("oracle", str(error)) from error
    typer.echo(f"{count} statements ran")


@app.command()
def render(
    context: typer.Context, manifest: Annotated[Path, typer.Argument(help="YAML with ${NAME}.")], folder: Dir = None
) -> None:
    """Print a manifest with the sandbox's addresses in place of ${NAME}, ready for kubectl apply -f -."""
    try:
        typer.echo(fill_in(manifest, Stack(folder or context.obj, Progress()).environment()), nl=False)
    except PlaceholderError as error:
        raise PartError("sandbox", str(error)) from error


@app.command(name="start-operator")
def start_operator(
    context: typer.Context,
    namespace: Annotated[str, typer.Option(help="Namespace of the release.")],
    deployment: Annotated[str, typer.Option(help="Name of the Deployment.")],
    command: Annotated[list[str], typer.Argument(help="What stands for the image's entry point.")],
    folder: Dir = None,
    replica: Annotated[int, typer.Option(min=0, help="Which of the Deployment's pods; each is started by itself.")] = 0,
) -> None:
    """Run a Deployment's one container as a process: its arguments, environment, mounts and ServiceAccount token."""
    found = Stack(folder or context.obj, Progress()).start_operator(namespace, deployment, command, replica)
    typer.echo(json.dumps({key: found[key] for key in ("port", "operator_pid", "log")}))


@app.command(name="stop-operator")
def stop_operator(
    context: typer.Context,
    folder: Dir = None,
    kill: Annotated[bool, typer.Option(help="SIGKILL.")] = False,
    replica: Annotated[int, typer.Option(min=0, help="Which of the Deployment's pods.")] = 0,
) -> None:
    """End an operator process, by SIGTERM and patience or by SIGKILL."""
    Stack(folder or context.obj, Progress()).stop_operator(kill, replica)


def _become(context: typer.Context, program: str) -> None:
    """Replace this process by *program* with KUBECONFIG set."""
    cluster = _running(Stack(context.obj, Progress()), "cluster")
    executable = str(getattr(clients(Progress()), program))
    environment = {**os.environ, "KUBECONFIG": cluster["kubeconfig"]}
    os.execve(executable, [program, *context.args], environment)  # noqa: S606 - a fixed program, no shell


def _running(stack: Stack, part: str) -> dict[str, Any]:
    addresses = stack.addresses(part)
    if addresses is None:
        raise PartError(part, f"is not running in {stack.state}; start it with: oracleapi-sandbox up")
    return addresses


if __name__ == "__main__":
    main()
