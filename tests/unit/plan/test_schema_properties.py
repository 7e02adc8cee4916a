"""For any schema and any API: the plan reaches it, stops there, and every module stays protected."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.desired.schema import build_schema, hold_handlers, schema_owner, stale_handlers
from oracleapi.errors import Terminal
from oracleapi.model.schema import (
    ENABLED_MARK,
    NOBODY,
    DesiredSchema,
    DisableSchema,
    JwtProfile,
    Module,
    ObservedSchema,
    Privilege,
)
from oracleapi.plan.schema import plan_schema, plan_schema_removal
from support import make
from support.fakes import FakeOracle

OWNER = str(make.owner())
MARKER = schema_owner("cluster-1", "HR_API").marker()
THEIRS = Module("reports", "/reports/", 25, {}, "by hand")
FOREIGN = Privilege("reports", ("/reports/*",), (), "by hand")
SETTINGS = settings(deadline=None, max_examples=30, derandomize=True)


@st.composite
def wishes(draw: st.DrawFn) -> DesiredSchema:
    routes: list[dict[str, Any]] = []
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True)):
        fields: dict[str, Any] = {"path": f"/{name}", "method": draw(st.sampled_from(["GET", "PUT"]))}
        scope = draw(st.sampled_from(["a.read", "b.read", None]))
        fields |= {"auth": "Public"} if scope is None else {"scope": scope}
        fields["handler"] = {"source": draw(st.sampled_from(["select 1 from dual", "select 2 from dual"]))}
        routes.append(make.route(name, **fields))
    return build_schema(make.resolved(*routes), (), None)


@st.composite
def worlds(draw: st.DrawFn) -> ObservedSchema:
    """Return a schema that holds some earlier wish, changed by hand in places."""
    found = ObservedSchema("HR_API", exists=True)
    if draw(st.booleans()):
        return found
    earlier = draw(wishes())
    modules = dict(earlier.modules)
    privileges = dict(earlier.privileges)
    for name in draw(st.lists(st.sampled_from(sorted(modules)), unique=True)):
        modules[name] = replace(modules[name], items_per_page=1)
    for name in draw(st.lists(st.sampled_from(sorted(modules)), unique=True)):
        modules[name] = replace(modules[name], handlers={})
    for name in draw(st.lists(st.sampled_from(sorted(privileges)), unique=True)) if privileges else []:
        privileges[name] = replace(privileges[name], patterns=("/x",))
    if draw(st.booleans()):
        modules["reports"], privileges["reports"] = THEIRS, FOREIGN
    if draw(st.booleans()):
        privileges[ENABLED_MARK] = Privilege(ENABLED_MARK, (), (NOBODY,), MARKER)
    profile = draw(st.sampled_from([earlier.profile, None, JwtProfile("x", "y", "z", MARKER)]))
    roles = frozenset({NOBODY})
    return ObservedSchema("HR_API", True, "hr_api", draw(st.booleans()), modules, privileges, profile, roles)


def oracle(found: ObservedSchema) -> FakeOracle:
    world = FakeOracle("HR_API")
    world.schemas["HR_API"] = found
    return world


@given(wishes(), worlds())
@SETTINGS
def test_a_plan_that_was_applied_leaves_nothing_to_plan(wanted: DesiredSchema, found: ObservedSchema) -> None:
    world = oracle(found)
    for action in plan_schema(wanted, found, OWNER).actions:
        world.apply(action)
    again = plan_schema(wanted, world.observe_schema("HR_API"), OWNER)
    assert (again.actions, again.drift) == ((), ())


@given(wishes(), worlds())
@SETTINGS
def test_every_module_of_ours_stands_behind_the_privilege_of_its_scope(
    wanted: DesiredSchema, found: ObservedSchema
) -> None:
    world = oracle(found)
    for action in plan_schema(wanted, found, OWNER).actions:
        world.apply(action)
    after = world.observe_schema("HR_API")
    for module in after.modules.values():
        guards = [p for p in after.privileges.values() if any(module.base_path.startswith(f"{x}/") for x in p.patterns)]
        slug = module.base_path.split("/")[1]
        if slug in ("oa-public", "oa-probe", "reports"):
            assert [guard for guard in guards if guard.name != "reports"] == []
        else:
            assert len(guards) == 1
            assert guards[0].roles == (NOBODY,)
            assert after.profile is not None


@given(wishes(), worlds())
@SETTINGS
def test_what_is_not_ours_is_never_changed(wanted: DesiredSchema, found: ObservedSchema) -> None:
    world = oracle(found)
    for action in plan_schema(wanted, found, OWNER).actions:
        world.apply(action)
    for action in plan_schema_removal(world.observe_schema("HR_API"), OWNER, MARKER).actions:
        world.apply(action)
    after = world.observe_schema("HR_API")
    kept = {name: module for name, module in found.modules.items() if name == "reports"}
    assert dict(after.modules) == kept
    assert dict(after.privileges) == {name: p for name, p in found.privileges.items() if name == "reports"}
    assert after.profile is None
    assert NOBODY not in after.roles
    if found.enabled and ENABLED_MARK not in found.privileges:
        assert after.enabled


@given(wishes(), worlds())
@SETTINGS
def test_what_is_held_stays_reachable_and_protected(wanted: DesiredSchema, found: ObservedSchema) -> None:
    held = stale_handlers(wanted, found, make.owner())
    try:
        plan = plan_schema(hold_handlers(wanted, found, held), found, OWNER)
    except Terminal:
        return  # a privilege that was pointed elsewhere by hand
    world = oracle(found)
    for action in plan.actions:
        world.apply(action)
    after = world.observe_schema("HR_API")
    for name, pattern, method in held:
        assert after.modules[name].handlers[(pattern, method)] == found.modules[name].handlers[(pattern, method)]


@given(wishes(), worlds())
@SETTINGS
def test_a_schema_is_disabled_only_by_who_enabled_it(wanted: DesiredSchema, found: ObservedSchema) -> None:
    actions = plan_schema_removal(found, OWNER, MARKER).actions
    disables = any(isinstance(action, DisableSchema) for action in actions)
    assert not disables or (ENABLED_MARK in found.privileges and "reports" not in found.modules)
