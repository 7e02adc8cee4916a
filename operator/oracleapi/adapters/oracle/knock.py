"""The first connection to a database: made outside of the pool, sent once, and waited for no longer than a limit.

The driver's pool sends a refused login twice, and waits for ever for a listener that takes a connection and says
nothing; so does whoever closes it. [M: python-oracledb 26.1]
"""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

import oracledb

T = TypeVar("T")


def reach(connect: Callable[[], T], limit_s: float) -> T:
    """Return what *connect* returns.

    Raises:
        TimeoutError: Nobody answered within *limit_s*. The thread that waits is left behind; it ends with its socket.
        Exception: What *connect* raised.
    """
    outcome: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            found = connect()
        except Exception as error:
            outcome.put((None, error))
        else:
            outcome.put((found, None))

    threading.Thread(target=run, name="knock", daemon=True).start()
    try:
        found, fault = outcome.get(timeout=limit_s)
    except queue.Empty:
        raise TimeoutError from None
    if fault is not None:
        raise fault
    return found  # type: ignore[return-value]


def knock(connect: Callable[[], oracledb.Connection], limit_s: float) -> None:
    """Connect and close again. Raises as :func:`reach`."""
    reach(lambda: connect().close(), limit_s)
