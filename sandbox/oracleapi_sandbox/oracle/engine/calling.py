"""Functions that a statement calls: before it, for its parameters, and after it, for each row of a query.

Source: PL/SQL Language Reference, "PL/SQL Functions that SQL Statements Can Invoke"; error messages 14551, 14552 [D].
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oracleapi_sandbox.oracle.engine import describe
from oracleapi_sandbox.oracle.engine.scope import CallArgument, SqlFunction
from oracleapi_sandbox.oracle.engine.translate import Translation
from oracleapi_sandbox.oracle.ports import Bind, OracleError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession


def parameters(session: "EngineSession", translation: Translation, binds: Mapping[str, Bind]) -> list[Any]:
    """The values of a statement's parameters: of binds, and what functions give.

    Raises:
        OracleError: 14551, it changes something, and a query's function runs it.
    """
    if session.in_query and not (translation.query and not translation.locks):
        raise OracleError(14551, "cannot perform a DML operation inside a query ")
    return [_parameter(session, each, binds, translation.query) for each in translation.parameters]


def refuse_in_query(session: "EngineSession") -> None:
    """Refuse what would end the transaction of a query that calls a function.

    Raises:
        OracleError: 14552.
    """
    if session.in_query:
        raise OracleError(14552, "cannot perform a DDL, commit or rollback inside a query or DML ")


def _parameter(session: "EngineSession", source: str | CallArgument, binds: Mapping[str, Bind], query: bool) -> Any:
    if isinstance(source, str):
        return describe.parameter(binds[source].value)
    given: Sequence[Any] = [binds[each[1]].value if isinstance(each, tuple) else each for each in source.arguments]
    if source.query:
        values = [_parameter(session, each, binds, query) for each in source.parameters]
        given = session.row_of(source.query, values)
    return describe.parameter(_called(session, source.function, given, query))


def _called(session: "EngineSession", function: SqlFunction, given: Sequence[Any], query: bool) -> Any:
    """Call a function; for a query it may change nothing."""
    session.in_query += query
    try:
        return function.value(session.runner(), given)
    finally:
        session.in_query -= query


def visible(translation: Translation) -> int | None:
    """How many columns a query has for those who asked; ``None``: all."""
    hidden = sum(len(call.arguments) for call in translation.row_calls)
    return -hidden if hidden else None


def with_calls(
    session: "EngineSession", rows: Iterator[tuple[Any, ...]], translation: Translation
) -> Iterator[tuple[Any, ...]]:
    """Give rows the columns that functions give, and take those from them that hold their arguments."""
    if not translation.row_calls:
        return rows
    found, count = [], visible(translation)
    for row in rows:
        shown = list(row[:count])
        for call in translation.row_calls:
            shown[call.place] = _called(session, call.function, [row[at] for at in call.arguments], True)
        found.append(tuple(shown))
    return iter(found)
