"""``SecretRotation``: keeps one account's password in one secret, and changes it when it is due or asked for."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from oracleapi.api import reasons
from oracleapi.api.secretrotation import SecretRotationSpec
from oracleapi.desired.password import make_password
from oracleapi.desired.rotation import (
    build_schedule,
    check_secret,
    check_twin_owns_nothing,
    noted,
    other_key,
    phase_of,
    secret_values,
)
from oracleapi.desired.schedule import Schedule
from oracleapi.errors import DependencyNotReady, Retryable, Terminal
from oracleapi.model.account import ObservedAccount, SetPassword
from oracleapi.model.opened import IDLE, OpenRotation
from oracleapi.model.ownership import TAG_OWNER
from oracleapi.model.rollover import rollover_days
from oracleapi.model.rotation import CURRENT, PENDING, ObservedSecret
from oracleapi.plan.account import plan_twin
from oracleapi.ports import Backends, Workloads
from oracleapi.reconcile.databases import Databases
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.reconcile.rotation_delivery import Delivery
from oracleapi.reconcile.rotation_place import KIND, Place, Places
from oracleapi.reconcile.rotation_run import Run, Superseded
from oracleapi.reconcile.rotation_said import say_equal, say_verified
from oracleapi.reconcile.rotation_times import begins_at, say_fresh, say_next, time_now, to_text
from oracleapi.runtime.clock import timestamp
from oracleapi.runtime.store import Key

RECOVERY_DAYS = 30
LAG_S = 5.0


@dataclass(frozen=True)
class Known:
    """A secret that is there, and the version that readers get."""

    secret: ObservedSecret
    current: str


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
        known = self._known(place)
        opened = OpenRotation.of(work.status)
        if opened is None:
            self._notice(place, known)
            self._keep_key(place, known.secret)
            choice, active = self._choose(place, known)
            opened = self._begin(place, known, schedule, choice, active)
        if opened is None:
            self._verify(place, known, active)
            self._delivery.keep_secret(place, known.current)
            work.report.message = f"The password of {work.report.fields['activeAccount']} is in {place.name}"
            return
        self._carry_on(place, known, opened, schedule)

    # what is there ---------------------------------------------------------------------------------------------

    def _known(self, place: Place) -> Known:
        """Return the secret, made or restored where it is not there.

        Raises:
            Terminal: ``Conflict``, ``ForeignWriter``. DependencyNotReady: it has no current version.
        """
        work, opened = place.work, OpenRotation.of(place.work.status)
        secret = place.describe()
        if secret is None:
            secret = self._create(place, opened)
        if secret.deleted:
            secret = self._restore(place, secret)
        check_secret(secret, str(work.owner), None if opened is None else opened.token)
        current = secret.version_with(CURRENT)
        if current is None:
            raise DependencyNotReady(
                reasons.CREDENTIALS_MISSING,
                f"spec.secret.name: secret {place.name} has no current version; store one with the keys username and"
                " password, or delete it and it is made",
                60.0,
            )
        work.report.fields["secretArn"] = secret.arn
        if TAG_OWNER not in secret.tags:
            self._take(place, current)
        return Known(secret, current)

    def _take(self, place: Place, current: str) -> None:
        """Mark a secret that somebody else made as ours, where it is about this account."""
        username = place.read(current).get("username")
        if username not in (place.spec.account, place.twin):
            raise Terminal(
                reasons.CONFLICT,
                f"spec.secret.name: secret {place.name} holds another account than {place.spec.account} under the key"
                " username; name another secret, or put the account's name there",
            )
        place.secrets.tag(place.name, place.work.owner.tags())

    def _restore(self, place: Place, secret: ObservedSecret) -> ObservedSecret:
        if secret.tags.get(TAG_OWNER) != str(place.work.owner):
            raise Terminal(
                reasons.CONFLICT,
                f"spec.secret.name: a secret {place.name} that is not ours is scheduled for deletion; restore it"
                f" (aws secretsmanager restore-secret --secret-id {place.name}), or name another one",
            )
        place.secrets.restore(place.name)
        place.work.event(True, reasons.SECRET_RESTORED, f"secret {place.name} was scheduled for deletion; restored it")
        return self._seen(place)

    def _seen(self, place: Place) -> ObservedSecret:
        found = place.describe()
        if found is None or found.deleted:
            raise Retryable(reasons.AWS_UNAVAILABLE, f"Secrets Manager does not show secret {place.name} yet", LAG_S)
        return found

    def _create(self, place: Place, opened: OpenRotation | None) -> ObservedSecret:
        """Make the secret with a password that becomes the account's right after."""
        if opened is not None and opened.cause != "Create":
            place.work.report.fields |= {"rotation": None, "step": IDLE}
            opened = None
        name = place.spec.account
        place.chosen(name)
        if opened is None:
            opened = place.note(_opened(place, "", name, "Single", "Create"))
        password = make_password(place.spec.password.length)
        values = secret_values({}, place.database.connection, name, password)
        kms = place.spec.secret.kms_key_id
        place.secrets.create(place.name, opened.token, values, place.work.owner.tags(), kms)
        return self._seen(place)

    @staticmethod
    def _verify(place: Place, known: Known, active: ObservedAccount) -> None:
        """Prove each current version once, and once more where somebody edited or asked since it was refused.

        Where *active* was in no rollover before that, this version was the only password: in a rollover that begins
        later it is the old one.

        Raises:
            Terminal: ``LoginDenied``.
        """
        work = place.work
        said = next((each for each in work.status.get("conditions", []) if each["type"] == "Verified"), None)
        same = work.status.get("versionId") == known.current and said is not None
        if said is not None and same and not (said["status"] == "False" and place.again):
            work.report.say("Verified", said["status"] == "True", said["reason"], said["message"])
        else:
            values = place.read(known.current)
            name = str(values.get("username", ""))
            works = place.logins.prove(name, str(values.get("password", ""))) == "Works"
            say_verified(work.report, name, works)
            sure = works and not active.in_rollover
            work.report.fields["passwordChangedTime"] = active.changed if sure else None
        if work.report.conditions["Verified"].status != "True":
            raise Terminal(
                reasons.LOGIN_DENIED,
                f"spec.secret.name: the database refuses the password in the current version of secret {place.name};"
                " put the right one there, or ask for a rotation if the operator's account has ALTER USER (annotation"
                " oracleapi.dev/rotate-requested-at)",
            )

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
        if strategy == "Rollover":
            place.give_profile(active)
        if asked is not None:
            fields["lastHandledRotateAt"] = asked
        target = place.other(active.name) if strategy == "DualUser" else active.name
        cause = "Schedule" if asked is None else "Request"
        return place.note(_opened(place, known.current, target, strategy, cause))

    # the rotation ----------------------------------------------------------------------------------------------

    def _carry_on(self, place: Place, known: Known, opened: OpenRotation, schedule: Schedule) -> None:
        work = place.work
        if place.asked is not None:
            work.report.fields["lastHandledRotateAt"] = place.asked
        run = Run(place, known.secret, opened)
        phase = phase_of(known.secret, opened.token, opened.replacing, opened.proven)
        if opened.cause == "Create" and phase != "Foreign":
            self._set_first(place, run, opened)
        elif phase in ("Store", "Set"):
            try:
                opened = run.to_switch()
            except Superseded:
                phase = "Foreign"
        elif phase == "Switched" and known.secret.version_with(PENDING) == opened.token:
            place.secrets.drop_pending(place.name, opened.token)
        if phase == "Foreign":
            if not run.roll_back():
                raise run.cannot_go_back()
            self._end(place, opened, "Superseded")
            text = f"somebody else moved AWSCURRENT of secret {place.name} during a rotation; theirs stays"
            work.event(True, reasons.ROLLED_BACK, text)
            raise Retryable(reasons.ROTATION_FAILED, f"{text}, and the rotation was taken back", LAG_S)
        self._switched(place, opened)
        self._delivery.bring(place, run, opened)
        self._end(place, opened, "Succeeded")
        begins = begins_at(work, schedule)
        say_next(work, schedule, begins)
        work.requeue(max(1.0, begins.timestamp() - work.clock.now()))
        say_fresh(work, schedule)
        work.event(False, reasons.ROTATED, f"the password of {opened.account} was changed ({opened.strategy})")
        work.report.message = f"The password of {opened.account} is in {place.name}"

    @staticmethod
    def _set_first(place: Place, run: Run, opened: OpenRotation) -> None:
        """Make the password of a secret that we made the account's: nobody reads it before.

        Raises:
            Terminal: ``PrivilegesMissing``.
        """
        if opened.step == "Delivering":
            return
        password, account = str(place.read(opened.token)["password"]), place.account(opened.account)
        if opened.step != "Setting":
            run.begin_setting(account)
        elif run.is_set(account, password):
            return
        try:
            place.oracle.apply_account(SetPassword(opened.account, password))
        except Terminal as error:
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

    @staticmethod
    def _switched(place: Place, opened: OpenRotation) -> None:
        """Write down that readers get the new version."""
        work = place.work
        if work.status.get("versionId") == opened.token and work.status.get("step") == "Delivering":
            return
        account = place.account(opened.account)
        ends = time_now(work) + timedelta(days=rollover_days(account.limits))
        work.report.fields |= {
            "versionId": opened.token,
            "activeAccount": opened.account,
            "lastRotationTime": timestamp(work.clock),
            "passwordChangedTime": account.changed,
            "oldPasswordEndsTime": to_text(ends) if opened.strategy == "Rollover" else None,
        }
        place.note(opened.at("Delivering"))

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
            place = self._places.open(work, leaving=True)
            secret = place.describe()
            if secret is not None and not secret.deleted and secret.tags.get(TAG_OWNER) == str(work.owner):
                if opened is not None:
                    self._close(place, secret, opened)
                if delete:
                    place.secrets.delete(place.name, RECOVERY_DAYS)
        if not delete:
            self._places.release(work)

    def _close(self, place: Place, secret: ObservedSecret, opened: OpenRotation) -> None:
        """Take an open rotation back, or bring it to its readers where they get its version already."""
        run, phase = Run(place, secret, opened), phase_of(secret, opened.token, opened.replacing, opened.proven)
        if phase == "Switched":
            place.secrets.drop_pending(place.name, opened.token)
        elif secret.version_with(CURRENT) != opened.token and run.roll_back():
            return
        elif phase == "Foreign":
            raise run.cannot_go_back()
        else:
            opened = run.to_switch()
        self._delivery.leave_secret(place, opened.token)

    def forget(self, key: Key) -> None:
        """Nothing is remembered of a rotation."""


def _opened(place: Place, replacing: str, account: str, strategy: str, cause: str) -> OpenRotation:
    started = timestamp(place.work.clock)
    return OpenRotation(str(uuid.uuid4()), replacing, account, strategy, cause, started, "Storing")
