"""Audit policies and their enablements as the dictionary has them, and which of them an event meets. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ALL_USERS = "ALL USERS"
BY, EXCEPT, BY_ROLE = "BY USER", "EXCEPT USER", "BY GRANTED ROLE"
"""AUDIT_UNIFIED_ENABLED_POLICIES.ENABLED_OPTION. [D]"""
ALWAYS = frozenset({"CREATE AUDIT POLICY", "ALTER AUDIT POLICY", "DROP AUDIT POLICY", "AUDIT", "NOAUDIT"})
"""Actions that are audited without any policy. [D]"""
PRIVILEGE, ACTION, OBJECT, ROLE = "SYSTEM PRIVILEGE", "STANDARD ACTION", "OBJECT ACTION", "ROLE PRIVILEGE"
"""AUDIT_UNIFIED_POLICIES.AUDIT_OPTION_TYPE. [D]"""


@dataclass(frozen=True)
class Act:
    """One action on one object.

    Args:
        name: As the trail has it.
        on_object: As the options of objects have it.
        owner: With *object*, what it was done to, if anything.
        more: Further columns of the trail.
    """

    name: str
    on_object: str
    owner: str | None = None
    object: str | None = None
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Option:
    """What a policy watches: a privilege, an action, an action on an object, or a role's privileges."""

    kind: str
    name: str
    owner: str = ""
    object: str = ""


@dataclass(frozen=True)
class Policy:
    """A unified audit policy; *evaluate* is STATEMENT, SESSION, INSTANCE or, without a condition, NONE."""

    name: str
    condition: str | None
    evaluate: str
    top_level: bool
    supplied: bool
    options: frozenset[Option]


@dataclass(frozen=True)
class Enablement:
    """For whom a policy is enabled: a row for each user or role."""

    policy: str
    how: str
    entity: str
    success: bool
    failure: bool


@dataclass(frozen=True)
class Rules:
    """One committed state of all policies, of their enablements and of the context attributes to be recorded."""

    policies: Mapping[str, Policy] = field(default_factory=dict)
    enabled: tuple[Enablement, ...] = ()
    contexts: tuple[tuple[str, str, str], ...] = ()

    def options_for(self, user: str, roles: Collection[str]) -> list[tuple[Enablement, Policy, Option]]:
        """Return what is enabled for *user*, who was granted *roles* directly."""
        spared = {each.policy for each in self.enabled if each.how == EXCEPT and each.entity == user}
        entities = {(BY, user), (BY, ALL_USERS), *((BY_ROLE, role) for role in roles)}
        return [
            (each, self.policies[each.policy], option)
            for each in self.enabled
            if (each.how, each.entity) in entities or (each.how == EXCEPT and each.policy not in spared)
            for option in self.policies[each.policy].options
        ]

    def attributes_of(self, user: str) -> list[tuple[str, str]]:
        """Return namespace and name of the context attributes that records of *user* show."""
        return sorted({(space, name) for space, name, who in self.contexts if who in ("", user)})


def built(
    policies: Iterable[Mapping[str, Any]],
    options: Iterable[Mapping[str, Any]],
    enabled: Iterable[Mapping[str, Any]],
    contexts: Iterable[Mapping[str, Any]],
) -> Rules:
    """Return the rules that the rows of the dictionary say."""
    by_policy: dict[str, set[Option]] = {}
    for row in options:
        by_policy.setdefault(row["policy"], set()).add(Option(row["kind"], row["option"], row["owner"], row["name"]))
    return Rules(
        {
            row["name"]: Policy(
                row["name"],
                row["condition"],
                row["evaluate"],
                row["top_level"],
                row["supplied"],
                frozenset(by_policy.get(row["name"], ())),
            )
            for row in policies
        },
        tuple(Enablement(row["policy"], row["how"], row["entity"], row["success"], row["failure"]) for row in enabled),
        tuple((row["namespace"], row["attribute"], row["username"]) for row in contexts),
    )


@dataclass(frozen=True)
class Event:
    """An act, how it ended, the system privileges without which it would have failed, and whether a client asked."""

    act: Act
    code: int
    privileges: frozenset[str]
    top_level: bool


def query_of(condition: str) -> str:
    """Return the query that gives a row where a policy's condition holds."""
    return f"SELECT 1 FROM SYS.DUAL WHERE {condition}"  # noqa: S608 - the text of who may make policies, translated


class Watch:
    """What a session is watched for.

    Options on objects count as they are now, all others as they were at log-on. [D: Administering the Audit Trail, when
    records are created]

    Args:
        roles_at_logon, roles_now: What the user was granted directly.
        privileges_of: The system privileges that were granted to a role directly.
    """

    def __init__(
        self,
        user: str,
        at_logon: Rules,
        roles_at_logon: Collection[str],
        now: Rules,
        roles_now: Collection[str],
        privileges_of: Mapping[str, Collection[str]],
    ) -> None:
        self._privileges_of = privileges_of
        system = at_logon.options_for(user, roles_at_logon)
        self._options = [each for each in system if each[2].kind != OBJECT]
        self._options += [each for each in now.options_for(user, roles_now) if each[2].kind == OBJECT]
        options = [option for _, _, option in self._options]
        self._actions = {option.name for option in options if option.kind == ACTION}
        self._objects = {(option.owner, option.object) for option in options if option.kind == OBJECT}
        self._privileges = {name for option in options for name in self._privileges_in(option)}

    def cares_for(self, actions: Collection[str], privileges: Collection[str] = ()) -> bool:
        """Say whether such actions may have to be recorded, before it is known to what they were done."""
        return bool(
            self._objects
            or "ALL" in self._actions
            or not self._actions.isdisjoint(actions)
            or not self._privileges.isdisjoint(privileges)
            or not ALWAYS.isdisjoint(actions)
        )

    def cares_for_unit(self, unit: tuple[str, str]) -> bool:
        """Say whether running a unit may have to be recorded."""
        return (
            unit in self._objects
            or not self._actions.isdisjoint(("ALL", "EXECUTE"))
            or "EXECUTE ANY PROCEDURE" in self._privileges
        )

    def policies_for(self, event: Event) -> list[Policy]:
        """Return the policies that ask for a record of *event*, whose conditions are still to be evaluated."""
        found: dict[str, Policy] = {}
        for enabled, policy, option in self._options:
            wanted = enabled.success if event.code == 0 else enabled.failure
            if wanted and self._meets(option, event) and (event.top_level or not policy.top_level):
                found[policy.name] = policy
        return [found[name] for name in sorted(found)]

    def _meets(self, option: Option, event: Event) -> bool:
        act = event.act
        if option.kind == OBJECT:
            return (option.owner, option.object) == (act.owner, act.object) and option.name in ("ALL", act.on_object)
        if option.kind == ACTION:
            return option.name in ("ALL", act.name)
        # the use of a privilege is its successful use [D]
        return event.code == 0 and not event.privileges.isdisjoint(self._privileges_in(option))

    def _privileges_in(self, option: Option) -> Collection[str]:
        if option.kind == ROLE:
            return self._privileges_of.get(option.name, ())
        return (option.name,) if option.kind == PRIVILEGE else ()
