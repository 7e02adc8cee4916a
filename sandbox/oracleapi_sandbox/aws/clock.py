"""The clock of the AWS double: the machine's time plus an offset that tests move forward."""

from oracleapi_sandbox.common.clock import Clock, SystemClock


class OffsetClock:
    """A clock that runs with *base* and can be set ahead with :meth:`advance`."""

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._offset = 0.0

    def now(self) -> float:
        return self._base.now() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward by *seconds*.

        Raises:
            ValueError: *seconds* is negative; time does not run backwards.
        """
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._offset += seconds
