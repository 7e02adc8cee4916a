"""The outcome of a pass as a status: always reached, kstatus-shaped, written only where it differs."""

from typing import Any

import pytest

from oracleapi.api.conditions import MESSAGE_LIMIT
from oracleapi.errors import DependencyNotReady, Retryable, Terminal, Uncertain
from oracleapi.model.drift import Drift
from oracleapi.reconcile.report import Report, build_status, event_for, last_seen, readiness

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"

OUTCOMES: list[tuple[Exception | None, str, str, str | None]] = [
    (None, "True", "Succeeded", None),
    (Terminal("InvalidSpec", "mend it"), "False", "InvalidSpec", "Stalled"),
    (DependencyNotReady("LinkPending", "soon"), "False", "LinkPending", "Reconciling"),
    (Retryable("AwsThrottled", "later"), "Unknown", "AwsThrottled", "Reconciling"),
    (Uncertain("CreateUncertain", "looking"), "Unknown", "CreateUncertain", "Reconciling"),
    (ValueError("select secret from dual"), "Unknown", "InternalError", "Reconciling"),
    (AssertionError(), "Unknown", "InternalError", "Reconciling"),
]


@pytest.mark.parametrize(
    ("error", "ready", "reason", "beside"), OUTCOMES, ids=lambda found: type(found).__name__ if found else None
)
def test_each_kind_of_error_has_its_conditions(
    error: Exception | None, ready: str, reason: str, beside: str | None
) -> None:
    found = {condition.type: condition for condition in readiness(error, "all is well")}
    assert (found["Ready"].status, found["Ready"].reason) == (ready, reason)
    assert set(found) == {"Ready", *([beside] if beside else [])}
    if beside is not None:
        assert (found[beside].status, found[beside].reason) == ("True", reason)
        assert found[beside].message == found["Ready"].message


def test_a_fault_of_ours_shows_its_type_and_not_its_text() -> None:
    (ready, _) = readiness(ValueError("select secret from dual"), "")
    assert "ValueError" in ready.message
    assert "secret" not in ready.message


def resource(status: dict[str, Any] | None = None, generation: int = 3) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "status": status if status is not None else {}}


def status_of(
    old: dict[str, Any], report: Report | None = None, error: Exception | None = None, now: str = NOW, **more: Any
) -> dict[str, Any]:
    report = report or Report()
    return build_status(
        resource(old, more.pop("generation", 3)), report, readiness(error, report.message), more.pop("asked", None), now
    )


def test_a_status_that_says_the_same_later_is_equal() -> None:
    report = Report(fields={"apiId": "x"})
    report.say("OrdsReady", True, "Succeeded", "good")
    first = status_of({}, report)
    assert status_of(first, report, now=LATER) == first


def test_a_condition_s_time_moves_only_when_its_status_does() -> None:
    first = status_of({}, error=Retryable("AwsThrottled", "x"))
    second = status_of(first, error=Retryable("AwsUnavailable", "y"), now=LATER)
    third = status_of(second, now=LATER)
    times = [status["conditions"][0]["lastTransitionTime"] for status in (first, second, third)]
    assert times == [NOW, NOW, LATER]
    assert second["conditions"][0]["reason"] == "AwsUnavailable"


def test_what_was_known_before_a_failure_is_kept_and_what_is_none_or_empty_goes() -> None:
    old = {"apiId": "x", "endpoint": "https://x", "intents": [{"object": "Api"}], "conditions": []}
    found = status_of(old, Report(fields={"endpoint": None, "intents": []}), Retryable("AwsThrottled", "x"))
    assert found["apiId"] == "x"
    assert "endpoint" not in found
    assert "intents" not in found


def test_zero_and_false_are_kept() -> None:
    found = status_of({}, Report(fields={"publicRoutes": 0, "flag": False}))
    assert (found["publicRoutes"], found["flag"]) == (0, False)


def test_conditions_of_an_earlier_pass_go_unless_said_again() -> None:
    report = Report()
    report.say("Protected", None, "WaitingForOrds", "soon")
    first = status_of({}, report)
    assert {found["type"]: found["status"] for found in first["conditions"]} == {
        "Ready": "True",
        "Protected": "Unknown",
    }
    assert [found["type"] for found in status_of(first)["conditions"]] == ["Ready"]


def test_what_an_early_end_did_not_come_to_stays_as_last_seen() -> None:
    report = Report()
    report.say("GatewayReady", True, "Succeeded", "good")
    report.say("Drifted", True, "Drifted", "x")
    first = status_of({}, report)
    later = Report()
    later.clear("Drifted")
    object_ = resource(first, 4)
    error = Terminal("InvalidSpec", "x")
    status = build_status(object_, later, readiness(error, ""), None, LATER, last_seen(object_, later))
    found = {condition["type"]: condition for condition in status["conditions"]}
    assert set(found) == {"Ready", "Stalled", "GatewayReady"}
    assert (found["GatewayReady"]["observedGeneration"], found["Ready"]["observedGeneration"]) == (3, 4)
    assert found["GatewayReady"]["lastTransitionTime"] == NOW


def test_drift_is_noted_once_for_a_field_and_after_what_is_still_to_be_seen() -> None:
    report = Report()
    drift = Drift("API", "name", "a", "b")
    earlier = [{"object": "stage", "field": "x", "desired": "1", "observed": "2"}]
    report.note_drift([drift], earlier)
    report.note_drift([drift, Drift("API", "tag", "a", "b")], earlier)
    assert [entry["field"] for entry in report.fields["drift"]] == ["x", "name", "tag"]
    assert [found.field for found in report.drift] == ["name", "tag"]


def test_generations_are_noted_on_status_and_conditions() -> None:
    found = status_of({}, generation=9)
    assert found["observedGeneration"] == 9
    assert found["conditions"][0]["observedGeneration"] == 9


def test_a_request_is_echoed_and_kept() -> None:
    first = status_of({}, asked="then")
    assert first["lastHandledReconcileAt"] == "then"
    assert status_of(first)["lastHandledReconcileAt"] == "then"


def test_a_message_is_one_line_within_the_limit() -> None:
    found = status_of({}, error=Terminal("InvalidSpec", "a\n" + "b" * 2000))
    message = found["conditions"][0]["message"]
    assert len(message) == MESSAGE_LIMIT
    assert "\n" not in message


@pytest.mark.parametrize(
    ("error", "warning"),
    [
        (None, False),
        (Terminal("InvalidSpec", "x"), True),
        (DependencyNotReady("LinkPending", "x"), False),
        (Retryable("AwsThrottled", "x"), True),
        (ValueError("x"), True),
    ],
    ids=["well", "stalled", "waiting", "failing", "fault of ours"],
)
def test_an_event_tells_each_change_of_ready(error: Exception | None, warning: bool) -> None:
    new = status_of({}, error=error)
    found = event_for({}, new)
    assert found is not None
    assert (found[0], found[1]) == (warning, new["conditions"][0]["reason"])
    assert event_for(new, status_of(new, error=error, now=LATER)) is None


def test_another_text_for_the_same_reason_is_no_event() -> None:
    first = status_of({}, error=Terminal("InvalidSpec", "one"))
    assert event_for(first, status_of(first, error=Terminal("InvalidSpec", "two"))) is None


def test_another_reason_is_an_event() -> None:
    first = status_of({}, error=Terminal("InvalidSpec", "one"))
    assert event_for(first, status_of(first, error=Terminal("Conflict", "two"))) == (True, "Conflict", "two")


def test_a_status_without_ready_is_no_event() -> None:
    assert event_for({}, {"conditions": []}) is None
