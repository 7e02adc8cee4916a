"""Log-ons as accounts, of which some get no answer: one that was refused leads towards a lock, heard of or not."""

from collections.abc import Callable
from typing import Any, TypeVar

from oracleapi.api import reasons
from oracleapi.errors import Retryable, Terminal, Uncertain
from oracleapi.model.account import ATTEMPTS_LIMIT
from oracleapi.ports import Change, Logins, Oracle, Proof
from oracleapi.reconcile.passes import Pass

T = TypeVar("T")
FIELD = "lostLogOns"
"""Of status: an account, and its log-ons in a row whose answer was lost."""


class CountedLogins:
    """Fulfils :class:`oracleapi.ports.Logins`; a log-on in doubt is not sent where it might lock the account.

    In doubt is one with a password that was not seen to work since the account's was last changed. Answers that were
    lost in a row count as refusals, until somebody edits or asks.
    """

    def __init__(self, logins: Logins, oracle: Oracle, work: Pass[Any], again: bool) -> None:
        self._logins, self._oracle, self._work = logins, oracle, work
        if again:
            work.report.fields[FIELD] = None

    def lost(self, name: str) -> int:
        """Return how many log-ons as *name* may have been refused without our hearing of it."""
        found = {**self._work.status, **self._work.report.fields}.get(FIELD) or {}
        return int(found["count"]) if found.get("account") == name else 0

    def prove(self, username: str, password: str) -> Proof:
        if self._might_lock(username):
            raise Terminal(reasons.LOGIN_DENIED, self._untried(username))
        return self._count(username, lambda: self._logins.prove(username, password))

    def change(self, username: str, old: str, new: str) -> Change:
        """Change it as :meth:`oracleapi.ports.Logins.change`; what is not sent counts as denied."""
        if self._might_lock(username):
            return "Denied"
        return self._count(username, lambda: self._logins.change(username, old, new))

    def end_rollover(self, username: str, password: str) -> bool:
        """End it as :meth:`oracleapi.ports.Logins.end_rollover`.

        Raises:
            Retryable: ``LoginDenied``, also where it is not sent.
        """
        if self._might_lock(username):
            raise Retryable(reasons.LOGIN_DENIED, self._untried(username))
        return self._count(username, lambda: self._logins.end_rollover(username, password))

    def _might_lock(self, name: str) -> bool:
        lost = self.lost(name)
        account = self._oracle.observe_account(name, whole=False) if lost else None
        if account is None:
            return False
        status = self._work.status
        if status.get("activeAccount") == name and status.get("passwordChangedTime") == account.changed:
            return False
        limit = account.limits.get(ATTEMPTS_LIMIT, "10")
        return limit.isdigit() and lost + 1 >= int(limit)

    def _count(self, name: str, log_on: Callable[[], T]) -> T:
        lost = self.lost(name)
        try:
            answer = log_on()
        except Uncertain:
            self._work.report.fields[FIELD] = {"account": name, "count": lost + 1}
            raise
        if lost and answer != "Denied":
            self._work.report.fields[FIELD] = None
        return answer

    def _untried(self, name: str) -> str:
        return (
            f"{self.lost(name)} log-ons as account {name} got no answer, its password was changed since ours was seen"
            " to work, and another one that is refused might lock it; once the database answers, set the annotation"
            " oracleapi.dev/rotate-requested-at"
        )
