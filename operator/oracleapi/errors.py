"""Three kinds of error, and no others: what an administrator must mend, what heals, and what waits for somebody.

Pure rooms raise only :class:`Terminal`; adapters translate foreign errors by table; one function in
``reconcile.report`` turns each kind into conditions. No message holds a statement, a secret or a raw response.
"""


class OperatorError(Exception):
    """Base of the three kinds.

    Args:
        reason: CamelCase constant of :mod:`oracleapi.api.reasons`; the same word in condition, event and docs.
        message: One sentence for the person who reads ``kubectl describe``: what is wrong and what helps.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message

    def again(self, field: str | None = None) -> "OperatorError":
        """Return a new error that says the same, with the *field* it is about in front."""
        return type(self)(self.reason, self._about(field))

    def _about(self, field: str | None) -> str:
        return self.message if field is None else f"{field}: {self.message}"


class Terminal(OperatorError):
    """Only an edit or an administrator helps: ``Stalled=True``, no fast retry."""


class Retryable(OperatorError):
    """The world may heal: retried with backoff, or after ``retry_after_s`` where the other side named a time."""

    def __init__(self, reason: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason, message)
        self.retry_after_s = retry_after_s

    def again(self, field: str | None = None) -> "Retryable":
        return type(self)(self.reason, self._about(field), self.retry_after_s)


class Uncertain(Retryable):
    """A create or a log-on was sent and its answer was lost: it may have happened. Look first, never repeat blindly."""


class DependencyNotReady(Retryable):
    """Another object must act first; expected, not a failure."""


class OutOfBudget(Retryable):
    """A call was not sent: the budget of calls is used up. The pass comes again in its place; nothing is wrong."""
