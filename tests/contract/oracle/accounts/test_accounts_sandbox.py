"""Accounts under switches, faults and the clock of the double, and what it saw of passwords."""

import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from oracleapi.adapters.oracle.logins import OracleLogins
from oracleapi.errors import OperatorError, Retryable, Terminal
from oracleapi.model.account import CreateTwin, EndRollover, Equalize, Holding, SetPassword
from support.accounts import NEW, NEWER, OLD, POWERS, Dba, Open
from support.parts import Part

Sandbox = Callable[..., Any]
ROLLING = "limit password_rollover_time 1"


@pytest.fixture
def sandbox(part: Part) -> Iterator[Sandbox]:
    """Asks the double's own pages; what was switched is at its default again after the test."""

    def ask(method: str, page: str, body: Any = None) -> Any:
        answer = httpx.request(method, f"{part.addresses['admin_url']}/_sandbox/{page}", json=body, trust_env=False)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    yield ask
    ask("POST", "reset")


def switch(sandbox: Sandbox, **switches: Any) -> None:
    sandbox("PUT", "settings", {"database": switches})


def account(dba: Dba, limits: str = "") -> str:
    """Make an account that may log in, under a profile of its own if there are *limits*."""
    name = dba.user("profile " + dba.name("profile", limits) if limits else "")
    dba.run(f"grant create session to {name}")
    return name


@pytest.mark.parametrize("itself", [True, False])
def test_a_rollover_is_ended_by_the_account_or_by_the_operator(
    itself: bool, sandbox: Sandbox, dba: Dba, operator: Open, logins: OracleLogins
) -> None:
    switch(sandbox, rollover_expire_by_self=itself)
    name = account(dba, ROLLING)
    assert logins.change(name, OLD, NEW) == "Changed"
    assert logins.end_rollover(name, NEW) is itself
    assert logins.prove(name, OLD) == ("Denied" if itself else "Works")
    assert operator(*POWERS).apply_account(EndRollover(name)) == ()
    assert (logins.prove(name, OLD), logins.prove(name, NEW)) == ("Denied", "Works")


@pytest.mark.parametrize("needed", [True, False])
def test_a_rollover_that_is_over_may_be_ended_again(
    needed: bool, sandbox: Sandbox, dba: Dba, operator: Open, logins: OracleLogins
) -> None:
    switch(sandbox, rollover_expire_needs_rollover=needed)
    name = account(dba)
    assert logins.end_rollover(name, OLD)
    assert operator(*POWERS).apply_account(EndRollover(name)) == ()
    assert logins.prove(name, OLD) == "Works"


def test_the_first_password_of_a_rollover_stays_and_the_one_between_goes(dba: Dba, logins: OracleLogins) -> None:
    name = account(dba, ROLLING)
    assert (logins.change(name, OLD, NEW), logins.change(name, OLD, NEWER)) == ("Changed", "Changed")
    assert [logins.prove(name, each) for each in (OLD, NEW, NEWER)] == ["Works", "Denied", "Works"]


def test_a_refused_password_is_told_and_another_one_taken(
    sandbox: Sandbox, dba: Dba, operator: Open, logins: OracleLogins
) -> None:
    database, name = operator(*POWERS), account(dba)
    switch(sandbox, refuse_passwords=2)
    assert logins.change(name, OLD, NEW) == "Unsuitable"
    with pytest.raises(Terminal) as caught:
        database.apply_account(SetPassword(name, NEW))
    assert caught.value.reason == "PasswordRefused"
    assert NEW not in "".join(traceback.format_exception(caught.value))
    assert logins.change(name, OLD, NEWER) == "Changed"


def test_a_password_that_was_used_before_is_unsuitable(dba: Dba, operator: Open, logins: OracleLogins) -> None:
    name = account(dba, "limit password_reuse_max 5 password_reuse_time 30")
    assert (logins.change(name, OLD, NEW), logins.change(name, NEW, OLD)) == ("Changed", "Unsuitable")
    with pytest.raises(Terminal, match="had the new password before") as caught:
        operator(*POWERS).apply_account(SetPassword(name, OLD))
    assert caught.value.reason == "PasswordRefused"


def test_two_changes_within_a_second_may_be_too_many(sandbox: Sandbox, dba: Dba, logins: OracleLogins) -> None:
    name = account(dba)
    switch(sandbox, one_password_a_second=True)
    mine, next_one = OLD, NEW
    while (answer := logins.change(name, mine, next_one)) == "Changed":  # a slow machine takes longer than a second
        mine, next_one = next_one, mine
    assert answer == "Unsuitable"
    sandbox("POST", "clock", {"advance_seconds": 2})
    assert logins.change(name, mine, next_one) == "Changed"


def test_an_account_in_its_grace_time_logs_in_and_then_expires(
    sandbox: Sandbox, dba: Dba, operator: Open, logins: OracleLogins
) -> None:
    name = account(dba, "limit password_life_time 10 password_grace_time 5")
    sandbox("POST", "clock", {"advance_seconds": 11 * 86_400})
    assert logins.prove(name, OLD) == "Works"
    found = operator(*POWERS).observe_account(name)
    assert found is not None
    assert found.status == "EXPIRED(GRACE)"
    sandbox("POST", "clock", {"advance_seconds": 6 * 86_400})
    assert (logins.prove(name, OLD), logins.change(name, OLD, NEW)) == ("Expired", "Changed")
    assert logins.prove(name, NEW) == "Works"


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer_is_told_without_the_statement_and_may_be_asked_again(
    cut: str, sandbox: Sandbox, dba: Dba, operator: Open, logins: OracleLogins
) -> None:
    database, name = operator(*POWERS), account(dba)
    sandbox("PUT", "faults", {"faults": [{"statement": "^alter user", "where": "listener", "times": 1, "cut": cut}]})
    with pytest.raises(Retryable) as caught:
        database.apply_account(SetPassword(name, NEW))
    assert caught.value.reason == "DatabaseUnreachable"
    assert NEW not in "".join(traceback.format_exception(caught.value))
    assert logins.prove(name, NEW) == ("Denied" if cut == "before" else "Works")
    database.apply_account(SetPassword(name, NEW))
    assert logins.prove(name, NEW) == "Works"


def test_an_account_is_read_in_two_round_trips_and_equalized_in_one_more_than_grants_need(
    sandbox: Sandbox, dba: Dba, operator: Open
) -> None:
    database, name, role = operator(*POWERS), account(dba), dba.name("role")
    wanted = tuple(Holding("system", each) for each in ("CREATE TABLE", "CREATE VIEW", "CREATE SEQUENCE"))
    database.observe_account(name)
    trips = [
        counted(sandbox, lambda: database.observe_account(name)),
        counted(sandbox, lambda: database.apply_account(Equalize(name, grant=wanted))),
        counted(sandbox, lambda: database.apply_account(Equalize(name, grant=(*wanted, Holding("role", role))))),
    ]
    assert trips == [2, 1, 3]


def counted(sandbox: Sandbox, work: Callable[[], object]) -> int:
    """Return how many statements the double was sent."""
    sandbox("DELETE", "round-trips")
    work()
    found = sandbox("GET", "round-trips")
    return len([each for each in found["round_trips"] if re.search("execute", str(each), re.IGNORECASE)])


def test_no_password_that_an_account_uses_itself_is_in_a_statement(
    sandbox: Sandbox, dba: Dba, logins: OracleLogins
) -> None:
    name = account(dba, ROLLING)
    sandbox("DELETE", "statements")
    logins.change(name, OLD, NEW)
    logins.end_rollover(name, NEW)
    logins.prove(name, NEW)
    seen = str(sandbox("GET", "statements"))
    assert "rollover" in seen
    assert "identified" not in seen.lower()


def test_a_twin_whose_making_was_lost_is_a_conflict_for_whoever_makes_it_again(
    sandbox: Sandbox, dba: Dba, operator: Open, logins: OracleLogins
) -> None:
    database, twin = operator(*POWERS), dba.twin_of(account(dba))
    sandbox(
        "PUT", "faults", {"faults": [{"statement": "^create user", "where": "listener", "times": 1, "cut": "after"}]}
    )
    for reason in ("DatabaseUnreachable", "Conflict"):
        with pytest.raises(OperatorError) as caught:
            database.apply_account(CreateTwin(twin, (), NEW))
        assert caught.value.reason == reason
    with pytest.raises(Terminal, match="GRANT CREATE SESSION"):
        logins.prove(twin, NEW)
