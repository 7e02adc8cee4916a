"""One database: a pool of at most two sessions, dictionary reads into values, actions into blocks."""

import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import oracledb

from oracleapi.adapters.oracle import accounts, guard_rows, profiles, roles, statements
from oracleapi.adapters.oracle.errors import full_code, translated
from oracleapi.adapters.oracle.knock import knock
from oracleapi.adapters.oracle.trust import address
from oracleapi.adapters.oracle.verdicts import LOGIN_RETRY_S, RIGHTS
from oracleapi.api import reasons
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Retryable, Terminal
from oracleapi.model.account import AccountAction, ObservedAccount, RefusedHolding
from oracleapi.model.guard import GuardAction, ObservedBinding, ObservedGuard
from oracleapi.model.role import GUARD_SCHEMA, ObservedRole, RefusedGrant, RoleAction
from oracleapi.model.rollover import GiveProfile, Profile
from oracleapi.model.schema import (
    ChangeSchema,
    DisableSchema,
    EnableSchema,
    Handler,
    HandlerParameter,
    JwtProfile,
    Module,
    ObservedSchema,
    Privilege,
    SchemaAction,
)
from oracleapi.ports import DatabaseFacts

CALL_TIMEOUT_MS = 30_000
LOGIN_TRIES = 2
LOGIN_REST_S = 900.0
NO_SESSION = "DPY-4005"
POOL_LOGINS = 2
"""How often the driver's pool sends a login that is refused."""
ANSWER_LIMIT_S = 10.0
CLOSE_LIMIT_S = 5.0
REQUIRED_ROLES = ("ORDS_ADMINISTRATOR_ROLE",)
BUILT_IN = "oracle."
RUNTIME_ROLE = "ORDS_RUNTIME_ROLE"
"""What ORDS_ADMIN.PROVISION_RUNTIME_ROLE gives to the account that ORDS connects with."""
GUARD_READABLE = roles.READABLE | guard_rows.READABLE
TOO_POWERFUL = ("DBA", "ORDS_ADMINISTRATOR_ROLE")
"""Roles that no schema of handlers may hold: with the second a handler could write handlers into other schemas."""


class OracleDatabase:
    """Fulfils :class:`oracleapi.ports.Oracle`."""

    def __init__(
        self, connection: Connection, username: str, password: str, context: ssl.SSLContext | None = None
    ) -> None:
        oracledb.defaults.fetch_lobs = False
        # where the driver has not decided yet, a first connect that nobody answers holds up every other database
        oracledb.enable_thin_mode()  # type: ignore[no-untyped-call]
        self._parameters = oracledb.PoolParams(
            **address(connection, context),
            min=0,
            max=2,
            increment=1,
            timeout=60,
            getmode=oracledb.POOL_GETMODE_TIMEDWAIT,
            wait_timeout=10_000,
            session_callback=_set_call_timeout,
        )
        self._username, self._password = username, password
        self._answer_limit_s = connection.tcp_connect_timeout_seconds + ANSWER_LIMIT_S
        self._pool: oracledb.ConnectionPool | None = None
        self._lock = threading.Lock()
        self._refused, self._refused_at = 0, 0.0  # logins refused in a row, and when the last one was
        self._answers = False  # whether the last session came about

    def close(self) -> None:
        """Close the pool; running calls end first, and a session that nobody answers is left behind."""
        closing = self._leave(self._pool)
        if closing is not None:
            closing.join(CLOSE_LIMIT_S)

    def _leave(self, pool: oracledb.ConnectionPool | None) -> threading.Thread | None:
        """Have *pool* closed by a thread of its own and forget it, if nobody did before."""
        with self._lock:
            if pool is None or pool is not self._pool:
                return None
            self._pool = None
        closing = threading.Thread(target=pool.close, kwargs={"force": True}, name="close-pool", daemon=True)
        closing.start()
        return closing

    def facts(self) -> DatabaseFacts:
        with self._session("reading the database's version") as connection:
            cursor = connection.cursor()
            enabled = {row[0] for row in cursor.execute(statements.ROLES)}
            lacking = [role for role in REQUIRED_ROLES if role not in enabled]
            missing = (*lacking, *(right for right, query in statements.READABLE.items() if not _may(cursor, query)))
            if not missing:
                cursor.execute(statements.FACTS)
                row = cursor.fetchone()
        if missing:
            self.close()  # a session keeps the roles it began with: a grant is seen by the next one
            return DatabaseFacts("", "", "", missing)
        version, ords, guid = row if row is not None else ("", "", "")
        return DatabaseFacts(version or "", ords or "", guid or "", ())

    def observe_schema(self, schema: str) -> ObservedSchema:
        with self._session(f"reading the ORDS metadata of {schema}") as connection:
            cursor = connection.cursor()

            def rows(statement: str) -> list[tuple[Any, ...]]:
                return list(cursor.execute(statement, schema_name=schema))

            observed = to_schema(schema, rows(statements.SCHEMA))
            if observed.alias is None:
                return observed
            return replace(
                observed,
                modules=to_modules(rows(statements.HANDLERS), rows(statements.PARAMETERS)),
                privileges=to_privileges(rows(statements.PRIVILEGES)),
                roles=frozenset(row[0] for row in rows(statements.ORDS_ROLES)),
                profile=to_profile(rows(statements.PROFILE)),
            )

    def apply(self, action: SchemaAction) -> None:
        match action:
            case EnableSchema():
                block = statements.build_enable(action)
            case DisableSchema():
                block = statements.build_disable(action)
            case ChangeSchema():
                block = statements.build_change(action)
        with self._session(action.describe()) as connection:
            connection.cursor().execute(block.text(), block.binds)

    def observe_role(self, name: str, objects: Sequence[str]) -> ObservedRole:
        with self._session(f"reading role {name}") as connection:
            cursor = connection.cursor()
            with _missing_named(cursor, roles.READABLE):
                return roles.observe(cursor, name, objects)

    def apply_role(self, action: RoleAction) -> Sequence[RefusedGrant]:
        with self._session(action.describe()) as connection:
            return roles.apply(connection, action)

    def observe_guard(self, owner: str, schema: str) -> ObservedGuard:
        with self._session(f"reading the guard's rows of {schema}") as connection:
            cursor = connection.cursor()
            with _missing_named(cursor, GUARD_READABLE):
                return guard_rows.observe_guard(cursor, owner, schema)

    def observe_binding(self, binding: str, api: str, schema: str, role: str) -> ObservedBinding:
        with self._session(f"reading the bindings to role {role}") as connection:
            cursor = connection.cursor()
            with _missing_named(cursor, GUARD_READABLE):
                return guard_rows.observe_binding(cursor, binding, api, schema, role)

    def apply_guard(self, action: GuardAction) -> None:
        with self._session(action.describe()) as connection:
            guard_rows.apply(connection, action)

    def observe_account(self, name: str, whole: bool = True) -> ObservedAccount | None:
        with self._session(f"reading account {name}") as connection:
            cursor = connection.cursor()
            with _missing_named(cursor, accounts.readable(connection, whole)):
                return accounts.observe(cursor, name, whole)

    def observe_profiles(self, source: str, own: str) -> Mapping[str, Profile]:
        with self._session(f"reading profile {source}") as connection:
            cursor = connection.cursor()
            with _missing_named(cursor, accounts.SEEN):
                return profiles.observe(cursor, source, own)

    def apply_profile(self, action: GiveProfile) -> None:
        with self._session(action.describe()) as connection:
            profiles.give(connection, action)

    def apply_account(self, action: AccountAction) -> Sequence[RefusedHolding]:
        with self._session(action.describe()) as connection:
            return accounts.apply(connection, action)

    @contextmanager
    def _session(self, doing: str) -> Iterator[oracledb.Connection]:
        """Lend a pooled session; one that failed is rolled back by the pool when it comes back.

        Raises:
            Retryable: ``LoginDenied``; after two refused logins no third is sent for a while, since accounts lock.
        """
        left = self._refused_at + LOGIN_REST_S - time.monotonic()
        if self._refused >= LOGIN_TRIES and left > 0:
            raise Retryable(
                reasons.LOGIN_DENIED,
                f"{doing}: {LOGIN_TRIES} logins were refused, and accounts lock; mend the Secret, or the account, which"
                f" is tried again {LOGIN_REST_S / 60:.0f} minutes after the last try",
                min(left, LOGIN_RETRY_S),
            )
        logins = POOL_LOGINS if self._answers else 1
        try:
            with translated(doing), self._acquire() as connection:
                self._refused, self._answers = 0, True
                yield connection
        except OperatorError as error:
            if error.reason in (reasons.LOGIN_DENIED, reasons.DATABASE_UNREACHABLE):
                self._answers = False
            if error.reason == reasons.LOGIN_DENIED:
                self._refused, self._refused_at = self._refused + logins, time.monotonic()
            raise

    def _acquire(self) -> oracledb.Connection:
        """Return a pooled session; the pool is asked for one only where somebody answers."""
        if not self._answers:
            knock(self._connect, self._answer_limit_s)
        pool = self._open_pool()
        try:
            return pool.acquire()
        except oracledb.DatabaseError as error:
            if full_code(error) == NO_SESSION and pool.opened == 0:
                self._leave(pool)  # it waits for a listener that says nothing, and would for ever
            raise

    def _connect(self) -> oracledb.Connection:
        return oracledb.connect(user=self._username, password=self._password, params=self._parameters)

    def _open_pool(self) -> oracledb.ConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = oracledb.create_pool(
                    user=self._username,
                    password=self._password,
                    params=self._parameters,
                )
            return self._pool


def _may(cursor: oracledb.Cursor, query: str) -> bool:
    """Say whether *query* may be run; other errors than missing rights go up."""
    try:
        cursor.execute(query)
    except oracledb.DatabaseError as error:
        if full_code(error) in RIGHTS:
            return False
        raise
    return True


@contextmanager
def _missing_named(cursor: oracledb.Cursor, readable: Mapping[str, str]) -> Iterator[None]:
    """Name what the reads of the block lack; the error of the read is raised where nothing is found.

    Raises:
        Terminal: ``GuardMissing``, ``PrivilegesMissing``.
    """
    try:
        yield
    except oracledb.DatabaseError as error:
        if full_code(error) not in RIGHTS:
            raise
        missing = [right for right, query in readable.items() if not _may(cursor, query)]
        if missing and all(GUARD_SCHEMA in right for right in missing):
            raise Terminal(
                reasons.GUARD_MISSING,
                f"{', '.join(missing)}: schema ORACLEAPI is not installed here, or not granted to the operator's"
                " account; a DBA installs it, see docs/guard.md",
            ) from error
        if missing:
            raise Terminal(
                reasons.PRIVILEGES_MISSING,
                f"the operator's account lacks {', '.join(missing)}; grant it, see docs/database.md",
            ) from error
        raise


def _set_call_timeout(connection: oracledb.Connection, _tag: str | None) -> None:
    """Set once, right after connect: setting it on a dead session kills the interpreter (python-oracledb 26.1)."""
    connection.call_timeout = CALL_TIMEOUT_MS


def open_database(
    connection: Connection, secret: Mapping[str, str], context: ssl.SSLContext | None = None
) -> OracleDatabase:
    """Return the database of *connection* with the account in *secret*; *context* is for TCPS.

    Raises:
        Terminal: ``CredentialsMissing``, the Secret lacks a key.
    """
    for key in ("username", "password"):
        if not secret.get(key):
            raise Terminal(
                reasons.CREDENTIALS_MISSING, f"the secret of OracleDatabase.spec.credentials has no key {key}; add it"
            )
    return OracleDatabase(connection, secret["username"], secret["password"], context)


def to_schema(schema: str, rows: list[tuple[Any, ...]]) -> ObservedSchema:
    """Return what is known of a schema apart from its metadata; no row means that there is no such schema."""
    if not rows:
        return ObservedSchema(schema, exists=False)
    alias, status, guid, maintained, account, _, _ = rows[0]
    held = {(kind, name) for *_, kind, name in rows}
    powers = [
        *(["is maintained by Oracle"] if maintained == "Y" else []),
        *(["is the operator's own account"] if account == schema else []),
        *(["is an account that ORDS itself logs in with"] if ("role", RUNTIME_ROLE) in held else []),
        *(f"holds {role}" for role in TOO_POWERFUL if ("role", role) in held),
        *(f"holds {name}" for name in sorted({name for kind, name in held if kind == "privilege"})),
    ]
    return ObservedSchema(
        schema, exists=True, alias=alias, enabled=status == "ENABLED", pdb_guid=guid or "", powers=tuple(powers)
    )


def to_modules(handlers: list[tuple[Any, ...]], parameters: list[tuple[Any, ...]]) -> Mapping[str, Module]:
    """Return the modules of a schema from the two reads; a module without handlers is there all the same."""
    by_handler: dict[Any, list[HandlerParameter]] = {}
    for handler_id, name, bind, source, type_, access in parameters:
        by_handler.setdefault(handler_id, []).append(HandlerParameter(name, bind or "", source, type_, access))
    modules: dict[str, Module] = {}
    for name, prefix, page, status, comments, pattern, handler_id, method, source_type, items, source in handlers:
        module = modules.setdefault(
            name, Module(name, f"/{(prefix or '').strip('/')}/", int(page or 0), {}, comments or "", status)
        )
        if handler_id is None:
            continue
        handler = Handler(
            source_type, source or "", None if items is None else int(items),
            tuple(sorted(by_handler.get(handler_id, []))),
        )  # fmt: skip
        modules[name] = replace(module, handlers={**module.handlers, (pattern, method): handler})
    return modules


def to_privileges(rows: list[tuple[Any, ...]]) -> Mapping[str, Privilege]:
    """Return the privileges of a schema, those that ORDS makes itself left out."""
    grouped: dict[str, dict[str, list[str]]] = {}
    comments: dict[str, str] = {}
    for name, comment, kind, value in rows:
        if name.startswith(BUILT_IN):
            continue
        comments[name] = comment or ""
        lists = grouped.setdefault(name, {"pattern": [], "role": [], "module": []})
        if kind is not None:
            lists[kind].append(value)
    return {
        name: Privilege(
            name,
            tuple(sorted(lists["pattern"])),
            tuple(sorted(lists["role"])),
            comments[name],
            tuple(sorted(lists["module"])),
        )
        for name, lists in grouped.items()
    }


def to_profile(rows: list[tuple[Any, ...]]) -> JwtProfile | None:
    """Return the one profile of a schema, or ``None``."""
    if not rows:
        return None
    if len(rows) > 1:
        raise Retryable(reasons.ORACLE_BUSY, "the dictionary shows two JWT profiles of one schema; reading again")
    issuer, audience, jwk_url, description = rows[0]
    return JwtProfile(issuer, audience, jwk_url, description or "")
