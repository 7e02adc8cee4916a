"""Progress for a person: one line for each step, and on a terminal a line that moves while something takes long."""

import sys
import threading
import time
from typing import TextIO

PLAIN_TICK_S = 30.0
"""How often a long step is reported where there is no terminal to redraw."""


class Progress:
    """Writes lines of the form ``[  12 s] part: text`` to *stream*; the seconds count from its making.

    Parts are started in parallel, so every method may be called from any thread.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._begin = time.monotonic()
        self._ticks: dict[str, float] = {}
        self._drawn = 0
        self._lock = threading.Lock()

    def say(self, part: str, text: str) -> None:
        """Report a step or a result."""
        with self._lock:
            self._erase()
            self._stream.write(self._line(part, text) + "\n")
            self._stream.flush()

    def tick(self, part: str, text: str) -> None:
        """Report how far a long step is: redrawn in place on a terminal, else one line now and then."""
        with self._lock:
            if self._terminal:
                self._erase()
                line = self._line(part, text)
                self._drawn = len(line)
                self._stream.write(line)
            elif time.monotonic() - self._ticks.setdefault(part, self._begin) >= PLAIN_TICK_S:
                self._ticks[part] = time.monotonic()
                self._stream.write(self._line(part, text) + "\n")
            self._stream.flush()

    def _line(self, part: str, text: str) -> str:
        return f"[{time.monotonic() - self._begin:4.0f} s] {part}: {text}"

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._drawn = 0
