"""A database with a DBA, and the operator's adapters for it.

``ORACLEAPI_CONTRACT_ORACLE=real`` takes ``ORACLE_DSN`` (``host:port/service``), ``ORACLE_DBA_USER`` and
``ORACLE_DBA_PASSWORD`` from the environment: users, roles and profiles named ``OA_CONTRACT_*`` come and go.
"""

import os
from collections.abc import Iterator

import oracledb
import pytest

from oracleapi.adapters.oracle.database import OracleDatabase, open_database
from oracleapi.adapters.oracle.logins import OracleLogins, open_logins
from oracleapi.api.oracledatabase import Connection
from support.accounts import POWERS, POWERS_23, READING, READING_23, Dba, Open
from support.parts import Part, start_part

REAL = os.environ.get("ORACLEAPI_CONTRACT_ORACLE") == "real"
collect_ignore = ["test_accounts_sandbox.py"] if REAL else []
PASSWORD = "Only4Tests_dba.0-Z"
RELEASES = ("19.22.0.0.0", "23.7.0.0.0")


@pytest.fixture(scope="session", params=["real"] if REAL else RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory, release: str) -> Iterator[Part]:
    found = start_part("oracle", tmp_path_factory.mktemp("accounts"), "--version", release)
    yield found
    found.stop()


@pytest.fixture(scope="session")
def where(request: pytest.FixtureRequest, release: str) -> tuple[Connection, str, str]:
    """The database, and who may do anything there."""
    if release == "real":
        host, _, rest = os.environ["ORACLE_DSN"].partition(":")
        port, _, service = rest.partition("/")
        place = Connection(host=host, port=int(port), service_name=service, protocol="TCP")
        return place, os.environ["ORACLE_DBA_USER"], os.environ["ORACLE_DBA_PASSWORD"]
    known = request.getfixturevalue("part").addresses
    place = Connection(host=known["host"], port=known["port"], service_name=known["service_name"], protocol="TCP")
    return place, known["system_user"], known["system_password"]


@pytest.fixture
def dba(where: tuple[Connection, str, str]) -> Iterator[Dba]:
    place, user, password = where
    with oracledb.connect(
        user=user, password=password, host=place.host, port=place.port, service_name=place.service_name
    ) as connection:
        found = Dba(connection)
        yield found
        found.clear()


@pytest.fixture
def operator(where: tuple[Connection, str, str], dba: Dba) -> Iterator[Open]:
    """Opens the operator's adapter with an account that holds what is given; ``POWERS`` as this release knows them."""
    opened: list[OracleDatabase] = []

    def open_one(*rights: str) -> OracleDatabase:
        name = dba.user(password=PASSWORD)
        newer: tuple[str, ...] = ()
        if dba.has_schema_privileges and {*READING} <= {*rights}:
            newer = POWERS_23 if rights == POWERS else READING_23
        dba.run(*(f"grant {right} to {name}" for right in ("create session", *rights, *newer)))
        opened.append(open_database(where[0], {"username": name, "password": PASSWORD}))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def logins(where: tuple[Connection, str, str]) -> OracleLogins:
    return open_logins(where[0])
