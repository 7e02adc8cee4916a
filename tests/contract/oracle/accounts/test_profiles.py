"""Profiles that the operator makes so that an old password outlives a change; the database judges each statement."""

import pytest

from oracleapi.adapters.oracle.database import OracleDatabase
from oracleapi.adapters.oracle.logins import OracleLogins
from oracleapi.errors import Terminal
from oracleapi.model.account import ObservedAccount
from oracleapi.model.rollover import GiveProfile, own_profile, rollover_days, source_of
from oracleapi.plan.rollover import plan_profile
from support.accounts import NEW, OLD, POWERS, READING, Dba, Open

MAKING = ("create profile, alter profile, alter user", *READING)
"""What docs/database.md asks for passwordRollover."""


def seen(database: OracleDatabase, name: str) -> ObservedAccount:
    found = database.observe_account(name)
    assert found is not None
    return found


def planned(database: OracleDatabase, name: str, hours: int) -> GiveProfile | None:
    account = seen(database, name)
    source = source_of(account)
    return plan_profile(account, database.observe_profiles(source, own_profile(source)), hours)


def give(database: OracleDatabase, dba: Dba, name: str, hours: int) -> str:
    """Give an account its profile, which is dropped in the end; returns its name."""
    plan = planned(database, name, hours)
    assert plan is not None
    if plan.create:
        dba.drop_later("profile", plan.profile)
    for _ in range(2):
        database.apply_profile(plan)
    return plan.profile


@pytest.mark.parametrize("hours", [1, 5, 24, 167])
def test_an_account_has_it_for_good_and_its_old_password_works(
    dba: Dba, operator: Open, logins: OracleLogins, hours: int
) -> None:
    database = operator(*MAKING)
    limits = "failed_login_attempts 7 password_lock_time 1/96 idle_time 30 password_grace_time 7"
    source = dba.name("profile", f"limit {limits}")
    name = dba.user(f"profile {source}")
    dba.run(f"grant create session to {name}")
    before = database.observe_profiles(source, source)[source]
    own = give(database, dba, name, hours)
    assert planned(database, name, hours) is None
    found = seen(database, name)
    assert (found.profile, found.rolls_over, found.limits["FAILED_LOGIN_ATTEMPTS"]) == (own, True, "7")
    assert rollover_days(found.limits) == pytest.approx(hours / 24, abs=0.0001)
    after = database.observe_profiles(source, own)
    assert after[source] == before
    rest = {each: value for each, value in after[own].limits.items() if each != "PASSWORD_ROLLOVER_TIME"}
    assert rest == {each: value for each, value in before.limits.items() if each != "PASSWORD_ROLLOVER_TIME"}
    assert logins.change(name, OLD, NEW) == "Changed"
    assert [logins.prove(name, password) for password in (OLD, NEW)] == ["Works", "Works"]


def test_another_time_and_what_a_dba_tightens_follow(dba: Dba, operator: Open) -> None:
    database = operator(*MAKING)
    source = dba.name("profile", "limit failed_login_attempts 7")
    name = dba.user(f"profile {source}")
    give(database, dba, name, 24)
    dba.run(f"alter profile {source} limit failed_login_attempts 3 sessions_per_user 9")
    give(database, dba, name, 2)
    assert planned(database, name, 2) is None
    found = seen(database, name).limits
    assert (found["FAILED_LOGIN_ATTEMPTS"], rollover_days(found)) == ("3", pytest.approx(2 / 24, abs=0.0001))


def test_two_accounts_of_one_profile_share_what_is_made(dba: Dba, operator: Open) -> None:
    database = operator(*MAKING)
    source = dba.name("profile", "limit failed_login_attempts 7")
    names = [dba.user(f"profile {source}") for _ in range(2)]
    own = {give(database, dba, name, 24) for name in names}
    assert own == {own_profile(source)}
    assert {seen(database, name).profile for name in names} == own


@pytest.mark.parametrize("right", ["CREATE PROFILE", "ALTER USER"])
def test_a_right_that_is_lacking_is_named(dba: Dba, operator: Open, right: str) -> None:
    rest = {"CREATE PROFILE": "alter profile, alter user", "ALTER USER": "create profile, alter profile"}[right]
    database = operator(rest, *READING)
    name = dba.user(f"profile {dba.name('profile', 'limit failed_login_attempts 7')}")
    with pytest.raises(Terminal, match=f"lacks {right}, which OracleDatabase.spec.passwordRollover needs") as caught:
        give(database, dba, name, 24)
    assert caught.value.reason == "PrivilegesMissing"
    assert seen(database, name).profile != own_profile(source_of(seen(database, name)))


def test_a_database_refuses_what_the_plan_would_have_refused(dba: Dba, operator: Open) -> None:
    """The bounds are Oracle's, ORA-02377; the plan tells them before anything is sent."""
    database = operator(*MAKING, *POWERS[:1])
    source = dba.name("profile", "limit password_grace_time 1")
    name = dba.user(f"profile {source}")
    with pytest.raises(Terminal, match="last 24 hours at most"):
        planned(database, name, 48)
    own = own_profile(source)
    dba.drop_later("profile", own)
    plan = GiveProfile(name, own, (("PASSWORD_GRACE_TIME", "1"), ("PASSWORD_ROLLOVER_TIME", "48/24")), create=True)
    with pytest.raises(Terminal, match="ORA-02377"):
        database.apply_profile(plan)
