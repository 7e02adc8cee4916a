"""Bind variables of a handler's source: which there are, and where their values come from.

Order: implicit parameters, declared parameters, path variables, query string, body fields; what is left is NULL [D].
Names are compared exactly first, then without case, because SQL knows binds without case [U].
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from oracleapi_sandbox.oracle.ports import Bind
from oracleapi_sandbox.ords.body import body_fields, body_json, body_text
from oracleapi_sandbox.ords.faults import bad_request
from oracleapi_sandbox.ords.http import Request
from oracleapi_sandbox.ords.model import Handler, Parameter
from oracleapi_sandbox.ords.paging import Page
from oracleapi_sandbox.ords.settings import OrdsSettings
from oracleapi_sandbox.ords.tokens import Caller

BODY_NAMES = frozenset({"body", "body_text", "body_json"})
PAGING_NAMES = frozenset({"fetch_offset", "fetch_size", "row_offset", "row_count", "page_offset", "page_size"})
OUT_NAMES = {"status_code": "NUMBER", "forward_location": "VARCHAR2"}
IMPLICIT_NAMES = BODY_NAMES | PAGING_NAMES | OUT_NAMES.keys() | {"content_type", "current_user"}

_LARGEST_VARCHAR2 = 32767

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/
    |(?<![\w$#])[nN]?[qQ]'(?:\[.*?\]|\{.*?\}|\(.*?\)|<.*?>|(?P<mark>[^\s\[{(<]).*?(?P=mark))'
    |'(?:[^']|'')*'
    |"[^"]*"
    |:(?P<name>[A-Za-z][\w$\#]*|\d+)""",
    re.DOTALL | re.VERBOSE,
)


@lru_cache(1024)
def bind_names(source: str) -> tuple[str, ...]:
    """Return the distinct bind names of *source* as written, outside of text, quoted names and comments."""
    return tuple(dict.fromkeys(found["name"] for found in _TOKEN.finditer(source) if found["name"]))


@dataclass(frozen=True)
class Context:
    """Everything a bind can take its value from."""

    request: Request
    handler: Handler
    variables: Mapping[str, str | None]
    page: Page
    caller: Caller | None
    settings: OrdsSettings


@dataclass
class Resolved:
    """The binds of one source, by upper-case name, and the declared parameters that give values back."""

    binds: dict[str, Bind] = field(default_factory=dict)
    implicit: set[str] = field(default_factory=set)
    outs: list[tuple[str, Parameter]] = field(default_factory=list)

    @property
    def pages_itself(self) -> bool:
        """The source uses a paging parameter, so ORDS does not cut the rows itself."""
        return not self.implicit.isdisjoint(PAGING_NAMES)


def resolve(source: str, context: Context) -> Resolved:
    """Give every bind of *source* its value.

    Raises:
        OrdsError: 400 for a declared parameter whose value does not fit its type, or a body that does not parse.
    """
    names = bind_names(source)
    resolved = Resolved()
    implicit = {name: _implicit_name(name, context.settings) for name in names}
    uses_body = any(known in BODY_NAMES for known in implicit.values())
    fields = {} if uses_body or context.request.method == "GET" else _fields(names, context)
    for name in names:
        known = implicit[name]
        declared = _find(_declared(context.handler), name)
        if known is not None:
            resolved.implicit.add(known)
            resolved.binds[name.upper()] = _implicit(known, context)
        elif declared is not None:
            resolved.binds[name.upper()] = _declared_bind(declared, context)
            if declared.access_method in ("OUT", "INOUT"):
                resolved.outs.append((name.upper(), declared))
        else:
            resolved.binds[name.upper()] = _free_bind(name, context, fields)
    return resolved


def _fields(names: tuple[str, ...], context: Context) -> dict[str, Any]:
    return body_fields(context.request) if names else {}


def _implicit_name(name: str, settings: OrdsSettings) -> str | None:
    known = name if settings.implicit_parameters_case_sensitive else name.lower()
    return known if known in IMPLICIT_NAMES else None


def _implicit(name: str, context: Context) -> Bind:
    if name in OUT_NAMES:
        return Bind(None, OUT_NAMES[name])
    if name in PAGING_NAMES:
        return Bind(_paging_value(name, context.page, context.settings), "NUMBER")
    request = context.request
    match name:
        case "body":
            return Bind(request.body or None, "BLOB")
        case "body_text":
            return Bind(body_text(request), "CLOB")
        case "body_json":
            return Bind(body_json(request), "CLOB")
        case "content_type":
            return Bind(request.header("content-type") or None)
        case _:
            return Bind(context.caller.subject if context.caller else None)


def _paging_value(name: str, page: Page, settings: OrdsSettings) -> int:
    """Zero-based offsets, one-based row bounds [D]."""
    ahead = 1 if settings.paging_binds_look_ahead else 0
    values = {
        "fetch_offset": page.offset,
        "fetch_size": page.size + ahead,
        "row_offset": page.offset + 1,
        "row_count": page.offset + page.size + ahead,
        "page_offset": page.offset // page.size,
        "page_size": page.size + ahead,
    }
    return values[name]


def _declared(handler: Handler) -> dict[str, Parameter]:
    return {entry.bind_variable_name: entry for entry in handler.parameters if entry.bind_variable_name}


def _declared_bind(parameter: Parameter, context: Context) -> Bind:
    if parameter.access_method == "OUT":
        return Bind(None, bind_type(parameter.param_type))
    text: str | None = None
    if parameter.source_type == "HEADER":
        text = context.request.header(parameter.name)
    elif parameter.source_type == "URI":
        text = _find(context.variables, parameter.name)
        if text is None:
            text = _find(_query(context.request), parameter.name)
    return convert(parameter, text or None)


def _free_bind(name: str, context: Context, fields: Mapping[str, Any]) -> Bind:
    for values in (context.variables, _query(context.request), fields):
        if (key := _key(values, name)) is not None:
            return untyped(values[key])
    return Bind(None)


def _query(request: Request) -> dict[str, str]:
    return dict(reversed(request.query_pairs()))


def _key(values: Mapping[str, Any], name: str) -> str | None:
    if name in values:
        return name
    return next((key for key in values if key.lower() == name.lower()), None)


def _find(values: Mapping[str, Any], name: str) -> Any:
    key = _key(values, name)
    return None if key is None else values[key]


def untyped(value: Any) -> Bind:
    """Text arrives as VARCHAR2 (CLOB when it is long), a JSON number as NUMBER, nothing as NULL."""
    if isinstance(value, int | Decimal):
        return Bind(value, "NUMBER")
    if isinstance(value, str) and len(value.encode()) > _LARGEST_VARCHAR2:
        return Bind(value, "CLOB")
    return Bind(value or None)


def bind_type(param_type: str) -> str:
    """The Oracle type that a declared parameter's type binds as."""
    return {
        "STRING": "VARCHAR2",
        "INT": "NUMBER",
        "LONG": "NUMBER",
        "DOUBLE": "NUMBER",
        "BOOLEAN": "BOOLEAN",
        "TIMESTAMP": "TIMESTAMP",
        "RESULTSET": "CURSOR",
    }[param_type]


def convert(parameter: Parameter, text: str | None) -> Bind:
    """Turn the *text* of a declared parameter into a bind of its type.

    Raises:
        OrdsError: 400 when it does not fit.
    """
    kind = bind_type(parameter.param_type)
    if text is None:
        return Bind(None, kind)
    try:
        return Bind(_converted(parameter.param_type, text), kind)
    except (ValueError, ArithmeticError):
        raise bad_request(
            f"Invalid value provided for parameter {parameter.name}. The value could not be converted to "
            f"{parameter.param_type}."
        ) from None


def _converted(param_type: str, text: str) -> Any:
    match param_type:
        case "STRING":
            return text
        case "INT":
            return _integer(text, 31)
        case "LONG":
            return _integer(text, 63)
        case "DOUBLE":
            return _double(text)
        case "BOOLEAN":
            return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _refuse(text)
        case "TIMESTAMP":
            return _timestamp(text)
        case _:
            return _refuse(text)


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _integer(text: str, bits: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        _refuse(text)
    value = int(text)
    return value if -(1 << bits) <= value < 1 << bits else _refuse(text)


def _double(text: str) -> int | Decimal:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        _refuse(text)
    value = Decimal(text)
    if value and not -130 <= value.adjusted() <= 125:
        _refuse(text)
    return int(value) if value == value.to_integral_value() else value


def _timestamp(text: str) -> datetime:
    """ISO-8601 with a zone, as ORDS writes it itself; the bind is the moment in UTC."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d{1,9})?(Z|[+-]\d\d:\d\d)", text):
        _refuse(text)
    trimmed = re.sub(r"([.]\d{6})\d+", r"\1", text)
    return datetime.fromisoformat(trimmed).astimezone(UTC).replace(tzinfo=None)
