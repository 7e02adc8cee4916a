"""Lists of API Gateway: every page, whatever page size is taken."""

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from oracleapi.adapters.aws.gateway import AwsGateway
from oracleapi.adapters.aws.session import Clients
from oracleapi.errors import Terminal


class Account:
    """An account with *count* APIs that answers pages of *size* and refuses to be asked for more than *largest*."""

    def __init__(self, count: int, size: int, largest: int, refuses: str = "") -> None:
        self._count, self._size, self._largest, self._refuses = count, size, largest, refuses
        self.asked: list[str | None] = []

    def client(self, service: str, creates: bool = False) -> "Account":
        return self

    def get_apis(self, MaxResults: str | None = None, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        self.asked.append(MaxResults)
        if self._refuses or int(MaxResults or 0) > self._largest:
            message = self._refuses or f"Invalid value at maxResults: must be between 1 and {self._largest}"
            raise ClientError({"Error": {"Code": "BadRequestException", "Message": message}}, "GetApis")
        start = int(NextToken)
        end = min(start + int(MaxResults or self._size), self._count)
        items = [{"ApiId": f"a{n}", "ProtocolType": "HTTP"} for n in range(start, end)]
        return {"Items": items, **({"NextToken": str(end)} if end < self._count else {})}


def gateway(account: Account) -> AwsGateway:
    return AwsGateway(cast(Clients, account), "eu-west-1")


@pytest.mark.parametrize("largest", [500, 100])
def test_every_page_is_read_whatever_the_largest_page_is(largest: int) -> None:
    account = Account(60, 25, largest)
    opened = gateway(account)
    for _ in range(2):
        assert [found.api_id for found in opened.list_apis()] == [f"a{n}" for n in range(60)]
    assert account.asked == (["500"] * 2 if largest == 500 else ["500", *[None] * 6])


def test_a_list_that_is_refused_for_another_reason_says_so() -> None:
    with pytest.raises(Terminal, match="no such thing"):
        gateway(Account(1, 25, 500, refuses="no such thing")).list_apis()
