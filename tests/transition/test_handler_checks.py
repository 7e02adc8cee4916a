"""Handlers parsed with the roles of their callers: what is asked, what is remembered, and what status says of it."""

from typing import Any

import pytest

from oracleapi.errors import Retryable, Terminal
from oracleapi.runtime.store import Key
from support import make
from support.fakes import FakeParser
from support.small_world import API, SmallWorld
from support.worlds import BINDING, DATABASE, edit, resync

READER = frozenset({"HR_READER"})
HANDLERS = "HandlersParsed"
HEALTH = make.route("health", path="/health", auth="Public")
BLOCK = make.route("raise", method="POST", path="/pay", handler={"source": "begin hr.pay.raise(:id); end;"})
LIST = make.route("list", handler={"source": "select * from hr.employees"})


def world_with(*objects: dict[str, Any], account: bool = True) -> SmallWorld:
    found = make.guarded_world(**make.api_spec(LIST, BLOCK, HEALTH))
    (database,) = (each for each in found if each["kind"] == "OracleDatabase")
    if account:
        database["spec"]["checkAccountSecretRef"] = {"name": "checker"}
    world = SmallWorld(*found, *(objects or [make.binding(routes=["list", "raise"])]), start=False)
    world.kube.secrets["checker"] = {"username": "checker", "password": "of the checker"}
    handlers(world).objects = {"hr.employees": {"HR_READER"}, "hr.pay": {"HR_READER"}}
    world.settle()
    world.clock.advance(60)
    world.settle()
    return world


def handlers(world: SmallWorld) -> FakeParser:
    return world.backends.handlers


def mismatches(world: SmallWorld) -> list[dict[str, str]]:
    found: list[dict[str, str]] = world.kube.status(*BINDING).get("mismatches", [])
    return found


def said(world: SmallWorld) -> tuple[str, str, str]:
    conditions = world.kube.status(*BINDING)["conditions"]
    (found,) = (each for each in conditions if each["type"] == HANDLERS)
    return found["status"], found["reason"], found["message"]


def test_each_handler_is_parsed_once_in_one_session_and_not_again_at_rest() -> None:
    world = world_with()
    assert world.ready(BINDING) == ("True", "Succeeded")
    status, reason, text = said(world)
    assert (status, reason) == ("True", "Succeeded")
    assert "parsed only" in text
    ((schema, asked),) = handlers(world).asked
    assert (schema, {roles for roles, _ in asked}, len(asked)) == ("HR_API", {READER}, 2)
    resync(world)
    assert len(handlers(world).asked) == 1
    resync(world, 1000)
    assert len(handlers(world).asked) == 2


def test_a_missing_right_is_named_as_the_caller_would_see_it() -> None:
    world = world_with()
    handlers(world).objects = {"hr.employees": set(), "hr.pay": set()}
    resync(world, 1000)
    assert world.ready(BINDING) == ("False", "Mismatches")
    by_route = {found["route"]: found for found in mismatches(world)}
    assert {(found["link"], found["fault"]) for found in by_route.values()} == {("Grant", "GrantMissing")}
    assert by_route["list"]["wouldSee"] == "555 ORA-00942"
    assert "HR.EMPLOYEES" in by_route["list"]["detail"]
    assert "HR_READER" in by_route["list"]["detail"]
    assert by_route["raise"]["wouldSee"] == "555 ORA-06550"
    assert "ORA-00942; parsed only" in by_route["raise"]["detail"]
    assert said(world)[:2] == ("False", "Mismatches")
    handlers(world).objects = {}
    resync(world, 1000)
    assert world.ready(BINDING) == ("True", "Succeeded")


def test_an_edit_of_a_handler_is_parsed_at_once_and_alone() -> None:
    world = world_with()
    text = "select id from hr.employees"
    edit(world, API, routes=[make.route("list", handler={"source": text}), BLOCK, HEALTH])
    world.settle(400)
    assert [{source for _, source in asked} for _, asked in handlers(world).asked[1:]] == [{text}]


def test_the_roles_of_a_caller_s_other_bindings_come_on_top() -> None:
    payer = make.role("hr-payer")
    other = make.binding("payers", roleRef={"name": "hr-payer"}, routes=["raise"])
    world = world_with(make.binding(routes=["list", "raise"]), payer, other)
    resync(world)
    assert world.ready(Key("RoleBinding", "hr", "payers")) == ("True", "Succeeded")
    asked = set().union(*(each for _, each in handlers(world).asked))
    roles = {text: {found for found, asked_text in asked if asked_text == text} for _, text in asked}
    assert READER | {"HR_PAYER"} in roles["begin hr.pay.raise(:id); end;"]
    assert roles["select * from hr.employees"] == {READER}


def test_without_an_account_it_says_that_nothing_is_parsed() -> None:
    world = world_with(account=False)
    assert world.ready(BINDING) == ("True", "Succeeded")
    status, reason, text = said(world)
    assert (status, reason) == ("Unknown", "NotParsed")
    assert "checkAccountSecretRef" in text
    assert handlers(world).asked == []


@pytest.mark.parametrize(
    ("fault", "again"),
    [(Terminal("PrivilegesMissing", "ORA-28150"), 2), (Retryable("LoginDenied", "ORA-01017", 120.0), 1)],
)
def test_an_account_that_is_refused_is_left_alone_and_disturbs_nobody(fault: Any, again: int) -> None:
    world = world_with(account=False)
    handlers(world).fault = fault
    edit(world, DATABASE, checkAccountSecretRef={"name": "checker"})
    resync(world)
    assert len(handlers(world).asked) == 1
    resync(world)
    assert len(handlers(world).asked) == again, "accounts lock"
    assert (world.ready(BINDING), world.ready(API)) == (("True", "Succeeded"), ("True", "Succeeded"))
    assert said(world)[:2] == ("Unknown", fault.reason)
    handlers(world).fault = None
    world.kube.secrets["checker"] = {"username": "checker", "password": "another"}
    resync(world)
    assert said(world)[:2] == ("True", "Succeeded")


def test_a_secret_that_is_not_there_is_named() -> None:
    world = world_with()
    edit(world, DATABASE, checkAccountSecretRef={"name": "nowhere"})
    resync(world, 1000)
    status, reason, text = said(world)
    assert (status, reason) == ("Unknown", "CredentialsMissing")
    assert "nowhere" in text
    assert world.ready(BINDING) == ("True", "Succeeded")


def test_a_statement_that_is_not_sent_is_no_mismatch() -> None:
    world = world_with()
    edit(world, API, routes=[make.route("list", handler={"source": "drop table hr.pay"}), BLOCK, HEALTH])
    world.settle(400)
    assert mismatches(world) == []
    status, reason, text = said(world)
    assert (status, reason) == ("Unknown", "NotParsed")
    assert "list: " in text
