"""Password changes: who may make them, verify functions, reuse and length."""

from contextlib import closing
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.database import open_database

from .conftest import refusal, valid

DAY_S = 86_400


# Who may say what


def test_only_the_password_is_ones_own_to_change(connect: Any, sql: Any, new_user: Any, database: Any) -> None:
    user = new_user()
    session = connect(user)
    for more in ("account unlock", "quota 1M on users", "profile default", "password expire", "default role all"):
        assert sql.refused(session, f'alter user {user} identified by "New_1" {more}').code == 1031
    assert valid(database, user, "New_1") == []
    session.execute(f'alter user {user} identified by profile replace "Secret_{user}"')
    assert valid(database, user, "profile") == ["profile"]


def test_the_old_password_of_somebody_else_is_not_looked_at(
    connect: Any, sql: Any, new_user: Any, database: Any
) -> None:
    user, other = new_user("ALTER USER"), new_user()
    session = connect(user)
    session.execute(f'alter user {other} identified by "New_1" replace "wrong"')
    assert valid(database, other, "New_1") == ["New_1"]
    assert sql.refused(session, f'alter user {user} identified by "New_1" replace "wrong"').code == 28008


def test_replace_is_asked_for_under_a_verify_function(
    account: Any, system: Any, connect: Any, sql: Any, database: Any
) -> None:
    user = account("password_verify_function ora12c_verify_function")
    session = connect(user)
    assert sql.refused(session, f'alter user {user} identified by "Brand-new-1"').code == 28221
    session.execute(f'alter user {user} identified by "Brand-new-1" replace "Secret_{user}"')
    system.execute(f"grant alter user to {user}")
    session.execute(f'alter user {user} identified by "Other-one-22"')
    assert valid(database, user, "Other-one-22") == ["Other-one-22"]


# Over the wire


def test_the_protocols_change_follows_the_rules_of_alter_user(
    account: Any, sql: Any, database: Any, log_on: Any
) -> None:
    user = account(
        "password_rollover_time 1 password_verify_function ora12c_verify_function"
        " password_reuse_time unlimited password_reuse_max 3"
    )
    first = f"Secret_{user}"
    connection = log_on(user, first)
    change = connection.changepassword
    assert refusal(change, "wrong", "Second-pass-2") == "ORA-28008"
    assert refusal(change, first, "short") == "ORA-28003"
    assert refusal(change, first, first) == "ORA-28003", "it does not differ"
    assert refusal(change, first, "Long-enough-1" * 3) == "ORA-00972"
    change(first, "Second-pass-2")
    assert refusal(change, first, "Second-pass-2") == "ORA-28007"
    change("Second-pass-2", "Third*word*3")
    change(first, "Fourth=word=44")
    assert connection.is_healthy()
    assert valid(database, user, first, "Second-pass-2", "Third*word*3", "Fourth=word=44") == [first, "Fourth=word=44"]
    assert refusal(log_on, user, "Fourth=word=44", newpassword="Third*word*3") == "ORA-28007"
    assert log_on(user, first, newpassword="Fifth+word+555").is_healthy()
    assert valid(database, user, first, "Fourth=word=44", "Fifth+word+555") == [first, "Fifth+word+555"]


# Verify functions


@pytest.mark.parametrize(
    ("function", "password", "reason"),
    [
        ("ora12c_verify_function", "Short_1", "less than 8"),
        ("ora12c_verify_function", "no-digits-here", "digit"),
        ("ora12c_verify_function", "NoSpecial1234", "special"),
        ("ora12c_verify_function", "12345678-", "letter"),
        ("ora12c_verify_function", "x-verifier-1", "username"),
        ("ora12c_verify_function", "x-reifirev-1", "username"),
        ("ora12c_verify_function", "my-Oracle-1", "oracle"),
        ("ora12c_strong_verify_function", "aB-cD-e9f", "digit"),
        ("ora12c_strong_verify_function", "aB-cd_e99f", "uppercase"),
        ("ora12c_stig_verify_function", "Fourteen-chars", "less than 15"),
        ("ora12c_stig_verify_function", "fifteen-chars-1", "uppercase"),
        ("ora12c_stig_verify_function", "FIFTEEN-CHARS-1", "lowercase"),
        ("ora12c_stig_verify_function", "Fifteen-chars-x", "digit"),
        ("ora12c_stig_verify_function", "Fifteen0chars01", "special"),
    ],
)
def test_what_verify_functions_refuse(
    system: Any, sql: Any, profile: Any, function: str, password: str, reason: str
) -> None:
    name = profile(f"password_verify_function {function}")
    error = sql.refused(system, f'create user verifier identified by "{password}" profile {name}')
    assert error.code == 28003
    assert reason in error.message
    assert password not in error.message


@pytest.mark.parametrize(
    ("function", "password", "close"),
    [
        ("ora12c_verify_function", "Plain-word-1", "Plain-word-22"),
        ("ora12c_strong_verify_function", "aB-cD_e99f", "aB-cD_e9900"),
        ("ora12c_stig_verify_function", "Fifteen-chars-1", "Fourteen-chars-1"),
    ],
)
def test_what_verify_functions_take(
    system: Any, connect: Any, sql: Any, profile: Any, new_user: Any, function: str, password: str, close: str
) -> None:
    user = new_user()
    system.execute(
        f'alter user {user} identified by "{password}" profile {profile(f"password_verify_function {function}")}'
    )
    error = sql.refused(connect(user), f'alter user {user} identified by "{close}" replace "{password}"')
    assert "differ from the old password" in error.message
    system.execute(f'alter user {user} identified by "{close}"')


def test_a_test_orders_refusals(system: Any, connect: Any, sql: Any, new_user: Any, switches: Any) -> None:
    user = new_user()
    switches.apply({"refuse_passwords": 2})
    assert sql.refused(system, f'alter user {user} identified by "New_1"').code == 28003
    change = f'alter user {user} identified by "New_1" replace "Secret_{user}"'
    assert sql.refused(connect(user), change).code == 28003
    connect(user).execute(change)
    assert switches.refuse_passwords == 0
    with pytest.raises(ValueError, match="refuse_passwords"):
        switches.apply({"refuse_passwords": -1})


# Reuse


def test_a_password_is_used_again_after_so_many_changes_and_days(
    account: Any, system: Any, sql: Any, clock: Any
) -> None:
    user = account("password_reuse_time 10 password_reuse_max 2 password_life_time unlimited")

    def give(password: str) -> None:
        system.execute(f'alter user {user} identified by "{password}"')

    def refused(password: str) -> bool:
        return bool(sql.refused(system, f'alter user {user} identified by "{password}"').code == 28007)

    give("First_1")
    assert refused("First_1")
    give("Second_2")
    clock.advance(10 * DAY_S)
    assert refused("First_1"), "one change is not two"
    give("Third_3")
    assert refused("Second_2"), "no day since it was replaced"
    give("First_1")
    assert refused("Third_3")


@pytest.mark.parametrize("limits", ["password_reuse_time 1", "password_reuse_max 1"])
def test_one_reuse_limit_alone_means_never(account: Any, system: Any, sql: Any, clock: Any, limits: str) -> None:
    user = account(f"{limits} password_life_time unlimited")
    for password in ("First_1", "Second_2", "Third_3"):
        system.execute(f'alter user {user} identified by "{password}"')
    clock.advance(1000 * DAY_S)
    error = sql.refused(system, f'alter user {user} identified by "First_1"')
    assert (error.code, error.message) == (28007, "the password cannot be reused")


def test_in_a_rollover_the_history_counts_too(account: Any, system: Any, sql: Any) -> None:
    user = account("password_rollover_time 1 password_reuse_max 5")
    system.execute(f'alter user {user} identified by "Second_2"')
    for password in (f"Secret_{user}", "Second_2"):
        assert sql.refused(system, f'alter user {user} identified by "{password}"').code == 28007


def test_a_dropped_users_history_goes_with_it(system: Any, sql: Any, profile: Any) -> None:
    name = profile("password_reuse_max 5")
    for _ in range(2):
        system.execute(f'create user again identified by "First_1" profile {name}')
        assert sql.refused(system, 'alter user again identified by "First_1"').code == 28007
        system.execute("drop user again")


def test_two_changes_within_a_second(account: Any, system: Any, sql: Any, clock: Any, switches: Any) -> None:
    switches.one_password_a_second = True
    user = account("password_rollover_time 0")
    assert sql.refused(system, f'alter user {user} identified by "Second_2"').code == 28007
    clock.advance(1)
    system.execute(f'alter user {user} identified by "Second_2"')


# Length


@pytest.mark.parametrize("password", ["x" * 31, "ö" * 16])
@pytest.mark.parametrize("statement", ["alter user {} identified by {}", "create role longer{} identified by {}"])
def test_more_than_30_bytes_are_refused(system: Any, sql: Any, new_user: Any, statement: str, password: str) -> None:
    error = sql.refused(system, statement.format(new_user(), f'"{password}"'))
    assert (error.code, password in str(error)) == (972, False)


def test_30_bytes_are_taken(system: Any, new_user: Any, database: Any) -> None:
    user = new_user()
    system.execute(f'alter user {user} identified by "{"ö" * 15}"')
    assert valid(database, user, "ö" * 15) == ["ö" * 15]


def test_23ai_takes_1024_bytes(tmp_path: Any, clock: Any, journal: Any, sql: Any) -> None:
    with closing(open_database(tmp_path, clock=clock, journal=journal, version="23.7.0.0.0")) as database:
        system = database.open_session("SYSTEM")
        system.execute(f'create user longer identified by "{"x" * 1024}"')
        assert valid(database, "LONGER", "x" * 1024) == ["x" * 1024]
        assert sql.refused(system, f'alter user longer identified by "{"x" * 1025}"').code == 972
        system.close()
