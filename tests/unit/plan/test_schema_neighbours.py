"""What a plan of a schema makes of what others have there, in whatever order it is found; and how an API goes dark."""

from dataclasses import replace

import pytest

from oracleapi.desired.schema import schema_owner
from oracleapi.errors import Terminal
from oracleapi.model.schema import (
    ENABLED_MARK,
    NOBODY,
    ChangeSchema,
    EnableSchema,
    Module,
    ObservedSchema,
    Privilege,
)
from oracleapi.plan.schema import plan_schema, plan_schema_removal, plan_unpublish
from support import make
from support.three_routes import MARK, MARKER, OPEN, READ, WANTED, WRITE, desired, observed

OWNER = str(make.owner())
THEIRS = make.owner("other").marker()
FOREIGN_MARK = replace(MARK, comments=schema_owner("cluster-2", "HR_API").marker())
REPORTS = Module("reports", "/reports/", 25, {}, "by hand")
AUDIT = Privilege("audit", ("/reports",), ("AUDITOR",), "by hand")


def backwards(found: ObservedSchema) -> ObservedSchema:
    return replace(
        found,
        modules=dict(reversed(found.modules.items())),
        privileges=dict(reversed(found.privileges.items())),
    )


# Enabling


@pytest.mark.parametrize("mark", [MARK, replace(MARK, roles=())])
def test_a_schema_of_ours_that_was_disabled_is_enabled_and_its_mark_written_once(mark: Privilege) -> None:
    found = observed(enabled=False, privileges={**WANTED.privileges, ENABLED_MARK: mark})
    assert plan_schema(WANTED, found, OWNER).actions == (EnableSchema("HR_API", "hr_api", MARK),)


def test_nobody_s_role_is_made_only_where_something_is_protected_by_it() -> None:
    found = ObservedSchema("HR_API", True, "hr_api", True)
    (filled,) = plan_schema(desired(OPEN), found, OWNER).actions
    assert isinstance(filled, ChangeSchema)
    assert filled.roles == ()


# Order


def test_a_plan_is_the_same_in_whatever_order_things_are_found() -> None:
    stray = {name: Privilege(name, (f"/{name}",), (), MARKER) for name in ("z", "y", "x")}
    old = {name: Module(name, f"/{name}/", 25, {}, make.owner().marker()) for name in ("n", "m", "o")}
    other = desired(READ | {"handler": {"source": "select 2 from dual"}}, WRITE | {"handler": {"source": "x"}})
    found = observed(modules={**WANTED.modules, **old}, privileges={ENABLED_MARK: MARK, **stray})
    turned = replace(
        other,
        modules=dict(reversed(other.modules.items())),
        privileges=dict(reversed(other.privileges.items())),
    )
    plan = plan_schema(other, found, OWNER)
    assert plan_schema(turned, backwards(found), OWNER) == plan
    (filled,) = plan.actions
    assert isinstance(filled, ChangeSchema)
    assert filled.delete_privileges == ("x", "y", "z")
    assert list(filled.delete_modules) == sorted(filled.delete_modules)
    assert [each.name for each in filled.modules] == sorted(each.name for each in filled.modules)
    assert [each.name for each in filled.privileges] == ["a.read", "a.write"]
    objects = [drift.object for drift in plan.drift if drift.object.startswith("module ")]
    assert objects == sorted(objects)


def test_handlers_that_differ_are_told_in_order() -> None:
    many = desired(*(make.route(f"r{number}", path=f"/r{number}") for number in range(9)))
    empty = {name: replace(module, handlers={}) for name, module in many.modules.items()}
    told = [drift.object for drift in plan_schema(many, observed(many, modules=empty), OWNER).drift]
    assert told == sorted(told, key=lambda each: each.partition(" ")[2].partition(" ")[2])
    assert len(told) == 10  # with the probe's


def test_a_removal_is_the_same_in_whatever_order_things_are_found() -> None:
    plan = plan_schema_removal(observed(), OWNER, MARKER)
    assert plan_schema_removal(backwards(observed()), OWNER, MARKER) == plan


# Neighbours


def test_a_module_of_our_name_elsewhere_is_refused_too() -> None:
    name = next(iter(WANTED.modules))
    with pytest.raises(Terminal, match=f"module {name} of schema HR_API was not made by this operator"):
        plan_schema(WANTED, observed(modules={name: replace(REPORTS, name=name)}), OWNER)


def test_what_others_have_is_no_difference() -> None:
    theirs = Module("oa-public/x", "/oa-public/x/", 25, {}, THEIRS)
    found = observed(
        modules={**WANTED.modules, "reports": REPORTS, theirs.name: theirs},
        privileges={**observed().privileges, "audit": AUDIT},
    )
    plan = plan_schema(WANTED, found, OWNER)
    assert (plan.actions, plan.drift) == ((), ())


def test_an_api_without_a_profile_in_a_schema_without_one_has_no_difference() -> None:
    public = desired(OPEN)
    assert plan_schema(public, observed(public), OWNER).drift == ()


def test_a_wanted_privilege_whose_module_is_lost_is_not_taken_away() -> None:
    (filled,) = plan_schema(WANTED, observed(modules={}), OWNER).actions
    assert isinstance(filled, ChangeSchema)
    assert (filled.privileges, filled.delete_privileges) == ((), ())


def test_a_profile_that_changes_is_written_though_another_api_s_callers_need_one() -> None:
    theirs = Module("oa-a-read-524c50/x", "/oa-a-read-524c50/x/", 25, {}, THEIRS)
    assert WANTED.profile is not None
    old = replace(WANTED.profile, jwk_url="https://old/keys")
    found = observed(modules={**WANTED.modules, theirs.name: theirs}, profile=old)
    assert plan_schema(WANTED, found, OWNER).actions == (
        ChangeSchema("HR_API", drop_profile=True, profile=WANTED.profile),
    )


def test_a_privilege_of_somebody_else_keeps_no_profile_of_ours() -> None:
    public = desired(OPEN)
    found = observed(
        public,
        modules={**public.modules, "reports": REPORTS},
        privileges={ENABLED_MARK: MARK, "audit": AUDIT},
        profile=WANTED.profile,
    )
    assert plan_schema(public, found, OWNER).actions == (ChangeSchema("HR_API", drop_profile=True),)


# Removal


def test_a_privilege_of_somebody_else_does_not_keep_our_mark_when_the_last_api_goes() -> None:
    found = observed(privileges={**observed().privileges, "audit": AUDIT}, enabled=False)
    (filled,) = plan_schema_removal(found, OWNER, MARKER).actions
    assert isinstance(filled, ChangeSchema)
    assert filled.delete_privileges == ("a.read", "a.write", ENABLED_MARK)
    assert filled.delete_roles == (NOBODY,)


def test_a_schema_that_another_installation_enabled_stays_enabled() -> None:
    found = observed(privileges={**WANTED.privileges, ENABLED_MARK: FOREIGN_MARK})
    (filled,) = plan_schema_removal(found, OWNER, MARKER).actions
    assert isinstance(filled, ChangeSchema)
    assert filled.delete_privileges == ("a.read", "a.write")


# Going dark


def test_unpublishing_defines_every_served_module_of_ours_anew_and_leaves_what_protects_it() -> None:
    theirs = Module("oa-public/x", "/oa-public/x/", 25, {}, THEIRS)
    dark = replace(WANTED.modules["oa-public/hr/v1"], status="NOT_PUBLISHED")
    modules = {**WANTED.modules, dark.name: dark, "reports": REPORTS, theirs.name: theirs}
    served = [module for name, module in sorted(WANTED.modules.items()) if name != dark.name]
    found = observed(modules=modules)
    plan = plan_unpublish(found, OWNER)
    assert plan.actions == (
        ChangeSchema(
            "HR_API",
            delete_modules=tuple(module.name for module in served),
            modules=tuple(replace(module, status="NOT_PUBLISHED") for module in served),
        ),
    )
    assert plan_unpublish(backwards(found), OWNER) == plan


def test_what_is_dark_already_needs_nothing() -> None:
    assert plan_unpublish(observed(modules={"reports": REPORTS}), OWNER).empty
