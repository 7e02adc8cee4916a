"""What a real API server would do to a status: prune what the CRD does not know, refuse what is too long or wrong."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from oracleapi.api.crd import build_crd, kind_named

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "array": (list, tuple),
    "boolean": bool,
    "integer": int,
    "object": dict,
    "string": str,
}


def status_faults(kind: str, status: Mapping[str, Any]) -> list[str]:
    """Return what of *status* would not be stored as it is written."""
    return list(_faults("status", _status(kind), dict(status)))


@functools.cache
def _status(kind: str) -> Mapping[str, Any]:
    root = build_crd(kind_named(kind))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    found: Mapping[str, Any] = root["properties"]["status"]
    return found


def _faults(place: str, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    if not isinstance(value, TYPES[schema["type"]]):
        yield f"{place} is no {schema['type']}: {value!r}"
    elif schema["type"] == "object":
        known = schema["properties"]
        yield from (f"{place}.{name} is unknown" for name in value.keys() - known.keys())
        yield from (f"{place}.{name} is missing" for name in set(schema.get("required", ())) - value.keys())
        for name in value.keys() & known.keys():
            yield from _faults(f"{place}.{name}", known[name], value[name])
    elif schema["type"] == "array":
        if len(value) > schema["maxItems"]:
            yield f"{place} has {len(value)} items"
        for item in value:
            yield from _faults(f"{place}[]", schema["items"], item)
    elif schema["type"] == "string" and len(value) > schema.get("maxLength", len(value)):
        yield f"{place} is too long: {value}"
    if value not in schema.get("enum", [value]):
        yield f"{place} may not be {value!r}"
