"""A breaker: opens on what concerns the whole backend, tries once at a time, keeps its text, and never locks out."""

import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

from oracleapi.errors import OperatorError, OutOfBudget, Retryable, Terminal
from oracleapi.runtime.breaker import TRIED_AGAIN, Breaker
from support.fakes import FakeClock

AWAY = Retryable("DatabaseUnreachable", "doing HR: the database does not answer (DPY-6005)")


class Backend:
    """A backend that fails with *fault*, and the breaker before it."""

    def __init__(self) -> None:
        self.clock, self.asked, self.told = FakeClock(), 0, list[bool]()
        self.fault: Exception | None = None
        self.breaker = Breaker(
            self.clock,
            lambda error: error.reason in ("DatabaseUnreachable", "LoginDenied"),
            self.told.append,
            lambda text: text.partition(": ")[2],
        )

    def ask(self) -> str:
        def answer() -> str:
            self.asked += 1
            if self.fault is not None:
                raise self.fault
            return "answer"

        return self.breaker.call(answer)

    def fails(self) -> Retryable:
        with pytest.raises(Retryable) as caught:
            self.ask()
        return caught.value


def opened(fault: Retryable = AWAY) -> Backend:
    backend = Backend()
    backend.fault = fault
    backend.fails()
    return backend


def test_after_a_failure_nobody_else_is_sent_and_all_read_the_same() -> None:
    backend = Backend()
    backend.fault = AWAY
    said = [str(backend.fails()) for _ in range(5)]
    assert backend.asked == 1
    assert set(said) == {f"DatabaseUnreachable: the database does not answer (DPY-6005){TRIED_AGAIN}"}
    assert backend.told == [True]


def test_it_rests_5_s_then_longer_up_to_a_minute_and_tries_once_each_time() -> None:
    backend = opened()
    rests = []
    for _ in range(6):
        rest = backend.fails().retry_after_s or 0
        rests.append(rest)
        backend.clock.advance(rest)
        backend.fails()
    assert rests == [5, 10, 20, 40, 60, 60]
    assert backend.asked == 7


def test_a_success_closes_it_and_forgets() -> None:
    backend = opened()
    backend.clock.advance(5)
    backend.fault = None
    assert backend.ask() == "answer"
    assert backend.told == [True, False]
    backend.fault = AWAY
    assert backend.fails().retry_after_s == 5


@pytest.mark.parametrize(
    "fault",
    [Terminal("OracleRefused", "x"), Retryable("OracleBusy", "x"), OutOfBudget("CallBudget", "x", 1.0), ValueError()],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_one_object_opens_nothing_and_blocks_no_trial(fault: Exception) -> None:
    backend = Backend()
    backend.fault = fault
    for _ in range(3):
        with pytest.raises(type(fault)):
            backend.ask()
    assert backend.asked == 3
    backend.fault = AWAY
    backend.fails()
    backend.clock.advance(5)
    backend.fault = fault
    for _ in range(2):
        with pytest.raises(type(fault)):
            backend.ask()
    assert backend.asked == 6


def test_a_rest_that_the_other_side_names_is_kept() -> None:
    backend = opened(Retryable("LoginDenied", "x: ORA-01017", 120.0))
    backend.clock.advance(119)
    backend.fails()
    assert backend.asked == 1
    backend.clock.advance(1)
    backend.fails()
    assert backend.asked == 2


def test_another_text_of_the_same_reason_changes_nothing_and_another_reason_does() -> None:
    backend = opened()
    before = backend.fails().message
    backend.fault = Retryable("DatabaseUnreachable", "other: ORA-12541")
    backend.clock.advance(5)
    assert backend.fails().message == before
    backend.fault = Retryable("LoginDenied", "other: ORA-01017")
    backend.clock.advance(10)
    assert backend.fails().reason == "LoginDenied"
    assert "ORA-01017" in backend.fails().message


def test_an_edit_lets_one_call_through_at_once() -> None:
    backend = opened()
    backend.breaker.allow_trial()
    backend.fails()
    backend.fails()
    assert backend.asked == 2


def test_while_a_trial_is_on_its_way_others_are_refused() -> None:
    backend = opened()
    backend.clock.advance(5)
    started, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        assert go_on.wait(30)
        return "answer"

    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(backend.breaker.call(slow)))
    thread.start()
    assert started.wait(30)
    backend.fails()
    assert backend.asked == 1
    go_on.set()
    thread.join(30)
    assert answers == ["answer"]
    backend.fault = None
    assert backend.ask() == "answer"


def test_a_process_that_ends_in_a_trial_leaves_the_next_one_open() -> None:
    backend = opened()
    backend.clock.advance(5)

    def end() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backend.breaker.call(end)
    backend.fault = None
    assert backend.ask() == "answer"


def test_the_error_keeps_its_cause() -> None:
    backend = Backend()
    backend.fault = AWAY
    assert _raised(backend.ask).__cause__ is AWAY


def _raised(function: Callable[[], object]) -> OperatorError:
    with pytest.raises(OperatorError) as caught:
        function()
    return caught.value
