"""What the PL/SQL interpreter and the supplied packages see of a session."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from oracleapi_sandbox.oracle.engine import contexts
from oracleapi_sandbox.oracle.engine.text import CONTROL, DDL, Reader, kind_of, tokens_of
from oracleapi_sandbox.oracle.ports import (
    Bind,
    InternalSql,
    Package,
    Result,
    Session,
    SqlRunner,
    StoredText,
    UnitCall,
)

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession


_NOTHING = nullcontext()


class Runner:
    """Implements ``ports.SqlRunner`` for one session."""

    def __init__(self, session: "EngineSession") -> None:
        self.session: Session = session
        self._engine = session

    def run(self, sql: str, binds: Mapping[str, Bind]) -> Result:
        tokens = tokens_of(sql)
        kind = kind_of(tokens)
        if kind in (CONTROL, DDL):
            return self._engine.dispatch(kind, sql, dict(binds))
        return self._engine.run_sql(sql, binds, rows_of_returning=True)

    def check_cancelled(self) -> None:
        """Let a block that runs no SQL end when its call is cancelled."""
        self._engine.check_cancelled()

    @property
    def units(self) -> Sequence[UnitCall]:
        return self._engine.units

    @property
    def units_version(self) -> int:
        return self._engine.database.units_version

    def stored(self, owner: str | None, name: str) -> StoredText | None:
        return self._engine.stored(owner, name)

    def entering(self, call: UnitCall) -> AbstractContextManager[None]:
        return self._engine.entering(call)

    def executing(self, unit: tuple[str, str] | None) -> AbstractContextManager[None]:
        auditor = self._engine.auditor
        if unit is None or not auditor.watch.cares_for_unit(unit):
            return _NOTHING
        return auditor.execution(*unit)

    def autonomous(self) -> AbstractContextManager[SqlRunner]:
        return self._engine.autonomous()

    def set_role(self, command: str) -> None:
        self._engine.set_role(Reader(command, tokens_of(command)))

    def roles(self, *, here: bool) -> frozenset[str]:
        return frozenset() if here and self._engine.definer is not None else self._engine.roles

    def set_context(
        self, namespace: str, attribute: str, value: str | None, username: str | None, client_id: str | None
    ) -> None:
        contexts.set_attribute(self._engine, namespace, attribute, value, username, client_id)

    def clear_context(self, namespace: str, attribute: str | None, client_id: str | None) -> None:
        contexts.clear(self._engine, namespace, attribute, client_id)

    def clear_all_context(self, namespace: str) -> None:
        contexts.clear_all(self._engine, namespace)

    def is_column(self, sql_tables: Sequence[str], name: str) -> bool:
        return any(name in self._engine.columns_of(table) for table in sql_tables)

    def resolve_package(self, owner: str | None, name: str) -> Package | None:
        return self._engine.package(owner, name)

    @contextmanager
    def internal(self) -> Iterator[InternalSql]:
        yield SessionInternal(self._engine)

    def run_as_definer(self, owner: str, sql: str, *, autonomous: bool = False) -> None:
        self._engine.database.run_ddl(self._engine, sql, definer=owner, autonomous=autonomous)


class SessionInternal:
    """Implements ``ports.InternalSql`` in a session's transaction."""

    def __init__(self, session: "EngineSession") -> None:
        self._session = session

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._session.internal_run(sql, params)


def numbered(sql: str) -> str:
    """Turn ``%s`` into ``$1``, ``$2``… and ``%%`` into ``%``."""
    parts = sql.split("%s")
    out = parts[0]
    for at, part in enumerate(parts[1:], 1):
        out += f"${at}{part}"
    return out.replace("%%", "%")
