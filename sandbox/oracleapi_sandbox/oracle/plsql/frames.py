"""Where values live while a block runs: frames of variables, and the host's bind variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.values import Datum, coerce, default_value, to_port
from oracleapi_sandbox.oracle.ports import Bind, Value


@dataclass(eq=False)
class Frame:
    """The values of one block, loop or call; keys are the entities that the analysis found."""

    parent: "Frame | None" = None
    cells: dict[object, Datum] = field(default_factory=dict)

    def owner(self, entity: object) -> "Frame":
        """The frame that holds *entity*: the innermost one, so that recursion sees its own variables."""
        frame: Frame | None = self
        while frame is not None:
            if entity in frame.cells:
                return frame
            frame = frame.parent
        raise LookupError(entity)

    def get(self, entity: object) -> Datum:
        return self.owner(entity).cells[entity]

    def set(self, entity: object, value: Datum) -> None:
        self.owner(entity).cells[entity] = value


def bind_type(bind: Bind) -> t.Type:
    """The type of a host variable: unconstrained, since the host checks its own sizes."""
    scalar = t.CURSOR if bind.type == "CURSOR" else (t.scalar(bind.type) or t.ANY).unconstrained()
    if isinstance(bind.value, list):
        return t.Type("TABLE", element=scalar, key="NUMBER")
    return scalar


class HostBinds:
    """The host's variables; remembers which were assigned."""

    def __init__(self, binds: Mapping[str, Bind]) -> None:
        self._types = {name: bind_type(bind) for name, bind in binds.items()}
        self._binds = binds
        self._values: dict[str, Datum] = {}
        self._assigned: set[str] = set()

    def get(self, name: str) -> Datum:
        """The value, converted to the bind's type at first use."""
        if name not in self._values:
            value = self._binds[name].value
            kind = self._types[name]
            self._values[name] = default_value(kind) if value is None else coerce(value, kind)
        return self._values[name]

    def type_of(self, name: str) -> t.Type:
        return self._types[name]

    def set(self, name: str, value: Datum) -> None:
        self._values[name] = coerce(value, self._types[name])
        self._assigned.add(name)

    def touch(self, name: str) -> None:
        """Note that an element of the bound table was assigned."""
        self._assigned.add(name)

    def out(self) -> dict[str, Value]:
        """The values of the assigned binds."""
        return {name: to_port(self.get(name)) for name in sorted(self._assigned)}


def bind_of(value: Datum, kind: t.Type) -> Bind:
    """The bind that carries *value* into SQL."""
    return Bind(to_port(value), _SQL_NAMES.get(kind.name) or _name_by_value(value, kind))


_SQL_NAMES = {
    "PLS_INTEGER": "NUMBER",
    "BINARY_FLOAT": "BINARY_DOUBLE",
    "SYS_REFCURSOR": "CURSOR",
    "ROWID": "VARCHAR2",
    "NULL": "VARCHAR2",
}


def _name_by_value(value: Datum, kind: t.Type) -> str:
    if kind.name != "ANY":
        return kind.name
    if isinstance(value, bool):
        return "BOOLEAN"
    if value is None or isinstance(value, str):
        return "VARCHAR2"
    names = {"bytes": "RAW", "datetime": "DATE", "Timestamp": "TIMESTAMP", "timedelta": "INTERVAL DAY TO SECOND"}
    return names.get(type(value).__name__, "BINARY_DOUBLE" if isinstance(value, float) else "NUMBER")
