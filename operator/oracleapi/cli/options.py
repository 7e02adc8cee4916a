"""Options that several commands share."""

from typing import Annotated

import typer

from oracleapi.cli.cluster import Where
from oracleapi.cli.errors import USAGE, CliError
from oracleapi.cli.output import Form

Kubeconfig = Annotated[str | None, typer.Option("--kubeconfig", help="File that says how to reach the cluster.")]
Context = Annotated[str | None, typer.Option("--context", help="Context of the kubeconfig.")]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace; default: the context's.", metavar="NAME")
]
Every = Annotated[bool, typer.Option("--all-namespaces", "-A", help="All namespaces.")]
Output = Annotated[Form, typer.Option("--output", "-o", help="table for people, json or yaml for programs.")]
Dsn = Annotated[str | None, typer.Option("--dsn", help="Database, HOST:PORT/SERVICE.", metavar="DSN")]
User = Annotated[
    str | None, typer.Option("--user", help="Your user there; its password is ORACLE_PASSWORD or is asked for.")
]


def where(kubeconfig: str | None, context: str | None, namespace: str | None, every: bool = False) -> Where:
    """Return the cluster that the options name."""
    if every and namespace is not None:
        raise CliError("--namespace and --all-namespaces exclude each other; name one of them", USAGE)
    return Where(kubeconfig, context, namespace, every)
