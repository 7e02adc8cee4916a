"""The Secrets Manager service model of botocore: it checks inputs and writes outputs, in the JSON 1.1 protocol."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.loaders import Loader  # type: ignore[import-untyped]

from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.secrets.errors import validation

_TYPES: dict[str, tuple[type[Any], ...]] = {
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "list": (list,),
    "long": (int,),
    "string": (str,),
    "structure": (dict,),
}


class SecretsModel:
    """The operations and shapes of the service; members go by their names in the model."""

    def __init__(self) -> None:
        data = Loader().load_service_model("secretsmanager", "service-2")
        self._shapes: dict[str, dict[str, Any]] = data["shapes"]
        self._operations: dict[str, dict[str, Any]] = data["operations"]

    def operations(self) -> tuple[str, ...]:
        return tuple(self._operations)

    def parse(self, operation: str, body: bytes) -> dict[str, Any]:
        """Read and validate a request; members that the model does not have are ignored, as are nulls [U].

        Raises:
            AwsError: SerializationException, no JSON of the right types; ValidationException, which names each member
                and holds no value.
        """
        try:
            document = json.loads(body or b"{}")
        except ValueError:
            raise _unreadable("the body is not JSON") from None
        faults: list[str] = []
        members: dict[str, Any] = self._read(self._operations[operation]["input"]["shape"], document, "", faults)
        if faults:
            raise validation(faults)
        return members

    def _read(self, shape_name: str, value: Any, where: str, faults: list[str]) -> Any:
        """Return *value* as the engine uses it; what breaks a constraint is added to *faults*."""
        shape = self._shapes[shape_name]
        kind = shape["type"]
        if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            raise _unreadable(f"{where or 'the body'} is not of type {kind}")
        if kind == "structure":
            return self._read_structure(shape, value, where, faults)
        if kind == "list":
            _check_size(shape, len(value), where, faults, "length")
            item = shape["member"]["shape"]
            return [self._read(item, entry, f"{where}.{n}.member", faults) for n, entry in enumerate(value, start=1)]
        if kind == "blob":
            value = _decoded(value, where)
        _check_scalar(shape, value, where, faults)
        return value

    def _read_structure(
        self, shape: dict[str, Any], value: dict[str, Any], where: str, faults: list[str]
    ) -> dict[str, Any]:
        prefix = f"{where}." if where else ""
        for name in shape.get("required", []):
            if value.get(name) is None:
                faults.append(_fault(f"{prefix}{_lower(name)}", "Member must not be null"))
        return {
            name: self._read(member["shape"], value[name], f"{prefix}{_lower(name)}", faults)
            for name, member in shape.get("members", {}).items()
            if value.get(name) is not None
        }

    def write(self, operation: str, result: Mapping[str, Any]) -> bytes:
        """Return the body of a successful answer, cut to the members of the output shape."""
        output = self._operations[operation].get("output")
        return json.dumps(self._written(output["shape"], result) if output else {}).encode()

    def _written(self, shape_name: str, value: Any) -> Any:
        shape = self._shapes[shape_name]
        match shape["type"]:
            case "structure":
                members = shape.get("members", {})
                return {
                    name: self._written(member["shape"], value[name])
                    for name, member in members.items()
                    if value.get(name) is not None
                }
            case "list":
                return [self._written(shape["member"]["shape"], item) for item in value]
            case "map":
                return {key: self._written(shape["value"]["shape"], item) for key, item in value.items()}
            case "blob":
                return base64.b64encode(value).decode()
            case "timestamp":
                return round(value, 3)
        return value


def _check_scalar(shape: dict[str, Any], value: Any, where: str, faults: list[str]) -> None:
    if isinstance(value, bool):
        return
    if "enum" in shape and value not in shape["enum"]:
        faults.append(_fault(where, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"))
    if "pattern" in shape and not re.search(f"^(?:{shape['pattern']})$", value):
        faults.append(_fault(where, f"Member must satisfy regular expression pattern: {shape['pattern']}"))
    if isinstance(value, int):
        _check_size(shape, value, where, faults, "value")
    else:  # texts are counted in bytes, as the quota of a secret's value is [D]
        _check_size(shape, len(value.encode() if isinstance(value, str) else value), where, faults, "length")


def _check_size(shape: dict[str, Any], size: int, where: str, faults: list[str], noun: str) -> None:
    if "min" in shape and size < shape["min"]:
        faults.append(_fault(where, f"Member must have {noun} greater than or equal to {shape['min']}"))
    if "max" in shape and size > shape["max"]:
        faults.append(_fault(where, f"Member must have {noun} less than or equal to {shape['max']}"))


def _fault(where: str, constraint: str) -> str:
    return f"Value at '{where}' failed to satisfy constraint: {constraint}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise _unreadable(f"{where} is not base64") from None


def _unreadable(text: str) -> AwsError:
    """Return the error of a body that cannot be read [D code, U text]."""
    return AwsError(400, "SerializationException", text)
