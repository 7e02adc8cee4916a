"""What ORDS asks callers of a route for, told on the ``OracleApi`` and on the bindings that lead there."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.model.schema import Privilege
from support import make
from support.small_world import API, SmallWorld
from support.worlds import BINDING, edit, resync, schema, written

PEOPLE = make.route("people", path="/people/{id}")
HEALTH = make.route("health", path="/health", auth="Public")


def world_with(binding: dict[str, Any]) -> SmallWorld:
    found = SmallWorld(*make.guarded_world(**make.api_spec(make.route(), PEOPLE, HEALTH)), binding)
    found.clock.advance(60)
    found.settle()
    return found


def mismatches(world: SmallWorld) -> list[dict[str, str]]:
    found: list[dict[str, str]] = world.kube.status(*BINDING).get("mismatches", [])
    return found


def routes_of(world: SmallWorld) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.kube.status(*API)["routes"]
    return found


def shadowed(world: SmallWorld, *patterns: str) -> None:
    """Let somebody else define a privilege, or take it away again."""
    database = world.backends.database
    found = schema(world)
    others = {name: each for name, each in found.privileges.items() if name != "audit"}
    more = {"audit": Privilege("audit", patterns, ())} if patterns else {}
    database.schemas["HR_API"] = replace(found, privileges={**others, **more})


def test_somebody_else_s_privilege_before_a_route_is_told_on_api_and_binding_until_it_goes() -> None:
    world = world_with(make.binding(routes=["list", "people"]))
    slug = world.kube.status(*API)["groups"][1]["basePath"].split("/")[1]
    shadowed(world, f"/{slug}/hr/v1/people/*")
    with written(world) as writes:
        resync(world)
    assert not [call for call in writes if call == "ChangeSchema"]
    assert world.ready() == world.condition("OrdsReady") == ("False", "PrivilegeShadowed")
    assert (
        f"route people: ORDS asks its callers for audit too, a privilege of schema HR_API with pattern /{slug}/hr"
        in (world.message())
    )
    told = {found["name"]: (found["state"], found.get("fault"), found.get("asks")) for found in routes_of(world)}
    assert told["people"] == ("Serving", "PrivilegeShadowed", ["audit"])
    assert told["list"] == told["health"] == ("Serving", None, None)
    assert mismatches(world) == [
        {
            "link": "OrdsPrivilege", "fault": "PrivilegeShadowed", "subject": "Group readers", "route": "people",
            "wouldSee": "401",
        }
    ]  # fmt: skip
    with written(world) as writes:
        resync(world)
    assert writes == []
    shadowed(world)
    resync(world)
    assert world.ready() == world.ready(BINDING) == ("True", "Succeeded")
    assert not [found for found in routes_of(world) if "fault" in found]


def test_under_report_a_pass_that_does_not_read_the_gateway_again_takes_no_route_for_missing() -> None:
    world = world_with(make.binding(routes=["list"]))
    edit(world, API, mode="Report")
    shadowed(world, "/*")
    resync(world)
    assert world.ready() == ("False", "PrivilegeShadowed")
    before = list(world.backends.aws.calls)
    world.operator.queue.add(API)
    world.settle(10)
    assert world.backends.aws.calls == before
    assert {found["state"] for found in routes_of(world)} == {"Serving"}


@pytest.mark.parametrize(
    ("broken", "fault", "seen"),
    [
        ({"privileges": {}}, "PrivilegeMissing", "403"),
        ({"profile": None}, "ProfileDiffers", "401"),
    ],
)
def test_what_is_missing_at_ords_is_told_where_nothing_may_be_put_back_and_gone_where_it_may(
    broken: dict[str, Any], fault: str, seen: str
) -> None:
    world = world_with(make.binding(routes=["list"]))
    edit(world, API, mode="Report")
    world.backends.database.schemas["HR_API"] = replace(schema(world), **broken)
    resync(world)
    assert {(found["fault"], found["wouldSee"]) for found in mismatches(world)} == {(fault, seen)}
    edit(world, API, mode="Enforce")
    world.settle(300)
    assert world.ready() == world.ready(BINDING) == ("True", "Succeeded")
    assert mismatches(world) == []


def test_an_api_that_may_not_have_the_schema_s_profile_lets_none_of_its_callers_through() -> None:
    world = world_with(make.binding(routes=["list"]))
    profile = schema(world).profile
    assert profile is not None
    by_hand = replace(profile, issuer="https://other/", description="by hand")
    world.backends.database.schemas["HR_API"] = replace(schema(world), profile=by_hand)
    resync(world)
    assert world.ready() == ("False", "JwtProfileConflict")
    assert [(found["fault"], found["wouldSee"]) for found in mismatches(world)] == [("ProfileDiffers", "401")]
