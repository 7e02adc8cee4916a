"""Which strategy a rotation takes, and what its account and the twin must not own."""

import pytest

from oracleapi.desired.rotation import Choice, check_owns_nothing, check_twin_owns_nothing, choose_strategy
from oracleapi.errors import Terminal
from oracleapi.model.account import ObservedAccount

ROLLOVER = "PASSWORD_ROLLOVER_TIME"
CURE = (
    "give it a profile of its own with a limit between 1/24 and 60 days, and leave DEFAULT alone: CREATE PROFILE"
    " HR_APP_ROTATED LIMIT PASSWORD_ROLLOVER_TIME 1; ALTER USER HR_APP PROFILE HR_APP_ROTATED (add"
)
SINGLE = "; or choose Single, with which the old password fails at once; or let"


def account(limit: str | None, *owned: str, name: str = "HR_APP") -> ObservedAccount:
    """Return an account whose profile has *limit*, ``None`` where the database does not know it."""
    return ObservedAccount(name, profile="APP", limits={} if limit is None else {ROLLOVER: limit}, owned=owned)


@pytest.mark.parametrize("limit", ["0", "2", None])
@pytest.mark.parametrize("owned", [(), ("TABLE PAY",)])
def test_single_is_taken_from_whoever_asks_for_it(limit: str | None, owned: tuple[str, ...]) -> None:
    found = choose_strategy("Single", account(limit, *owned), hours=24)
    assert found.strategy == "Single"
    assert found.detail.startswith("asked for; between the database's change and the secret's")


@pytest.mark.parametrize("limit", ["0", "2", None])
def test_two_accounts_are_taken_where_asked_for_whatever_the_profile_has(limit: str | None) -> None:
    assert choose_strategy("DualUser", account(limit), hours=24) == Choice("DualUser", "asked for")


@pytest.mark.parametrize("asked", ["Auto", "Rollover"])
@pytest.mark.parametrize("hours", [24, None])
@pytest.mark.parametrize("owned", [(), ("TABLE PAY",)])
def test_a_profile_that_keeps_the_old_password_is_made_use_of(
    asked: str, hours: int | None, owned: tuple[str, ...]
) -> None:
    found = choose_strategy(asked, account("2", *owned), hours)  # type: ignore[arg-type]
    assert found == Choice("Rollover", "profile APP has PASSWORD_ROLLOVER_TIME 2")


@pytest.mark.parametrize("asked", ["Auto", "Rollover"])
@pytest.mark.parametrize("owned", [(), ("TABLE PAY",)])
def test_so_is_one_that_the_account_gets_before_its_next_rotation(asked: str, owned: tuple[str, ...]) -> None:
    found = choose_strategy(asked, account("0", *owned), hours=24)  # type: ignore[arg-type]
    assert found == Choice(
        "Rollover",
        "profile APP has PASSWORD_ROLLOVER_TIME 0; the next rotation gives the account profile ORACLEAPI_APP with 24"
        " hours",
    )


@pytest.mark.parametrize(("limit", "hours"), [("0", None), (None, None), (None, 24)])
def test_without_one_auto_takes_two_accounts(limit: str | None, hours: int | None) -> None:
    """A database that does not know rollovers is not asked for one."""
    found = choose_strategy("Auto", account(limit), hours)
    assert found == Choice("DualUser", "profile APP has PASSWORD_ROLLOVER_TIME 0, so no old password outlives a change")


def refused(asked: str, limit: str | None, *owned: str, hours: int | None = None, name: str = "HR_APP") -> Terminal:
    with pytest.raises(Terminal) as caught:
        choose_strategy(asked, account(limit, *owned, name=name), hours)  # type: ignore[arg-type]
    return caught.value


def test_a_rollover_that_the_profile_does_not_allow_is_refused_with_the_statements_that_allow_it() -> None:
    error = refused("Rollover", "0")
    assert error.reason == "RolloverOff"
    assert f"profile APP of account HR_APP has PASSWORD_ROLLOVER_TIME 0; {CURE}" in str(error)


def test_the_profile_in_those_statements_has_a_name_that_oracle_takes() -> None:
    says = str(refused("Rollover", "0", name="A" * 128))
    assert f"CREATE PROFILE {'A' * 117}_ROTATED LIMIT" in says
    assert f"ALTER USER {'A' * 128} PROFILE {'A' * 117}_ROTATED (" in says


@pytest.mark.parametrize("hours", [24, None])
def test_a_rollover_that_the_database_does_not_know_is_refused_without_statements(hours: int | None) -> None:
    error = refused("Rollover", None, hours=hours)
    assert error.reason == "RolloverOff"
    assert "HR_APP has PASSWORD_ROLLOVER_TIME 0; its database does not know PASSWORD_ROLLOVER_TIME, as" in str(error)
    assert "CREATE PROFILE" not in str(error)


def test_an_owner_that_is_to_take_turns_is_told_that_its_profile_allows_a_rollover() -> None:
    error = refused("DualUser", "2", "TABLE PAY")
    assert error.reason == "OwnsObjects"
    assert str(error).startswith("OwnsObjects: spec.strategy: account HR_APP owns TABLE PAY, which")
    assert f"would not find; choose Rollover, which its profile allows{SINGLE}" in str(error)


def test_or_how_to_get_one_that_does() -> None:
    assert f"would not find; choose Rollover and {CURE}" in str(refused("DualUser", "0", "TABLE PAY"))


def test_an_owner_finds_no_strategy_in_auto_and_is_not_told_to_choose_what_auto_would_have_chosen() -> None:
    error = refused("Auto", "0", "TABLE PAY")
    assert error.reason == "OwnsObjects"
    assert str(error).startswith(
        "OwnsObjects: spec.strategy: Auto finds no strategy: account HR_APP owns TABLE PAY, which"
    )
    assert f"would not find, and its profile APP has PASSWORD_ROLLOVER_TIME 0; {CURE}" in str(error)
    assert SINGLE in str(error)


def test_in_auto_a_database_without_rollovers_counts_as_one_with_none() -> None:
    says = str(refused("Auto", None, "TABLE PAY", hours=24))
    assert "its profile APP has PASSWORD_ROLLOVER_TIME 0; its database does not know" in says


@pytest.mark.parametrize(
    ("owned", "told"),
    [
        (("TABLE A", "VIEW B", "TYPE C"), "owns TABLE A, VIEW B, TYPE C, which"),
        (("TABLE A", "VIEW B", "TYPE C", "TABLE D"), "owns TABLE A, VIEW B, TYPE C and others, which"),
    ],
)
def test_three_of_what_is_owned_are_told(owned: tuple[str, ...], told: str) -> None:
    assert told in str(refused("DualUser", "0", *owned))


@pytest.mark.parametrize("asked", ["Auto", "DualUser"])
@pytest.mark.parametrize("limit", ["0", "2"])
def test_who_owns_nothing_may_take_turns(asked: str, limit: str) -> None:
    check_owns_nothing(asked, account(limit))  # type: ignore[arg-type]
    check_twin_owns_nothing(account(limit, name="HR_APP_CLONE"), "HR_APP")


def test_a_twin_that_owns_something_is_refused() -> None:
    with pytest.raises(Terminal, match="HR_APP_CLONE, which takes turns with HR_APP, owns TABLE PAY, which") as caught:
        check_twin_owns_nothing(account("2", "TABLE PAY", name="HR_APP_CLONE"), "HR_APP")
    assert caught.value.reason == "OwnsObjects"
