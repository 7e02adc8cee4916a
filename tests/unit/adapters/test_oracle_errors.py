"""Oracle and driver errors by code: who must act, what is said, and that no row of the reference is left out."""

from types import SimpleNamespace
from typing import Any, NamedTuple

import oracledb
import pytest
from oracledb import errors as driver

from oracleapi.adapters.oracle import roles
from oracleapi.adapters.oracle.errors import full_code, translate, translated
from oracleapi.adapters.oracle.verdicts import VERDICTS
from oracleapi.errors import OperatorError, Retryable, Terminal
from oracleapi.model.role import DropRole

DOING = "reading the ORDS metadata of HR_API"
PASSES, STAYS, DONE, TOLD = "passes", "stays", "done", "told"
REFERENCE = {
    PASSES: """
        ORA-00054 ORA-00060 ORA-01033 ORA-01034 ORA-01089 ORA-01109 ORA-01940 ORA-02391 ORA-03113 ORA-03114 ORA-03135
        ORA-04020 ORA-04021 ORA-04068 ORA-12170 ORA-12505 ORA-12514 ORA-12516 ORA-12520 ORA-12528 ORA-12537 ORA-12541
        ORA-12545 ORA-12547 ORA-30006
        DPY-1001 DPY-4005 DPY-4011 DPY-4024 DPY-4033 DPY-6000 DPY-6001 DPY-6003 DPY-6005
    """,
    STAYS: """
        ORA-00942 ORA-00955 ORA-00959 ORA-00988 ORA-00990 ORA-01005 ORA-01017 ORA-01031 ORA-01045 ORA-01403 ORA-01749
        ORA-01917 ORA-01918 ORA-01922 ORA-01924 ORA-01926 ORA-01932 ORA-01934 ORA-02380 ORA-04042 ORA-04043 ORA-06550
        ORA-06598 ORA-12154 ORA-20049 ORA-28000 ORA-28001 ORA-28003 ORA-28007 ORA-28008 ORA-28219 ORA-28221 ORA-28225
        ORA-28226 ORA-28227 ORA-65024 ORA-65049 ORA-65096
        DPY-3001 DPY-3010 DPY-3015 DPY-4000 DPY-4001 DPY-4008 DPY-4010 DPY-4027 DPY-6002 DPY-6006
    """,
    DONE: "ORA-01919 ORA-01920 ORA-01921 ORA-01927 ORA-01951 ORA-01952 ORA-46358",
    TOLD: "ORA-28002 ORA-28011",
}
"""What may be met: it passes by itself; it stays until somebody acts; it is done already, where the pass wanted just
that; it comes with a login that works. Source: Oracle Database Error Messages; python-oracledb ``errors.py``."""


class Row(NamedTuple):
    codes: str
    kind: type[OperatorError]
    reason: str
    who: str  # nobody, a DBA, the platform engineer, or we
    words: tuple[str, ...]


ROWS = [
    Row("ORA-03113 ORA-03114 ORA-03135 ORA-12537 ORA-12547 DPY-1001 DPY-4011 DPY-6005", Retryable,
        "DatabaseUnreachable", "nobody", ("the database does not answer",)),
    Row("ORA-01033 ORA-01034 ORA-01089 ORA-01109", Retryable, "DatabaseUnreachable", "a DBA", ("open it",)),
    Row("DPY-4033", Retryable, "DatabaseUnreachable", "nobody", ("being idle",)),
    Row("DPY-4024", Retryable, "DatabaseUnreachable", "nobody", ("longer than 30 s",)),
    Row("DPY-4005", Retryable, "DatabaseUnreachable", "nobody", ("no session",)),
    Row("DPY-6001 DPY-6003 ORA-12505 ORA-12514", Retryable, "DatabaseUnreachable", "the platform engineer",
        ("spec.connection.serviceName", "open the database")),
    Row("ORA-12516 ORA-12520 ORA-12528", Retryable, "DatabaseUnreachable", "a DBA", ("starts, is restricted, or is",)),
    Row("DPY-6000", Retryable, "DatabaseUnreachable", "a DBA", ("spec.connection", "who the listener lets in")),
    Row("ORA-12541", Retryable, "DatabaseUnreachable", "the platform engineer", ("spec.connection.host and port",)),
    Row("ORA-12545", Retryable, "DatabaseUnreachable", "the platform engineer", ("spec.connection.host", "DNS")),
    Row("ORA-12170", Retryable, "DatabaseUnreachable", "the platform engineer", ("spec.connection.host", "network")),
    Row("DPY-6002", Retryable, "DatabaseUnreachable", "the platform engineer", ("spec.connection.serverDn",)),
    Row("DPY-6006", Retryable, "DatabaseUnreachable", "the platform engineer", ("spec.connection.host", "serverDn")),
    Row("ORA-01017", Retryable, "LoginDenied", "the platform engineer", ("username and password in the Secret",)),
    Row("ORA-01005 DPY-4001", Retryable, "LoginDenied", "the platform engineer", ("is empty", "in the Secret")),
    Row("ORA-28000", Retryable, "LoginDenied", "a DBA", ("locked", "ALTER USER … ACCOUNT UNLOCK")),
    Row("ORA-28001", Retryable, "LoginDenied", "a DBA", ("expired", "the Secret")),
    Row("ORA-01045", Retryable, "LoginDenied", "a DBA", ("GRANT CREATE SESSION",)),
    Row("DPY-3015", Retryable, "LoginDenied", "a DBA", ("verifier", "sets the password again")),
    Row("ORA-00054 ORA-00060 ORA-01940 ORA-04020 ORA-04021 ORA-04068 ORA-30006", Retryable, "OracleBusy", "nobody",
        ("lock",)),
    Row("ORA-02391", Retryable, "OracleBusy", "nobody", ("SESSIONS_PER_USER",)),
    Row("ORA-28003 ORA-28219", Terminal, "PasswordRefused", "a DBA",
        ("spec.password.length", "PASSWORD_VERIFY_FUNCTION", "letters, digits and _ - .")),
    Row("ORA-28007", Terminal, "PasswordRefused", "we", ("begins anew",)),
    Row("ORA-00988", Terminal, "PasswordRefused", "the API author", ("spec.password.length",)),
    Row("ORA-01920 ORA-01921", Terminal, "Conflict", "the API author", ("choose another name",)),
    Row("ORA-00942 ORA-01031 ORA-06550", Terminal, "PrivilegesMissing", "a DBA", ("docs/database.md",)),
    Row("ORA-06598", Terminal, "PrivilegesMissing", "a DBA", ("INHERIT PRIVILEGES", "docs/database.md")),
    Row("ORA-65024 ORA-65049 ORA-65096", Terminal, "OracleRefused", "the platform engineer",
        ("spec.connection.serviceName", "root container")),
    Row("DPY-3001", Terminal, "OracleRefused", "a DBA", ("native encryption", "TCPS")),
    Row("DPY-3010", Terminal, "OracleRefused", "a DBA", ("19c or newer",)),
    Row("ORA-20049", Terminal, "OracleRefused", "the API author", ("canary-text",)),
    Row("ORA-12154 DPY-4000 DPY-4008 DPY-4010 DPY-4027", Retryable, "InternalError", "we", ("report it",)),
    # what the operator never asks for, or what is no error where it asks: then these are not reached
    Row("ORA-00955 ORA-00959 ORA-00990 ORA-01403 ORA-01749 ORA-01917 ORA-01918 ORA-01919 ORA-01922 ORA-01924"
        " ORA-01926 ORA-01927 ORA-01932 ORA-01934 ORA-01951 ORA-01952 ORA-02380 ORA-04042 ORA-04043 ORA-28002 ORA-28008"
        " ORA-28011 ORA-28221 ORA-28225 ORA-28226 ORA-28227 ORA-46358", Terminal, "OracleRefused",
        "a DBA", ("https://docs.oracle.com/error-help/db/ora-",)),
]  # fmt: skip
CASES = [(code, row) for row in ROWS for code in row.codes.split()]
WRAPPED = ("DPY-6000", "DPY-6001", "DPY-6002", "DPY-6003", "DPY-6006")
"""What the driver tells as the cause of DPY-6005 [M: 26.1]."""


def error(code: str, text: str = "", recoverable: bool = False, kind: Any = oracledb.DatabaseError) -> oracledb.Error:
    details = SimpleNamespace(full_code=code, message=text or f"{code}: canary-text", isrecoverable=recoverable)
    found: oracledb.Error = kind(details)
    return found


def raised(code: str) -> oracledb.Error:
    """Return an error as the driver raises it."""
    if code not in WRAPPED:
        return error(code)
    outer = error("DPY-6005")
    outer.__cause__ = error(code)
    return outer


@pytest.mark.parametrize(("code", "row"), CASES, ids=[code for code, _ in CASES])
def test_a_code_becomes_one_of_our_errors_with_the_words_that_help(code: str, row: Row) -> None:
    found = translate(DOING, raised(code))
    assert (type(found), found.reason) == (row.kind, row.reason)
    assert found.message.startswith(f"{DOING}: ")
    assert code in found.message
    assert all(word in found.message for word in row.words)


def test_what_nobody_must_mend_is_retried_and_the_rest_says_what_helps() -> None:
    for code, row in CASES:
        if row.who == "nobody":
            assert row.kind is Retryable
            assert code in REFERENCE[PASSES]
        elif code != "ORA-20049":  # the handler's own words
            message = translate(DOING, raised(code)).message
            assert "; " in message or "see docs/" in message


def test_each_row_of_the_reference_is_in_the_table_once() -> None:
    known = [code for codes in REFERENCE.values() for code in codes.split()]
    assert sorted(known) == sorted(code for code, _ in CASES)


def test_each_code_that_the_product_knows_is_in_the_table() -> None:
    untold = {"ORA-00001", "ORA-01090", "ORA-12571"}  # tests below
    assert set(VERDICTS) - untold <= {code for code, _ in CASES}


@pytest.mark.parametrize("code", REFERENCE[PASSES].split())
def test_what_passes_by_itself_is_tried_again_with_backoff(code: str) -> None:
    found = translate(DOING, raised(code))
    assert isinstance(found, Retryable)
    assert found.retry_after_s is None


@pytest.mark.parametrize("code", REFERENCE[STAYS].split())
def test_what_stays_is_terminal_or_tried_rarely_or_names_a_field(code: str) -> None:
    found = translate(DOING, raised(code))
    rarely = isinstance(found, Retryable) and (found.retry_after_s or 0) >= 60
    assert isinstance(found, Terminal) or rarely or "spec.connection." in found.message or "report it" in found.message


@pytest.mark.parametrize("code", ["ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045"])
def test_a_refused_login_is_not_tried_often_for_accounts_lock(code: str) -> None:
    found = translate(DOING, error(code))
    assert isinstance(found, Retryable)
    assert found.retry_after_s is not None
    assert found.retry_after_s >= 60


def test_a_role_that_is_gone_is_dropped_already() -> None:
    """ORA-01919 on delete; revokes are in tests/transition/test_oracle_role.py."""
    ran: list[str] = []

    class Cursor:
        def execute(self, statement: str, **binds: str) -> None:
            ran.append(statement)
            if statement.startswith("drop"):
                raise error("ORA-01919")

    connection: Any = SimpleNamespace(cursor=Cursor)
    assert roles.apply(connection, DropRole("HR_READER")) == ()
    assert ran == ['drop role "HR_READER"', roles.UNMARK]


def test_two_who_make_the_same_look_again() -> None:
    """ORDS's tables are unique where two define one module at once."""
    found = translate(DOING, error("ORA-00001"))
    assert (type(found), found.reason) == (Retryable, "Conflict")


@pytest.mark.parametrize("code", ["ORA-00376", "ORA-01090", "ORA-01115", "ORA-12571", "ORA-12757", "ORA-16456"])
def test_what_the_driver_calls_recoverable_is_retried(code: str) -> None:
    assert int(code[4:]) in driver.ERR_RECOVERABLE_ERROR_CODES
    assert translate(DOING, error(code, recoverable=True)).reason == "DatabaseUnreachable"


@pytest.mark.parametrize("number", sorted(set(driver.ERR_ORACLE_ERROR_XREF) - {24344}))
def test_what_the_driver_rewrites_keeps_its_meaning(number: int) -> None:
    """A lost connection has a driver's code with Oracle's number beside it; the code counts.

    ORA-24344, created with compilation errors, is a warning of the driver and never raised.
    """
    details = driver._Error(f"ORA-{number:05}: canary-text", code=number)
    found = translate(DOING, details.exc_type(details))
    expected = {"DPY-4011": "DatabaseUnreachable", "DPY-4005": "DatabaseUnreachable", "DPY-4001": "LoginDenied"}
    assert found.reason == expected.get(details.full_code, "OracleRefused")
    assert full_code(details.exc_type(details)) in found.message


@pytest.mark.parametrize(
    "kind", [oracledb.DatabaseError, oracledb.OperationalError, oracledb.InterfaceError, oracledb.InternalError]
)
def test_the_class_of_an_error_tells_nothing(kind: Any) -> None:
    assert translate(DOING, error("DPY-4011", kind=kind)).reason == "DatabaseUnreachable"


@pytest.mark.parametrize(("code", "shown"), [("ORA-20049", True), ("ORA-20999", True), ("ORA-01403", False)])
def test_only_an_application_error_is_shown_with_its_first_line(code: str, shown: bool) -> None:
    found = translate(DOING, error(code, f"{code}: Cannot alter the URL mapping\nORA-06512: at line 3"))
    assert ("Cannot alter" in found.message) is shown
    assert "ORA-06512" not in found.message


def test_no_other_message_holds_the_driver_s_text() -> None:
    messages = [translate(DOING, raised(code)).message for code, _ in CASES if not code.startswith("ORA-20")]
    assert all("canary" not in message for message in messages)


@pytest.mark.parametrize("text", ["ORA-12516", "ORA-12520", "ORA-12528"])
def test_what_the_listener_said_is_read_from_its_refusal(text: str) -> None:
    outer = error("DPY-6005")
    outer.__cause__ = error("DPY-6000", f"DPY-6000: Listener refused connection. (Similar to {text})")
    found = translate(DOING, outer)
    assert "starts, is restricted" in found.message
    assert f"(DPY-6000, {text})" in found.message


def test_an_error_without_details_is_refused_too() -> None:
    assert translate(DOING, oracledb.DatabaseError()).reason == "OracleRefused"


def test_a_chain_that_leads_back_to_itself_ends() -> None:
    one, other = error("DPY-6005"), error("DPY-4011")
    one.__cause__, other.__cause__ = other, one
    assert translate(DOING, one).reason == "DatabaseUnreachable"


def test_errors_of_others_pass_through() -> None:
    with pytest.raises(ValueError, match="x"), translated(DOING):
        raise ValueError("x")
    with pytest.raises(Retryable) as caught, translated(DOING):
        raise error("DPY-6005")
    assert isinstance(caught.value.__cause__, oracledb.DatabaseError)
