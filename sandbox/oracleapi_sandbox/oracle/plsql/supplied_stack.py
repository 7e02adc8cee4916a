"""What is running and what went wrong: DBMS_UTILITY and UTL_CALL_STACK.

Source: PL/SQL Packages and Types Reference [D]. In UTL_CALL_STACK depth 1 is the subprogram that is running; a
backtrace counts from where it is asked for, so that its greatest depth is where the exception was raised.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from oracleapi_sandbox.oracle.plsql.errors import PlsqlError
from oracleapi_sandbox.oracle.plsql.process import Activation, process_of
from oracleapi_sandbox.oracle.ports import Argument, Package, SqlRunner, Subprogram

_PLACE = re.compile(r'at (?:"(?P<unit>[^"]+)", )?line (?P<line>\d+)')
_ERROR = re.compile(r"(?:^|\n)ORA-(?P<code>\d{5}): ")


def _present(runner: SqlRunner) -> PlsqlError | None:
    errors = process_of(runner).errors
    return errors[-1] if errors else None


def _format_error_stack(runner: SqlRunner) -> str | None:
    error = _present(runner)
    return None if error is None else f"{error.sqlerrm}\n"


def _format_error_backtrace(runner: SqlRunner) -> str | None:
    error = _present(runner)
    return None if error is None else f"{error.stack}\n"


def _format_call_stack(runner: SqlRunner) -> str:
    """The handles are those of the double's own calls: they only tell units apart."""
    lines = ["----- PL/SQL Call Stack -----", "  object      line  object", "  handle    number  name"]
    for call in reversed(process_of(runner).calls):
        handle = sum(ord(letter) * 31**at for at, letter in enumerate(call.title)) % 2**32
        lines.append(f"0x{handle:08x}  {call.line:>8}  {_kind_and_name(runner, call)}")
    return "\n".join(lines) + "\n"


def _kind_and_name(runner: SqlRunner, call: Activation) -> str:
    if call.unit is None:
        return call.title
    owner, _, name = call.unit.partition(".")
    text = runner.unit_text(owner, name)
    kind = "package body" if text is None or text.kind == "PACKAGE" else text.kind.lower()
    return f"{kind} {call.unit}"


def _get_time(runner: SqlRunner) -> int:
    return int(time.monotonic() * 100) % 2**31


def _bad_depth() -> PlsqlError:
    return PlsqlError(64610, "bad depth indicator")


def _at(runner: SqlRunner, depth: Any) -> Activation:
    calls = process_of(runner).calls
    if depth is None or not 1 <= depth <= len(calls):
        raise _bad_depth()
    return calls[-int(depth)]


def _owner(runner: SqlRunner, dynamic_depth: Any) -> str | None:
    unit = _at(runner, dynamic_depth).unit
    return None if unit is None else unit.partition(".")[0]


def _unit_line(runner: SqlRunner, dynamic_depth: Any) -> int:
    return _at(runner, dynamic_depth).line


def _subprogram(runner: SqlRunner, dynamic_depth: Any) -> list[str]:
    """The unit's name, and that of the subprogram in it; a standalone one is its unit."""
    call = _at(runner, dynamic_depth)
    if call.unit is None:
        return ["__anonymous_block"] + ([] if call.subprogram is None else [call.subprogram])
    unit = call.unit.partition(".")[2]
    return [unit] + ([] if call.subprogram in (None, unit) else [str(call.subprogram)])


def _concatenated(runner: SqlRunner, qualified_name: Sequence[str | None]) -> str:
    return ".".join(name or "" for name in qualified_name)


def _errors(runner: SqlRunner) -> list[tuple[int, str]]:
    """Numbers and messages of the present error stack, outermost first."""
    error = _present(runner)
    if error is None:
        return []
    text = error.sqlerrm
    found = list(_ERROR.finditer(text))
    ends = [each.start() for each in found[1:]] + [len(text)]
    return [(int(each["code"]), text[each.end() : end]) for each, end in zip(found, ends, strict=True)]


def _error(part: int) -> Callable[..., Any]:
    def body(runner: SqlRunner, error_depth: Any) -> Any:
        errors = _errors(runner)
        if error_depth is None or not 1 <= error_depth <= len(errors):
            raise _bad_depth()
        return errors[int(error_depth) - 1][part]

    return body


def _places(runner: SqlRunner) -> list[tuple[str | None, int]]:
    error = _present(runner)
    found = [_PLACE.match(line) for line in reversed(error.lines if error is not None else [])]
    return [(each["unit"], int(each["line"])) for each in found if each is not None]


def _place(part: int) -> Callable[..., Any]:
    def body(runner: SqlRunner, backtrace_depth: Any) -> Any:
        places = _places(runner)
        if backtrace_depth is None or not 1 <= backtrace_depth <= len(places):
            raise _bad_depth()
        return places[int(backtrace_depth) - 1][part]

    return body


_DYNAMIC = (Argument("DYNAMIC_DEPTH", "PLS_INTEGER"),)
_ERROR_DEPTH = (Argument("ERROR_DEPTH", "PLS_INTEGER"),)
_BACKTRACE = (Argument("BACKTRACE_DEPTH", "PLS_INTEGER"),)
_NAME = "UTL_CALL_STACK.UNIT_QUALIFIED_NAME"
PACKAGES: dict[str, Package] = {
    "DBMS_UTILITY": Package(
        "SYS",
        "DBMS_UTILITY",
        (
            Subprogram("FORMAT_ERROR_STACK", (), _format_error_stack, "VARCHAR2"),
            Subprogram("FORMAT_ERROR_BACKTRACE", (), _format_error_backtrace, "VARCHAR2"),
            Subprogram("FORMAT_CALL_STACK", (), _format_call_stack, "VARCHAR2"),
            Subprogram("GET_TIME", (), _get_time, "NUMBER"),
        ),
    ),
    "UTL_CALL_STACK": Package(
        "SYS",
        "UTL_CALL_STACK",
        (
            Subprogram("DYNAMIC_DEPTH", (), lambda runner: len(process_of(runner).calls), "PLS_INTEGER"),
            Subprogram("OWNER", _DYNAMIC, _owner, "VARCHAR2"),
            Subprogram("UNIT_LINE", _DYNAMIC, _unit_line, "PLS_INTEGER"),
            Subprogram("SUBPROGRAM", _DYNAMIC, _subprogram, _NAME),
            Subprogram("CONCATENATE_SUBPROGRAM", (Argument("QUALIFIED_NAME", _NAME),), _concatenated, "VARCHAR2"),
            Subprogram("ERROR_DEPTH", (), lambda runner: len(_errors(runner)), "PLS_INTEGER"),
            Subprogram("ERROR_NUMBER", _ERROR_DEPTH, _error(0), "PLS_INTEGER"),
            Subprogram("ERROR_MSG", _ERROR_DEPTH, _error(1), "VARCHAR2"),
            Subprogram("BACKTRACE_DEPTH", (), lambda runner: len(_places(runner)), "PLS_INTEGER"),
            Subprogram("BACKTRACE_UNIT", _BACKTRACE, _place(0), "VARCHAR2"),
            Subprogram("BACKTRACE_LINE", _BACKTRACE, _place(1), "PLS_INTEGER"),
        ),
        types={"UNIT_QUALIFIED_NAME": "VARRAY(256) OF VARCHAR2(32767)"},
    ),
}
