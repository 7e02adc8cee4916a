"""The edges of the decision. Most of these requests were found by a mutant of the text that the others let live."""

# ruff: noqa: S608 - texts are made of names and values that the tests chose

import hashlib
from typing import Any

import oracledb
import pytest

from support.guard_requests import (
    BASE,
    KEY,
    PUBLIC,
    SIGNED,
    Change,
    Pool,
    Request,
    bind,
    faults,
    route,
    seen,
    token,
)

ALICE: dict[str, Any] = {"sub": "alice"}
ANN = "arn:aws:iam::123456789012:user/ann"
CONTEXT = "select sys_context('ORACLEAPI', 'ROLES', 4000), sys_context('ORACLEAPI', 'SUBJECT') from dual"
WHOLE_SUBJECT = "select sys_context('ORACLEAPI', 'SUBJECT', 4000) from dual"


@pytest.fixture
def key(dba: oracledb.Cursor) -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest().upper()
    columns, later = "(owner, key_hash, not_after)", "systimestamp + interval '1' hour"
    dba.execute(f"insert into oracleapi.gateway_key {columns} values ('api', :d, {later})", d=digest)
    dba.connection.commit()


# Variables and headers


@pytest.mark.parametrize("name", ["REQUEST_METHOD", "SCRIPT_NAME", "REMOTE_IDENT"])
def test_a_variable_that_is_not_there_is_a_refusal(pool: Pool, dba: oracledb.Cursor, name: str) -> None:
    bind(dba, "User", "alice")
    assert seen(pool.ask(Request(claims=ALICE, without=name))) == (False, set())
    assert faults(dba) == [(f"Shadowed {name}", None)]


def test_a_path_may_lie_in_one_variable(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    bind(dba, "User", "alice")
    whole = [("SCRIPT_NAME", f"{BASE}/employees")]
    assert pool.ask(Request(path="", claims=ALICE, without="SCRIPT_NAME", first=whole)).allowed
    route(change, "root", BASE, 0, "Public")
    assert pool.ask(Request(path=BASE, without="PATH_INFO")).action == "root"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ([("Request-Id", "req-1")], "Shadowed REQUEST_ID"),
        ([("HTTP_REQUEST_ID", "req-1"), ("HTTP-Request-Id", "req-1")], "Shadowed REQUEST_ID"),
        ([("HTTP_REQUEST_ID", "")], "Shadowed REQUEST_ID"),
        ([("HTTP_AUTHORIZATION", "Bearer x.y.z")], "Shadowed AUTHORIZATION"),
        ([("remote-ident", "alice")], "Shadowed REMOTE_IDENT"),
    ],
)
def test_which_name_was_shadowed_is_noted(
    pool: Pool, dba: oracledb.Cursor, more: list[tuple[str, str]], reason: str
) -> None:
    bind(dba, "User", "alice")
    assert not pool.ask(Request(claims=ALICE, last=more)).allowed
    assert faults(dba) == [(reason, None)]


def test_a_header_under_its_long_name_alone_counts_once(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    long = [("HTTP_AUTHORIZATION", f"Bearer {token(ALICE)}")]
    assert pool.ask(Request(claims=ALICE, without="Authorization", last=long)).allowed
    assert not pool.ask(Request(claims=ALICE, without="Authorization", last=[*long, *long])).allowed
    assert faults(dba) == [("Shadowed AUTHORIZATION", None)]


def test_an_empty_request_id_and_none_are_no_shadow(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    bind(dba, "User", "alice")
    assert pool.ask(Request(claims=ALICE, request_id="")).identifier == "|alice"
    long = ("HTTP_REQUEST_ID", "")
    assert pool.ask(Request(claims=ALICE, request_id="", last=[long])).identifier == "|alice"
    assert not pool.ask(Request(claims=ALICE, request_id="", last=[("HTTP_REQUEST_ID", "req-2")])).allowed
    change(
        "update oracleapi.managed_schema set trace_header = 'X-Trace'",
        "update oracleapi.managed_schema set trace_header = 'Request-Id'",
    )
    assert pool.ask(Request(claims=ALICE)).identifier == "|alice"
    assert pool.ask(Request(claims=ALICE, last=[("x-trace", "t-1")])).identifier == "t-1|alice"


# Paths and routes


@pytest.mark.parametrize("segment", ["%3b", "%00", "%25", "%2e", "%2F", "%5C", ";", "\\", "x/..", "."])
def test_a_disguise_matches_no_variable(pool: Pool, dba: oracledb.Cursor, change: Change, segment: str) -> None:
    route(change, "any", f"{BASE}/any/.*", 1, "Public")
    bind(dba, "User", "alice")
    assert pool.ask(Request(path=f"{BASE}/any/a.b")).allowed
    assert not pool.ask(Request(path=f"{BASE}/any/{segment}")).allowed
    assert faults(dba) == [("RouteUnknown", None)]


@pytest.mark.parametrize("path", ["/old//x", "/old/./x", "/old/../x", "/old/x/.", "/old/x/..", "/ol", "/x/old"])
def test_below_an_unmanaged_path_disguises_are_refused_too(pool: Pool, dba: oracledb.Cursor, path: str) -> None:
    dba.execute("insert into oracleapi.unmanaged_path values ('HR_API', '/ords/hr_api/old')")
    dba.execute("insert into oracleapi.unmanaged_path values ('OTHER', '/ords/hr_api/x')")
    dba.connection.commit()
    assert pool.ask(Request(path="/ords/hr_api/old/x")).allowed
    answer = pool.ask(Request(path=f"/ords/hr_api{path}"))
    assert (answer.allowed, answer.body["message"]) == (False, "forbidden")


def test_routes_of_another_schema_s_api_are_not_this_one_s(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    change(
        "insert into oracleapi.api values ('other', 'uid', 'OTHER', 'x/x', 0, 'sub', 'groups')",
        "delete from oracleapi.api where owner = 'other'",
    )
    route(change, "foreign", f"{BASE}/employees", 0, "Public", owner="other")
    route(change, "alone", f"{BASE}/alone", 0, "Public", owner="other")
    assert not pool.ask(Request(path=f"{BASE}/alone")).allowed
    answer = pool.ask(Request(claims=ALICE))
    assert (answer.allowed, answer.action) == (False, "list")


def test_of_two_patterns_with_as_many_variables_always_the_same_counts(
    pool: Pool, dba: oracledb.Cursor, change: Change
) -> None:
    route(change, "late", f"{BASE}/a/b/[^/]+", 1, "Public")
    route(change, "early", f"{BASE}/a/[^/]+/c", 1, "Public")
    assert pool.ask(Request(path=f"{BASE}/a/b/c")).action == "early"


def test_a_probe_passes_as_nobody_and_without_a_role(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    route(change, "probe", f"{PUBLIC}/_probe", 0, "Probe")
    bind(dba, "Anonymous", "*", route="probe")
    answer = pool.ask(Request(path=f"{PUBLIC}/_probe"))
    assert (answer.allowed, answer.roles, answer.identifier) == (True, set(), "req-1|Anonymous")


def test_a_closed_path_is_nobody_s_and_leaves_no_fault(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    route(change, "closed", f"{PUBLIC}/_closed", 0, "Closed")
    for kind, name in (("Anonymous", "*"), ("User", "alice")):
        bind(dba, kind, name)
    answer = pool.ask(Request(path=f"{PUBLIC}/_closed", claims=ALICE))
    assert (*seen(answer), answer.action, answer.identifier) == (False, set(), "closed", None)
    assert (answer.body["message"], answer.body["route"]) == ("forbidden", "closed")
    assert faults(dba) == []


# Callers that sign


def signed(caller: str, path: str = f"{SIGNED}/pay") -> Request:
    return Request(path=path, caller=caller)


def test_a_key_of_another_api_is_none(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "IamUser", ANN)
    digest = hashlib.sha256(KEY.encode()).hexdigest().upper()
    dba.execute("insert into oracleapi.gateway_key (owner, key_hash) values ('other', :digest)", digest=digest)
    dba.connection.commit()
    assert not pool.ask(signed(f"{KEY} {ANN} GET /hr/v1/pay")).allowed
    assert faults(dba) == [("NotFromGateway", None)]


@pytest.mark.parametrize(
    ("caller", "reason"),
    [
        ("", "NotFromGateway"),
        (KEY, "NotFromGateway"),
        (f"{KEY} {ANN}", "NotFromGateway"),
        (f" {KEY} {ANN} GET /hr/v1/pay", "NotFromGateway"),
        (f"x {ANN} GET /hr/v1/pay", "NotFromGateway"),
        (f"{KEY} {ANN} ", "OtherRoute"),
        (f"{KEY} {ANN}  ", "OtherRoute"),
        (f"{KEY} {ANN} GET /hr/v1/pays", "OtherRoute"),
        (f"{KEY} {ANN}  GET /hr/v1/pay", "OtherRoute"),
        (f"{KEY}  GET /hr/v1/pay", "NoBinding"),
        (f"{KEY} arn:aws:sts::123456789012:assumed-role/Payroll/ GET /hr/v1/pay", "NoBinding"),
        (f"{KEY} arn:aws:sts::12345678901:assumed-role/Payroll/s GET /hr/v1/pay", "NoBinding"),
    ],
)
def test_why_a_signed_caller_was_refused_is_noted(
    pool: Pool, dba: oracledb.Cursor, key: None, caller: str, reason: str
) -> None:
    bind(dba, "IamUser", ANN)
    bind(dba, "IamRole", "123456789012/Payroll")
    assert seen(pool.ask(signed(caller))) == (False, set())
    assert faults(dba) == [(reason, None)]


def test_a_route_without_keys_is_nobody_s(pool: Pool, dba: oracledb.Cursor, change: Change, key: None) -> None:
    route(change, "bare", f"{SIGNED}/bare", 0, "IAM")
    bind(dba, "IamUser", ANN)
    for rest in ("", " ", "  ", " X", "GET /hr/v1/bare"):
        assert not pool.ask(signed(f"{KEY} {ANN} {rest}", f"{SIGNED}/bare")).allowed


def test_a_signed_caller_leaves_its_arn(pool: Pool, dba: oracledb.Cursor, key: None) -> None:
    bind(dba, "IamUser", ANN)
    answer = pool.ask(signed(f"{KEY} {ANN} GET /hr/v1/pay"))
    assert answer.identifier == f"req-1|{ANN}"[:64]
    assert pool.handler(CONTEXT) == [('"HR_READER"', ANN)]


def test_a_name_longer_than_its_column_is_cut_where_it_is_told(pool: Pool, dba: oracledb.Cursor, key: None) -> None:
    bind(dba, "Group", "x")
    assert pool.ask(Request(claims={"sub": "s" * 500, "groups": ["x"]})).allowed
    assert pool.handler(WHOLE_SUBJECT) == [("s" * 400,)]
    dba.execute("update oracleapi.api set require_binding = 0")
    dba.connection.commit()
    arn = f"{ANN}{'n' * 400}"
    assert pool.ask(signed(f"{KEY} {arn} GET /hr/v1/pay")).allowed
    assert pool.handler(WHOLE_SUBJECT) == [(arn[:400],)]


def test_users_of_one_kind_are_none_of_the_other(pool: Pool, dba: oracledb.Cursor, key: None) -> None:
    bind(dba, "User", ANN)
    bind(dba, "IamUser", "alice")
    assert not pool.ask(signed(f"{KEY} {ANN} GET /hr/v1/pay")).allowed
    assert not pool.ask(Request(claims=ALICE)).allowed


def test_without_required_bindings_a_signed_caller_passes_without_a_role(
    pool: Pool, dba: oracledb.Cursor, key: None
) -> None:
    dba.execute("update oracleapi.api set require_binding = 0")
    dba.connection.commit()
    assert seen(pool.ask(signed(f"{KEY} {ANN} GET /hr/v1/pay"))) == (True, set())


# Roles


def test_bindings_of_another_api_bind_nobody_here(pool: Pool, dba: oracledb.Cursor) -> None:
    dba.execute("insert into oracleapi.binding values ('b', 'other', '*', 'User', 'alice', 'HR_READER', null)")
    dba.connection.commit()
    assert not pool.ask(Request(claims=ALICE)).allowed


def test_roles_are_listed_once_and_in_order(pool: Pool, dba: oracledb.Cursor) -> None:
    for kind, subject, role in (
        ("User", "alice", "HR_READER"), ("Group", "x", "HR_PAYER"), ("Group", "y", "HR_PAYER"),
        ("Scope", "z", "HR_READER"),
    ):  # fmt: skip
        bind(dba, kind, subject, role=role)
    answer = pool.ask(Request(claims={**ALICE, "groups": ["x", "y"], "scope": "z"}))
    assert answer.roles == {"HR_PAYER", "HR_READER"}
    assert pool.handler(CONTEXT) == [('"HR_PAYER","HR_READER"', "alice")]


def test_a_role_that_only_another_user_holds_is_lost(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    change("create role hr_other identified using oracleapi.guard", "drop role hr_other")
    dba.execute("grant hr_other to plain_api")
    bind(dba, "User", "alice", role="HR_OTHER")
    assert seen(pool.ask(Request(claims=ALICE))) == (True, set())
    dba.execute("select schema_name, request_id, route, reason, detail from oracleapi.fault")
    assert dba.fetchall() == [("HR_API", "req-1", "hr/hr list", "RoleNotGranted", "HR_OTHER")]


def test_more_roles_than_a_context_holds_are_cut_there(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    dba.execute("update oracleapi.managed_schema set role_mode = 'ContextOnly'")
    names = [f"R{number:02}{'X' * 57}" for number in range(65)]
    for name in names:
        change(f"create role {name} identified using oracleapi.guard", f"drop role {name}")
        dba.execute(f"grant {name} to hr_api")
        dba.execute("insert into oracleapi.binding values (:n, 'api', '*', 'User', 'alice', :n, null)", n=name)
    dba.connection.commit()
    assert pool.ask(Request(claims=ALICE)).allowed
    ((roles, _),) = pool.handler(CONTEXT)
    assert roles == ",".join(f'"{name}"' for name in names)[:4000]


# What is left behind


def test_long_names_are_cut_to_what_the_database_keeps(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    change(f"update oracleapi.api set label = '{'l' * 128}'", "update oracleapi.api set label = 'hr/hr'")
    route(change, "n" * 63, f"{PUBLIC}/long", 0, "Public")
    answer = pool.ask(Request(path=f"{PUBLIC}/long", request_id="i" * 200))
    assert (answer.allowed, answer.module, answer.action) == (True, "l" * 48, "n" * 32)
    assert answer.identifier == "i" * 64
    assert not pool.ask(Request(claims=ALICE, request_id="i" * 200)).allowed
    dba.execute("select request_id, route from oracleapi.fault")
    assert dba.fetchall() == [("i" * 128, f"{'l' * 48} list")]


def test_the_longest_name_of_a_route_has_room_in_its_column(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    change(f"update oracleapi.api set label = '{'l' * 128}'", "update oracleapi.api set label = 'hr/hr'")
    route(change, "n" * 63, f"{PUBLIC}/long", 0, "Public")
    bind(dba, "Anonymous", "*", role="HR_GONE")
    assert pool.ask(Request(path=f"{PUBLIC}/long")).allowed
    dba.execute("select route, reason from oracleapi.fault")
    assert dba.fetchall() == [(f"{'l' * 128} {'n' * 63}", "RoleNotGranted")]


def test_a_reason_is_cut_to_its_column(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    header = "X" * 80
    change(
        f"update oracleapi.managed_schema set trace_header = '{header}'",
        "update oracleapi.managed_schema set trace_header = 'Request-Id'",
    )
    assert not pool.ask(Request(claims=ALICE, last=[(header, "a"), (header, "b")])).allowed
    assert faults(dba) == [(f"Shadowed {header}"[:32], None)]


def test_after_a_failure_nothing_of_the_request_before_is_left(
    pool: Pool, dba: oracledb.Cursor, change: Change
) -> None:
    bind(dba, "User", "alice")
    answer = pool.ask(Request(claims=ALICE))
    assert (answer.roles, answer.identifier, answer.module) == ({"HR_READER"}, "req-1|alice", "hr/hr")
    assert pool.handler(CONTEXT) == [('"HR_READER"', "alice")]
    again = pool.ask(Request(claims=ALICE), recycle=False)
    assert (again.allowed, again.roles, again.identifier, again.module, again.action) == (
        False,
        set(),
        None,
        None,
        None,
    )
    assert pool.handler(CONTEXT) == [(None, None)]
    assert again.page.startswith("Status: 403 Forbidden\nContent-type: application/json\n\n")
    assert again.body == {"code": "Forbidden", "message": "forbidden", "requestId": None, "route": None}


def test_a_role_that_cannot_be_enabled_refuses_and_leaves_nothing(
    pool: Pool, dba: oracledb.Cursor, change: Change
) -> None:
    change('create role hr_locked identified by "x"', "drop role hr_locked")
    dba.execute("grant hr_locked to hr_api")
    bind(dba, "User", "alice", role="HR_LOCKED")
    answer = pool.ask(Request(claims=ALICE))
    assert (answer.allowed, answer.roles, answer.identifier, answer.module) == (False, set(), None, None)
    assert pool.handler(CONTEXT) == [(None, None)]
    dba.execute("select schema_name, request_id, route, reason, detail from oracleapi.fault")
    assert dba.fetchall() == [("HR_API", "req-1", "hr/hr list", "GuardFailed", "-1979")]


def test_a_refusal_ends_no_transaction_of_the_session(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    gone = "delete from hr.employees where id = 99"
    change(gone, gone)
    change("grant insert on hr.employees to hr_api", "revoke insert on hr.employees from hr_api")
    pool.handler("insert into hr.employees values (99)")
    assert not pool.ask(Request(claims=ALICE)).allowed
    pool.connection.rollback()
    dba.execute("select count(*) from hr.employees where id = 99")
    assert dba.fetchone() == (0,)
    assert faults(dba) == [("NoBinding", None)]


def test_only_the_setting_of_the_check_account_names_it(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    change(
        "insert into oracleapi.setting values ('noted', 'ORDS_PUBLIC_USER')",
        "delete from oracleapi.setting where name = 'noted'",
    )
    with pytest.raises(oracledb.DatabaseError, match=r"^ORA-20403: for the check account only\n"):
        pool.handler("begin oracleapi.guard.enable_for_check('\"HR_READER\"'); end;")
