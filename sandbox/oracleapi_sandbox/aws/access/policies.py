"""IAM policies evaluated: statements against one action, one resource and the keys of a request.

Pure. Identity and trust policies in the IAM JSON grammar: Effect, Action or NotAction, Resource or NotResource,
Principal (of trust policies), Condition. Condition operators: String*, Arn*, Bool, Null, with ``IfExists`` and the
``ForAnyValue:``/``ForAllValues:`` sets. A document with anything else is refused when it is stored, never half read.
[D] IAM User Guide, policy evaluation logic and policy elements.
"""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

Decision = Literal["allowed", "implicit deny", "explicit deny"]
_ELEMENTS = frozenset(
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"],
)
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class PolicyError(ValueError):
    """A document that is no policy, or uses what is not evaluated here; the text says which part."""


@dataclass(frozen=True)
class Asked:
    """One permission: an action on a resource, with the condition keys of the request (lower case, values as lists)."""

    action: str
    resource: str
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def evaluate(policies: Iterable[Mapping[str, Any]], asked: Asked) -> Decision:
    """Return what *policies* say together: a Deny wins over every Allow, and silence is a deny."""
    found: Decision = "implicit deny"
    for statement in (entry for policy in policies for entry in _listed(policy["Statement"])):
        if _applies(statement, asked):
            if statement["Effect"] == "Deny":
                return "explicit deny"
            found = "allowed"
    return found


def trusts(policy: Mapping[str, Any], arns: Set[str], account: str, asked: Asked) -> tuple[Decision, bool]:
    """Return what a trust policy says to a caller known by *arns*, and whether a statement names one of these ARNs.

    A caller of the same account who is trusted through the account alone needs an identity policy as well [D].
    """
    decision: Decision = "implicit deny"
    by_name = False
    for statement in _listed(policy["Statement"]):
        named, through_account = _names(statement.get("Principal"), arns, account)
        if (named or through_account) and _applies({**statement, "Resource": "*"}, asked):
            if statement["Effect"] == "Deny":
                return "explicit deny", False
            decision, by_name = "allowed", by_name or named
    return decision, by_name


def check(policy: Any) -> None:
    """Refuse what :func:`evaluate` could not read whole.

    Raises:
        PolicyError: The text names the element.
    """
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise PolicyError("a policy is an object with a Statement")
    for statement in _listed(policy["Statement"]):
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise PolicyError("a statement has an Effect, Allow or Deny")
        if unknown := sorted(set(statement) - _ELEMENTS):
            raise PolicyError(f"unknown element: {unknown[0]}")
        if ("Action" in statement) == ("NotAction" in statement):
            raise PolicyError("a statement has either Action or NotAction")
        if "Principal" not in statement and ("Resource" in statement) == ("NotResource" in statement):
            raise PolicyError("a statement has either Resource or NotResource")
        for operator in statement.get("Condition", {}):
            _operator(operator)


def _applies(statement: Mapping[str, Any], asked: Asked) -> bool:
    return (
        _within(statement, "Action", asked.action, ignore_case=True)
        and _within(statement, "Resource", asked.resource)
        and all(
            _holds(operator, key, _listed(wanted), asked)
            for operator, entries in statement.get("Condition", {}).items()
            for key, wanted in entries.items()
        )
    )


def _within(statement: Mapping[str, Any], element: str, value: str, ignore_case: bool = False) -> bool:
    if element in statement:
        return any(_like(pattern, value, ignore_case) for pattern in _listed(statement[element]))
    return not any(_like(pattern, value, ignore_case) for pattern in _listed(statement[f"Not{element}"]))


def _holds(name: str, key: str, wanted: list[Any], asked: Asked) -> bool:
    operator, if_exists, quantity = _operator(name)
    given = asked.keys.get(key.lower())
    patterns = [_resolved(str(value).lower() if isinstance(value, bool) else str(value), asked) for value in wanted]
    if operator == "Null":
        return (given is None) == (patterns[0].lower() == "true")
    negated = "Not" in operator
    if given is None:
        return if_exists or negated or quantity == "ForAllValues"
    hits = [any(_matches(operator, pattern, value) for pattern in patterns) != negated for value in given]
    return any(hits) if quantity == "ForAnyValue" else all(hits)


def _matches(operator: str, pattern: str, value: str) -> bool:
    match operator.replace("Not", ""):
        case "StringEquals":
            return pattern == value
        case "StringEqualsIgnoreCase" | "Bool":
            return pattern.lower() == value.lower()
        case _:  # StringLike, ArnLike, ArnEquals [D: both Arn operators take wildcards]
            return _like(pattern, value)


_OPERATOR = re.compile(r"String(Not)?(Equals(IgnoreCase)?|Like)|Arn(Not)?(Equals|Like)|Bool|Null")


def _operator(name: str) -> tuple[str, bool, str]:
    """Return operator, whether a missing key passes, and the set quantifier of *name*."""
    quantity, colon, rest = name.rpartition(":")
    operator = rest.removesuffix("IfExists")
    if not _OPERATOR.fullmatch(operator) or (colon and quantity not in ("ForAnyValue", "ForAllValues")):
        raise PolicyError(f"condition operator {name} is not evaluated here")
    return operator, rest.endswith("IfExists"), quantity


def _names(principal: Any, arns: Set[str], account: str) -> tuple[bool, bool]:
    """Return whether *principal* names one of *arns*, and whether it names everybody or the account."""
    entries = ["*"] if principal == "*" else _listed((principal or {}).get("AWS", []))
    whole = {"*", account, f"arn:aws:iam::{account}:root"}
    return not arns.isdisjoint(entries), not whole.isdisjoint(entries)


def _resolved(pattern: str, asked: Asked) -> str:
    """Return *pattern* with policy variables such as ``${aws:PrincipalArn}`` replaced."""
    return _VARIABLE.sub(lambda found: (asked.keys.get(found[1].lower()) or ("",))[0], pattern)


def _like(pattern: str, value: str, ignore_case: bool = False) -> bool:
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
