"""A database session: statements, transaction, enabled roles, session settings.

Each session logs in to PostgreSQL as a role of its own that is a member of the user's role and of the enabled ones; the
engine's administrator connection changes that membership. So what a statement may touch is PostgreSQL's decision, and
nothing that SQL text does can widen it.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oracleapi_sandbox.oracle.engine import calling, contexts, control, describe, enabling, unit_store
from oracleapi_sandbox.oracle.engine.audit.trail import Auditor
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Thing
from oracleapi_sandbox.oracle.engine.errors import located, to_oracle
from oracleapi_sandbox.oracle.engine.inheriting import lends
from oracleapi_sandbox.oracle.engine.runner import Runner, numbered
from oracleapi_sandbox.oracle.engine.scope import Candidates, Context, quote
from oracleapi_sandbox.oracle.engine.text import BLOCK, CONTROL, DDL, Reader, kind_of, masked, tokens_of
from oracleapi_sandbox.oracle.engine.translate import Translation, translate
from oracleapi_sandbox.oracle.engine.wire import Answer, Connection, ConnectionLostError, PostgresError
from oracleapi_sandbox.oracle.ports import Bind, Column, OracleError, Package, Result, StoredText, UnitCall, Value

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.database import EngineDatabase

_SAVEPOINT, _BLOCK_SAVEPOINT = "statement", "block"
CANCELLED = "57014"
REPOSITORY_ROLE = "ora_repository"


class EngineSession:
    """Implements ``ports.Session``; calls come from one thread at a time, :meth:`cancel` from any."""

    def __init__(
        self,
        database: "EngineDatabase",
        connection: Connection,
        user: str,
        proxy_user: str | None,
        session_id: int,
        serial: int,
    ) -> None:
        self.user, self.proxy_user = user, proxy_user
        self.session_id, self.serial = session_id, serial
        self.client_identifier: str | None = None
        self.module: str | None = None
        self.action: str | None = None
        self.role = f"$S{session_id}"
        self.roles: frozenset[str] = frozenset()
        self.schema = user
        self.settings: dict[str, str] = {}
        self._database, self._connection = database, connection
        self._open, self._transaction = False, 0
        self._changed_metadata = False
        self._pushed: dict[str, str] | None = None
        self._shown: tuple[str | None, ...] = (user, None, None, None)
        self._running = threading.Event()
        self._cancelled = False
        self._closed = False
        self.units: list[UnitCall] = []
        self.nesting = 0
        self.in_query = 0
        self.text = ""
        self.process = connection.pid
        self.auditor = Auditor(self)
        self.contexts: contexts.Held = {}
        self._definers: dict[str, int] = {}
        self._role_in_force: str | None = None
        self.root = self
        self.outer: EngineSession | None = None  # of an autonomous transaction: whose it is
        self.inner: EngineSession | None = None  # runs the autonomous transactions of this one
        self.deadlocked = False
        self.kept: dict[str, Any] = {}
        self.notes = unit_store.Notes()

    # ports.Session ---------------------------------------------------------------------------------------------------

    @property
    def current_schema(self) -> str:
        return self.definer or self.schema

    @property
    def definer(self) -> str | None:
        """The owner whose rights are in force: of the innermost stored unit with definer's rights."""
        return next((call.owner for call in reversed(self.units) if call.rights == "DEFINER"), None)

    @property
    def effective_user(self) -> str:
        return self.definer or self.user

    @property
    def grantees(self) -> frozenset[str]:
        """Whose privileges are in force; with definer's rights roles are not."""
        definer = self.definer
        return frozenset({PUBLIC, self.user, *self.roles} if definer is None else {PUBLIC, definer})

    @property
    def in_transaction(self) -> bool:
        return self._open

    @property
    def database(self) -> "EngineDatabase":
        return self._database

    def execute(self, sql: str, binds: Mapping[str, Bind] | None = None) -> Result:
        """Run one statement; see ``ports.Session``. Each call is one journal entry."""
        kind, shown, failure, rows = "", "", None, 0
        self._cancelled = False
        self.text = sql
        self._running.set()
        try:
            tokens = tokens_of(sql)
            shown = masked(sql, tokens)
            kind = kind_of(tokens)
            result = self.dispatch(kind, sql, dict(binds or {}))
            rows = result.rowcount
            return result
        except ConnectionLostError as error:
            failure = 3113
            raise OracleError(3113, "end-of-file on communication channel") from error
        except OracleError as error:
            failure = error.code
            raise
        finally:
            self._running.clear()
            self._show_attributes()
            self._database.journal_statement(self, kind, shown, rows, failure)

    def dispatch(self, kind: str, sql: str, binds: dict[str, Bind]) -> Result:
        """Run a statement of a known kind."""
        if kind == BLOCK:
            return self._block(sql, binds)
        if kind in (CONTROL, DDL):
            calling.refuse_in_query(self)
        if kind == CONTROL:
            self._control_statement(sql, binds)
            return Result()
        if kind == DDL:
            if binds:
                raise OracleError(1027, "bind variables not allowed for data definition operations")
            return Result(warned=not self._database.run_ddl(self, sql))
        return self.run_sql(sql, binds)

    def _control_statement(self, sql: str, binds: dict[str, Bind]) -> None:
        alters = tokens_of(sql)[0].is_word("ALTER")
        try:
            control.run(self, sql, binds)
        except OracleError as error:
            if alters:
                self.auditor.control("ALTER SESSION", sql, error.code)
            raise
        if alters:
            self.auditor.control("ALTER SESSION", sql, 0)

    def parse(self, sql: str) -> tuple[Column, ...] | None:
        """Check and describe a statement; rights are checked too, as Oracle does when it parses."""
        tokens = tokens_of(sql)
        kind = kind_of(tokens)
        if kind in (CONTROL, DDL):
            return None
        binds = {token.text.upper(): Bind() for token in tokens if token.kind == "bind"}
        if kind == BLOCK:
            self._compile_block(sql, binds)
            return None
        try:
            return self._parse(sql, binds)
        except OracleError as error:
            self.auditor.query(sql, {}, error.code)
            raise

    def _compile_block(self, sql: str, binds: dict[str, Bind]) -> None:
        """Compile a block; that a bind does not fit is not known as long as binds have no types."""
        from oracleapi_sandbox.oracle.plsql.errors import CompileError
        from oracleapi_sandbox.oracle.plsql.interpreter import check_block

        self._push()
        try:
            check_block(sql, binds, self.runner())
        except CompileError as error:
            if not binds or error.pls not in (306, 382):
                raise

    def _parse(self, sql: str, binds: dict[str, Bind]) -> tuple[Column, ...] | None:
        translation = self._translated(sql, binds)
        nulls = [None] * len(translation.parameters)
        try:
            self._push()
            described = self._guarded(lambda: self._connection.describe(translation.sql), sql)
            self._guarded(lambda: self._connection.run(f"EXPLAIN {translation.sql}", nulls), sql)
        except ConnectionLostError as error:
            raise OracleError(3113, "end-of-file on communication channel") from error
        if not translation.query or described is None:
            return None
        return describe.columns(described[: calling.visible(translation)], self._database.origins())

    def commit(self) -> None:
        """End the transaction, making it lasting; listeners hear of changed ORDS metadata."""
        if self._open:
            self._open = False
            try:
                self._connection.script("commit")
            except PostgresError as error:
                self._pushed = None
                raise to_oracle(error, self._database.catalog) from error
        changed, self._changed_metadata = self._changed_metadata, False
        if changed:
            self._database.committed()

    def rollback(self) -> None:
        if self._open:
            self._open = False
            self._pushed = None
            self._control("rollback")
        self._changed_metadata = False

    def cancel(self) -> None:
        if self._running.is_set():
            self._cancelled = True
            self._database.cancel(self._connection.pid)

    def close(self) -> None:
        """End the session; what was not committed is rolled back."""
        if not self._closed:
            self._closed = True
            if self.inner is not None:
                self.inner.close()
            if self.auditor.session is self:
                self.auditor.logoff()
            self._connection.close()
            self._database.session_closed(self)

    # Statements ------------------------------------------------------------------------------------------------------

    def run_sql(self, sql: str, binds: Mapping[str, Bind], *, rows_of_returning: bool = False) -> Result:
        """Run one query or DML statement. With *rows_of_returning* RETURNING needs no INTO and gives rows."""
        try:
            result = self._run_sql(sql, binds, rows_of_returning)
        except OracleError as error:
            self.auditor.query(sql, binds, error.code)
            raise
        self.auditor.query(sql, binds, 0)
        return result

    def _run_sql(self, sql: str, binds: Mapping[str, Bind], rows_of_returning: bool) -> Result:
        self.check_cancelled()
        translation = self._translated(sql, dict(binds))
        if translation.returning and not (translation.into or rows_of_returning):
            raise OracleError(925, "missing INTO keyword")
        parameters = calling.parameters(self, translation, binds)
        self._push()
        answer = self._within(lambda: self._connection.run(translation.sql, parameters), sql, begin=translation.locks)
        if translation.query or (translation.returning and not translation.into):
            described = answer.columns or ()
            shown = describe.columns(described[: calling.visible(translation)], self._database.origins())
            rows = calling.with_calls(self, describe.rows(described, answer.rows), translation)
            return Result(shown, rows, answer.rowcount)
        return Result(rowcount=answer.rowcount, out=_returned(translation.into, answer))

    def context(self) -> Context:
        """Who asks, for the translation."""
        return Context(
            self._database.catalog,
            self.effective_user,
            self.current_schema,
            self.grantees,
            self._package_in_sql,
            self._functions_in_sql,
            self._database.major,
        )

    def package(self, owner: str | None, name: str) -> Package | None:
        """The supplied package that *name* means here, if the session may execute it."""
        thing = self._executable(owner, name)
        return None if thing is None else self._database.packages.get((thing.owner, thing.name))

    def stored(self, owner: str | None, name: str) -> StoredText | None:
        """The stored unit that *name* means here, if the session may execute it."""
        thing = self._executable(owner, name)
        return None if thing is None else unit_store.stored_text(self._database.catalog, thing.owner, thing.name)

    def _executable(self, owner: str | None, name: str) -> Thing | None:
        catalog = self._database.catalog
        thing = catalog.resolve(owner, name, self.current_schema)
        if thing is not None:
            self.notes.add(catalog, owner, name, self.current_schema, self.effective_user)
        if thing is None or not catalog.may(self.effective_user, set(self.grantees), thing, "EXECUTE"):
            return None
        return thing

    def _package_in_sql(self, owner: str | None, name: str) -> Package | None:
        """As :meth:`package`, and the packages that the PL/SQL interpreter itself brings."""
        from oracleapi_sandbox.oracle.plsql.supplied import PACKAGES

        found = self.package(owner, name)
        return found or (PACKAGES.get(name) if owner in (None, "SYS") else None)

    def _functions_in_sql(self, path: Sequence[str]) -> Candidates | None:
        """The stored functions that SQL may call by *path*."""
        from oracleapi_sandbox.oracle.plsql.sql_calls import lookup

        return lookup(self.runner(), path)

    def columns_of(self, table: str) -> Mapping[str, Any]:
        """Columns of ``[owner.]table`` as this session means it; empty if it sees no such table."""
        owner, _, name = table.rpartition(".")
        self.notes.add(self._database.catalog, owner or None, name, self.current_schema, self.effective_user)
        thing: Thing | None = self.context().visible(owner or None, name)
        return thing.columns if thing is not None else {}

    def _translated(self, sql: str, binds: dict[str, Bind]) -> Translation:
        context = self.context()
        types = tuple(sorted((name, bind.type) for name, bind in binds.items()))
        key = (sql, types, context.catalog.version, context.user, context.schema, context.grantees)
        cache = self._database.translations
        found = cache.get(key)
        if found is None:
            try:
                found = translate(sql, binds, context)
            except OracleError as error:
                raise located(error, sql) from error.__cause__
            if len(cache) > 5000:
                cache.clear()
            cache[key] = found
        for each in found.tables:
            self.notes.add(context.catalog, *each, context.schema, context.user)
        return found

    def row_of(self, query: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
        """The only row of a PostgreSQL query."""
        self._push()
        answer = self._within(lambda: self._connection.run(query, parameters), "", begin=False)
        return next(describe.rows(answer.columns or (), answer.rows))

    def _within(self, call: Any, sql: str, *, begin: bool) -> Answer:
        """Run one PostgreSQL statement so that its failure undoes it and nothing else."""
        fresh = begin and not self._open
        if fresh:
            self.begin()
        elif self._open:
            self._control(f"savepoint {_SAVEPOINT}")
        try:
            answer: Answer = self._guarded(call, sql)
        except OracleError:
            if fresh:
                self.rollback()
            elif self._open:
                self._control(f"rollback to {_SAVEPOINT}; release {_SAVEPOINT}")
                self._pushed = None
            raise
        if self._open and not fresh:
            self._control(f"release {_SAVEPOINT}")
        return answer

    def _control(self, text: str) -> None:
        """Run transaction control; a cancellation that was meant for the statement before it does not count."""
        try:
            self._connection.script(text)
        except PostgresError as error:
            if error.sqlstate != CANCELLED:
                raise
            self._connection.script(text)

    def check_cancelled(self) -> None:
        """Raise ORA-01013 if the running call was cancelled."""
        if self._cancelled:
            raise OracleError(1013, "user requested cancel of current operation")

    def _guarded(self, call: Any, sql: str) -> Any:
        try:
            return call()
        except PostgresError as error:
            if self.deadlocked and error.sqlstate == CANCELLED:
                self.deadlocked = False
                raise OracleError(60, "deadlock detected while waiting for resource") from error
            raise to_oracle(error, self._database.catalog, sql) from error

    def begin(self) -> None:
        """Open the transaction if it is not."""
        if not self._open:
            self._control("begin")
            self._open = True
            self._transaction += 1

    def savepoint(self, name: str) -> None:
        self.begin()
        self._control(f"savepoint {name}")

    def rollback_to(self, name: str) -> None:
        """Undo what happened since the savepoint.

        Raises:
            OracleError: 1086, there is none of that name.
        """
        shown = name.strip('"')
        if not self._open:
            raise OracleError(1086, f"savepoint '{shown}' never established in this session or is invalid")
        self._control(f"savepoint {_SAVEPOINT}")
        try:
            self._control(f"rollback to {name}")
            self._pushed = None
        except PostgresError as error:
            self._control(f"rollback to {_SAVEPOINT}")
            raise OracleError(1086, f"savepoint '{shown}' never established in this session or is invalid") from error

    # PL/SQL ----------------------------------------------------------------------------------------------------------

    def runner(self) -> Runner:
        return Runner(self)

    def _block(self, sql: str, binds: dict[str, Bind]) -> Result:
        """Run a block; if it fails, what it changed since its start or its last COMMIT is undone."""
        from oracleapi_sandbox.oracle.plsql.interpreter import run_block

        self._push()
        marked = self._open
        if marked:
            self._control(f"savepoint {_BLOCK_SAVEPOINT}")
        transaction = self._transaction
        self.nesting += 1
        try:
            result = run_block(sql, binds, self.runner())
        except OracleError:
            if self._open and marked and transaction == self._transaction:
                self._control(f"rollback to {_BLOCK_SAVEPOINT}")
                self._pushed = None
            else:
                self.rollback()
            raise
        finally:
            self.nesting -= 1
        return result

    def internal_run(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a PostgreSQL statement of a supplied package as the repository's owner, in this transaction."""
        writes = not sql.lstrip()[:6].upper().startswith(("SELECT", "WITH"))
        self._changed_metadata = self._changed_metadata or writes

        def call() -> Answer:
            self._control(f"set role {REPOSITORY_ROLE}")
            try:
                return self._connection.run(numbered(sql), parameters)
            finally:
                self._reset_role()

        answer = self._within(call, "", begin=writes)
        return [tuple(row) for row in answer.rows]

    def _reset_role(self) -> None:
        self._role_in_force = None
        try:
            self._control("reset role")
        except PostgresError as error:
            if error.sqlstate != "25P02":  # in a failed transaction: rolling back resets the role as well
                raise

    # Roles and settings ----------------------------------------------------------------------------------------------

    def set_role(self, command: Reader) -> None:
        """Enable roles in place of those that are enabled, as the text behind SET ROLE says.

        Raises:
            OracleError: 6565, definer's rights are on the stack of running units; as ``enabling.by_command``.
        """
        text = f"SET ROLE {command.sql[command.token.start :]}"
        try:
            if self.definer is not None:
                raise OracleError(6565, "cannot execute SET ROLE from within stored procedure")
            self._database.set_role(self, enabling.read_command(command))
        except OracleError as error:
            self.auditor.control("SET ROLE", text, error.code)
            raise
        self.auditor.control("SET ROLE", text, 0)

    def follow_roles(self) -> None:
        """Have the roles enabled that the session has whose autonomous transaction this is."""
        if self.roles != self.root.roles:
            self._database.enable(self, self.root.roles)

    @contextmanager
    def entering(self, call: UnitCall) -> Iterator[None]:
        """Hold a stored unit on the stack: its rights are in force for what is inside.

        Raises:
            PlsqlError: 6598, the current user lends the unit's owner no privileges.
        """
        if call.rights == "CURRENT_USER" and not lends(self._database.catalog, self.effective_user, call.owner):
            from oracleapi_sandbox.oracle.plsql.errors import PlsqlError

            raise PlsqlError(6598, "insufficient INHERIT PRIVILEGES privilege")
        self.units.append(call)
        try:
            yield
        finally:
            self.units.pop()

    def set_schema(self, name: str) -> None:
        if name not in self._database.catalog.users:
            raise OracleError(1435, "user does not exist")
        self.schema = name

    def _push(self) -> None:
        """Tell PostgreSQL the session's settings, if they changed or a rollback undid them."""
        wanted = {
            "oracle.client_identifier": self.root.client_identifier or "",
            "oracle.module": self.root.module or "",
            "oracle.action": self.root.action or "",
            **self._database.driven(),
            "oracle.definer": self.definer or "",
            "oracle.contexts": contexts.as_setting(self.contexts),
            **self.settings,
        }
        if self._pushed is None:
            self._role_in_force = ""  # not known: a rollback may have put an earlier one back
        self._take_role()
        if wanted == self._pushed:
            return
        known = self._pushed or {}
        changed = {name: text for name, text in wanted.items() if known.get(name) != text}
        calls = ", ".join(f"set_config(${2 * at + 1}, ${2 * at + 2}, false)" for at in range(len(changed)))
        self._within(
            lambda: self._connection.run(f"select {calls}", [part for pair in changed.items() for part in pair]),
            "",
            begin=False,
        )
        self._pushed = wanted
        self._show_attributes()

    def _show_attributes(self) -> None:
        """Let V$SESSION show the session as it is now."""
        attributes = (self.schema, self.module, self.action, self.client_identifier)
        if attributes != self._shown:
            self._shown = attributes
            self._database.session_changed(self, attributes)

    def _take_role(self) -> None:
        """Let PostgreSQL judge by the definer whose rights are in force, or by the session's own engine role."""
        wanted = self.definer
        if wanted == self._role_in_force:
            return
        if wanted is not None:
            number = self._database.catalog.users[wanted]["user_id"]
            if self._definers.get(wanted) != number:  # a user of that name may have been dropped meanwhile
                self._database.let_act_as(self, wanted)
                self._definers[wanted] = number
        self._control("reset role" if wanted is None else f"set role {quote(wanted)}")
        self._role_in_force = wanted


def _returned(into: Sequence[str], answer: Answer) -> dict[str, Value]:
    """RETURNING INTO: one row gives values, none or several give lists."""
    if not into or answer.columns is None:
        return {}
    if len(into) != len(answer.columns):
        raise OracleError(1745 if len(into) > len(answer.columns) else 913, "too many values")
    rows = list(describe.rows(answer.columns, answer.rows))
    if len(rows) == 1:
        return dict(zip(into, rows[0], strict=True))
    return {name: [row[at] for row in rows] for at, name in enumerate(into)}
