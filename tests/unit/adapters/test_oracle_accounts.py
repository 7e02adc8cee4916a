"""Statements about accounts: what is written for a holding, what rows come to, and where a password may be."""

import traceback
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import oracledb
import pytest

from oracleapi.adapters.oracle import accounts
from oracleapi.adapters.oracle.accounts import apply, observe, readable
from oracleapi.adapters.oracle.holding_rows import to_holdings, to_owned
from oracleapi.adapters.oracle.holdings import default_roles, statements
from oracleapi.errors import OperatorError
from oracleapi.model.account import AccountAction, CreateTwin, EndRollover, Equalize, Holding, SetPassword
from oracleapi.model.hidden import Hidden

PASSWORD = "canary_Pass-1.x"
SETTINGS = (Holding("setting", "PROFILE", value="APPS"), Holding("setting", "DEFAULT TABLESPACE", value="USERS"))


@pytest.mark.parametrize(
    ("holding", "given", "taken"),
    [
        (Holding("role", "HR_BASE"), 'grant "HR_BASE" to "X"', 'revoke "HR_BASE" from "X"'),
        (Holding("role", "Mixed", option=True, default=True),
         'grant "Mixed" to "X" with admin option', 'revoke "Mixed" from "X"'),
        (Holding("system", "CREATE SESSION"), 'grant CREATE SESSION to "X"', 'revoke CREATE SESSION from "X"'),
        (Holding("system", "CREATE VIEW", option=True),
         'grant CREATE VIEW to "X" with admin option', 'revoke CREATE VIEW from "X"'),
        (Holding("object", "SELECT", "HR.PAY", option=True),
         'grant SELECT on "HR"."PAY" to "X" with grant option', 'revoke SELECT on "HR"."PAY" from "X"'),
        (Holding("object", "SELECT", "HR.a.b (c)"),
         'grant SELECT on "HR"."a.b (c)" to "X"', 'revoke SELECT on "HR"."a.b (c)" from "X"'),
        (Holding("column", "UPDATE", "HR.PAY(a (b))"),
         'grant UPDATE ("a (b)") on "HR"."PAY" to "X"', 'revoke UPDATE on "HR"."PAY" from "X"'),
        (Holding("object", "READ", "DIRECTORY SYS.DUMPS"),
         'grant READ on directory "DUMPS" to "X"', 'revoke READ on directory "DUMPS" from "X"'),
        (Holding("object", "INHERIT PRIVILEGES", "USER SYS.HR"),
         'grant INHERIT PRIVILEGES on user "HR" to "X"', 'revoke INHERIT PRIVILEGES on user "HR" from "X"'),
        (Holding("object", "EXECUTE", "JAVA SOURCE HR.J"),
         'grant EXECUTE on java source "HR"."J" to "X"', 'revoke EXECUTE on java source "HR"."J" from "X"'),
        (Holding("quota", "USERS", value="-1"),
         'alter user "X" quota unlimited on "USERS"', 'alter user "X" quota 0 on "USERS"'),
        (Holding("quota", "USERS", value="8192"),
         'alter user "X" quota 8192 on "USERS"', 'alter user "X" quota 0 on "USERS"'),
        (Holding("proxy", "HR"),
         'alter user "HR" grant connect through "X"', 'alter user "HR" revoke connect through "X"'),
        (Holding("proxy", "HR", value="WITH NO ROLES"),
         'alter user "HR" grant connect through "X" with no roles', 'alter user "HR" revoke connect through "X"'),
        (Holding("proxy", "HR", value="WITH ROLE A, b AUTHENTICATION REQUIRED"),
         'alter user "HR" grant connect through "X" with role "A", "b" authentication required',
         'alter user "HR" revoke connect through "X"'),
        (Holding("proxy", "HR", value="WITH ROLE ALL EXCEPT A"),
         'alter user "HR" grant connect through "X" with role all except "A"',
         'alter user "HR" revoke connect through "X"'),
        (Holding("role", "HR_BASE", delegate=True),
         'grant "HR_BASE" to "X" with delegate option', 'revoke "HR_BASE" from "X"'),
        (Holding("object", "SELECT", "HR.PAY", hierarchy=True),
         'grant SELECT on "HR"."PAY" to "X" with hierarchy option', 'revoke SELECT on "HR"."PAY" from "X"'),
        (Holding("object", "READ", "HR.PAY", option=True, hierarchy=True),
         'grant READ on "HR"."PAY" to "X" with hierarchy option with grant option',
         'revoke READ on "HR"."PAY" from "X"'),
        (Holding("schema", "SELECT ANY TABLE", "my Schema"),
         'grant SELECT ANY TABLE on schema "my Schema" to "X"',
         'revoke SELECT ANY TABLE on schema "my Schema" from "X"'),
        (Holding("schema", "SELECT ANY TABLE", "HR", option=True),
         'grant SELECT ANY TABLE on schema "HR" to "X" with admin option',
         'revoke SELECT ANY TABLE on schema "HR" from "X"'),
        (Holding("synonym", "WAGES", "HR.pay.x"),
         'create or replace synonym "X"."WAGES" for "HR"."pay.x"', 'drop synonym "X"."WAGES"'),
        (Holding("synonym", "Far", ".PAY", value="@HQ.EXAMPLE.ORG@ONE"),
         'create or replace synonym "X"."Far" for "PAY"@HQ.EXAMPLE.ORG@ONE', 'drop synonym "X"."Far"'),
        (Holding("through", "MIDDLE", value="WITH ROLE A"),
         'alter user "X" grant connect through "MIDDLE" with role "A"',
         'alter user "X" revoke connect through "MIDDLE"'),
        (Holding("proxy", "HR", value="AUTHENTICATION REQUIRED"),
         'alter user "HR" grant connect through "X" authentication required',
         'alter user "HR" revoke connect through "X"'),
    ],
)  # fmt: skip
def test_a_holding_is_given_and_taken_by_one_statement(holding: Holding, given: str, taken: str) -> None:
    assert statements("X", holding, revoking=False) == (given,)
    assert statements("X", holding, revoking=True) == (taken,)


def test_a_role_with_both_options_takes_two_statements_and_one_revoke() -> None:
    both = Holding("role", "R", option=True, delegate=True)
    given = ('grant "R" to "X" with admin option', 'grant "R" to "X" with delegate option')
    assert statements("X", both, revoking=False) == given
    assert statements("X", both, revoking=True) == ('revoke "R" from "X"',)


@pytest.mark.parametrize(
    ("holding", "given"),
    [
        (Holding("audit policy", "HR pol"), 'audit policy "HR pol" by "X"'),
        (Holding("audit policy", "P", value="WHENEVER NOT SUCCESSFUL"),
         'audit policy "P" by "X" whenever not successful'),
        (Holding("audit context", "MODULE", "USERENV"), 'audit context namespace USERENV attributes MODULE by "X"'),
        (Holding("audit context", "my attr", "HR"), 'audit context namespace HR attributes "my attr" by "X"'),
    ],
)  # fmt: skip
def test_audits_are_given_and_never_taken(holding: Holding, given: str) -> None:
    assert statements("X", holding, revoking=False) == (given,)
    with pytest.raises(ValueError, match="no statement of ours may hold audit"):
        statements("X", holding, revoking=True)


def test_a_setting_is_an_alter_user() -> None:
    wanted = ['alter user "X" profile "APPS"', 'alter user "X" default tablespace "USERS"']
    assert [*statements("X", SETTINGS[0], False), *statements("X", SETTINGS[1], False)] == wanted


@pytest.mark.parametrize(
    "holding",
    [
        Holding("role", 'A" to "B'),
        Holding("system", "CREATE SESSION to PUBLIC; --"),
        Holding("object", "SELECT", "HR"),
        Holding("object", "SELECT (A", "HR.PAY"),
        Holding("object", "SELECT", 'HR.PAY" to PUBLIC --'),
        Holding("column", "UPDATE", "HR.PAY"),
        Holding("quota", "USERS", value="1 on SYSTEM quota 1"),
        Holding("schema", "SELECT ANY TABLE", 'HR" to PUBLIC --'),
        Holding("through", "HR", value="WITH SOMETHING"),
        Holding("synonym", "WAGES", "HR"),
        Holding("synonym", "WAGES", 'HR.PAY" --'),
        Holding("synonym", 'WAGES" for x --', "HR.PAY"),
        Holding("synonym", "WAGES", "HR.PAY", value='@HQ" --'),
        Holding("synonym", "WAGES", "HR.PAY", value="HQ"),
        Holding("audit policy", 'P" by PUBLIC --'),
        Holding("audit policy", "P", value="WHENEVER IT RAINS"),
        Holding("audit context", "A by SYS", 'HR" --'),
        Holding("audit exception", "P"),
        Holding("network", "CONNECT", "host *"),
        Holding("consumer group", "SYS_GROUP"),
        Holding("mapped group", "SYS_GROUP"),
        Holding("schema trigger", "LOGON"),
        Holding("proxy", "HR", value="WITH SOMETHING"),
        Holding("proxy", "HR", value='WITH ROLE A" account unlock'),
    ],
)
def test_what_no_dictionary_shows_is_written_into_no_statement(holding: Holding) -> None:
    with pytest.raises(ValueError, match=r"no plain identifier|no privilege|may hold"):
        statements("X", holding, revoking=False)


@pytest.mark.parametrize(
    ("roles", "listed"),
    [({"A": True, "b": False}, '"A"'), ({"A": True, "B": True}, "all"), ({"A": False}, "none"), ({}, "all")],
)
def test_default_roles_are_listed_in_one_statement(roles: dict[str, bool], listed: str) -> None:
    assert default_roles("X", roles) == f'alter user "X" default role {listed}'


def test_rows_of_several_grantors_and_of_a_proxy_s_roles_are_one_holding() -> None:
    rows = [
        ("object", "SELECT", "HR", "PAY", "TABLE", "NO", "YES", None),
        ("object", "SELECT", "HR", "PAY", "TABLE", "YES", "NO", None),
        ("object", "SELECT", "HR", "PAY", "TABLE", "NO", "NO", None),
        ("object", "READ", "SYS", "DUMPS", "DIRECTORY", "NO", "NO", None),
        ("proxy", "HR", "PROXY MAY NOT ACTIVATE ROLE", "B", "NO", None, None, None),
        ("proxy", "HR", "PROXY MAY NOT ACTIVATE ROLE", "A", "NO", None, None, None),
        ("through", "HR", "PROXY MAY ACTIVATE ROLE", "B", "NO", None, None, None),
        ("through", "HR", "PROXY MAY ACTIVATE ROLE", "A", "NO", None, None, None),
        ("proxy", "OE", "PROXY MAY ACTIVATE ALL CLIENT ROLES", None, "YES", None, None, None),
        ("proxy", "SH", "NO CLIENT ROLES MAY BE ACTIVATED", None, "NO", None, None, None),
        ("quota", "USERS", None, None, "-1", None, None, None),
        ("role", "R", None, None, None, "YES", "NO", "YES"),
        ("role", "R", None, None, None, "NO", "YES", "YES"),
        ("audit policy", "BOTH", None, None, None, "YES", "NO", None),
        ("audit policy", "BOTH", None, None, None, "NO", "YES", None),
        ("audit policy", "LUCK", None, None, None, "YES", "NO", None),
        ("audit exception", "BUT", None, None, None, "NO", "YES", None),
        ("audit context", "MODULE", "USERENV", None, None, None, None, None),
        ("network", "CONNECT", "host", "api.example.org:443-443", None, None, None, None),
        ("network", "CONNECT", "host", "api.example.org:443-443", " DENIED UNTIL 2030-01-01", None, None, None),
        ("network", "USE_PASSWORDS", "wallet", "file:/one", None, None, None, None),
        ("consumer group", "LOW_GROUP", None, None, "INITIAL", "YES", None, None),
        ("mapped group", "LOW_GROUP", None, None, None, None, None, None),
        ("schema trigger", "LOGON", None, None, None, None, None, None),
        ("schema trigger", "LOGON", None, None, None, None, None, None),
        ("synonym", "WAGES", "HR", "PAY", None, None, None, None),
        ("synonym", "FAR", None, "PAY", "HQ", None, None, None),
        ("schema", "READ ANY TABLE", "HR", None, None, "NO", None, None),
        ("schema", "READ ANY TABLE", "OE", None, None, "YES", None, None),
    ]
    assert to_holdings(rows) == {
        Holding("object", "SELECT", "HR.PAY", option=True, hierarchy=True),
        Holding("object", "READ", "DIRECTORY SYS.DUMPS"),
        Holding("proxy", "HR", value="WITH ROLE ALL EXCEPT A, B"),
        Holding("through", "HR", value="WITH ROLE A, B"),
        Holding("proxy", "OE", value="AUTHENTICATION REQUIRED"),
        Holding("proxy", "SH", value="WITH NO ROLES"),
        Holding("quota", "USERS", value="-1"),
        Holding("role", "R", option=True, delegate=True, default=True),
        Holding("schema", "READ ANY TABLE", "HR"),
        Holding("schema", "READ ANY TABLE", "OE", option=True),
        Holding("audit policy", "BOTH"),
        Holding("audit policy", "LUCK", value="WHENEVER SUCCESSFUL"),
        Holding("audit exception", "BUT", value="WHENEVER NOT SUCCESSFUL"),
        Holding("audit context", "MODULE", "USERENV"),
        Holding("network", "CONNECT", "host api.example.org:443-443"),
        Holding("network", "CONNECT", "host api.example.org:443-443 DENIED UNTIL 2030-01-01"),
        Holding("network", "USE_PASSWORDS", "wallet file:/one"),
        Holding("consumer group", "LOW_GROUP", value="INITIAL", option=True),
        Holding("mapped group", "LOW_GROUP"),
        Holding("schema trigger", "LOGON"),
        Holding("synonym", "WAGES", "HR.PAY"),
        Holding("synonym", "FAR", ".PAY", value="@HQ"),
    }


class Dictionary:
    """A cursor over one account, that keeps what it was asked."""

    def __init__(self, version: str) -> None:
        self.connection, self.asked = SimpleNamespace(version=version), list[str]()

    def execute(self, text: str, account: str) -> None:
        self.asked.append(text)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(
            [("account", "OPEN", "APPS", "N", "OPERATOR", "USERS", "TEMP", "2026-01-01T00:00:00", "PASSWORD", "NO")]
        )

    def fetchall(self) -> list[tuple[str, ...]]:
        return []


@pytest.mark.parametrize(("version", "asked"), [("19.22.0.0.0", False), ("21.3.0.0.0", False), ("23.7.0.0.0", True)])
def test_views_of_later_releases_are_read_in_the_same_two_round_trips_or_not_at_all(version: str, asked: bool) -> None:
    cursor: Any = Dictionary(version)
    assert observe(cursor, "X", whole=True) is not None
    assert len(cursor.asked) == 2
    assert ("dba_schema_privs" in cursor.asked[1]) is asked
    assert ("SELECT on SYS.DBA_SCHEMA_PRIVS" in readable(cursor.connection, whole=True)) is asked


def test_what_an_account_holds_is_read_where_it_matters_alone() -> None:
    cursor: Any = Dictionary("23.7.0.0.0")
    found = observe(cursor, "X", whole=False)
    assert found is not None
    assert (found.whole, found.profile, len(cursor.asked)) == (False, "APPS", 1)
    assert [
        view for view in readable(cursor.connection, whole=True) if view.rpartition(".")[2].lower() in cursor.asked[0]
    ] == [*readable(cursor.connection, whole=False)]


def test_one_object_of_each_type_that_is_owned_is_told_and_what_comes_along_last() -> None:
    types = ("INDEX", "LOB", "PACKAGE", "TABLE", "TABLE PARTITION")
    rows = [("owned", type_, None, f"A_{type_[:1]}", None, None, None, None) for type_ in types]
    assert to_owned(rows) == ("PACKAGE A_P", "TABLE A_T", "INDEX A_I", "LOB A_L", "TABLE PARTITION A_T")
    assert to_owned([]) == ()


class Session:
    """Runs nothing; keeps each statement, and refuses it with *code*."""

    def __init__(self, code: str = "") -> None:
        self.code, self.ran, self.cached = code, list[str](), list[bool]()

    def cursor(self) -> "Session":
        return self

    def prepare(self, text: str, cache_statement: bool = True) -> None:
        self.ran.append(text)
        self.cached.append(cache_statement)

    def execute(self, text: str | None) -> None:
        assert text is None
        if self.code:
            details = SimpleNamespace(full_code=self.code, message=f"{self.code}: {self.ran}", isrecoverable=False)
            raise oracledb.DatabaseError(details)


def ran(action: AccountAction, code: str = "") -> list[str]:
    session: Any = Session(code)
    assert apply(session, action) == ()
    assert session.cached == [False]
    return list(session.ran)


def test_a_password_stands_in_quotes_in_a_statement_that_is_not_kept() -> None:
    assert ran(CreateTwin("X", SETTINGS, PASSWORD)) == [
        f'create user "X" identified by "{PASSWORD}" profile "APPS" default tablespace "USERS"'
    ]
    assert ran(SetPassword("X", PASSWORD)) == [f'alter user "X" identified by "{PASSWORD}"']
    assert ran(SetPassword("X", Hidden(PASSWORD))) == [f'alter user "X" identified by "{PASSWORD}"']
    assert ran(EndRollover("X")) == ['alter user "X" expire password rollover period']


def test_a_rollover_that_is_over_needs_no_end() -> None:
    assert ran(EndRollover("X"), "ORA-28225")
    with pytest.raises(OperatorError):
        ran(SetPassword("X", PASSWORD), "ORA-28225")


@pytest.mark.parametrize("password", ["", "a b", 'a"b', "a\0", "a;b", "a/b", "a@b", "é", "a\n", "$a", "a\\"])
def test_a_password_with_other_characters_is_sent_nowhere_and_told_nowhere(password: str) -> None:
    session: Any = Session()
    for action in (SetPassword("X", f"canary{password}" if password else ""), CreateTwin("X", (), password)):
        with pytest.raises(ValueError, match="characters that no statement takes") as caught:
            apply(session, action)
        assert "canary" not in str(caught.value)
    assert session.ran == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ORA-28003", "PasswordRefused"),
        ("ORA-28007", "PasswordRefused"),
        ("ORA-00972", "PasswordRefused"),
        ("ORA-00988", "PasswordRefused"),
        ("ORA-01031", "PrivilegesMissing"),
        ("ORA-01920", "Conflict"),
        ("ORA-00922", "OracleRefused"),
        ("ORA-20001", "OracleRefused"),
        ("DPY-4011", "DatabaseUnreachable"),
    ],
)
@pytest.mark.parametrize("action", [CreateTwin("X", SETTINGS, PASSWORD), SetPassword("X", PASSWORD)])
def test_an_error_shows_nothing_of_the_statement(action: AccountAction, code: str, reason: str) -> None:
    """The driver's error holds it here, as one of a verify function may; so no such text is shown, nor hangs on."""
    with pytest.raises(OperatorError) as caught:
        ran(action, code)
    assert caught.value.reason == reason
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_no_action_shows_its_password() -> None:
    for action in (CreateTwin("X", SETTINGS, PASSWORD), SetPassword("X", PASSWORD)):
        assert "canary" not in repr(action) + action.describe()


class Roles:
    """A cursor over the roles that an account holds, with whether each is a default role."""

    def __init__(self, *held: tuple[str, str]) -> None:
        self._held = held

    def execute(self, text: str, account: str) -> None:
        assert (text, account) == (accounts.ROLES, "X")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._held)


def equalized(
    monkeypatch: pytest.MonkeyPatch, action: Equalize, cursor: Roles, codes: Mapping[str, str]
) -> tuple[list[str], list[tuple[Holding, bool, str]]]:
    """Return the statements and what was refused, where those that hold a key of *codes* are refused with its value."""
    asked: list[str] = []

    def run_each(_: Any, statements: list[str]) -> list[str | None]:
        asked.extend(statements)
        return [next((code for part, code in codes.items() if part in each), None) for each in statements]

    monkeypatch.setattr(accounts, "run_each", run_each)
    connection: Any = SimpleNamespace(cursor=lambda: cursor)
    refused = apply(connection, action)
    return asked, [(each.holding, each.revoking, each.code) for each in refused]


def test_roles_that_were_refused_are_left_out_of_the_default_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Holding("role", "A", default=True), Holding("role", "B", default=True)
    action = Equalize("X", revoke=(Holding("role", "GONE"),), grant=(one, other))
    codes = {'"A"': "ORA-01932", "revoke": "ORA-01951"}
    asked, refused = equalized(monkeypatch, action, Roles(("B", "NO"), ("C", "YES"), ("D", "NO")), codes)
    assert refused == [(one, False, "ORA-01932")]
    assert asked[-1] == 'alter user "X" default role "B", "C"'


def test_a_refusal_of_default_roles_is_told_for_each_role_that_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Holding("role", "A"), Holding("role", "B", default=True)
    action = Equalize("X", grant=(one, other))
    _, refused = equalized(monkeypatch, action, Roles(("A", "YES"), ("B", "YES")), {"default role": "ORA-01031"})
    assert refused == [(one, False, "ORA-01031"), (other, False, "ORA-01031")]


def test_without_roles_the_default_ones_are_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Holding("system", "CREATE SESSION")
    asked, _ = equalized(monkeypatch, Equalize("X", revoke=(Holding("role", "A"),), grant=(session,)), Roles(), {})
    assert asked == ['revoke "A" from "X"', 'grant CREATE SESSION to "X"']
