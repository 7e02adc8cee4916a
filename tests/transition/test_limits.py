"""What a platform engineer allows at most: requests a second of a route, APIs of a namespace."""

import pytest

from oracleapi.reconcile.references import References
from oracleapi.runtime.store import Key
from support import make
from support.small_world import API, SmallWorld
from support.worlds import ACCOUNT, DATABASE, api, edit, world_of

OTHER = Key("OracleApi", "hr", "other")


def second() -> dict[str, object]:
    return api(make.route("list"), name="other", basePath="/other")


def allowed(world: SmallWorld, apis: int) -> None:
    edit(world, ACCOUNT, delegations=[{"namespaces": {"names": ["hr"]}, "maxApis": apis}])
    world.settle()


def test_a_route_that_asks_for_more_than_the_database_allows_is_refused_alone() -> None:
    fast = make.route("fast", path="/fast", throttle={"requestsPerSecond": 100, "burst": 5})
    world = world_of(make.route("list"), fast)
    edit(world, DATABASE, maxRequestsPerSecond=99)
    world.settle()
    assert world.ready() == ("False", "RoutesRefused")
    assert "throttle.requestsPerSecond is 100, the database allows a route 99" in world.message()
    states = {entry["name"]: entry["state"] for entry in world.kube.status(*API)["routes"]}
    assert states == {"list": "Serving", "fast": "Refused"}
    edit(world, DATABASE, maxRequestsPerSecond=100)
    world.settle()
    assert world.ready() == ("True", "Succeeded")


def test_a_stage_that_asks_for_more_is_told_by_its_field() -> None:
    world = world_of(make.route("list"), stage={"throttle": {"requestsPerSecond": 500, "burst": 5}})
    edit(world, DATABASE, maxRequestsPerSecond=99)
    world.settle()
    assert world.ready() == ("False", "InvalidSpec")
    assert "spec.stage.throttle.requestsPerSecond" in world.message()


def test_the_youngest_api_beyond_a_namespace_s_number_waits_for_a_place() -> None:
    world = world_of(make.route("list"))
    allowed(world, 1)
    world.apply(second())
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert world.ready(OTHER) == ("False", "ApiQuota")
    assert len(world.backends.aws.apis) == 1
    allowed(world, 2)
    world.settle(400)
    assert world.ready(OTHER) == ("True", "Succeeded")


def test_an_api_that_is_deleted_while_they_are_counted_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The users of an account and the objects are looked up one after the other."""
    world = world_of(make.route("list"))
    looked_up, gone = References.dependents, Key("OracleApi", "hr", "gone")
    monkeypatch.setattr(References, "dependents", lambda *asked: [*looked_up(*asked), gone])
    allowed(world, 1)
    assert world.ready() == ("True", "Succeeded")


def test_an_api_of_another_namespace_or_account_takes_no_place() -> None:
    world = world_of(make.route("list"))
    allowed(world, 1)
    other = second()
    other["metadata"] = {**other["metadata"], "namespace": "sales"}  # type: ignore[dict-item]
    world.apply(other)
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert world.ready(Key("OracleApi", "sales", "other"))[1] != "ApiQuota"


def test_without_a_delegation_of_the_account_nobody_counts() -> None:
    """As docs/limits.md says: the number belongs to a delegation."""
    world = world_of(make.route("list"))
    edit(world, ACCOUNT, delegations=[{"namespaces": {"names": ["sales"]}, "maxApis": 1}])
    world.apply(second())
    world.settle()
    assert world.ready() == world.ready(OTHER) == ("True", "Succeeded")


def test_an_api_may_need_as_many_routes_as_aws_gives_it_and_not_one_more() -> None:
    routes = [make.route(f"r{number}", path=f"/r{number}") for number in range(150)]
    full = world_of(*routes, probe=False)
    full.settle()
    assert full.ready() == ("True", "Succeeded")
    more = world_of(*routes, probe=True)
    more.settle()
    assert more.ready() == ("False", "RouteQuota")
    assert "301 routes with link routes and probe are needed, an HTTP API has 300" in more.message()
