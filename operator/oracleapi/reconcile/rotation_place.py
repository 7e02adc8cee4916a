"""What one pass over a ``SecretRotation`` works with: permissions checked, the other sides opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.common import ROTATE_REQUESTED_AT
from oracleapi.api.oracledatabase import Delegation, OracleDatabaseSpec
from oracleapi.api.secretrotation import SecretRotationSpec
from oracleapi.desired.rotation import Choice, account_named, check_account, choose_strategy
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.model.account import ObservedAccount
from oracleapi.model.opened import OpenRotation
from oracleapi.model.rollover import PREFIX, own_profile, source_of
from oracleapi.model.rotation import ObservedSecret
from oracleapi.plan.account import check_twin_name, twin_name
from oracleapi.plan.rollover import plan_profile
from oracleapi.ports import Backends, Oracle, RotatedSecrets, Workloads
from oracleapi.reconcile.databases import THE_DATABASES, Databases
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References, not_permitted
from oracleapi.reconcile.rotation_logins import CountedLogins

KIND = "SecretRotation"
TWINS = ("Auto", "DualUser")
"""Strategies that may lead to a twin."""
Found = tuple[OracleDatabaseSpec, Sequence[Delegation], AwsAccountSpec]


@dataclass
class Place:
    """One pass.

    Args:
        asked: The value of the annotation that asks for a rotation, ``None`` where it is not to be heeded now.
        again: Somebody edited or asked since the last pass: what was refused may be tried again.
        values: Versions of the secret that were read or written.
    """

    work: Pass[SecretRotationSpec]
    database: OracleDatabaseSpec
    secrets: RotatedSecrets
    oracle: Oracle
    logins: CountedLogins
    workloads: Workloads
    delegations: Sequence[Delegation]
    asked: str | None
    again: bool
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    @property
    def spec(self) -> SecretRotationSpec:
        return self.work.spec

    @property
    def name(self) -> str:
        """Return the secret's name."""
        return self.spec.secret.name

    @property
    def namespace(self) -> str:
        return self.work.key.namespace or ""

    def describe(self) -> ObservedSecret | None:
        return self.secrets.describe(self.name)

    def read(self, version: str) -> Mapping[str, Any]:
        """Return a version's values, read once in a pass.

        Raises:
            DependencyNotReady: ``CredentialsMissing``, it names no account or no password.
        """
        if version not in self.values:
            found = self.secrets.read(self.name, version).values
            self.values[version] = {**found, "username": account_named(str(found.get("username", "")))}
        for key in ("username", "password"):
            if not self.values[version].get(key):
                raise DependencyNotReady(
                    reasons.CREDENTIALS_MISSING,
                    f"spec.secret.name: secret {self.name} has no text under the key {key}; put it there",
                    60.0,
                )
        return self.values[version]

    def account(self, name: str, whole: bool = False) -> ObservedAccount:
        """Return an account.

        Args:
            whole: With what it holds and owns.

        Raises:
            Terminal: ``AccountRefused``, there is none, or it is one that nobody may rotate.
        """
        found = self.oracle.observe_account(name, whole)
        if found is None:
            raise Terminal(
                reasons.ACCOUNT_REFUSED, f"spec.account: the database has no account {name}; create it, or name another"
            )
        if found.maintained and not found.runtime:
            raise Terminal(
                reasons.ACCOUNT_REFUSED, f"spec.account: {name} is maintained by Oracle; name an account of your own"
            )
        if found.common and not found.maintained:
            raise Terminal(
                reasons.ACCOUNT_REFUSED,
                f"spec.account: {name} is a common user, whose password is changed in the root container, for all of"
                " them; name an account of this pluggable database",
            )
        if not found.has_password:
            raise Terminal(
                reasons.ACCOUNT_REFUSED,
                f"spec.account: {name} has no password: its authentication is {found.authentication}, which a password"
                " would replace; name another account",
            )
        return found

    @property
    def rollover_hours(self) -> int | None:
        """Return how long old passwords of accounts work whose profile the operator makes, if it makes them."""
        asked = self.database.password_rollover
        return None if asked is None else asked.hours

    def chosen(self, name: str) -> tuple[Choice, ObservedAccount]:
        """Return the strategy for an account, and the account.

        Raises:
            Terminal: As :func:`choose_strategy` and :meth:`account`.
        """
        account = self.account(name, whole=self.spec.strategy in TWINS)
        return choose_strategy(self.spec.strategy, account, self.rollover_hours), account

    def give_profile(self, account: ObservedAccount) -> None:
        """Give an account a profile of its own that rolls over, where the database's object asks for that.

        Raises:
            Terminal: ``RolloverOff``, ``PrivilegesMissing``.
        """
        hours = self.rollover_hours
        if hours is None or (account.rolls_over and not account.profile.startswith(PREFIX)):
            return
        source = source_of(account)
        found = self.oracle.observe_profiles(source, own_profile(source))
        plan = plan_profile(account, found, hours)
        if plan is not None:
            self.oracle.apply_profile(plan)
            text = f"account {account.name} has profile {plan.profile}, with a rollover of {hours} hours"
            self.work.event(False, reasons.PROFILE_GIVEN, text)

    def note(self, opened: OpenRotation) -> OpenRotation:
        """Write how far a rotation is before the next thing is sent."""
        self.work.report.fields |= opened.fields()
        self.work.write_now(f"Rotating the password of {opened.account}")
        return opened

    @property
    def twin(self) -> str:
        return twin_name(self.spec.account)

    def other(self, name: str) -> str:
        """Return the account that takes turns with *name*."""
        return self.twin if name == self.spec.account else self.spec.account

    def check_twin(self) -> None:
        """Check that there can be a twin, and that it is delegated too. Raises as the two checks."""
        check_twin_name(self.twin)
        check_account(self.twin, self.delegations, self.spec.database_ref.name, self.namespace)


class Places:
    """Opens places."""

    def __init__(self, references: References, backends: Backends, databases: Databases, workloads: Workloads) -> None:
        self._references, self._backends = references, backends
        self._databases, self._workloads = databases, workloads

    def open(self, work: Pass[SecretRotationSpec], leaving: bool = False) -> Place:
        """Return the place of a pass.

        Args:
            leaving: The object is deleted: permissions are not asked for again.

        Raises:
            Terminal: ``RefNotPermitted``, ``AccountNotAllowed``, ``SecretNotAllowed``, ``Conflict``.
        """
        database, delegations, account = self._left(work) if leaving else self._permitted(work)
        keys = self._references.account_secret(account)
        trust = self._references.database_trust(database, THE_DATABASES)
        oracle, asked = self._databases.open(database, THE_DATABASES), _asked(work)
        again = asked is not None or work.requested or work.status.get("observedGeneration") != work.generation
        return Place(
            work,
            database,
            self._backends.rotated_secrets(account, keys),
            oracle,
            CountedLogins(self._backends.logins(database, trust), oracle, work, again),
            self._workloads,
            delegations,
            asked,
            again,
        )

    def release(self, work: Pass[SecretRotationSpec]) -> None:
        """Let the Kubernetes Secret outlive the object, and the one before it."""
        kept, before = work.spec.secret.kubernetes_secret, work.status.get("kubernetesSecret")
        names = {name for name in (before, kept and kept.name) if name}
        for name in sorted(names):
            self._workloads.release_secret(work.key.namespace or "", name, work.resource)

    def _left(self, work: Pass[SecretRotationSpec]) -> Found:
        name, account = work.spec.database_ref.name, work.spec.secret.account_ref.name
        return (
            self._references.find("OracleDatabase", name, OracleDatabaseSpec, "spec.databaseRef")[0],
            [],
            self._references.find("AwsAccount", account, AwsAccountSpec, "spec.secret.accountRef")[0],
        )

    def _permitted(self, work: Pass[SecretRotationSpec]) -> Found:
        spec, namespace = work.spec, work.key.namespace or ""
        name = spec.database_ref.name
        database, delegations, _ = self._references.delegated(name, "spec.databaseRef", namespace)
        check_account(spec.account, delegations, name, namespace)
        self._check_alone(work)
        return database, delegations, self._account(spec, namespace)

    def _account(self, spec: SecretRotationSpec, namespace: str) -> AwsAccountSpec:
        ref = spec.secret.account_ref.name
        for key, resource in self._references.of_kind("AwsAccount"):
            if key.name != ref:
                continue
            found = AwsAccountSpec.model_validate(resource["spec"])
            mine = [each for each in found.delegations if self._references.allows(each.namespaces, namespace)]
            if not mine:
                break
            if not any(spec.secret.name.startswith(prefix) for each in mine for prefix in each.secret_prefixes):
                raise Terminal(
                    reasons.SECRET_NOT_ALLOWED,
                    f"spec.secret.name: no delegation of AwsAccount {ref} gives secret {spec.secret.name} to namespace"
                    f" {namespace}; ask a platform administrator for a prefix under delegations[].secretPrefixes",
                )
            kms = spec.secret.kms_key_id
            if kms is not None and not any(kms in each.kms_key_arns for each in mine):
                raise Terminal(
                    reasons.SECRET_NOT_ALLOWED,
                    f"spec.secret.kmsKeyId: no delegation of AwsAccount {ref} gives this key to namespace {namespace};"
                    " ask a platform administrator to list it under delegations[].kmsKeyArns",
                )
            return found
        raise not_permitted("AwsAccount", ref, "spec.secret.accountRef", namespace)

    def _check_alone(self, work: Pass[SecretRotationSpec]) -> None:
        """Let the oldest of several objects over one account have it, of those whose namespace may rotate it.

        Raises:
            Terminal: ``Conflict``.
        """
        mine, here = {work.spec.account, twin_name(work.spec.account)}, self._database(work.spec.database_ref.name)
        older = []
        for key, resource in self._references.of_kind(KIND):
            spec = resource.get("spec", {})
            name, account = spec.get("databaseRef", {}).get("name", ""), spec.get("account")
            if key == work.key or account not in mine or self._database(name) != here:
                continue
            if _age(resource) < _age(work.resource) and self._may_rotate(key.namespace or "", name, account):
                older.append((_age(resource), key, account))
        if older:
            _, key, account = min(older)
            raise Terminal(
                reasons.CONFLICT,
                f"spec.account: {key.namespace}/{key.name} rotates account {account} already; delete one of the two",
            )

    def _may_rotate(self, namespace: str, database: str, account: str) -> bool:
        """Say whether a delegation gives the account: else anybody could keep it from its team by naming it first."""
        try:
            _, delegations, _ = self._references.delegated(database, "spec.databaseRef", namespace)
            check_account(account, delegations, database, namespace)
        except Terminal:
            return False
        return True

    def _database(self, name: str) -> str:
        """Return what tells a database from others: two objects may lead to one."""
        for key, resource in self._references.of_kind("OracleDatabase"):
            if key.name == name:
                return str(resource.get("status", {}).get("pdbGuid") or name)
        return name


def request_of(work: Pass[SecretRotationSpec]) -> str | None:
    """Return the value of the annotation that asks for a rotation, ``None`` where it was heeded or there is none."""
    found = work.resource["metadata"].get("annotations", {}).get(ROTATE_REQUESTED_AT)
    asked = None if found is None else str(found)[:64]
    return None if asked == {**work.status, **work.report.fields}.get("lastHandledRotateAt") else asked


def _asked(work: Pass[SecretRotationSpec]) -> str | None:
    """Return the request to heed now: one that comes when readers have the new version already waits for the next."""
    return None if work.status.get("step") == "Delivering" else request_of(work)


def _age(resource: Mapping[str, Any]) -> tuple[str, str]:
    metadata = resource["metadata"]
    return metadata.get("creationTimestamp", ""), metadata.get("uid", "")


def renewed(opened: OpenRotation, token: str) -> OpenRotation:
    """Return the rotation with another version to make: its account's profile refused the last password."""
    return replace(opened, token=token, attempts=opened.attempts + 1, step="Storing", carries="")
