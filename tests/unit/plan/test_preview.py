"""A plan as data: its price, its words, and a hash that stands for exactly what would be sent."""

import subprocess
import sys
from dataclasses import replace

import pytest

from oracleapi.desired.gateway import build_gateway
from oracleapi.model import gateway as g
from oracleapi.model.drift import Drift
from oracleapi.model.hidden import Hidden
from oracleapi.model.schema import ChangeSchema, DisableSchema, EnableSchema, Handler, Module, Privilege
from oracleapi.plan.preview import PlannedAction, canonical, preview
from support import make

ROUTE = next(iter(build_gateway(make.resolved(), "api.example.com", ()).routes.values()))
MODULE = Module("m", "/m/", 25, {("x", "GET"): Handler("json/item", "select 1 from dual")})


def test_a_summary_counts_verbs_and_the_calls_to_aws() -> None:
    second = replace(ROUTE, key="POST /b")
    found = preview([g.CreateRoute("a", ROUTE), g.CreateRoute("a", second), g.DeleteRoute("a", "GET /old")])
    assert found.summary == "2 create, 0 update, 1 delete; 4 AWS calls"  # both routes share one new integration
    known = preview([g.CreateRoute("a", ROUTE)], known=[ROUTE.integration])
    assert known.summary == "1 create, 0 update, 0 delete; 1 AWS call"


def test_a_summary_counts_no_round_trips_to_the_database() -> None:
    assert preview([EnableSchema("HR", "hr")]).summary == "1 create, 0 update, 0 delete; 0 AWS calls"


def test_without_actions_there_is_nothing_to_approve() -> None:
    assert preview([]).empty
    assert not preview([EnableSchema("HR", "hr")]).empty


def test_a_status_entry_names_an_action_whole_but_for_what_a_field_holds() -> None:
    action = PlannedAction("aws", "delete", "x" * 400, True, 2)
    assert action.entry() == {"on": "aws", "verb": "delete", "object": "x" * 320, "destructive": True, "calls": 2}


def test_a_preview_s_entry_is_its_hash_its_summary_and_its_actions() -> None:
    plan = preview([DisableSchema("HR")])
    assert plan.entry("salt") == {
        "hash": plan.hash("salt"),
        "summary": plan.summary,
        "actions": [plan.actions[0].entry()],
    }
    assert plan.hash("salt") != plan.hash()


def test_what_is_hidden_is_not_in_a_preview() -> None:
    plan = preview([g.CreateRoute("a", with_header(Hidden("s3cret")))])
    assert "s3cret" not in repr(plan)
    assert canonical({"a": Hidden("s3cret")}) == [["a", "(hidden)"]]


def with_header(value: str) -> g.GatewayRoute:
    assert ROUTE.integration is not None
    return replace(ROUTE, integration=replace(ROUTE.integration, headers=(("X", value),)))


def test_a_hidden_text_that_changes_is_no_other_plan() -> None:
    plans = [preview([g.CreateRoute("a", with_header(Hidden(key)))]).hash() for key in ("first", "second")]
    assert plans[0] == plans[1]
    assert plans[0] != preview([g.CreateRoute("a", with_header("shown"))]).hash()


def test_values_are_written_in_one_order_whatever_holds_them() -> None:
    assert canonical({"b": 1, "a": frozenset({"y", "x"})}) == [["a", ["x", "y"]], ["b", 1]]
    assert canonical({"b", "a"}) == ["a", "b"]
    assert canonical(("b", [{"y", "x"}])) == ["b", [["x", "y"]]]
    assert canonical({1: "x", "a": 2, None: 3}) == [["a", 2], [1, "x"], [None, 3]]
    assert canonical({1, "a", None}) == ["a", 1, None]
    assert canonical(DisableSchema("HR")) == ["DisableSchema", {
        "schema": "HR", "delete_privileges": [], "delete_roles": [], "verb": "delete",
    }]  # fmt: skip


def test_a_transaction_is_told_object_by_object_and_paid_once() -> None:
    change = ChangeSchema(
        "S", delete_modules=("m", "old"), modules=(MODULE, replace(MODULE, name="new")), delete_privileges=("p",)
    )
    found = preview([change]).actions
    assert [(one.verb, one.object, one.destructive) for one in found] == [
        ("delete", "module old of schema S", True),
        ("update", "module m of schema S", False),
        ("create", "module new of schema S", False),
        ("delete", "privilege p of schema S", True),
    ]
    assert sum(one.calls for one in found) == 1


@pytest.mark.parametrize(
    ("action", "destructive"),
    [(g.DeleteRoute("a", "GET /x"), True), (g.UpdateRoute("a", ROUTE), False), (DisableSchema("S"), True)],
)
def test_what_takes_away_is_destructive(action: object, destructive: bool) -> None:
    assert [one.destructive for one in preview([action]).actions] == [destructive]


def test_a_long_plan_is_cut_and_says_by_how_much() -> None:
    found = preview([g.DeleteRoute("a", f"GET /{n}") for n in range(53)])
    assert len(found.entry()["actions"]) == 50
    assert found.entry()["truncated"] == 3
    assert "truncated" not in preview([g.DeleteRoute("a", f"GET /{n}") for n in range(50)]).entry()
    assert preview([g.DeleteRoute("a", f"GET /{n}") for n in range(51)]).entry()["truncated"] == 1


def test_the_hash_follows_content_differences_and_salt_and_nothing_else() -> None:
    plan = preview([ChangeSchema("S", modules=(MODULE,))])
    other = replace(MODULE, handlers={("x", "GET"): Handler("json/item", "select 2 from dual")})
    drift = Drift("module m", "status", "PUBLISHED", "x" * 400)
    hashes = {
        plan.hash(),
        plan.hash("salt"),
        preview([ChangeSchema("S", modules=(other,))]).hash(),
        preview([ChangeSchema("S", modules=(MODULE,))], [drift]).hash(),
        preview([ChangeSchema("S", modules=(MODULE,))], [replace(drift, observed="x" * 399 + "y")]).hash(),
        preview([ChangeSchema("S", privileges=(Privilege("p", ("/a",), ("r",)),))]).hash(),
    }
    assert len(hashes) == 6
    assert preview([ChangeSchema("S", modules=(replace(MODULE),))]).hash() == plan.hash()


def test_ids_that_aws_chooses_meanwhile_do_not_change_the_hash() -> None:
    assert ROUTE.integration is not None
    later = replace(ROUTE, integration=replace(ROUTE.integration, vpc_link_id="other"), integration_id="i1")
    assert preview([g.CreateRoute("a", ROUTE)]).hash() == preview([g.CreateRoute("b", later)]).hash()


def test_the_hash_is_the_same_in_another_process() -> None:
    code = (
        "from oracleapi.plan.preview import preview; from oracleapi.model.schema import *;"
        "print(preview([ChangeSchema('S', privileges=(Privilege('p', ('/a', '/b'), ('r',)),))]).hash('s'))"
    )
    seeds = ("1", "2")
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in seeds
    }
    assert len(found) == 1


def test_what_a_plan_holds_shows_in_no_log() -> None:
    assert "content" not in repr(preview([g.CreateRoute("a", ROUTE)]))
