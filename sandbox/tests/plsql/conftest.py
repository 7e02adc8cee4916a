"""A scripted session for the interpreter: what SQL answers, which columns and packages there are."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest

from oracleapi_sandbox.oracle.plsql.interpreter import run_block
from oracleapi_sandbox.oracle.ports import (
    Bind,
    Column,
    CompilationReport,
    InternalSql,
    OracleError,
    Package,
    Result,
    SqlRunner,
    StoredText,
    UnitCall,
    Uses,
    Value,
)

Answer = Callable[[], Result]


@dataclass(eq=False)
class FakeSession:
    """The attributes that session packages read and write, and a parser with scripted descriptions and faults."""

    user: str = "HR"
    proxy_user: str | None = None
    session_id: int = 1
    serial: int = 1
    client_identifier: str | None = None
    module: str | None = None
    action: str | None = None
    current_schema: str = "HR"
    in_transaction: bool = False
    described: list[tuple[str, tuple[Column, ...] | OracleError]] = field(default_factory=list)

    def parse(self, sql: str) -> tuple[Column, ...] | None:
        for pattern, found in self.described:
            if re.search(pattern, sql, re.IGNORECASE):
                if isinstance(found, OracleError):
                    raise found
                return found
        return None

    def execute(self, sql: str, binds: Mapping[str, Bind] | None = None) -> Result:
        raise AssertionError("the interpreter runs SQL through its runner")

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...


@dataclass(eq=False)
class FakeRunner:
    """Answers statements by pattern, keeps what was run, and runs blocks."""

    session: FakeSession = field(default_factory=FakeSession)
    columns: dict[str, set[str]] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    statements: list[tuple[str, dict[str, Value]]] = field(default_factory=list)
    bind_types: list[dict[str, str]] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    reinitialize_keeps_packages: bool = False
    _answers: list[tuple[str, Answer]] = field(default_factory=list)

    def on(self, pattern: str, result: "Result | OracleError | Answer") -> None:
        """Script the answer to statements that match *pattern*; the newest script wins."""

        def answer() -> Result:
            if isinstance(result, OracleError):
                raise result
            return result if isinstance(result, Result) else result()

        self._answers.insert(0, (pattern, answer))

    def rows(self, pattern: str, columns: str, *rows: tuple[Value, ...]) -> None:
        """Script a query's rows; *columns* is ``"ID NUMBER, NAME VARCHAR2"``. It is described too."""
        described = tuple(Column(*part.split(maxsplit=1)) for part in columns.split(", "))
        self.on(pattern, lambda: Result(described, iter(rows)))
        self.session.described.insert(0, (pattern, described))

    def run(self, sql: str, binds: Mapping[str, Bind]) -> Result:
        self.statements.append((sql, {name: bind.value for name, bind in binds.items()}))
        self.bind_types.append({name: bind.type for name, bind in binds.items()})
        for pattern, answer in self._answers:
            if re.search(pattern, sql, re.IGNORECASE):
                return answer()
        return Result(rowcount=1)

    def is_column(self, sql_tables: Sequence[str], name: str) -> bool:
        return any(name in self.columns.get(table, set()) for table in sql_tables)

    def resolve_package(self, owner: str | None, name: str) -> Package | None:
        found = self.packages.get(name)
        return found if found is not None and owner in (None, found.owner) else None

    def internal(self) -> AbstractContextManager[InternalSql]:
        raise AssertionError("only supplied packages use the repository")

    def run_as_definer(self, owner: str, sql: str, *, autonomous: bool = False) -> None:
        raise AssertionError("only supplied packages run statements as their definer")

    def check_cancelled(self) -> None: ...

    @property
    def units(self) -> Sequence[UnitCall]:
        return ()

    @property
    def dictionary_version(self) -> int:
        return 0

    def stored(self, owner: str | None, name: str) -> StoredText | None:
        """Stored units are tested on the engine."""
        return None

    def unit_text(self, owner: str, name: str) -> StoredText | None:
        return None

    def noting(self) -> AbstractContextManager[Uses]:
        raise AssertionError("there are no stored units here")

    def unchanged(self, owner: str, uses: Uses) -> bool:
        raise AssertionError("there are no stored units here")

    def compiled(self, report: CompilationReport) -> None:
        raise AssertionError("there are no stored units here")

    def entering(self, call: UnitCall) -> AbstractContextManager[None]:
        raise AssertionError("there are no stored units here")

    def executing(self, unit: tuple[str, str] | None) -> AbstractContextManager[None]:
        return nullcontext()

    def autonomous(self) -> AbstractContextManager[SqlRunner]:
        raise AssertionError("there are no stored units here")

    def set_role(self, command: str) -> None:
        self.statements.append((f"set role {command}", {}))

    def roles(self, *, here: bool) -> frozenset[str]:
        return frozenset()

    def set_context(
        self, namespace: str, attribute: str, value: str | None, username: str | None, client_id: str | None
    ) -> None:
        raise OracleError(1031, "insufficient privileges")

    def clear_context(self, namespace: str, attribute: str | None, client_id: str | None) -> None:
        raise OracleError(1031, "insufficient privileges")

    def clear_all_context(self, namespace: str) -> None:
        raise OracleError(1031, "insufficient privileges")

    # --- what tests call ---

    def block(self, source: str, **binds: "Bind | Value") -> dict[str, Any]:
        """Run a block; plain values are bound with the type that they look like. Returns what it assigned."""
        return dict(
            run_block(source, {name.upper().lstrip("_"): _bind(value) for name, value in binds.items()}, self).out
        )

    def value(self, expression: str, declare: str = "", kind: str = "VARCHAR2") -> Any:
        """The value of an expression, assigned to a bind of type *kind*."""
        return self.block(f"declare {declare} begin :r := {expression}; end;", r=Bind(None, kind))["R"]

    def error(self, source: str, **binds: "Bind | Value") -> OracleError:
        """The error that a block ends with."""
        with pytest.raises(OracleError) as caught:
            self.block(source, **binds)
        return caught.value


def _bind(value: "Bind | Value") -> Bind:
    if isinstance(value, Bind):
        return value
    names = {bool: "BOOLEAN", int: "NUMBER", bytes: "BLOB"}
    return Bind(value, names.get(type(value), "VARCHAR2"))


@pytest.fixture
def db() -> FakeRunner:
    """A session without tables and packages of its own."""
    return FakeRunner()
