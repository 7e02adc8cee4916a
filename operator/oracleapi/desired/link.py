"""A VPC link from its spec. Pure."""

from collections.abc import Mapping

from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.model.link import DesiredLink
from oracleapi.model.ownership import Owner


def build_link(spec: VpcLinkSpec, owner: Owner, account_tags: Mapping[str, str]) -> DesiredLink:
    """Return the desired link; subnets and groups sorted, for AWS keeps no order."""
    return DesiredLink(
        name=owner.name,
        subnet_ids=tuple(sorted(spec.subnet_ids)),
        security_group_ids=tuple(sorted(spec.security_group_ids)),
        tags={**account_tags, **owner.tags()},
    )
