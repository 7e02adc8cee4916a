"""A link counts the APIs that come through it, without waiting for its next routine check."""

from support import make
from support.small_world import API, SmallWorld
from support.worlds import LINK, api


def test_a_link_counts_its_apis_as_they_come_and_go() -> None:
    world = SmallWorld(*(found for found in make.world() if found["kind"] != "OracleApi"))
    assert world.kube.status(*LINK)["usedBy"] == 0
    world.apply(api(make.route("list")))
    world.settle(30)
    assert world.kube.status(*LINK)["usedBy"] == 1
    world.delete(*API)
    world.settle(30)
    assert world.kube.status(*LINK)["usedBy"] == 0
