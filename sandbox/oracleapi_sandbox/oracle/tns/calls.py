"""The calls of an authenticated connection, one after another."""

import logging
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.faults import LISTENER, Fault
from oracleapi_sandbox.oracle.ports import OracleError, Session
from oracleapi_sandbox.oracle.tns import responses
from oracleapi_sandbox.oracle.tns.auth import Authenticator
from oracleapi_sandbox.oracle.tns.executor import Executor
from oracleapi_sandbox.oracle.tns.messages import (
    Auth,
    Call,
    CloseCursors,
    EndToEnd,
    Execute,
    Fetch,
    Function,
    LobCall,
    OneWay,
    Option,
    Piggyback,
    Reexecute,
    Request,
    RequestParser,
    SetSchema,
    Simple,
    UnknownCursorError,
    UnsupportedRequestError,
)
from oracleapi_sandbox.oracle.tns.packets import DisconnectedError
from oracleapi_sandbox.oracle.tns.primitives import ProtocolError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.tns.connection import Connection

LOG = logging.getLogger(__name__)
_CALL_NAMES = {
    Execute: "EXECUTE",
    Reexecute: "REEXECUTE",
    Fetch: "FETCH",
    LobCall: "LOB",
    Auth: "CHANGE_PASSWORD",
}


class BreakError(Exception):
    """The client sent a break instead of, or while it waited for, a call."""


class LogoffError(Exception):
    """The client ended the session."""


class Calls:
    """The calls of an authenticated connection."""

    def __init__(
        self, connection: "Connection", authenticator: Authenticator, session: Session, field_version: int
    ) -> None:
        self._connection = connection
        self._authenticator = authenticator
        self._session = session
        self._executor = Executor(session, field_version)
        self._parser = RequestParser(field_version, self._executor.cursors.layouts)
        connection.executor = self._executor

    def serve(self) -> None:
        """Serve calls until the client leaves or a call ended the session."""
        while not self._executor.ended:
            try:
                answer = self._next_answer()
            except BreakError:
                self._connection.reset(self._failure(OracleError(1013, "user requested cancel of current operation")))
                continue
            if answer:
                self._connection.respond(answer)

    def _next_answer(self) -> bytes:
        try:
            request = self._connection.next_request(self._parser)
            return self._connection.running(self._session, lambda: self._answer(request))
        except UnknownCursorError:
            return self._failure(OracleError(1001, "invalid cursor"))
        except UnsupportedRequestError:
            return self._failure(OracleError(3001, "unimplemented feature"))
        except OracleError as error:
            return self._failure(error)
        except (BreakError, DisconnectedError, LogoffError, ProtocolError):
            raise
        except Exception:
            LOG.exception("a call failed inside the database")
            return self._failure(OracleError(600, "internal error code, arguments: [sandbox], [], [], [], [], []"))

    def _failure(self, error: OracleError) -> bytes:
        return self._executor.failure(error, None)

    def _answer(self, request: Request) -> bytes:
        self._count(request.call)
        for piggyback in request.piggybacks:
            self._piggyback(piggyback)
        fault = self._fault(request.call)
        if fault is None:
            return self._call(request.call)
        if fault.delay_seconds and self._connection.wait(fault.delay_seconds):
            raise OracleError(1013, "user requested cancel of current operation")
        if fault.cut == "before":
            raise DisconnectedError("cut by a fault before the call")
        if fault.code is not None:
            raise OracleError(fault.code, fault.message)
        answer = self._call(request.call)
        if fault.cut == "after":
            raise DisconnectedError("cut by a fault after the call")
        return answer

    def _count(self, call: Call) -> None:
        """Write down a call that the client waits for: one round trip."""
        if not isinstance(call, OneWay):
            name = call.function.name if isinstance(call, Simple) else _CALL_NAMES[type(call)]
            entry = {"session": self._session.session_id, "user": self._session.user, "call": name}
            self._connection.round_trips.add(entry)

    def _fault(self, call: Call) -> Fault | None:
        """Return the fault that a test ordered for the statement of *call*."""
        if isinstance(call, Execute) and call.statement is not None:
            return self._connection.faults.take(call.statement.sql, LISTENER)
        if isinstance(call, Simple) and call.function in (Function.COMMIT, Function.ROLLBACK):
            return self._connection.faults.take(call.function.name, LISTENER)
        if isinstance(call, Execute | Reexecute):
            cursor = self._executor.cursors.find(call.cursor_id)
            runs = isinstance(call, Reexecute) or call.has(Option.EXECUTE)
            return self._connection.faults.take(cursor.statement.sql, LISTENER) if cursor and runs else None
        return None

    def _call(self, call: Call) -> bytes:
        if isinstance(call, Execute):
            return self._executor.execute(call)
        if isinstance(call, Reexecute):
            return self._executor.reexecute(call)
        if isinstance(call, Fetch):
            return self._executor.fetch(call)
        if isinstance(call, LobCall):
            return self._executor.lob(call)
        if isinstance(call, OneWay):
            return b""
        if isinstance(call, Auth):
            self._authenticator.change_password(call)
        elif call.function == Function.COMMIT:
            self._session.commit()
        elif call.function == Function.ROLLBACK:
            self._session.rollback()
        return responses.status(self._session.in_transaction)

    def _piggyback(self, piggyback: Piggyback) -> None:
        if isinstance(piggyback, CloseCursors):
            for number in piggyback.ids:
                self._executor.cursors.close(number)
        elif isinstance(piggyback, SetSchema):
            self._executor.set_schema(piggyback.name)
        elif isinstance(piggyback, LobCall):
            self._executor.lobs.free(piggyback.locator)
        elif isinstance(piggyback, EndToEnd):
            for name, value in piggyback.changes.items():
                if name in ("client_identifier", "module", "action"):
                    setattr(self._session, name, value)
