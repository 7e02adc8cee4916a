"""The gradual rollover of passwords: what stays valid, how long, how it ends, and whom it is not for."""

from contextlib import closing
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.database import open_database

from .conftest import refusal, valid

DAY_S = 86_400
EXPIRE = "expire password rollover period"


def status(system: Any, sql: Any, user: str) -> str:
    return str(sql.one(system, "select account_status from dba_users where username = :u", u=user))


@pytest.mark.parametrize("old", ["First_1", "Second_2"])
def test_in_a_rollover_either_password_is_the_old_one(
    account: Any, system: Any, connect: Any, sql: Any, database: Any, old: str
) -> None:
    user = account("password_rollover_time 1")
    system.execute(f'alter user {user} identified by "First_1"')
    system.execute(f"alter user {user} {EXPIRE}")
    system.execute(f'alter user {user} identified by "Second_2"')
    session = connect(user)
    assert sql.refused(session, f'alter user {user} identified by "Third_3" replace "Other_9"').code == 28008
    session.execute(f'alter user {user} identified by "Third_3" replace "{old}"')
    assert valid(database, user, "First_1", "Second_2", "Third_3") == ["First_1", "Third_3"]


def test_further_changes_keep_the_original_and_the_end(
    account: Any, system: Any, sql: Any, database: Any, clock: Any
) -> None:
    user = account("password_rollover_time 2")
    first = f"Secret_{user}"
    changed = "select password_change_date from dba_users where username = :u"
    system.execute(f'alter user {user} identified by "Second_2"')
    began = sql.one(system, changed, u=user)
    clock.advance(DAY_S)
    for number in (3, 4):
        system.execute(f'alter user {user} identified by "Next_{number}"')
        assert valid(database, user, first, "Second_2", "Next_3", "Next_4") == [first, f"Next_{number}"]
    assert sql.one(system, changed, u=user) == began
    clock.advance(DAY_S - 1)
    assert valid(database, user, first, "Next_4") == [first, "Next_4"]
    clock.advance(1)
    assert valid(database, user, first, "Next_4") == ["Next_4"]


def test_log_ons_with_either_password_and_what_counts_as_a_failure(
    account: Any, system: Any, sql: Any, log_on: Any, clock: Any
) -> None:
    user = account("password_rollover_time 1 failed_login_attempts 2")
    first = f"Secret_{user}"
    system.execute(f'alter user {user} identified by "Second_2"')
    system.execute(f'alter user {user} identified by "Third_3"')
    assert refusal(log_on, user, "Second_2") == "ORA-01017", "the one between counts as wrong"
    for password in (first, "Third_3", first):
        assert log_on(user, password).is_healthy()
    assert refusal(log_on, user, "Second_2") == "ORA-01017", "a log-on with the old one took back what was counted"
    clock.advance(DAY_S)
    assert log_on(user, "Third_3").is_healthy()
    assert [refusal(log_on, user, first) for _ in range(3)] == ["ORA-01017", "ORA-01017", "ORA-28000"]
    assert status(system, sql, user) == "LOCKED(TIMED)"


def test_the_trail_tells_log_ons_with_the_old_password(
    account: Any, system: Any, connect: Any, sql: Any, log_on: Any, new_user: Any
) -> None:
    user = account("password_rollover_time 1")
    system.execute(f"create audit policy logons_{user} actions logon")
    system.execute(f"audit policy logons_{user} by {user}")
    system.execute(f'alter user {user} identified by "Second_2"')
    for password in (f"Secret_{user}", "Second_2"):
        log_on(user, password)
    log_on(user, f"Secret_{user}", newpassword="Third_3")
    query = (
        "select authentication_type from unified_audit_trail where dbusername = :u and action_name = 'LOGON'"
        " order by event_timestamp"
    )
    shown = [text for (text,) in sql.rows(connect(new_user("AUDIT_VIEWER")), query, u=user)]
    assert ["VERIFIER=12C-OLD" in text for text in shown] == [True, False, False]


@pytest.mark.parametrize("lingers", [True, False])
def test_the_status_ends_with_the_period_or_with_the_next_attempt(
    account: Any, system: Any, sql: Any, log_on: Any, clock: Any, switches: Any, lingers: bool
) -> None:
    switches.rollover_status_lingers = lingers
    user = account("password_rollover_time 1")
    system.execute(f'alter user {user} identified by "Second_2"')
    assert status(system, sql, user) == "OPEN & IN ROLLOVER"
    clock.advance(DAY_S)
    assert status(system, sql, user) == ("OPEN & IN ROLLOVER" if lingers else "OPEN")
    assert refusal(log_on, user, f"Secret_{user}") == "ORA-01017"
    assert status(system, sql, user) == "OPEN"


def test_the_status_says_rollover_beside_everything_else(account: Any, system: Any, sql: Any) -> None:
    user = account("password_rollover_time 1")
    system.execute(f'alter user {user} identified by "Second_2"')
    for clause, shown in (
        ("account lock", "LOCKED & IN ROLLOVER"),
        ("password expire", "EXPIRED & LOCKED & IN ROLLOVER"),
        ("account unlock", "EXPIRED & IN ROLLOVER"),
    ):
        system.execute(f"alter user {user} {clause}")
        assert status(system, sql, user) == shown


def test_an_expired_password_does_not_stay_valid(account: Any, system: Any, database: Any, log_on: Any) -> None:
    user = account("password_rollover_time 1")
    first = f"Secret_{user}"
    system.execute(f'alter user {user} identified by "Second_2"')
    system.execute(f"alter user {user} password expire")
    assert [refusal(log_on, user, each) for each in (first, "Second_2")] == ["ORA-28001"] * 2
    assert log_on(user, first, newpassword="Third_3").is_healthy()
    assert valid(database, user, first, "Second_2", "Third_3") == ["Third_3"]
    assert database.account(user).status == "OPEN"


def test_the_limits_of_now_end_a_rollover(account: Any, system: Any, sql: Any, database: Any, clock: Any) -> None:
    user = account("password_rollover_time 5")
    system.execute(f'alter user {user} identified by "Second_2"')
    name = sql.one(system, "select profile from dba_users where username = :u", u=user)
    system.execute(f"alter profile {name} limit password_rollover_time 0")
    assert valid(database, user, f"Secret_{user}", "Second_2") == ["Second_2"]


def test_no_authentication_ends_a_rollover(account: Any, system: Any, sql: Any, database: Any) -> None:
    user = account("password_rollover_time 5")
    system.execute(f'alter user {user} identified by "Second_2"')
    system.execute(f"alter user {user} no authentication")
    assert (database.account(user).verifiers, status(system, sql, user)) == ((), "OPEN")
    assert sql.refused(system, f"alter user {user} password expire").code == 28010


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        ("password_rollover_time 1/25", "PASSWORD_ROLLOVER_TIME"),
        ("password_rollover_time unlimited", "PASSWORD_ROLLOVER_TIME"),
        ("password_rollover_time 8", "PASSWORD_ROLLOVER_TIME"),  # DEFAULT's grace time is 7 days
        ("password_grace_time 90 password_rollover_time 61", "PASSWORD_ROLLOVER_TIME"),
        ("password_life_time 2 password_rollover_time 3", "PASSWORD_ROLLOVER_TIME"),
        ("password_life_time 0", "PASSWORD_LIFE_TIME"),
        ("inactive_account_time 14", "INACTIVE_ACCOUNT_TIME"),
    ],
)
def test_limits_that_a_profile_cannot_have(system: Any, sql: Any, limits: str, refused: str) -> None:
    error = sql.refused(system, f"create profile too_far limit {limits}")
    assert (error.code, error.message) == (2377, f"invalid profile limit {refused}")


def test_limits_that_a_profile_can_have(system: Any, sql: Any, profile: Any) -> None:
    for limits in (
        "password_rollover_time 1/24",
        "password_rollover_time 7",
        "password_grace_time 0 password_rollover_time 60",
        "password_grace_time 60 password_rollover_time 60",
        "password_life_time unlimited password_grace_time unlimited password_rollover_time 60",
    ):
        name = profile(limits)
    assert sql.refused(system, f"alter profile {name} limit password_grace_time 59").message.endswith("GRACE_TIME")


# EXPIRE PASSWORD ROLLOVER PERIOD


@pytest.mark.parametrize("allowed", [True, False])
def test_an_account_ends_its_own_rollover(
    account: Any, system: Any, connect: Any, sql: Any, database: Any, switches: Any, allowed: bool
) -> None:
    switches.rollover_expire_by_self = allowed
    user, other = account("password_rollover_time 1"), account("password_rollover_time 1")
    session = connect(user)
    for each in (user, other):
        system.execute(f'alter user {each} identified by "Second_2"')
    assert sql.refused(session, f"alter user {other} {EXPIRE}").code == 1031
    assert sql.refused(session, f"alter user {user} {EXPIRE} account unlock").code == 1031
    if allowed:
        session.execute(f"alter user {user} {EXPIRE}")
    else:
        assert sql.refused(session, f"alter user {user} {EXPIRE}").code == 1031
    assert valid(database, user, f"Secret_{user}", "Second_2") == ([] if allowed else [f"Secret_{user}"]) + ["Second_2"]
    system.execute(f"grant alter user to {user}")
    session.execute(f"alter user {other} {EXPIRE}")
    assert valid(database, other, f"Secret_{other}", "Second_2") == ["Second_2"]
    assert status(system, sql, other) == "OPEN"


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        (f'{EXPIRE} identified by "Third_3"', 28225),
        (f'identified by "Third_3" {EXPIRE}', 28225),
        (f"{EXPIRE} no authentication", 28225),
        (f"{EXPIRE} {EXPIRE}", 28226),
        ("expire password rollover", 922),
    ],
)
def test_what_the_clause_may_not_stand_with(
    account: Any, system: Any, sql: Any, database: Any, clauses: str, code: int
) -> None:
    user = account("password_rollover_time 1")
    system.execute(f'alter user {user} identified by "Second_2"')
    error = sql.refused(system, f"alter user {user} {clauses}")
    assert error.code == code
    assert "Third_3" not in str(error)
    assert valid(database, user, f"Secret_{user}", "Second_2", "Third_3") == [f"Secret_{user}", "Second_2"]


def test_the_clause_beside_a_password_changes_it_without_a_rollover(
    account: Any, system: Any, sql: Any, database: Any, switches: Any
) -> None:
    switches.rollover_expire_with_password = True
    user = account("password_rollover_time 1")
    system.execute(f'alter user {user} identified by "Second_2" {EXPIRE}')
    assert valid(database, user, f"Secret_{user}", "Second_2") == ["Second_2"]
    assert sql.refused(system, f"alter user {user} no authentication {EXPIRE}").code == 28225


def test_the_clause_outside_a_rollover(account: Any, system: Any, sql: Any, switches: Any) -> None:
    user = account("password_rollover_time 1")
    system.execute(f"alter user {user} {EXPIRE}")
    switches.rollover_expire_needs_rollover = True
    assert sql.refused(system, f"alter user {user} {EXPIRE}").code == 28225


def test_administrative_accounts_have_no_rollover(
    account: Any, profile: Any, system: Any, connect: Any, sql: Any, database: Any
) -> None:
    rolling, plain = account("password_rollover_time 1"), account("password_rollover_time 0")
    name = sql.one(system, "select profile from dba_users where username = :u", u=plain)
    sys = connect("SYS")
    assert sql.refused(system, f"grant sysdba to {plain}").code == 1031
    assert sql.refused(sys, f"grant sysdba to {rolling}").code == 28227
    assert sql.refused(sys, "grant sysoper to connect").code == 1931
    sys.execute(f"grant sysoper, sysbackup to {plain}")
    listed = "select sysdba, sysoper, sysbackup from v$pwfile_users where username = :u"
    assert sql.rows(sys, listed, u=plain) == [("FALSE", "TRUE", "TRUE")]
    assert sql.refused(system, f"alter user {plain} profile {profile('password_rollover_time 1')}").code == 28227
    assert sql.refused(system, f"alter user {plain} {EXPIRE}").code == 28227
    system.execute(f"alter profile {name} limit password_rollover_time 1")
    system.execute(f'alter user {plain} identified by "Second_2"')
    assert valid(database, plain, f"Secret_{plain}", "Second_2") == ["Second_2"]
    sys.execute(f"revoke sysoper, sysbackup from {plain}")
    assert sql.rows(sys, listed, u=plain) == []


def test_versions_before_19_12_know_no_rollover(tmp_path: Any, clock: Any, journal: Any, sql: Any) -> None:
    with closing(open_database(tmp_path, clock=clock, journal=journal, version="19.11.0.0.0")) as database:
        system = database.open_session("SYSTEM")
        names = sql.rows(system, "select resource_name from dba_profiles where profile = 'DEFAULT'")
        assert ("PASSWORD_GRACE_TIME",) in names
        assert ("PASSWORD_ROLLOVER_TIME",) not in names
        system.execute('create user old identified by "First_1"')
        system.execute("create profile p limit password_grace_time 5")
        system.execute('alter user old identified by "Second_2" profile p')
        assert valid(database, "OLD", "First_1", "Second_2") == ["Second_2"]
        assert sql.refused(system, "alter profile p limit password_rollover_time 1").code == 2376
        assert sql.refused(system, f"alter user old {EXPIRE}").code == 922
        system.close()
