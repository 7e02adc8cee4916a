"""The lease: one leads, the others wait, and nobody believes the clock of another machine."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.errors import Retryable
from oracleapi.runtime.lease import NOBODY, Lease, Record, Timing
from support.fakes import FakeClock


class FakeLeaseApi:
    """A Lease in an API server that may be away, or lose its answers."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.away = False
        self.loses_answers = False
        self.before_write: Callable[[], None] = lambda: None
        self._version = 0

    def read(self) -> Record | None:
        self._reach()
        return self.record

    def create(self, record: Record) -> Record:
        self._reach()
        self.before_write()
        if self.record is not None:
            raise Retryable("Conflict", "the API server answered 409: already exists")
        return self._store(record)

    def update(self, record: Record) -> Record:
        self._reach()
        self.before_write()
        if self.record is None or self.record.version != record.version:
            raise Retryable("Conflict", "the API server answered 409: the object has been modified")
        return self._store(record)

    def edit(self, **fields: object) -> None:
        """Write as somebody else does."""
        assert self.record is not None
        self._store(replace(self.record, **fields))  # type: ignore[arg-type]

    def _reach(self) -> None:
        if self.away:
            raise Retryable("DependencyNotReady", "no answer")

    def _store(self, record: Record) -> Record:
        self._version += 1
        self.record = replace(record, version=str(self._version))
        if self.loses_answers:
            raise Retryable("DependencyNotReady", "no answer")
        return self.record


class SkewedClock(FakeClock):
    """A machine whose wall clock is wrong by a constant; its monotonic clock began somewhere else."""

    def __init__(self, true: FakeClock, skew: float) -> None:
        super().__init__()
        self._true, self._skew = true, skew

    def now(self) -> float:
        return self._true.time + self._skew

    def monotonic(self) -> float:
        return self._true.time - self._skew


class World:
    """Two candidates at one API server, on a clock that tests drive."""

    def __init__(self, skew: float = 0.0) -> None:
        self.api, self.clock = FakeLeaseApi(), FakeClock()
        self.one = Lease(self.api, "one", Timing(), SkewedClock(self.clock, 0.0))
        self.two = Lease(self.api, "two", Timing(), SkewedClock(self.clock, skew))

    def run(self, seconds: float, *candidates: Lease) -> None:
        """Let *candidates* try every two seconds for *seconds*."""
        for _ in range(int(seconds / 2)):
            self.clock.advance(2)
            for candidate in candidates:
                candidate.attempt()

    @property
    def record(self) -> Record:
        assert self.api.record is not None
        return self.api.record


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_candidate_makes_the_lease_and_leads(world: World) -> None:
    assert world.one.attempt()
    assert world.one.leads
    assert world.record == Record(
        "one", 15, "1970-01-12T13:46:40.000000Z", "1970-01-12T13:46:40.000000Z", 0, version="1"
    )


def test_a_renewal_moves_the_renew_time_and_nothing_else(world: World) -> None:
    world.one.attempt()
    made = world.record
    world.run(2, world.one)
    assert world.record == replace(made, renewed="1970-01-12T13:46:42.000000Z", version="2")


def test_who_stands_by_never_takes_a_lease_that_is_renewed(world: World) -> None:
    world.one.attempt()
    world.run(300, world.one, world.two)
    assert (world.one.leads, world.two.leads, world.record.transitions) == (True, False, 0)


def test_the_lease_of_a_dead_leader_is_taken_once_it_was_not_seen_to_change_for_its_duration(world: World) -> None:
    world.one.attempt()
    world.two.attempt()
    world.run(14, world.two)
    assert not world.two.leads
    world.run(2, world.two)
    assert world.two.leads
    assert (world.record.holder, world.record.transitions) == ("two", 1)


def test_a_candidate_that_comes_to_an_old_lease_watches_it_first(world: World) -> None:
    world.one.attempt()
    world.clock.advance(3600)
    assert not world.two.attempt(), "it never saw that nobody renews"
    world.run(16, world.two)
    assert world.two.leads


@pytest.mark.parametrize("skew", [-3600.0, -20.0, 20.0, 3600.0])
def test_clocks_that_differ_change_nothing(skew: float) -> None:
    world = World(skew)
    world.one.attempt()
    world.run(60, world.one, world.two)
    assert (world.one.leads, world.two.leads) == (True, False)
    world.run(14, world.two)
    assert not world.two.leads
    world.run(2, world.two)
    assert world.two.leads


def test_a_lease_of_a_longer_duration_is_believed_for_that_long(world: World) -> None:
    world.one.attempt()
    world.api.edit(duration_s=60)
    world.two.attempt()
    world.run(58, world.two)
    assert not world.two.leads
    world.run(2, world.two)
    assert world.two.leads


def test_an_edit_of_the_lease_s_metadata_does_not_prolong_it(world: World) -> None:
    world.one.attempt()
    world.two.attempt()
    for _ in range(8):
        world.api.edit()
        world.run(2, world.two)
    assert world.two.leads


def test_a_released_lease_is_taken_at_the_next_look(world: World) -> None:
    world.one.attempt()
    world.two.attempt()
    world.one.release()
    assert (world.record.holder, world.one.leads) == (NOBODY, False)
    world.run(2, world.two)
    assert world.two.leads
    assert world.record.transitions == 1


def test_a_lease_of_another_is_not_released(world: World) -> None:
    world.one.attempt()
    world.api.edit(holder="two")
    world.one.release()
    assert world.record.holder == "two"


def test_a_release_that_does_not_arrive_is_no_failure(world: World) -> None:
    world.one.attempt()
    world.api.away = True
    world.one.release()
    assert world.record.holder == "one"


# The API server is away


def test_a_leader_goes_on_while_the_server_is_away_for_less_than_the_deadline(world: World) -> None:
    world.one.attempt()
    world.api.away = True
    world.run(8, world.one)
    assert world.one.leads
    assert world.one.gives_up_in() == 2.0
    world.api.away = False
    world.run(2, world.one)
    assert world.one.gives_up_in() == 10.0


def test_a_leader_gives_up_before_another_may_lead(world: World) -> None:
    world.one.attempt()
    world.two.attempt()
    world.api.away = True
    world.run(10, world.one)
    assert world.one.gives_up_in() <= 0
    world.api.away = False
    assert not world.two.attempt()
    assert world.two.expires_in() >= 5.0 - 1e-6, "the two times leave no room for what is in flight"


def test_a_renewal_counts_from_before_it_was_sent(world: World) -> None:
    world.one.attempt()
    world.api.before_write = lambda: world.clock.advance(4)
    world.run(2, world.one)
    assert world.one.gives_up_in() == 6.0


def test_a_renewal_whose_answer_was_lost_is_found_at_the_next_one(world: World) -> None:
    world.one.attempt()
    world.api.loses_answers = True
    world.run(4, world.one)
    assert world.one.gives_up_in() == 6.0, "what nobody confirmed counted as a renewal"
    world.api.loses_answers = False
    world.run(2, world.one)
    assert world.one.gives_up_in() == 10.0


def test_a_leader_that_sees_another_holder_is_none_at_once(world: World) -> None:
    world.one.attempt()
    world.api.edit(holder="two")
    assert not world.one.attempt()
    assert not world.one.leads
    assert world.one.gives_up_in() == 0.0


def test_a_leader_whose_lease_was_deleted_makes_it_again(world: World) -> None:
    world.one.attempt()
    world.api.record = None
    world.run(2, world.one)
    assert world.one.leads
    assert world.record.holder == "one"


def test_of_two_that_write_at_once_one_leads(world: World) -> None:
    world.one.attempt()
    world.two.attempt()
    third = Lease(world.api, "three", Timing(), world.clock)
    third.attempt()
    world.clock.advance(15)

    def overtake() -> None:
        world.api.before_write = lambda: None
        assert third.attempt()

    world.api.before_write = overtake
    assert not world.two.attempt()
    assert (world.two.leads, third.leads, world.record.holder) == (False, True, "three")


def test_of_two_that_make_it_at_once_one_leads(world: World) -> None:
    def overtake() -> None:
        world.api.before_write = lambda: None
        assert world.two.attempt()

    world.api.before_write = overtake
    assert not world.one.attempt()
    assert (world.one.leads, world.two.leads) == (False, True)


# Any order of everything

STEP = st.sampled_from(["one", "two", "away", "back", "lose", "keep", "kill one", "kill two", "release one", "pause"])


@given(st.lists(st.tuples(STEP, st.floats(0.1, 4.0)), max_size=60), st.floats(-100, 100))
def test_never_do_two_lead_that_would_not_have_ended_themselves(steps: list[tuple[str, float]], skew: float) -> None:
    world = World(skew)
    living = {"one": world.one, "two": world.two}
    for step, seconds in steps:
        world.clock.advance(20.0 if step == "pause" else seconds)
        for name in list(living):  # what the second thread does
            if living[name].leads and living[name].gives_up_in() <= 0:
                del living[name]
        if step in living:
            was, now = living[step].leads, living[step].attempt()
            if was and not now and not living[step].leads:
                del living[step]
        elif step in ("away", "back"):
            world.api.away = step == "away"
        elif step in ("lose", "keep"):
            world.api.loses_answers = step == "lose"
        elif step.startswith("kill"):
            living.pop(step.split()[1], None)
        elif step == "release one" and (found := living.pop("one", None)):
            found.release()
        leaders = [name for name, lease in living.items() if lease.leads]
        assert len(leaders) <= 1, "two lead"


# Waiting, and the threads


def test_the_next_look_comes_no_later_than_the_end_of_the_lease(world: World) -> None:
    world.one.attempt()
    world.two.attempt()
    assert 2.0 <= world.two.wait_s() <= 2.4
    world.clock.advance(14)
    assert world.two.wait_s() == 1.0
    world.clock.advance(1)
    assert 2.0 <= world.two.wait_s() <= 2.4, "an expired lease that could not be taken is not asked for in a hurry"


def test_who_is_told_to_stop_does_not_lead(world: World) -> None:
    stop = threading.Event()
    stop.set()
    assert not world.one.acquire(stop)
    assert world.api.record is None


def test_standing_by_ends_with_the_stop(world: World) -> None:
    world.one.attempt()
    stop = threading.Event()
    waiting = threading.Thread(target=world.two.acquire, args=(stop,))
    waiting.start()
    stop.set()
    waiting.join(10)
    assert not waiting.is_alive()
    assert not world.two.leads


@pytest.mark.parametrize("fault", ["another holds it", "time is over"])
def test_a_lost_lease_is_told_once(world: World, fault: str) -> None:
    lease = Lease(world.api, "one", replace(Timing(), retry_s=0), world.clock)
    lease.attempt()
    if fault == "time is over":
        world.api.away = True
        world.clock.advance(10)
    else:
        world.api.edit(holder="two")
    told: list[str] = []
    done = threading.Event()

    def lost(reason: str) -> None:
        told.append(reason)
        done.set()

    lease.keep(lost)
    assert done.wait(10)
    lease.release()
    assert told == ["another candidate holds the lease" if fault == "another holds it" else "not renewed for 10 s"]
