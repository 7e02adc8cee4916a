"""Random edits, faults and restarts: never unprotected, and at rest the world equals the spec."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.desired.gateway import build_gateway
from oracleapi.desired.schema import build_schema
from oracleapi.errors import Retryable
from support import make
from support.history import History
from support.small_world import API, SmallWorld
from support.worlds import api, resync, schema, the_api, world_of, written

AWS_CALLS = ["list_apis", "observe_content", "CreateRoute", "UpdateRoute", "DeleteRoute", "UpdateStage"]
AWS_CALLS += ["PruneIntegrations", "DeleteRouteThrottle", "DeleteAuthorizer", "CreateAuthorizer"]
BROKEN = {"source": "select 1 from dual", "parameters": [{"name": "limit", "in": "Query"}]}


@st.composite
def route(draw: st.DrawFn, name: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": f"/{name}", "method": draw(st.sampled_from(["GET", "POST"]))}
    protection = draw(st.sampled_from(["a.read", "b.read", "c.read", "Public"]))
    fields |= {"auth": "Public"} if protection == "Public" else {"scope": protection}
    if draw(st.booleans()):
        fields["throttle"] = {"requestsPerSecond": draw(st.integers(1, 3)), "burst": 5}
    if draw(st.booleans()):
        fields["timeoutMilliseconds"] = draw(st.sampled_from([1000, 29000]))
    if draw(st.integers(0, 5)) == 0:
        fields["handler"] = BROKEN
    return make.route(name, **fields)


@st.composite
def edit(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(["r1", "r2", "r3"]), min_size=1, max_size=3, unique=True))
    return api(*(draw(route(name)) for name in names), links=draw(st.booleans()))


STEPS = st.one_of(
    st.tuples(st.just("edit"), edit()),
    st.tuples(st.just("wait"), st.sampled_from([1, 4, 6, 12, 31, 70])),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("fault"), st.sampled_from(AWS_CALLS)),
    st.tuples(st.just("database down"), st.sampled_from([1, 7])),
)


def take(world: SmallWorld, step: str, value: Any) -> None:
    if step == "edit":
        world.apply(value)
        world.settle(0)
    elif step == "wait":
        end = world.clock.time + value
        world.settle(value)
        world.clock.time = max(world.clock.time, end)
    elif step == "restart":
        world.restart()
        world.settle(0)
    elif step == "fault":
        world.backends.aws.faults[value] = [Retryable("AwsUnavailable", "no answer")]
    else:
        world.backends.database.down = Retryable("DatabaseUnreachable", "no answer")
        world.settle(value)
        world.backends.database.down = None


@settings(max_examples=35, deadline=None, derandomize=True)
@given(st.lists(STEPS, min_size=1, max_size=8))
def test_whatever_is_edited_and_fails_no_route_is_ever_open_and_the_end_is_right(
    steps: list[tuple[str, Any]],
) -> None:
    world = world_of(make.route("r1", path="/r1"), make.route("r2", path="/r2", method="POST", scope="b.read"))
    world.clock.advance(60)
    history = History(world)
    for step, value in steps:
        take(world, step, value)
    world.backends.aws.faults.clear()
    world.settle(500)
    history.check()
    assert_at_rest(world)


def assert_at_rest(world: SmallWorld) -> None:
    """Check that what is outside is what the spec and the refusals say, and that nothing more is written."""
    states = {entry["name"]: entry["state"] for entry in world.kube.status(*API)["routes"]}
    assert world.ready() in {("True", "Succeeded"), ("False", "RoutesRefused")}
    spec = world.kube.objects[API]["spec"]
    resolved = make.resolved(*spec["routes"], links=spec.get("links", True))
    refused = {name for name, state in states.items() if state == "Refused"}
    wanted = build_schema(resolved, refused, schema(world))
    assert schema(world).modules.keys() == wanted.modules.keys()
    assert {(name, *key) for name, found in schema(world).modules.items() for key in found.handlers} == {
        (name, *key) for name, found in wanted.modules.items() for key in found.handlers
    }
    assert schema(world).privileges.keys() == wanted.privileges.keys() | {"oracleapi.enabled"}
    gateway = build_gateway(resolved, the_api(world).identity.host, ())
    assert the_api(world).routes.keys() <= gateway.routes.keys()
    serving = {f"{found['method']} /hr/v1{found['path']}" for found in spec["routes"] if found["name"] not in refused}
    assert serving <= the_api(world).routes.keys()
    with written(world) as found:
        resync(world)
    assert found == []
