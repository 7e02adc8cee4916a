"""Holds back events that say again what was just said: a state that flips must not write each time.

Numbers as in client-go's recorder (``EventSourceObjectSpamFilter``: burst 25, then one in 5 minutes an object); the
same words come at most once in 10 minutes.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from oracleapi.runtime.clock import Clock

BURST = 25.0
REFILL_S = 300.0
SAME_WORDS_S = 600.0


@dataclass
class _Told:
    at: float
    tokens: float = BURST
    words: dict[tuple[str, str], float] = field(default_factory=dict)  # when each was told last


class EventLimiter:
    """Remembers what was told of each object; one worker at a time asks for an object."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[Hashable, _Told] = {}

    def allows(self, key: Hashable, reason: str, message: str) -> bool:
        """Say whether an event of *key* may be written now, and count it if so."""
        now = self._clock.monotonic()
        told = self._told.setdefault(key, _Told(now))
        told.tokens, told.at = min(BURST, told.tokens + (now - told.at) / REFILL_S), now
        told.words = {words: at for words, at in told.words.items() if now - at < SAME_WORDS_S}
        if told.tokens < 1 or (reason, message) in told.words:
            return False
        told.tokens -= 1
        told.words[reason, message] = now
        return True

    def forget(self, key: Hashable) -> None:
        """Drop what is remembered of an object that is gone."""
        self._told.pop(key, None)
