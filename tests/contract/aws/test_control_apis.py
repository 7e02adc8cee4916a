"""HTTP APIs, their lists and their tags, as boto3 sees them."""

from typing import Any

import pytest


def test_an_api_has_an_endpoint_an_id_of_ten_characters_and_its_tags(contract: Any) -> None:
    """Ten characters and the host ``{id}.execute-api.`` [D samples]; tags in the answer and in lists [D model]."""
    api = contract.api(Tags={"owner": "a/b"})
    found = contract.gateway.get_api(ApiId=api)
    assert len(api) == 10
    assert found["ApiEndpoint"].startswith(f"https://{api}.execute-api.")
    assert found["Tags"] == {"owner": "a/b"}
    pages = contract.gateway.get_paginator("get_apis").paginate()
    assert found["Tags"] in [entry["Tags"] for page in pages for entry in page["Items"] if entry["ApiId"] == api]


def test_names_are_not_unique(contract: Any) -> None:
    """Two APIs may share a name; nothing makes a repeated create safe [D]."""
    assert contract.api(Name="contract-twin") != contract.api(Name="contract-twin")


def test_an_update_changes_only_what_it_names(contract: Any) -> None:
    """An omitted member stays as it is [D]."""
    api = contract.api(Description="one", CorsConfiguration={"AllowOrigins": ["https://a.example"]})
    changed = contract.gateway.update_api(ApiId=api, Name="contract-new", DisableExecuteApiEndpoint=True)
    assert (changed["Name"], changed["Description"]) == ("contract-new", "one")
    assert changed["DisableExecuteApiEndpoint"] is True
    assert changed["CorsConfiguration"] == {"AllowOrigins": ["https://a.example"]}


def test_cors_goes_only_by_its_own_call(contract: Any) -> None:
    """DeleteCorsConfiguration removes it [D]."""
    api = contract.api(CorsConfiguration={"AllowOrigins": ["*"], "MaxAge": 60})
    contract.gateway.delete_cors_configuration(ApiId=api)
    assert "CorsConfiguration" not in contract.gateway.get_api(ApiId=api)


@pytest.mark.parametrize(
    ("members", "part"),
    [
        ({"Name": "n" * 129}, "name"),
        ({"Description": "d" * 1025}, "description"),
        ({"Version": "v" * 65}, "version"),
        ({"CorsConfiguration": {"MaxAge": 86_401}}, "maxAge"),
        ({"IpAddressType": "ipv6"}, "ipAddressType"),
        ({"Tags": {"k" * 129: "v"}}, "tags"),
        ({"Tags": {"k": "v" * 257}}, "tags"),
        ({"Tags": {"aws:k": "v"}}, "tags"),
        ({"Tags": {f"k{n}": "v" for n in range(51)}}, "tags"),
    ],
)
def test_limits_of_an_api(contract: Any, members: dict[str, Any], part: str) -> None:
    """Lengths and enums of the model, 50 tags of 128 and 256 characters [D]; the wording is [U]."""
    with contract.unconfirmed(f"refused: {members}"), contract.refused("BadRequestException", status=400):
        contract.api(**members)


def test_the_refusal_names_the_member(contract: Any) -> None:
    """[U] wording: a client can tell what was wrong."""
    with contract.unconfirmed("names the member"), contract.refused("BadRequestException", "name"):
        contract.api(Name="n" * 129)


def test_a_missing_api_is_named(contract: Any) -> None:
    """``Invalid API identifier specified ACCOUNT:ID`` is the real text [D]."""
    for call in (contract.gateway.get_api, contract.gateway.delete_api, contract.gateway.get_routes):
        with contract.refused("NotFoundException", "Invalid API identifier specified", "aaaaaaaaaa", status=404):
            call(ApiId="aaaaaaaaaa")


def test_deleting_an_api_takes_its_children(contract: Any) -> None:
    """Routes, integrations and stages go with the API [D]."""
    api = contract.api()
    contract.route(api, "GET /a")
    contract.gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    contract.gateway.delete_api(ApiId=api)
    with contract.refused("NotFoundException"):
        contract.gateway.get_stages(ApiId=api)


def test_lists_are_paged(contract: Any) -> None:
    """MaxResults and NextToken work in every list [D model]; each item comes exactly once, in a stable order."""
    api = contract.api()
    target = f"integrations/{contract.integration(api)}"
    made = [contract.gateway.create_route(ApiId=api, RouteKey=f"GET /r{n}", Target=target)["RouteId"] for n in range(7)]
    found, token, pages = [], {}, 0
    while True:
        page = contract.gateway.get_routes(ApiId=api, MaxResults="3", **token)
        found += [item["RouteId"] for item in page["Items"]]
        pages += 1
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(found) == sorted(made)
    assert pages == 3


@pytest.mark.parametrize("call", ["get_apis", "get_vpc_links"])
@pytest.mark.parametrize("members", [{"MaxResults": "0"}, {"MaxResults": "x"}, {"NextToken": "nonsense"}])
def test_wrong_paging_is_refused(contract: Any, call: str, members: dict[str, str]) -> None:
    """[U] Numbers below one and tokens the service did not give are a 400."""
    with contract.unconfirmed(f"{call} refuses {members}"), contract.refused("BadRequestException"):
        getattr(contract.gateway, call)(**members)


def test_tags_are_set_and_removed_by_arn(contract: Any) -> None:
    """APIs, stages and VPC links carry tags; ARNs have no account [D]."""
    api = contract.api(Tags={"a": "1"})
    contract.gateway.create_stage(ApiId=api, StageName="dev", Tags={"s": "1"})
    arn = f"arn:aws:apigateway:{contract.gateway.meta.region_name}::/apis/{api}"
    contract.gateway.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    contract.gateway.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert contract.gateway.get_tags(ResourceArn=arn)["Tags"] == {"b": "2"}
    assert contract.gateway.get_api(ApiId=api)["Tags"] == {"b": "2"}
    contract.gateway.tag_resource(ResourceArn=f"{arn}/stages/dev", Tags={"t": "2"})
    assert contract.gateway.get_stage(ApiId=api, StageName="dev")["Tags"] == {"s": "1", "t": "2"}


def test_tags_of_a_missing_resource(contract: Any) -> None:
    """An ARN of the right form without a resource is a 404 [D model], another form a 400 [U]."""
    region = contract.gateway.meta.region_name
    with contract.refused("NotFoundException"):
        contract.gateway.get_tags(ResourceArn=f"arn:aws:apigateway:{region}::/apis/aaaaaaaaaa")
    with contract.unconfirmed("another form is a 400"), contract.refused("BadRequestException"):
        contract.gateway.get_tags(ResourceArn="arn:aws:s3:::bucket")
