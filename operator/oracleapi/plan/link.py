"""Plan VPC links. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from oracleapi.model.link import CreateLink, DeleteLink, DesiredLink, LinkAction, ObservedLink
from oracleapi.plan.plan import Plan


@dataclass(frozen=True)
class Links:
    """The links of one object.

    Args:
        wanted: The one that leads where the spec says; ``None`` before it is made.
        current: The one that APIs are to use: *wanted* once it serves, until then the one before.
        others: What is left of earlier specs; they go when no API uses them any more.
    """

    wanted: ObservedLink | None
    current: ObservedLink | None
    others: tuple[ObservedLink, ...]


def sort_links(desired: DesiredLink, owned: Sequence[ObservedLink]) -> Links:
    """Tell *owned*, the one in status first and no DELETING one among them, by what each is for."""
    fitting = sorted((link for link in owned if link.fits(desired)), key=lambda link: not link.serves)
    wanted = fitting[0] if fitting else None
    before = next((link for link in owned if link is not wanted and link.serves), None)
    current = wanted if wanted is None or wanted.serves or before is None else before
    current = current or before or (owned[0] if owned else None)
    return Links(wanted, current, tuple(link for link in owned if link is not wanted and link is not current))


def plan_links(desired: DesiredLink, links: Links, unused: Sequence[ObservedLink]) -> Plan[LinkAction]:
    """Return what makes the wanted link, or takes away those of the *others* that are *unused*."""
    if links.wanted is None:
        return Plan((CreateLink(desired),))
    return Plan(tuple(DeleteLink(link.link_id) for link in unused))


def plan_link_removal(owned: Sequence[ObservedLink]) -> Plan[LinkAction]:
    """Return what takes every link away; one that is DELETING is on its way."""
    return Plan(tuple(DeleteLink(link.link_id) for link in owned if link.state != "DELETING"))
