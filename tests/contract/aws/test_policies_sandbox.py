"""Broken connections and errors of IAM at any operation of a policy's life: what the client and the operator mend."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from oracleapi.adapters.aws.iam import AwsIam
from oracleapi.errors import Retryable
from support.iam_account import STEPS, Account, check_end, iam_account, iam_clients


@pytest.fixture
def account(contract: Any) -> Iterator[Account]:
    with iam_account(contract) as found:
        yield found


FAULTS: dict[str, dict[str, Any]] = {
    "dropped before": {"drop_before": True},
    "dropped after": {"drop_after": True},
    "500 after the effect": {"status": 500, "code": "ServiceFailure", "when": "after"},
    "concurrent modification": {"status": 409, "code": "ConcurrentModification"},
}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("how", FAULTS)
@pytest.mark.parametrize("name", ["create", "change", "delete"])
def test_whatever_happens_to_an_operation_at_the_wire_the_end_is_right(
    account: Account, name: str, how: str, times: int
) -> None:
    """Once, which the client mends by itself where it may, and as often as it tries."""
    *before, act = STEPS[name]
    sandbox = account.contract.aws.sandbox
    first = account.again("calls", account.iam)
    for step in before:
        step(first)
    sandbox("DELETE", "calls")
    act(first)
    operations = list(dict.fromkeys(call["operation"] for call in sandbox("GET", "calls")["calls"]))
    first.remove()
    assert len(operations) >= 4
    for operation in operations:
        disturbed = account.again(operation, AwsIam(iam_clients(account.contract)))
        for step in before:
            step(disturbed)
        sandbox("PUT", "faults", [{"operation": f"iam:{operation}", "times": times, **FAULTS[how]}])
        with contextlib.suppress(Retryable):
            act(disturbed)
        sandbox("DELETE", "faults")
        check_end(disturbed, act)
        disturbed.remove()
