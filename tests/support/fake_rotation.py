"""In-memory doubles of what a rotation touches: accounts with passwords, secrets with labels, workloads.

As strict as the real things where a rotation could go wrong: accounts lock after too many refused log-ons, in a
rollover the first old password stays and the middle one goes, a version is written once, labels move one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.account import (
    ADDED_ONLY,
    BY_HAND,
    PROFILE,
    AccountAction,
    CreateTwin,
    EndRollover,
    Equalize,
    Holding,
    ObservedAccount,
    RefusedHolding,
    SetPassword,
)
from oracleapi.model.rollover import GiveProfile, Profile
from oracleapi.model.rotation import CURRENT, PENDING, PREVIOUS, KubeSecret, ObservedSecret, Workload, WorkloadKind
from oracleapi.ports import Change, Proof, SecretValue

LIMITS = {"FAILED_LOGIN_ATTEMPTS": "4", "PASSWORD_ROLLOVER_TIME": "1", "PASSWORD_VERIFY_FUNCTION": "NULL"}
DAY_S = 86400.0
RIGHTS = ("ALTER USER", "CREATE USER", "GRANT", "CREATE PROFILE", "ALTER PROFILE")


def _shown(value: str) -> str:
    """Return a limit as DBA_PROFILES shows it: a fraction has four decimals."""
    days, _, by = value.partition("/")
    return str(int(int(days) / int(by) * 10_000) / 10_000) if by else value


def place(holding: Holding) -> tuple[str, str, str]:
    """Return what an account can hold once."""
    return holding.kind, holding.name, "" if holding.kind == "synonym" else holding.on


def _goes(held: Holding, revoked: Holding) -> bool:
    """Say whether a revoke takes *held*: with an object privilege go its columns, which cannot go alone (ORA-01750)."""
    assert revoked.kind not in ("column", "setting", *ADDED_ONLY, *BY_HAND), "what no statement of ours takes away"
    column = Holding("object", held.name, held.on.partition("(")[0]) if held.kind == "column" else held
    return place(revoked) in (place(held), place(column))


@dataclass
class Account:
    """An account; ``old`` is the password that a rollover keeps valid until ``ends``.

    That the time is over shows after the next log-on only (docs/unproven.md).
    """

    password: str
    old: str | None = None
    ends: float = 0.0
    expired: bool = False
    clock: Callable[[], float] = field(default=lambda: -1.0, repr=False)  # time does not pass
    profile: str = "APP_ROTATED"
    limits: dict[str, str] = field(default_factory=lambda: dict(LIMITS))
    holdings: set[Holding] = field(default_factory=set)
    failures: int = 0
    locked: bool = False
    changes: int = 0
    used: list[str] = field(default_factory=list)
    owned: tuple[str, ...] = ()
    authentication: str = "PASSWORD"
    common: bool = False

    def takes(self, password: str) -> bool:
        return password == self.password or (password == self.old and self.clock() < self.ends)

    def end_in_time(self) -> None:
        """Forget the old password where its time is over."""
        if self.clock() >= self.ends:
            self.old = None

    def change(self, new: str) -> None:
        self.end_in_time()
        days = float(self.limits["PASSWORD_ROLLOVER_TIME"])
        rolls, began = days > 0, self.old is None
        if began:
            self.ends = self.clock() + days * DAY_S
        kept = self.password if self.old is None else self.old
        self.old = kept if rolls and kept != new else None
        self.password, self.expired = new, False
        self.changes += 1 if began or not rolls else 0  # PASSWORD_CHANGE_DATE is that of the change that began it
        self.used.append(new)


class FakeAccounts:
    """The accounts of one database.

    Args:
        rights: Which of ``RIGHTS`` the operator's account has.
        unsuitable: How many of the next passwords the profile refuses.
        log_ons: Name and whether it was taken, of each.
        clock: What rollovers of accounts that are made here end by.
    """

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.rights = set(RIGHTS)
        self.unsuitable = 0
        self.maintained: set[str] = set()
        self.refuse: set[Holding] = set()
        self.log_ons: list[tuple[str, bool]] = []
        self.old_may_end = True
        self.profiles: dict[str, dict[str, str]] = {}
        self.clock: Callable[[], float] = lambda: -1.0

    def observe(self, name: str, whole: bool = True) -> ObservedAccount | None:
        found = self.accounts.get(name)
        if found is None:
            return None
        status = "LOCKED(TIMED)" if found.locked else "EXPIRED" if found.expired else "OPEN"
        status += " & IN ROLLOVER" if found.old else ""
        return ObservedAccount(
            name,
            status,
            found.profile,
            maintained=name in self.maintained,
            limits=dict(found.limits),
            changed=str(found.changes),
            authentication=found.authentication,
            common=found.common,
            whole=whole,
            holdings=frozenset(found.holdings | {Holding("setting", PROFILE, value=found.profile)} if whole else ()),
            owned=found.owned if whole else (),
        )

    def profiles_of(self, source: str, own: str) -> dict[str, Profile]:
        return {name: Profile(name, dict(self.profiles[name])) for name in (source, own) if name in self.profiles}

    def give(self, action: GiveProfile) -> None:
        """Make, change and give a profile; accounts of a profile that is known here have its limits."""
        assert action.limits or action.assign, "a profile that is as it should be"
        if action.create:
            self._need("CREATE PROFILE")
            self.profiles.setdefault(action.profile, {})
        elif action.limits:
            self._need("ALTER PROFILE")
        self.profiles[action.profile] |= {name: _shown(value) for name, value in action.limits}
        if action.assign:
            self._need("ALTER USER")
            self.accounts[action.account].profile = action.profile
        self.spread()

    def spread(self) -> None:
        """Let each account have the limits of its profile, where that is known here."""
        for account in self.accounts.values():
            own, inherited = self.profiles.get(account.profile, {}), self.profiles.get("DEFAULT", {})
            resolved = {
                name: inherited.get(name, value) if value == "DEFAULT" else value for name, value in own.items()
            }
            account.limits |= {name: value for name, value in resolved.items() if value != "DEFAULT"}

    def apply(self, action: AccountAction) -> Sequence[RefusedHolding]:
        match action:
            case CreateTwin():
                self._need("CREATE USER")
                self._check(action.password)
                if action.name not in self.accounts:
                    self.accounts[action.name] = made = Account(action.password, clock=self.clock)
                    self._hold(made, *action.settings)
            case SetPassword():
                self._need("ALTER USER")
                self._check(action.password)
                self.accounts[action.name].change(action.password)
            case EndRollover():
                self._need("ALTER USER")
                self.accounts[action.name].old = None
            case Equalize():
                return self._equalize(action)
        return ()

    def _equalize(self, action: Equalize) -> list[RefusedHolding]:
        found = self.accounts[action.name]
        allowed = "GRANT" in self.rights
        refused = []
        for revoking, each in [*((True, one) for one in action.revoke), *((False, one) for one in action.grant)]:
            if not allowed or each in self.refuse:
                refused.append(RefusedHolding(each, revoking, "ORA-01031"))
            elif revoking:
                found.holdings = {held for held in found.holdings if not _goes(held, each)}
            else:
                assert each.kind not in BY_HAND, "what people give"
                if each.kind == "setting":
                    self._hold(found, each)
                    continue
                before = next((held for held in found.holdings if place(held) == place(each)), each)
                found.holdings -= {before}
                assert each.kind not in ADDED_ONLY or before is each or each.value == "", "AUDIT takes nothing away"
                kept = dict.fromkeys(before.options(), True)  # a grant takes no option away
                found.holdings.add(replace(each, **kept))
        return refused

    def _hold(self, account: Account, *settings: Holding) -> None:
        for each in settings:
            if each.name == PROFILE:
                account.profile = each.value
            else:
                account.holdings = {held for held in account.holdings if place(held) != place(each)} | {each}
        self.spread()

    def _need(self, right: str) -> None:
        if right not in self.rights:
            raise Terminal("PrivilegesMissing", f"the operator's account lacks {right}; grant it")

    def _check(self, password: str) -> None:
        if self.unsuitable:
            self.unsuitable -= 1
            raise Terminal("PasswordRefused", "its profile refuses the password")
        assert len(password) >= 15


class FakeLogins:
    """Fulfils :class:`oracleapi.ports.Logins`."""

    def __init__(self, accounts: FakeAccounts) -> None:
        self._of = accounts

    def prove(self, username: str, password: str) -> Proof:
        found = self._enter(username, password)
        if found is None:
            return "Denied"
        return "Expired" if found.expired else "Works"

    def change(self, username: str, old: str, new: str) -> Change:
        found = self._enter(username, old)
        if found is None:
            return "Denied"
        if self._of.unsuitable:
            self._of.unsuitable -= 1
            return "Unsuitable"
        if new in found.used:
            return "Unsuitable"  # ORA-28007
        found.change(new)
        return "Changed"

    def end_rollover(self, username: str, password: str) -> bool:
        found = self._enter(username, password)
        if found is None or found.expired:
            raise Retryable("LoginDenied", "its new password does not log in", 120.0)
        if self._of.old_may_end:
            found.old = None
        return self._of.old_may_end

    def _enter(self, username: str, password: str) -> Account | None:
        found = self._of.accounts.get(username)
        if found is not None and found.locked:
            raise Terminal("AccountLocked", f"account {username} is locked; unlock it")
        taken = found is not None and found.takes(password)
        self._of.log_ons.append((username, taken))
        if found is None:
            return None
        found.end_in_time()
        found.failures = 0 if taken else found.failures + 1
        limit = found.limits["FAILED_LOGIN_ATTEMPTS"]
        found.locked = limit.isdigit() and found.failures >= int(limit)
        return found if taken else None


@dataclass
class Stored:
    """A secret of the fake account: values and labels by version."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)  # label -> version
    tags: dict[str, str] = field(default_factory=dict)
    kms: str = ""
    rotates: bool = False
    deleted: bool = False

    def move(self, label: str, to: str | None) -> None:
        if to is None:
            self.labels.pop(label, None)
        else:
            self.labels[label] = to


class FakeRotatedSecrets:
    """Fulfils :class:`oracleapi.ports.RotatedSecrets`; ``calls`` lists what went out."""

    def __init__(self) -> None:
        self.secrets: dict[str, Stored] = {}
        self.calls: list[str] = []
        self.faults: dict[str, list[OperatorError]] = {}

    def put(self, name: str, version: str, **values: Any) -> None:
        """Store a current version, as a user does."""
        found = self.secrets.setdefault(name, Stored())
        found.values[version] = dict(values)
        self._current(found, version)

    def current(self, name: str) -> dict[str, Any]:
        found = self.secrets[name]
        return found.values[found.labels[CURRENT]]

    def describe(self, name: str) -> ObservedSecret | None:
        self._call("describe")
        found = self.secrets.get(name)
        if found is None:
            return None
        versions: dict[str, frozenset[str]] = {}
        for label, version in found.labels.items():
            versions[version] = versions.get(version, frozenset()) | {label}
        arn = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
        return ObservedSecret(
            arn, name, versions, dict(found.tags), found.kms, rotates=found.rotates, deleted=found.deleted
        )

    def read(self, name: str, version: str) -> SecretValue:
        self._call("read")
        found = self._there(name)
        if version not in found.values:
            raise DependencyNotReady("CredentialsMissing", f"secret {name} has no such version", 60.0)
        return SecretValue(version, dict(found.values[version]))

    def create(
        self, name: str, token: str, values: Mapping[str, Any], tags: Mapping[str, str], kms_key_id: str | None
    ) -> None:
        self._call("create")
        if name in self.secrets:
            raise Terminal("Conflict", f"secret {name} exists")
        self.secrets[name] = Stored({token: dict(values)}, {CURRENT: token}, dict(tags), kms_key_id or "")

    def put_pending(self, name: str, token: str, values: Mapping[str, Any]) -> None:
        self._call("put_pending")
        found = self._there(name)
        if found.values.setdefault(token, dict(values)) != dict(values):
            raise Terminal("Conflict", f"secret {name} has this version with other values")
        found.move(PENDING, token)

    def make_current(self, name: str, token: str, replacing: str) -> bool:
        self._call("make_current")
        found = self._there(name)
        if found.labels[CURRENT] == token:
            return True
        if found.labels[CURRENT] != replacing:
            return False
        self._current(found, token)
        return True

    def drop_pending(self, name: str, token: str) -> None:
        self._call("drop_pending")
        found = self._there(name)
        if found.labels.get(PENDING) == token:
            found.move(PENDING, None)

    def restore(self, name: str) -> None:
        self._call("restore")
        self.secrets[name].deleted = False

    def delete(self, name: str, recovery_days: int) -> None:
        self._call("delete")
        if name in self.secrets:
            self.secrets[name].deleted = True

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        self._call("tag")
        self._there(name).tags |= tags

    def set_key(self, name: str, kms_key_id: str) -> None:
        self._call("set_key")
        self._there(name).kms = kms_key_id

    def _there(self, name: str) -> Stored:
        found = self.secrets.get(name)
        if found is None or found.deleted:
            raise DependencyNotReady("CredentialsMissing", f"secret {name} is not there", 60.0)
        return found

    @staticmethod
    def _current(found: Stored, version: str) -> None:
        before = found.labels.get(CURRENT)
        found.move(CURRENT, version)
        if before is not None:
            found.move(PREVIOUS, before)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        queue = self.faults.get(name, [])
        if queue:
            raise queue.pop(0)


class FakeWorkloads:
    """Fulfils :class:`oracleapi.ports.Workloads`; rollouts end when a test says so, or at once."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], KubeSecret] = {}
        self.workloads: dict[tuple[str, str, str], Workload] = {}
        self.writes: list[str] = []
        self.quick = True

    def add(self, kind: WorkloadKind, namespace: str, name: str) -> None:
        self.workloads[(kind, namespace, name)] = Workload(kind, name, settled=True, replicas=1, moved=1)

    def finish(self) -> None:
        """Let every rollout come to its end."""
        for key, found in self.workloads.items():
            self.workloads[key] = replace(found, settled=True, moved=found.replicas)

    def read_secret(self, namespace: str, name: str) -> KubeSecret | None:
        return self.secrets.get((namespace, name))

    def write_secret(self, namespace: str, name: str, data: Mapping[str, str], owner: Mapping[str, Any]) -> None:
        uid = str(owner["metadata"]["uid"])
        found = self.secrets.get((namespace, name))
        if found is not None and found.owner != uid:
            raise Terminal("Conflict", f"spec.secret.kubernetesSecret.name: Secret {name} is not ours; name another")
        if found is None or dict(found.data) != dict(data):
            self.writes.append(f"Secret {namespace}/{name}")
            self.secrets[(namespace, name)] = KubeSecret(name, uid, dict(data))

    def release_secret(self, namespace: str, name: str, owner: Mapping[str, Any]) -> None:
        found = self.secrets.get((namespace, name))
        if found is not None and found.owner == str(owner["metadata"]["uid"]):
            self.secrets[(namespace, name)] = replace(found, owner="")

    def find_workload(self, kind: WorkloadKind, namespace: str, name: str) -> Workload | None:
        return self.workloads.get((kind, namespace, name))

    def restart(self, kind: WorkloadKind, namespace: str, name: str, version: str) -> None:
        found = self.workloads[(kind, namespace, name)]
        if found.version != version:
            self.writes.append(f"{kind} {namespace}/{name}")
            self.workloads[(kind, namespace, name)] = replace(found, version=version, settled=self.quick, moved=0)
