"""A database with the guard installed by its own statements, and a REST schema behind it."""

# ruff: noqa: S608 - texts are made of names and values that the tests chose

from collections.abc import Iterator

import oracledb
import pytest

from oracleapi.adapters.oracle.guard_install import install_statements
from support.guard_requests import BASE, PASSWORD, PUBLIC, SIGNED, Change, Pool
from support.parts import Part, start_part

ROUTES = (
    ("list", "GET", f"^{BASE}/employees$", 0, "JWT", "GET /hr/v1/employees", None),
    ("one", "GET", f"^{BASE}/employees/[^/]+$", 1, "JWT", "GET /hr/v1/employees/{{id}}", None),
    ("me", "GET", f"^{BASE}/employees/me$", 0, "JWT", "GET /hr/v1/employees/me", None),
    ("health", "GET", f"^{PUBLIC}/health$", 0, "Public", "GET /hr/v1/health", None),
    ("pay", "GET", f"^{SIGNED}/pay$", 0, "IAM", "GET /hr/v1/pay", "GET /ords/hr_api/oa-iam/hr/v1/pay"),
)
SET_UP = (
    "create user hr no authentication quota unlimited on users",
    "create table hr.employees (id number)",
    "insert into hr.employees values (1)",
    "create table hr.pay (id number)",
    "create user hr_api no authentication",
    "create user plain_api no authentication",
    "grant create session to hr_api",
    "grant create session to plain_api",
    "create role hr_reader identified using oracleapi.guard",
    "create role hr_payer identified using oracleapi.guard",
    "grant select on hr.employees to hr_reader",
    "grant select on hr.pay to hr_payer",
    "grant hr_reader to hr_api",
    "grant hr_payer to hr_api",
    "alter user hr_api grant connect through ords_public_user",
    "alter user plain_api grant connect through ords_public_user",
    "alter user hr_api grant connect through checker",
    "insert into oracleapi.managed_schema values ('HR_API', 'SetRole', 'Request-Id')",
    "insert into oracleapi.api values ('api', 'uid', 'HR_API', 'hr/hr', 1, 'sub', 'groups')",
)


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    part = start_part("oracle", tmp_path_factory.mktemp("oracle"))
    yield part
    part.stop()


@pytest.fixture(scope="session")
def system(part: Part) -> Iterator[oracledb.Connection]:
    """SYSTEM, who has installed the guard as a DBA does, with a managed schema and one that is not."""
    known = part.addresses
    connection = oracledb.connect(user=known["system_user"], password=known["system_password"], dsn=known["dsn"])
    with connection.cursor() as cursor:
        for user in ("op", "checker"):
            cursor.execute(f'create user {user} identified by "{PASSWORD}"')
            cursor.execute(f"grant create session to {user}")
        cursor.execute(f'alter user ords_public_user identified by "{PASSWORD}"')
        for statement in install_statements("OP", "CHECKER"):
            cursor.execute(statement)
            assert cursor.warning is None, statement
        for statement in SET_UP:
            cursor.execute(statement)
        cursor.executemany("insert into oracleapi.route values ('api', :1, :2, :3, :4, :5, :6, :7)", list(ROUTES))
    connection.commit()
    yield connection
    connection.close()


@pytest.fixture
def dba(system: oracledb.Connection) -> Iterator[oracledb.Cursor]:
    """SYSTEM's cursor; bindings, keys and faults go after the test."""
    with system.cursor() as cursor:
        yield cursor
        for table in ("binding", "gateway_key", "fault", "unmanaged_path"):
            cursor.execute(f"delete from oracleapi.{table}")
        cursor.execute("update oracleapi.managed_schema set role_mode = 'SetRole'")
        cursor.execute("update oracleapi.api set require_binding = 1, groups_claim = 'groups'")
        system.commit()


@pytest.fixture
def change(dba: oracledb.Cursor) -> Iterator[Change]:
    """Change rows of the guard's tables that stand for all tests; they are put back."""
    undo: list[str] = []

    def changed(statement: str, back: str) -> None:
        dba.execute(statement)
        dba.connection.commit()
        undo.append(back)

    yield changed
    for statement in reversed(undo):
        dba.execute(statement)
    dba.connection.commit()


@pytest.fixture
def pool(part: Part, system: oracledb.Connection) -> Iterator[Pool]:
    with oracledb.connect(user="ords_public_user[hr_api]", password=PASSWORD, dsn=part.addresses["dsn"]) as connection:
        yield Pool(connection)
