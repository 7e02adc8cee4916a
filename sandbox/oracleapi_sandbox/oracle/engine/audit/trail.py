"""One session's events, written to the trail: at once, whatever becomes of the session's transaction. [D]"""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oracleapi_sandbox.oracle.engine.audit import actions
from oracleapi_sandbox.oracle.engine.audit.rules import ALWAYS, Act, Event, Policy, Watch, query_of
from oracleapi_sandbox.oracle.engine.catalog import ANY_PRIVILEGES, Catalog
from oracleapi_sandbox.oracle.engine.text import masked, tokens_of
from oracleapi_sandbox.oracle.engine.wire import ConnectionLostError
from oracleapi_sandbox.oracle.ports import Bind, OracleError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.database import EngineDatabase
    from oracleapi_sandbox.oracle.engine.session import EngineSession

log = logging.getLogger(__name__)

_VERBS = {"WITH": ("SELECT",), "(": ("SELECT",), "MERGE": ("SELECT", "INSERT", "UPDATE")}
_COLUMNS = ("TARGET_USER", "ROLE", "SYSTEM_PRIVILEGE", "OBJECT_PRIVILEGES")
DATABASE = "(TYPE=(DATABASE));"


def watch_of(catalog: Catalog, user: str, at_logon: Catalog, *, at_once: bool = True) -> Watch:
    """Return what sessions of *user* that began under *at_logon* are watched for now; *at_once*: on objects too."""
    catalog = catalog if at_once else at_logon
    return Watch(
        user,
        at_logon.audit,
        at_logon.role_grants.get(user, {}).keys(),
        catalog.audit,
        catalog.role_grants.get(user, {}).keys(),
        catalog.sys_grants,
    )


class Auditor:
    """Records what a session does as its policies ask; an autonomous transaction is the session's doing too."""

    def __init__(self, session: "EngineSession") -> None:
        self.session = self._session = session
        self._at_logon = session.database.catalog
        self._version = 0
        self._watch: Watch
        self._verdicts: dict[str, bool] = {}
        self._statements = self._entries = 0
        self._evaluating = False

    @property
    def watch(self) -> Watch:
        catalog = self._session.database.catalog
        if self._version != catalog.version:
            at_once = self._session.database.settings.audit_objects_at_once
            self._watch = watch_of(catalog, self._session.user, self._at_logon, at_once=at_once)
            self._version = catalog.version
        return self._watch

    def query(self, sql: str, binds: Mapping[str, Bind], code: int) -> None:
        """A query or DML statement ended."""
        if self._evaluating:
            return
        first = tokens_of(sql)[0].text
        if not self.watch.cares_for(_VERBS.get(first, ("SELECT", first)), ANY_PRIVILEGES):
            return
        found = actions.of_query(sql, self._session.database.catalog, self._session.current_schema)
        self._record(found, sql, binds, code, None)

    def ddl(self, sql: str, privileges: Collection[str], code: int) -> None:
        """A DDL statement ended; *privileges* are those that it needed."""
        try:
            found = actions.of_ddl(sql, self._session.database.catalog, self._session.current_schema)
        except OracleError:
            return  # a text that is no statement
        self._record(found, sql, {}, code, frozenset(privileges))

    def control(self, name: str, sql: str, code: int) -> None:
        """A statement of transaction or session control ended."""
        if self.watch.cares_for((name,)):
            self._record((Act(name, name),), sql, {}, code, frozenset())

    @contextmanager
    def execution(self, owner: str, name: str) -> Iterator[None]:
        """What is inside runs a stored or supplied unit."""
        act = Act("EXECUTE", "EXECUTE", owner, name)
        try:
            yield
        except OracleError as error:
            self._record((act,), self._session.text, {}, error.code, None)
            raise
        self._record((act,), self._session.text, {}, 0, None)

    def logon(self, privileges: Collection[str], *, old_password: bool) -> None:
        """A log-on; the verifier ends with -OLD for the old password of a rollover. [D: Security Guide]"""
        verifier = "12C-OLD" if old_password else "12C"
        act = Act("LOGON", "LOGON", more=(("AUTHENTICATION_TYPE", f"{DATABASE}(LOGON_INFO=((VERIFIER={verifier})));"),))
        self._record((act,), "", {}, 0, frozenset(privileges))

    def logoff(self) -> None:
        self._record((Act("LOGOFF", "LOGOFF"),), "", {}, 0, frozenset())

    def _record(
        self, found: Collection[Act], sql: str, binds: Mapping[str, Bind], code: int, used: frozenset[str] | None
    ) -> None:
        """Write a row for each act that a policy asks for; *used* as ``None``: what access to the object needed."""
        session = self._session
        self._statements += 1
        for act in found:
            privileges = self._needed(act) if used is None else used
            event = Event(act, code, privileges, self._is_top_level(act))
            policies = [each for each in self.watch.policies_for(event) if self._holds(each)]
            if not policies and act.name not in ALWAYS:
                continue
            self._entries += 1
            write(
                session.database,
                {
                    "sessionid": session.session_id,
                    "dbusername": session.user,
                    "dbproxy_username": session.proxy_user,
                    "client_identifier": session.client_identifier,
                    "os_process": str(session.process),
                    "current_user": session.effective_user,
                    "entry_id": self._entries,
                    "statement_id": self._statements,
                    "sql_text": sql and masked(sql, tokens_of(sql), literals=False, mark="*"),
                    "sql_binds": _binds(binds),
                    "application_contexts": self._contexts(),
                    "policies": ", ".join(policy.name for policy in policies),
                },
                event,
            )

    def _is_top_level(self, act: Act) -> bool:
        """Say whether the client asked for it: by a statement of its own, or in a block that calls a unit."""
        inside = self._session.nesting - (act.name == "EXECUTE")
        return inside <= 0 and not self._session.units

    def _needed(self, act: Act) -> frozenset[str]:
        """The ANY privilege without which the session could not have done it."""
        catalog = self._session.database.catalog
        thing = catalog.objects.get((act.owner or "", act.object or ""))
        if thing is None:
            return frozenset()
        session = self._session
        privilege = catalog.any_privilege(session.effective_user, set(session.grantees), thing, act.on_object)
        return frozenset() if privilege is None else frozenset({privilege})

    def _holds(self, policy: Policy) -> bool:
        """Evaluate a policy's condition, as often as it says."""
        if policy.condition is None:
            return True
        verdicts: dict[str, bool] = (
            self._session.database.audit_verdicts if policy.evaluate == "INSTANCE" else self._verdicts
        )
        if policy.evaluate != "STATEMENT" and policy.name in verdicts:
            return verdicts[policy.name]
        try:
            verdict = bool(self._ask(query_of(policy.condition), {}))
        except (OracleError, ConnectionLostError) as error:
            log.warning("audit policy %s: its condition fails, the event is recorded: %s", policy.name, error)
            verdict = True
        verdicts[policy.name] = verdict
        return verdict

    def _contexts(self) -> str | None:
        """The attributes that AUDIT CONTEXT asks for: ``(namespace,attribute=value);…``. [D]"""
        session = self._session
        wanted = session.database.catalog.audit.attributes_of(session.user)
        found = []
        for space, name in wanted:
            binds = {"SPACE": Bind(space), "NAME": Bind(name)}
            for (value,) in self._ask("SELECT SYS_CONTEXT(:space, :name, 4000) FROM SYS.DUAL", binds):
                found += [f"({space},{name}={value})"] if value is not None else []
        return "; ".join(found) or None

    def _ask(self, query: str, binds: Mapping[str, Bind]) -> list[tuple[Any, ...]]:
        """Ask the session something that is not its own doing."""
        self._evaluating = True
        try:
            return list(self._session.run_sql(query, binds).rows)
        finally:
            self._evaluating = False


def refused_logon(database: "EngineDatabase", user: str, proxy: str | None, code: int) -> None:
    """Record a log-on that was refused, as the policies of *user* ask."""
    event = Event(Act("LOGON", "LOGON"), code, frozenset(), True)
    policies = watch_of(database.catalog, user, database.catalog).policies_for(event)
    # a condition would be evaluated in the session that there is not
    named = [policy.name for policy in policies if policy.condition is None]
    if named:
        row = {"sessionid": 0, "dbusername": user, "dbproxy_username": proxy, "policies": ", ".join(named)}
        write(database, row | {"entry_id": 1, "statement_id": 1}, event)


def write(database: "EngineDatabase", row: dict[str, Any], event: Event) -> None:
    """Append a row to the trail."""
    more = dict(event.act.more)
    values = row | {
        "event_time": database.next_instant(),
        "action_name": event.act.name,
        "return_code": event.code,
        "object_schema": event.act.owner,
        "object_name": event.act.object,
        "system_privilege_used": ", ".join(sorted(event.privileges)) or None,
        **{column.lower(): more.get(column) for column in _COLUMNS},
        "authentication_type": more.get("AUTHENTICATION_TYPE", DATABASE),
    }
    columns = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f"${at}" for at in range(1, len(values) + 1))
    database.run_aside(
        f"insert into ora_meta.audit_trail ({columns}) values ({places})",  # noqa: S608 - names of our own
        [value.replace("\0", "?") or None if isinstance(value, str) else value for value in values.values()],
    )


def _binds(binds: Mapping[str, Bind]) -> str | None:
    """The values of binds in their order: ``#1(5):ALICE``. [M: users' reports]"""
    texts = ["" if bind.value is None else str(bind.value) for bind in binds.values()]
    return "".join(f" #{at}({len(text)}):{text}" for at, text in enumerate(texts, 1)) or None
