"""Faults at the socket and on the wire, as boto3 meets them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError


@pytest.fixture(autouse=True)
def _clean(contract: Any) -> Iterator[None]:
    contract.aws.sandbox("POST", "reset")
    yield
    contract.aws.sandbox("POST", "reset")


def _fault(contract: Any, operation: str, **members: Any) -> None:
    contract.aws.sandbox("PUT", "faults", {"operation": operation, "times": 1, **members})


@pytest.mark.parametrize(("fault", "happened"), [("drop_before", False), ("drop_after", True)])
def test_a_create_whose_answer_is_lost(contract: Any, fault: str, happened: bool) -> None:
    """The client sees a broken connection either way; only one of them made the API. The next call goes through."""
    _fault(contract, "apigatewayv2:CreateApi", **{fault: True})
    with pytest.raises(ConnectionClosedError):
        contract.api(Name="lost")
    assert [entry["Name"] for entry in contract.gateway.get_apis()["Items"]] == (["lost"] if happened else [])
    call = contract.aws.sandbox("GET", "calls")["calls"][0]
    when, status = ("after", 201) if happened else ("before", None)
    assert (call["operation"], call["dropped"], call["status"]) == ("CreateApi", when, status)
    assert contract.aws.sandbox("GET", "calls?summary")["operations"]["apigatewayv2:CreateApi"]["dropped"] == 1


@pytest.mark.parametrize(
    ("service", "call", "members"),
    [
        ("sts", "get_caller_identity", {}),
        ("logs", "create_log_group", {"logGroupName": "/lost"}),
        ("secretsmanager", "create_secret", {"Name": "lost", "SecretString": "x"}),
    ],
)
def test_other_services_lose_answers_too(contract: Any, service: str, call: str, members: dict[str, Any]) -> None:
    """And what was done, is done."""
    client = contract.aws.client(service)
    _fault(contract, f"{service}:*", drop_after=True)
    with pytest.raises(ConnectionClosedError):
        getattr(client, call)(**members)
    if service == "sts":
        assert client.get_caller_identity()["Account"]
    else:
        with pytest.raises(client.exceptions.ClientError, match="Exists"):
            getattr(client, call)(**members)


@pytest.mark.parametrize(
    ("status", "code", "retry_after"),
    [
        (429, "TooManyRequestsException", None),
        (429, "TooManyRequestsException", 7),
        (500, "InternalServerErrorException", None),
        (503, "ServiceUnavailableException", None),
        (409, "ConflictException", None),
        (403, "ExpiredTokenException", None),
        (403, "AccessDeniedException", None),
    ],
)
def test_errors_on_request(contract: Any, status: int, code: str, retry_after: int | None) -> None:
    """Status, code and Retry-After as the client reads them."""
    more = {} if retry_after is None else {"retry_after": retry_after}
    _fault(contract, "apigatewayv2:GetApis", status=status, code=code, message="made up", **more)
    with pytest.raises(contract.gateway.exceptions.ClientError) as caught:
        contract.gateway.get_apis()
    response = caught.value.response
    assert response["Error"] == {"Code": code, "Message": "made up"}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert headers.get("retry-after") == (None if retry_after is None else str(retry_after))


def test_a_fault_is_about_one_api(contract: Any) -> None:
    """Others go on."""
    first, second = contract.api(), contract.api()
    _fault(contract, "apigatewayv2:*", api_id=second, status=500, times=9)
    contract.gateway.update_api(ApiId=first, Name="x")
    with contract.refused("InternalServerErrorException", status=500):
        contract.gateway.update_api(ApiId=second, Name="x")


def test_a_retrying_client_gets_over_a_lost_read(contract: Any) -> None:
    """As the operator's clients for reads do [D standard mode]: the second attempt answers."""
    client = boto3.client(
        "apigatewayv2",
        endpoint_url=contract.aws.endpoint_url,
        region_name=contract.aws.addresses["region"],
        aws_access_key_id=contract.aws.addresses["access_key_id"],
        aws_secret_access_key=contract.aws.addresses["secret_access_key"],
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
    )
    _fault(contract, "apigatewayv2:GetApis", drop_after=True)
    assert client.get_apis()["Items"] == []
    assert contract.aws.sandbox("GET", "calls?summary")["operations"]["apigatewayv2:GetApis"]["calls"] == 2
