"""What a pass may believe of the gateway without reading it again, and of a list that does not show everything yet."""

from typing import Any

import pytest

from oracleapi.desired.groups import scope_slug
from support import make
from support.small_world import API, SmallWorld
from support.worlds import LINK, api, resync, the_api, world_of

SLUG = scope_slug("a.read")
TRICK = "%2e%2e/%2e%2e"
GOOD = make.route("list")
OPEN = make.route("open", path="/open/{name}", auth="Public")
KEY, OPEN_KEY = "GET /hr/v1/things", "GET /hr/v1/open/{name}"


def offers() -> list[dict[str, Any]]:
    return [found for found in make.world() if found["kind"] != "OracleApi"]


def test_a_group_that_turns_out_open_while_the_api_waits_for_ords_goes_from_the_gateway_at_once() -> None:
    world = SmallWorld(*offers())
    world.backends.ords.answers[f"/{SLUG}/"] = 404
    world.apply(api(GOOD))
    world.settle(3)
    assert world.ready() == ("False", "WaitingForOrds")
    assert KEY in the_api(world).routes
    world.backends.ords.answers[f"/{SLUG}/"] = 200
    world.settle(3)
    assert world.ready() == ("False", "RoutesRefused")
    assert KEY not in the_api(world).routes


def test_a_new_api_serves_its_public_route_once_ords_is_known_to_be_safe_again() -> None:
    world = world_of(GOOD, OPEN)
    world.backends.ords.answers[TRICK] = 200
    resync(world)
    world.delete(*API)
    world.settle()
    world.backends.ords.answers.clear()
    world.apply(api(GOOD, OPEN))
    world.settle(30)
    assert world.ready() == ("True", "Succeeded")
    assert OPEN_KEY in the_api(world).routes


def test_a_new_api_loses_its_public_route_once_ords_is_known_to_be_unsafe_now() -> None:
    world = world_of(GOOD, OPEN)
    world.delete(*API)
    world.settle()
    world.backends.ords.answers[TRICK] = 200
    world.apply(api(GOOD, OPEN))
    world.settle(30)
    assert world.ready() == ("False", "RoutesRefused")
    assert OPEN_KEY not in the_api(world).routes


@pytest.mark.parametrize("call", ["list_apis", "list_links"])
def test_a_list_that_lags_behind_a_create_makes_no_twin(call: str) -> None:
    world = SmallWorld(*make.world(), start=False)
    aws, shown = world.backends.aws, world.clock.time + 90
    listed = getattr(aws, call)
    setattr(aws, call, lambda: listed() if world.clock.time >= shown else [])
    world.settle(30)
    world.apply(api(make.route("list", scope="b.read")))
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert aws.calls.count("CreateApi") == aws.calls.count("CreateVpcLink") == 1


def test_an_api_and_a_link_deleted_by_hand_are_made_again() -> None:
    world = world_of(GOOD)
    aws = world.backends.aws
    aws.apis.clear()
    aws.links.clear()
    resync(world)
    assert world.ready() == world.ready(LINK) == ("True", "Succeeded")
    assert aws.calls.count("CreateApi") == aws.calls.count("CreateVpcLink") == 2


def test_an_api_that_the_list_does_not_show_yet_is_deleted_all_the_same() -> None:
    world = SmallWorld(*offers())
    aws = world.backends.aws
    aws.list_apis = list  # type: ignore[method-assign]
    world.apply(api(GOOD))
    world.settle(10)
    world.delete(*API)
    world.settle()
    assert world.kube.find(*API) is None
    assert aws.apis == {}
