"""Plan a VPC link. Pure."""

from oracleapi.model.link import CreateLink, DeleteLink, DesiredLink, LinkAction, ObservedLink
from oracleapi.plan.plan import Plan


def plan_link(desired: DesiredLink | None, observed: ObservedLink | None) -> Plan[LinkAction]:
    """Return the one action, if any, that makes or takes away a link; one that is DELETING counts as gone."""
    gone = observed is None or observed.state == "DELETING"
    if desired is not None and gone:
        return Plan((CreateLink(desired),))
    if desired is None and observed is not None and not gone:
        return Plan((DeleteLink(observed.link_id),))
    return Plan()
