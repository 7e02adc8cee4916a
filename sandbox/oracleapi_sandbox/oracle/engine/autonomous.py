"""Autonomous transactions: each runs in an engine session of its own that is seen as the session that began it.

Source: PL/SQL Language Reference, "Autonomous Transactions" [D]: it does not see what the other has not committed, and
waits for its locks in vain (ORA-00060).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.engine.runner import Runner
from oracleapi_sandbox.oracle.ports import OracleError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession

LOOK_S = 0.2
"""How often a running autonomous transaction is looked at."""


@contextmanager
def lent(session: "EngineSession") -> Iterator[Runner]:
    """Lend a session of the same rights with a transaction of its own; see ``ports.SqlRunner.autonomous``."""
    inner = session.inner
    if inner is None:
        inner = session.inner = session.database.connect(
            session.user, session.proxy_user, session.roles, of=session.session_id
        )
    inner.root, inner.outer = session.root, session
    inner.follow_roles()
    inner.units, inner.contexts, inner.notes = session.units, session.contexts, session.notes
    inner.schema, inner.settings = session.schema, session.settings
    inner.auditor, inner.nesting, inner.text = session.auditor, session.nesting, session.text
    try:
        with _watched(inner) if session.in_transaction else _unwatched():
            yield inner.runner()
    except BaseException:
        inner.rollback()
        raise
    if inner.in_transaction:
        inner.rollback()
        raise OracleError(6519, "active autonomous transaction detected and rolled back")


@contextmanager
def _unwatched() -> Iterator[None]:
    yield


@contextmanager
def _watched(inner: "EngineSession") -> Iterator[None]:
    """End a statement inside that waits for the transaction that waits for it."""
    ended = threading.Event()

    def watch() -> None:
        waiting = set(_outer_processes(inner))
        while not ended.wait(LOOK_S):
            if waiting & inner.database.blockers_of(inner.process):
                inner.deadlocked = True
                inner.database.cancel(inner.process)

    watcher = threading.Thread(target=watch, name=f"autonomous-{inner.session_id}", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _outer_processes(session: "EngineSession") -> Iterator[int]:
    outer = session.outer
    while outer is not None:
        yield outer.process
        outer = outer.outer
