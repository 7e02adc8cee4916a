"""One real database for all tests of the engine; each test that changes something works in schemas of its own."""

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.common.clock import ManualClock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.engine.database import EngineDatabase, open_database
from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.engine.settings import DatabaseSettings
from oracleapi_sandbox.oracle.ports import Bind, OracleError
from oracleapi_sandbox.oracle.tns.server import Listener
from oracleapi_sandbox.oracle.verifier import matches

START = 1_709_200_800.0  # 2024-02-29 10:00:00 UTC
NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(scope="session")
def journal() -> Journal:
    return Journal()


@pytest.fixture(scope="session")
def database(
    tmp_path_factory: pytest.TempPathFactory, clock: ManualClock, journal: Journal
) -> Iterator[EngineDatabase]:
    opened = open_database(tmp_path_factory.mktemp("oracle"), clock=clock, journal=journal, system_password="Manager_1")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def system(database: EngineDatabase) -> EngineSession:
    return database.open_session("SYSTEM")


@pytest.fixture
def new_user(system: EngineSession) -> Callable[..., str]:
    """Make a user with CREATE SESSION and the given further privileges or roles."""

    def make(*granted: str) -> str:
        name = f"U{next(NUMBERS)}"
        system.execute(f'CREATE USER {name} IDENTIFIED BY "Secret_{name}" QUOTA UNLIMITED ON USERS')
        system.execute(f"GRANT {', '.join(('CREATE SESSION', *granted))} TO {name}")
        return name

    return make


@pytest.fixture
def owner(database: EngineDatabase, new_user: Callable[..., str]) -> Iterator[EngineSession]:
    """A session of a schema owner who may create tables, views, sequences and synonyms."""
    session = database.open_session(new_user("CREATE TABLE", "CREATE VIEW", "CREATE SEQUENCE", "CREATE SYNONYM"))
    yield session
    session.close()


@pytest.fixture
def connect(database: EngineDatabase) -> Iterator[Callable[..., EngineSession]]:
    """Open sessions that are closed after the test."""
    opened: list[EngineSession] = []

    def open_one(user: str, proxy_user: str | None = None) -> EngineSession:
        opened.append(database.open_session(user, proxy_user=proxy_user))
        return opened[-1]

    yield open_one
    for session in opened:
        session.close()


@pytest.fixture
def profile(system: Any) -> Callable[[str], str]:
    """Make a profile with the given limits."""

    def make(limits: str) -> str:
        name = f"PW{next(NUMBERS)}"
        system.execute(f"create profile {name} limit {limits}")
        return name

    return make


@pytest.fixture
def account(system: Any, profile: Callable[[str], str], new_user: Callable[..., str]) -> Callable[[str], str]:
    """Make a user whose passwords follow the given limits; the password is ``Secret_<name>``."""

    def make(limits: str) -> str:
        user = new_user()
        system.execute(f"alter user {user} profile {profile(limits)}")
        return user

    return make


@pytest.fixture
def switches(database: EngineDatabase) -> Iterator[DatabaseSettings]:
    """The database's switches, put back after the test."""
    before = DatabaseSettings(**vars(database.settings))
    yield database.settings
    database.settings.apply(vars(before))


@pytest.fixture
def log_on(database: Any) -> Iterator[Callable[..., oracledb.Connection]]:
    """Connect over the wire; the connections are closed after the test."""
    listener = Listener(database)
    port, opened = listener.start(), list[oracledb.Connection]()

    def connect(user: str, password: str, **options: Any) -> oracledb.Connection:
        opened.append(oracledb.connect(user=user, password=password, dsn=f"localhost:{port}/FREEPDB1", **options))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
    listener.stop()


class Sql:
    """Short forms of running a statement with Python values as binds."""

    @staticmethod
    def binds(values: dict[str, Any]) -> dict[str, Bind]:
        """Bind Python values with the types that a driver would choose."""
        names = {int: "NUMBER", Decimal: "NUMBER", float: "BINARY_DOUBLE", bytes: "RAW", datetime: "TIMESTAMP"}
        return {
            name.upper().lstrip("_"): value
            if isinstance(value, Bind)
            else Bind(value, names.get(type(value), "VARCHAR2"))
            for name, value in values.items()
        }

    def rows(self, session: EngineSession, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return list(session.execute(sql, self.binds(values)).rows)

    def one(self, session: EngineSession, sql: str, **values: Any) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(session, sql, **values)
        return value

    def refused(self, session: EngineSession, sql: str, **values: Any) -> OracleError:
        """The error that *sql* raises."""
        with pytest.raises(OracleError) as caught:
            list(session.execute(sql, self.binds(values)).rows)
        return caught.value


@pytest.fixture(scope="session")
def sql() -> Sql:
    return Sql()


class Units:
    """Short forms for stored units; ``{owner}`` in a text is the session's user."""

    def create(self, session: EngineSession, *texts: str) -> None:
        """Create units that must compile."""
        for text in texts:
            made = session.execute(text.replace("{owner}", session.user).strip())
            assert not made.warned, list(session.execute("select line, position, text from user_errors").rows)

    def value(self, session: EngineSession, expression: str, declare: str = "") -> Any:
        """What a PL/SQL expression gives, as a text."""
        return session.execute(f"{declare} begin :r := {expression}; end;", {"R": Bind()}).out["R"]

    def refused(self, session: EngineSession, statement: str) -> str:
        with pytest.raises(OracleError) as caught:
            list(session.execute(statement).rows)
        return str(caught.value)

    def status(self, session: EngineSession, name: str) -> dict[str, str]:
        """STATUS by OBJECT_TYPE."""
        query = "select object_type, status from user_objects where object_name = :n"
        return dict(session.execute(query, {"N": Bind(name)}).rows)  # type: ignore[arg-type]

    def errors(self, session: EngineSession, name: str) -> list[tuple[Any, ...]]:
        query = "select line, position, text from user_errors where name = :n order by type, sequence"
        return list(session.execute(query, {"N": Bind(name)}).rows)


@pytest.fixture(scope="session")
def units() -> Units:
    return Units()


@pytest.fixture
def author(new_user: Callable[..., str], connect: Callable[..., EngineSession]) -> EngineSession:
    """Owns units and tables."""
    return connect(new_user("CREATE PROCEDURE", "CREATE TABLE", "CREATE SYNONYM", "CREATE VIEW", "CREATE SEQUENCE"))


@pytest.fixture
def caller(new_user: Callable[..., str], connect: Callable[..., EngineSession]) -> EngineSession:
    """May log in."""
    return connect(new_user())


def refusal(run: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """The code of the error that the driver raises."""
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(*arguments, **options)
    return str(caught.value.args[0].full_code)


def valid(database: EngineDatabase, user: str, *passwords: str) -> list[str]:
    """Those of *passwords* that the account takes."""
    account = database.account(user)
    assert account is not None
    return [each for each in passwords if any(matches(verifier, each) for verifier in account.verifiers)]
