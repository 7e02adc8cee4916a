"""The pre-hook: when it is asked, what it sees, and what its answers and faults become."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Result
from oracleapi_sandbox.ords.hook import block

HOOK = "ORACLEAPI.GUARD.CHECK_REQUEST"
QUERY = "select 1 as one from dual"


@pytest.fixture
def hooked(world: Any) -> Any:
    """A world whose pool has a hook that lets everybody in, before one route."""
    world.settings.apply({"pre_hook": HOOK})
    world.gives(block(HOOK), VERDICT=1, PAGE=None)
    world.rows(QUERY, "ONE", ("1",))
    world.query("e", QUERY)
    return world


def cgi(world: Any) -> list[tuple[str, str]]:
    """Return the CGI variables of the last request."""
    (binds,) = [binds for sql, binds in world.database.executed[-2:] if sql == block(HOOK)]
    return list(zip(binds["NAMES"].value, binds["VALS"].value, strict=True))


def test_a_hook_that_says_true_is_asked_in_the_handlers_session_and_transaction(hooked: Any) -> None:
    assert hooked.call("/ords/hr/emp/e").status == 200
    calls = hooked.database.sessions[0].calls
    assert calls[:2] == [block(HOOK), QUERY]
    assert calls.index("COMMIT") > 1


def test_its_page_is_the_answer_of_one_that_says_false(hooked: Any) -> None:
    hooked.gives(block(HOOK), VERDICT=0, PAGE='Status: 451 No\nContent-type: application/json\n\n{"a":1}')
    answer = hooked.call("/ords/hr/emp/e")
    assert (answer.status, answer.json, answer.header("Content-Type")) == (451, {"a": 1}, "application/json")
    assert QUERY not in hooked.database.sessions[0].calls


@pytest.mark.parametrize("verdict", [0, None])
def test_without_a_page_false_and_null_are_403(hooked: Any, verdict: int | None) -> None:
    hooked.gives(block(HOOK), VERDICT=verdict, PAGE=None)
    assert hooked.call("/ords/hr/emp/e").status == 403


@pytest.mark.parametrize(
    ("code", "status"), [(6550, 503), (4063, 503), (6508, 503), (20001, 403), (1403, 403), (6502, 403)]
)
def test_a_hook_that_fails_is_403_and_one_that_cannot_be_executed_503(hooked: Any, code: int, status: int) -> None:
    hooked.fails(block(HOOK), code, "x")
    assert hooked.call("/ords/hr/emp/e").status == status
    assert QUERY not in hooked.database.sessions[0].calls


def test_it_is_asked_after_ords_s_own_authorisation_only(hooked: Any) -> None:
    hooked.profile()
    hooked.protect("hr.read", "/emp/*")
    assert hooked.call("/ords/hr/emp/e").status == 401
    assert hooked.database.sessions == []
    assert hooked.call("/ords/hr/emp/e?x=1", headers=hooked.bearer(sub="ann")).status == 200
    seen = cgi(hooked)
    assert ("REMOTE_IDENT", "ann") in seen
    assert ("REQUEST_METHOD", "GET") in seen
    assert ("SCRIPT_NAME", "/ords/hr/emp") in seen
    assert ("PATH_INFO", "/e") in seen
    assert ("QUERY_STRING", "x=1") in seen


def test_a_public_request_has_no_identity(hooked: Any) -> None:
    hooked.call("/ords/hr/emp/e")
    assert "REMOTE_IDENT" not in dict(cgi(hooked))


@pytest.mark.parametrize(("place", "first"), [("first", "bob"), ("last", "ann")])
def test_a_clients_header_stands_beside_the_variable_that_it_shadows(hooked: Any, place: str, first: str) -> None:
    hooked.settings.apply({"cgi_client_headers": place})
    hooked.profile()
    hooked.protect("hr.read", "/emp/*")
    hooked.call("/ords/hr/emp/e", headers={**hooked.bearer(sub="ann"), "REMOTE_IDENT": "bob"})
    assert next(value for name, value in cgi(hooked) if name.upper() == "REMOTE_IDENT") == first
    assert len([name for name, _ in cgi(hooked) if name.upper() == "REMOTE_IDENT"]) == 2


def test_packages_are_made_anew_between_requests_unless_the_switch_says_otherwise(hooked: Any) -> None:
    hooked.call("/ords/hr/emp/e")
    assert any("MODIFY_PACKAGE_STATE" in call for call in hooked.database.sessions[0].calls)
    hooked.settings.apply({"pool_reinitialises_packages": False})
    before = len(hooked.database.sessions[0].calls)
    hooked.call("/ords/hr/emp/e")
    assert not any("MODIFY_PACKAGE_STATE" in call for call in hooked.database.sessions[0].calls[before:])


def test_without_the_setting_nothing_is_asked(world: Any) -> None:
    world.database.script[QUERY] = lambda _: Result(None)
    world.rows(QUERY, "ONE", ("1",))
    world.query("e", QUERY)
    assert world.call("/ords/hr/emp/e").status == 200
    assert world.database.sessions[0].calls[0] == QUERY
