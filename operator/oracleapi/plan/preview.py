"""A plan as data: what would be sent where, at what price, and a hash that stands for exactly that. Pure.

The hash is over everything that would be sent, handler sources included, and over the differences that were seen, so
that an approval of one plan never covers another spec or another world. Ids that AWS chooses between a plan and its
approval are left out: a link may become AVAILABLE meanwhile.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from oracleapi.model import gateway as g
from oracleapi.model.drift import Drift
from oracleapi.model.guard import ChangeBinding, ChangeGuard, ChangeKeys, GrantToSchema, RevokeFromSchema
from oracleapi.model.hidden import Hidden
from oracleapi.model.policy import AttachPolicy
from oracleapi.model.role import CreateRole, DropRole, MarkRole, Regrant, ReleaseRole
from oracleapi.model.schema import ChangeSchema, DisableSchema, EnableSchema

ACTIONS_SHOWN = 50
CHOSEN_BY_AWS = frozenset({"vpc_link_id", "api_id"})


@dataclass(frozen=True)
class PlannedAction:
    """One thing that would be done.

    Args:
        on: aws or oracle.
        verb: create, update or delete.
        destructive: Something goes that callers or people may miss.
        calls: Its price: calls to AWS, or round trips to the database; lookups of ids not counted.
    """

    on: str
    verb: str
    object: str
    destructive: bool
    calls: int

    def entry(self) -> dict[str, Any]:
        """Return the status entry."""
        return {
            "on": self.on,
            "verb": self.verb,
            "object": self.object[:320],
            "destructive": self.destructive,
            "calls": self.calls,
        }


@dataclass(frozen=True)
class Preview:
    """Everything that stands between the world and the spec, whether it can be done at once or in several passes."""

    actions: tuple[PlannedAction, ...] = ()
    drift: tuple[Drift, ...] = ()
    content: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def empty(self) -> bool:
        return not self.actions

    @property
    def summary(self) -> str:
        """Return such as ``2 create, 1 update, 0 delete; 3 AWS calls``."""
        verbs = Counter(action.verb for action in self.actions)
        calls = sum(action.calls for action in self.actions if action.on == "aws")
        counts = ", ".join(f"{verbs[verb]} {verb}" for verb in ("create", "update", "delete"))
        return f"{counts}; {calls} AWS call{'' if calls == 1 else 's'}"

    def hash(self, *salt: str) -> str:
        """Return what stands for this plan and no other; another *salt* makes another hash of the same plan."""
        text = json.dumps([salt, self.content, canonical(self.drift)], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def entry(self, *salt: str) -> dict[str, Any]:
        """Return the status entry."""
        found = {
            "hash": self.hash(*salt),
            "summary": self.summary,
            "actions": [action.entry() for action in self.actions[:ACTIONS_SHOWN]],
        }
        more = len(self.actions) - ACTIONS_SHOWN
        return found | ({"truncated": more} if more > 0 else {})


def preview(actions: Iterable[Any], drift: Iterable[Drift] = (), known: Iterable[g.Integration | None] = ()) -> Preview:
    """Return the plan of *actions* of any side.

    Args:
        drift: The differences that they remove.
        known: Integrations that are there: a route that needs another one costs a call more.
    """
    listed, there = tuple(actions), set(known)
    planned = tuple(entry for action in listed for entry in _planned(action, there))
    return Preview(planned, tuple(drift), tuple(canonical(action) for action in listed))


def canonical(value: Any) -> Any:
    """Return *value* as JSON would hold it, the same in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {
            entry.name: canonical(getattr(value, entry.name))
            for entry in fields(value)
            if entry.compare and entry.name not in CHOSEN_BY_AWS
        }
        return [type(value).__name__, found]
    if isinstance(value, Mapping):
        return sorted(([canonical(key), canonical(found)] for key, found in value.items()), key=json.dumps)
    if isinstance(value, set | frozenset):
        return sorted((canonical(found) for found in value), key=json.dumps)
    if isinstance(value, tuple | list):
        return [canonical(found) for found in value]
    return str(value) if isinstance(value, Hidden) else value


def _planned(action: Any, known: set[g.Integration | None]) -> list[PlannedAction]:
    match action:
        case EnableSchema():
            return [PlannedAction("oracle", "create", f"schema {action.schema} as {action.alias}", False, 1)]
        case DisableSchema():
            return [PlannedAction("oracle", "delete", f"enablement of schema {action.schema}", True, 1)]
        case ChangeSchema():
            return _change(action)
        case Regrant():
            return _regrant(action)
        case CreateRole() | MarkRole() | DropRole() | ReleaseRole():
            return [PlannedAction("oracle", action.verb, f"role {action.name}", action.verb == "delete", 1)]
        case ChangeGuard() | ChangeKeys() | ChangeBinding() | GrantToSchema() | RevokeFromSchema():
            return [PlannedAction("oracle", action.verb, action.describe(), action.verb == "delete", 1)]
        case g.ImportApi():
            return _import(action)
        case g.UpdateIntegration():
            known.add(action.desired)
    calls = _calls(action, known)
    return [PlannedAction("aws", action.verb, _object(action), action.verb == "delete", calls)]


def _change(action: ChangeSchema) -> list[PlannedAction]:
    """Return what one transaction does; it is one round trip, counted once."""
    replaced = {module.name for module in action.modules} & {*action.delete_modules}
    found: list[tuple[str, str]] = []
    if action.drop_profile and action.profile is None:
        found.append(("delete", "JWT profile"))
    found += [("delete", f"module {name}") for name in action.delete_modules if name not in replaced]
    found += [("create", f"role {name}") for name in action.roles]
    found += [("update" if m.name in replaced else "create", f"module {m.name}") for m in action.modules]
    found += [("update", f"privilege {privilege.name}") for privilege in action.privileges]
    if action.profile is not None:
        found.append(("update" if action.drop_profile else "create", "JWT profile"))
    found += [("delete", f"privilege {name}") for name in action.delete_privileges]
    found += [("delete", f"role {name}") for name in action.delete_roles]
    return [
        PlannedAction("oracle", verb, f"{thing} of schema {action.schema}", verb == "delete", 1 if first == 0 else 0)
        for first, (verb, thing) in enumerate(found)
    ]


def _regrant(action: Regrant) -> list[PlannedAction]:
    """Return what is revoked and granted; the round trips are counted once."""
    found = [("delete", grant) for grant in action.revoke] + [("create", grant) for grant in action.grant]
    return [
        PlannedAction(
            "oracle", verb, f"grant {grant} of role {action.name}", verb == "delete", 0 if at else action.round_trips
        )
        for at, (verb, grant) in enumerate(found)
    ]


def _import(action: g.ImportApi) -> list[PlannedAction]:
    """Return what one import builds; it is one call, counted once."""
    things = [*(f"authorizer {name}" for name in action.desired.authorizers)]
    things += [f"route {key}" for key in sorted(action.desired.routes)]
    return [PlannedAction("aws", "create", thing, False, 1 if first == 0 else 0) for first, thing in enumerate(things)]


def _calls(action: Any, known: set[g.Integration | None]) -> int:
    """Return the calls of an action: a route may need an integration that is not there yet, a log group retention, and
    a role is looked at before something is attached to it."""
    if isinstance(action, g.EnsureLogGroup):
        return 1 if action.exists else 2
    if isinstance(action, AttachPolicy):
        return 2
    if isinstance(action, g.CreateRoute | g.UpdateRoute):
        integration = action.route.integration
        calls = 1 if integration is None or integration in known else 2
        known.add(integration)
        return calls
    return 1


def _object(action: Any) -> str:
    """Return the object of an action, its description without the verb."""
    text: str = action.describe()
    first, _, rest = text.partition(" ")
    return rest if first in ("create", "update", "delete", "remove") and rest else text
