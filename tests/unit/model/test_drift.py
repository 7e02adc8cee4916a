"""Differences told field by field, within the limits of the status."""

from dataclasses import dataclass

import pytest

from oracleapi.model.drift import VALUE_LIMIT, Drift, field_drift, value_drift


@dataclass(frozen=True)
class Inner:
    rate: float
    burst: int


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner | None = None
    values: tuple[object, ...] = ()


def test_equal_values_differ_in_nothing() -> None:
    assert field_drift("x", Outer("a", Inner(1.0, 2)), Outer("a", Inner(1.0, 2))) == ()


@pytest.mark.parametrize(
    ("desired", "observed", "told"),
    [
        (Outer("a"), Outer("b"), [("name", "a", "b")]),
        (Outer("a", Inner(1.0, 2)), Outer("a", Inner(1.0, 3)), [("inner.burst", "2", "3")]),
        (
            Outer("a", Inner(1.0, 2)),
            Outer("b", Inner(3.0, 2)),
            [("name", "a", "b"), ("inner.rate", "1.0", "3.0")],
        ),
        (Outer("a", Inner(1.0, 2)), Outer("a"), [("inner", "rate=1.0 burst=2", "absent")]),
        (Outer("a"), Outer("a", Inner(1.0, 2)), [("inner", "absent", "rate=1.0 burst=2")]),
        (Outer("a", None, ("x", "y")), Outer("a"), [("values", "x, y", "")]),
        (Outer("a", None, (("Host", "h"),)), Outer("a"), [("values", "Host=h", "")]),
        (Outer("a", None, (Inner(1.0, 2),)), Outer("a"), [("values", "rate=1.0 burst=2", "")]),
    ],
)
def test_each_field_is_told_with_both_values(desired: Outer, observed: Outer, told: list[tuple[str, str, str]]) -> None:
    assert [(d.field, d.desired, d.observed) for d in field_drift("x", desired, observed)] == told


def test_a_single_value_is_told_under_its_name() -> None:
    assert value_drift("route x", "throttle", None, Inner(1.0, 2)) == (
        Drift("route x", "throttle", "absent", "rate=1.0 burst=2"),
    )


def test_an_entry_is_cut_to_what_the_status_takes() -> None:
    entry = Drift("o" * 999, "f" * 999, "d" * 999, "b" * 999).entry()
    assert {key: len(value) for key, value in entry.items()} == {
        "object": 320,
        "field": 64,
        "desired": VALUE_LIMIT,
        "observed": VALUE_LIMIT,
    }
