"""The queue: one worker a key, nothing lost, nothing twice, and no wait that an edit cannot cut short."""

import random
import threading

import pytest

from oracleapi.runtime.workqueue import BACKOFF_LIMIT_S, KeyedQueue
from support.fakes import FakeClock


class Pinned(random.Random):
    """Jitter at the upper end."""

    def uniform(self, a: float, b: float) -> float:
        return b


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> KeyedQueue[str]:
    return KeyedQueue(clock, Pinned())


def test_a_key_that_is_added_twice_runs_once(queue: KeyedQueue[str]) -> None:
    queue.add("a")
    queue.add("a")
    assert queue.depth() == 1
    assert queue.take(0) == "a"
    assert queue.take(0) is None


def test_keys_come_in_the_order_they_were_added(queue: KeyedQueue[str]) -> None:
    for key in "abc":
        queue.add(key)
    assert [queue.take(0) for _ in range(3)] == ["a", "b", "c"]


def test_a_key_that_runs_is_handed_to_no_second_worker(queue: KeyedQueue[str]) -> None:
    queue.add("a")
    assert queue.take(0) == "a"
    queue.add("a")
    assert queue.take(0) is None


def test_what_is_added_during_a_run_runs_again_once(queue: KeyedQueue[str]) -> None:
    queue.add("a")
    queue.take(0)
    queue.add("a")
    queue.add("a")
    queue.done("a")
    assert queue.take(0) == "a"
    queue.done("a")
    assert queue.take(0) is None


def test_a_delayed_key_waits_and_an_edit_cuts_the_delay(queue: KeyedQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 60)
    assert queue.take(0) is None
    queue.add("a")
    assert queue.take(0) == "a"
    queue.done("a")
    clock.advance(61)
    assert queue.take(0) is None


def test_a_delayed_key_comes_when_it_is_due(queue: KeyedQueue[str], clock: FakeClock) -> None:
    queue.add_after("b", 20)
    queue.add_after("a", 10)
    clock.advance(10)
    assert queue.take(0) == "a"
    assert queue.take(0) is None
    clock.advance(10)
    assert queue.take(0) == "b"


@pytest.mark.parametrize(("first", "second"), [(10, 20), (20, 10)])
def test_the_earlier_of_two_delays_counts(
    queue: KeyedQueue[str], clock: FakeClock, first: float, second: float
) -> None:
    queue.add_after("a", first)
    queue.add_after("a", second)
    clock.advance(10)
    assert queue.take(0) == "a"
    queue.done("a")
    clock.advance(10)
    assert queue.take(0) is None


def test_a_delay_asked_for_during_a_run_holds_after_it(queue: KeyedQueue[str], clock: FakeClock) -> None:
    queue.add("a")
    queue.take(0)
    queue.add_after("a", 5)
    queue.done("a")
    assert queue.take(0) is None
    clock.advance(5)
    assert queue.take(0) == "a"


def test_a_delay_that_ends_during_a_run_is_followed_by_another_one(queue: KeyedQueue[str], clock: FakeClock) -> None:
    queue.add("a")
    queue.take(0)
    queue.add_after("a", 5)
    clock.advance(6)
    assert queue.take(0) is None
    queue.done("a")
    assert queue.take(0) == "a"


def test_an_edit_during_a_run_beats_a_delay_asked_for_later_in_it(queue: KeyedQueue[str], clock: FakeClock) -> None:
    queue.add("a")
    queue.take(0)
    queue.add("a")
    queue.add_after("a", 300)
    queue.done("a")
    assert queue.take(0) == "a"


def test_backoff_doubles_up_to_its_limit(queue: KeyedQueue[str]) -> None:
    delays = [queue.retry("a") for _ in range(12)]
    assert delays[:5] == [1, 2, 4, 8, 16]
    assert delays[-1] == BACKOFF_LIMIT_S


def test_backoff_survives_failing_for_weeks(queue: KeyedQueue[str], clock: FakeClock) -> None:
    for _ in range(3000):
        assert 0 < queue.retry("a") <= BACKOFF_LIMIT_S
        clock.advance(BACKOFF_LIMIT_S)
        assert queue.take(0) == "a"
        queue.done("a")


def test_backoff_is_jittered_over_its_whole_range(clock: FakeClock) -> None:
    delays = []
    for seed in range(200):
        queue = KeyedQueue[str](clock, random.Random(seed))  # noqa: S311 - jitter
        queue.retry("a")
        delays.append(queue.retry("a"))
    assert all(0 <= delay <= 2 for delay in delays)
    assert min(delays) < 0.2
    assert max(delays) > 1.8


def test_success_and_edits_forget_backoff(queue: KeyedQueue[str]) -> None:
    for _ in range(5):
        queue.retry("a")
    queue.forget("a")
    assert queue.retry("a") == 1


def test_each_key_has_its_own_backoff(queue: KeyedQueue[str]) -> None:
    queue.retry("a")
    queue.retry("a")
    assert queue.retry("b") == 1


def test_failures_are_remembered_over_runs(queue: KeyedQueue[str], clock: FakeClock) -> None:
    assert queue.retry("a") == 1
    clock.advance(1)
    assert queue.take(0) == "a"
    assert queue.retry("a") == 2
    queue.done("a")


def test_a_key_that_rests_takes_no_memory(queue: KeyedQueue[str]) -> None:
    for number in range(100):
        queue.add(str(number))
        queue.done(queue.take(0) or "")
    assert queue._entries == {}


def test_depth_counts_what_could_run_now(queue: KeyedQueue[str], clock: FakeClock) -> None:
    queue.add("a")
    queue.add_after("b", 5)
    assert queue.depth() == 1
    clock.advance(5)
    assert queue.depth() == 2


def test_close_wakes_every_waiting_worker_and_hands_out_nothing_more(queue: KeyedQueue[str]) -> None:
    results: list[str | None] = []
    threads = [threading.Thread(target=lambda: results.append(queue.take())) for _ in range(3)]
    for thread in threads:
        thread.start()
    queue.close()
    for thread in threads:
        thread.join(10)
    assert results == [None] * 3
    queue.add("a")
    assert queue.take(0) is None


def test_an_add_wakes_a_waiting_worker(queue: KeyedQueue[str]) -> None:
    results: list[str | None] = []
    thread = threading.Thread(target=lambda: results.append(queue.take()))
    thread.start()
    queue.add("a")
    thread.join(10)
    assert results == ["a"]


def test_many_workers_never_share_a_key(queue: KeyedQueue[str]) -> None:
    running: set[str] = set()
    guard, seen, finished = threading.Lock(), [0], threading.Event()

    def work() -> None:
        while (key := queue.take()) is not None:
            with guard:
                assert key not in running
                running.add(key)
            queue.add(key)
            with guard:
                running.discard(key)
                seen[0] += 1
                if seen[0] >= 400:
                    finished.set()
            queue.done(key)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for key in "abc":
        queue.add(key)
    assert finished.wait(30)
    queue.close()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
