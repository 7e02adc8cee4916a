"""Token buckets, and their place before or after authorization."""

import pytest

from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.data.throttle import Throttles
from oracleapi_sandbox.aws.deployed import Route, Stage, Throttle
from oracleapi_sandbox.common.clock import ManualClock

A, B = Route("r1", "GET /a", None), Route("r2", "GET /b", None)


NONE = Throttle()


def stage(default=NONE, **by_route):
    routes = {key.replace("_", " /"): value for key, value in by_route.items()}
    return Stage("1", "r", "api", "$default", None, (A, B), default_throttle=default, route_throttles=routes)


def admitted(throttles, at, route, calls):
    return sum(throttles.admit(at, route) for _ in range(calls))


@pytest.mark.parametrize(
    ("deployed", "of_a", "of_b"),
    [
        pytest.param(stage(), 50, 50, id="no throttle is the account's limit"),
        pytest.param(stage(Throttle(1, 3)), 3, 3, id="the stage default counts for each route by itself"),
        pytest.param(stage(Throttle(1, 3), GET_a=Throttle(1, 5)), 5, 3, id="a route's settings replace it"),
        pytest.param(stage(Throttle(1, 3), GET_a=Throttle()), 50, 3, id="whole: without numbers the account's limit"),
        pytest.param(stage(Throttle(0, 3)), 0, 0, id="rate 0 rejects everything"),
        pytest.param(stage(Throttle(3, 0)), 0, 0, id="burst 0 rejects everything"),
        pytest.param(stage(GET_a=Throttle(0, 0)), 0, 50, id="of one route only"),
        pytest.param(stage(Throttle(2, None)), 50, 50, id="without burst: the account's"),
    ],
)
def test_how_many_of_fifty_calls_pass(deployed, of_a, of_b):
    throttles = Throttles(ManualClock(), DataSettings())
    assert (admitted(throttles, deployed, A, 50), admitted(throttles, deployed, B, 50)) == (of_a, of_b)


def test_tokens_come_back_at_the_rate_up_to_the_burst():
    clock, deployed = ManualClock(), stage(Throttle(2, 4))
    throttles = Throttles(clock, DataSettings())
    assert admitted(throttles, deployed, A, 9) == 4
    clock.advance(1)
    assert admitted(throttles, deployed, A, 9) == 2
    clock.advance(3600)
    assert admitted(throttles, deployed, A, 9) == 4


def test_the_account_limits_all_routes_together():
    settings, clock = DataSettings(account_rate=1, account_burst=6), ManualClock()
    throttles, deployed = Throttles(clock, settings), stage(Throttle(100, 100))
    assert admitted(throttles, deployed, A, 4) + admitted(throttles, deployed, B, 4) == 6


def test_changed_limits_act_at_once():
    throttles = Throttles(ManualClock(), DataSettings())
    assert admitted(throttles, stage(Throttle(1, 1)), A, 5) == 1
    assert admitted(throttles, stage(Throttle(1, 2)), A, 5) == 2


@pytest.mark.parametrize("throttle", [Throttle(5, None), Throttle(None, 5)])
def test_a_missing_number_is_zero_with_the_switch(throttle):
    assert admitted(Throttles(ManualClock(), DataSettings()), stage(throttle), A, 3) == 3
    zero = DataSettings(missing_throttle_number_is_zero=True)
    assert admitted(Throttles(ManualClock(), zero), stage(throttle), A, 3) == 0
    assert admitted(Throttles(ManualClock(), zero), stage(), A, 3) == 3, "neither number is no throttle"


def test_the_answer_over_the_limit(gateway):
    gateway.deploy("GET /a", default_throttle=Throttle(1, 2))
    replies = [gateway.call("/a") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert replies[-1].message == "Too Many Requests"
    assert len(gateway.backend.seen) == 2
    assert gateway.call("/b").status == 404, "no route, no throttle"


@pytest.mark.parametrize(("first", "expected"), [(True, [401, 429]), (False, [401, 401])])
def test_whether_refused_tokens_use_the_throttle_up(gateway, first, expected):
    gateway.secure(gateway.issuer())
    (deployed,) = gateway.stages.find(gateway.api_id)
    gateway.deploy(*deployed.routes, default_throttle=Throttle(1, 1))
    gateway.settings.throttle_before_auth = first
    assert [gateway.call("/s").status for _ in range(2)] == expected
