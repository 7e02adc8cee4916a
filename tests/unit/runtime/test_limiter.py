"""Events: the same reason once in ten minutes, and no more than a burst and a trickle for one object."""

from oracleapi.runtime.limiter import BURST, EventLimiter
from support.fakes import FakeClock


def test_the_same_reason_comes_once_in_ten_minutes_for_each_object() -> None:
    clock = FakeClock()
    limiter = EventLimiter(clock)
    assert [limiter.allows("a", "Drift", "words") for _ in range(3)] == [True, False, False]
    assert limiter.allows("b", "Drift", "words")
    assert limiter.allows("a", "Other", "words")
    clock.advance(599)
    assert not limiter.allows("a", "Drift", "words")
    clock.advance(1)
    assert limiter.allows("a", "Drift", "words")


def test_a_flood_of_reasons_is_a_burst_and_then_one_in_five_minutes() -> None:
    clock = FakeClock()
    limiter = EventLimiter(clock)
    assert sum(limiter.allows("a", f"Reason{n}", "words") for n in range(100)) == BURST
    clock.advance(300)
    assert [limiter.allows("a", f"Later{n}", "words") for n in range(2)] == [True, False]


def test_an_object_that_is_gone_is_forgotten() -> None:
    limiter = EventLimiter(FakeClock())
    assert limiter.allows("a", "Drift", "words")
    limiter.forget("a")
    assert limiter.allows("a", "Drift", "words")


def test_other_words_are_told() -> None:
    limiter = EventLimiter(FakeClock())
    assert [limiter.allows("a", "Drift", f"field {n}") for n in (1, 2, 1)] == [True, True, False]
