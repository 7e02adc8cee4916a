"""The database behind the listener and the ORDS pool: accounts, sessions, DDL, dictionary views."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.engine import enabling, install, objects, passwords, supplied, unit_store, units
from oracleapi_sandbox.oracle.engine.audit import trail
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Catalog, Change, ColumnInfo, load, refreshed
from oracleapi_sandbox.oracle.engine.ddl import Ddl, execute, reader_of
from oracleapi_sandbox.oracle.engine.errors import to_oracle
from oracleapi_sandbox.oracle.engine.postgres import Postgres
from oracleapi_sandbox.oracle.engine.runner import numbered
from oracleapi_sandbox.oracle.engine.scope import Context, literal, quote
from oracleapi_sandbox.oracle.engine.session import REPOSITORY_ROLE, EngineSession
from oracleapi_sandbox.oracle.engine.settings import DatabaseSettings
from oracleapi_sandbox.oracle.engine.translate import Translation
from oracleapi_sandbox.oracle.engine.wire import Connection, PostgresError
from oracleapi_sandbox.oracle.plsql import supplied_admin
from oracleapi_sandbox.oracle.plsql.supplied_raw import DBMS_CRYPTO
from oracleapi_sandbox.oracle.ports import Account, Column, InternalSql, OracleError, Package

SEARCH_PATH = "ora, pg_catalog"


class EngineDatabase:
    """Implements ``ports.Database``."""

    def __init__(
        self,
        postgres: Postgres,
        clock: Clock,
        journal: Journal,
        name: str,
        version: str,
        services: tuple[str, ...],
        settings: DatabaseSettings,
    ) -> None:
        self.name, self.version, self.service_names, self.settings = name, version, services, settings
        self.major = int(version.split(".", 1)[0])
        self.packages: dict[tuple[str, str], Package] = {}
        self.translations: dict[Any, Translation] = {}
        self.compiled: dict[str, Any] = {}
        self._views_lost = True
        self.audit_verdicts: dict[str, bool] = {}
        self._last_instant = datetime.min
        self._postgres, self._clock, self._journal = postgres, clock, journal
        self._admin = postgres.connect(search_path=SEARCH_PATH)
        self._side = postgres.connect(search_path=SEARCH_PATH)
        self._ddl_lock, self._sessions_lock = threading.RLock(), threading.Lock()
        self._sessions: dict[int, EngineSession] = {}
        self._ids = itertools.count(secrets.randbelow(200) + 20)
        self._listeners: list[Callable[[], None]] = []
        self._versions = itertools.count(1)
        self._origins: tuple[int, Mapping[tuple[int, int], ColumnInfo]] = (0, {})
        self.catalog: Catalog

    # Life ------------------------------------------------------------------------------------------------------------

    def start(self, system_password: str | None) -> None:
        """Install what a new database holds, or take up what an earlier process left."""
        if self._postgres.fresh:
            install.schemas(self._admin)
        else:
            install.check_format(self._admin)
        self.reload()
        with self._dictionary_change():
            if self._postgres.fresh:
                install.users_and_roles(self._admin, self.now(), self.name, self.version)
        with self._dictionary_change():
            install.clean_sessions(self._admin)
            if self._postgres.fresh:
                install.views(self._ddl("SYS", "install"))
        self.register_package(DBMS_CRYPTO, None)
        for package in supplied_admin.PACKAGES:
            self.register_package(package, supplied_admin.HOLDER)
        if system_password is not None:
            self.change_password("SYSTEM", system_password)

    def close(self) -> None:
        """Close all sessions and stop PostgreSQL; the data stays."""
        with self._sessions_lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            session.close()
        self._admin.close()
        self._side.close()
        self._postgres.close()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC).replace(tzinfo=None)

    def next_instant(self) -> datetime:
        """The time, a microsecond later than any that was given before: records of the trail keep their order."""
        with self._sessions_lock:
            self._last_instant = max(self.now(), self._last_instant + timedelta(microseconds=1))
            return self._last_instant

    def driven_clock(self) -> str:
        """The double's time in seconds since the epoch if a test drives it, else empty: PostgreSQL's own clock."""
        now = self._clock.now()
        return "" if abs(now - datetime.now(UTC).timestamp()) < 1 else str(now)

    def driven(self) -> dict[str, str]:
        """What PostgreSQL must know of the double's clock and switches, as settings of a connection."""
        switches = {
            "oracle.rollover_lingers": self.settings.rollover_status_lingers,
            "oracle.rollover_in_seconds": self.settings.rollover_limit_in_seconds,
        }
        return {"oracle.clock": self.driven_clock(), **{name: "on" if on else "off" for name, on in switches.items()}}

    # Accounts --------------------------------------------------------------------------------------------------------

    def account(self, username: str) -> Account | None:
        """See ``ports.Database``; SYS has no verifier and cannot log in."""
        with self._side.lock:
            self._side_clock()
            rows = self._side.run(
                "select ora.account_status(u), u.verifiers::varchar, ora.in_rollover(u)"
                " from ora_meta.users u where username = $1",
                [username],
            ).rows
        if not rows:
            return None
        status, kept, in_rollover = rows[0]
        verifiers = passwords.verifiers_of(kept)
        return Account(username, status, tuple(verifiers if in_rollover else verifiers[:1]))

    def login_failed(self, username: str) -> None:
        """Count a wrong password; the profile's FAILED_LOGIN_ATTEMPTS locks the account for a time."""
        trail.refused_logon(self, username, None, 1017)
        user = self.catalog.users.get(username)
        if user is None:
            return
        limit = self.catalog.limit(user["profile"], "FAILED_LOGIN_ATTEMPTS")
        most = 2**31 - 1 if limit == "UNLIMITED" else int(limit)
        with self._dictionary_change(reload=False):
            self._drop_old_password(username)
            self._admin.run(
                "update ora_meta.users u set locked = '', failures = 0"
                " where username = $1 and locked = 'TIMED' and ora.account_status(u) not like '%TIMED%'",
                [username],
            )
            self._admin.run("update ora_meta.users set failures = failures + 1 where username = $1", [username])
            self._admin.run(
                "update ora_meta.users set locked = 'TIMED', lock_date = $3::timestamp"
                " where username = $1 and locked = '' and failures >= $2::int",
                [username, most, self.now()],
            )

    def login_succeeded(self, username: str) -> None:
        """Forget failures; a password past its life time enters its grace time."""
        user = self.catalog.users.get(username)
        if user is None:
            return
        life, grace = (self.catalog.limit(user["profile"], f"PASSWORD_{each}_TIME") for each in ("LIFE", "GRACE"))
        with self._dictionary_change(reload=False):
            self._drop_old_password(username)
            self._admin.run(
                "update ora_meta.users set failures = 0, last_login = $2::timestamp,"
                " locked = case when locked = 'TIMED' then '' else locked end,"
                " grace_until = case when grace_until is null and password_date + ora.days($3) < $2::timestamp"
                " then $2::timestamp + coalesce(ora.days($4), interval '100 years') else grace_until end"
                " where username = $1",
                [username, self.now(), life, grace],
            )

    def _drop_old_password(self, username: str) -> None:
        """Drop the old password at the first attempt to log on after its rollover. [D]"""
        self._admin.run(
            "update ora_meta.users u set verifiers = jsonb_build_array(verifiers -> 0)"
            " where username = $1 and jsonb_array_length(verifiers) > 1 and not ora.in_rollover(u)",
            [username],
        )

    def change_password(self, username: str, new_password: str, *, old_password: str | None = None) -> None:
        """See ``ports.Database``; without *old_password* it is set as the installation does, and not judged."""
        user = self.catalog.users.get(username)
        if user is None:
            raise OracleError(1918, f"user '{username}' does not exist")
        wanted = passwords.Change(username, user["profile"], new_password, old_password, own=True)
        with self._dictionary_change():
            ddl = self._ddl(username, "x")
            if old_password is None:
                passwords.store(ddl, wanted, rollover=False)
            else:
                passwords.check_length(new_password, self.major)
                passwords.change(ddl, wanted)

    # Sessions --------------------------------------------------------------------------------------------------------

    def open_session(self, user: str, *, proxy_user: str | None = None, old_password: bool = False) -> EngineSession:
        """See ``ports.Database``; a refusal is a failed log-on, which may be audited."""
        try:
            session = self.connect(user, proxy_user, self._admitted(user, proxy_user))
        except OracleError as error:
            trail.refused_logon(self, user, proxy_user, error.code)
            raise
        session.auditor.logon({"CREATE SESSION"}, old_password=old_password)
        return session

    def _admitted(self, user: str, proxy_user: str | None) -> frozenset[str]:
        """Check that a session may be opened; returns the roles that it has enabled."""
        account = self.account(user)
        if account is None:
            raise OracleError(1918, f"user '{user}' does not exist")
        if "LOCKED" in account.status:
            raise OracleError(28000, "The account is locked.")
        if proxy_user is not None:
            clause = self.catalog.proxies.get((proxy_user, user))
            if clause is None:
                raise OracleError(28150, "proxy not authorized to connect as client")
            if clause["authenticated"]:
                raise OracleError(28183, "proper authentication not provided by proxy")
        roles = enabling.at_logon(self.catalog, user, proxy_user)
        grantees = {PUBLIC, user, *roles}
        if not self.catalog.has_system(grantees, "CREATE SESSION"):
            raise OracleError(1045, f"user {user} lacks CREATE SESSION privilege; logon denied")
        return roles

    def connect(
        self, user: str, proxy_user: str | None, roles: frozenset[str], *, of: int | None = None
    ) -> EngineSession:
        """Open an engine session without asking whether *user* may log in.

        Autonomous transactions run in one *of* the session that began them, and are seen as that session.
        """
        sid, password = next(self._ids), secrets.token_hex(16)
        role, serial = f"$S{sid}", secrets.randbelow(60000) + 1
        with self._side.lock:
            self._side.script(
                f"create role {quote(role)} login password '{password}';"
                f"grant {quote(user)} to {quote(role)} with inherit true, set false;"
                f"grant {REPOSITORY_ROLE} to {quote(role)} with inherit false, set true;"
            )
        connection = self._postgres.connect(user=role, password=password, search_path=SEARCH_PATH)
        session = EngineSession(self, connection, user, proxy_user, sid, serial)
        with self._side.lock:
            self._side.run(
                "insert into ora_meta.sessions (role, sid, serial, username, schema, proxy_user, logon, pid, of_sid)"
                " values ($1, $2, $3, $4, $4, $5, $6, $7, $8::int)",
                [role, sid, serial, user, proxy_user, self.now(), connection.pid, of],
            )
        with self._sessions_lock:
            self._sessions[sid] = session
        self.enable(session, roles)
        return session

    def set_role(self, session: EngineSession, command: enabling.Command) -> None:
        """Enable what *command* says in place of what is enabled; see ``enabling.by_command``."""
        with self._ddl_lock:
            self.enable(session, enabling.by_command(self.catalog, session, command))

    def enable(self, session: EngineSession, wanted: frozenset[str]) -> None:
        """Let *session* have exactly the roles *wanted* enabled: its engine role becomes a member of each."""
        gone = [quote(name) for name in session.roles - wanted if name in self.catalog.roles]
        new = [quote(name) for name in wanted - session.roles]
        member = quote(session.role)
        parts = [f"revoke {', '.join(gone)} from {member};"] if gone else []
        parts += [f"grant {', '.join(new)} to {member} with inherit true, set false;"] if new else []
        listed = ", ".join(literal(name) for name in sorted(wanted))
        parts.append(
            f"update ora_meta.sessions set roles = array[{listed}]::text[] where role = {literal(session.role)};"
        )
        with self._side.lock:
            self._side.script("".join(parts))
        session.roles = wanted

    def role_dropped(self, name: str) -> None:
        """Take a dropped role from the sessions that had it enabled."""
        with self._sessions_lock:
            holders = [session for session in self._sessions.values() if name in session.roles]
        for session in holders:
            session.roles -= {name}
        self._admin.run("update ora_meta.sessions set roles = array_remove(roles, $1) where $1 = any (roles)", [name])

    def let_act_as(self, session: EngineSession, owner: str) -> None:
        """Let a session's engine role take the place of *owner*'s, for definer's rights; text cannot ask for it."""
        inherits = "true" if owner == session.user else "false"
        with self._side.lock:
            self._side.script(f"grant {quote(owner)} to {quote(session.role)} with inherit {inherits}, set true")

    def session_changed(self, session: EngineSession, attributes: Sequence[str | None]) -> None:
        """Show a session's schema, module, action and identifier in V$SESSION; PostgreSQL keeps no NUL."""
        with self._side.lock:
            self._side.run(
                "update ora_meta.sessions set schema = $2, module = $3, action = $4, client_identifier = $5"
                " where role = $1",
                [session.role, *(each and each.replace("\0", "?") for each in attributes)],
            )

    def session_closed(self, session: EngineSession) -> None:
        with self._sessions_lock:
            self._sessions.pop(session.session_id, None)
        with self._side.lock:
            self._side.script(
                f"delete from ora_meta.sessions where sid = {session.session_id}; drop role {quote(session.role)}"
            )

    def sessions_of(self, user: str) -> list[EngineSession]:
        with self._sessions_lock:
            return [session for session in self._sessions.values() if session.user == user]

    def blockers_of(self, pid: int) -> set[int]:
        """The processes whose locks a process waits for."""
        with self._side.lock:
            return {int(row[0]) for row in self._side.run("select unnest(pg_blocking_pids($1::int))", [pid]).rows}

    def cancel(self, pid: int) -> None:
        with self._side.lock:
            self._side.run("select pg_cancel_backend($1::int)", [pid])

    def journal_statement(self, session: EngineSession, kind: str, sql: str, rows: int, error: int | None) -> None:
        self._journal.add(
            {
                "time": self._clock.now(),
                "session": session.session_id,
                "user": session.user,
                "proxy": session.proxy_user,
                "roles": sorted(session.roles),
                "kind": kind,
                "sql": sql,
                "rows": rows,
                "error": None if error is None else f"ORA-{error:05d}",
            }
        )

    def script_aside(self, script: str) -> None:
        """As :meth:`run_aside`, for several statements without parameters."""
        with self._side.lock:
            self._side.script(script)

    def run_aside(self, sql: str, parameters: Sequence[Any]) -> None:
        """Run a statement on the dictionary that lasts whatever becomes of the session's transaction."""
        with self._side.lock:
            self._side.run(sql, parameters)

    # DDL and dictionary ----------------------------------------------------------------------------------------------

    def run_ddl(
        self, session: EngineSession, sql: str, *, definer: str | None = None, autonomous: bool = False
    ) -> bool:
        """Run a DDL statement of *session*, or of *definer*'s code in it; says whether what it compiled is valid."""
        if not autonomous:
            session.commit()
        with self._ddl_lock:  # what a statement decides by is the dictionary that it changes
            ddl = self._ddl(definer or session.effective_user, sql, session, definer)
            former = self.catalog
            try:
                with self._dictionary_change(ddl=ddl):
                    execute(ddl)
            except OracleError as error:
                session.auditor.ddl(sql, (), error.code)
                raise
            session.auditor.ddl(sql, ddl.needed, 0)
            self._views_lost = self._views_lost or ddl.changes is None
            if self._views_lost:
                self._revive_views()
            affected = unit_store.invalidated(former, self.catalog)
            if affected is not None:
                self.script_aside(affected)
        self.committed()
        return units.compile_units(session, ddl.compile)

    def _revive_views(self) -> None:
        with self._dictionary_change(reload=False):
            revived, lost = objects.revive_views(self._ddl("SYS", "install"))
        self._views_lost = revived < lost
        if revived:
            self.reload()

    def _ddl(self, user: str, sql: str, session: EngineSession | None = None, definer: str | None = None) -> Ddl:
        if session is None or definer is not None:
            roles = self.catalog.closure(self.catalog.role_grants.get(user, {})) if hasattr(self, "catalog") else set()
            grantees = frozenset({PUBLIC, user, *roles})
            context = Context(self.catalog, user, user, grantees, lambda *_: None, lambda _: None, self.major)
        else:
            context = session.context()
        return Ddl(self, self._admin, self.catalog, context, reader_of(sql), self.now(), session)

    @contextmanager
    def _dictionary_change(self, *, reload: bool = True, ddl: Ddl | None = None) -> Iterator[None]:
        """One transaction on the dictionary; afterwards what *ddl* changed is read anew, or everything, or nothing."""
        with self._ddl_lock:
            driven = "".join(f"; set local {name} = '{value}'" for name, value in self.driven().items())
            self._admin.script(f"begin; set local lock_timeout = '300ms'{driven}")
            try:
                yield
                self._admin.script("commit")
            except BaseException as error:
                self._admin.script("rollback")
                if isinstance(error, PostgresError):
                    raise to_oracle(error, self.catalog) from error
                raise
            if reload:
                self.reload(None if ddl is None else ddl.changes)

    def reload(self, changes: set[Change] | None = None) -> None:
        """Read the dictionary anew, or the rows that *changes* names."""
        version = next(self._versions)
        self.catalog = (
            load(self._admin, version) if changes is None else refreshed(self._admin, self.catalog, version, changes)
        )
        self.translations.clear()

    def origins(self) -> Mapping[tuple[int, int], ColumnInfo]:
        """The dictionary's columns by PostgreSQL's table and attribute numbers."""
        catalog = self.catalog
        if self._origins[0] != catalog.shape:
            with self._side.lock:
                rows = self._side.run(
                    "select a.attrelid::int8, a.attnum, n.nspname, c.relname, a.attname from pg_attribute a"
                    " join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'v')"
                    " join pg_namespace n on n.oid = c.relnamespace where a.attnum > 0 and not a.attisdropped"
                    " and exists (select from ora_meta.users u where u.username = n.nspname)"
                ).rows
            found = {}
            for table, attribute, owner, name, column in rows:
                thing = catalog.objects.get((owner, name))
                if thing is not None and column in thing.columns:
                    found[(table, attribute)] = thing.columns[column]
            self._origins = (catalog.shape, found)
        return self._origins[1]

    def _side_clock(self) -> None:
        for name, value in self.driven().items():
            self._side.run("select set_config($1, $2, false)", [name, value])

    # For supplied packages -------------------------------------------------------------------------------------------

    def register_package(self, package: Package, executable_by: str | None = PUBLIC) -> None:
        """Make a supplied package known under a public synonym, executable by a role, a user, PUBLIC or nobody yet."""
        with self._dictionary_change():
            supplied.package(self._ddl("SYS", "install"), package, executable_by)
        self.packages[(package.owner, package.name)] = package

    def register_view(
        self,
        owner: str,
        name: str,
        postgres_sql: str,
        visible_to: str = PUBLIC,
        columns: Sequence[Column] = (),
    ) -> None:
        """Create (or replace) a dictionary view with a public synonym.

        *postgres_sql* selects upper-case column names, with the repository owner's rights; ``ora.session_user_name()``
        and ``ora.current_schema_name()`` say who asks. *visible_to* is a role, a user or PUBLIC. Without *columns* the
        Oracle types come from PostgreSQL's description.
        """
        with self._dictionary_change():
            ddl = self._ddl("SYS", "install")
            supplied.view(ddl, owner, name, postgres_sql, visible_to, name, columns, REPOSITORY_ROLE)

    @contextmanager
    def internal(self) -> Iterator[InternalSql]:
        """Run PostgreSQL statements as the repository's owner in one transaction of their own."""
        with self._side.lock:
            self._side.script(f"begin; set local role {REPOSITORY_ROLE}")
            try:
                yield _Internal(self._side)
                self._side.script("commit")
            except BaseException:
                self._side.script("rollback")
                raise

    def on_commit(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def committed(self) -> None:
        """Tell the listeners that ORDS metadata or the dictionary may have changed."""
        for listener in self._listeners:
            listener()


class _Internal:
    """Implements ``ports.InternalSql`` outside any session."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.run(numbered(sql), params).rows]


def open_database(
    state: Path,
    *,
    clock: Clock,
    journal: Journal,
    packages: Sequence[tuple[Package, str]] = (),
    system_password: str | None = None,
    name: str = "FREEPDB1",
    version: str = "19.22.0.0.0",
    service_names: tuple[str, ...] = (),
    settings: DatabaseSettings | None = None,
) -> EngineDatabase:
    """Open the database whose data belongs to *state*, making it at the first time.

    Args:
        packages: Supplied packages, each with the role, user or PUBLIC that may execute it.
        system_password: SYSTEM's password; ``None`` leaves it as it is (a new database: no login as SYSTEM).
        version: Decides syntax that came with 23ai (SELECT without FROM, several VALUES rows, BOOLEAN).

    Raises:
        RuntimeError: The state is open in another process, or PostgreSQL does not start.
    """
    postgres = Postgres(state)
    try:
        database = EngineDatabase(
            postgres, clock, journal, name, version, service_names or (name,), settings or DatabaseSettings()
        )
    except BaseException:
        postgres.close()
        raise
    try:
        database.start(system_password)
        for package, executable_by in packages:
            database.register_package(package, executable_by)
    except BaseException:
        database.close()
        raise
    return database
