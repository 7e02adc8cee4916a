"""``SecretRotation``: keeps one account's password in one secret, and changes it when it is due or asked for."""

import uuid
from dataclasses import replace
from datetime import timedelta

from oracleapi.api import reasons
from oracleapi.api.common import DELETION_POLICY
from oracleapi.api.secretrotation import SecretRotationSpec
from oracleapi.desired.rotation import (
    build_schedule,
    check_twin_owns_nothing,
    noted,
    other_key,
    phase_of,
)
from oracleapi.desired.schedule import Schedule
from oracleapi.errors import OperatorError, OutOfBudget, Retryable, Terminal
from oracleapi.model.account import ObservedAccount, SetPassword
from oracleapi.model.opened import IDLE, OpenRotation
from oracleapi.model.ownership import TAG_OWNER, TAG_UID
from oracleapi.model.rollover import rollover_days
from oracleapi.model.rotation import CURRENT, PENDING, ObservedSecret
from oracleapi.plan.account import plan_twin
from oracleapi.ports import Backends, Workloads
from oracleapi.reconcile.databases import Databases
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.reconcile.rotation_delivery import Delivery
from oracleapi.reconcile.rotation_place import KIND, TWINS, Place, Places, renewed, request_of
from oracleapi.reconcile.rotation_proof import say_again, say_verified, verify
from oracleapi.reconcile.rotation_run import Run, Superseded
from oracleapi.reconcile.rotation_secret import LAG_S, Known, begun, known_secret
from oracleapi.reconcile.rotation_times import begins_at, expiry, say_fresh, say_next, time_now, to_text
from oracleapi.reconcile.rotation_twin import say_equal
from oracleapi.runtime.clock import timestamp
from oracleapi.runtime.store import Key

RECOVERY_DAYS = 30
NOBODYS = {TAG_OWNER: "", TAG_UID: ""}
"""Tags may be empty; taking them away would need another right."""


class SecretRotationReconciler:
    kind = KIND
    spec = SecretRotationSpec

    def __init__(self, references: References, backends: Backends, databases: Databases, workloads: Workloads) -> None:
        self._places = Places(references, backends, databases, workloads)
        self._delivery = Delivery(references, backends)

    def reconcile(self, work: Pass[SecretRotationSpec]) -> None:
        schedule = build_schedule(work.spec)
        say_fresh(work, schedule)
        place = self._places.open(work)
        going = self._delivery.going_on(place)
        if going is not None:
            self._deliver(place, going, schedule)
            return
        known = known_secret(place)
        opened = OpenRotation.of(work.status)
        if opened is None:
            self._notice(place, known)
            self._keep_key(place, known.secret)
            choice, active = self._choose(place, known)
            opened = self._begin(place, known, schedule, choice, active)
        if opened is None:
            verify(place, known, active)
            self._delivery.check(place, known.current, begins=False)
            work.report.message = f"The password of {active.name} is in {place.name}"
            if text := expiry(work, schedule, active):
                work.report.message += f"; {text}"
                if place.again:
                    work.event(True, reasons.PASSWORD_EXPIRES, text)
            return
        self._carry_on(place, known, opened, schedule)

    # when ------------------------------------------------------------------------------------------------------

    def _notice(self, place: Place, known: Known) -> None:
        """Take note of a current version that is not the one we left."""
        work, fields = place.work, place.work.report.fields
        before = work.status.get("versionId")
        if before is None:
            changed = known.secret.changed
            fields.setdefault("lastRotationTime", timestamp(work.clock) if changed is None else to_text(changed))
        elif before != known.current:
            fields["lastRotationTime"] = timestamp(work.clock)
            text = f"somebody else put version {known.current} into secret {place.name}; the schedule counts from here"
            fields |= {"passwordChangedTime": None, "activeAccount": None}
            work.report.clear("Verified")
            work.event(True, reasons.SECRET_CHANGED, text)
        fields |= {"versionId": known.current, "step": IDLE}

    @staticmethod
    def _keep_key(place: Place, secret: ObservedSecret) -> None:
        """Let the key that is asked for encrypt the secret; without one it keeps the key that it has."""
        wanted, fields = place.spec.secret.kms_key_id, place.work.report.fields
        asked = place.work.status.get("kmsKeyId") == wanted
        if wanted is not None and other_key(wanted, secret.kms_key_id, asked):
            place.secrets.set_key(place.name, wanted)
        fields["kmsKeyId"] = wanted

    def _choose(self, place: Place, known: Known) -> tuple[str, ObservedAccount]:
        """Return the strategy and the account that readers use."""
        work, spec = place.work, place.spec
        status = work.status
        active = status.get("activeAccount") if status.get("versionId") == known.current else None
        name = active or str(place.read(known.current).get("username", ""))
        if name not in (spec.account, place.twin):
            raise Terminal(
                reasons.CONFLICT,
                f"spec.secret.name: the current version of secret {place.name} holds another account than"
                f" {spec.account} under the key username; put the account's name and password there",
            )
        choice, account = place.chosen(name)
        work.report.fields |= {
            "activeAccount": name,
            "strategy": choice.strategy,
            "strategyDetail": choice.detail,
        }
        if choice.strategy == "DualUser":
            place.check_twin()
            self._compare(place, account)
        else:
            work.report.clear("GrantsEqual")
            work.report.fields["missing"] = None
        return choice.strategy, account

    @staticmethod
    def _compare(place: Place, active: ObservedAccount) -> None:
        other = place.other(active.name)
        twin = place.oracle.observe_account(other)
        if twin is None:
            text = f"Account {other} is made at the next rotation"
            place.work.report.say("GrantsEqual", None, reasons.PROGRESSING, text)
        else:
            check_twin_owns_nothing(twin, active.name)
            say_equal(place.work.report, plan_twin(active, twin), active.name, other)

    def _begin(
        self, place: Place, known: Known, schedule: Schedule, strategy: str, active: ObservedAccount
    ) -> OpenRotation | None:
        """Return a rotation where one is due or asked for, its token noted; else say when the next one is."""
        work = place.work
        now = time_now(work)
        fields = work.report.fields
        asked, begins = place.asked, begins_at(work, schedule)
        say_next(work, schedule, begins)
        if asked is None and begins > now:
            work.requeue((begins - now).total_seconds())
            return None
        self._delivery.check(place, known.current, begins=True)
        if strategy == "Rollover":
            place.give_profile(active)
        if asked is not None:
            fields["lastHandledRotateAt"] = asked
        target = place.other(active.name) if strategy == "DualUser" else active.name
        cause = "Schedule" if asked is None else "Request"
        return place.note(begun(place, known.current, target, strategy, cause))

    # the rotation ----------------------------------------------------------------------------------------------

    def _carry_on(self, place: Place, known: Known, opened: OpenRotation, schedule: Schedule) -> None:
        work = place.work
        if place.asked is not None:
            work.report.fields["lastHandledRotateAt"] = place.asked
        if place.again:
            opened = opened.once_more()
        if opened.strategy == "DualUser" and place.spec.strategy not in TWINS:
            opened = self._otherwise(place, known, opened)
        phase = phase_of(known.secret, opened.token, opened.replacing, opened.proven)
        if opened.cause == "Create" and phase == "Switched":
            opened = self._set_first(place, Run(place, known.secret, opened), opened)
            phase = phase_of(known.secret, opened.token, opened.replacing, opened.proven)
        run = Run(place, known.secret, opened)
        if phase in ("Store", "Set"):
            try:
                opened = run.to_switch()
            except Superseded:
                phase = "Foreign"
        elif phase == "Switched" and known.secret.version_with(PENDING) == opened.token:
            place.secrets.drop_pending(place.name, opened.token)
        if phase == "Foreign":
            if not run.roll_back():
                raise run.go_forward()
            self._end(place, opened, "Superseded")
            text = f"somebody else moved AWSCURRENT of secret {place.name} during a rotation; theirs stays"
            work.event(True, reasons.ROLLED_BACK, text)
            raise Retryable(reasons.ROTATION_FAILED, f"{text}, and the rotation was taken back", LAG_S)
        self._deliver(place, self._switched(place, opened), schedule)

    def _otherwise(self, place: Place, known: Known, opened: OpenRotation) -> OpenRotation:
        """Begin a turn anew with another strategy, as long as nobody reads the account whose turn it is."""
        if opened.step not in ("Storing", "Setting") or known.current != opened.replacing:
            return opened
        strategy, active = self._choose(place, known)
        if strategy == "Rollover":
            place.give_profile(active)
        Run(place, known.secret, opened).roll_back()
        return place.note(begun(place, known.current, active.name, strategy, opened.cause))

    def _deliver(self, place: Place, opened: OpenRotation, schedule: Schedule) -> None:
        """Bring a version that is current to its readers; when they have it the rotation is over."""
        work = place.work
        self._delivery.bring(place, opened)
        if "Verified" not in work.report.conditions:
            say_again(work)  # it was proven in a pass before this one
        self._end(place, opened, "Succeeded")
        begins = begins_at(work, schedule)
        say_next(work, schedule, begins)
        wait_s = begins.timestamp() - work.clock.now() if request_of(work) is None else 0.0
        work.requeue(max(1.0, wait_s))
        say_fresh(work, schedule)
        work.event(False, reasons.ROTATED, f"the password of {opened.account} was changed ({opened.strategy})")
        work.report.message = f"The password of {opened.account} is in {place.name}"

    @staticmethod
    def _set_first(place: Place, run: Run, opened: OpenRotation) -> OpenRotation:
        """Make the password of a secret that we made the account's: nobody reads it before.

        Returns:
            The rotation; where the account's profile refused the password, one to another version.

        Raises:
            Terminal: ``PrivilegesMissing``.
        """
        if opened.step in ("Switching", "Delivering"):
            return opened
        password, account = str(place.read(opened.token)["password"]), place.account(opened.account)
        if opened.step != "Setting":
            run.begin_setting(account)
        elif run.is_set(account, password):
            say_verified(place.work.report, opened.account, True)
            return opened
        try:
            place.oracle.apply_account(SetPassword(opened.account, password))
        except Terminal as error:
            if error.reason == reasons.PASSWORD_REFUSED:
                another = renewed(opened, str(uuid.uuid4()))
                return place.note(replace(another, replacing=opened.token, tried=(opened.token,)))
            raise Terminal(
                error.reason,
                f"spec.secret.name: secret {place.name} was made, but its password is not the account's yet:"
                f" {error.message}; or put the account's present password into the secret yourself",
            ) from error
        works = place.logins.prove(opened.account, password) == "Works"
        say_verified(place.work.report, opened.account, works)
        if not works:
            raise Retryable(
                reasons.LOGIN_DENIED, f"account {opened.account} refuses the password that was just set", 60.0
            )
        return opened

    @staticmethod
    def _switched(place: Place, opened: OpenRotation) -> OpenRotation:
        """Write down that readers get the new version."""
        work = place.work
        if work.status.get("versionId") == opened.token and opened.step == "Delivering":
            return opened
        account = place.account(opened.account)
        ends = time_now(work) + timedelta(days=rollover_days(account.limits))
        work.report.fields |= {
            "versionId": opened.token,
            "activeAccount": opened.account,
            "lastRotationTime": timestamp(work.clock),
            "passwordChangedTime": account.changed,
            "oldPasswordEndsTime": to_text(ends) if opened.strategy == "Rollover" else None,
        }
        return place.note(opened.at("Delivering"))

    @staticmethod
    def _end(place: Place, opened: OpenRotation, result: str) -> None:
        work = place.work
        entry = {
            "startedTime": opened.started,
            "completedTime": timestamp(work.clock),
            "versionId": opened.token,
            "account": opened.account,
            "strategy": opened.strategy,
            "cause": opened.cause,
            "result": result,
        }
        work.report.fields |= {
            "rotation": None,
            "step": IDLE,
            "history": noted(work.status.get("history", []), entry),
        }

    # the end ---------------------------------------------------------------------------------------------------

    def finalize(self, work: Pass[SecretRotationSpec]) -> None:
        opened = OpenRotation.of(work.status)
        if "secretArn" not in work.status and opened is None:
            return
        delete = work.deletion_policy == "Delete"
        if opened is not None or delete:
            try:
                self._end_outside(work, opened, delete)
            except OperatorError as error:
                if isinstance(error, OutOfBudget) or not _is_let_go(work):
                    raise
                text = f"the rotation to version {opened.token if opened else ''} is left as it is: {error.message}"
                work.event(True, reasons.LEFT_OUTSIDE, text)
        if not delete:
            self._leave(work)
            if not _all_goes(work):
                self._places.release(work)

    def _end_outside(self, work: Pass[SecretRotationSpec], opened: OpenRotation | None, delete: bool) -> None:
        """Close an open rotation, and schedule the secret for deletion where that is asked for."""
        place = self._places.open(work, leaving=True)
        secret = place.describe()
        if secret is None or secret.deleted:
            return
        theirs = secret.tags.get(TAG_OWNER) or None
        if opened is not None and theirs in (None, str(work.owner)):
            self._close(place, secret, opened)
        if delete and theirs == str(work.owner):
            place.secrets.delete(place.name, RECOVERY_DAYS)

    def _leave(self, work: Pass[SecretRotationSpec]) -> None:
        """Take our mark off the secret, so that another object may have it; where AWS lets nobody, that is told."""
        try:
            place = self._places.open(work, leaving=True)
            secret = place.describe()
            if secret is not None and not secret.deleted and secret.tags.get(TAG_OWNER) == str(work.owner):
                place.secrets.tag(place.name, NOBODYS)
        except OutOfBudget:
            raise
        except OperatorError as error:
            text = f"secret {work.spec.secret.name} may keep its tag {TAG_OWNER}, with which no other object gets it"
            work.event(True, reasons.LEFT_OUTSIDE, f"{text}: {error.message}")

    def _close(self, place: Place, secret: ObservedSecret, opened: OpenRotation) -> None:
        """Take an open rotation back, or bring it to its readers where they get its version already."""
        if place.again:
            opened = opened.once_more()
        run, phase = Run(place, secret, opened), phase_of(secret, opened.token, opened.replacing, opened.proven)
        if phase == "Switched":
            place.secrets.drop_pending(place.name, opened.token)
        elif secret.version_with(CURRENT) != opened.token and run.roll_back():
            return
        elif phase == "Foreign":
            raise run.go_forward()
        else:
            opened = run.to_switch()
        if not _all_goes(place.work):
            self._delivery.leave_secret(place, opened.token)

    def forget(self, key: Key) -> None:
        self._delivery.forget(key)


def _all_goes(work: Pass[SecretRotationSpec]) -> bool:
    """Say whether the namespace is being deleted: its Secret goes with it, and so may our right to look at it have."""
    return work.kube.namespace_goes(work.key.namespace or "")


def _is_let_go(work: Pass[SecretRotationSpec]) -> bool:
    """Say whether somebody wrote at the object itself that it is to go whatever it leaves: its database may be gone."""
    return bool(work.resource["metadata"].get("annotations", {}).get(DELETION_POLICY) == "Retain")
