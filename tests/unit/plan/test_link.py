"""A VPC link is made, replaced by another, taken away, or left alone."""

from dataclasses import replace

import pytest

from oracleapi.model.link import CreateLink, DeleteLink, DesiredLink, LinkAction, ObservedLink
from oracleapi.plan.link import plan_link_removal, plan_links, sort_links

WANTED = DesiredLink("private", ("subnet-1",), ("sg-1",), {"owner": "me"})


def link(state: str, link_id: str = "link1", subnet: str = "subnet-1") -> ObservedLink:
    return ObservedLink(link_id, "private", state, "", {}, "", (subnet,), ("sg-1",))


OLD = link("AVAILABLE", "old", "subnet-0")


@pytest.mark.parametrize(
    ("owned", "actions", "current"),
    [
        ([], (CreateLink(WANTED),), None),
        ([link("AVAILABLE")], (), "link1"),
        ([link("PENDING")], (), "link1"),
        ([link("FAILED")], (), "link1"),
        ([link("INACTIVE")], (), "link1"),
        ([OLD], (CreateLink(WANTED),), "old"),
        ([OLD, link("PENDING")], (), "old"),
        ([OLD, link("FAILED")], (), "old"),
        ([OLD, link("AVAILABLE")], (DeleteLink("old"),), "link1"),
        ([OLD, link("INACTIVE")], (DeleteLink("old"),), "link1"),
        ([OLD, link("PENDING"), link("FAILED", "bad", "subnet-2")], (DeleteLink("bad"),), "old"),
        ([link("AVAILABLE"), link("AVAILABLE", "twin")], (DeleteLink("twin"),), "link1"),
        ([link("PENDING"), link("AVAILABLE", "twin")], (DeleteLink("link1"),), "twin"),
        ([replace(OLD, state="PENDING")], (CreateLink(WANTED),), "old"),
        ([replace(OLD, state="FAILED"), link("PENDING")], (DeleteLink("old"),), "link1"),
        ([replace(OLD, state="FAILED"), replace(OLD, link_id="serves")], (CreateLink(WANTED),), "serves"),
    ],
)
def test_the_link_of_the_spec_is_made_and_others_go_once_it_serves(
    owned: list[ObservedLink], actions: tuple[LinkAction, ...], current: str | None
) -> None:
    links = sort_links(WANTED, owned)
    assert (links.current.link_id if links.current is not None else None) == current
    assert plan_links(WANTED, links, links.others).actions == actions


def test_a_link_that_is_used_stays() -> None:
    links = sort_links(WANTED, [OLD, link("AVAILABLE")])
    assert plan_links(WANTED, links, []).empty


def test_all_links_go_with_their_object() -> None:
    owned = [OLD, link("DELETING"), link("FAILED", "bad")]
    assert plan_link_removal(owned).actions == (DeleteLink("old"), DeleteLink("bad"))
