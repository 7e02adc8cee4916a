"""The Oracle part with schema ORACLEAPI as it is installed, and an operator with the documented rights."""

from collections.abc import Iterator

import oracledb
import pytest

from oracleapi.adapters.oracle.database import OracleDatabase, open_database
from oracleapi.adapters.oracle.guard_install import texts
from oracleapi.api.oracledatabase import Connection
from support.parts import Part, start_part

PASSWORD = "Only4Tests_"
OPERATOR_RIGHTS = (
    "create session, create role, grant any object privilege, ords_administrator_role",
    *(
        f"select on sys.{name}"
        for name in (
            "dba_users", "v_$pdbs", "dba_sys_privs", "dba_role_privs", "dba_roles", "dba_application_roles",
            "dba_tab_privs", "dba_col_privs", "dba_objects",
        )
    ),
    "select, insert, update, delete on oracleapi.owned",
)  # fmt: skip
"""What docs/database.md and docs/roles.md ask for."""


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    part = start_part("oracle", tmp_path_factory.mktemp("oracle"))
    yield part
    part.stop()


@pytest.fixture(scope="session")
def system(part: Part) -> Iterator[oracledb.Connection]:
    """SYSTEM, who has made HR, ORACLEAPI and the operator's account."""
    known = part.addresses
    connection = oracledb.connect(user=known["system_user"], password=known["system_password"], dsn=known["dsn"])
    with connection.cursor() as cursor:
        cursor.execute("create user oracleapi no authentication quota 100M on users")
        for statement in texts("tables.sql"):
            cursor.execute(statement)
        cursor.execute("create user hr no authentication quota unlimited on users")
        cursor.execute("create user scott no authentication quota unlimited on users")
        cursor.execute(f'create user op identified by "{PASSWORD}"')
        for right in OPERATOR_RIGHTS:
            cursor.execute(f"grant {right} to op")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def database(part: Part, system: oracledb.Connection) -> Iterator[OracleDatabase]:
    """The operator's adapter."""
    known = part.addresses
    connection = Connection(host=known["host"], port=known["port"], service_name=known["service_name"], protocol="TCP")
    opened = open_database(connection, {"username": "OP", "password": PASSWORD})
    yield opened
    opened.close()
