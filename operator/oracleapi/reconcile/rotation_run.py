"""One rotation from its token to the switch of AWSCURRENT; the secret's labels tell how far it came.

======== ==================================================================================================
Storing  the token is in status; then the new password is stored under it as AWSPENDING
Setting  noted before the account's password is changed; from now on both passwords may be the one
Switching the new password is proven by a log-on; AWSCURRENT moves, by compare-and-swap
======== ==================================================================================================

Before the switch a rotation that cannot go on is rolled back: what AWSCURRENT says is the account's password again.
See docs/adr/0019-rotation.md.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from oracleapi.api import reasons
from oracleapi.desired.password import make_password
from oracleapi.desired.rotation import secret_values
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.account import CreateTwin, EndRollover, ObservedAccount, SetPassword
from oracleapi.model.opened import TRIES, OpenRotation
from oracleapi.model.rotation import CURRENT, PREVIOUS, ObservedSecret
from oracleapi.reconcile.rotation_place import Place, renewed
from oracleapi.reconcile.rotation_proof import say_verified
from oracleapi.reconcile.rotation_secret import LAG_S
from oracleapi.reconcile.rotation_twin import equalize

Values = Mapping[str, Any]


class Superseded(Retryable):
    """Somebody moved AWSCURRENT to a version of their own."""


class Run:
    """Carries one rotation of one pass to its switch."""

    def __init__(self, place: Place, secret: ObservedSecret, opened: OpenRotation) -> None:
        self._place, self._secret, self._opened = place, secret, opened
        self._resumed = opened.step != "Storing"

    def to_switch(self) -> OpenRotation:
        """Return the rotation once readers get the new version.

        Raises:
            Superseded: Somebody else wrote the secret meanwhile.
            Terminal: ``PasswordRefused``, ``LoginDenied``, ``AccountsDiffer``, what the account's log-on says.
        """
        self._refuse_repetition()
        while not self._set(self._stored()):
            self._renew()
        self._prove()
        self._opened = self._place.note(self._opened.at("Switching"))
        place, token = self._place, self._opened.token
        if not place.secrets.make_current(place.name, token, self._opened.replacing):
            raise self._superseded()
        place.secrets.drop_pending(place.name, token)
        return self._opened

    def _superseded(self) -> Superseded:
        text = f"somebody else moved AWSCURRENT of secret {self._place.name} during a rotation"
        return Superseded(reasons.ROTATION_FAILED, text, LAG_S)

    def roll_back(self) -> bool:
        """Make what AWSCURRENT says the account's password again, and take the pending label away.

        Returns:
            ``False``: the account's profile does not take the old password any more.

        Raises:
            Terminal: ``LoginDenied``, neither password is the account's.
        """
        place, token = self._place, self._opened.token
        secret = place.describe()
        current = None if secret is None else secret.version_with(CURRENT)
        if secret is None or current is None or current == token:
            return True
        if not self._restored(place.read(current)):
            return False
        for version in sorted({token, self._opened.carries} & secret.versions.keys()):
            place.secrets.drop_pending(place.name, version)
        return True

    def _restored(self, wanted: Values) -> bool:
        account, logins = str(wanted.get("username", "")), self._place.logins
        if self._opened.step == "Storing" or account != self._opened.account:
            return True  # the database was not asked yet; or it is the twin's password, which nobody reads
        old = str(wanted.get("password", ""))
        ours = str(self._place.read(self._opened.carries or self._opened.token)["password"])
        found = self._place.oracle.observe_account(account, whole=False)
        if found is None or found.changed == self._opened.changed:
            hidden = found is not None and found.in_rollover  # where PASSWORD_CHANGE_DATE does not move
            return not hidden or old == ours or logins.change(account, ours, old) != "Unsuitable"
        if self.is_set(found, ours):  # in a rollover the old one works too, but not for long
            return old == ours or logins.change(account, ours, old) == "Changed"
        if logins.prove(account, old) == "Denied":
            raise self._denied()
        return True

    def go_forward(self) -> OperatorError:
        """Go on over a version that somebody else made current, and whose password the account's profile refuses.

        The account keeps the password that we gave it, and another version gets that beside what theirs holds.

        Returns:
            What to say until then; with DualUser what people must do.
        """
        place, opened = self._place, self._opened
        secret = place.describe()
        current = None if secret is None else secret.version_with(CURRENT)
        if opened.strategy == "DualUser" or current is None:
            return self._stuck()
        carries = opened.carries or opened.token
        another = replace(opened.at("Setting"), token=str(uuid.uuid4()), replacing=current, carries=carries)
        place.note(replace(another, changed="", refused="", tried=()))
        text = (
            f"somebody else moved AWSCURRENT of secret {place.name} during a rotation, to a version whose password the"
            f" profile of account {opened.account} refuses; the rotation goes on over that"
        )
        place.work.event(True, reasons.SECRET_CHANGED, text)
        return Retryable(reasons.ROTATION_FAILED, text, LAG_S)

    def _stuck(self) -> OperatorError:
        account = self._opened.account
        return Terminal(
            reasons.ROTATION_FAILED,
            f"somebody else moved AWSCURRENT of secret {self._place.name} during a rotation, and account {account} does"
            f" not take that version's password; set the password of version {self._opened.token} in it, or change the"
            " account's password to it and, if that begins a rollover, end that: ALTER USER"
            f" {account} EXPIRE PASSWORD ROLLOVER PERIOD",
        )

    def _refuse_repetition(self) -> None:
        """Stop where the last pass did: accounts lock, and each try makes a version.

        Raises:
            Terminal: As the last pass did.
        """
        opened = self._opened
        if opened.attempts >= TRIES:
            raise self._unsuitable()
        if opened.refused and opened.refused == opened.replacing:
            raise self._denied()

    def _stored(self) -> Values:
        """Return the new version's values, stored now unless they are there."""
        place, opened = self._place, self._opened
        if opened.token in self._secret.versions:
            return place.read(opened.token)
        old = place.read(opened.replacing)
        if opened.carries:
            password = str(place.read(opened.carries)["password"])
        else:
            password = make_password(place.spec.password.length, opened.attempts)
        values = secret_values(old, place.database.connection, opened.account, password)
        try:
            place.secrets.put_pending(place.name, opened.token, values)
        except Terminal as error:
            if error.reason != reasons.CONFLICT:
                raise
            return place.read(opened.token)  # it was stored, and the list of versions does not show it yet
        place.values[opened.token] = values
        return values

    def _set(self, values: Values) -> bool:
        """Make the stored password the account's; ``False``: its profile refuses it."""
        self._resumed = self._opened.step != "Storing"
        if self._opened.strategy == "DualUser":
            return self._set_twin(str(values["password"]), self._resumed)
        new = str(values["password"])
        account = self._place.account(self._opened.account)
        if self._resumed and self.is_set(account, new):
            return True
        if not self._resumed:
            self.begin_setting(account)
        if self._opened.replacing not in self._opened.tried:
            self._end_last_rollover(account, str(self._place.read(self._opened.replacing)["password"]))
        return self._change(account, new, self._opened.replacing, self._secret.version_with(PREVIOUS))

    def begin_setting(self, account: ObservedAccount | None) -> None:
        """Note that the account's password is about to be changed, and how old the present one is."""
        changed = "" if account is None else account.changed
        self._opened = self._place.note(replace(self._opened.at("Setting"), changed=changed))

    def is_set(self, account: ObservedAccount, new: str) -> bool:
        """Say whether the last pass has set the new password already.

        A log-on tells, once for each change of the account's password: refused ones lock it, and the change that failed
        may fail for days.
        """
        if account.changed == self._opened.changed:
            return False
        if self._place.logins.prove(account.name, new) != "Denied":
            return True
        self._opened = replace(self._opened, changed=account.changed, tried=())
        self._note_refused(self._opened.token)
        return False

    def _note_refused(self, version: str) -> None:
        """Note that the account refused a version's password: whatever fails next, that log-on is not repeated.

        Raises:
            Superseded: It is that of readers, and somebody gave them another one meanwhile.
        """
        self._opened = self._place.note(replace(self._opened, tried=(*self._opened.tried, version)))
        if version == self._opened.replacing:
            self._look_again()

    def _password(self, version: str, account: str) -> str | None:
        """Return the password that a version has for *account*, if it has one: anybody may have stored anything."""
        try:
            values = self._place.read(version)
        except DependencyNotReady as error:
            if error.reason != reasons.CREDENTIALS_MISSING:
                raise
            return None
        return str(values["password"]) if values["username"] == account else None

    def _end_last_rollover(self, account: ObservedAccount, current: str) -> None:
        """Let a change not be the second one of a rollover: its old password would stay, and the one between, which
        readers may have, would go. One that began with our change is ended; in one that began after the current
        version was seen to work, that is the old password.

        Source: Database Security Guide 19c, "Changing a Password During the Rollover Period".

        Raises:
            DependencyNotReady: ``RolloverRuns``, nobody of us may end it, or nobody knows which password readers have.
        """
        known = self._place.work.status.get("passwordChangedTime")
        if not account.in_rollover or (known and known != account.changed):
            return
        if not known:
            self._outwait(account.name, current)
        else:
            self._end_rollover(account.name, self._opened.replacing, current)

    def _end_rollover(self, name: str, version: str, password: str) -> None:
        """End the rollover that runs with the password of *version*. Raises as :meth:`_end_last_rollover`."""
        try:
            ended = end_rollover(self._place, name, password)
        except Retryable as error:
            if error.reason != reasons.LOGIN_DENIED:
                raise
            self._note_refused(version)
            return
        if not ended:
            raise DependencyNotReady(
                reasons.ROLLOVER_RUNS,
                f"the rollover period of account {name} still runs, and another change now would cut its readers off;"
                " it goes on when the period is over, or grant ALTER USER to the operator's account",
                300.0,
            )

    def _outwait(self, name: str, current: str) -> None:
        """Wait for the end of a rollover that somebody else began. Raises as :meth:`_end_last_rollover`.

        That it ended shows after a log-on only.
        """
        if self._opened.strategy == "Single":
            return
        if self._place.logins.prove(name, current) == "Denied":
            self._note_refused(self._opened.replacing)
        elif self._place.account(name).in_rollover:
            raise DependencyNotReady(
                reasons.ROLLOVER_RUNS,
                f"account {name} is in a rollover period that somebody else began, and whether the secret has its old"
                " or its new password cannot be told: another change now might cut its readers off; it goes on when the"
                " period is over, or, if the new one is in the secret, once a DBA has run: ALTER USER"
                f" {name} EXPIRE PASSWORD ROLLOVER PERIOD",
                300.0,
            )

    def _change(self, account: ObservedAccount, new: str, *versions: str | None) -> bool:
        """Change the password by a log-on with that of one of *versions*, each tried once, or else by right."""
        for version in versions:
            tried = self._opened.tried
            if version is None or version in tried or not self._place.logins.may_fail(account, len(tried)):
                continue
            old = self._password(version, account.name)
            if old is None:
                continue
            match self._place.logins.change(account.name, old, new):
                case "Changed":
                    return True
                case "Unsuitable":
                    return False
            self._note_refused(version)
        return self._set_by_right(account.name, new)

    def _look_again(self) -> None:
        """Look where AWSCURRENT is now: who changes account and secret meanwhile has done the one, maybe the other too.

        Raises:
            Superseded: They have.
        """
        secret = self._place.describe()
        if secret is not None and secret.version_with(CURRENT) == self._opened.replacing:
            return
        if not self._resumed:  # nothing was sent: there is nothing to take back
            self._opened = self._opened.at("Storing")
        raise self._superseded()

    def _set_by_right(self, name: str, new: str) -> bool:
        """Set a password without the old one, where the operator's account may."""
        try:
            self._place.oracle.apply_account(SetPassword(name, new))
        except Terminal as error:
            if error.reason == reasons.PASSWORD_REFUSED:
                return False
            if error.reason != reasons.PRIVILEGES_MISSING:
                raise
            self._place.work.report.fields["passwordChangedTime"] = None
            self._opened = self._place.note(replace(self._opened, refused=self._opened.replacing))
            raise self._denied() from error
        return True

    def _set_twin(self, new: str, resumed: bool) -> bool:
        """Make the other account like the active one, and give it the new password."""
        place, target = self._place, self._opened.account
        current = place.read(self._opened.replacing)
        active = place.account(str(current["username"]), whole=True)
        twin = place.oracle.observe_account(target)
        if not resumed:
            self.begin_setting(twin)
        made = twin is None
        if twin is None:
            settings = tuple(sorted(each for each in active.holdings if each.kind == "setting"))
            try:
                place.oracle.apply_account(CreateTwin(target, settings, new))
            except Terminal as error:
                if error.reason == reasons.PASSWORD_REFUSED:
                    return False
                raise
        equalize(place, active, target)
        twin = place.account(target)
        if made or (resumed and self.is_set(twin, new)):
            return True
        previous = self._secret.version_with(PREVIOUS)
        if twin.in_rollover and previous is not None and previous not in self._opened.tried:
            old = self._password(previous, target)
            if old is not None:  # PASSWORD_CHANGE_DATE would not tell whether a change in it happened
                self._end_rollover(target, previous, old)
        return self._change(twin, new, previous)

    def _renew(self) -> None:
        place, opened = self._place, self._opened
        place.secrets.drop_pending(place.name, opened.token)
        self._opened = place.note(renewed(opened, str(uuid.uuid4())))
        if self._opened.attempts >= TRIES:
            raise self._unsuitable()

    def _prove(self) -> None:
        opened = self._opened
        proof = self._place.logins.prove(opened.account, str(self._place.read(opened.token)["password"]))
        say_verified(self._place.work.report, opened.account, proof == "Works")
        if proof != "Works":
            raise Retryable(
                reasons.LOGIN_DENIED, f"account {opened.account} refuses its new password right after it was set", 60.0
            )

    def _unsuitable(self) -> OperatorError:
        return Terminal(
            reasons.PASSWORD_REFUSED,
            f"spec.password: the profile of account {self._opened.account} refused {TRIES} passwords; raise"
            " spec.password.length or look at its PASSWORD_VERIFY_FUNCTION, then set the annotation"
            " oracleapi.dev/rotate-requested-at",
        )

    def _denied(self) -> OperatorError:
        account, again = self._opened.account, "then set the annotation oracleapi.dev/rotate-requested-at"
        if self._opened.strategy == "DualUser":
            return Terminal(
                reasons.LOGIN_DENIED,
                f"the secret holds no password that account {account} takes, and the operator's account may not set"
                f" one; grant it ALTER USER, {again}",
            )
        return Terminal(
            reasons.LOGIN_DENIED,
            f"spec.secret.name: the password of AWSCURRENT is not that of account {account}; put the right one into the"
            f" secret, or grant ALTER USER to the operator's account, {again}",
        )


def end_rollover(place: Place, account: str, password: str) -> bool:
    """Let the old password of *account* end now; ``False``: nobody of us may."""
    if place.logins.end_rollover(account, password):
        return True
    try:
        place.oracle.apply_account(EndRollover(account))
    except Terminal as error:
        if error.reason != reasons.PRIVILEGES_MISSING:
            raise
        return False
    return True
