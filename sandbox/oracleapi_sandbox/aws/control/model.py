"""The apigatewayv2 service model of botocore: it finds operations, checks inputs and writes outputs.

Inputs are validated on this side against the whole shape (required members, types, enums, patterns, lengths);
botocore's own client checks only a part of it. Members go by their model names (``ApiId``), the wire by its location
names (``apiId``).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from botocore.loaders import Loader  # type: ignore[import-untyped]

from oracleapi_sandbox.aws.errors import AwsError, bad_request

_BETWEEN = re.compile(r"(String|Uri|Integer)WithLengthBetween(Minus)?(\d+)And(\d+)(K?)$")
"""The model carries most limits of this service in the names of its shapes only."""

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class Call:
    """One request to an operation: members by model name."""

    operation: str
    members: dict[str, Any]


@dataclass(frozen=True)
class _Route:
    operation: str
    method: str
    pattern: re.Pattern[str]


class ServiceModel:
    """The operations and shapes of one rest-json service."""

    def __init__(self, service: str) -> None:
        data = _model_data(service)
        self._shapes: dict[str, dict[str, Any]] = data["shapes"]
        self._operations: dict[str, dict[str, Any]] = data["operations"]
        self._routes = [
            _Route(name, entry["http"]["method"], _path_pattern(entry["http"]["requestUri"]))
            for name, entry in self._operations.items()
        ]

    def operations(self) -> tuple[str, ...]:
        return tuple(self._operations)

    def match(self, method: str, raw_path: str) -> tuple[str, dict[str, str]] | None:
        """Return operation and path labels for an HTTP request, or ``None``; *raw_path* is still percent-encoded."""
        for route in self._routes:
            if route.method == method and (found := route.pattern.match(raw_path)):
                labels = self._label_names(route.operation)
                return route.operation, {labels[n]: unquote(value) for n, value in enumerate(found.groups())}
        return None

    def _label_names(self, operation: str) -> list[str]:
        return [label for label, _ in _LABEL.findall(self._operations[operation]["http"]["requestUri"])]

    def parse(self, operation: str, labels: Mapping[str, str], query: Mapping[str, list[str]], body: bytes) -> Call:
        """Read and validate a request.

        Raises:
            AwsError: BadRequestException that names the member.
        """
        shape = self._shapes[self._operations[operation]["input"]["shape"]]
        document = _json_object(body)
        members: dict[str, Any] = {}
        for name, member in shape.get("members", {}).items():
            wire = member.get("locationName", name)
            value = self._located(member, wire, labels, query, document)
            if value is not None:
                members[name] = self._checked(member["shape"], value, wire)
        self._refuse_unknown(document, shape)
        for name in shape.get("required", []):
            if members.get(name) in (None, ""):
                raise bad_request(f"Missing required member: {shape['members'][name].get('locationName', name)}")
        return Call(operation, members)

    def named(
        self, operation: str, labels: Mapping[str, str], query: Mapping[str, list[str]], document: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the members that a request carries, unchecked, by model name."""
        shape = self._shapes[self._operations[operation]["input"]["shape"]]
        places = {"uri": labels, "querystring": query}
        found = {
            name: places.get(member.get("location", ""), document).get(member.get("locationName", name))
            for name, member in shape.get("members", {}).items()
        }
        return {name: value for name, value in found.items() if value is not None}

    def _located(
        self,
        member: dict[str, Any],
        wire: str,
        labels: Mapping[str, str],
        query: Mapping[str, list[str]],
        document: dict[str, Any],
    ) -> Any:
        location = member.get("location")
        if location == "uri":
            return labels.get(wire)
        if location == "querystring":
            given = query.get(wire)
            kind = self._shapes[member["shape"]]["type"]
            if not given or kind == "list":
                return given
            return _from_query(given[-1], kind, wire)
        return document.get(wire)

    def _refuse_unknown(self, document: dict[str, Any], shape: dict[str, Any]) -> None:
        known = {m.get("locationName", n) for n, m in shape.get("members", {}).items() if "location" not in m}
        if unknown := sorted(set(document) - known):
            raise bad_request(f"Unrecognized member: {unknown[0]}")

    def _checked(self, shape_name: str, value: Any, where: str) -> Any:
        """Return *value* with model names inside, or raise BadRequestException naming *where*."""
        shape = self._shapes[shape_name]
        kind = shape["type"]
        if kind == "structure":
            return self._checked_structure(shape, value, where)
        if kind == "list":
            items = _expect(value, list, where)
            return [self._checked(shape["member"]["shape"], item, f"{where}[{n}]") for n, item in enumerate(items)]
        if kind == "map":
            entries = _expect(value, dict, where)
            return {
                self._checked(shape["key"]["shape"], key, where): self._checked_map_value(shape, key, item, where)
                for key, item in entries.items()
            }
        return _checked_scalar(shape_name, shape, value, where)

    def _checked_map_value(self, shape: dict[str, Any], key: str, item: Any, where: str) -> Any:
        # An empty mapping value removes the key on update [D]; the operations judge it.
        if item == "" and shape["value"]["shape"] == "StringWithLengthBetween1And512":
            return item
        return self._checked(shape["value"]["shape"], item, f"{where}.{key}")

    def _checked_structure(self, shape: dict[str, Any], value: Any, where: str) -> dict[str, Any]:
        document = _expect(value, dict, where)
        self._refuse_unknown(document, shape)
        found: dict[str, Any] = {}
        for name, member in shape.get("members", {}).items():
            wire = member.get("locationName", name)
            if document.get(wire) is not None:
                found[name] = self._checked(member["shape"], document[wire], f"{where}.{wire}")
        for name in shape.get("required", []):
            if name not in found:
                raise bad_request(f"Missing required member: {where}.{name}")
        return found

    def read(self, operation: str, document: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the members of *operation*'s input that *document* carries by wire name, validated.

        For documents that describe resources; members that the path would carry are not asked for.
        """
        shape = self._shapes[self._operations[operation]["input"]["shape"]]
        members = {
            n: (m.get("locationName", n), m["shape"]) for n, m in shape["members"].items() if "location" not in m
        }
        return {
            name: self._checked(kind, document[wire], f"{where}.{wire}")
            for name, (wire, kind) in members.items()
            if document.get(wire) is not None
        }

    def write(self, operation: str, result: Mapping[str, Any]) -> tuple[int, bytes, str]:
        """Return status, body and content type of a successful answer, cut to the members of the output shape."""
        entry = self._operations[operation]
        status: int = entry["http"]["responseCode"]
        if "output" not in entry:
            return status, b"", ""
        shape = self._shapes[entry["output"]["shape"]]
        if payload := shape.get("payload"):
            return status, result[payload], str(result["contentType"])
        return status, json.dumps(self._written(shape, result)).encode(), "application/json"

    def _written(self, shape: dict[str, Any], value: Any) -> Any:
        kind = shape["type"]
        if kind == "structure":
            members = shape.get("members", {})
            return {
                member.get("locationName", name): self._written(self._shapes[member["shape"]], value[name])
                for name, member in members.items()
                if value.get(name) is not None
            }
        if kind == "list":
            return [self._written(self._shapes[shape["member"]["shape"]], item) for item in value]
        if kind == "map":
            return {key: self._written(self._shapes[shape["value"]["shape"]], item) for key, item in value.items()}
        if kind == "timestamp":
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value


@lru_cache
def _model_data(service: str) -> dict[str, Any]:
    found: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return found


def error_body(error: AwsError) -> bytes:
    """Return the rest-json body of *error*; the code travels in the header ``x-amzn-errortype``."""
    return json.dumps({"message": error.message, **error.members}).encode()


def _path_pattern(uri: str) -> re.Pattern[str]:
    """Compile a URI template; a label matches one segment, percent-encoded slashes included."""
    return re.compile("^" + "".join(_template_parts(uri.partition("?")[0])) + "/?$")


def _template_parts(path: str) -> Iterator[str]:
    position = 0
    for found in _LABEL.finditer(path):
        yield re.escape(path[position : found.start()])
        yield "(.+)" if found.group(2) else "([^/]+)"
        position = found.end()
    yield re.escape(path[position:])


def _json_object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        raise bad_request("Invalid request body") from None
    found: dict[str, Any] = _expect(document, dict, "body")
    return found


def _expect(value: Any, kind: type[Any], where: str) -> Any:
    if not isinstance(value, kind):
        raise bad_request(f"Invalid value at {where}: expected {'an object' if kind is dict else 'a list'}")
    return value


def _from_query(text: str, kind: str, where: str) -> Any:
    if kind == "boolean":
        if text not in ("true", "false"):
            raise bad_request(f"Invalid value at {where}: expected true or false")
        return text == "true"
    return text


_SCALARS: dict[str, tuple[type[Any], ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
}


def _checked_scalar(shape_name: str, shape: dict[str, Any], value: Any, where: str) -> Any:
    kinds = _SCALARS[shape["type"]]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise bad_request(f"Invalid value at {where}: expected {shape['type']}")
    if "enum" in shape and value not in shape["enum"]:
        raise bad_request(f"Invalid value at {where}: must be one of [{', '.join(shape['enum'])}]")
    if "pattern" in shape and not re.search(shape["pattern"], value):
        raise bad_request(f"Invalid value at {where}: must match {shape['pattern']}")
    low, high = _limits(shape_name, shape)
    size = len(value) if isinstance(value, str) else value
    if not isinstance(value, bool) and ((low is not None and size < low) or (high is not None and size > high)):
        noun = "length" if isinstance(value, str) else "value"
        raise bad_request(f"Invalid value at {where}: {noun} must be between {low} and {high}")
    return value


def _limits(shape_name: str, shape: dict[str, Any]) -> tuple[int | None, int | None]:
    if named := _BETWEEN.match(shape_name):
        _, minus, low, high, kilo = named.groups()
        return -int(low) if minus else int(low), int(high) * (1024 if kilo else 1)
    return shape.get("min"), shape.get("max")
