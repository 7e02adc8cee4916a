"""VPC links V2."""

from typing import Any

import pytest


def test_a_link_is_pending_and_then_available(contract: Any) -> None:
    """PENDING first, AVAILABLE after some time; tags in lists; subnets are kept [D]."""
    created = contract.gateway.create_vpc_link(Name="contract", SubnetIds=contract.aws.subnets, Tags={"a": "b"})
    link = created["VpcLinkId"]
    assert (created["VpcLinkStatus"], created["VpcLinkVersion"]) == ("PENDING", "V2")
    assert contract.wait_for_link(link) == "AVAILABLE"
    listed = {entry["VpcLinkId"]: entry for entry in contract.gateway.get_vpc_links()["Items"]}
    assert (listed[link]["Tags"], listed[link]["SubnetIds"]) == ({"a": "b"}, contract.aws.subnets)
    contract.gateway.delete_vpc_link(VpcLinkId=link)
    with contract.unconfirmed("DELETING is visible"):
        assert contract.gateway.get_vpc_link(VpcLinkId=link)["VpcLinkStatus"] == "DELETING"


def test_only_the_name_of_a_link_changes(link: str, contract: Any) -> None:
    """UpdateVpcLink takes a name and nothing else [D model]."""
    assert contract.gateway.update_vpc_link(VpcLinkId=link, Name="contract-2")["Name"] == "contract-2"


def test_a_link_in_use_stays(link: str, contract: Any) -> None:
    """BadRequestException, which the model does not list, with this real text [D]."""
    api = contract.api()
    contract.integration(api, ConnectionType="VPC_LINK", ConnectionId=link, IntegrationUri=contract.aws.listener_arn)
    parts = (f"Cannot delete vpc link. Vpc link '{link}', is referenced in [ANY:", "in format of [Method:Resource].")
    with contract.refused("BadRequestException", *parts, status=400):
        contract.gateway.delete_vpc_link(VpcLinkId=link)


@pytest.mark.parametrize("members", [{"SubnetIds": []}, {"SubnetIds": [f"subnet-{n:08x}" for n in range(11)]}])
def test_one_to_ten_subnets(contract: Any, members: dict[str, Any]) -> None:
    """One to ten subnets [D quotas page]."""
    with contract.refused("BadRequestException"):
        contract.gateway.create_vpc_link(Name="contract", **members)


def test_a_missing_link_is_a_404(contract: Any) -> None:
    """NotFoundException [D model]."""
    with contract.refused("NotFoundException", status=404):
        contract.gateway.get_vpc_link(VpcLinkId="nolink")
