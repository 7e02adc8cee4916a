"""``RoleBinding``: the rows by which the guard binds callers to a role, and where the line to that role is broken."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from oracleapi.api import reasons
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.oraclerole import OracleRoleSpec
from oracleapi.api.rolebinding import RoleBindingSpec
from oracleapi.desired.callers import guard_name
from oracleapi.desired.groups import route_group
from oracleapi.desired.guard import build_binding
from oracleapi.desired.mismatches import BindingFacts, Verdict, access_hash, judge
from oracleapi.desired.privileges import told_fault
from oracleapi.desired.role import may_have_role
from oracleapi.errors import DependencyNotReady, OperatorError, Terminal
from oracleapi.model.guard import DesiredBinding, ObservedBinding
from oracleapi.model.line import Line, LineApi, LineBinding, LineDatabase, LineRole, LineRoute, Subject
from oracleapi.model.ownership import Owner
from oracleapi.plan.guard import plan_binding
from oracleapi.plan.preview import preview
from oracleapi.ports import Backends, Oracle, Resource
from oracleapi.reconcile.databases import THE_DATABASES, Databases
from oracleapi.reconcile.gate import check_minimum_mode, end_approval, may_write, propose, tell_drift, tell_repair
from oracleapi.reconcile.guard_half import GUARDED
from oracleapi.reconcile.handler_checks import HandlerChecks
from oracleapi.reconcile.invoke_rights import InvokeRights, Rights
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References, ready_message
from oracleapi.runtime.clock import Clock
from oracleapi.runtime.store import Key

SHOWN = 50
SUBJECT_BYTES = 400
"""What a column of the guard's holds, and the longest name that it compares."""


@dataclass(frozen=True)
class BoundLine:
    """What a binding leads from and to, as objects.

    Args:
        api, role: Owners; the objects are in the binding's namespace.
        database: Where both are.
        refusal: Why nobody may be bound so, ``None`` where nothing forbids it.
    """

    api: Owner
    api_spec: OracleApiSpec
    api_resource: Resource
    role: Owner
    role_name: str
    role_resource: Resource
    database: OracleDatabaseSpec
    refusal: OperatorError | None


class RoleBindingReconciler:
    kind = "RoleBinding"
    spec = RoleBindingSpec

    def __init__(self, references: References, backends: Backends, databases: Databases, clock: Clock) -> None:
        self._references, self._databases = references, databases
        self._handlers = HandlerChecks(references, backends, clock)
        self._rights = InvokeRights(references, backends)

    def reconcile(self, work: Pass[RoleBindingSpec]) -> None:
        _check_subjects(work.spec)
        line = self._resolve(work)
        ended = self._ended(work)
        oracle = self._databases.open(line.database, THE_DATABASES)
        desired = self._desired(work, line, ended)
        work.report.fields |= {"roleName": line.role_name, "schema": desired.schema}
        observed = _observe(oracle, desired)
        refusal = line.refusal or _role_fault(line, observed)
        if refusal is not None:
            desired = replace(desired, rows=frozenset())
        plan, rights = plan_binding(desired, observed), self._look(work, line, observed, bool(desired.rows))
        verdict = self._say(work, line, desired, observed, rights)
        drift = (*plan.drift, *rights.plan.drift)
        if may_write(work):
            work.report.note_drift(drift if work.settled else ())
        else:
            tell_drift(work, drift)
        propose(work, preview([*plan.actions, *rights.plan.actions], drift))
        for action in plan.actions:
            oracle.apply_guard(action)
        if plan.actions or rights.plan.actions:
            observed = _observe(oracle, desired)
            verdict = self._say(work, line, desired, observed, rights)
            work.report.fields["plan"] = None
        elif work.settled:
            work.report.fields.setdefault("drift", None)
        work.report.say("Bound", *_bound(desired, observed, ended))
        self._rights.carry_out(work, line.database, rights)
        tell_repair(work)
        end_approval(work)
        if ended:
            work.report.message = f"Ended at {work.spec.expiration_time:%Y-%m-%dT%H:%M:%SZ}"
            return
        if refusal is not None:
            work.report.say("Bound", False, refusal.reason, "Nobody is bound: see Ready")
            raise refusal
        self._check(work, verdict)
        work.report.message = f"Callers act as {line.role_name}"

    @staticmethod
    def _check(work: Pass[RoleBindingSpec], verdict: Verdict) -> None:
        """Name the first broken link. Raises DependencyNotReady: ``Mismatches``."""
        if verdict.mismatches:
            first, count = verdict.mismatches[0], len(verdict.mismatches)
            where = " ".join(found for found in (first.subject, f"on {first.route}" if first.route else "") if found)
            more = f" (and {count - 1} more)" if count > 1 else ""
            raise DependencyNotReady(
                reasons.MISMATCHES,
                f"{first.link}: {first.fault} for {where or 'every caller'}{more}; see status.mismatches",
                work.spec.resync_seconds,
            )

    def _resolve(self, work: Pass[RoleBindingSpec]) -> BoundLine:
        """Return what is bound to what; permission is checked here, in every pass.

        Raises:
            DependencyNotReady: The API or the role is not there.
            Terminal: ``RefNotPermitted``, ``DatabaseDiffers``, ``GuardOff``; ``RoleNotAllowed`` where the database says
                ``onPermissionLost: Keep``.
        """
        namespace = work.key.namespace or ""
        beside, bound = self._references.beside, work.spec
        api_spec, api = beside("OracleApi", namespace, bound.api_ref.name, OracleApiSpec, "spec.apiRef")
        role_spec, role = beside("OracleRole", namespace, bound.role_ref.name, OracleRoleSpec, "spec.roleRef")
        name = role_spec.role(work.spec.role_ref.name)
        database, delegations, here = self._references.delegated(
            role_spec.database_ref.name, "the OracleRole's databaseRef", namespace
        )
        _, _, there = self._references.delegated(api_spec.database_ref.name, "the OracleApi's databaseRef", namespace)
        guid = here.get("status", {}).get("pdbGuid", "")
        if guid != there.get("status", {}).get("pdbGuid", "") or (not guid and here is not there):
            raise Terminal(
                reasons.DATABASE_DIFFERS,
                f"spec.roleRef: role {name} is in OracleDatabase {role_spec.database_ref.name}, the API in"
                f" {api_spec.database_ref.name}; bind a role of the API's database",
            )
        refusal = None
        if not may_have_role(name, delegations):
            refusal = Terminal(
                reasons.ROLE_NOT_ALLOWED,
                f"spec.roleRef: no delegation of OracleDatabase {role_spec.database_ref.name} gives role {name} to"
                f" namespace {namespace}; ask a platform administrator",
            )
            if database.on_permission_lost == "Keep":
                raise refusal
        check_minimum_mode(work, "database", (found.minimum_mode for found in delegations))
        if database.ords.guard == "Off":
            raise Terminal(
                reasons.GUARD_OFF,
                f"OracleDatabase {role_spec.database_ref.name} has ords.guard: Off, so nobody asks for bindings; a"
                " platform administrator installs the guard and sets Required, see docs/guard.md",
            )
        return BoundLine(
            self._owner(work, "OracleApi", api), api_spec, api, self._owner(work, "OracleRole", role), name, role,
            database, refusal,
        )  # fmt: skip

    def _look(self, work: Pass[RoleBindingSpec], line: BoundLine, observed: ObservedBinding, bound: bool) -> Rights:
        api_id = line.api_resource.get("status", {}).get("apiId", "")
        return self._rights.look(work, line.database, api_id, observed, line.api_spec.require_binding, bound)

    @staticmethod
    def _owner(work: Pass[RoleBindingSpec], kind: str, resource: Resource) -> Owner:
        metadata = resource["metadata"]
        return Owner(work.owner.installation, kind, metadata["namespace"], metadata["name"], metadata.get("uid", ""))

    @staticmethod
    def _ended(work: Pass[RoleBindingSpec]) -> bool:
        """Say whether the binding's time is over; if not, come again when it is."""
        until = work.spec.expiration_time
        if until is None:
            return False
        left = until.timestamp() - work.clock.now()
        if left > 0:
            work.requeue(left)
        return left <= 0

    @staticmethod
    def _desired(work: Pass[RoleBindingSpec], line: BoundLine, ended: bool) -> DesiredBinding:
        names = {route.name for route in line.api_spec.routes}
        return build_binding(work.spec, work.owner, line.api, line.api_spec.schema_, line.role_name, names, ended)

    def _say(
        self,
        work: Pass[RoleBindingSpec],
        line: BoundLine,
        desired: DesiredBinding,
        observed: ObservedBinding,
        rights: Rights,
    ) -> Verdict:
        """Put into status who comes through, who does not, and why."""
        facts = self._facts(work, line, observed, rights)
        facts = self._handlers.judge(work, line.database, line.api_spec, facts, line.role_resource)
        verdict, ended = judge(work.spec, facts), facts.ended
        work.report.fields |= {
            "subjectsBound": f"{verdict.bound}/{len(work.spec.subjects)}",
            "allowed": verdict.allowed,
            "denied": verdict.denied,
            "accessHash": access_hash(desired),
            "mismatches": [found.entry() for found in verdict.mismatches[:SHOWN]],
        }
        if verdict.mismatches:
            text = (
                f"{verdict.denied} of {verdict.allowed + verdict.denied} pairs of subject and route do not come through"
            )
            work.report.say("Consistent", False, reasons.MISMATCHES, f"{text}; see status.mismatches")
        else:
            work.report.say("Consistent", True, reasons.SUCCEEDED, "The whole line is there for every subject")
        if work.spec.expiration_time is not None:
            at = f"{work.spec.expiration_time:%Y-%m-%dT%H:%M:%S%z}"
            work.report.say("Expired", ended, reasons.EXPIRED if ended else reasons.SUCCEEDED, f"It ends at {at}")
        return verdict

    def _facts(
        self, work: Pass[RoleBindingSpec], line: BoundLine, observed: ObservedBinding, rights: Rights
    ) -> BindingFacts:
        spec, lost = work.spec, _lost(line, observed)
        subjects = tuple(Subject(found.kind, found.name) for found in spec.subjects)
        role = LineRole(
            line.role_name,
            observed.role_exists,
            observed.granted,
            observed.role_secure,
            proxied=observed.proxied,
            missing=frozenset(line.role_resource.get("status", {}).get("missing", [])),
        )
        return BindingFacts(
            Line(
                self._line_api(line, observed, rights),
                LineDatabase(managed=observed.managed and not _hook_missing(line.api_resource)),
                (
                    LineBinding(
                        work.owner.name, role.name, subjects, tuple(spec.routes), spec.expiration_time, lost is None
                    ),
                ),
                {role.name: role},
            ),
            datetime.fromtimestamp(work.clock.now(), UTC),
            lost,
        )

    def _line_api(self, line: BoundLine, observed: ObservedBinding, rights: Rights) -> LineApi:
        spec = line.api_spec
        states = {found["name"]: found["state"] for found in line.api_resource.get("status", {}).get("routes", [])}
        known, account = observed.routes, self._references.account_of(line.database)
        return LineApi(
            tuple(
                LineRoute(
                    name,
                    group.auth,
                    group.scope,
                    states.get(name, ""),
                    name in known,
                    fault=told_fault(line.api_resource, name, group.auth),
                )
                for name, group in ((route.name, route_group(spec, route)) for route in spec.routes)
            ),
            account.account_id if account is not None else "",
            provider_fault=self._provider_fault(spec),
            require_binding=spec.require_binding,
            uninvokable=rights.denied,
        )

    def _provider_fault(self, api: OracleApiSpec) -> str | None:
        jwt = api.auth.jwt if api.auth is not None else None
        if jwt is None:
            return None
        try:
            _, provider = self._references.find(
                "IdentityProvider", jwt.provider_ref.name, IdentityProviderSpec, "spec.auth.jwt.providerRef"
            )
        except OperatorError as error:
            return error.message
        return ready_message(provider)

    def finalize(self, work: Pass[RoleBindingSpec]) -> None:
        """Take the rows away, and the role from the schema where no other binding leads to it."""
        role, schema = work.status.get("roleName"), work.status.get("schema")
        if work.mode == "Report" or not role or not schema:
            return  # nothing was read, so nothing was written
        namespace = work.key.namespace or ""
        spec, _ = self._references.beside(
            "OracleRole", namespace, work.spec.role_ref.name, OracleRoleSpec, "spec.roleRef"
        )
        database, _ = self._references.find(
            "OracleDatabase", spec.database_ref.name, OracleDatabaseSpec, "the OracleRole's databaseRef"
        )
        oracle = self._databases.open(database, THE_DATABASES)
        api = Owner(work.owner.installation, "OracleApi", namespace, work.spec.api_ref.name)
        _unbind(oracle, DesiredBinding(str(work.owner), str(api), schema, role, frozenset()))
        self._rights.remove(work, database)

    def forget(self, key: Key) -> None:
        """Nothing is remembered of a binding."""


def _hook_missing(api: Resource) -> bool:
    """Say whether the API found out that ORDS does not call the guard."""
    conditions = api.get("status", {}).get("conditions", [])
    return any((found["type"], found["reason"]) == (GUARDED, reasons.GUARD_NOT_CALLED) for found in conditions)


def _lost(line: BoundLine, observed: ObservedBinding) -> str | None:
    """Return the fault of a role that nobody may be bound to, for it is not the OracleRole's own, or ``None``."""
    if observed.role_exists and not observed.role_secure:
        return "RoleNotSecure"
    return None if observed.role_exists and observed.role_owner == str(line.role) else "RoleMissing"


def _role_fault(line: BoundLine, observed: ObservedBinding) -> OperatorError | None:
    """Return :func:`_lost` as what holds the binding up."""
    match _lost(line, observed):
        case None:
            return None
        case "RoleNotSecure":
            fault = (
                f"role {line.role_name} is not IDENTIFIED USING ORACLEAPI.GUARD, so whoever holds it has it enabled;"
                " drop it and let the OracleRole make it"
            )
        case _:
            fault = f"role {line.role_name} is not there yet: {ready_message(line.role_resource) or 'it was dropped'}"
    name = line.role_resource["metadata"]["name"]
    return DependencyNotReady(reasons.ROLE_NOT_READY, f"spec.roleRef: OracleRole {name}: {fault}", 30.0)


def _check_subjects(spec: RoleBindingSpec) -> None:
    for index, subject in enumerate(spec.subjects):
        if len(guard_name(subject.kind, subject.name).encode()) > SUBJECT_BYTES:
            raise Terminal(
                reasons.INVALID_SPEC,
                f"spec.subjects[{index}].name: is longer than {SUBJECT_BYTES} bytes, which no caller's name may be",
            )


def _observe(oracle: Oracle, desired: DesiredBinding) -> ObservedBinding:
    return oracle.observe_binding(desired.binding, desired.api, desired.schema, desired.role)


def _unbind(oracle: Oracle, gone: DesiredBinding) -> None:
    """Take the rows away; where the guard's tables are gone, so are they."""
    try:
        observed = _observe(oracle, gone)
    except Terminal as fault:
        if fault.reason == reasons.GUARD_MISSING:
            return
        raise
    for action in plan_binding(gone, observed).actions:
        oracle.apply_guard(action)


def _bound(desired: DesiredBinding, observed: ObservedBinding, ended: bool) -> tuple[bool | None, str, str]:
    if ended:
        return False, reasons.EXPIRED, "Its time is over; nobody is bound by it"
    if observed.rows == desired.rows and observed.granted:
        return True, reasons.SUCCEEDED, f"{len(desired.rows)} pairs of subject and route are in the database"
    return False, reasons.PLAN_WAITING, "The rows in the database are not as desired yet"
