"""Another version decides: switched by the synonym, with sessions that served before and go on serving."""

from collections.abc import Iterator

import httpx
import oracledb
import pytest

from oracleapi.adapters.oracle.guard_install import removal_statements, upgrade_statements
from support.guard_requests import PASSWORD, Pool, Request, bind
from support.guard_versions import MARK, offer_second_version
from support.parts import Part

ALICE = {"sub": "alice"}


@pytest.fixture
def second(dba: oracledb.Cursor, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The files hold a second version; the first one decides again afterwards, and the second is gone."""
    offer_second_version(monkeypatch)
    yield monkeypatch
    dba.execute("create or replace synonym oracleapi.decision for oracleapi.decision_v1")
    dba.execute("update oracleapi.setting set value = 'v1' where name = 'version'")
    dba.execute("select count(*) from dba_objects where owner = 'ORACLEAPI' and object_name = 'DECISION_V2'")
    if dba.fetchone() != (0,):
        dba.execute("drop package oracleapi.decision_v2")


@pytest.fixture(params=[False, True], ids=["packages are freed", "packages stay the session's"])
def reinitialised(part: Part, request: pytest.FixtureRequest) -> Iterator[None]:
    """What REINITIALIZE, which ORDS calls between requests, leaves of packages [U]."""
    keep_packages(part, request.param)
    yield
    keep_packages(part, False)


def keep_packages(part: Part, kept: bool) -> None:
    settings = {"database": {"reinitialize_keeps_packages": kept}}
    page = f"{part.addresses['admin_url']}/_sandbox/settings"
    httpx.put(page, json=settings, trust_env=False).raise_for_status()


def run(dba: oracledb.Cursor, statements: list[str]) -> None:
    for statement in statements:
        dba.execute(statement)


def recycled(pool: Pool, claims: dict[str, str]) -> tuple[bool, set[str], str | None]:
    """Let the guard judge a request as ORDS does: the session's packages are reinitialised after the one before."""
    pool.handler("begin dbms_session.modify_package_state(dbms_session.reinitialize); end;")
    answer = pool.ask(Request(claims=claims), recycle=False)
    return answer.allowed, answer.roles, answer.action


@pytest.mark.usefixtures("reinitialised")
def test_a_session_that_served_before_serves_on_there_and_back(
    pool: Pool, dba: oracledb.Cursor, second: pytest.MonkeyPatch
) -> None:
    bind(dba, "User", "alice")
    for _ in range(2):
        for before, after, mark in (("v1", "v2", MARK), ("v2", "v1", "")):
            run(dba, upgrade_statements(before, after))
            assert recycled(pool, ALICE) == (True, {"HR_READER"}, f"{mark}list")
            assert recycled(pool, {"sub": "mallory"}) == (False, set(), f"{mark}list")
            dba.execute("select value from oracleapi.setting where name = 'version'")
            assert dba.fetchone() == (after,)
        run(dba, removal_statements("v2"))
        assert recycled(pool, ALICE) == (True, {"HR_READER"}, "list")


@pytest.mark.usefixtures("reinitialised")
def test_a_handler_whose_request_was_decided_before_the_switch_is_not_decided_again(
    pool: Pool, dba: oracledb.Cursor, second: pytest.MonkeyPatch
) -> None:
    bind(dba, "User", "alice")
    bind(dba, "User", "boss", role="HR_PAYER")
    assert recycled(pool, ALICE)[1] == {"HR_READER"}
    run(dba, upgrade_statements("v1", "v2"))
    answer = pool.ask(Request(claims={"sub": "boss"}), recycle=False)
    assert (answer.allowed, answer.roles) == (False, set())


def test_a_version_with_errors_is_not_switched_to(pool: Pool, dba: oracledb.Cursor, second: pytest.MonkeyPatch) -> None:
    offer_second_version(second, lambda text: text.replace("v_bound := TRUE;", "v_bound := nowhere;"))
    bind(dba, "User", "alice")
    with pytest.raises(oracledb.DatabaseError, match="DECISION_V2 has errors"):
        run(dba, upgrade_statements("v1", "v2"))
    assert recycled(pool, ALICE) == (True, {"HR_READER"}, "list")


def test_the_order_of_versions_is_checked(dba: oracledb.Cursor, second: pytest.MonkeyPatch) -> None:
    run(dba, upgrade_statements("v1", "v2"))
    with pytest.raises(oracledb.DatabaseError, match="DECISION_V1 is not what decides now"):
        run(dba, upgrade_statements("v1", "v2"))
    with pytest.raises(oracledb.DatabaseError, match="DECISION_V2 is what decides now"):
        run(dba, removal_statements("v2"))


def test_nobody_but_the_guard_asks_the_latch(pool: Pool) -> None:
    with pytest.raises(oracledb.DatabaseError, match="PLS-00201"):
        pool.handler("declare b boolean; begin b := oracleapi.latch.is_first; end;")


def test_a_schema_that_is_not_managed_passes_either_version(
    part: Part, dba: oracledb.Cursor, second: pytest.MonkeyPatch
) -> None:
    user = {"user": "ords_public_user[plain_api]", "password": PASSWORD, "dsn": part.addresses["dsn"]}
    with oracledb.connect(**user) as connection:
        plain = Pool(connection)
        for before, after in (("v1", "v2"), ("v2", "v1")):
            run(dba, upgrade_statements(before, after))
            assert plain.ask(Request(path="/ords/plain_api/x")).allowed
