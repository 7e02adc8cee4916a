"""Roles of a fake database: marks, roles, grants with their grantor, and the rules by which Oracle refuses."""

from dataclasses import dataclass, field, replace

from oracleapi.model.role import (
    CreateRole,
    DropRole,
    Grant,
    MarkRole,
    ObservedRole,
    RefusedGrant,
    Regrant,
    ReleaseRole,
    RoleAction,
)

OPERATOR = "ORACLEAPI_OPERATOR"


@dataclass
class FakeRoles:
    """What a database knows of roles.

    Args:
        objects: Objects that are there.
        withheld: Grants that the operator's account may not give or take, with the code that Oracle answers.
    """

    roles: dict[str, ObservedRole] = field(default_factory=dict)
    marks: dict[str, tuple[str, str]] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)
    withheld: dict[Grant, str] = field(default_factory=dict)

    def observe(self, name: str, objects: object) -> ObservedRole:
        owner, uid = self.marks.get(name, ("", ""))
        asked = frozenset(found for found in objects if found in self.objects)  # type: ignore[attr-defined]
        return replace(self.roles.get(name, ObservedRole(name)), owner=owner, uid=uid, objects=asked)

    def apply(self, action: RoleAction) -> tuple[RefusedGrant, ...]:
        match action:
            case CreateRole():
                self.marks[action.name] = (action.owner, action.uid)
                assert action.name not in self.roles, "ORA-01921: CREATE ROLE of an existing role"
                self.roles[action.name] = ObservedRole(action.name, exists=True, secure=True)
            case MarkRole():
                self.marks[action.name] = (action.owner, action.uid)
            case Regrant():
                return self._regrant(action)
            case DropRole():
                del self.roles[action.name]
                self.marks.pop(action.name, None)
            case ReleaseRole():
                self.marks.pop(action.name, None)
        return ()

    def hand_grant(self, role: str, grant: Grant, grantor: str = "HR") -> None:
        """Grant something as a person would."""
        found = self.roles[role]
        self.roles[role] = replace(found, grants={**found.grants, grant: grantor})

    def drop_object(self, name: str) -> None:
        """Drop an object: its grants go with it."""
        self.objects.discard(name)
        for role, found in self.roles.items():
            kept = {grant: by for grant, by in found.grants.items() if grant.object != name}
            self.roles[role] = replace(found, grants=kept)

    def _regrant(self, action: Regrant) -> tuple[RefusedGrant, ...]:
        refused: list[RefusedGrant] = []
        for grant in action.revoke:
            code = self.withheld.get(grant) or self._revoke(action.name, grant)
            if code:
                refused.append(RefusedGrant(grant, True, code))
        for grant in action.grant:
            code = self.withheld.get(grant, "")
            if not code and grant.object and grant.object not in self.objects:
                code = "ORA-00942"
            if code:
                refused.append(RefusedGrant(grant, False, code))
            else:
                found = self.roles[action.name]
                self.roles[action.name] = replace(found, grants={**found.grants, grant: OPERATOR})
        return tuple(refused)

    def _revoke(self, role: str, grant: Grant) -> str:
        """Take a privilege from the object and its columns."""
        assert not grant.column, "ORA-01750: a revoke names no column"
        found = self.roles[role]
        gone = [held for held in found.grants if replace(held, column="") == grant]
        if not gone:
            return "ORA-01927" if grant.kind == "object" else "ORA-01951"
        self.roles[role] = replace(found, grants={held: by for held, by in found.grants.items() if held not in gone})
        return ""
