"""``VpcLink``: made once, followed, kept while it is used, and gone only when AWS says so."""

from dataclasses import replace

import pytest

from oracleapi.errors import Retryable
from oracleapi.model.link import ObservedLink
from support import make
from support.small_world import API, SmallWorld, standard
from support.worlds import ACCOUNT, DATABASE, LINK, annotate, edit, events, resync, written


def alone() -> SmallWorld:
    return SmallWorld(*(found for found in make.world() if found["kind"] in ("AwsAccount", "VpcLink")))


def link_id(world: SmallWorld) -> str:
    (found,) = world.backends.aws.links
    return found


def set_state(world: SmallWorld, state: str, message: str = "") -> None:
    links = world.backends.aws.links
    links[link_id(world)] = replace(links[link_id(world)], state=state, message=message)


def test_a_link_is_made_once_and_followed_to_available() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.settle(0, links="PENDING")
    assert world.ready(LINK) == ("False", "LinkPending")
    assert world.kube.status(*LINK)["state"] == "PENDING"
    world.settle(20)
    assert world.ready(LINK) == ("True", "Succeeded")
    assert world.kube.status(*LINK)["vpcLinkId"] == link_id(world)
    assert "intents" not in world.kube.status(*LINK)
    assert world.backends.aws.calls.count("CreateVpcLink") == 1


def test_the_gateway_part_is_ready_within_seconds_of_the_link() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.settle(200, links="PENDING")
    set_state(world, "AVAILABLE")
    before = world.clock.time
    while world.condition("GatewayReady") != ("True", "Succeeded"):
        world.settle(0.5)
        world.clock.advance(0.5)
    assert world.clock.time - before <= 6.0


def test_waiting_for_a_link_writes_nothing_meanwhile() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.settle(20, links="PENDING")
    with written(world) as found:
        world.settle(200, links="PENDING")
    assert found == []


def test_a_second_pass_writes_nothing() -> None:
    world = standard()
    with written(world) as found:
        resync(world)
    assert found == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("FAILED", ("False", "LinkFailed")),
        ("INACTIVE", ("False", "LinkInactive")),
        ("PENDING", ("False", "LinkPending")),
        ("AVAILABLE", ("True", "Succeeded")),
    ],
)
def test_each_state_has_its_reason(state: str, expected: tuple[str, str]) -> None:
    world = alone()
    set_state(world, state, "no free addresses in subnet-1")
    world.clock.advance(400)
    world.operator.queue.add(LINK)
    world.settle(0, links=state)
    assert world.ready(LINK) == expected
    assert world.kube.status(*LINK)["state"] == state


def test_a_failed_link_tells_aws_s_message_and_the_cure() -> None:
    world = alone()
    set_state(world, "FAILED", "no free addresses in subnet-1")
    resync(world, 0)
    assert "no free addresses in subnet-1" in world.message(LINK)
    assert "delete this object" in world.message(LINK)
    assert world.condition("Stalled", LINK) == ("True", "LinkFailed")


def test_an_inactive_link_does_not_stop_its_api() -> None:
    world = standard()
    set_state(world, "INACTIVE")
    resync(world, 0)
    assert world.ready(LINK) == ("False", "LinkInactive")
    assert world.ready() == ("True", "Succeeded")


def test_a_link_that_was_deleted_by_hand_is_made_again() -> None:
    world = alone()
    world.backends.aws.links.clear()
    resync(world)
    assert world.ready(LINK) == ("True", "Succeeded")
    assert world.kube.status(*LINK)["vpcLinkId"] == link_id(world)


def test_a_link_of_another_owner_is_left_alone() -> None:
    world = SmallWorld(*make.world(), start=False)
    other = make_link("link0", **{"oracleapi.dev/owner": "cluster-2/VpcLink/-/private"})
    world.backends.aws.links["link0"] = other
    world.settle()
    assert world.kube.status(*LINK)["vpcLinkId"] != "link0"
    for key in (API, DATABASE, LINK):
        world.delete(*key)
    world.settle(300)
    assert world.backends.aws.links == {"link0": other}


def make_link(link: str, **tags: str) -> ObservedLink:
    return ObservedLink(link, "private", "AVAILABLE", "", tags, "0000", ("subnet-1", "subnet-2"), ("sg-1",))


def test_the_older_of_two_links_is_taken_where_status_knows_none() -> None:
    world = SmallWorld(*make.world(), start=False)
    mine = {"oracleapi.dev/owner": "cluster-1/VpcLink/-/private"}
    links = world.backends.aws.links
    links["younger"] = replace(make_link("younger", **mine), created="2026-02")
    links["older"] = replace(make_link("older", **mine), created="2026-01")
    world.settle()
    assert world.kube.status(*LINK)["vpcLinkId"] == "older"


def test_a_link_that_is_used_stays_and_names_its_users() -> None:
    world = standard()
    world.delete(*LINK)
    world.settle(20)
    assert world.ready(LINK) == ("False", "InUse")
    assert "OracleDatabase/db" in world.message(LINK)
    assert "DeleteLink" not in world.backends.aws.calls
    assert world.ready() == ("True", "Succeeded")


def test_a_deleted_link_stays_until_aws_has_really_deleted_it() -> None:
    world = alone()
    world.delete(*LINK)
    key = world.operator.queue.take(0)
    assert key == LINK
    world.run(key)
    world.operator.queue.done(key)
    assert world.ready(LINK) == ("False", "Deleting")
    assert world.kube.status(*LINK)["state"] == "DELETING"
    world.settle(60)
    assert world.kube.find(*LINK) is None
    assert world.backends.aws.calls.count("DeleteLink") == 1


def test_a_retained_link_stays_in_aws() -> None:
    world = alone()
    annotate(world, LINK, deletion_policy="Retain")
    world.delete(*LINK)
    world.settle()
    assert world.kube.find(*LINK) is None
    assert link_id(world)


def test_usage_is_counted() -> None:
    world = standard()
    resync(world)
    assert world.kube.status(*LINK)["usedBy"] == 1


def test_a_suspended_link_is_not_made() -> None:
    offers = [found for found in make.world() if found["kind"] in ("AwsAccount", "VpcLink")]
    offers[1]["spec"]["suspend"] = True
    world = SmallWorld(*offers)
    assert world.ready(LINK) == ("Unknown", "Suspended")
    assert world.backends.aws.links == {}
    edit(world, LINK, suspend=False)
    world.settle()
    assert world.ready(LINK) == ("True", "Succeeded")


def test_a_link_waits_for_its_account() -> None:
    world = SmallWorld(*(found for found in make.world() if found["kind"] == "VpcLink"))
    assert world.ready(LINK) == ("False", "DependencyNotReady")
    world.apply(next(found for found in make.world() if found["kind"] == "AwsAccount"))
    world.settle()
    assert world.ready(LINK) == ("True", "Succeeded")
    assert world.ready(ACCOUNT) == ("True", "Succeeded")
    assert not events(world, "InternalError")


NEW = ["subnet-3", "subnet-4"]


def replaced(world: SmallWorld, *subnets: str) -> None:
    edit(world, LINK, subnetIds=list(subnets or NEW))


def links_of(world: SmallWorld) -> set[str]:
    """Return the links that callers are led through."""
    apis = world.backends.aws.apis.values()
    return {r.integration.vpc_link_id for found in apis for r in found.deployed.routes.values() if r.integration}


def test_another_subnet_makes_another_link_and_leads_callers_over_before_the_old_one_goes() -> None:
    world = standard()
    world.clock.advance(300)
    (old,) = world.backends.aws.links
    replaced(world)
    world.settle(0.5, links="PENDING")
    assert world.ready(LINK) == ("False", "LinkPending")
    assert f"link {old} is used meanwhile" in world.message(LINK)
    assert (world.kube.status(*LINK)["vpcLinkId"], world.kube.status(*LINK)["state"]) == (old, "AVAILABLE")
    assert links_of(world) == {old}
    world.settle(120)
    (new,) = world.backends.aws.links
    assert new != old
    assert links_of(world) == {new}
    assert world.ready(LINK) == world.ready() == ("True", "Succeeded")
    with written(world) as found:
        resync(world)
    assert found == []


def test_a_new_link_that_cannot_be_built_is_told_and_the_old_one_stays() -> None:
    world = standard()
    (old,) = world.backends.aws.links
    replaced(world)
    world.settle(60, links="FAILED")
    assert world.ready(LINK) == ("False", "LinkFailed")
    assert f"link {old} is used meanwhile" in world.message(LINK)
    assert links_of(world) == {old}
    assert world.ready() == ("True", "Succeeded")
    replaced(world, "subnet-5", "subnet-6")
    world.settle(120)
    (new,) = world.backends.aws.links
    assert world.backends.aws.links[new].subnet_ids == ("subnet-5", "subnet-6")
    assert links_of(world) == {new}


def test_an_edit_back_keeps_the_old_link_and_takes_the_new_one_away() -> None:
    world = standard()
    (old,) = world.backends.aws.links
    replaced(world)
    world.settle(0.5, links="PENDING")
    assert len(world.backends.aws.links) == 2
    replaced(world, "subnet-1", "subnet-2")
    world.settle(60)
    assert list(world.backends.aws.links) == [old]
    assert world.ready(LINK) == ("True", "Succeeded")
    assert world.backends.aws.calls.count("CreateVpcLink") == 2


def test_a_link_that_an_open_publication_may_still_use_stays() -> None:
    world = standard()
    world.clock.advance(300)
    (old,) = world.backends.aws.links
    world.backends.aws.faults["Deploy"] = [Retryable("AwsUnavailable", "no answer")] * 3
    replaced(world)
    world.settle(8)
    assert old in world.backends.aws.links
    assert links_of(world) == {old}
    world.settle(300)
    assert old not in world.backends.aws.links


def test_both_links_go_with_their_object() -> None:
    world = standard()
    replaced(world)
    world.settle(0.5, links="PENDING")
    for key in list(world.kube.objects):
        world.delete(*key)
    world.settle(200)
    assert world.kube.objects == {}
    assert world.backends.aws.links == {}
