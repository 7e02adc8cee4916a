"""Transaction and session control statements."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import Reader, not_supported, tokens_of
from oracleapi_sandbox.oracle.ports import Bind, OracleError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession

_FORMATS = ("NLS_DATE_FORMAT", "NLS_TIMESTAMP_FORMAT", "NLS_TIMESTAMP_TZ_FORMAT")
_ONLY = {
    "NLS_LANGUAGE": ("AMERICAN",),
    "NLS_TERRITORY": ("AMERICA",),
    "NLS_NUMERIC_CHARACTERS": (".,",),
    "NLS_SORT": ("BINARY",),
    "NLS_COMP": ("BINARY",),
    "NLS_DATE_LANGUAGE": ("AMERICAN", "ENGLISH"),
    "NLS_CURRENCY": ("$",),
    "NLS_CALENDAR": ("GREGORIAN",),
    "NLS_LENGTH_SEMANTICS": ("BYTE",),
    "EDITION": ("ORA$BASE",),
}
"""Parameters of which only the default is known: another value is refused, not ignored."""
_NO_EFFECT = ("OPTIMIZER_MODE", "STATISTICS_LEVEL", "CURSOR_SHARING", "SQL_TRACE", "PLSQL_WARNINGS")


def run(session: "EngineSession", sql: str, binds: Mapping[str, Bind]) -> None:
    """Run COMMIT, ROLLBACK, SAVEPOINT, SET ROLE, SET TRANSACTION or ALTER SESSION."""
    reader = Reader(sql, tokens_of(sql))
    if reader.accept("COMMIT"):
        reader.accept("WORK")
        if reader.accept("COMMENT"):
            reader.text()
        if reader.accept("WRITE"):
            reader.rest()
        reader.end(2185, "a token other than WORK follows COMMIT")
        session.commit()
    elif reader.accept("ROLLBACK"):
        _rollback(session, reader)
    elif reader.accept("SAVEPOINT"):
        session.savepoint(quote(reader.name(3001, "savepoint name expected")))
    elif reader.accept("SET", "ROLE"):
        session.set_role(reader)
    elif reader.accept("SET", "TRANSACTION"):
        raise not_supported("SET TRANSACTION", reader.token)
    elif reader.accept("ALTER", "SESSION"):
        _alter_session(session, reader)
    else:
        raise OracleError(922, "missing or invalid option", reader.token.start)


def _rollback(session: "EngineSession", reader: Reader) -> None:
    reader.accept("WORK")
    if reader.accept("TO"):
        reader.accept("SAVEPOINT")
        session.rollback_to(quote(reader.name(1086, "savepoint name expected")))
        return
    reader.end(2181, "invalid option to ROLLBACK WORK")
    session.rollback()


def _alter_session(session: "EngineSession", reader: Reader) -> None:
    if not reader.accept("SET"):
        raise not_supported(f"ALTER SESSION {reader.token.text}", reader.token)
    if reader.token.kind == "eof":
        raise OracleError(2248, "invalid option for ALTER SESSION", reader.token.start)
    while reader.token.kind != "eof":
        token = reader.token
        name = reader.name(2248, "invalid option for ALTER SESSION")
        reader.accept("=")
        given = reader.token.text
        if reader.token.kind == "op" and given in "+-":
            given += reader.peek().text
            reader.at += 1
        reader.at += 1
        if name == "CURRENT_SCHEMA":
            session.set_schema(given)
        elif name == "TIME_ZONE":
            session.settings["TimeZone"] = _zone(given)
        elif name in _FORMATS:
            session.settings[f"oracle.{name.lower()}"] = given
        elif name in _ONLY:
            if given.upper() not in _ONLY[name]:
                raise not_supported(f"ALTER SESSION SET {name} = {given}", token)
        elif name == "CONTAINER":
            raise OracleError(65046, "operation not allowed from outside a pluggable database")
        elif name not in _NO_EFFECT:
            raise OracleError(2248, "invalid option for ALTER SESSION", token.start)


def _zone(given: str) -> str:
    """An Oracle time zone for PostgreSQL, whose POSIX offsets have the other sign."""
    found = re.fullmatch(r"([+-])(\d{1,2}):(\d{2})", given)
    if found:
        sign = "-" if found[1] == "+" else "+"
        return f"<{found[1]}{int(found[2]):02d}:{found[3]}>{sign}{int(found[2]):02d}:{found[3]}"
    if given.upper() in ("LOCAL", "DBTIMEZONE"):
        return "UTC"
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise OracleError(1882, "timezone region not found") from error
    return given
