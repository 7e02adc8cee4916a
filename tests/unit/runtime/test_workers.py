"""Workers: a failing pass backs off, a fault of ours kills no thread, stopping lets passes end."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from oracleapi.errors import DependencyNotReady, OutOfBudget, Retryable, Terminal
from oracleapi.runtime.metrics import Metrics
from oracleapi.runtime.store import Key
from oracleapi.runtime.workers import Workers
from oracleapi.runtime.workqueue import KeyedQueue
from support.fakes import FakeClock
from support.small_world import Latest

KEY, OTHER = Key("OracleApi", "hr", "one"), Key("VpcLink", None, "private")


class Bench:
    """Workers over a function that a test sets, and a condition to wait for."""

    def __init__(self, count: int = 1) -> None:
        self.clock, self.metrics = FakeClock(), Metrics()
        self.queue = KeyedQueue[Key](self.clock, Latest(), metrics=self.metrics.queue)
        self.ran: list[Key] = []
        self.answer: Callable[[Key], float | None] = lambda _: 300.0
        self._ended = threading.Condition()
        self._ended_passes = Counter[Key]()
        done = self.queue.done

        def counted(key: Key) -> None:
            done(key)
            with self._ended:
                self._ended_passes[key] += 1
                self._ended.notify_all()

        self.queue.done = counted  # type: ignore[method-assign]
        self.workers = Workers(self.queue, self._work, self.metrics, self.clock, count)
        self.workers.start()

    def _work(self, key: Key) -> float | None:
        self.ran.append(key)
        return self.answer(key)

    def run(self, *keys: Key) -> None:
        """Add *keys* and wait until a pass of each has ended."""
        with self._ended:
            wanted = self._ended_passes + Counter(keys)
        for key in keys:
            self.queue.add(key)
        with self._ended:
            assert self._ended.wait_for(lambda: self._ended_passes >= wanted, 30)

    def count(self, metric: str, /, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.queue.close()


def test_a_pass_that_names_a_time_comes_again_then(bench: Bench) -> None:
    bench.answer = lambda _: 60.0
    bench.run(KEY)
    bench.clock.advance(59)
    assert bench.queue.depth() == 0
    bench.clock.advance(1)
    assert bench.queue.depth() == 1
    assert bench.count("controller_runtime_reconcile_total", controller="OracleApi", result="requeue_after") == 1


def test_a_pass_of_an_object_that_is_gone_is_not_repeated(bench: Bench) -> None:
    bench.answer = lambda _: None
    bench.run(KEY)
    bench.clock.advance(1e6)
    assert bench.queue.depth() == 0
    assert bench.count("controller_runtime_reconcile_total", controller="OracleApi", result="success") == 1


@pytest.mark.parametrize(
    "fault",
    [
        Retryable("AwsUnavailable", "x"),
        Terminal("InvalidSpec", "x"),
        DependencyNotReady("LinkPending", "x"),
        ValueError("x"),
        AssertionError("x"),
        OverflowError("x"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_failing_pass_backs_off_and_the_worker_lives(bench: Bench, fault: Exception) -> None:
    def fail(_: Key) -> float | None:
        raise fault

    bench.answer = fail
    bench.run(KEY)
    assert bench.queue.depth() == 0
    assert bench.queue.next_s() == pytest.approx(1.0)
    assert bench.workers.alive()
    assert bench.count("controller_runtime_reconcile_errors_total", controller="OracleApi") == 1
    bench.answer = lambda _: None
    bench.run(OTHER)
    assert bench.ran == [KEY, OTHER]


def test_backoff_grows_over_failing_passes_and_success_forgets_it(bench: Bench) -> None:
    def fail(_: Key) -> float | None:
        raise Retryable("AwsUnavailable", "x")

    bench.answer = fail
    for _ in range(6):
        bench.run(KEY)
    bench.clock.advance(15)
    assert bench.queue.depth() == 0
    bench.answer = lambda _: 300.0
    bench.run(KEY)
    bench.answer = fail
    bench.run(KEY)
    bench.clock.advance(1)
    assert bench.queue.depth() == 1


def test_stopping_waits_for_the_pass_in_flight_and_starts_no_other() -> None:
    bench = Bench()
    started, go_on = threading.Event(), threading.Event()

    def slow(_: Key) -> float | None:
        started.set()
        assert go_on.wait(30)
        return None

    bench.answer = slow
    bench.queue.add(KEY)
    assert started.wait(30)
    bench.queue.add(OTHER)
    stopper = threading.Thread(target=bench.workers.stop, args=(30.0,))
    stopper.start()
    go_on.set()
    stopper.join(30)
    assert bench.ran == [KEY]
    assert not bench.workers.alive()


def test_a_pass_that_hangs_holds_up_no_other_key() -> None:
    bench = Bench(count=2)
    go_on = threading.Event()

    def work(key: Key) -> float | None:
        assert key != KEY or go_on.wait(30)
        return None

    bench.answer = work
    bench.queue.add(KEY)
    bench.run(OTHER)
    assert OTHER in bench.ran
    go_on.set()
    bench.queue.close()


def test_a_pass_without_tokens_comes_again_in_its_place_and_is_no_failure(bench: Bench) -> None:
    def dry(_: Key) -> float | None:
        raise OutOfBudget("CallBudget", "x", 3.0)

    tries = iter([dry, lambda _: None])
    bench.answer = lambda key: next(tries)(key)
    bench.run(KEY, KEY)
    assert bench.ran == [KEY, KEY]
    assert bench.count("controller_runtime_reconcile_errors_total", controller="OracleApi") == 0
    assert bench.count("workqueue_retries_total", name="OracleApi") == 0


def test_what_runs_is_told_with_its_age() -> None:
    bench = Bench()
    started, go_on = threading.Event(), threading.Event()

    def slow(_: Key) -> float | None:
        started.set()
        assert go_on.wait(30)
        return None

    bench.answer = slow
    bench.queue.add(KEY)
    assert started.wait(30)
    bench.clock.advance(40)
    assert bench.workers.longest_s() == 40
    assert bench.count("workqueue_longest_running_processor_seconds", name="OracleApi") == 40
    assert bench.count("workqueue_unfinished_work_seconds", name="OracleApi") == 40
    assert bench.count("controller_runtime_active_workers", controller="OracleApi") == 1
    go_on.set()
    bench.workers.stop(30)
    assert bench.workers.longest_s() == 0


def test_the_queue_is_counted_by_kind(bench: Bench) -> None:
    bench.answer = lambda _: 5.0
    bench.run(KEY)
    assert bench.count("workqueue_adds_total", name="OracleApi") == 1
    assert bench.count("workqueue_depth", name="OracleApi") == 0
    bench.clock.advance(5)
    bench.queue.depth()
    bench.run(OTHER)
    assert bench.count("workqueue_work_duration_seconds_count", name="VpcLink") == 1
    assert bench.count("workqueue_queue_duration_seconds_count", name="VpcLink") == 1
