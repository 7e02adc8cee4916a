"""What the PL/SQL interpreter and the supplied packages see of a session."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from oracleapi_sandbox.oracle.engine import contexts, unit_store
from oracleapi_sandbox.oracle.engine.text import CONTROL, DDL, Reader, kind_of, tokens_of
from oracleapi_sandbox.oracle.ports import (
    Bind,
    CompilationReport,
    InternalSql,
    OracleError,
    Package,
    Result,
    Session,
    SqlRunner,
    StoredText,
    UnitCall,
    Uses,
)

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession


_NOTHING = nullcontext()


class Runner:
    """Implements ``ports.SqlRunner`` for one session."""

    def __init__(self, session: "EngineSession") -> None:
        self.session: Session = session.root
        self._engine = session

    def run(self, sql: str, binds: Mapping[str, Bind]) -> Result:
        tokens = tokens_of(sql)
        kind = kind_of(tokens)
        if kind in (CONTROL, DDL):
            result = self._engine.dispatch(kind, sql, dict(binds))
            if result.warned:
                raise OracleError(24344, "success with compilation error")
            return result
        return self._engine.run_sql(sql, binds, rows_of_returning=True)

    def check_cancelled(self) -> None:
        """Let a block that runs no SQL end when its call is cancelled."""
        self._engine.check_cancelled()

    @property
    def units(self) -> Sequence[UnitCall]:
        return self._engine.units

    @property
    def dictionary_version(self) -> int:
        return self._engine.database.catalog.version

    @property
    def reinitialize_keeps_packages(self) -> bool:
        return self._engine.database.settings.reinitialize_keeps_packages

    @property
    def shared(self) -> MutableMapping[str, Any]:
        return self._engine.database.compiled

    @property
    def own(self) -> MutableMapping[str, Any]:
        return self._engine.root.kept

    def stored(self, owner: str | None, name: str) -> StoredText | None:
        return self._engine.stored(owner, name)

    def unit_text(self, owner: str, name: str) -> StoredText | None:
        return unit_store.stored_text(self._engine.database.catalog, owner, name)

    def noting(self) -> AbstractContextManager[Uses]:
        return self._engine.notes.noting()

    def unchanged(self, owner: str, uses: Uses) -> bool:
        return unit_store.unchanged(self._engine.database.catalog, owner, uses)

    def compiled(self, report: CompilationReport) -> None:
        unit_store.record(self._engine, report)

    def entering(self, call: UnitCall) -> AbstractContextManager[None]:
        return self._engine.entering(call)

    def executing(self, unit: tuple[str, str] | None) -> AbstractContextManager[None]:
        auditor = self._engine.auditor
        if unit is None or not auditor.watch.cares_for_unit(unit):
            return _NOTHING
        return auditor.execution(*unit)

    def autonomous(self) -> AbstractContextManager[SqlRunner]:
        from oracleapi_sandbox.oracle.engine.autonomous import lent

        return lent(self._engine)

    def set_role(self, command: str) -> None:
        self._engine.root.set_role(Reader(command, tokens_of(command)))
        if self._engine is not self._engine.root:
            self._engine.follow_roles()

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
