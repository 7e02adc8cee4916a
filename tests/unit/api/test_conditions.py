"""Conditions: a time moves only when a status flips."""

from oracleapi.api.conditions import MESSAGE_LIMIT, Condition, clip, merge_conditions

OLD = [
    {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "m", "lastTransitionTime": "t1"},
    {"type": "Stalled", "status": "True", "reason": "X", "message": "m", "lastTransitionTime": "t1"},
]


def test_a_time_stays_while_the_status_stays() -> None:
    (found,) = merge_conditions(OLD, [Condition("Ready", "True", "Other", "new")], 3, "t2")
    assert (found["lastTransitionTime"], found["reason"], found["observedGeneration"]) == ("t1", "Other", 3)


def test_a_time_moves_when_the_status_flips() -> None:
    (found,) = merge_conditions(OLD, [Condition("Ready", "False", "X", "m")], 3, "t2")
    assert found["lastTransitionTime"] == "t2"


def test_what_does_not_hold_any_more_goes_and_ready_comes_first() -> None:
    new = [Condition("Connected", "True", "S", "m"), Condition("Ready", "True", "S", "m")]
    assert [found["type"] for found in merge_conditions(OLD, new, 1, "t2")] == ["Ready", "Connected"]


def test_a_message_is_one_line_within_the_schema_s_limit() -> None:
    assert clip("a\n  b") == "a b"
    assert len(clip("x" * 5000)) == MESSAGE_LIMIT
