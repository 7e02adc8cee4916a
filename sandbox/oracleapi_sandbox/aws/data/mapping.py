"""Parameter mapping of HTTP APIs: the language of ``RequestParameters``.

A key is ``<append|overwrite|remove>:<header|querystring>.<name>`` or ``overwrite:path``. A value is text in which
``$request.header.x``, ``$request.querystring.x``, ``$request.path``, ``$request.path.x``, ``$request.body.json.path``,
``$context.x`` and ``$stageVariables.x`` stand for values, bare or in braces: ``${request.path.a}`` ``[D]``.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

from oracleapi_sandbox.aws.data.context import Context, known_variable
from oracleapi_sandbox.aws.data.request import Request

Source = Literal["text", "header", "querystring", "path", "path_variable", "body", "context", "stage_variable"]
Action = Literal["append", "overwrite", "remove"]
Place = Literal["header", "querystring", "path"]

BODY_LIMIT = 100 * 1024
"""A JSON path looks at the first 100 KB of the body only ``[D]``."""

_RESERVED_PREFIXES = ("access-control-", "apigw-", "x-amz-", "x-amzn-")
_RESERVED = frozenset(
    (
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-location",
        "forwarded",
        "keep-alive",
        "origin",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "via",
    )
)
_KEY = re.compile(r"(append|overwrite|remove):(header|querystring)\.(.+)|(overwrite):(path)", re.DOTALL)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ROOT = re.compile(r"\$(?:\{(?P<braced>[^{}]*)\}|(?P<bare>(?:request|context|stageVariables)\b[A-Za-z0-9_.\[\]-]*))")
_EXPRESSION = re.compile(
    r"request\.header\.(?P<header>[!#$%&'*+.^_`|~0-9A-Za-z-]+)"
    r"|request\.querystring\.(?P<querystring>[^\s{}]+)"
    r"|request\.path\.(?P<path_variable>[\w.-]+)"
    r"|request\.(?P<path>path)"
    r"|request\.body(?P<body>(?:\.[\w-]+|\[\d+\])*)"
    r"|context\.(?P<context>[A-Za-z0-9_.]+)"
    r"|stageVariables\.(?P<stage_variable>\w+)"
)


class MappingError(ValueError):
    """A key or value is not of the mapping language, or names what may not be mapped."""


@dataclass(frozen=True)
class Part:
    """Literal text, or a reference by source and name."""

    source: Source
    name: str


@dataclass(frozen=True)
class Change:
    """What a mapping key asks for."""

    action: Action
    place: Place
    name: str


@dataclass(frozen=True)
class Scope:
    """All that expressions can refer to. ``path`` is without the stage name; variables are percent-encoded."""

    request: Request
    path: str
    variables: Mapping[str, str]
    stage_variables: Mapping[str, str]
    context: Context
    decode_path_variables: bool = False


def check_parameters(parameters: Mapping[str, str]) -> None:
    """Check a whole ``RequestParameters`` map.

    Raises:
        MappingError: The first key or value that is wrong; AWS says BadRequestException there.
    """
    for key, value in parameters.items():
        change = parse_key(key)
        if change.action != "remove":
            parse_value(value)
        elif value:
            raise MappingError(f"Invalid mapping expression specified: {key} takes an empty value")


@lru_cache(4096)
def parse_key(key: str) -> Change:
    """Read a mapping key.

    Raises:
        MappingError: Not of the language, or a reserved header.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise MappingError(f"Invalid mapping expression specified: {key}")
    if found[5]:
        return Change("overwrite", "path", "")
    action, place, name = found[1], found[2], found[3]
    if place == "header":
        lowered = name.lower()
        if not _TOKEN.fullmatch(name):
            raise MappingError(f"Invalid mapping expression specified: {key}")
        if lowered in _RESERVED or lowered.startswith(_RESERVED_PREFIXES):
            raise MappingError(f"Operations on header {name} are restricted")
    return Change(action, place, name)  # type: ignore[arg-type]  # the pattern allows nothing else


@lru_cache(4096)
def parse_value(value: str) -> tuple[Part, ...]:
    """Split a mapping value into text and references.

    Raises:
        MappingError: A reference that is not of the language, such as a claim named ``cognito:groups``.
    """
    parts: list[Part] = []
    position = 0
    for found in _ROOT.finditer(value):
        if found.start() > position:
            parts.append(Part("text", value[position : found.start()]))
        position = found.end()
        parts.append(_reference(found["braced"] if found["bare"] is None else found["bare"], value))
        if found["bare"] is not None and value[position : position + 1] == ":":
            raise MappingError(f"Invalid mapping expression specified: {value}")
    if position < len(value):
        parts.append(Part("text", value[position:]))
    return tuple(parts)


def _reference(expression: str, value: str) -> Part:
    found = _EXPRESSION.fullmatch(expression)
    if found is None or found.lastgroup is None:
        raise MappingError(f"Invalid mapping expression specified: {value}")
    source, name = found.lastgroup, found[found.lastgroup]
    if source == "context" and not known_variable(name):
        raise MappingError(f"Invalid mapping expression specified: {value}")
    return Part(source, name)  # type: ignore[arg-type]  # group names are the sources


def evaluate(parts: tuple[Part, ...], scope: Scope) -> str | None:
    """Join the parts; ``None`` when every reference is without value and there is no text either."""
    values = [_SOURCES[part.source](scope, part.name) for part in parts]
    if all(value is None for value in values):
        return None
    return "".join(value for value in values if value is not None)


def _path_variable(scope: Scope, name: str) -> str | None:
    value = scope.variables.get(name)
    return unquote(value, errors="surrogateescape") if value is not None and scope.decode_path_variables else value


def _body(scope: Scope, path: str) -> str | None:
    if not path:
        return scope.request.body.decode("utf-8", "surrogateescape") or None
    try:
        found = json.loads(scope.request.body[:BODY_LIMIT])
    except (ValueError, RecursionError):
        return None
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        if name and isinstance(found, dict) and name in found:
            found = found[name]
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            return None
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


_SOURCES: dict[str, Callable[[Scope, str], str | None]] = {
    "text": lambda scope, name: name,
    "header": lambda scope, name: scope.request.header(name),
    "querystring": lambda scope, name: scope.request.parameter(name),
    "path": lambda scope, name: scope.path,
    "path_variable": _path_variable,
    "body": _body,
    "context": lambda scope, name: scope.context.value(name),
    "stage_variable": lambda scope, name: scope.stage_variables.get(name),
}
