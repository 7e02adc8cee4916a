"""Faults on request: errors, delays and broken connections for the calls that a rule names."""

import asyncio
import dataclasses
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from oracleapi_sandbox.aws.errors import AwsError


class FaultError(ValueError):
    """A fault that cannot be made; the text says why."""


class DroppedError(Exception):
    """The connection ends without an answer: ``before`` the call acts, or ``after`` it did."""

    def __init__(self, when: Literal["before", "after"]) -> None:
        super().__init__(when)
        self.when = when


@dataclass
class Fault:
    """One rule.

    Which calls: ``operation``, a pattern over ``service:Operation``; ``api_id``, calls on that API only;
    ``secret_id``, a pattern over how a call names its secret; ``caller``, a pattern over the caller's ARN;
    ``probability``; ``times``, where ``None`` is for ever.

    What happens: the call is delayed by ``delay_ms``, then one of

    - ``status``, ``code``, ``message``, with ``retry_after`` (seconds) as header: the call fails so, before it is
      executed, or with ``when="after"`` after it was, so that the effect is there and the answer is the error;
    - ``drop_before``: the connection is closed before the call acts;
    - ``drop_after``: the call is executed and the connection is reset instead of an answer.
    """

    operation: str
    api_id: str | None = None
    secret_id: str | None = None
    caller: str = "*"
    times: int | None = None
    probability: float = 1.0
    status: int | None = None
    code: str = "InternalServerErrorException"
    message: str = "Internal server error"
    retry_after: int | None = None
    delay_ms: float = 0.0
    when: str = "before"
    drop_before: bool = False
    drop_after: bool = False

    def matches(self, service: str, operation: str, members: Mapping[str, Any], caller: str) -> bool:
        """Return whether the rule is about this call, chance aside."""
        return (
            fnmatchcase(f"{service}:{operation}", self.operation)
            and fnmatchcase(caller, self.caller)
            and (self.api_id is None or self.api_id in _api_ids(members))
            and (self.secret_id is None or fnmatchcase(_secret_id(members), self.secret_id))
        )

    def error(self) -> AwsError | None:
        if self.status is None:
            return None
        error = AwsError(self.status, self.code, self.message)
        error.retry_after_s = self.retry_after
        return error


class Faults:
    """The rules in force, in order; the first that matches a call is used up by it."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def replace(self, entries: list[Any]) -> None:
        """Put *entries* (JSON objects with the members of :class:`Fault`) in force instead of the old ones.

        Raises:
            FaultError: An unknown member or a wrong value.
        """
        self._rules = [_fault(entry) for entry in entries]

    def show(self) -> list[dict[str, Any]]:
        return [dataclasses.asdict(rule) for rule in self._rules]

    def take(self, service: str, operation: str, members: Mapping[str, Any], caller: str) -> Fault | None:
        """Return the fault of this call and count it."""
        for rule in self._rules:
            matches = rule.matches(service, operation, members, caller)
            if matches and random.random() < rule.probability:  # noqa: S311
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self._rules.remove(rule)
                return rule
        return None


async def before(fault: Fault | None) -> None:
    """Delay the call, and fail or drop it if the fault says so."""
    if fault is None:
        return
    if fault.delay_ms:
        await asyncio.sleep(fault.delay_ms / 1000)
    if fault.drop_before:
        raise DroppedError("before")
    if fault.when == "before" and (error := fault.error()):
        raise error


def after(fault: Fault | None) -> None:
    """Fail or drop a call that was executed, if the fault says so."""
    if fault is None:
        return
    if fault.drop_after:
        raise DroppedError("after")
    if fault.when == "after" and (error := fault.error()):
        raise error


def _api_ids(members: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the API that *members* name by id or ARN."""
    arn = str(members.get("ResourceArn", "")).partition("/apis/")[2].partition("/")[0]
    return (str(members.get("ApiId", "")), arn)


def _secret_id(members: Mapping[str, Any]) -> str:
    return str(members.get("SecretId", members.get("Name", "")))


def _fault(entry: Any) -> Fault:
    if not isinstance(entry, dict) or not isinstance(entry.get("operation"), str):
        raise FaultError("a fault needs an operation pattern, such as apigatewayv2:CreateRoute or *")
    known = {item.name for item in dataclasses.fields(Fault)}
    if unknown := sorted(set(entry) - known):
        raise FaultError(f"unknown member of a fault: {unknown[0]}")
    rule = Fault(**entry)
    whole = [
        (rule.times, "times", 1, 10**9),
        (rule.status, "status", 400, 599),
        (rule.retry_after, "retry_after", 0, 86_400),
    ]
    for value, name, low, high in whole:
        if value is not None and (type(value) is not int or not low <= value <= high):
            raise FaultError(f"wrong value of {name}: {low} to {high}")
    if rule.when not in ("before", "after"):
        raise FaultError("wrong value of when: before or after")
    for number, name in ((rule.probability, "probability"), (rule.delay_ms, "delay_ms")):
        if type(number) not in (int, float) or not 0 <= number < math.inf:
            raise FaultError(f"wrong value of {name}")
    if not all(
        isinstance(text, str)
        for text in (rule.code, rule.message, rule.caller, rule.api_id or "", rule.secret_id or "")
    ):
        raise FaultError("code, message, caller, api_id and secret_id are strings")
    if not isinstance(rule.drop_before, bool) or not isinstance(rule.drop_after, bool):
        raise FaultError("drop_before and drop_after are true or false")
    if rule.drop_before + rule.drop_after + (rule.status is not None) > 1:
        raise FaultError("a fault has one of status, drop_before and drop_after")
    return rule
