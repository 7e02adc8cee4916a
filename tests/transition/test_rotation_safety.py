"""What a rotation must not do whatever happens: lock an account that others use, or show a password."""

import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from oracleapi.errors import Retryable, Uncertain
from oracleapi.model.rotation import CURRENT, PREVIOUS
from oracleapi.ports import Change, SecretValue
from oracleapi.wiring import Operator, build_operator, list_all
from support.crashes import Call, Outside
from support.fake_rotation import Account
from support.rotations import (
    ACCOUNT,
    FIRST,
    KUBERNETES,
    NAME,
    ROTATION,
    TWIN,
    accounts,
    ask,
    begun,
    check_done,
    current,
    database,
    delete,
    passwords,
    rotate,
    secrets,
    settled,
    shown,
    status,
    unborn,
)
from support.small_world import SETTINGS, SmallWorld
from support.worlds import annotate, resync


def test_whatever_a_first_password_waits_for_nobody_gets_locked_out() -> None:
    """The account is in use with another password meanwhile, and each refused log-on counts against it."""
    world = unborn(there=False)
    database(world).rights.clear()
    world.settle()
    for _ in range(20):
        resync(world)
    assert world.ready(ROTATION) == ("False", "PrivilegesMissing")
    assert database(world).log_ons == []


def test_a_change_that_fails_for_days_locks_nobody_out() -> None:
    world = settled()
    database(world).rights.clear()
    world.backends.log_ons.change = failing  # type: ignore[method-assign]
    rotate(world)
    for _ in range(20):
        resync(world)
    assert world.ready(ROTATION) == ("Unknown", "DatabaseUnreachable")
    assert all(taken for _, taken in database(world).log_ons)
    del world.backends.log_ons.change
    resync(world)
    check_done(world)


def failing(*_: str) -> Change:
    raise Retryable("DatabaseUnreachable", "the database does not answer")


def test_a_rotation_that_neither_password_fits_is_given_up_after_one_log_on_with_each() -> None:
    world = settled()
    database(world).rights.clear()
    real = secrets(world).make_current

    def meanwhile(name: str, token: str, replacing: str) -> bool:
        secrets(world).put(NAME, "v2", username=ACCOUNT, password="of-somebody-else")
        accounts(world)[ACCOUNT] = Account("a-third-one-by-hand", changes=100)
        return real(name, token, replacing)

    secrets(world).make_current = meanwhile  # type: ignore[method-assign]
    rotate(world)
    secrets(world).make_current = real  # type: ignore[method-assign]
    for _ in range(10):
        resync(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    assert not accounts(world)[ACCOUNT].locked
    assert sum(not taken for _, taken in database(world).log_ons) <= 3
    assert "put the right one there" in world.message(ROTATION)


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"authentication": "GLOBAL"}, "authentication is GLOBAL"), ({"common": True}, "is a common user")],
)
@pytest.mark.parametrize("there", [True, False])
def test_no_password_is_given_to_an_account_of_another_kind(fields: Any, words: str, there: bool) -> None:
    """One would replace how it logs in now."""
    world = unborn(there)
    accounts(world)[ACCOUNT] = Account(FIRST, **fields)
    rotate(world)
    assert world.ready(ROTATION) == ("False", "AccountRefused")
    assert words in world.message(ROTATION)
    assert accounts(world)[ACCOUNT].used == database(world).log_ons == []
    assert (NAME in secrets(world).secrets) is there


def test_a_version_before_that_holds_no_password_is_none_to_try() -> None:
    """What somebody stored before the first real password may be anything."""
    world = unborn()
    was_text_before(world)
    accounts(world)[ACCOUNT].password = "of-somebody-else"
    database(world).rights.clear()
    rotate(world)
    for _ in range(20):
        resync(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    assert database(world).log_ons == [(ACCOUNT, False)]


def test_a_version_before_that_holds_no_password_hinders_no_twin() -> None:
    world = unborn(strategy="DualUser")
    was_text_before(world)
    accounts(world)[TWIN] = Account("of-a-dba", holdings=set(accounts(world)[ACCOUNT].holdings))
    rotate(world)
    check_done(world)
    assert current(world)["username"] == TWIN


def was_text_before(world: SmallWorld) -> None:
    found = secrets(world).secrets[NAME]
    found.values["v0"] = {"text": "to be filled in"}
    found.move(PREVIOUS, "v0")


def test_a_version_before_that_cannot_be_read_is_waited_for_and_no_log_on_repeated() -> None:
    """Its key may be disabled for days; the account's password is in it all the same."""
    world = settled()
    rotate(world, "first")
    before = secrets(world).secrets[NAME].labels[PREVIOUS]
    account = accounts(world)[ACCOUNT]
    account.password, account.old = FIRST, None
    database(world).rights.clear()
    real, here = secrets(world).read, len(database(world).log_ons)

    def read(name: str, version: str) -> SecretValue:
        if version == before:
            raise Retryable("AwsAccessDenied", "the KMS key does not decrypt it", 60.0)
        return real(name, version)

    secrets(world).read = read  # type: ignore[method-assign]
    ask(world, "second")
    world.settle(1200)
    assert world.ready(ROTATION) == ("Unknown", "AwsAccessDenied")
    assert database(world).log_ons[here:] == [(ACCOUNT, False)]
    del secrets(world).read
    world.settle()
    check_done(world)
    assert database(world).log_ons[here:][:2] == [(ACCOUNT, False), (ACCOUNT, True)]


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is logged, at every level."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with structlog.testing.capture_logs() as found:
        yield found
    structlog.configure(wrapper_class=before)


@pytest.mark.parametrize("strategy", ["Rollover", "DualUser", "Single"])
def test_no_password_shows_in_objects_events_and_logs(strategy: str, lines: list[Any]) -> None:
    world = troubled(strategy)
    assert "LoginDenied" in repr(lines)
    assert len(passwords(world)) >= 4
    assert shown(world, repr(lines)) == []


def troubled(strategy: str) -> SmallWorld:
    """Return a world whose rotations came to all kinds of ends."""
    world = settled(strategy=strategy, secret=KUBERNETES, consumers=[{"kind": "Deployment", "name": "app"}])
    database(world).unsuitable = 2
    rotate(world)
    database(world).unsuitable = 100
    rotate(world, "refused")
    assert world.ready(ROTATION) == ("False", "PasswordRefused")
    for account in accounts(world).values():
        account.password, account.old = "changed-by-hand-of-somebody", None
    database(world).unsuitable = 0
    database(world).rights.clear()
    rotate(world, "denied")
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    return world


@pytest.mark.parametrize("strategy", ["Rollover", "DualUser"])
def test_two_operators_at_once_end_in_one_consistent_state(strategy: str) -> None:
    """A second process, which does not know that it has lost the lease, runs a pass within each call of the first."""
    start = begun(strategy=strategy)
    world = start()
    outside = Outside(world)
    ask(world)
    world.settle()
    calls = len(outside.calls)
    assert calls > 10
    for number in range(calls):
        world = start()
        outside = Outside(world)
        second = build_operator(world.kube, world.workloads, world.backends, SETTINGS, "cluster-1", world.clock)
        list_all(world.kube, second)

        def meet(call: Call, go: Callable[[], Any], at: int = number, other: Operator = second) -> Any:
            if call.number == at:
                other.runner.run(ROTATION)
            return go()

        outside.meet = meet
        ask(world)
        world.settle(400)
        outside.meet = None
        resync(world, 400)
        assert world.ready(ROTATION) == ("True", "Succeeded"), (number, world.message(ROTATION))
        check_done(world)


def test_a_password_that_somebody_changes_while_consumers_move_is_not_tried_again() -> None:
    """Ours is gone, and each try to end the rollover with it would be one towards the lock."""
    world = settled(strategy="Rollover", consumers=[{"kind": "Deployment", "name": "app"}])
    world.workloads.quick = False
    rotate(world)
    accounts(world)[ACCOUNT].change("changed-by-hand")
    world.workloads.finish()
    for _ in range(10):
        resync(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    assert world.condition("Verified", ROTATION) == ("False", "LoginDenied")
    assert [taken for _, taken in database(world).log_ons].count(False) == 1
    assert not accounts(world)[ACCOUNT].locked


@pytest.mark.parametrize("kept", [FIRST, "changed-by-hand"])
def test_in_a_rollover_that_began_before_us_a_rotation_waits_whichever_password_readers_have(kept: str) -> None:
    world = unborn(strategy="Rollover")
    accounts(world)[ACCOUNT].change("changed-by-hand")
    secrets(world).put(NAME, "v1", username=ACCOUNT, password=kept)
    world.settle()
    rotate(world)
    assert world.ready(ROTATION) == ("False", "RolloverRuns")
    assert accounts(world)[ACCOUNT].takes(kept)
    accounts(world)[ACCOUNT].old = None
    accounts(world)[ACCOUNT].password = kept
    world.settle(400)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    check_done(world)


def test_a_rollover_that_somebody_began_after_we_looked_keeps_what_readers_have() -> None:
    world = settled(strategy="Rollover")
    accounts(world)[ACCOUNT].change("changed-by-hand")
    rotate(world)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert accounts(world)[ACCOUNT].takes(FIRST)
    check_done(world)


def test_somebody_who_puts_the_very_password_of_a_rotation_ends_it_and_nothing_is_changed_back() -> None:
    """No profile takes a password that is the account's already."""
    world = settled(strategy="Rollover")
    real = secrets(world).make_current

    def meanwhile(name: str, token: str, replacing: str) -> bool:
        secrets(world).put(NAME, "v2", **secrets(world).secrets[NAME].values[token])
        return real(name, token, replacing)

    secrets(world).make_current = meanwhile  # type: ignore[method-assign]
    rotate(world)
    secrets(world).make_current = real  # type: ignore[method-assign]
    world.settle(400)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert status(world)["history"][0]["result"] == "Superseded"
    assert status(world)["versionId"] == "v2"
    check_done(world)


def test_a_lost_answer_of_the_one_whose_turn_it_is_costs_no_refused_log_on() -> None:
    """Its rollover still runs since its last turn, and within one PASSWORD_CHANGE_DATE would stay."""
    world = between_turns()
    lose_next_change(world)
    rotate(world, "lost")
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert all(taken for _, taken in database(world).log_ons)
    check_done(world)


def test_a_turn_waits_for_the_end_of_a_rollover_that_nobody_may_end() -> None:
    world = between_turns()
    database(world).old_may_end = False
    rotate(world, "too early")
    assert world.ready(ROTATION) == ("False", "RolloverRuns")
    accounts(world)[ACCOUNT].old = None
    world.settle(400)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert all(taken for _, taken in database(world).log_ons)
    check_done(world)


def between_turns() -> SmallWorld:
    """Return a world whose twin is active, whose account is in a rollover, and whose operator has lost ALTER USER."""
    world = settled(strategy="DualUser")
    for turn in range(3):
        rotate(world, str(turn))
    assert accounts(world)[ACCOUNT].old is not None
    database(world).rights.discard("ALTER USER")
    return world


def lose_next_change(world: SmallWorld) -> None:
    logins = world.backends.log_ons
    real = logins.change

    def lost(*arguments: str) -> Change:
        logins.change = real  # type: ignore[method-assign]
        real(*arguments)
        return failing()

    logins.change = lost  # type: ignore[method-assign]


@pytest.mark.parametrize("strategy", ["Rollover", "DualUser", "Single"])
@pytest.mark.parametrize("leaving", [False, True])
def test_a_version_that_somebody_makes_current_before_it_is_the_account_s_becomes_it(
    strategy: str, leaving: bool
) -> None:
    world = settled(strategy=strategy)
    rotate(world, "before")
    rotate(world, "and again")
    world.backends.log_ons.change = failing  # type: ignore[method-assign]
    rotate(world)
    token = status(world)["rotation"]["token"]
    secrets(world).put(NAME, token, **secrets(world).secrets[NAME].values[token])
    del world.backends.log_ons.change
    if leaving:
        delete(world)
    resync(world)
    assert accounts(world)[current(world)["username"]].password == current(world)["password"]
    assert secrets(world).secrets[NAME].labels[CURRENT] == token
    if leaving:
        assert world.kube.find(*ROTATION) is None
    else:
        assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
        check_done(world)


@pytest.mark.parametrize("limit", ["2", "4"])
def test_answers_that_are_lost_again_and_again_lock_no_account_whose_password_somebody_changed(limit: str) -> None:
    world = settled(strategy="Rollover")
    database(world).rights.clear()
    accounts(world)[ACCOUNT] = Account("changed-by-hand", changes=100)
    accounts(world)[ACCOUNT].limits["FAILED_LOGIN_ATTEMPTS"] = limit
    lose_answers(world)
    rotate(world)
    for _ in range(10):
        resync(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    assert accounts(world)[ACCOUNT].failures == int(limit) - 1
    assert status(world)["lostLogOns"]["count"] == int(limit) - 1
    accounts(world)[ACCOUNT] = Account(FIRST, changes=101)
    find_answers(world)
    rotate(world, "once more")
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert "lostLogOns" not in status(world)
    check_done(world)


def test_a_version_by_hand_that_may_be_wrong_is_not_tried_until_the_account_locks() -> None:
    world = settled()
    secrets(world).put(NAME, "v2", username=ACCOUNT, password="wrong-by-hand")
    lose_answers(world)
    for _ in range(10):
        resync(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    assert "3 log-ons as account HR_APP got no answer" in world.message(ROTATION)
    assert not accounts(world)[ACCOUNT].locked
    find_answers(world)
    secrets(world).put(NAME, "v3", username=ACCOUNT, password=FIRST)
    annotate(world, ROTATION, reconcile_requested_at="now")
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)


def lose_answers(world: SmallWorld) -> None:
    """Let every log-on happen, and no answer come."""
    logins = world.backends.log_ons
    for name in ("prove", "change", "end_rollover"):
        setattr(logins, name, functools.partial(unheard, getattr(logins, name)))


def find_answers(world: SmallWorld) -> None:
    for name in ("prove", "change", "end_rollover"):
        delattr(world.backends.log_ons, name)


def unheard(log_on: Callable[..., Any], *arguments: str) -> None:
    log_on(*arguments)
    raise Uncertain("DatabaseUnreachable", "the connection was closed")
