"""The Oracle part with users for ORDS: an administrator, two schemas, and one without rights."""

from collections.abc import Iterator

import oracledb
import pytest

from support.ords import HR, Connect, call, reset_switches, rows
from support.parts import Part, start_part

PASSWORD = "Only4Tests_"
USERS = ("operator", "hr", "sales", "stranger")


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    part = start_part("oracle", tmp_path_factory.mktemp("oracle"))
    yield part
    part.stop()


@pytest.fixture(scope="session")
def system(part: Part) -> Iterator[oracledb.Connection]:
    """SYSTEM, who has made the users."""
    known = part.addresses
    connection = oracledb.connect(user=known["system_user"], password=known["system_password"], dsn=known["dsn"])
    with connection.cursor() as cursor:
        for user in USERS:
            cursor.execute(f'create user {user} identified by "{PASSWORD}"')
            cursor.execute(f"grant create session to {user}")
        cursor.execute("grant ords_administrator_role to operator")
        cursor.execute("grant select on proxy_users to operator")
    yield connection
    connection.close()


@pytest.fixture
def connect(part: Part, system: oracledb.Connection) -> Iterator[Connect]:
    """Opens a session of one of the users. After the test all are closed, and what they defined is gone."""
    opened: list[oracledb.Connection] = []

    def connect(user: str) -> oracledb.Connection:
        opened.append(oracledb.connect(user=user, password=PASSWORD, dsn=part.addresses["dsn"]))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
    reset_switches(part)
    with oracledb.connect(user="operator", password=PASSWORD, dsn=part.addresses["dsn"]) as cleaner:
        for (schema,) in rows(cleaner, "select parsing_schema from dba_ords_schemas"):
            call(cleaner, "ORDS_ADMIN.DROP_REST_FOR_SCHEMA", p_schema=schema)
        cleaner.commit()


@pytest.fixture
def operator(connect: Connect) -> oracledb.Connection:
    """An ORDS administrator; HR is enabled and empty, every switch at its default."""
    connection = connect("operator")
    call(connection, "ORDS_ADMIN.ENABLE_SCHEMA", **HR)
    return connection
