"""Where the Oracle contract suite runs: against the sandbox, or against a real database.

``ORACLEAPI_CONTRACT_ORACLE=real`` takes ``ORACLE_DSN``, ``ORACLE_USER`` and ``ORACLE_PASSWORD`` from the environment: a
user with CREATE SESSION, CREATE TABLE and a quota, in whose schema tables named ``OA_CONTRACT_*`` come and go.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import oracledb
import pytest

from support.parts import start_part

REAL = os.environ.get("ORACLEAPI_CONTRACT_ORACLE") == "real"


@dataclass(frozen=True)
class Place:
    """The database under test and a user of it."""

    dsn: str
    user: str
    password: str

    def connect(self, **options: object) -> oracledb.Connection:
        return oracledb.connect(**{"user": self.user, "password": self.password, "dsn": self.dsn, **options})


@pytest.fixture(autouse=True)
def own_defaults_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's adapter sets this default for its whole process; other tests must not meet it."""
    monkeypatch.setattr(oracledb.defaults, "fetch_lobs", True)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if REAL:
        yield Place(os.environ["ORACLE_DSN"], os.environ["ORACLE_USER"], os.environ["ORACLE_PASSWORD"])
        return
    part = start_part("oracle", tmp_path_factory.mktemp("oracle"))
    try:
        known = part.addresses
        found = Place(known["dsn"], "contract", f"Only4Tests_{uuid.uuid4().hex[:8]}")
        with (
            oracledb.connect(user=known["system_user"], password=known["system_password"], dsn=found.dsn) as system,
            system.cursor() as cursor,
        ):
            cursor.execute(f'create user {found.user} identified by "{found.password}" quota unlimited on users')
            cursor.execute(f"grant create session, create table to {found.user}")
        yield found
    finally:
        part.stop()


@pytest.fixture
def connection(place: Place) -> Iterator[oracledb.Connection]:
    with place.connect() as connection:
        yield connection


@pytest.fixture
def table(connection: oracledb.Connection) -> Iterator[Callable[[str], str]]:
    """Makes tables with the given columns; they are dropped after the test."""
    made: list[str] = []

    def make(columns: str) -> str:
        name = f"OA_CONTRACT_{uuid.uuid4().hex[:8]}".upper()
        with connection.cursor() as cursor:
            cursor.execute(f"create table {name} ({columns})")
        made.append(name)
        return name

    yield make
    connection.rollback()
    with connection.cursor() as cursor:
        for name in made:
            cursor.execute(f"drop table {name}")
