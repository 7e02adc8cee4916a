"""Faults on request: errors and delays for the operations that a pattern names."""

import asyncio
import dataclasses
import random
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from oracleapi_sandbox.aws.errors import AwsError


class FaultError(ValueError):
    """A fault that cannot be made; the text says why."""


@dataclass
class Fault:
    """One rule. ``operation`` is a pattern over ``service:Operation``; ``times`` ``None`` is for ever.

    With ``status`` the call fails with that status, ``code`` and ``message``: before it is executed, or with
    ``when="after"`` after it was, so that the effect is there and the answer is the error. Without ``status`` the
    call is only delayed by ``delay_ms``.
    """

    operation: str
    times: int | None = None
    probability: float = 1.0
    status: int | None = None
    code: str = "InternalServerErrorException"
    message: str = "Internal server error"
    delay_ms: float = 0.0
    when: str = "before"

    def error(self) -> AwsError | None:
        return None if self.status is None else AwsError(self.status, self.code, self.message)


class Faults:
    """The rules in force, in order; the first that matches a call is used up by it."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def replace(self, entries: list[Any]) -> None:
        """Put *entries* (JSON objects with the members of :class:`Fault`) in force instead of the old ones.

        Raises:
            FaultError: An unknown member or a wrong value; socket faults (``drop_before``, ``drop_after``) are not
                offered.
        """
        self._rules = [_fault(entry) for entry in entries]

    def show(self) -> list[dict[str, Any]]:
        return [dataclasses.asdict(rule) for rule in self._rules]

    def take(self, service: str, operation: str) -> Fault | None:
        """Return the fault of this call and count it."""
        for rule in self._rules:
            matches = fnmatchcase(f"{service}:{operation}", rule.operation)
            if matches and random.random() < rule.probability:  # noqa: S311
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self._rules.remove(rule)
                return rule
        return None


async def before(fault: Fault | None) -> None:
    """Delay the call, and fail it if the fault says so."""
    if fault is None:
        return
    if fault.delay_ms:
        await asyncio.sleep(fault.delay_ms / 1000)
    if fault.when == "before" and (error := fault.error()):
        raise error


def after(fault: Fault | None) -> None:
    """Fail a call that was executed, if the fault says so."""
    if fault is not None and fault.when == "after" and (error := fault.error()):
        raise error


def _fault(entry: Any) -> Fault:
    if not isinstance(entry, dict) or not isinstance(entry.get("operation"), str):
        raise FaultError("a fault needs an operation pattern, such as apigatewayv2:CreateRoute or *")
    known = {item.name for item in dataclasses.fields(Fault)}
    if unknown := sorted(set(entry) - known):
        raise FaultError(f"unknown member of a fault: {unknown[0]}")
    rule = Fault(**entry)
    whole = [(rule.times, "times", 1, 10**9), (rule.status, "status", 400, 599)]
    for value, name, low, high in whole:
        if value is not None and (type(value) is not int or not low <= value <= high):
            raise FaultError(f"wrong value of {name}: {low} to {high}")
    if rule.when not in ("before", "after"):
        raise FaultError("wrong value of when: before or after")
    for number, name in ((rule.probability, "probability"), (rule.delay_ms, "delay_ms")):
        if type(number) not in (int, float) or number < 0:
            raise FaultError(f"wrong value of {name}")
    if not isinstance(rule.code, str) or not isinstance(rule.message, str):
        raise FaultError("code and message are strings")
    return rule
