"""Which profile an account gets so that its old password outlives a change, and for how long that is."""

import pytest

from oracleapi.errors import Terminal
from oracleapi.model.account import ObservedAccount
from oracleapi.model.rollover import GiveProfile, Profile, own_profile, rollover_days, source_of
from oracleapi.plan.rollover import plan_profile

ROLLOVER = "PASSWORD_ROLLOVER_TIME"
DEFAULT = Profile("DEFAULT", {"FAILED_LOGIN_ATTEMPTS": "10", "PASSWORD_LIFE_TIME": "180", ROLLOVER: "0"})
APP = Profile("APP", {"FAILED_LOGIN_ATTEMPTS": "4", "PASSWORD_LIFE_TIME": "DEFAULT", ROLLOVER: "0"})
RESOLVED = {"FAILED_LOGIN_ATTEMPTS": "4", "PASSWORD_LIFE_TIME": "180", "PASSWORD_GRACE_TIME": "7", ROLLOVER: "0"}


def account(profile: str, **limits: str) -> ObservedAccount:
    return ObservedAccount("HR_APP", profile=profile, limits=RESOLVED | limits)


def profiles(*found: Profile) -> dict[str, Profile]:
    return {each.name: each for each in found}


def own(**limits: str) -> Profile:
    return Profile("ORACLEAPI_APP", APP.limits | {ROLLOVER: "1"} | limits)


def test_an_account_gets_its_present_limits_with_a_rollover() -> None:
    limits = (("FAILED_LOGIN_ATTEMPTS", "4"), (ROLLOVER, "24/24"))
    assert plan_profile(account("APP"), profiles(APP), 24) == GiveProfile(
        "HR_APP", "ORACLEAPI_APP", limits, create=True, assign=True
    )


def test_limits_are_written_in_the_order_of_their_names() -> None:
    unsorted = Profile("APP", {"PASSWORD_VERIFY_FUNCTION": "NULL", ROLLOVER: "0", "CONNECT_TIME": "5"})
    found = plan_profile(account("APP"), profiles(unsorted), 24)
    assert found is not None
    assert found.limits == (("CONNECT_TIME", "5"), (ROLLOVER, "24/24"), ("PASSWORD_VERIFY_FUNCTION", "NULL"))


def test_of_profile_default_nothing_is_copied_for_it_counts_anyway() -> None:
    assert plan_profile(account("DEFAULT"), profiles(DEFAULT), 6) == GiveProfile(
        "HR_APP", "ORACLEAPI_DEFAULT", ((ROLLOVER, "6/24"),), create=True, assign=True
    )


def test_a_profile_that_is_there_is_given_as_it_is() -> None:
    found = plan_profile(account("APP"), profiles(APP, own()), 24)
    assert found == GiveProfile("HR_APP", "ORACLEAPI_APP", assign=True)


def test_who_has_it_needs_nothing() -> None:
    assert plan_profile(account("ORACLEAPI_APP"), profiles(APP, own()), 24) is None


@pytest.mark.parametrize(
    ("shown", "hours"), [(".0416", 1), ("0.0416", 1), (".0417", 1), ("3600", 1), ("86400", 24), ("1", 24), ("60", 1440)]
)
def test_a_time_is_the_same_in_days_or_in_seconds(shown: str, hours: int) -> None:
    roomy = account("ORACLEAPI_APP", PASSWORD_GRACE_TIME="UNLIMITED")
    assert plan_profile(roomy, profiles(APP, own(**{ROLLOVER: shown})), hours) is None


@pytest.mark.parametrize("shown", [".0416", "3600", "0", "DEFAULT", "60", "nonsense"])
def test_another_time_is_changed(shown: str) -> None:
    found = plan_profile(account("ORACLEAPI_APP"), profiles(APP, own(**{ROLLOVER: shown})), 24)
    assert found == GiveProfile("HR_APP", "ORACLEAPI_APP", ((ROLLOVER, "24/24"),))


def test_what_a_dba_changes_in_the_source_follows() -> None:
    tight = Profile("APP", APP.limits | {"FAILED_LOGIN_ATTEMPTS": "3", "PASSWORD_VERIFY_FUNCTION": "ORA12C_VERIFY"})
    found = plan_profile(account("ORACLEAPI_APP"), profiles(tight, own(PASSWORD_LIFE_TIME="90")), 24)
    assert found is not None
    assert found.limits == (
        ("FAILED_LOGIN_ATTEMPTS", "3"),
        ("PASSWORD_LIFE_TIME", "DEFAULT"),
        ("PASSWORD_VERIFY_FUNCTION", "ORA12C_VERIFY"),
    )
    assert (found.create, found.assign) == (False, False)


def test_a_profile_whose_source_is_gone_is_left_as_it_is() -> None:
    assert plan_profile(account("ORACLEAPI_APP"), profiles(own(**{ROLLOVER: "2"})), 24) is None


@pytest.mark.parametrize("bound", ["PASSWORD_LIFE_TIME", "PASSWORD_GRACE_TIME"])
def test_a_rollover_that_other_limits_cut_short_is_refused_with_what_they_allow(bound: str) -> None:
    with pytest.raises(Terminal, match=r"hours is 48, .* profile APP .* last 36 hours at most") as caught:
        plan_profile(account("APP", **{bound: "1.5"}), profiles(APP), 48)
    assert caught.value.reason == "RolloverOff"
    assert plan_profile(account("APP", **{bound: "0" if "GRACE" in bound else "2"}), profiles(APP), 48) is not None


@pytest.mark.parametrize("value", ["FROM ROOT", "x;drop", '"Quoted"', ""])
def test_a_limit_that_no_statement_takes_is_refused(value: str) -> None:
    odd = Profile("APP", APP.limits | {"PASSWORD_VERIFY_FUNCTION": value})
    with pytest.raises(Terminal, match="PASSWORD_VERIFY_FUNCTION of profile APP is") as caught:
        plan_profile(account("APP"), profiles(odd), 24)
    assert caught.value.reason == "RolloverOff"


@pytest.mark.parametrize("source", ["X" * 119, "Mixed", "A B"])
def test_a_name_that_no_profile_can_have_is_refused(source: str) -> None:
    with pytest.raises(Terminal, match="has no plain name of at most 118 bytes"):
        own_profile(source)
    assert own_profile("X" * 118) == "ORACLEAPI_" + "X" * 118


def test_the_name_tells_what_a_profile_follows() -> None:
    assert [source_of(account(name)) for name in ("APP", "ORACLEAPI_APP", "ORACLEAPI_")] == ["APP", "APP", "ORACLEAPI_"]


@pytest.mark.parametrize(
    ("limits", "days"),
    [
        ({}, 0),
        ({ROLLOVER: "0"}, 0),
        ({ROLLOVER: "2"}, 2),
        ({ROLLOVER: "172800"}, 2),
        ({ROLLOVER: "2", "PASSWORD_LIFE_TIME": "1", "PASSWORD_GRACE_TIME": "7"}, 1),
        ({ROLLOVER: "2", "PASSWORD_LIFE_TIME": "UNLIMITED", "PASSWORD_GRACE_TIME": "0.5"}, 0.5),
        ({ROLLOVER: "2", "PASSWORD_LIFE_TIME": "UNLIMITED", "PASSWORD_GRACE_TIME": "0"}, 2),
        ({ROLLOVER: "UNLIMITED"}, 0),
    ],
)
def test_a_rollover_lasts_as_long_as_all_limits_let_it(limits: dict[str, str], days: float) -> None:
    assert rollover_days(limits) == days
