"""A circuit breaker: who does not answer is not asked by everybody in turn.

After a failure that says that the other side is away, calls fail at once with the same reason and text. Then one call
is let through as a trial; its success closes the breaker, its failure opens it for longer.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from oracleapi.errors import OperatorError, Retryable
from oracleapi.runtime.clock import Clock

T = TypeVar("T")
REST_FIRST_S = 5.0
REST_LIMIT_S = 60.0
REST_NAMED_LIMIT_S = 120.0
"""Where the adapter names a longer rest, as after a refused login, it counts up to here."""
TRIED_AGAIN = "; asked again within two minutes"


class Breaker:
    """Guards the calls to one backend.

    Args:
        clock: Source of monotonic time.
        opens: Says whether an error means that the whole backend is away or denies everything.
        tell: Called with whether the breaker is open, when that changes.
        neutral: Turns an error's message into one that may be shown to every user of the backend.
    """

    def __init__(
        self,
        clock: Clock,
        opens: Callable[[OperatorError], bool],
        tell: Callable[[bool], None] = lambda _: None,
        neutral: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._clock, self._opens, self._tell, self._neutral = clock, opens, tell, neutral
        self._lock = threading.Lock()
        self._fault: tuple[str, str] | None = None  # reason and message while open: they stay until it closes
        self._until, self._rests, self._trial = 0.0, 0, False

    def call(self, function: Callable[[], T]) -> T:
        """Return what *function* returns.

        Raises:
            Retryable: The fault that opened the breaker, without a call while it is open.
        """
        trial = self._enter()
        try:
            answer = function()
        except OperatorError as error:
            if not self._opens(error):
                self._leave(trial)
                raise
            raise self._open(error, trial) from error
        except BaseException:
            self._leave(trial)
            raise
        self._close()
        return answer

    def allow_trial(self) -> None:
        """Let the next call through: somebody mended something."""
        with self._lock:
            self._until = 0.0

    def _enter(self) -> bool:
        """Say whether the call that begins is a trial."""
        with self._lock:
            if self._fault is None:
                return False
            left = self._until - self._clock.monotonic()
            if left > 0 or self._trial:
                raise Retryable(*self._fault, max(left, REST_FIRST_S / 5))
            self._trial = True
            return True

    def _leave(self, trial: bool) -> None:
        with self._lock:
            self._trial = self._trial and not trial

    def _open(self, error: OperatorError, trial: bool) -> Retryable:
        with self._lock:
            now = self._clock.monotonic()
            if self._fault is None or trial:
                named = min(getattr(error, "retry_after_s", None) or 0.0, REST_NAMED_LIMIT_S)
                self._until = now + max(named, min(REST_LIMIT_S, REST_FIRST_S * 2**self._rests))
                self._rests = min(self._rests + 1, 10)
                self._trial = False
            if self._fault is None or self._fault[0] != error.reason:
                self._fault = error.reason, self._neutral(error.message) + TRIED_AGAIN
            self._tell(True)
            return Retryable(*self._fault, max(self._until - now, REST_FIRST_S / 5))

    def _close(self) -> None:
        with self._lock:
            if self._fault is not None:
                self._fault, self._until, self._rests, self._trial = None, 0.0, 0, False
                self._tell(False)
