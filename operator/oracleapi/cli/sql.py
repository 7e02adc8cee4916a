"""The commands of ``kubectl oracleapi sql``."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Group, RenderableType

from oracleapi.adapters.oracle.guard_install import HOOK
from oracleapi.cli import guard_sql
from oracleapi.cli.errors import USAGE, CliError
from oracleapi.cli.options import Dsn, Output, User
from oracleapi.cli.output import Form, command, emit, table, words
from oracleapi.cli.sessions import password_of, session

sql_app = typer.Typer(
    no_args_is_help=True, help="The guard and the operator's account in a database: show, install, uninstall."
)
NEW_PASSWORD = "ORACLEAPI_OPERATOR_PASSWORD"  # noqa: S105 - the variable's name
PLACEHOLDER = "&operator_password"


class What(StrEnum):
    """What is shown or installed."""

    GUARD = "guard"
    ACCOUNT = "account"
    ALL = "all"


Wanted = Annotated[What, typer.Argument(help="The guard, the operator's account, or both.")]
Operator = Annotated[str, typer.Option("--operator", help="The operator's account.", metavar="NAME")]
Check = Annotated[
    str | None,
    typer.Option("--check-account", help="Account that parses handlers with a role enabled.", metavar="NAME"),
]
Tablespace = Annotated[str, typer.Option("--tablespace", help="Where the guard's tables lie.", metavar="NAME")]


@sql_app.command("show")
def show_command(
    what: Wanted = What.GUARD,
    operator: Operator = "ORACLEAPI_OPERATOR",
    check_account: Check = None,
    tablespace: Tablespace = "USERS",
    output: Output = Form.TABLE,
) -> None:
    """Print the script that a DBA would run; it asks for the password of a new account."""
    statements = guard_sql.statements_of(what, operator, check_account, tablespace, PLACEHOLDER)
    if output is Form.TABLE:
        print(guard_sql.script(statements, operator), end="")
    else:
        emit(statements, lambda: words(""), output)


@sql_app.command("install")
def install_command(
    what: Wanted = What.GUARD,
    operator: Operator = "ORACLEAPI_OPERATOR",
    check_account: Check = None,
    tablespace: Tablespace = "USERS",
    force: Annotated[bool, typer.Option("--force", help="Compile the guard again although it is there.")] = False,
    dsn: Dsn = None,
    user: User = None,
    output: Output = Form.TABLE,
) -> None:
    """Run that script over a DBA's session; what is there already stays as it is."""
    with session(dsn, user) as opened:
        password = PLACEHOLDER if what is What.GUARD else password_of(operator, NEW_PASSWORD)
        statements = guard_sql.statements_of(what, operator, check_account, tablespace, password)
        done = guard_sql.install(opened, statements, force)
    advice = "" if what is What.ACCOUNT else f"ords config set procedure.rest.preHook {HOOK}"
    _emit(done, advice, output)


@sql_app.command("uninstall")
def uninstall_command(
    yes: Annotated[
        bool, typer.Option("--yes", help="ORDS calls the guard no longer; take it away with its tables.")
    ] = False,
    dsn: Dsn = None,
    user: User = None,
    output: Output = Form.TABLE,
) -> None:
    """Take the guard away, its tables with it. ORDS must have stopped calling it, or every request is 503."""
    if not yes:
        raise CliError(
            "while ORDS calls the guard, every request would be 503: run ords config delete procedure.rest.preHook,"
            " restart ORDS, then say --yes",
            USAGE,
        )
    with session(dsn, user) as opened:
        done = guard_sql.uninstall(opened)
    _emit(done, "", output)


def _emit(done: list[guard_sql.Done], advice: str, output: Form) -> None:
    def picture() -> RenderableType:
        rows = table("OUTCOME", "STATEMENT")
        for each in done:
            rows.add_row(
                words(each.outcome, "green" if each.outcome == "run" else "dim"),
                words(guard_sql.headline(each.statement)),
            )
        return Group(rows, *([words("now tell ORDS, and restart it:"), command(advice)] if advice else []))

    emit([each.data() for each in done], picture, output)
