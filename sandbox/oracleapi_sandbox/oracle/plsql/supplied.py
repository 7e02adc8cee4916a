"""Packages that belong to the session itself: DBMS_OUTPUT, DBMS_SESSION, DBMS_APPLICATION_INFO, DBMS_ASSERT, DBMS_LOB.

A package that the engine supplies under the same name comes first; what it lacks is looked up here.
Source: PL/SQL Packages and Types Reference [D].
"""

import re
from collections.abc import Callable
from typing import Any

from oracleapi_sandbox.oracle.plsql import supplied_raw, supplied_stack, supplied_web
from oracleapi_sandbox.oracle.plsql.errors import PlsqlError
from oracleapi_sandbox.oracle.plsql.process import process_of
from oracleapi_sandbox.oracle.ports import Argument, OracleError, Package, SqlRunner, Subprogram

IDENTIFIER_BYTES = 64
MODULE_BYTES = 48
ACTION_BYTES = 32
MESSAGE_BYTES = 2048
CONTEXT_BYTES = 4000

_SIMPLE_NAME = re.compile(r'[A-Za-z][\w$#]*|"[^"\x00]+"')


def _cut(value: str | None, limit: int) -> str | None:
    """Session attributes are cut to their size without an error."""
    return value.encode()[:limit].decode(errors="ignore") or None if value else None


# --- STANDARD --------------------------------------------------------------------------------------------------------


def _raise_application_error(runner: SqlRunner, num: int, msg: str | None, keeperrorstack: bool) -> None:
    if not -20999 <= num <= -20000:
        raise PlsqlError(21000, f"error number argument to raise_application_error of {num} is out of range")
    raise PlsqlError(-int(num), _cut(msg, MESSAGE_BYTES) or "")


RAISE_APPLICATION_ERROR = Subprogram(
    "RAISE_APPLICATION_ERROR",
    (Argument("NUM", "PLS_INTEGER"), Argument("MSG"), Argument("KEEPERRORSTACK", "BOOLEAN", default=False)),
    _raise_application_error,
)


# --- DBMS_OUTPUT -----------------------------------------------------------------------------------------------------


def _lines(runner: SqlRunner) -> list[str]:
    return process_of(runner).output


def _put(runner: SqlRunner, a: str | None) -> None:
    _lines(runner)[-1] += a or ""


def _put_line(runner: SqlRunner, a: str | None) -> None:
    _put(runner, a)
    _lines(runner).append("")


def _new_line(runner: SqlRunner) -> None:
    _lines(runner).append("")


def _get_line(runner: SqlRunner) -> dict[str, Any]:
    lines = _lines(runner)
    if len(lines) < 2:
        return {"out": {"line": None, "status": 1}}
    return {"out": {"line": lines.pop(0) or None, "status": 0}}


def _clear_output(runner: SqlRunner, **_: Any) -> None:
    process_of(runner).output = [""]


_DBMS_OUTPUT = (
    Subprogram("PUT_LINE", (Argument("A"),), _put_line),
    Subprogram("PUT", (Argument("A"),), _put),
    Subprogram("NEW_LINE", (), _new_line),
    Subprogram("GET_LINE", (Argument("LINE", mode="OUT"), Argument("STATUS", "NUMBER", "OUT")), _get_line),
    Subprogram("ENABLE", (Argument("BUFFER_SIZE", "NUMBER", default=20000),), lambda runner, buffer_size: None),
    Subprogram("DISABLE", (), _clear_output),
)


# --- session attributes ----------------------------------------------------------------------------------------------


def _set_identifier(runner: SqlRunner, client_id: str | None) -> None:
    runner.session.client_identifier = _cut(client_id, IDENTIFIER_BYTES)


def _set_module(runner: SqlRunner, module_name: str | None, action_name: str | None) -> None:
    runner.session.module = _cut(module_name, MODULE_BYTES)
    runner.session.action = _cut(action_name, ACTION_BYTES)


def _set_action(runner: SqlRunner, action_name: str | None) -> None:
    runner.session.action = _cut(action_name, ACTION_BYTES)


def _read_module(runner: SqlRunner) -> dict[str, Any]:
    return {"out": {"module_name": runner.session.module, "action_name": runner.session.action}}


FREE_ALL_RESOURCES, REINITIALIZE = 1, 2


def _modify_package_state(runner: SqlRunner, action_flags: int | None) -> None:
    """Forget what packages keep for the session when the running call has ended."""
    if action_flags not in (FREE_ALL_RESOURCES, REINITIALIZE):
        raise OracleError(6502, "PL/SQL: numeric or value error")
    if action_flags == REINITIALIZE and runner.reinitialize_keeps_packages:
        process = process_of(runner)
        process.at_end = process.begin_states_anew
    else:
        _reset_package(runner)


def _reset_package(runner: SqlRunner) -> None:
    process = process_of(runner)
    process.at_end = process.forget_states


def _set_role(runner: SqlRunner, role_cmd: str | None) -> None:
    runner.set_role(role_cmd or "")


def _role_is_enabled(*, here: bool) -> Callable[..., bool]:
    def body(runner: SqlRunner, rolename: str | None) -> bool:
        """The name as the dictionary has it, or in any case."""
        enabled = runner.roles(here=here)
        return rolename is not None and (rolename in enabled or rolename.upper() in enabled)

    return body


def _set_context(
    runner: SqlRunner,
    namespace: str | None,
    attribute: str | None,
    value: str | None,
    username: str | None,
    client_id: str | None,
) -> None:
    name = (attribute or "").upper()
    runner.set_context((namespace or "").upper(), name, _cut(value, CONTEXT_BYTES), username, client_id)


def _clear_context(
    runner: SqlRunner, namespace: str | None, client_identifier: str | None, attribute: str | None
) -> None:
    runner.clear_context((namespace or "").upper(), attribute and attribute.upper(), client_identifier)


def _clear_all_context(runner: SqlRunner, namespace: str | None) -> None:
    runner.clear_all_context((namespace or "").upper())


_DBMS_SESSION = (
    Subprogram("SET_IDENTIFIER", (Argument("CLIENT_ID"),), _set_identifier),
    Subprogram("CLEAR_IDENTIFIER", (), lambda runner: _set_identifier(runner, None)),
    Subprogram("MODIFY_PACKAGE_STATE", (Argument("ACTION_FLAGS", "PLS_INTEGER"),), _modify_package_state),
    Subprogram("RESET_PACKAGE", (), _reset_package),
    Subprogram("SET_ROLE", (Argument("ROLE_CMD"),), _set_role),
    Subprogram("IS_ROLE_ENABLED", (Argument("ROLENAME"),), _role_is_enabled(here=True), "BOOLEAN"),
    Subprogram("CURRENT_IS_ROLE_ENABLED", (Argument("ROLENAME"),), _role_is_enabled(here=True), "BOOLEAN"),
    Subprogram("SESSION_IS_ROLE_ENABLED", (Argument("ROLENAME"),), _role_is_enabled(here=False), "BOOLEAN"),
    Subprogram(
        "SET_CONTEXT",
        (
            Argument("NAMESPACE"),
            Argument("ATTRIBUTE"),
            Argument("VALUE"),
            Argument("USERNAME", default=None),
            Argument("CLIENT_ID", default=None),
        ),
        _set_context,
    ),
    Subprogram(
        "CLEAR_CONTEXT",
        (Argument("NAMESPACE"), Argument("CLIENT_IDENTIFIER", default=None), Argument("ATTRIBUTE", default=None)),
        _clear_context,
    ),
    Subprogram("CLEAR_ALL_CONTEXT", (Argument("NAMESPACE"),), _clear_all_context),
)
_DBMS_APPLICATION_INFO = (
    Subprogram("SET_MODULE", (Argument("MODULE_NAME"), Argument("ACTION_NAME")), _set_module),
    Subprogram("SET_ACTION", (Argument("ACTION_NAME"),), _set_action),
    Subprogram("READ_MODULE", (Argument("MODULE_NAME", mode="OUT"), Argument("ACTION_NAME", mode="OUT")), _read_module),
)


# --- DBMS_ASSERT -----------------------------------------------------------------------------------------------------


def _enquote_name(runner: SqlRunner, str: str | None, capitalize: bool) -> str:  # noqa: A002 - Oracle's parameter name
    name = str or ""
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1]
    elif capitalize:
        name = name.upper()
    if not name or '"' in name:
        raise OracleError(44003, "invalid SQL name")
    return f'"{name}"'


def _enquote_literal(runner: SqlRunner, str: str | None) -> str:  # noqa: A002 - Oracle's parameter name
    text = str or ""
    inner = text[1:-1] if len(text) > 1 and text.startswith("'") and text.endswith("'") else text
    if "'" in inner.replace("''", ""):
        raise OracleError(6502, "PL/SQL: numeric or value error")
    return f"'{inner}'"


def _checked_name(pattern: Callable[[str], bool], code: int, message: str) -> Callable[..., str]:
    def body(runner: SqlRunner, str: str | None) -> str:  # noqa: A002 - Oracle's parameter name
        name = (str or "").strip()
        if not pattern(name):
            raise OracleError(code, message)
        return name

    return body


def _is_simple(name: str) -> bool:
    return _SIMPLE_NAME.fullmatch(name) is not None


def _is_qualified(name: str) -> bool:
    return re.fullmatch(rf"(?:{_SIMPLE_NAME.pattern})(?:\.(?:{_SIMPLE_NAME.pattern}))*", name) is not None


_DBMS_ASSERT = (
    Subprogram(
        "ENQUOTE_NAME", (Argument("STR"), Argument("CAPITALIZE", "BOOLEAN", default=True)), _enquote_name, "VARCHAR2"
    ),
    Subprogram("ENQUOTE_LITERAL", (Argument("STR"),), _enquote_literal, "VARCHAR2"),
    Subprogram("SIMPLE_SQL_NAME", (Argument("STR"),), _checked_name(_is_simple, 44003, "invalid SQL name"), "VARCHAR2"),
    Subprogram(
        "QUALIFIED_SQL_NAME",
        (Argument("STR"),),
        _checked_name(_is_qualified, 44004, "invalid qualified SQL name"),
        "VARCHAR2",
    ),
)


# --- DBMS_LOB, on texts ----------------------------------------------------------------------------------------------


def _lob_length(runner: SqlRunner, lob_loc: str | bytes | None) -> int | None:
    return None if lob_loc is None else len(lob_loc)


def _lob_substr(runner: SqlRunner, lob_loc: str | None, amount: int, offset: int) -> str | None:
    if lob_loc is None or amount < 1 or offset < 1:
        return None
    return lob_loc[int(offset) - 1 : int(offset) - 1 + int(amount)] or None


def _lob_instr(runner: SqlRunner, lob_loc: str | None, pattern: str | None, offset: int) -> int | None:
    if lob_loc is None or pattern is None:
        return None
    return lob_loc.find(pattern, int(offset) - 1) + 1


_DBMS_LOB = (
    Subprogram("GETLENGTH", (Argument("LOB_LOC", "CLOB"),), _lob_length, "NUMBER"),
    Subprogram("GETLENGTH", (Argument("LOB_LOC", "BLOB"),), _lob_length, "NUMBER"),
    Subprogram(
        "SUBSTR",
        (
            Argument("LOB_LOC", "CLOB"),
            Argument("AMOUNT", "NUMBER", default=32767),
            Argument("OFFSET", "NUMBER", default=1),
        ),
        _lob_substr,
        "VARCHAR2",
    ),
    Subprogram(
        "INSTR",
        (Argument("LOB_LOC", "CLOB"), Argument("PATTERN"), Argument("OFFSET", "NUMBER", default=1)),
        _lob_instr,
        "NUMBER",
    ),
)

PACKAGES: dict[str, Package] = (
    supplied_raw.PACKAGES
    | supplied_stack.PACKAGES
    | supplied_web.PACKAGES
    | {
        package.name: package
        for package in (
            Package("SYS", "STANDARD", (RAISE_APPLICATION_ERROR,)),
            Package("SYS", "DBMS_STANDARD", (RAISE_APPLICATION_ERROR,)),
            Package("SYS", "DBMS_OUTPUT", _DBMS_OUTPUT),
            Package(
                "SYS",
                "DBMS_SESSION",
                _DBMS_SESSION,
                {"FREE_ALL_RESOURCES": FREE_ALL_RESOURCES, "REINITIALIZE": REINITIALIZE},
            ),
            Package("SYS", "DBMS_APPLICATION_INFO", _DBMS_APPLICATION_INFO),
            Package("SYS", "DBMS_ASSERT", _DBMS_ASSERT),
            Package("SYS", "DBMS_LOB", _DBMS_LOB),
        )
    }
)
