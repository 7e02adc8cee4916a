"""``SecretRotation`` in a small world: when, how, and what nobody may lose on the way."""

from collections import Counter
from typing import Any

import pytest

from oracleapi.errors import Retryable
from oracleapi.model.account import Holding
from oracleapi.model.rotation import KubeSecret
from oracleapi.runtime.store import Key
from support import make
from support.fake_rotation import Account
from support.rotations import (
    ACCOUNT,
    DAY_S,
    FIRST,
    KUBERNETES,
    NAME,
    ROTATION,
    SESSION,
    TWIN,
    accounts,
    check_done,
    current,
    database,
    rotate,
    secrets,
    settled,
    status,
    unborn,
)
from support.small_world import SmallWorld
from support.worlds import edit, events, resync, written


def test_a_secret_that_is_there_is_taken_over_and_nothing_is_changed_before_it_is_due() -> None:
    world = settled()
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert current(world)["password"] == FIRST
    assert secrets(world).secrets[NAME].tags["oracleapi.dev/owner"] == "cluster-1/SecretRotation/hr/hr-app"
    assert {key: status(world)[key] for key in ("activeAccount", "strategy", "versionId", "step")} == {
        "activeAccount": ACCOUNT, "strategy": "Rollover", "versionId": "v1", "step": "Idle",
    }  # fmt: skip
    before = list(secrets(world).calls)
    with written(world) as writes:
        resync(world)
    assert writes == []
    assert secrets(world).calls[len(before) :] == ["describe"]


@pytest.mark.parametrize("name", ["hr_app", "Hr_App", '"HR_APP"'])
def test_a_secret_may_write_the_account_as_a_log_on_may(name: str) -> None:
    world = unborn(there=False)
    secrets(world).put(NAME, "v1", username=name, password=FIRST)
    rotate(world)
    check_done(world)
    assert current(world)["username"] == ACCOUNT


@pytest.mark.parametrize(("strategy", "reason"), [("Rollover", "Succeeded"), ("DualUser", "InvalidSpec")])
def test_a_long_name_is_too_long_for_turns_only(strategy: str, reason: str) -> None:
    world, name = unborn(), "HR_" + "A" * 125
    accounts(world)[name] = Account(FIRST)
    secrets(world).put("hr/long", "v1", username=name, password=FIRST)
    own = {"accountRef": {"name": "main"}, "name": "hr/long"}
    world.apply(make.rotation("long", account=name, strategy=strategy, secret=own))
    world.settle()
    assert world.ready(Key("SecretRotation", "hr", "long"))[1] == reason


def test_a_quoted_name_in_lower_case_is_another_account() -> None:
    world = unborn(there=False)
    secrets(world).put(NAME, "v1", username='"hr_app"', password=FIRST)
    world.settle()
    assert world.ready(ROTATION) == ("False", "Conflict")


def test_when_it_is_due_the_password_changes_and_both_work() -> None:
    world = settled()
    world.clock.advance(30 * DAY_S)
    world.settle(DAY_S)
    found = current(world)
    assert found["password"] != FIRST
    assert found["team"] == {"of": "theirs"}
    assert (found["engine"], found["host"], found["port"], found["dbname"]) == (
        "oracle", "db.internal", "1521", "FREEPDB1",
    )  # fmt: skip
    assert accounts(world)[ACCOUNT].password == found["password"]
    assert accounts(world)[ACCOUNT].old == FIRST  # nobody said who uses it
    assert events(world, "Rotated") == [f"the password of {ACCOUNT} was changed (Rollover)"]
    (entry,) = status(world)["history"]
    assert (entry["result"], entry["cause"], entry["strategy"]) == ("Succeeded", "Schedule", "Rollover")
    assert world.condition("Verified", ROTATION) == ("True", "Succeeded")
    check_done(world)
    assert not any(not taken for _, taken in database(world).log_ons), "a log-on was refused"
    resync(world)
    assert len(status(world)["history"]) == 1


@pytest.mark.parametrize(("strategy", "reads"), [("Rollover", 1), ("Single", 1), ("DualUser", 2)])
def test_a_rotation_takes_five_calls_of_secrets_manager_or_six(strategy: str, reads: int) -> None:
    """A twin's last password is in the version before."""
    world = settled(strategy=strategy)
    rotate(world, "first")
    rotate(world, "second")
    before = len(secrets(world).calls)
    rotate(world, "third")
    assert Counter(secrets(world).calls[before:]) == {
        "describe": 1, "read": reads, "put_pending": 1, "make_current": 1, "drop_pending": 1
    }  # fmt: skip


@pytest.mark.parametrize("strategy", ["Rollover", "DualUser", "Single"])
def test_twenty_rotations_in_a_row_leave_the_account_reachable_and_refuse_no_log_on(strategy: str) -> None:
    world = settled(strategy=strategy)
    seen = set()
    for turn in range(20):
        before = current(world)
        rotate(world, f"turn-{turn}")
        check_done(world)
        seen.add(current(world)["password"])
        if strategy != "Single":
            assert accounts(world)[before["username"]].takes(before["password"])
    assert len(seen) == 20
    assert all(taken for _, taken in database(world).log_ons)
    assert len(status(world)["history"]) == 10


def test_a_request_is_heeded_once() -> None:
    world = settled()
    rotate(world)
    resync(world)
    assert len(status(world)["history"]) == 1
    assert status(world)["lastHandledRotateAt"] == "now"


def test_two_accounts_take_turns_and_hold_the_same() -> None:
    world = settled(strategy="DualUser")
    assert world.condition("GrantsEqual", ROTATION) == ("Unknown", "Progressing")
    rotate(world)
    assert current(world)["username"] == TWIN
    assert accounts(world)[TWIN].holdings == accounts(world)[ACCOUNT].holdings
    assert accounts(world)[ACCOUNT].password == FIRST
    accounts(world)[TWIN].holdings.add(Holding("role", "HR_WRITER"))
    resync(world)
    assert world.condition("GrantsEqual", ROTATION) == ("False", "AccountsDiffer")
    assert status(world)["missing"] == ["role HR_WRITER (missing)"]
    rotate(world, "again")
    assert current(world)["username"] == ACCOUNT
    assert Holding("role", "HR_WRITER") in accounts(world)[ACCOUNT].holdings
    check_done(world)


def test_accounts_that_cannot_be_made_equal_do_not_take_turns() -> None:
    world = settled(strategy="DualUser")
    database(world).refuse.add(SESSION)
    rotate(world)
    assert world.ready(ROTATION) == ("False", "AccountsDiffer")
    assert current(world)["username"] == ACCOUNT
    assert "system CREATE SESSION (missing)" in status(world)["missing"]
    database(world).refuse.clear()
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert current(world)["username"] == TWIN
    check_done(world)


def test_an_audit_is_given_and_what_only_people_settle_stops_the_turn_until_they_have() -> None:
    world = settled(strategy="DualUser")
    audit, exempt = Holding("audit policy", "HR_POL"), Holding("audit exception", "EVERYBODY")
    accounts(world)[ACCOUNT].holdings |= {audit, exempt}
    rotate(world)
    assert world.ready(ROTATION) == ("False", "AccountsDiffer")
    assert "in 1 points, see status.missing; such the operator leaves to people, have a DBA do it" in world.message(
        ROTATION
    )
    assert status(world)["missing"] == ["audit exception EVERYBODY (missing, for a DBA)"]
    assert (audit in accounts(world)[TWIN].holdings, current(world)["username"]) == (True, ACCOUNT)
    accounts(world)[TWIN].holdings.add(exempt)
    resync(world)
    assert current(world)["username"] == TWIN
    check_done(world)
    accounts(world)[TWIN].holdings.remove(audit)
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert world.condition("GrantsEqual", ROTATION) == ("False", "AccountsDiffer")
    assert status(world)["missing"] == ["audit policy HR_POL (too much, for a DBA)"]
    assert "have a DBA settle what is marked so before" in next(
        each["message"] for each in status(world)["conditions"] if each["type"] == "GrantsEqual"
    )


def test_an_audit_that_the_operator_may_not_give_stops_the_turn() -> None:
    world = settled(strategy="DualUser")
    audit = Holding("audit policy", "HR_POL")
    accounts(world)[ACCOUNT].holdings.add(audit)
    database(world).refuse.add(audit)
    rotate(world)
    assert world.ready(ROTATION) == ("False", "AccountsDiffer")
    assert "the operator's account may not change them (ORA-01031), have a DBA do it" in world.message(ROTATION)
    assert status(world)["missing"] == ["audit policy HR_POL (missing)"]
    accounts(world)[TWIN].holdings.add(audit)
    resync(world)
    assert current(world)["username"] == TWIN


def test_auto_says_why_it_takes_which() -> None:
    world = settled(strategy="Auto")
    assert status(world)["strategyDetail"] == "profile APP_ROTATED has PASSWORD_ROLLOVER_TIME 1"
    accounts(world)[ACCOUNT].limits["PASSWORD_ROLLOVER_TIME"] = "0"
    resync(world)
    assert status(world)["strategy"] == "DualUser"
    assert "PASSWORD_ROLLOVER_TIME 0" in status(world)["strategyDetail"]


def test_rollover_without_the_limit_is_refused_with_the_statements_that_help() -> None:
    world = settled(strategy="Auto")
    accounts(world)[ACCOUNT].limits["PASSWORD_ROLLOVER_TIME"] = "0"
    edit(world, ROTATION, strategy="Rollover")
    world.settle()
    assert world.ready(ROTATION) == ("False", "RolloverOff")
    assert "CREATE PROFILE HR_APP_ROTATED LIMIT PASSWORD_ROLLOVER_TIME 1" in world.message(ROTATION)


OWNED = ("TABLE EMPLOYEES", "VIEW ACTIVE", "INDEX EMPLOYEES_PK", "LOB DATA")


def off(world: SmallWorld, account: str = ACCOUNT) -> SmallWorld:
    accounts(world)[account].limits["PASSWORD_ROLLOVER_TIME"] = "0"
    return world


def test_an_account_that_owns_objects_takes_no_turns() -> None:
    world = unborn(strategy="DualUser")
    accounts(world)[ACCOUNT].owned = OWNED
    world.settle()
    rotate(world)
    assert world.ready(ROTATION) == ("False", "OwnsObjects")
    assert f"account {ACCOUNT} owns TABLE EMPLOYEES, VIEW ACTIVE, INDEX EMPLOYEES_PK and others" in world.message(
        ROTATION
    )
    assert "choose Rollover, which its profile allows; or choose Single" in world.message(ROTATION)
    off(world)
    resync(world)
    assert "choose Rollover and give it a profile" in world.message(ROTATION)
    assert "CREATE PROFILE HR_APP_ROTATED LIMIT PASSWORD_ROLLOVER_TIME 1" in world.message(ROTATION)
    assert TWIN not in accounts(world)
    assert (current(world)["password"], accounts(world)[ACCOUNT].password) == (FIRST, FIRST)
    accounts(world)[ACCOUNT].owned = ()
    resync(world)
    assert current(world)["username"] == TWIN
    check_done(world)


def test_auto_takes_rollover_for_an_owner_and_says_both_where_it_finds_nothing() -> None:
    world = unborn(strategy="Auto")
    accounts(world)[ACCOUNT].owned = OWNED[:1]
    world.settle()
    assert (world.ready(ROTATION), status(world)["strategy"]) == (("True", "Succeeded"), "Rollover")
    resync(off(world))
    assert world.ready(ROTATION) == ("False", "OwnsObjects")
    message = world.message(ROTATION)
    assert f"Auto finds no strategy: account {ACCOUNT} owns TABLE EMPLOYEES, which" in message
    assert "its profile APP_ROTATED has PASSWORD_ROLLOVER_TIME 0; give it a profile" in message
    assert "or choose Single" in message


def test_a_twin_that_owns_objects_stops_the_turns() -> None:
    world = settled(strategy="DualUser")
    rotate(world)
    accounts(world)[ACCOUNT].owned = ("TABLE FLYWAY_SCHEMA_HISTORY",)
    resync(world)
    assert world.ready(ROTATION) == ("False", "OwnsObjects")
    assert f"account {ACCOUNT}, which takes turns with {TWIN}, owns TABLE FLYWAY_SCHEMA_HISTORY" in world.message(
        ROTATION
    )
    edit(world, ROTATION, strategy="Single")
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded")


@pytest.mark.parametrize("strategy", ["Auto", "DualUser"])
def test_no_secret_is_made_for_an_account_that_no_strategy_fits(strategy: str) -> None:
    world = off(unborn(there=False, strategy=strategy))
    accounts(world)[ACCOUNT].owned = OWNED
    world.settle()
    assert world.ready(ROTATION) == ("False", "OwnsObjects")
    assert secrets(world).secrets == {}
    assert accounts(world)[ACCOUNT].password == FIRST


def test_another_password_is_made_where_the_profile_refuses_one() -> None:
    world = settled()
    database(world).unsuitable = 2
    rotate(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)


def test_after_three_refused_passwords_it_stops_until_somebody_asks() -> None:
    world = settled()
    database(world).unsuitable = 100
    rotate(world)
    assert world.ready(ROTATION) == ("False", "PasswordRefused")
    calls = secrets(world).calls.count("put_pending")
    resync(world)
    assert secrets(world).calls.count("put_pending") == calls
    assert accounts(world)[ACCOUNT].takes(FIRST)
    database(world).unsuitable = 0
    rotate(world, "again")
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)


def test_a_wrong_password_in_the_secret_is_told_and_never_locks_the_account() -> None:
    world = settled()
    database(world).rights.clear()
    accounts(world)[ACCOUNT].password = "changed-by-hand-of-somebody"
    rotate(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    for _ in range(5):
        resync(world)
    assert not accounts(world)[ACCOUNT].locked
    assert sum(not taken for _, taken in database(world).log_ons) <= 2
    secrets(world).put(NAME, "v2", username=ACCOUNT, password="changed-by-hand-of-somebody")
    resync(world)
    resync(world)
    check_done(world)


def test_with_the_right_to_alter_users_a_wrong_password_is_mended() -> None:
    world = settled()
    accounts(world)[ACCOUNT].password = "changed-by-hand-of-somebody"
    rotate(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)


def test_a_secret_that_is_not_there_is_made_and_its_password_set() -> None:
    world = unborn(there=False, secret={"accountRef": {"name": "main"}, "name": NAME, "kmsKeyId": "alias/hr"})
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert secrets(world).secrets[NAME].kms == "alias/hr"
    check_done(world)
    assert status(world)["history"][0]["cause"] == "Create"


def test_a_first_password_that_the_profile_refuses_is_replaced_by_another() -> None:
    """The account may be in use with another one meanwhile: no log-on with the refused one counts against it."""
    world = unborn(there=False)
    database(world).unsuitable = 2
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert current(world)["password"] == accounts(world)[ACCOUNT].password != FIRST
    assert all(taken for _, taken in database(world).log_ons)
    check_done(world)


def test_a_profile_that_refuses_every_first_password_is_told() -> None:
    world = unborn(there=False)
    database(world).unsuitable = 100
    world.settle()
    assert world.ready(ROTATION) == ("False", "PasswordRefused")
    assert accounts(world)[ACCOUNT].password == FIRST
    database(world).unsuitable = 0
    rotate(world)
    check_done(world)


def test_without_the_right_the_made_secret_says_what_it_waits_for() -> None:
    world = unborn(there=False)
    database(world).rights.clear()
    world.settle()
    assert world.ready(ROTATION) == ("False", "PrivilegesMissing")
    assert accounts(world)[ACCOUNT].password == FIRST
    database(world).rights.add("ALTER USER")
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)


def test_a_secret_of_ours_that_is_scheduled_for_deletion_is_restored() -> None:
    world = settled()
    secrets(world).secrets[NAME].deleted = True
    resync(world)
    assert not secrets(world).secrets[NAME].deleted
    assert events(world, "SecretRestored")
    assert world.ready(ROTATION) == ("True", "Succeeded")


@pytest.mark.parametrize(
    ("tags", "fields", "reason", "words"),
    [
        ({"oracleapi.dev/owner": "other/SecretRotation/hr/x"}, {}, "Conflict", "belongs to other/SecretRotation/hr/x"),
        ({}, {"rotates": True}, "ForeignWriter", "RotationEnabled"),
        ({}, {"labels": {"AWSCURRENT": "v1", "AWSPENDING": "v9"}}, "ForeignWriter", "version v9"),
    ],
)
def test_foreign_writers_are_left_alone(tags: Any, fields: Any, reason: str, words: str) -> None:
    world = settled()
    found = secrets(world).secrets[NAME]
    found.tags |= tags
    for name, value in fields.items():
        setattr(found, name, value)
    rotate(world)
    assert world.ready(ROTATION) == ("False", reason)
    assert words in world.message(ROTATION)
    assert accounts(world)[ACCOUNT].password == FIRST


def test_a_version_that_somebody_puts_is_taken_note_of() -> None:
    world = settled()
    accounts(world)[ACCOUNT].change("by-hand-0123456789")
    secrets(world).put(NAME, "v2", username=ACCOUNT, password="by-hand-0123456789")
    resync(world)
    assert status(world)["versionId"] == "v2"
    assert len(events(world, "SecretChanged")) == 1
    rotate(world)
    assert world.ready(ROTATION) == ("False", "RolloverRuns")
    assert f"ALTER USER {ACCOUNT} EXPIRE PASSWORD ROLLOVER PERIOD" in world.message(ROTATION)
    assert current(world)["password"] == "by-hand-0123456789"
    assert accounts(world)[ACCOUNT].takes("by-hand-0123456789"), "a second change in a rollover ends what readers have"
    accounts(world)[ACCOUNT].old = None
    world.settle(400)
    check_done(world)
    assert accounts(world)[ACCOUNT].takes(current(world)["password"])


def test_a_version_put_in_the_middle_stays_and_the_rotation_is_taken_back() -> None:
    world = settled()
    real = secrets(world).make_current

    def meanwhile(name: str, token: str, replacing: str) -> bool:
        secrets(world).put(NAME, "v2", username=ACCOUNT, password=FIRST)
        return real(name, token, replacing)

    secrets(world).make_current = meanwhile  # type: ignore[method-assign]
    rotate(world)
    secrets(world).make_current = real  # type: ignore[method-assign]
    resync(world)
    assert status(world)["versionId"] == "v2"
    assert current(world)["password"] == FIRST
    assert accounts(world)[ACCOUNT].password == FIRST
    assert status(world)["history"][0]["result"] == "Superseded"
    check_done(world)


def test_consumers_restart_once_their_secret_is_written_and_then_the_old_password_ends() -> None:
    world = settled(secret=KUBERNETES, consumers=[{"kind": "Deployment", "name": "app"}])
    world.workloads.quick = False
    assert world.workloads.secrets[("hr", "hr-app-db")].data["password"] == FIRST
    rotate(world)
    assert world.ready(ROTATION) == ("False", "WaitingForConsumers")
    assert "Deployment app is restarting" in world.message(ROTATION)
    assert world.workloads.writes[-2:] == ["Secret hr/hr-app-db", "Deployment hr/app"]
    assert accounts(world)[ACCOUNT].old == FIRST
    world.workloads.finish()
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert accounts(world)[ACCOUNT].old is None
    check_done(world)


def test_a_consumer_waits_for_the_secret_that_somebody_else_fills() -> None:
    waiting = {"kind": "Deployment", "name": "app", "waitForSecret": {"name": "from-eso", "key": "password"}}
    world = settled(consumers=[waiting])
    rotate(world)
    assert world.message(ROTATION).startswith(
        "the new password is in place; Deployment app is restarted once key password of Secret from-eso has the new"
        " password; the old password works until "
    )
    assert world.workloads.writes == []
    world.workloads.secrets[("hr", "from-eso")] = KubeSecret(
        "from-eso", "eso", {"password": current(world)["password"]}
    )
    world.settle()
    assert world.workloads.writes == ["Deployment hr/app"]
    check_done(world)


def test_deletion_keeps_what_readers_use_and_takes_a_rotation_back() -> None:
    world = settled(secret=KUBERNETES)
    world.delete(*ROTATION)
    world.settle()
    assert world.kube.find(*ROTATION) is None
    assert world.workloads.secrets[("hr", "hr-app-db")].owner == ""
    assert not secrets(world).secrets[NAME].deleted


def test_deletion_policy_delete_schedules_the_secret_for_deletion() -> None:
    world = settled(deletionPolicy="Delete")
    world.delete(*ROTATION)
    world.settle()
    assert secrets(world).secrets[NAME].deleted


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account": "SCOTT"}, "AccountNotAllowed"),
        ({"secret": {"accountRef": {"name": "main"}, "name": "sales/app"}}, "SecretNotAllowed"),
        ({"secret": {"accountRef": {"name": "other"}, "name": NAME}}, "RefNotPermitted"),
        ({"databaseRef": {"name": "other"}}, "RefNotPermitted"),
        ({"schedule": {"cron": "0 99 * * *"}}, "InvalidSpec"),
        ({"schedule": {"everyDays": 1, "timeZone": "Mars/Base"}}, "InvalidSpec"),
    ],
)
def test_what_is_not_delegated_or_means_nothing_is_refused(fields: dict[str, Any], reason: str) -> None:
    world = SmallWorld(*make.rotating_world(), make.rotation(**fields))
    assert world.ready(ROTATION) == ("False", reason)
    assert secrets(world).calls == []


def test_a_rollover_that_nobody_may_end_is_waited_for() -> None:
    world = settled()
    rotate(world)
    database(world).old_may_end = False
    database(world).rights.clear()
    before = current(world)
    rotate(world, "again")
    assert world.ready(ROTATION) == ("False", "RolloverRuns")
    assert current(world) == before
    assert accounts(world)[ACCOUNT].password == before["password"]
    accounts(world)[ACCOUNT].old = None  # the period is over
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)


def test_a_password_that_a_person_changes_in_our_rollover_locks_nobody_out() -> None:
    world = settled()
    rotate(world)
    accounts(world)[ACCOUNT].change("by-hand-0123456789")
    database(world).rights.clear()
    rotate(world, "again")
    for _ in range(10):
        resync(world)
    assert world.ready(ROTATION)[0] == "True"  # the version before is the password that the rollover kept
    check_done(world)


def test_of_two_objects_over_one_account_the_older_has_it_whatever_they_call_the_database() -> None:
    world = settled()
    database_object = dict(world.kube.objects[("OracleDatabase", None, "db")])
    again = {**database_object, "metadata": {"name": "same"}}
    world.apply(make.resource("OracleDatabase", "same", again["spec"]))
    world.settle()
    second = make.rotation("second", databaseRef={"name": "same"}, account=TWIN)
    world.apply({**second, "spec": {**second["spec"], "secret": {"accountRef": {"name": "main"}, "name": "hr/other"}}})
    world.settle()
    key = Key("SecretRotation", "hr", "second")
    assert world.ready(key) == ("False", "Conflict")
    assert world.message(key).startswith("spec.account: hr/hr-app rotates account HR_APP already")
    assert world.ready(ROTATION) == ("True", "Succeeded")


def test_a_window_that_went_by_leaves_the_password_overdue() -> None:
    nights = [{"cron": "0 3 * * *", "durationMinutes": 60}]
    world = settled(schedule={"everyDays": 30, "jitterMinutes": 0}, windows=nights)
    world.backends.rotated.faults["put_pending"] = [Retryable("AwsUnavailable", "no answer")] * 10_000
    world.clock.advance(31 * DAY_S)
    world.settle(2 * 3600.0)
    resync(world)
    world.clock.advance(DAY_S)
    resync(world)
    assert world.condition("Fresh", ROTATION) == ("False", "Overdue")
    world.backends.rotated.faults.clear()
    world.settle(2 * DAY_S)
    assert world.condition("Fresh", ROTATION) == ("True", "Succeeded")
    check_done(world)


def test_a_first_password_that_a_person_puts_instead_is_taken() -> None:
    world = unborn(there=False)
    database(world).rights.clear()
    world.settle()
    assert "or put the account's present password into the secret yourself" in world.message(ROTATION)
    secrets(world).put(NAME, "v2", username=ACCOUNT, password=FIRST)
    resync(world)
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert current(world)["password"] == FIRST
    check_done(world)


def test_ords_is_asked_for_what_takes_a_session_of_its_account() -> None:
    world = settled(verify=["Login", "Ords"])
    rotate(world)
    assert world.ready(ROTATION) == ("False", "WaitingForConsumers")
    assert "no OracleApi over this database has a probe route" in world.message(ROTATION)
    world.apply(make.resource("OracleApi", "hr", make.api_spec(), "hr"))
    world.backends.ords.answers["/_probe"] = 503
    resync(world)
    assert "ORDS answers 503: it gets no session with its account" in world.message(ROTATION)
    world.backends.ords.answers["/_probe"] = 200
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert world.backends.ords.urls[-1].endswith("/hr_api/oa-probe/hr/v1/_probe")
    check_done(world)
