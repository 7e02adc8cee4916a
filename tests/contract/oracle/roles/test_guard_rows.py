"""The guard's rows as the operator writes and reads them; the double, or a real database, judges each statement."""

from collections.abc import Iterator
from dataclasses import replace

import oracledb
import pytest

from oracleapi.adapters.oracle.database import OracleDatabase
from oracleapi.adapters.oracle.guard_install import WRITTEN
from oracleapi.model.guard import (
    BindingRow,
    ChangeBinding,
    ChangeGuard,
    GrantToSchema,
    GuardApi,
    GuardRoute,
    Management,
    RevokeFromSchema,
)
from oracleapi.model.role import CreateRole, DropRole

API = GuardApi("i/OracleApi/hr/hr", "u1", "HR_ROWS", "hr/hr", True, "sub", "groups")
LIST = GuardRoute("GET", r"^/ords/hr_api/oa\.x/list$", "list", 0, "JWT")
ONE = GuardRoute("GET", r"^/ords/hr_api/oa\.x/list/[^/]+$", "one", 1, "IAM", "GET /list/{id}", "GET /ords/list/{id}")
MANAGED = Management("SetRole", "Request-Id", frozenset({"/ords/hr_api/legacy"}))
BINDING = "i/RoleBinding/hr/readers"
ROW = BindingRow("list", "Group", "x 'admins'", "ROWS_READER", "2027-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def tables(system: oracledb.Connection) -> Iterator[None]:
    """What a DBA grants for the guard, a REST schema, and a package that roles can name."""
    with system.cursor() as cursor:
        cursor.execute("create user hr_rows no authentication")
        cursor.execute("grant create session to hr_rows")
        for table in WRITTEN:
            cursor.execute(f"grant select, insert, update, delete on oracleapi.{table} to op")
        cursor.execute("grant select, delete on oracleapi.fault to op")
        cursor.execute("grant select on sys.proxy_users to op")
    yield
    with system.cursor() as cursor:
        cursor.execute("drop user hr_rows")


@pytest.mark.usefixtures("tables")
def test_rows_of_an_api_come_change_and_go(database: OracleDatabase, system: oracledb.Connection) -> None:
    empty = database.observe_guard(API.owner, API.schema)
    assert (empty.api, empty.routes, empty.management, empty.bypasses) == (None, frozenset(), None, ())
    assert not empty.installed
    whole = ChangeGuard(API.owner, API.schema, api=API, put=(LIST, ONE), manage=MANAGED)
    for _ in range(2):
        database.apply_guard(whole)
        found = database.observe_guard(API.owner, API.schema)
        assert (found.api, found.routes, found.management) == (API, {LIST, ONE}, MANAGED)
    changed = replace(MANAGED, trace_header="X-Id", unmanaged_paths=frozenset())
    database.apply_guard(ChangeGuard(API.owner, API.schema, drop=(ONE.place,), manage=changed))
    found = database.observe_guard(API.owner, API.schema)
    assert (found.routes, found.management, found.others) == ({LIST}, changed, frozenset())
    assert database.observe_guard("i/OracleApi/hr/other", API.schema).others == {API.owner}
    with system.cursor() as cursor:
        cursor.execute(
            "insert into oracleapi.fault (schema_name, reason, detail) values ('HR_ROWS', 'GuardFailed', '-6565')"
        )
        system.commit()
        cursor.execute("grant select on oracleapi.fault to hr_rows")
    found = database.observe_guard(API.owner, API.schema)
    assert (found.failures, found.bypasses) == (("-6565",), ("holds SELECT on ORACLEAPI.FAULT",))
    with system.cursor() as cursor:
        cursor.execute("revoke select on oracleapi.fault from hr_rows")
        cursor.execute("delete from oracleapi.fault")
        system.commit()
    gone = ChangeGuard(API.owner, API.schema, drop=(LIST.place,), release=True)
    for _ in range(2):
        database.apply_guard(gone)
    left = database.observe_guard(API.owner, API.schema)
    assert (left.api, left.routes, left.management) == (None, frozenset(), None)


@pytest.mark.usefixtures("tables")
def test_rows_of_a_binding_and_its_role_come_change_and_go(database: OracleDatabase) -> None:
    look = (BINDING, API.owner, API.schema, ROW.role)
    assert not database.observe_binding(*look).role_exists
    database.apply_role(CreateRole(ROW.role, "i/OracleRole/hr/reader", "u2"))
    database.apply_guard(ChangeGuard(API.owner, API.schema, api=API, put=(LIST,), manage=MANAGED))
    for _ in range(2):
        database.apply_guard(GrantToSchema(ROW.role, API.schema))
        database.apply_guard(ChangeBinding(BINDING, API.owner, put=(ROW,)))
    found = database.observe_binding(*look)
    assert (found.rows, found.apis) == ({ROW}, {API.owner})
    assert (found.role_exists, found.role_secure, found.role_owner) == (True, True, "i/OracleRole/hr/reader")
    assert (found.granted, found.managed, found.routes, found.proxied) == (True, True, {"list"}, None)
    other = "i/RoleBinding/hr/others"
    assert database.observe_binding(other, *look[1:]).sharers == {BINDING}
    never = replace(ROW, not_after="")
    database.apply_guard(ChangeBinding(BINDING, API.owner, put=(never, replace(ROW, route="*"))))
    assert database.observe_binding(*look).rows == {never, replace(ROW, route="*")}
    database.apply_guard(ChangeBinding(BINDING, API.owner, drop=(ROW.place, ("*", *ROW.place[1:]))))
    for _ in range(2):
        database.apply_guard(RevokeFromSchema(ROW.role, API.schema))
    found = database.observe_binding(*look)
    assert (found.rows, found.granted) == (frozenset(), False)
    database.apply_role(DropRole(ROW.role))
    database.apply_guard(ChangeGuard(API.owner, API.schema, drop=(LIST.place,), release=True))
