"""The operator's own reads against a database: who a schema is, what it may, which database it is in."""

import contextlib
from collections.abc import Iterator

import oracledb
import pytest

from oracleapi.adapters.oracle.database import OracleDatabase, open_database
from oracleapi.api.oracledatabase import Connection
from support.parts import Part

PASSWORD = "Only4Tests_"
RIGHTS = ("sys.dba_users", "sys.v_$pdbs", "sys.dba_sys_privs", "sys.dba_role_privs")


@pytest.fixture(scope="session")
def database(part: Part, system: oracledb.Connection) -> Iterator[OracleDatabase]:
    """The operator's adapter, logged in as an account with exactly the rights of docs/database.md."""
    with system.cursor() as cursor:
        cursor.execute(f'create user reader identified by "{PASSWORD}"')
        cursor.execute("grant create session, ords_administrator_role to reader")
        for name in RIGHTS:
            cursor.execute(f"grant select on {name} to reader")
    known = part.addresses
    connection = Connection(host=known["host"], port=known["port"], service_name=known["service_name"], protocol="TCP")
    opened = open_database(connection, {"username": "READER", "password": PASSWORD})
    yield opened
    opened.close()


@contextlib.contextmanager
def granted(system: oracledb.Connection, *statements: str) -> Iterator[None]:
    """Make schema P with the given grants; everything goes afterwards."""
    with system.cursor() as cursor:
        cursor.execute("create user p no authentication")
        try:
            for statement in statements:
                cursor.execute(statement)
            yield
        finally:
            cursor.execute("drop user p cascade")
            for role in {word for statement in statements for word in statement.split() if word.startswith("pr_")}:
                with contextlib.suppress(oracledb.DatabaseError):
                    cursor.execute(f"drop role {role}")


def test_the_account_s_rights_suffice(database: OracleDatabase) -> None:
    facts = database.facts()
    assert facts.missing == ()
    assert facts.pdb_guid
    assert database.observe_schema("HR").pdb_guid == facts.pdb_guid


def test_a_plain_schema_has_no_powers(database: OracleDatabase) -> None:
    found = database.observe_schema("HR")
    assert (found.exists, found.powers) == (True, ())
    assert not database.observe_schema("NOBODY_SUCH").exists


@pytest.mark.parametrize(
    ("schema", "power"),
    [
        ("SYS", "is maintained by Oracle"),
        ("SYSTEM", "holds DBA"),
        ("READER", "is the operator's own account"),
        ("READER", "holds ORDS_ADMINISTRATOR_ROLE"),
        ("ORDS_PUBLIC_USER", "is an account that ORDS itself logs in with"),
    ],
)
def test_an_account_that_is_no_place_for_handlers_is_known(database: OracleDatabase, schema: str, power: str) -> None:
    assert power in database.observe_schema(schema).powers


@pytest.mark.parametrize(
    ("statements", "powers"),
    [
        (("grant create session, create table to p",), ()),
        (("grant select any table to p",), ("holds SELECT ANY TABLE",)),
        (("create role pr_a", "grant create any table to pr_a", "grant pr_a to p"), ("holds CREATE ANY TABLE",)),
        (
            ("create role pr_a", "create role pr_b", "grant dba to pr_b", "grant pr_b to pr_a", "grant pr_a to p"),
            ("holds DBA",),
        ),
    ],
    ids=["none", "directly", "by a role", "by a role of a role"],
)
def test_rights_are_found_through_roles(
    database: OracleDatabase, system: oracledb.Connection, statements: tuple[str, ...], powers: tuple[str, ...]
) -> None:
    with granted(system, *statements):
        found = database.observe_schema("P").powers
    assert found[: len(powers)] == powers
    assert bool(found) == bool(powers)
