"""A PostgreSQL connection as the engine uses it: one statement with typed parameters in, rows and their types out."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pg8000.core  # type: ignore[import-untyped]
from pg8000.exceptions import DatabaseError, InterfaceError  # type: ignore[import-untyped]

_OID_NUMERIC, _OID_TIMESTAMP, _OID_TIMESTAMPTZ, _OID_INTERVAL = 1700, 1114, 1184, 1186


class PostgresError(Exception):
    """What the server reported: ``sqlstate``, ``message``, and the fields that name the object, if any."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields.get("M", ""))
        self.sqlstate = fields.get("C", "")
        self.message = fields.get("M", "")
        self.detail = fields.get("D", "")
        self.position = int(fields["P"]) - 1 if "P" in fields else None
        self.schema, self.table = fields.get("s"), fields.get("t")
        self.column, self.constraint = fields.get("c"), fields.get("n")


class ConnectionLostError(Exception):
    """The server closed the connection."""


@dataclass(frozen=True)
class Described:
    """A result column as PostgreSQL describes it."""

    name: str
    type_oid: int
    modifier: int
    table_oid: int
    attribute: int


@dataclass
class Answer:
    """Rows, their description (``None`` for no result) and the number of rows touched."""

    columns: tuple[Described, ...] | None
    rows: list[list[Any]] = field(default_factory=list)
    rowcount: int = 0


class Connection:
    """One connection; calls are serialised by the caller's own lock or by :attr:`lock`."""

    def __init__(self, core: Any) -> None:
        self._core = core
        self.lock = threading.RLock()
        self.pid: int = int(self.run("select pg_backend_pid()").rows[0][0])

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> Answer:
        """Run one statement with ``$1`` parameters.

        Raises:
            PostgresError: The server refused it.
            ConnectionLostError: The connection is gone.
        """
        context = self._guarded(lambda: _in_one_trip(self._core, sql, list(parameters)))
        return Answer(_columns(context.columns), context.rows or [], max(context.row_count, 0))

    def script(self, sql: str) -> None:
        """Run several statements without parameters, as one transaction."""
        self._guarded(lambda: self._core.execute_simple(sql))

    def describe(self, sql: str) -> tuple[Described, ...] | None:
        """Parse one statement and describe its result."""

        def prepare() -> Any:
            name, columns, _ = self._core.prepare_statement(sql, ())
            self._core.close_prepared_statement(name)
            return columns

        return _columns(self._guarded(prepare))

    def close(self) -> None:
        try:
            self._core.close()
        except (InterfaceError, OSError):
            return

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except DatabaseError as error:
            fields = error.args[0]
            if not isinstance(fields, dict):
                raise ConnectionLostError(str(error)) from error
            raise PostgresError(fields) from error
        except (InterfaceError, OSError) as error:
            raise ConnectionLostError(str(error)) from error


def _in_one_trip(core: Any, sql: str, parameters: list[Any]) -> Any:
    """Parse, describe, bind and execute with one flush; the driver's own way takes three round trips."""
    values = pg8000.core.make_params(core.py_types, parameters)
    context = pg8000.core.Context(sql)
    core.send_PARSE(pg8000.core.NULL_BYTE, sql, ())
    core.send_DESCRIBE_STATEMENT(pg8000.core.NULL_BYTE)
    core.send_BIND(pg8000.core.NULL_BYTE, values)
    core.send_EXECUTE()
    core._sock.write(pg8000.core.SYNC_MSG)
    core._sock.flush()
    core.handle_messages(context)
    return context


def connect(socket: str, user: str, password: str, search_path: str) -> Connection:
    """Connect through the unix *socket*.

    Raises:
        PostgresError: The server refused the login.
        ConnectionLostError: Nobody listens there.
    """
    try:
        core = pg8000.core.CoreConnection(
            user,
            unix_sock=socket,
            password=password,
            database="postgres",
            ssl_context=False,
            startup_params={"search_path": search_path},
        )
    except DatabaseError as error:
        fields = error.args[0]
        raise PostgresError(fields if isinstance(fields, dict) else {"M": str(error)}) from error
    except (InterfaceError, OSError) as error:
        raise PostgresError({"M": str(error)}) from error
    core.register_in_adapter(_OID_NUMERIC, number)
    core.register_in_adapter(_OID_TIMESTAMP, _timestamp)
    core.register_in_adapter(_OID_TIMESTAMPTZ, _timestamp)
    core.register_in_adapter(_OID_INTERVAL, _interval)
    core.register_out_adapter(
        timedelta, lambda value: f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
    )
    return Connection(core)


def number(text: str) -> int | Decimal:
    """A NUMBER: ``int`` when integral, else ``Decimal`` without trailing zeros."""
    value = Decimal(text)
    if value == value.to_integral_value():
        return int(value)
    return Decimal(text.rstrip("0"))


def _timestamp(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if value.tzinfo is None else value.astimezone(timezone(value.utcoffset() or timedelta()))


def _interval(text: str) -> timedelta | str:
    """``IntervalStyle`` is ``iso_8601`` on every connection of the engine; years and months stay text."""
    sign, days, seconds = 1, 0, Decimal(0)
    body = text.removeprefix("P")
    date, _, clock = body.partition("T")
    if "Y" in date or "M" in date:
        return text
    if date:
        days = int(date.rstrip("D"))
    amount = ""
    for mark in clock:
        if mark in "HMS":
            seconds += Decimal(amount) * {"H": 3600, "M": 60, "S": 1}[mark]
            amount = ""
        else:
            amount += mark
    return sign * timedelta(days=days, microseconds=int(seconds * 1_000_000))


def _columns(found: list[dict[str, Any]] | None) -> tuple[Described, ...] | None:
    if found is None:
        return None
    return tuple(
        Described(
            column["name"], column["type_oid"], column["type_modifier"], column["table_oid"], column["column_attrnum"]
        )
        for column in found
    )
