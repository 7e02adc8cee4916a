"""What Secrets Manager said of each secret, read once for all objects that use it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from oracleapi.api import reasons
from oracleapi.errors import OperatorError
from oracleapi.ports import SecretValue
from oracleapi.runtime.clock import Clock

SECRET_KEPT_S = 300.0
SECRET_DOUBTED_S = 120.0
"""How long a version that a login was refused with is believed: as long as that login rests."""
SECRET_FAULT_S = 60.0
SECRET_AGAIN_S = 5.0
"""How soon it is asked again after a fault that says nothing about the secret."""
PASSING_BY = frozenset({reasons.AWS_UNAVAILABLE, reasons.AWS_THROTTLED, reasons.CALL_BUDGET})
"""Reasons of such faults."""


@dataclass
class _Held:
    """What a secret's last read said, a version or a fault, and until when that is believed.

    *refused* is the last version that a login was refused with.
    """

    value: SecretValue | None = None
    fault: OperatorError | None = None
    until: float = float("-inf")
    refused: str | None = None
    used: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)  # one reads, the others wait for its answer


class HeldSecrets:
    """Has each secret read once in ``SECRET_KEPT_S`` for all objects; a fault counts as an answer for a shorter time.

    For a version that a login was refused with it is read anew once, and from then on as often as such a login may be
    tried: accounts lock. While Secrets Manager does not answer, what it said last goes on being used.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Held] = {}
        self._doubts = 0
        self._lock = threading.Lock()

    def read(self, secret_id: str, refused: str | None, ask: Callable[[], SecretValue]) -> SecretValue:
        """Return a version as :meth:`oracleapi.ports.Secrets.read` does; *ask* reads it."""
        held = self._held(secret_id)
        with held.lock:
            known = held.value.version if held.value is not None else None
            anew = refused is not None and known == refused != held.refused
            if anew:
                held.refused = refused
            if anew or self._clock.monotonic() >= held.until:
                self._renew(held, ask)
            if held.fault is not None:
                raise held.fault.again()
            assert held.value is not None
            return held.value

    def doubt(self) -> None:
        """Believe nothing without another read: somebody mended something, or asked."""
        with self._lock:
            self._doubts += 1
            for held in self._known.values():
                held.until = float("-inf")

    def _held(self, secret_id: str) -> _Held:
        """Return what is known of a secret; what nobody uses any more is forgotten."""
        now = self._clock.monotonic()
        with self._lock:
            for name, held in list(self._known.items()):
                if held.used < now - 2 * SECRET_KEPT_S:
                    del self._known[name]
            found = self._known.setdefault(secret_id, _Held())
            found.used = now
            return found

    def _renew(self, held: _Held, ask: Callable[[], SecretValue]) -> None:
        began, doubts = self._clock.monotonic(), self._doubts
        try:
            value = ask()
        except OperatorError as error:
            passing = error.reason in PASSING_BY
            if not passing or held.value is None:
                held.value, held.fault = None, error
            named = getattr(error, "retry_after_s", None) or SECRET_FAULT_S
            believed_s = SECRET_AGAIN_S if passing else min(named, SECRET_FAULT_S)
        else:
            held.value, held.fault = value, None
            believed_s = SECRET_DOUBTED_S if value.version == held.refused else SECRET_KEPT_S
        with self._lock:  # an answer that was on its way when somebody asked is not what they asked for
            held.until = began + believed_s if doubts == self._doubts else float("-inf")
