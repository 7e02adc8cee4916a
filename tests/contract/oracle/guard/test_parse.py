"""The check account parses handlers as their schema with roles enabled, and runs none of them."""

import oracledb
import pytest

from oracleapi.adapters.oracle.parse import OracleParser
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError
from oracleapi.model.parse import Parsed
from support.guard_requests import PASSWORD
from support.parts import Part

READER, PAYER = frozenset({"HR_READER"}), frozenset({"HR_PAYER"})
EMPLOYEES, PAY = "select id from hr.employees where id = :id", "select id from hr.pay"


def connection_of(part: Part) -> Connection:
    address, service = part.addresses["dsn"].rsplit("/", 1)
    host, port = address.rsplit(":", 1)
    return Connection(host=host, port=int(port), service_name=service, protocol="TCP")


@pytest.fixture
def parser(part: Part, system: oracledb.Connection) -> OracleParser:
    return OracleParser(connection_of(part), "checker", PASSWORD)


def verdict(parser: OracleParser, statement: str, roles: frozenset[str] = READER) -> Parsed:
    return parser.parse("HR_API", {roles: [statement]})[roles, statement]


def test_each_statement_is_judged_by_exactly_its_roles_in_one_session(parser: OracleParser) -> None:
    both = READER | PAYER
    nobody = frozenset[str]()
    found = parser.parse("HR_API", {each: [EMPLOYEES, PAY] for each in (both, READER, PAYER, nobody)})
    refused = {(roles, text) for (roles, text), each in found.items() if each.outcome == "Refused"}
    assert refused == {(READER, PAY), (PAYER, EMPLOYEES), (nobody, EMPLOYEES), (nobody, PAY)}
    assert len(found) == 8
    assert found[READER, PAY].code == "ORA-00942"
    assert found[READER, PAY].object in ("HR.PAY", "PAY")


@pytest.mark.parametrize(
    ("statement", "code", "inner"),
    [
        ("delete from hr.employees where id = :id", "ORA-01031", ""),
        ("insert into hr.employees values (:id)", "ORA-01031", ""),
        ("begin insert into hr.pay values (1); end;", "ORA-06550", "ORA-00942"),
        ("begin hr.nothing(:body); end;", "ORA-06550", "PLS-00201"),
    ],
)
def test_what_a_caller_would_see_is_the_code_of_the_refusal(
    parser: OracleParser, statement: str, code: str, inner: str
) -> None:
    found = verdict(parser, statement)
    assert (found.outcome, found.code, found.detail) == ("Refused", code, inner)


@pytest.mark.parametrize(
    "statement",
    [
        "-- of the page\n/* first */ with x as (select id from hr.employees) select * from x;",
        "declare n number; begin select count(*) into n from hr.employees where id = :id; :status_code := 200; end;",
        "begin null; end;",
    ],
)
def test_handlers_as_people_write_them_are_fine(parser: OracleParser, statement: str) -> None:
    assert verdict(parser, statement) == Parsed()


@pytest.mark.parametrize(
    "statement",
    ["drop table hr.pay", "/* x */ create table t (id number)", "truncate table hr.pay", "(select 1 from dual)", "--"],
)
def test_what_parsing_could_run_is_not_sent(parser: OracleParser, dba: oracledb.Cursor, statement: str) -> None:
    dba.execute("grant all on hr.pay to hr_reader")
    try:
        assert verdict(parser, statement).outcome == "NotChecked"
    finally:
        dba.execute("revoke all on hr.pay from hr_reader")
    dba.execute("select count(*) from hr.pay")


def test_nothing_is_run(parser: OracleParser, dba: oracledb.Cursor) -> None:
    dba.execute("grant insert, delete on hr.employees to hr_reader")
    try:
        for statement in (
            "insert into hr.employees values (7)",
            "begin insert into hr.employees values (8); commit; end;",
            "delete from hr.employees",
        ):
            assert verdict(parser, statement) == Parsed()
    finally:
        dba.execute("revoke insert, delete on hr.employees from hr_reader")
    dba.execute("select id from hr.employees")
    assert list(dba) == [(1,)]


def test_another_fault_than_a_missing_right_is_none_of_the_roles(parser: OracleParser) -> None:
    found = verdict(parser, "select nothing from hr.employees")
    assert (found.outcome, "ORA-00904" in found.detail) == ("NotChecked", True)


def test_a_role_that_the_schema_does_not_hold_is_not_checked(parser: OracleParser) -> None:
    assert verdict(parser, EMPLOYEES, frozenset({"HR_GONE"})).outcome == "NotChecked"


@pytest.mark.parametrize(
    ("user", "password", "schema", "reason", "says"),
    [
        ("checker", "wrong", "HR_API", "LoginDenied", "checkAccountSecretRef"),
        ("checker", PASSWORD, "PLAIN_API", "PrivilegesMissing", "GRANT CONNECT THROUGH CHECKER"),
        ("ords_public_user", PASSWORD, "HR_API", "GuardIncomplete", "--check-account ORDS_PUBLIC_USER"),
    ],
)
def test_what_an_account_lacks_is_named_with_its_cure(
    part: Part, system: oracledb.Connection, user: str, password: str, schema: str, reason: str, says: str
) -> None:
    with pytest.raises(OperatorError) as caught:
        OracleParser(connection_of(part), user, password).parse(schema, {READER: [EMPLOYEES]})
    assert caught.value.reason == reason
    assert says in caught.value.message
    assert password not in caught.value.message


def test_an_account_that_may_not_log_in_is_told_what_it_lacks(part: Part, dba: oracledb.Cursor) -> None:
    dba.execute("revoke create session from hr_api")
    try:
        with pytest.raises(OperatorError) as caught:
            OracleParser(connection_of(part), "checker", PASSWORD).parse("HR_API", {READER: [EMPLOYEES]})
    finally:
        dba.execute("grant create session to hr_api")
    assert caught.value.reason == "PrivilegesMissing"
    assert "CREATE SESSION" in caught.value.message
