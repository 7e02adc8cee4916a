"""Oracle and driver errors by full code: what heals, what would lock an account, what a right is missing for."""

from types import SimpleNamespace
from typing import Any

import oracledb
import pytest

from oracleapi.adapters.oracle.errors import translate, translated
from oracleapi.errors import OperatorError, Retryable, Terminal

DOING = "reading the ORDS metadata of HR_API"


def error(code: str, text: str = "", recoverable: bool = False, kind: Any = oracledb.DatabaseError) -> oracledb.Error:
    details = SimpleNamespace(full_code=code, message=text or f"{code}: canary-text", isrecoverable=recoverable)
    found: oracledb.Error = kind(details)
    return found


def rows(kind: type[OperatorError], reason: str, *codes: str) -> list[tuple[str, type[OperatorError], str]]:
    return [(code, kind, reason) for code in codes]


ROWS = [
    *rows(
        Retryable,
        "DatabaseUnreachable",
        *("ORA-01033", "ORA-01034", "ORA-01089", "ORA-01109", "ORA-03113", "ORA-03114", "ORA-03135", "ORA-12170"),
        *("ORA-12505", "ORA-12514", "ORA-12516", "ORA-12520", "ORA-12528", "ORA-12537", "ORA-12541", "ORA-12545"),
        *("ORA-12547", "DPY-6000", "DPY-6001", "DPY-6002", "DPY-6003", "DPY-6005", "DPY-6006", "DPY-4011"),
        *("DPY-4024", "DPY-4005", "DPY-4033", "DPY-1001"),
    ),
    *rows(
        Retryable, "LoginDenied", "ORA-01005", "ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045", "DPY-4001"
    ),
    *rows(Terminal, "Conflict", "ORA-01920", "ORA-01921"),
    *rows(Retryable, "OracleBusy", "ORA-00054", "ORA-00060", "ORA-01940", "ORA-04020", "ORA-04021", "ORA-04068"),
    *rows(Retryable, "OracleBusy", "ORA-30006"),
    *rows(Terminal, "PrivilegesMissing", "ORA-00942", "ORA-01031", "ORA-06550", "ORA-06598"),
    *rows(
        Terminal,
        "OracleRefused",
        *("ORA-01403", "ORA-12154", "ORA-00955", "ORA-04042", "ORA-04043", "DPY-4000"),
        *("ORA-00959", "ORA-00988", "ORA-00990", "ORA-01749", "ORA-01917", "ORA-01918", "ORA-01919", "ORA-01922"),
        *("ORA-01924", "ORA-01926", "ORA-01927", "ORA-01932", "ORA-01934", "ORA-01951", "ORA-01952", "ORA-02380"),
        *("ORA-28003", "ORA-28007", "ORA-28008", "ORA-28221", "ORA-28225", "ORA-28226", "ORA-28227", "ORA-46358"),
        *("ORA-65096", "ORA-65049", "ORA-65024"),
        *("DPY-4027", "DPY-4008", "DPY-4010", "DPY-3010", "DPY-3015", "DPY-3001"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_an_error_of_oracle_becomes_one_of_ours(code: str, kind: type[OperatorError], reason: str) -> None:
    found = translate(DOING, error(code))
    assert (type(found), found.reason) == (kind, reason)
    assert code in found.message
    assert DOING in found.message


@pytest.mark.parametrize("code", ["ORA-00376", "ORA-01090", "ORA-01115", "ORA-12757", "ORA-16456", "DPY-4011"])
def test_what_the_driver_calls_recoverable_is_retried(code: str) -> None:
    assert translate(DOING, error(code, recoverable=True)).reason == "DatabaseUnreachable"


@pytest.mark.parametrize(
    "kind", [oracledb.DatabaseError, oracledb.OperationalError, oracledb.InterfaceError, oracledb.InternalError]
)
def test_the_class_of_an_error_tells_nothing(kind: Any) -> None:
    assert translate(DOING, error("DPY-4011", kind=kind)).reason == "DatabaseUnreachable"


def test_a_wrong_password_is_not_tried_often_for_accounts_lock() -> None:
    found = translate(DOING, error("ORA-01017"))
    assert isinstance(found, Retryable)
    assert found.retry_after_s is not None
    assert found.retry_after_s >= 60


@pytest.mark.parametrize(("code", "shown"), [("ORA-20049", True), ("ORA-20999", True), ("ORA-01403", False)])
def test_only_an_application_error_is_shown_with_its_first_line(code: str, shown: bool) -> None:
    found = translate(DOING, error(code, f"{code}: Cannot alter the URL mapping\nORA-06512: at line 3"))
    assert ("Cannot alter" in found.message) is shown
    assert "ORA-06512" not in found.message


def test_no_message_holds_the_driver_s_text() -> None:
    assert all("canary" not in translate(DOING, error(code)).message for code, _, _ in ROWS)


def test_an_error_without_details_is_refused_too() -> None:
    assert translate(DOING, oracledb.DatabaseError()).reason == "OracleRefused"


def test_errors_of_others_pass_through() -> None:
    with pytest.raises(ValueError, match="x"), translated(DOING):
        raise ValueError("x")
    with pytest.raises(Retryable) as caught, translated(DOING):
        raise error("DPY-6005")
    assert isinstance(caught.value.__cause__, oracledb.DatabaseError)


def test_a_database_that_nobody_listens_for_is_unreachable() -> None:
    with pytest.raises(Retryable) as caught, translated("connecting"):
        oracledb.connect(user="u", password="canary-password", host="127.0.0.1", port=1, service_name="x")
    assert caught.value.reason == "DatabaseUnreachable"
    assert "canary" not in caught.value.message
