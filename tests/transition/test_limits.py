"""What a platform engineer allows at most: requests a second of a route, APIs of a namespace."""

from support import make
from support.small_world import API, SmallWorld
from support.worlds import ACCOUNT, DATABASE, api, edit, world_of

OTHER = ("OracleApi", "hr", "other")


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
    assert world.ready(OTHER) == ("False", "ApiQuota")  # type: ignore[arg-type]
    assert len(world.backends.aws.apis) == 1
    allowed(world, 2)
    world.settle(400)
    assert world.ready(OTHER) == ("True", "Succeeded")  # type: ignore[arg-type]
