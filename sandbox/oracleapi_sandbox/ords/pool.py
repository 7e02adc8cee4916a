"""The JDBC pool of ORDS: sessions of the REST schemas through the runtime user, bounded and used one at a time.

Sources: settings jdbc.* and db.* [D 24.4]; sessions are proxy sessions to the schema [D].
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.oracle.ports import Account, Database, OracleError, Session
from oracleapi_sandbox.oracle.verifier import matches
from oracleapi_sandbox.ords.faults import OrdsError, service_unavailable
from oracleapi_sandbox.ords.settings import OrdsSettings

log = logging.getLogger(__name__)

REINITIALIZE = "BEGIN DBMS_SESSION.MODIFY_PACKAGE_STATE(DBMS_SESSION.REINITIALIZE); END;"

_SESSION_IS_GONE = frozenset({28, 1012, 1089, 2396, 2399, 3113, 3114, 3135})
_CREDENTIALS_REFUSED = (
    "The username or password for the connection pool named |default|lo|, are invalid, "
    "expired, or the account is locked"
)


@dataclass
class Wallet:
    """What ``ords config secret db.password`` keeps [D]; ``None`` is right whatever the database has."""

    password: str | None = field(default=None, repr=False)


@dataclass
class _Pooled:
    session: Session
    schema: str
    life: int
    uses: int = 0
    idle_since: float = 0.0


class SessionPool:
    """Lends sessions by schema; safe to use from many threads."""

    def __init__(self, database: Database, settings: OrdsSettings, clock: Clock, wallet: Wallet | None = None) -> None:
        self.wallet = wallet or Wallet()
        self._database = database
        self._settings = settings
        self._clock = clock
        self._free = threading.Condition()
        self._idle: list[_Pooled] = []
        self._open = 0
        self._life = 0
        self._invalid_until = float("-inf")

    @contextmanager
    def session(self, schema: str) -> Iterator[Session]:
        """Lend a session of *schema*; commit when the block ends well, roll back when it raises.

        Raises:
            OrdsError: 503 when no session can be had.
            OracleError: The commit failed.
        """
        held = self._take(schema)
        usable = False
        try:
            yield held.session
            held.session.commit()
            usable = True
        except OracleError as error:
            usable = error.code not in _SESSION_IS_GONE and self._rolled_back(held)
            raise
        except Exception:
            usable = self._rolled_back(held)
            raise
        finally:
            self._give_back(held, usable)

    def restart(self) -> None:
        """Close the sessions, those in use when they come back, and forget that the pool was invalid."""
        with self._free:
            idle, self._idle = self._idle, []
            self._open -= len(idle)
            self._life += 1
            self._invalid_until = float("-inf")
            self._free.notify_all()
        for pooled in idle:
            _close(pooled)

    def _take(self, schema: str) -> _Pooled:
        evicted: _Pooled | None = None
        with self._free:
            if not self._settings.invalid_pool_lends_open_sessions:
                self._refuse_while_invalid()
            deadline = time.monotonic() + self._settings.pool_wait_timeout
            while True:
                found = self._idle_of(schema)
                if found is not None:
                    return found
                self._refuse_while_invalid()
                if self._open < self._settings.pool_max_limit:
                    self._open += 1
                    break
                if self._idle:
                    evicted = self._idle.pop(0)
                    break
                if not self._free.wait(deadline - time.monotonic()):
                    raise service_unavailable("UCP-29: Failed to get a connection: all connections are in use")
        if evicted is not None:
            _close(evicted)
        return self._opened(schema)

    def _idle_of(self, schema: str) -> _Pooled | None:
        """Return the newest idle session of *schema* that is not too old; older ones are closed on the way."""
        oldest = self._clock.now() - self._settings.pool_inactivity_timeout
        for pooled in [pooled for pooled in self._idle if pooled.idle_since < oldest]:
            self._idle.remove(pooled)
            self._open -= 1
            _close(pooled)
        for pooled in reversed(self._idle):
            if pooled.schema == schema:
                self._idle.remove(pooled)
                return pooled
        return None

    def _opened(self, schema: str) -> _Pooled:
        life = self._life
        try:
            old = self._log_on()
            session = self._database.open_session(schema, proxy_user=self._settings.runtime_user, old_password=old)
        except OracleError as error:
            self._released()
            raise service_unavailable(str(error)) from error
        except Exception:
            self._released()
            raise
        return _Pooled(session, schema, life)

    def _log_on(self) -> bool:
        """Check that the runtime user may log on with the password that ORDS has; says whether it is the old one.

        A refusal makes the pool invalid for "db.invalidPoolTimeout" [D]; a wrong password counts as a failed login.
        """
        user = self._settings.runtime_user
        account = self._database.account(user)
        status = account.status if account else ""
        barred = "LOCKED" in status or (status.startswith("EXPIRED") and "GRACE" not in status)
        used = None if account is None or barred else self._verified(account)
        if used is None:
            with self._free:
                self._invalid_until = self._clock.now() + self._settings.pool_invalid_timeout
            log.warning("pool |default|lo| is invalid: %s was refused (%s)", user, status or "no such user")
            raise _refused()
        return used > 0

    def _verified(self, account: Account) -> int | None:
        """Say which of the account's passwords the wallet holds: 0 the current, 1 the old one of a rollover."""
        password = self.wallet.password
        if password is None:
            return 0
        for at, verifier in enumerate(account.verifiers):
            if matches(verifier, password):
                self._database.login_succeeded(account.username)
                return at
        self._database.login_failed(account.username)
        return None

    def _refuse_while_invalid(self) -> None:
        if self._clock.now() < self._invalid_until:
            raise _refused()

    def _rolled_back(self, held: _Pooled) -> bool:
        try:
            held.session.rollback()
        except OracleError as error:
            log.warning("session of %s is given up: %s", held.schema, error)
            return False
        return True

    def _give_back(self, held: _Pooled, usable: bool) -> None:
        held.uses += 1
        usable = usable and held.life == self._life
        if usable and held.uses < self._settings.pool_max_reuse_count and self._recycled(held):
            held.idle_since = self._clock.now()
            with self._free:
                self._idle.append(held)
                self._free.notify()
        else:
            _close(held)
            self._released()

    def _recycled(self, held: _Pooled) -> bool:
        """Reinitialise the session's packages [D: recycle]; one that cannot be cleaned is not used again."""
        if self._settings.pool_cleanup_mode == "DISPOSE":
            return False
        if not self._settings.pool_reinitialises_packages:
            return True
        try:
            held.session.execute(REINITIALIZE)
        except OracleError as error:
            log.info("session of %s cannot be recycled and is closed: ORA-%05d", held.schema, error.code)
            return False
        return True

    def _released(self) -> None:
        with self._free:
            self._open -= 1
            self._free.notify()


def _refused() -> OrdsError:
    return service_unavailable(_CREDENTIALS_REFUSED)


def _close(pooled: _Pooled) -> None:
    try:
        pooled.session.close()
    except OracleError as error:
        log.info("session of %s was already gone: %s", pooled.schema, error)
