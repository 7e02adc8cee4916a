"""The pool: sessions are bounded, reused by schema, cleaned, and refused with 503."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Account, OracleError, Result
from oracleapi_sandbox.oracle.verifier import make_verifier
from oracleapi_sandbox.ords.faults import OrdsError
from oracleapi_sandbox.ords.model import RestSchema
from oracleapi_sandbox.ords.pool import REINITIALIZE


@pytest.fixture
def busy(world: Any) -> Any:
    """A world whose resource /emp/e answers, for the schemas HR and PAY."""
    world.rows("q", "V", ("x",))
    world.query("e", "q")
    world.others["pay"] = RestSchema("PAY", "pay", modules=world.schema.modules)
    world.commit()
    return world


def status(world: Any, alias: str = "hr") -> int:
    return int(world.call(f"/ords/{alias}/emp/e").status)


def test_a_session_is_reused_and_reinitialised_after_each_request(busy: Any) -> None:
    assert [status(busy), status(busy)] == [200, 200]
    assert [session.calls for session in busy.database.sessions] == [["q", "COMMIT", REINITIALIZE] * 2]


def test_dispose_closes_the_session_after_each_request(busy: Any) -> None:
    busy.settings.pool_cleanup_mode = "DISPOSE"
    assert [status(busy), status(busy)] == [200, 200]
    assert [(session.calls, session.closed) for session in busy.database.sessions] == [(["q", "COMMIT"], True)] * 2


def test_a_schema_never_gets_the_session_of_another(busy: Any) -> None:
    assert [status(busy, alias) for alias in ("hr", "pay", "hr", "pay")] == [200] * 4
    assert [session.user for session in busy.database.sessions] == ["HR", "PAY"]


def test_a_full_pool_gives_up_another_schemas_idle_session(busy: Any) -> None:
    busy.settings.pool_max_limit = 1
    assert [status(busy, alias) for alias in ("hr", "pay")] == [200, 200]
    assert [(session.user, session.closed) for session in busy.database.sessions] == [("HR", True), ("PAY", False)]


def test_a_pool_in_use_up_to_its_limit_is_503(busy: Any) -> None:
    busy.settings.pool_max_limit, busy.settings.pool_wait_timeout = 1, 0.0
    with busy.app.runtime.pool.session("HR"):
        answer = busy.call("/ords/hr/emp/e")
    assert (answer.status, answer.json["code"]) == (503, "ServiceUnavailable")
    assert status(busy) == 200


def test_a_waiting_request_gets_the_session_that_comes_back(busy: Any) -> None:
    busy.settings.pool_max_limit, busy.settings.pool_wait_timeout = 1, 30.0
    answers: list[int] = []
    with busy.app.runtime.pool.session("HR"):
        waiting = threading.Thread(target=lambda: answers.append(status(busy)))
        waiting.start()
    waiting.join(30)
    assert answers == [200]
    assert len(busy.database.sessions) == 1


def test_many_requests_at_once_share_the_limit_and_no_session_is_used_twice_at_once(busy: Any) -> None:
    busy.settings.pool_max_limit, busy.settings.pool_wait_timeout = 3, 30.0
    in_use: set[int] = set()
    clashes: list[int] = []

    def run() -> None:
        with busy.app.runtime.pool.session("HR") as session:
            if session.session_id in in_use:
                clashes.append(session.session_id)
            in_use.add(session.session_id)
            session.execute("q")
            in_use.discard(session.session_id)

    threads = [threading.Thread(target=run) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert clashes == []
    assert len(busy.database.sessions) <= 3


def test_sessions_age_by_idleness_and_by_uses(busy: Any) -> None:
    status(busy)
    busy.clock.advance(1801)
    status(busy)
    assert [session.closed for session in busy.database.sessions] == [True, False]
    busy.settings.pool_max_reuse_count = 2
    status(busy)
    assert [session.closed for session in busy.database.sessions] == [True, True]


def test_a_session_that_cannot_be_cleaned_is_closed(busy: Any) -> None:
    busy.database.recycle_error = OracleError(6550, "no such package")
    assert [status(busy), status(busy)] == [200, 200]
    assert [session.closed for session in busy.database.sessions] == [True, True]


def test_a_dead_session_is_closed_and_not_rolled_back(busy: Any) -> None:
    busy.fails("q", 3113, "end-of-file on communication channel")
    assert status(busy) == 555
    assert [(session.calls, session.closed) for session in busy.database.sessions] == [(["q"], True)]


@pytest.mark.parametrize("code", [1045, 28000, 28150, 1918])
def test_a_schema_that_cannot_be_entered_is_503_and_tried_again(busy: Any, code: int) -> None:
    busy.database.open_error = OracleError(code, "refused")
    answer = busy.call("/ords/hr/emp/e")
    assert (answer.status, f"ORA-{code:05d}" in answer.json["message"]) == (503, True)
    busy.database.open_error = None
    assert status(busy) == 200


@pytest.mark.parametrize("account_status", ["LOCKED", "LOCKED(TIMED)", "EXPIRED", "EXPIRED & LOCKED", None])
def test_a_refused_runtime_user_makes_the_pool_invalid_for_its_time(busy: Any, account_status: str | None) -> None:
    accounts = busy.database.accounts
    good = accounts.pop("ORDS_PUBLIC_USER")
    if account_status:
        accounts["ORDS_PUBLIC_USER"] = replace(good, status=account_status)
    answer = busy.call("/ords/hr/emp/e")
    assert (answer.status, "invalid, expired, or the account is locked" in answer.json["message"]) == (503, True)
    accounts["ORDS_PUBLIC_USER"] = good
    assert status(busy) == 503
    busy.clock.advance(900)
    assert status(busy) == 200


@pytest.mark.parametrize("account_status", ["OPEN", "OPEN & IN ROLLOVER", "EXPIRED(GRACE)"])
def test_other_states_of_the_runtime_user_work(busy: Any, account_status: str) -> None:
    busy.database.accounts["ORDS_PUBLIC_USER"] = Account("ORDS_PUBLIC_USER", account_status, ())
    assert status(busy) == 200


def test_the_wallets_password_is_checked_for_new_sessions_only_and_a_restart_tries_again(busy: Any) -> None:
    busy.database.change_password("ORDS_PUBLIC_USER", "old")
    busy.app.runtime.restart("old")
    assert status(busy) == 200
    busy.database.change_password("ORDS_PUBLIC_USER", "new")
    assert status(busy) == 200
    assert status(busy, "pay") == 503
    assert [status(busy, "hr"), status(busy, "pay")] == [200, 503], "an open session goes on"
    assert busy.database.logins == ["succeeded ORDS_PUBLIC_USER", "failed ORDS_PUBLIC_USER"], "invalid: not tried again"
    busy.settings.invalid_pool_lends_open_sessions = False
    assert status(busy, "hr") == 503
    busy.app.runtime.restart()
    assert status(busy) == 503, "the wallet is as it was"
    busy.app.runtime.restart("new")
    assert [status(busy), status(busy, "pay")] == [200, 200]
    assert "new" not in repr(busy.app.runtime.pool.wallet)


def test_the_old_password_of_a_rollover_is_told(busy: Any) -> None:
    verifiers = [make_verifier("new")]
    verifiers.append(make_verifier("old", like=verifiers[0]))
    busy.database.accounts["ORDS_PUBLIC_USER"] = Account("ORDS_PUBLIC_USER", "OPEN & IN ROLLOVER", tuple(verifiers))
    for password, alias in (("old", "hr"), ("new", "pay")):
        busy.app.runtime.restart(password)
        assert status(busy, alias) == 200
    assert busy.database.by_old_password == [True, False]


def test_a_restart_ends_a_session_in_use_when_it_comes_back(busy: Any) -> None:
    with busy.app.runtime.pool.session("HR"):
        busy.app.runtime.restart()
    assert status(busy) == 200
    assert [session.closed for session in busy.database.sessions] == [True, False]


def test_an_exception_of_any_kind_gives_the_session_back_rolled_back(busy: Any) -> None:
    pool = busy.app.runtime.pool
    with pytest.raises(OrdsError), pool.session("HR"):
        raise OrdsError(404, "Not Found")
    with pytest.raises(KeyError), pool.session("HR"):
        raise KeyError
    assert busy.database.sessions[0].calls == ["ROLLBACK", REINITIALIZE] * 2
    busy.database.script["q"] = lambda _: Result()
    assert len(busy.database.sessions) == 1
