"""The guard's own text, request by request: who passes with which role, and every way around it that was thought of."""

# ruff: noqa: S608 - texts are made of names and values that the tests chose

import contextlib
import hashlib
from typing import Any

import oracledb
import pytest

from support.guard_requests import (
    BASE,
    KEY,
    PASSWORD,
    PUBLIC,
    SIGNED,
    Pool,
    Request,
    bind,
    faults,
    token,
)
from support.parts import Part

READ = "select count(*) from hr.employees"
PAY = "select count(*) from hr.pay"
ALICE: dict[str, Any] = {"sub": "alice", "groups": ["hr readers", "staff"], "scope": "hr.read openid"}
ROLE_ARN = "arn:aws:sts::123456789012:assumed-role/Payroll/session-1"


def refused(pool: Pool, text: str) -> str:
    with pytest.raises(oracledb.DatabaseError) as caught:
        pool.handler(text)
    return str(caught.value)


# Callers with tokens


@pytest.mark.parametrize(
    ("kind", "subject"), [("User", "alice"), ("Group", "hr readers"), ("Group", "staff"), ("Scope", "hr.read")]
)
def test_a_bound_caller_gets_the_role_and_leaves_a_trace(
    pool: Pool, dba: oracledb.Cursor, kind: str, subject: str
) -> None:
    bind(dba, kind, subject)
    answer = pool.ask(Request(claims=ALICE))
    assert (answer.allowed, answer.roles, answer.page) == (True, {"HR_READER"}, "")
    assert (answer.identifier, answer.module, answer.action) == ("req-1|alice", "hr/hr", "list")
    assert pool.handler(READ) == [(1,)]
    assert "ORA-00942" in refused(pool, PAY)


def test_an_unbound_caller_is_refused_and_told_nothing_but_the_request(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "bob")
    answer = pool.ask(Request(claims=ALICE))
    assert (answer.allowed, answer.roles) == (False, set())
    assert answer.page.startswith("Status: 403 Forbidden\nContent-type: application/json\n\n")
    assert answer.body == {"code": "Forbidden", "message": "no binding", "requestId": "req-1", "route": "list"}
    assert faults(dba) == [("NoBinding", None)]
    assert "ORA-00942" in refused(pool, READ)


def test_the_roles_of_two_bindings_are_enabled_together_and_nothing_else(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    bind(dba, "Group", "staff", role="HR_PAYER", route="list")
    bind(dba, "Group", "other", role="HR_PAYER", route="one")
    assert pool.ask(Request(claims=ALICE)).roles == {"HR_READER", "HR_PAYER"}
    assert pool.ask(Request(path=f"{BASE}/employees/7", claims=ALICE)).roles == {"HR_READER"}


def test_the_role_of_the_caller_before_is_gone(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice", role="HR_PAYER")
    bind(dba, "User", "bob")
    assert pool.ask(Request(claims=ALICE)).roles == {"HR_PAYER"}
    assert pool.ask(Request(claims={"sub": "bob"})).roles == {"HR_READER"}
    assert pool.ask(Request(claims={"sub": "mallory"})).roles == set()
    assert pool.ask(Request(path=f"{PUBLIC}/health")).roles == set()


def test_a_binding_ends_by_itself_and_a_deleted_one_at_once(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice", ends="systimestamp + interval '1' hour")
    assert pool.ask(Request(claims=ALICE)).allowed
    dba.execute("update oracleapi.binding set not_after = systimestamp - interval '1' second")
    dba.connection.commit()
    assert not pool.ask(Request(claims=ALICE)).allowed
    dba.execute("update oracleapi.binding set not_after = null")
    dba.connection.commit()
    assert pool.ask(Request(claims=ALICE)).allowed
    dba.execute("delete from oracleapi.binding")
    dba.connection.commit()
    assert not pool.ask(Request(claims=ALICE)).allowed


def test_a_role_that_the_schema_lost_is_noted_and_the_others_work(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    bind(dba, "Group", "staff", role="HR_GONE")
    assert pool.ask(Request(claims=ALICE)).roles == {"HR_READER"}
    assert faults(dba) == [("RoleNotGranted", "HR_GONE")]


def test_without_required_bindings_others_pass_without_a_role(pool: Pool, dba: oracledb.Cursor) -> None:
    dba.execute("update oracleapi.api set require_binding = 0")
    dba.connection.commit()
    answer = pool.ask(Request(claims=ALICE))
    assert (answer.allowed, answer.roles) == (True, set())


@pytest.mark.parametrize(
    "groups", ["hr readers", "hr", ["hr", "readers"], [["hr readers"]], {"hr readers": 1}, 7, None]
)
def test_only_a_group_of_exactly_that_name_counts(pool: Pool, dba: oracledb.Cursor, groups: Any) -> None:
    bind(dba, "Group", "hr readers")
    answer = pool.ask(Request(claims={"sub": "eve", "groups": groups}))
    assert answer.allowed is (groups == "hr readers")


def test_the_claims_names_are_the_apis(pool: Pool, dba: oracledb.Cursor) -> None:
    dba.execute("update oracleapi.api set groups_claim = 'cognito:groups'")
    bind(dba, "Group", "x")
    assert pool.ask(Request(claims={"sub": "a", "cognito:groups": ["x"]})).allowed
    assert not pool.ask(Request(claims={"sub": "a", "groups": ["x"]})).allowed


def test_a_long_identity_is_cut_to_what_the_database_keeps(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "ä" * 100)
    answer = pool.ask(Request(claims={"sub": "ä" * 100}))
    assert answer.allowed
    assert answer.identifier is not None
    assert answer.identifier.startswith("req-1|ä")
    assert len(answer.identifier.encode()) <= 64


# Forged, doubled and shadowing headers


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(
    "header",
    [
        ("REMOTE_IDENT", "bob"),
        ("Remote-Ident", "bob"),
        ("remote_ident", "alice"),
        ("REQUEST-METHOD", "GET"),
        ("path_info", "/employees/7"),
        ("Script-Name", "/ords/hr_api/oa-public/hr/v1"),
        ("authorization", "Bearer a.b.c"),
        ("HTTP_AUTHORIZATION", "Bearer a.b.c"),
        ("Request-ID", "req-2"),
        ("HTTP-REQUEST-ID", "req-2"),
    ],
)
def test_a_header_that_shadows_what_the_guard_relies_on_is_refused(
    pool: Pool, dba: oracledb.Cursor, place: str, header: tuple[str, str]
) -> None:
    bind(dba, "User", "alice")
    bind(dba, "User", "bob")
    answer = pool.ask(Request(claims=ALICE, **{place: [header]}))
    assert (answer.allowed, answer.roles) == (False, set())
    assert faults(dba)[0][0].startswith("Shadowed ")


def test_the_same_header_under_both_of_its_names_is_no_shadow(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    again = [("HTTP_AUTHORIZATION", f"Bearer {token(ALICE)}"), ("HTTP_REQUEST_ID", "req-1")]
    assert pool.ask(Request(claims=ALICE, last=again)).allowed


@pytest.mark.parametrize(
    "request_",
    [
        Request(claims=ALICE, ident="bob"),
        Request(claims=ALICE, ident=""),
        Request(claims={"groups": ["hr readers"]}, ident=""),
        Request(claims={"sub": "", "groups": ["hr readers"]}),
        Request(),
        Request(last=[("REMOTE_IDENT", "alice")]),
        Request(last=[("REMOTE_IDENT", "alice"), ("Authorization", "Basic YTpi")]),
        Request(last=[("REMOTE_IDENT", "alice"), ("Authorization", "Bearer a.b")]),
        Request(last=[("REMOTE_IDENT", "alice"), ("Authorization", "Bearer a.!.c")]),
        Request(last=[("REMOTE_IDENT", "alice"), ("Authorization", "Bearer a.W10.c")]),
        Request(last=[("REMOTE_IDENT", "alice"), ("X-OracleApi-Caller", f"{KEY} {ROLE_ARN} GET /hr/v1/employees")]),
    ],
    ids=range(11),
)
def test_without_a_good_token_of_the_same_subject_nobody_passes(
    pool: Pool, dba: oracledb.Cursor, request_: Request
) -> None:
    for kind, subject in (("User", "alice"), ("User", "bob"), ("Group", "hr readers"), ("Anonymous", "*")):
        bind(dba, kind, subject)
    answer = pool.ask(request_)
    assert (answer.allowed, answer.roles) == (False, set())


# Paths


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/employees/",
        f"{BASE}/Employees",
        f"{BASE}//employees",
        f"{BASE}/./employees",
        f"{BASE}/employees/..",
        f"{BASE}/employees;x",
        f"{BASE}/employees/7;x=1",
        f"{BASE}/employees/%2e%2e",
        f"{BASE}/employees/a%2Fb",
        f"{BASE}/employees/a%5cb",
        f"{BASE}/employees/a%252e",
        f"{BASE}/employees/a\\b",
        f"{BASE}/employees/7/8",
        f"{BASE}/employees\n",
        "/ords/hr_api/_/db-api/stable",
        "/ords/hr_api/metadata-catalog/",
        "/ords/hr_api/employees/",
        "/ords/other/oa-hr-read-1/hr/v1/employees",
    ],
)
def test_what_matches_no_managed_route_byte_by_byte_is_refused(pool: Pool, dba: oracledb.Cursor, path: str) -> None:
    bind(dba, "User", "alice")
    answer = pool.ask(Request(path=path, claims=ALICE))
    assert (answer.allowed, answer.roles) == (False, set())
    assert faults(dba) == [("RouteUnknown", None)]


def test_another_method_is_another_route(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    assert not pool.ask(Request(method="DELETE", claims=ALICE)).allowed
    assert not pool.ask(Request(method="get", claims=ALICE)).allowed


def test_of_two_routes_that_match_the_one_with_fewer_variables_counts(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice", route="me")
    assert pool.ask(Request(path=f"{BASE}/employees/me", claims=ALICE)).action == "me"
    assert not pool.ask(Request(path=f"{BASE}/employees/mee", claims=ALICE)).allowed


def test_a_listed_unmanaged_path_passes_without_a_role_and_nothing_beside_it(pool: Pool, dba: oracledb.Cursor) -> None:
    dba.execute("insert into oracleapi.unmanaged_path values ('HR_API', '/ords/hr_api/old')")
    dba.connection.commit()
    assert pool.ask(Request(path="/ords/hr_api/old")).allowed
    answer = pool.ask(Request(path="/ords/hr_api/old/x", claims=ALICE))
    assert (answer.allowed, answer.roles, answer.identifier) == (True, set(), None)
    assert not pool.ask(Request(path="/ords/hr_api/older")).allowed
    assert not pool.ask(Request(path="/ords/hr_api/old/../oa-hr-read-1/hr/v1/employees")).allowed


# Public and signed routes


def test_a_public_route_needs_no_binding_and_may_have_one(pool: Pool, dba: oracledb.Cursor) -> None:
    answer = pool.ask(Request(path=f"{PUBLIC}/health"))
    assert (answer.allowed, answer.roles, answer.identifier) == (True, set(), "req-1|Anonymous")
    bind(dba, "Anonymous", "*", route="health")
    assert pool.ask(Request(path=f"{PUBLIC}/health", claims=ALICE)).roles == {"HR_READER"}
    assert not pool.ask(Request(claims=ALICE)).allowed


@pytest.fixture
def key(dba: oracledb.Cursor) -> None:
    """The gateway's key, as its hash, and the key before it, which ended."""
    for secret, ends in ((KEY, "null"), ("old" + KEY, "systimestamp - interval '1' second")):
        digest = hashlib.sha256(secret.encode()).hexdigest().upper()
        dba.execute(
            f"insert into oracleapi.gateway_key (owner, key_hash, not_after) values ('api', :digest, {ends})",
            digest=digest,
        )
    dba.connection.commit()


@pytest.mark.parametrize(
    ("caller", "roles"),
    [
        (f"{KEY} {ROLE_ARN} GET /hr/v1/pay", {"HR_PAYER"}),
        (f"{KEY} {ROLE_ARN} GET /ords/hr_api/oa-iam/hr/v1/pay", {"HR_PAYER"}),
        (f"{KEY} arn:aws:iam::123456789012:user/ann GET /hr/v1/pay", {"HR_READER"}),
    ],
    ids=["a role", "a role by the link route", "a user"],
)
def test_a_signed_caller_that_came_through_the_gateway_gets_its_role(
    pool: Pool, dba: oracledb.Cursor, key: None, caller: str, roles: set[str]
) -> None:
    bind(dba, "IamRole", "123456789012/Payroll", role="HR_PAYER")
    bind(dba, "IamUser", "arn:aws:iam::123456789012:user/ann")
    answer = pool.ask(Request(path=f"{SIGNED}/pay", caller=caller))
    assert (answer.allowed, answer.roles) == (True, roles)


@pytest.mark.parametrize(
    "caller",
    [
        None,
        "",
        f"{ROLE_ARN} GET /hr/v1/pay",
        f"wrong {ROLE_ARN} GET /hr/v1/pay",
        f"old{KEY} {ROLE_ARN} GET /hr/v1/pay",
        f"{KEY.upper()} {ROLE_ARN} GET /hr/v1/pay",
        f"{KEY} {ROLE_ARN} GET /hr/v1/employees",
        f"{KEY} {ROLE_ARN}",
        f"{KEY} {ROLE_ARN} ",
        f"{KEY} arn:aws:sts::999999999999:assumed-role/Payroll/x GET /hr/v1/pay",
        f"{KEY} arn:aws:sts::123456789012:assumed-role/payroll/x GET /hr/v1/pay",
        f"{KEY} arn:aws:iam::123456789012:user/bob GET /hr/v1/pay",
        f"{KEY}  GET /hr/v1/pay",
        f"' or 1=1 -- {ROLE_ARN} GET /hr/v1/pay",
    ],
    ids=range(14),
)
def test_a_missing_old_or_forged_key_another_route_and_another_caller_are_refused(
    pool: Pool, dba: oracledb.Cursor, key: None, caller: str | None
) -> None:
    bind(dba, "IamRole", "123456789012/Payroll", role="HR_PAYER")
    answer = pool.ask(Request(path=f"{SIGNED}/pay", caller=caller))
    assert (answer.allowed, answer.roles) == (False, set())
    assert all(KEY not in str(row) for row in faults(dba))


def test_a_token_opens_no_signed_route(pool: Pool, dba: oracledb.Cursor, key: None) -> None:
    for kind, subject in (("User", "alice"), ("IamUser", "alice"), ("Anonymous", "*")):
        bind(dba, kind, subject, role="HR_PAYER")
    assert not pool.ask(Request(path=f"{SIGNED}/pay", claims=ALICE)).allowed


# What a handler's author may try


@pytest.mark.parametrize(
    "text",
    [
        "begin dbms_session.set_role('HR_PAYER'); end;",
        "begin dbms_session.set_role('ALL'); end;",
        "begin execute immediate 'set role hr_payer'; end;",
        "begin oracleapi.guard.enable_for_check('HR_PAYER'); end;",
        "declare r boolean; n owa.vc_arr; v owa.vc_arr; begin n(1) := 'REQUEST_METHOD'; v(1) := 'GET';"
        " owa.init_cgi_env(1, n, v); r := oracleapi.guard.check_request; end;",
    ],
)
def test_a_handler_enables_no_other_role(pool: Pool, dba: oracledb.Cursor, text: str) -> None:
    bind(dba, "User", "alice")
    bind(dba, "User", "boss", role="HR_PAYER")
    assert pool.ask(Request(claims=ALICE)).roles == {"HR_READER"}
    with contextlib.suppress(oracledb.DatabaseError):
        pool.handler(text)
    assert "ORA-00942" in refused(pool, PAY)


def test_a_handler_that_forges_a_request_meets_the_latch_and_loses_its_own_role(
    pool: Pool, dba: oracledb.Cursor
) -> None:
    bind(dba, "User", "alice")
    bind(dba, "User", "boss", role="HR_PAYER")
    assert pool.ask(Request(claims=ALICE)).allowed
    answer = pool.ask(Request(claims={"sub": "boss"}), recycle=False)
    assert (answer.allowed, answer.roles) == (False, set())
    assert faults(dba)[-1] == ("GuardFailed", "-20403")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("begin oracleapi.decision_v1.note_fault('a', 'b', 'c', 'd', 'e'); end;", "PLS-00201"),
        ("begin oracleapi.decision.note_fault('a', 'b', 'c', 'd', 'e'); end;", "PLS-00201"),
        ("select * from oracleapi.binding", "ORA-00942"),
        ("insert into oracleapi.binding (binding) values ('x')", "ORA-00942"),
        ("select * from oracleapi.gateway_key", "ORA-00942"),
        ("begin dbms_session.set_context('ORACLEAPI', 'ROLES', 'HR_PAYER'); end;", "ORA-01031"),
    ],
)
def test_a_handler_reaches_nothing_behind_the_guard(pool: Pool, dba: oracledb.Cursor, text: str, code: str) -> None:
    assert code in refused(pool, text)


def test_the_check_account_enables_roles_to_parse_handlers_with(
    part: Part, dba: oracledb.Cursor, system: oracledb.Connection
) -> None:
    with oracledb.connect(user="checker[hr_api]", password=PASSWORD, dsn=part.addresses["dsn"]) as connection:
        checker = Pool(connection)
        checker.handler("begin oracleapi.guard.enable_for_check('\"HR_READER\"'); end;")
        assert checker.handler(READ) == [(1,)]
        checker.handler("begin oracleapi.guard.enable_for_check(null); end;")
        assert "ORA-00942" in refused(checker, READ)


# Around the guard


def test_a_schema_that_is_given_up_keeps_no_role_in_a_session_that_was_served(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    assert pool.ask(Request(claims=ALICE)).roles == {"HR_READER"}
    dba.execute("update oracleapi.managed_schema set schema_name = 'GIVEN_UP'")
    dba.connection.commit()
    try:
        answer = pool.ask(Request(claims={"sub": "stranger"}))
    finally:
        dba.execute("update oracleapi.managed_schema set schema_name = 'HR_API'")
        dba.connection.commit()
    assert (answer.allowed, answer.roles, answer.identifier) == (True, set(), None)


def test_a_schema_that_is_not_managed_is_left_alone(part: Part, dba: oracledb.Cursor) -> None:
    with oracledb.connect(
        user="ords_public_user[plain_api]", password=PASSWORD, dsn=part.addresses["dsn"]
    ) as connection:
        plain = Pool(connection)
        plain.handler("begin dbms_session.set_identifier('own'); dbms_application_info.set_module('own', 'x'); end;")
        answer = plain.ask(Request(path="/ords/plain_api/anything", first=[("remote_ident", "a")]))
        assert (answer.allowed, answer.identifier, answer.module) == (True, "own", "own")


def test_in_context_only_mode_the_decision_is_a_context_and_no_role_is_enabled(
    pool: Pool, dba: oracledb.Cursor
) -> None:
    dba.execute("update oracleapi.managed_schema set role_mode = 'ContextOnly'")
    bind(dba, "User", "alice")
    answer = pool.ask(Request(claims=ALICE))
    assert (answer.allowed, answer.roles) == (True, set())
    context = "select sys_context('ORACLEAPI', 'ROLES'), sys_context('ORACLEAPI', 'SUBJECT') from dual"
    assert pool.handler(context) == [('"HR_READER"', "alice")]
    assert not pool.ask(Request(claims={"sub": "eve"})).allowed
    assert pool.handler(context) == [(None, None)]


def test_whatever_breaks_behind_it_the_guard_refuses(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    dba.execute("revoke select on sys.dba_role_privs from oracleapi")
    try:
        answer = pool.ask(Request(claims=ALICE))
    finally:
        dba.execute("grant select on sys.dba_role_privs to oracleapi")
    assert (answer.allowed, answer.roles, answer.body["message"]) == (False, set(), "forbidden")
    assert pool.ask(Request(claims=ALICE)).allowed
