"""The call budget: never overdrawn, whoever pays; reserved for a pass, given back, paused where AWS asks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.errors import OutOfBudget
from oracleapi.runtime.admission import PLACES, Admission, Touches
from oracleapi.runtime.budget import DRY, Account, Budgets, Need, Reservation, Wait, charged
from oracleapi.runtime.lanes import Lane
from oracleapi.runtime.metrics import Metrics
from oracleapi.runtime.store import Key
from support.fakes import FakeClock

ONE, TWO, THREE = (Key("OracleApi", "hr", name) for name in ("one", "two", "three"))


def account(clock: FakeClock, rate: float = 5, burst: float = 20) -> Account:
    found = Account("aws/1/eu-west-1", clock, Metrics(), {"CreateVpcLink": 15.0}, "CallBudget")
    found.configure(rate, burst, DRY)
    return found


def reserved(found: Reservation | Wait) -> Reservation:
    assert isinstance(found, Reservation)
    return found


def test_calls_are_paid_until_the_bucket_is_dry_and_the_error_says_when_it_is_not() -> None:
    clock = FakeClock()
    budget = account(clock)
    for _ in range(20):
        budget.spend("GetApis")
    with pytest.raises(OutOfBudget) as dry:
        budget.spend("GetApis")
    assert dry.value.retry_after_s == pytest.approx(0.2)
    assert dry.value.message == DRY
    clock.advance(0.2)
    budget.spend("GetApis")


def test_a_reservation_is_paid_from_first_and_the_rest_goes_back() -> None:
    budget = account(FakeClock())
    mine = reserved(budget.reserve(Need(15), routine=False))
    assert budget.free() == 5
    with charged(mine):
        budget.spend("CreateApi")
        budget.spend("ReimportApi")
    assert (budget.free(), mine.used, mine.left) == (5, 2, 13)
    budget.give_back(mine)
    assert budget.free() == 18


def test_who_lacks_tokens_waits_as_long_as_they_take_to_come() -> None:
    clock = FakeClock()
    budget = account(clock)
    reserved(budget.reserve(Need(18), routine=False))
    found = budget.reserve(Need(5), routine=False)
    assert isinstance(found, Wait)
    assert (found.seconds, found.claims) == (pytest.approx(0.6), True)


def test_a_need_above_the_burst_is_given_the_burst() -> None:
    assert reserved(account(FakeClock()).reserve(Need(100), routine=False)).left == 20
    assert reserved(account(FakeClock()).reserve(Need(100), routine=True)).left == 10


def test_routine_gets_half_and_leaves_the_other_half_to_edits() -> None:
    budget = account(FakeClock())
    reserved(budget.reserve(Need(10), routine=True))
    found = budget.reserve(Need(1), routine=True)
    assert isinstance(found, Wait)
    assert not found.claims
    assert reserved(budget.reserve(Need(10), routine=False)).left == 10


def test_a_slow_operation_has_its_turn_once_in_its_time() -> None:
    clock = FakeClock()
    budget = account(clock)
    budget.spend("CreateVpcLink")
    mine = reserved(budget.reserve(Need(2), routine=False))
    with charged(mine), pytest.raises(OutOfBudget, match="one CreateVpcLink in 15 s"):
        budget.spend("CreateVpcLink")
    assert mine.lacked == Need(0, "CreateVpcLink")
    found = budget.reserve(Need(1, "CreateVpcLink"), routine=False)
    assert isinstance(found, Wait)
    assert (found.seconds, found.claims) == (15, False)
    clock.advance(15)
    with charged(reserved(budget.reserve(Need(1, "CreateVpcLink"), routine=False))):
        budget.spend("CreateVpcLink")


def test_after_a_429_nothing_is_sent_for_as_long_as_aws_asks() -> None:
    clock = FakeClock()
    budget = account(clock)
    budget.answered(200, 9.0)
    budget.spend("GetApis")
    budget.answered(429, 7.0)
    with pytest.raises(OutOfBudget) as dry:
        budget.spend("GetApis")
    assert dry.value.retry_after_s == 7
    assert isinstance(budget.reserve(Need(1), routine=False), Wait)
    clock.advance(7)
    budget.spend("GetApis")
    assert budget.metrics.registry.get_sample_value("oracleapi_aws_throttled_total", {"account": budget.name}) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["spend", "reserve", "routine", "pay", "back", "wait", "resize"]),
        st.integers(1, 15),
    ),
    max_size=80,
)


@given(STEPS, st.sampled_from([(5, 20), (10, 40), (1, 10)]))
def test_no_window_ever_sees_more_calls_than_the_bucket_allows(
    steps: list[tuple[str, int]], share: tuple[int, int]
) -> None:
    clock = FakeClock()
    budget = account(clock, *share)
    held: list[Reservation] = []
    sent: list[float] = []
    for step, number in steps:
        match step:
            case "spend":
                _try(budget, sent, clock)
            case "reserve" | "routine":
                found = budget.reserve(Need(number), routine=step == "routine")
                held += [found] if isinstance(found, Reservation) else []
            case "pay" if held:
                with charged(held[number % len(held)]):
                    for _ in range(number):
                        _try(budget, sent, clock)
            case "back" if held:
                budget.give_back(held.pop(number % len(held)))
            case "wait":
                clock.advance(number / 4)
    for start in sent:
        for end in sent:
            if end >= start:
                count = sum(start <= time <= end for time in sent)
                assert count <= share[1] + share[0] * (end - start) + 1e-6


def _try(budget: Account, sent: list[float], clock: FakeClock) -> None:
    try:
        budget.spend("GetApis")
    except OutOfBudget:
        return
    sent.append(clock.time)


class Hall:
    """An admission over one account and two databases."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        metrics = Metrics()
        self.budgets = Budgets(self.clock, metrics, {}, "CallBudget")
        self.touches = dict.fromkeys((ONE, TWO, THREE), Touches(("aws/1", "oracle/a"), "aws/1", 5))
        self.admission = Admission(lambda key: self.touches[key], self.budgets)

    def enter(self, key: Key, lane: Lane = Lane.EDITED, polls: bool = False, held: set[str] | None = None) -> float:
        return self.admission.enter(key, lane, polls, set() if held is None else held)

    def spend(self, key: Key, count: int) -> None:
        with self.admission.running(key):
            for _ in range(count):
                self.budgets.account("aws/1").spend("GetApis")


def test_a_backend_has_two_places() -> None:
    hall = Hall()
    assert PLACES == 2
    assert [hall.enter(key) for key in (ONE, TWO, THREE)] == [0, 0, math.inf]
    hall.touches[THREE] = Touches(("oracle/b",))
    assert hall.enter(THREE) == 0
    hall.admission.leave(THREE)
    hall.touches[THREE] = Touches(("oracle/a",))
    hall.admission.leave(ONE)
    assert hall.enter(THREE) == 0


def test_a_pass_is_given_what_it_needed_last_time() -> None:
    hall = Hall()
    assert hall.enter(ONE) == 0
    hall.spend(ONE, 12)
    hall.admission.leave(ONE)
    assert hall.enter(ONE) > 0
    hall.clock.advance(0.8)
    assert hall.enter(ONE) == pytest.approx(0, abs=1e-6)
    assert hall.budgets.account("aws/1").free() == pytest.approx(0, abs=1e-6)


def test_a_poll_that_called_nothing_needs_no_tokens() -> None:
    hall = Hall()
    hall.enter(ONE)
    hall.spend(ONE, 20)
    assert hall.enter(TWO, polls=True) == 0
    assert hall.enter(THREE) == math.inf


def test_what_ran_dry_is_given_more_next_time() -> None:
    hall = Hall()
    hall.enter(ONE)
    with pytest.raises(OutOfBudget):
        hall.spend(ONE, 21)
    hall.admission.leave(ONE)
    wait = hall.enter(ONE)
    assert wait == pytest.approx(4)
    hall.clock.advance(4)
    assert hall.enter(ONE) == 0


def test_who_waits_for_tokens_is_not_overtaken_by_smaller_needs() -> None:
    hall = Hall()
    hall.spend(THREE, 17)
    held: set[str] = set()
    assert hall.enter(ONE, held=held) == pytest.approx(0.4)
    hall.touches[TWO] = Touches(("aws/1",), "aws/1", 1)
    assert hall.enter(TWO, held=held) == math.inf
    assert hall.enter(TWO) == 0


def test_the_cycle_of_routine_checks_follows_from_what_they_need() -> None:
    hall = Hall()
    for key in (ONE, TWO):
        hall.enter(key)
        hall.spend(key, 5)
        hall.admission.leave(key)
    assert hall.admission.cycle_s("aws/1") == 10 / 2.5
    hall.admission.forget(TWO)
    assert hall.admission.cycle_s("aws/1") == 5 / 2.5
