"""Many APIs at once: done as soon as the budget allows, never over it, and nobody behind another tenant's crowd."""

import pytest

from oracleapi.runtime.store import Key
from support.fleet import Fleet

ACCOUNT = f"{0:012d}"


def last_write(fleet: Fleet, since: float) -> float:
    """Return when the last call that changes something was sent, in seconds."""
    return max(time for time, name in fleet.backends.account(ACCOUNT).sent if name[0].isupper()) - since


@pytest.mark.parametrize(("rate", "burst"), [(10, 40), (5, 20)])
@pytest.mark.parametrize("count", [20, 200])
def test_n_apis_at_once_are_written_within_the_bound_and_the_budget(count: int, rate: int, burst: int) -> None:
    fleet = Fleet(rate=rate, burst=burst)
    began = fleet.clock.time
    keys = [fleet.publish(number) for number in range(count)]
    fleet.settle(250)
    assert {fleet.ready(key) for key in keys} == {("True", "Succeeded")}
    assert last_write(fleet, began) <= 1.1 * (4 * count - burst) / rate
    gateway = fleet.backends.account(ACCOUNT)
    for seconds in (0.5, 1.0, 5.0, 20.0):
        assert gateway.most_in(seconds) <= burst + rate * seconds
    assert len(gateway.apis) == count


def test_waiting_for_tokens_writes_nothing_and_is_no_failure() -> None:
    fleet = Fleet(rate=5, burst=20)
    fleet.kube.writes.clear()
    keys = [fleet.publish(number) for number in range(40)]
    fleet.settle(200)
    for key in keys:
        assert len([write for write in fleet.kube.writes if write.endswith(f"/{key.name}")]) <= 5
    registry = fleet.operator.metrics.registry
    assert registry.get_sample_value("workqueue_retries_total", {"name": "OracleApi"}) is None
    assert (registry.get_sample_value("oracleapi_budget_wait_seconds_count", {"account": _label()}) or 0) > 30


def test_a_new_api_of_another_namespace_comes_through_a_crowd_within_15_s() -> None:
    fleet = Fleet(rate=5, burst=20)
    for number in range(200):
        fleet.publish(number)
    fleet.settle(30)
    began = fleet.clock.time
    key = fleet.publish(250, namespace="other")
    fleet.settle(15)
    assert fleet.ready(key) == ("True", "Succeeded")
    assert len(fleet.backends.account(ACCOUNT).apis) < 100
    assert fleet.clock.time - began <= 15


def test_an_edit_comes_before_the_routine_checks_of_everybody() -> None:
    fleet = Fleet(rate=5, burst=20)
    keys = [fleet.publish(number) for number in range(60)]
    fleet.settle(200)
    fleet.clock.advance(400)  # all of them are due
    began = fleet.clock.time
    routes = [{**route, "throttle": {"requestsPerSecond": 7, "burst": 7}} for route in _routes(fleet, keys[-1])]
    fleet.publish(59, routes=routes)
    fleet.settle(3)
    changed = [time for time, name in fleet.backends.account(ACCOUNT).sent if name == "UpdateStage"]
    assert len(changed) == 1
    assert changed[0] - began <= 2


def test_routine_checks_take_half_of_the_budget_and_the_account_tells_the_real_period() -> None:
    fleet = Fleet(rate=1, burst=20)
    keys = [fleet.publish(number) for number in range(100)]
    fleet.settle(700)
    assert {fleet.ready(key) for key in keys} == {("True", "Succeeded")}
    gateway = fleet.backends.account(ACCOUNT)
    fleet.clock.advance(600)
    gateway.sent.clear()
    fleet.settle(300)
    routine = len(gateway.sent)
    assert 0.4 * 300 <= routine <= 0.5 * 300 + 20 / 2 + 1
    fleet.settle(1200)
    told = fleet.kube.status("AwsAccount", None, "a0")["realResyncSeconds"]
    assert told == pytest.approx(2 * 100 / 0.5, rel=0.4)  # an export and a stage for each, at half a call a second
    writes = fleet.kube.writes.count("status AwsAccount/a0")
    fleet.settle(2400)
    # The real period goes on changing by a few seconds; what was told in the rush may just leave its fifth.
    assert fleet.kube.writes.count("status AwsAccount/a0") <= writes + 1


def test_a_pass_that_needs_more_than_the_burst_comes_to_its_end() -> None:
    fleet = Fleet(rate=5, burst=10)
    key = fleet.publish(0)
    fleet.settle(60)
    api = next(iter(fleet.backends.account(ACCOUNT).apis.values()))
    for route_key in list(api.routes):
        del api.routes[route_key]
    fleet.clock.advance(400)
    fleet.settle(200)
    assert fleet.ready(key) == ("True", "Succeeded")
    assert len(api.routes) >= 10
    assert fleet.backends.account(ACCOUNT).most_in(1.0) <= 15


def _routes(fleet: Fleet, key: Key) -> list[dict[str, object]]:
    return list(fleet.kube.objects[key]["spec"]["routes"])


def _label() -> str:
    return f"aws/{ACCOUNT}/eu-west-1"
