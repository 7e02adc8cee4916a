"""Routes with ``auth: IAM``: nothing at ORDS protects them, so that they are on neither side, and the others serve."""

import pytest

from support import make
from support.history import History
from support.small_world import API, SmallWorld
from support.worlds import PROBE_KEY, PROBE_MODULE, api, resync, schema, the_api, world_of, written

READ = make.route("list")
SIGNED = make.route("signed", path="/signed/{id}", auth="IAM")
READ_MODULE = "oa-a-read-524c50/hr/v1"


def state(world: SmallWorld, name: str = "signed") -> tuple[str, str]:
    (found,) = [entry for entry in world.kube.status(*API)["routes"] if entry["name"] == name]
    return found["state"], found.get("reason", "")


def nowhere(world: SmallWorld) -> bool:
    """Say whether the signed route is on neither side."""
    at_gateway = [key for key in the_api(world).routes if "/signed" in key]
    at_ords = [name for name, module in schema(world).modules.items() if ("signed/:id", "GET") in module.handlers]
    return not at_gateway and not at_ords


def test_it_is_withdrawn_and_says_what_is_missing_while_the_others_serve() -> None:
    world = world_of(READ, SIGNED)
    assert nowhere(world)
    assert state(world) == ("Withdrawn", "GuardOff")
    assert state(world, "list") == ("Serving", "")
    assert world.kube.status(*API)["routesServing"] == "1/2"
    assert world.ready() == ("False", "RoutesRefused")
    assert "route signed" in world.message()
    assert "auth: JWT" in world.message()
    with written(world) as found:
        resync(world)
    assert found == []


def test_an_api_of_such_routes_alone_has_its_probe_and_nothing_else() -> None:
    world = world_of(SIGNED, auth=None)
    assert nowhere(world)
    assert set(the_api(world).routes) == {PROBE_KEY}
    assert set(schema(world).modules) == {PROBE_MODULE}
    assert world.condition("NetworkReady") == ("True", "Succeeded")


@pytest.mark.parametrize("auth", ["JWT", "Public"])
def test_a_route_that_becomes_one_goes_from_the_gateway_first_and_then_from_ords(auth: str) -> None:
    world = world_of(READ, SIGNED | {"auth": auth})
    assert state(world) == ("Serving", "")
    world.clock.advance(300)
    history = History(world)
    world.apply(api(READ, SIGNED))
    world.settle(300)
    history.check()
    assert nowhere(world)
    assert state(world) == ("Withdrawn", "GuardOff")
    world.apply(api(READ, SIGNED | {"auth": auth}))
    world.settle(300)
    assert state(world) == ("Serving", "")
    history.check()
