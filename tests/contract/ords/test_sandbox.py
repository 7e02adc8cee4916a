"""What only the sandbox's ORDS offers: switches, the access journal, and states of the runtime user on demand."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import oracledb
import pytest

Control = Callable[..., Any]


@pytest.fixture
def control(ords: Any) -> Iterator[Control]:
    """Call a control page; everything is set back afterwards."""

    def call(method: str, page: str, document: Any = None) -> Any:
        url = f"{ords.place.admin_url}/_sandbox/{page}"
        answer = httpx.request(method, url, json=document, trust_env=False, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    yield call
    call("POST", "reset")


@pytest.fixture(scope="module", autouse=True)
def service(ords: Any) -> None:
    """One public and one protected resource."""
    ords.module("switched", "/switched/")
    ords.handler("switched", "open", "select 1 one from dual", p_source_type="json/item")
    ords.handler("switched", "secret/who", "select :current_user who from dual", p_source_type="json/item")
    ords.privilege("switched.read", "/switched/secret/*")
    ords.commit_and_wait("/switched/secret/who", 401)


def test_a_switch_holds_from_the_next_request_on(ords: Any, control: Control) -> None:
    headers = ords.bearer(scope="other")
    assert ords.get("/switched/secret/who", headers=headers).status_code == 401
    control("PUT", "settings", {"ords": {"missing_scope_status": 403}})
    assert ords.get("/switched/secret/who", headers=headers).status_code == 403


def test_without_cache_time_a_commit_shows_at_once(ords: Any, control: Control) -> None:
    control("PUT", "settings", {"ords": {"metadata_cache_seconds": 0}})
    for status, expected in (("NOT_PUBLISHED", 404), ("PUBLISHED", 200)):
        ords.publish("switched", status)
        ords.admin.commit()
        assert ords.get("/switched/open").status_code == expected


def test_the_access_journal_shows_the_trace_header_and_no_token(ords: Any, control: Control) -> None:
    headers = ords.bearer() | {"Request-Id": "contract-1"}
    ords.get("/switched/secret/who", headers=headers)
    journal = control("GET", "requests")["requests"]
    entry = next(entry for entry in journal if entry["request_id"] == "contract-1")
    assert (entry["method"], entry["module"], entry["template"]) == ("GET", "switched", "secret/who")
    assert headers["Authorization"].split()[1] not in str(journal)


def test_a_locked_runtime_user_is_503_until_the_pool_is_tried_again(
    ords: Any, control: Control, system: oracledb.Connection
) -> None:
    control("PUT", "settings", {"ords": {"pool_cleanup_mode": "DISPOSE"}})
    control("POST", "clock", {"advance_seconds": 1801})
    with system.cursor() as cursor:
        cursor.execute("alter user ords_public_user account lock")
        answer = ords.get("/switched/open")
        cursor.execute("alter user ords_public_user account unlock")
    assert (answer.status_code, answer.json()["code"]) == (503, "ServiceUnavailable")
    assert ords.get("/switched/open").status_code == 503
    control("POST", "clock", {"advance_seconds": 901})
    assert ords.get("/switched/open").status_code == 200
