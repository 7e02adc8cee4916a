"""Log-ons as accounts, of which some get no answer: one that was refused leads towards a lock, heard of or not."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from oracleapi.api import reasons
from oracleapi.errors import Retryable, Terminal, Uncertain
from oracleapi.model.account import ATTEMPTS_LIMIT, ObservedAccount
from oracleapi.ports import Change, Logins, Oracle, Proof
from oracleapi.reconcile.passes import Pass
from oracleapi.runtime.clock import parse_timestamp, timestamp

T = TypeVar("T")
FIELD = "lostLogOns"
"""Of status: an account, its log-ons in a row whose answer was lost, and when the last one was."""
NONE_LOST: Mapping[str, Any] = MappingProxyType({"count": 0})
PAUSE_S = 120.0
"""Before the last log-on in doubt: most outages are over by then."""


class CountedLogins:
    """Fulfils :class:`oracleapi.ports.Logins`; a log-on in doubt is not sent where it might lock the account.

    In doubt is one with a password that was not seen to work since the account's was last changed. Answers that were
    lost in a row count as refusals, until somebody edits or asks.
    """

    def __init__(self, logins: Logins, oracle: Oracle, work: Pass[Any], again: bool) -> None:
        self._logins, self._oracle, self._work = logins, oracle, work
        if again:
            work.report.fields[FIELD] = None

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

    def may_fail(self, account: ObservedAccount, refused: int) -> bool:
        """Say whether the account stays open if one more log-on is refused, after *refused* ones and those in doubt."""
        left = self._left(account, refused)
        return left is None or left > 0

    def _lost(self, name: str) -> Mapping[str, Any]:
        found = {**self._work.status, **self._work.report.fields}.get(FIELD) or {}
        return found if found.get("account") == name else NONE_LOST

    def _left(self, account: ObservedAccount, refused: int = 0) -> int | None:
        """Return how many more may be refused before the one that locks, ``None`` where nothing was refused or lost."""
        status = self._work.status
        known = status.get("activeAccount") == account.name and status.get("passwordChangedTime") == account.changed
        failed = refused + (0 if known else self._lost(account.name)["count"])
        limit = account.limits.get(ATTEMPTS_LIMIT, "10")
        return max(0, int(limit) - 1 - failed) if failed and limit.isdigit() else None

    def _might_lock(self, name: str) -> bool:
        """Say whether one more that is refused might lock the account; wait before the last one that could not.

        Raises:
            Retryable: ``DatabaseUnreachable``, it is not time for that one yet.
        """
        lost = self._lost(name)
        account = self._oracle.observe_account(name, whole=False) if lost["count"] else None
        left = None if account is None else self._left(account)
        pause = parse_timestamp(lost["time"]) + PAUSE_S - self._work.clock.now() if left == 1 else 0.0
        if pause > 0:
            raise Retryable(
                reasons.DATABASE_UNREACHABLE,
                f"{lost['count']} log-ons as account {name} got no answer; the next one waits, for it is the last that"
                " cannot lock the account",
                pause,
            )
        return left == 0

    def _count(self, name: str, log_on: Callable[[], T]) -> T:
        count = self._lost(name)["count"]
        try:
            answer = log_on()
        except Uncertain:
            now = timestamp(self._work.clock)
            self._work.report.fields[FIELD] = {"account": name, "count": count + 1, "time": now}
            raise
        if count and answer != "Denied":
            self._work.report.fields[FIELD] = None
        return answer

    def _untried(self, name: str) -> str:
        count = self._lost(name)["count"]
        return (
            f"{count} log-ons as account {name} got no answer, its password was changed since ours was seen to work,"
            " and another one that is refused might lock it; once the database answers, set the annotation"
            " oracleapi.dev/rotate-requested-at"
        )
