"""A VPC link from its spec."""

from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.desired.link import build_link
from oracleapi.model.link import DesiredLink
from support import make


def test_a_link_is_the_same_whatever_order_its_parts_are_written_in() -> None:
    fields = {"subnetIds": ["subnet-0b", "subnet-0a"], "securityGroupIds": ["sg-0b", "sg-0a"]}
    owner = make.owner("main", None, "VpcLink")
    found = build_link(VpcLinkSpec.model_validate({"accountRef": {"name": "a"}, **fields}), owner, {"team": "hr"})
    tags = {"team": "hr", **owner.tags()}
    assert found == DesiredLink("main", ("subnet-0a", "subnet-0b"), ("sg-0a", "sg-0b"), tags)
