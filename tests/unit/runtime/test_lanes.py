"""Lanes: edits first, tenants in turn, nobody for ever behind others; and what a gate holds back keeps its place."""

import math
import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from oracleapi.runtime.lanes import PATIENCE, Lane
from oracleapi.runtime.workqueue import LANE_KEPT_S, ROUTINE_FROM_S, KeyedQueue
from support.fakes import FakeClock

EDITED, WOKEN, ROUTINE = Lane


class Places:
    """A gate with places for each first letter, and keys that it does not let in at all."""

    def __init__(self, places: int = 99) -> None:
        self.places, self.inside, self.shut = places, Counter[str](), set[str]()

    def enter(self, key: str, lane: Lane, polls: bool, held: set[str]) -> float:
        if self.inside[key[0]] >= self.places or key in self.shut:
            return math.inf
        self.inside[key[0]] += 1
        return 0.0

    def leave(self, key: str) -> None:
        self.inside[key[0]] -= 1


def fair(gate: Places | None = None) -> KeyedQueue[str]:
    """Return a queue whose tenants are first letters."""
    return KeyedQueue(FakeClock(), random.Random(0), gate or Places(), lambda key: key[0])  # noqa: S311 - jitter


def drain(queue: KeyedQueue[str], count: int = 1000) -> list[str]:
    """Take and end up to *count* keys."""
    found: list[str] = []
    while len(found) < count and (key := queue.take(0)) is not None:
        found.append(key)
        queue.done(key)
    return found


def test_an_edit_comes_before_what_a_dependency_woke_and_that_before_routine() -> None:
    queue = fair()
    queue.add("a1", ROUTINE)
    queue.add("a2", WOKEN)
    queue.add("a3", EDITED)
    assert drain(queue) == ["a3", "a2", "a1"]


def test_tenants_of_a_lane_take_turns() -> None:
    queue = fair()
    for key in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.add(key, EDITED)
    assert drain(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_a_waiting_key_moves_to_a_better_lane_and_never_to_a_worse_one() -> None:
    queue = fair()
    queue.add("a1", WOKEN)
    queue.add("a2", ROUTINE)
    queue.add("a2", EDITED)
    queue.add("a2", ROUTINE)
    assert queue.waiting() == [("a2", EDITED), ("a1", WOKEN)]
    assert drain(queue) == ["a2", "a1"]


def test_routine_gets_one_in_ten_however_many_edits_come() -> None:
    queue = fair()
    queue.add("r1", ROUTINE)
    found = []
    for number in range(30):
        queue.add(f"e{number}", EDITED)
        queue.add(f"f{number}", EDITED)
        found += drain(queue, 1)
    assert found.index("r1") == PATIENCE


def test_what_an_edit_asks_for_soon_stays_an_edit_and_a_routine_check_is_none() -> None:
    queue = fair()
    queue.add("a", EDITED)
    key = queue.take(0)
    assert key == "a"
    queue.add_after("a", 5)
    queue.done("a")
    queue.clock.advance(5)
    assert queue.waiting() == [("a", EDITED)]
    queue.take(0)
    queue.add_after("a", ROUTINE_FROM_S)
    queue.done("a")
    queue.clock.advance(ROUTINE_FROM_S)
    assert queue.waiting() == [("a", ROUTINE)]


def test_an_object_that_never_gets_well_becomes_routine() -> None:
    queue = fair()
    queue.add("a", EDITED)
    for _ in range(int(LANE_KEPT_S / 5) + 1):
        queue.take(0)
        queue.add_after("a", 5)
        queue.done("a")
        queue.clock.advance(5)
    assert queue.waiting() == [("a", ROUTINE)]


def test_a_failed_edit_is_retried_as_an_edit() -> None:
    queue = fair()
    queue.add("a", EDITED)
    queue.take(0)
    queue.retry("a")
    queue.done("a")
    queue.clock.advance(1)
    assert queue.waiting() == [("a", EDITED)]


def test_a_key_that_may_not_run_lets_others_pass_and_comes_when_it_may() -> None:
    gate = Places(places=1)
    queue = fair(gate)
    for key in ("a1", "a2", "b1"):
        queue.add(key, EDITED)
    assert [queue.take(0), queue.take(0), queue.take(0)] == ["a1", "b1", None]
    queue.done("a1")
    assert queue.take(0) == "a2"


def test_a_key_that_was_put_back_comes_first() -> None:
    queue = fair()
    for key in ("a1", "a2", "b1"):
        queue.add(key, EDITED)
    assert queue.take(0) == "a1"
    queue.put_back("a1")
    queue.done("a1")
    assert drain(queue) == ["a1", "b1", "a2"]


KEYS = st.sampled_from(["a1", "a2", "b1", "b2", "c1"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "after", "retry", "take", "done", "back", "wait"]), KEYS, st.sampled_from(Lane)),
    max_size=60,
)


@given(STEPS)
def test_no_key_is_lost_or_runs_twice_at_once_whatever_happens(steps: list[tuple[str, str, Lane]]) -> None:
    queue = fair(Places(places=2))
    asked, running = set[str](), set[str]()
    for step, key, lane in steps:
        match step:
            case "add":
                queue.add(key, lane)
                asked.add(key)
            case "after":
                queue.add_after(key, 5)
                asked.add(key)
            case "retry" if key in running:
                queue.retry(key)
                asked.add(key)
            case "take":
                taken = queue.take(0)
                if taken is not None:
                    assert taken not in running
                    assert len([other for other in running if other[0] == taken[0]]) < 2
                    running.add(taken)
                    asked.discard(taken)
            case "done" if key in running:
                running.discard(key)
                queue.done(key)
            case "back" if key in running:
                queue.put_back(key)
                asked.add(key)
            case "wait":
                queue.clock.advance(3)
    for key in running:
        queue.done(key)
    queue.clock.advance(1000)
    assert set(drain(queue)) == asked


@given(st.lists(st.tuples(KEYS, st.sampled_from(Lane)), min_size=1, max_size=30))
def test_with_others_coming_all_the_time_every_key_comes_within_its_bound(adds: list[tuple[str, Lane]]) -> None:
    queue = fair()
    for key, lane in adds:
        queue.add(key, lane)
    waiting = {key for key, _ in adds}
    bound = (PATIENCE + 1) * len(Lane) * (len(waiting) + 2)
    for number in range(bound):
        queue.add(f"x{number}", EDITED)
        queue.add(f"y{number}", EDITED)
        waiting.discard(drain(queue, 1)[0])
    assert waiting == set()
