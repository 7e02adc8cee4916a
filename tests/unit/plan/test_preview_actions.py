"""What each action is called in a preview, whether anybody may miss something after it, and what it costs."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest

from oracleapi.desired.gateway import build_gateway
from oracleapi.model import gateway as g
from oracleapi.model.guard import ChangeBinding, ChangeGuard, ChangeKeys, GrantToSchema, KeyRow, RevokeFromSchema
from oracleapi.model.hidden import Hidden
from oracleapi.model.link import CreateLink, DeleteLink, DesiredLink
from oracleapi.model.policy import AttachPolicy, DetachPolicy
from oracleapi.model.role import CreateRole, DropRole, Grant, MarkRole, Regrant, ReleaseRole
from oracleapi.model.schema import ChangeSchema, DisableSchema, EnableSchema, JwtProfile, Privilege
from oracleapi.plan.preview import preview
from support import make

GATEWAY = build_gateway(make.resolved(), "api.example.com", ())
ROUTE = next(iter(GATEWAY.routes.values()))
PROFILE = JwtProfile("i", "a", "k")
ROLE = "arn:aws:iam::123456789012:role/app"
Told = tuple[str, str, str, bool, int]


def told(*actions: Any, known: tuple[g.Integration, ...] = ()) -> list[Told]:
    found = preview(actions, known=known).actions
    return [(one.on, one.verb, one.object, one.destructive, one.calls) for one in found]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (EnableSchema("HR", "hr"), ("oracle", "create", "schema HR as hr", False, 1)),
        (DisableSchema("HR"), ("oracle", "delete", "enablement of schema HR", True, 1)),
        (CreateRole("R", "o", "u"), ("oracle", "create", "role R", False, 1)),
        (MarkRole("R", "o", "u"), ("oracle", "update", "role R", False, 1)),
        (DropRole("R"), ("oracle", "delete", "role R", True, 1)),
        (ReleaseRole("R"), ("oracle", "update", "role R", False, 1)),
        (ChangeGuard("o", "HR", drop=(("GET", "^/a$"),)), ("oracle", "update", "guard: drop 1 routes", False, 1)),
        (
            ChangeGuard("o", "HR", release=True),
            ("oracle", "delete", "guard: forget the API in schema HR", True, 1),
        ),
        (
            ChangeKeys("o", put=KeyRow(Hidden("h"), "now")),
            ("oracle", "update", "guard: take a new gateway key", False, 1),
        ),
        (
            ChangeBinding("cluster-1/RoleBinding/hr/readers", "cluster-1/OracleApi/hr/hr", drop=(("a", "Group", "g"),)),
            ("oracle", "delete", "binding hr/readers: write 0 rows, drop 1", True, 1),
        ),
        (GrantToSchema("R", "HR"), ("oracle", "create", "grant role R to schema HR", False, 1)),
        (RevokeFromSchema("R", "HR"), ("oracle", "delete", "revoke role R from schema HR", True, 1)),
        (
            CreateLink(DesiredLink("main", (), (), {})),
            ("aws", "create", "VPC link main", False, 1),
        ),
        (DeleteLink("l1"), ("aws", "delete", "VPC link l1", True, 1)),
        (g.CreateApi("hr-hr", {}), ("aws", "create", "API hr-hr", False, 1)),
        (g.UpdateStage("a", GATEWAY.stage, {}), ("aws", "update", "stage $default", False, 1)),
        (g.DeleteRoute("a", "GET /x"), ("aws", "delete", "route GET /x", True, 1)),
        (g.DeleteRouteThrottle("a", "GET /x"), ("aws", "delete", "the throttle of GET /x", True, 1)),
        (g.TagApi("a", {"team": "hr"}), ("aws", "update", "tag API a: team", False, 1)),
        (g.EnsureLogGroup(GATEWAY.log_group, {}, exists=True), ("aws", "create", None, False, 1)),
        (g.EnsureLogGroup(GATEWAY.log_group, {}, exists=False), ("aws", "create", None, False, 2)),
        (
            AttachPolicy("arn:p/readers", ROLE),
            ("aws", "create", f"attachment of policy readers to {ROLE}", False, 2),
        ),
        (
            DetachPolicy("arn:p/readers", "app"),
            ("aws", "delete", "attachment of policy readers to role app", True, 1),
        ),
    ],
    ids=str,
)
def test_an_action_is_one_entry(action: Any, expected: tuple[str, str, str | None, bool, int]) -> None:
    (found,) = told(action)
    assert found == (*expected[:2], expected[2] or found[2], *expected[3:])


@dataclass(frozen=True)
class Bare:
    """An action that says nothing but what it does."""

    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return self.verb


def test_an_action_whose_description_is_its_verb_is_called_so() -> None:
    assert told(Bare()) == [("aws", "create", "create", False, 1)]


def test_a_transaction_tells_roles_privileges_and_the_profile() -> None:
    whole = ChangeSchema(
        "HR", roles=("NEW",), privileges=(Privilege("p", ("/p",), ()),), profile=PROFILE, delete_roles=("OLD",)
    )
    assert told(whole) == [
        ("oracle", "create", "role NEW of schema HR", False, 1),
        ("oracle", "update", "privilege p of schema HR", False, 0),
        ("oracle", "create", "JWT profile of schema HR", False, 0),
        ("oracle", "delete", "role OLD of schema HR", True, 0),
    ]


@pytest.mark.parametrize(
    ("change", "verb"),
    [
        (ChangeSchema("HR", profile=PROFILE), "create"),
        (ChangeSchema("HR", drop_profile=True, profile=PROFILE), "update"),
        (ChangeSchema("HR", drop_profile=True), "delete"),
    ],
)
def test_a_profile_is_told_once(change: ChangeSchema, verb: str) -> None:
    assert told(change) == [("oracle", verb, "JWT profile of schema HR", verb == "delete", 1)]


def test_grants_are_told_one_by_one_and_paid_by_round_trips() -> None:
    revoked = tuple(Grant("object", "SELECT", f"HR.T{number}") for number in range(50))
    found = told(Regrant("R", revoked, (Grant("role", "HR_BASE"),)))
    assert found[0] == ("oracle", "delete", "grant SELECT ON HR.T0 of role R", True, 2)
    assert found[-1] == ("oracle", "create", "grant HR_BASE of role R", False, 0)
    assert sum(calls for *_, calls in found) == 2
    assert len(found) == 51


def test_an_import_tells_all_that_it_builds_and_is_one_call() -> None:
    routes = dict(sorted(GATEWAY.routes.items(), reverse=True))
    assert len(routes) > 2
    found = told(g.ImportApi("a", replace(GATEWAY, routes=routes)))
    names = ["authorizer jwt", *(f"route {key}" for key in sorted(routes))]
    assert found == [("aws", "create", name, False, int(name == names[0])) for name in names]


def test_a_route_costs_a_call_more_where_its_integration_is_not_there_yet() -> None:
    assert ROUTE.integration is not None
    other = replace(ROUTE.integration, path="/other")
    change = g.UpdateIntegration("a", "i1", ROUTE.integration, other)
    moved = replace(ROUTE, integration=other)
    for action in (g.CreateRoute("a", moved), g.UpdateRoute("a", moved)):
        assert [calls for *_, calls in told(action)] == [2]
        assert [calls for *_, calls in told(action, known=(other,))] == [1]
        assert [calls for *_, calls in told(change, action)] == [1, 1]
        assert [calls for *_, calls in told(action, action)] == [2, 1]
    without = g.UpdateRoute("a", replace(ROUTE, integration=None))
    assert [calls for *_, calls in told(without)] == [1]
