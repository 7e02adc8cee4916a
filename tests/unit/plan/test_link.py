"""A VPC link is made, or taken away, or left alone."""

import pytest

from oracleapi.model.link import CreateLink, DeleteLink, DesiredLink, LinkAction, ObservedLink
from oracleapi.plan.link import plan_link

WANTED = DesiredLink("private", ("subnet-1",), ("sg-1",), {"owner": "me"})


def link(state: str) -> ObservedLink:
    return ObservedLink("link1", "private", state, "", {})


@pytest.mark.parametrize(
    ("desired", "observed", "actions"),
    [
        (WANTED, None, (CreateLink(WANTED),)),
        (WANTED, link("AVAILABLE"), ()),
        (WANTED, link("PENDING"), ()),
        (WANTED, link("FAILED"), ()),
        (WANTED, link("INACTIVE"), ()),
        (WANTED, link("DELETING"), (CreateLink(WANTED),)),
        (None, None, ()),
        (None, link("AVAILABLE"), (DeleteLink("link1"),)),
        (None, link("FAILED"), (DeleteLink("link1"),)),
        (None, link("PENDING"), (DeleteLink("link1"),)),
        (None, link("DELETING"), ()),
    ],
)
def test_one_action_at_most(
    desired: DesiredLink | None, observed: ObservedLink | None, actions: tuple[LinkAction, ...]
) -> None:
    assert plan_link(desired, observed).actions == actions
