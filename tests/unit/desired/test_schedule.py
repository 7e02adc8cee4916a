"""When a rotation is due: clock changes, leap days, windows, jitter, and rotations that were missed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

import oracleapi.desired.schedule
from oracleapi.desired.schedule import Schedule, Window, due, may_begin, next_time

SETTINGS = settings(deadline=None, max_examples=300, derandomize=True)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
SEED = "7c2f0a52-7f6c-4e0b-8d8a-5f1f3f3d2c11"
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(schedule: Schedule, base: datetime, count: int) -> list[str]:
    """Return the next *count* times, as the clocks of the schedule's zone show them."""
    found = []
    for _ in range(count):
        base = next_time(schedule, base, SEED)
        found.append(base.astimezone(ZoneInfo(schedule.zone)).strftime("%m-%d %H:%M %z"))
    return found


def test_days_are_counted_from_the_last_rotation() -> None:
    found = next_time(Schedule(every_days=30), utc("2026-03-01T11:22:33.5"), SEED)
    assert found == utc("2026-03-31T11:22:33.5")


def test_days_are_24_hours_where_clocks_change() -> None:
    found = next_time(Schedule(every_days=1, zone="Europe/Berlin"), utc("2026-03-28T12:00"), SEED)
    assert found == utc("2026-03-29T12:00")


def test_a_cron_expression_is_of_its_zone() -> None:
    schedule = Schedule(cron="0 3 * * SUN", zone="America/New_York")
    assert next_time(schedule, utc("2026-01-01T00:00"), SEED) == utc("2026-01-04T08:00")


@pytest.mark.parametrize(
    ("zone", "cron", "base", "expected"),
    [
        ("Europe/Berlin", "30 2 * * *", "2026-03-27T12:00", ["03-28 02:30 +0100", "03-29 03:00 +0200"]),
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", ["10-25 02:30 +0200", "10-26 02:30 +0100"]),
        ("Europe/Berlin", "*/20 2 * * *", "2026-03-28T12:00", ["03-29 03:00 +0200", "03-30 02:00 +0200"]),
        ("Europe/Berlin", "*/30 2 * * *", "2026-10-25T00:00", ["10-25 02:30 +0200", "10-26 02:00 +0100"]),
        ("America/New_York", "15,45 2 8 3 *", "2026-03-08T00:00", ["03-08 03:00 -0400", "03-08 02:15 -0500"]),
        ("America/New_York", "30 1 * * *", "2026-11-01T00:00", ["11-01 01:30 -0400", "11-02 01:30 -0500"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00", ["10-04 02:30 +1100", "10-05 02:15 +1100"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00", ["04-05 01:45 +1100", "04-06 01:45 +1030"]),
    ],
)  # fmt: skip
def test_a_time_that_clocks_skip_or_show_twice_comes_once(zone: str, cron: str, base: str, expected: list[str]) -> None:
    assert times(Schedule(cron=cron, zone=zone), utc(base), len(expected)) == expected


def test_a_rotation_in_the_second_pass_of_an_hour_waits_for_the_next_day() -> None:
    """02:20 CET on the 25th: clocks showed 02:30 40 minutes ago, and will show it again in 10."""
    schedule = Schedule(cron="30 2 * * *", zone="Europe/Berlin")
    assert next_time(schedule, utc("2026-10-25T01:20"), SEED) == utc("2026-10-26T01:30")


@pytest.mark.parametrize(
    ("cron", "base", "expected"),
    [
        ("0 0 29 2 *", "2026-01-01T00:00", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("0 0 29 2 *", "2096-03-01T00:00", ["2104-02-29"]),
        ("0 0 31 * *", "2026-01-31T00:00", ["2026-03-31", "2026-05-31", "2026-07-31"]),
        ("0 0 L * *", "2026-01-31T00:00", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        ("0 0 L * *", "2028-02-01T00:00", ["2028-02-29", "2028-03-31"]),
        ("0 0 * 2 MON#5", "2017-01-01T00:00", ["2044-02-29"]),
    ],
)
def test_days_that_not_every_month_or_year_has(cron: str, base: str, expected: list[str]) -> None:
    moment, found = utc(base), []
    for _ in expected:
        moment = next_time(Schedule(cron=cron), moment, SEED)
        found.append(f"{moment:%Y-%m-%d}")
    assert found == expected


def test_missed_times_are_made_up_once() -> None:
    schedule, last, now = Schedule(cron="0 3 * * *"), utc("2026-05-01T03:00"), utc("2026-05-09T17:00")
    assert due(schedule, last, now, SEED) == utc("2026-05-02T03:00")
    assert due(schedule, now, now, SEED) == utc("2026-05-10T03:00")


WEEKEND = (Window("0 2 * * SAT,SUN", 180),)


def test_windows_hold_a_rotation_back() -> None:
    schedule = Schedule(every_days=1, windows=WEEKEND)
    assert may_begin(schedule, utc("2026-05-06T12:00")) == utc("2026-05-09T02:00")
    assert may_begin(schedule, utc("2026-05-09T02:00")) == utc("2026-05-09T02:00")
    assert may_begin(schedule, utc("2026-05-09T04:59:59")) == utc("2026-05-09T04:59:59")
    assert may_begin(schedule, utc("2026-05-09T05:00")) == utc("2026-05-10T02:00")
    assert may_begin(Schedule(every_days=1), utc("2026-05-06T12:00")) == utc("2026-05-06T12:00")
    assert next_time(schedule, utc("2026-05-05T12:00"), SEED) == utc("2026-05-09T02:00")


def test_the_next_window_is_the_one_that_begins_first() -> None:
    schedule = Schedule(every_days=1, windows=(Window("0 2 * * SUN", 60), Window("0 22 * * *", 60)))
    assert may_begin(schedule, utc("2026-05-06T12:00")) == utc("2026-05-06T22:00")
    assert may_begin(schedule, utc("2026-05-10T00:00")) == utc("2026-05-10T02:00")


def test_a_window_that_begins_in_a_gap_is_as_long_as_ever() -> None:
    """02:30 to 04:30 on the night to CEST: from 03:00 CEST, two hours of elapsed time."""
    schedule = Schedule(every_days=1, zone="Europe/Berlin", windows=(Window("30 2 * * *", 120),))
    assert may_begin(schedule, utc("2026-03-29T00:30")) == utc("2026-03-29T01:00")
    assert may_begin(schedule, utc("2026-03-29T02:59")) == utc("2026-03-29T02:59")
    assert may_begin(schedule, utc("2026-03-29T03:00")) == utc("2026-03-30T00:30")


def test_a_window_across_the_hour_that_comes_twice_is_as_long_as_ever() -> None:
    """01:30 CEST and two hours: to 02:30 CET."""
    schedule = Schedule(every_days=1, zone="Europe/Berlin", windows=(Window("30 1 * * *", 120),))
    assert may_begin(schedule, utc("2026-10-25T01:29")) == utc("2026-10-25T01:29")
    assert may_begin(schedule, utc("2026-10-25T01:30")) == utc("2026-10-26T00:30")


def test_jitter_is_of_the_object_and_of_the_rotation() -> None:
    schedule, base = Schedule(cron="0 3 * * *", jitter_minutes=60), utc("2026-05-01T03:00")
    regular = utc("2026-05-02T03:00")
    objects = {next_time(schedule, base, f"uid-{number}") for number in range(200)}
    assert all(regular <= found < regular + 60 * MINUTE for found in objects)
    assert len(objects) > 150
    assert max(objects) - min(objects) > 55 * MINUTE
    assert next_time(schedule, base, SEED) - regular != next_time(schedule, regular, SEED) - regular - timedelta(days=1)


def test_jitter_is_squeezed_into_what_is_left_of_the_window() -> None:
    schedule = Schedule(cron="50 4 * * SUN", windows=WEEKEND, jitter_minutes=600)
    found = {next_time(schedule, utc("2026-05-04T00:00"), f"uid-{number}") for number in range(100)}
    assert all(utc("2026-05-10T04:50") <= moment < utc("2026-05-10T05:00") for moment in found)
    assert len(found) > 50


def test_the_window_that_lasts_longest_leaves_room_for_jitter() -> None:
    windows = (Window("0 2 * * *", 60), Window("30 2 * * *", 600), Window("45 2 * * *", 30))
    schedule = Schedule(cron="50 2 * * *", windows=windows, jitter_minutes=400)
    found = [next_time(schedule, utc("2026-05-04T12:00"), f"uid-{number}") for number in range(50)]
    assert max(found) > utc("2026-05-05T08:00")


def test_of_the_begins_of_one_window_the_last_leaves_room_for_jitter() -> None:
    """At 02:40 those of 02:00 and 02:30 are open; the latter to 04:00."""
    schedule = Schedule(cron="40 2 * * *", windows=(Window("*/30 * * * *", 90),), jitter_minutes=400)
    found = [next_time(schedule, utc("2026-05-04T12:00"), f"uid-{number}") for number in range(50)]
    assert utc("2026-05-05T03:30") < max(found) < utc("2026-05-05T04:00")


@pytest.mark.parametrize("cron", ["* * * * *", "*/7 * * * *", "0 3 * * *", "0 3 1 * *"])
def test_windows_that_overlap_are_looked_at_from_both_ends_only(cron: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of them are open, a few hundred steps tell the one that ends last."""
    steps = []

    class Counted(CronSim):
        def __next__(self) -> datetime:
            steps.append(1)
            return super().__next__()

    monkeypatch.setattr(oracleapi.desired.schedule, "CronSim", Counted)
    now, length = utc("2026-05-06T12:34:30"), 60 * 24 * 31
    schedule = Schedule(every_days=1, windows=(Window(cron, length),), jitter_minutes=length)
    assert may_begin(schedule, now) == now
    found = [next_time(schedule, now - timedelta(days=1), f"uid-{number}") for number in range(50)]
    begins = [now - MINUTE * number for number in range(length)]
    last = next(begin for begin in begins if begin.replace(second=0) in matching(cron, begin))
    assert now + timedelta(days=20) < max(found) < last.replace(second=0) + MINUTE * length
    assert len(steps) < 200 * 51


def matching(cron: str, moment: datetime) -> list[datetime]:
    """Return the time of *cron* in the minute of *moment*, if there is one."""
    minute = moment.replace(second=0, microsecond=0)
    found = next(CronSim(cron, (minute - MINUTE).replace(tzinfo=None))).replace(tzinfo=UTC)
    return [found] if found == minute else []


def test_late_in_its_own_window_it_begins_at_once() -> None:
    schedule = Schedule(cron="0 3 * * SUN", windows=WEEKEND, jitter_minutes=30)
    now = utc("2026-05-10T04:58")
    assert due(schedule, utc("2026-05-04T00:00"), now, SEED) <= now


def test_when_its_time_has_come_it_is_not_moved_even_where_that_is_the_window_s_first_moment() -> None:
    schedule = Schedule(cron="0 2 * * SAT", windows=WEEKEND, jitter_minutes=1)
    base, opens = utc("2026-05-04T00:00"), utc("2026-05-09T02:00")
    told = {f"uid-{number}": next_time(schedule, base, f"uid-{number}") for number in range(500)}
    assert opens in told.values()
    assert all(due(schedule, base, now, seed) == at for seed, at in told.items() for now in (at - MINUTE, at))


def test_late_without_windows_it_begins_at_once() -> None:
    schedule, now = Schedule(every_days=1, jitter_minutes=30), utc("2026-05-10T04:58")
    assert due(schedule, utc("2026-05-04T00:00"), now, SEED) <= now


def test_after_its_window_it_waits_for_the_next_and_is_spread_over_that() -> None:
    schedule, base = Schedule(cron="0 3 * * SAT", windows=WEEKEND, jitter_minutes=30), utc("2026-05-04T00:00")
    begin = utc("2026-05-10T02:00")
    for now in (utc("2026-05-09T06:00"), begin, begin + MINUTE / 60):
        found = [due(schedule, base, now, f"uid-{number}") for number in range(100)]
        assert all(begin <= moment < begin + 30 * MINUTE for moment in found)
        assert len(set(found)) > 80
    assert all(due(schedule, base, begin + 30 * MINUTE, f"uid-{number}") < begin + 30 * MINUTE for number in range(100))


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ({}, "spec.schedule needs either everyDays or cron; write one of them"),
        ({"every_days": 1, "cron": "0 3 * * *"}, "spec.schedule needs either everyDays or cron; write one of them"),
        ({"every_days": 0}, "everyDays must be at least 1; write 30"),
        ({"every_days": 1, "jitter_minutes": -1}, "jitterMinutes must not be negative; write 0"),
        ({"cron": "0 3 * *"}, 'spec.schedule.cron "0 3 * *" is no cron expression (it does not have'),
        ({"cron": "0 0 3 * * *"}, "it does not have five fields"),
        ({"cron": "@daily"}, "it does not have five fields"),
        ({"cron": "60 3 * * *"}, "(bad minute); write minute, hour"),
        ({"cron": "0 3 30 2 *"}, "(bad day-of-month)"),
        ({"cron": "0 3 */30 2 MON#5"}, "its day does not come in 50 years"),
        ({"every_days": 1, "windows": (WEEKEND[0], Window("x", 5))}, "spec.windows[1].cron"),
        ({"every_days": 1, "windows": (Window("0 2 * * *", 0),)}, "spec.windows[0].durationMinutes must be at least 1"),
        ({"every_days": 1, "zone": "Europe/Berln"}, '"Europe/Berln" is no IANA time zone; write one'),
        ({"every_days": 1, "zone": "Europe"}, "is no IANA time zone"),
        ({"every_days": 1, "zone": "../../etc/localtime"}, "is no IANA time zone"),
        ({"every_days": 1, "zone": ""}, "is no IANA time zone"),
    ],
    ids=str,
)  # fmt: skip
def test_what_means_nothing_is_refused_with_the_cure(given_: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 the sentence is compared below
        Schedule(**given_)  # type: ignore[arg-type]
    assert sentence in str(refused.value)


# For any schedule


def fields(top: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, top), min_size=1, max_size=4, unique=True)


NIGHTS = {
    "UTC": ["2026-02-28", "2028-02-28", "2026-12-31"],
    "Europe/Berlin": ["2026-03-28", "2026-10-24", "2026-06-30"],
    "America/New_York": ["2026-03-07", "2026-10-31", "2028-02-28"],
    "Australia/Lord_Howe": ["2026-10-03", "2026-04-04", "2026-12-31"],
}
nights = st.sampled_from([(zone, night) for zone, found in NIGHTS.items() for night in found])


def plainly(zone: str, start: datetime, minutes: list[int], hours: list[int], length: int) -> list[datetime]:
    """Return the times of a cron expression as somebody finds them who looks at a clock each minute."""
    found, seen = [], None
    for moment in (start + number * MINUTE for number in range(length)):
        shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        latest = shown - MINUTE if seen is None else seen
        skipped_or_shown = [latest + number * MINUTE for number in range(1, (shown - latest) // MINUTE + 1)]
        if any(local.minute in minutes and local.hour in hours for local in skipped_or_shown):
            found.append(moment)
        seen = max(latest, shown)
    return found


@settings(SETTINGS, max_examples=150)
@given(night=nights, minutes=fields(59), hours=fields(5), lead=st.integers(0, 24 * 60))
def test_every_local_time_comes_exactly_once(
    night: tuple[str, str], minutes: list[int], hours: list[int], lead: int
) -> None:
    zone, day = night
    schedule = Schedule(cron=f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *", zone=zone)
    before = utc(day) - timedelta(days=1)
    expected = [found for found in plainly(zone, before, minutes, hours, 3 * 24 * 60) if found > before + lead * MINUTE]
    moment = before + lead * MINUTE
    for wanted in expected:
        moment = next_time(schedule, moment, SEED)
        assert moment == wanted


bases = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))
crons = st.sampled_from(["0 3 * * SUN", "*/5 2 * * *", "30 2 29 2 *", "59 23 L * *", "7 */6 * * *", "0 0 1,15 * MON"])
windows = st.lists(st.builds(Window, crons, st.integers(1, 3000)), max_size=3).map(tuple)
schedules = st.one_of(
    st.builds(
        Schedule, every_days=st.integers(1, 400), zone=st.sampled_from(ZONES), windows=windows,
        jitter_minutes=st.integers(0, 3000),
    ),
    st.builds(
        Schedule, cron=crons, zone=st.sampled_from(ZONES), windows=windows, jitter_minutes=st.integers(0, 3000)
    ),
)  # fmt: skip


@SETTINGS
@given(schedule=schedules, base=bases, seed=st.text(max_size=5))
def test_the_next_time_is_later_inside_a_window_and_always_the_same(
    schedule: Schedule, base: datetime, seed: str
) -> None:
    found = next_time(schedule, base, seed)
    assert found > base
    assert found.tzinfo is UTC
    assert may_begin(schedule, found) == found
    assert next_time(schedule, base.astimezone(ZoneInfo("Asia/Tokyo")), seed) == found


@SETTINGS
@given(schedule=schedules, base=bases, late=st.integers(0, 400 * 24 * 60), seed=st.text(max_size=5))
def test_waiting_for_what_is_due_ends_inside_a_window(schedule: Schedule, base: datetime, late: int, seed: str) -> None:
    """Whoever sleeps until the time that was told is told to begin then, and may."""
    now = base + late * MINUTE
    told = due(schedule, base, now, seed)
    begin = max(told, now)
    assert due(schedule, base, begin, seed) <= begin
    assert may_begin(schedule, begin) == begin
