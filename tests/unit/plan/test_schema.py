"""What is done to the ORDS half of a schema: one transaction, never to what is not ours."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.schema import hold_handlers, schema_owner
from oracleapi.errors import Terminal
from oracleapi.model.drift import Drift
from oracleapi.model.schema import (
    ENABLED_MARK,
    NOBODY,
    ChangeSchema,
    DesiredSchema,
    DisableSchema,
    EnableSchema,
    Handler,
    JwtProfile,
    Module,
    ObservedSchema,
    Privilege,
)
from oracleapi.plan.schema import plan_schema, plan_schema_removal
from support import make
from support.three_routes import MARK, MARKER, OPEN, READ, WANTED, WRITE, desired, observed

API = make.resolved(READ, WRITE, OPEN)
OWNER = str(API.owner)
READ_MODULE, WRITE_MODULE = "oa-a-read-524c50/hr/v1", "oa-a-write-83ac65/hr/v1"
THEIRS = make.owner("other", "sales").marker()


def change(found: ObservedSchema, of: DesiredSchema = WANTED) -> ChangeSchema:
    """Return the one transaction of the plan."""
    (action,) = plan_schema(of, found, OWNER).actions
    assert isinstance(action, ChangeSchema)
    return action


# Changes


def test_a_schema_that_holds_what_is_desired_needs_nothing() -> None:
    plan = plan_schema(WANTED, observed(), OWNER)
    assert plan.empty
    assert plan.drift == ()


def test_an_untouched_schema_is_enabled_with_our_mark_and_then_filled_in_one_transaction() -> None:
    enable, filled = plan_schema(WANTED, ObservedSchema("HR_API", exists=True), OWNER).actions
    assert enable == EnableSchema("HR_API", "hr_api", MARK, (NOBODY,))
    assert isinstance(filled, ChangeSchema)
    assert {module.name for module in filled.modules} == set(WANTED.modules)
    assert {privilege.name for privilege in filled.privileges} == {"a.read", "a.write"}
    assert filled.profile == WANTED.profile
    assert (filled.roles, filled.delete_modules, filled.delete_privileges) == ((), (), ())


def test_a_schema_that_somebody_else_enabled_gets_no_mark() -> None:
    bare = ObservedSchema("HR_API", exists=True, alias="hr_api", enabled=True)
    filled = change(bare)
    assert ENABLED_MARK not in {privilege.name for privilege in filled.privileges}
    assert filled.roles == (NOBODY,)


def test_a_mark_of_another_installation_is_left_alone() -> None:
    foreign = Privilege(ENABLED_MARK, (), (), schema_owner("cluster-2", "HR_API").marker())
    marked = ObservedSchema("HR_API", True, "hr_api", True, privileges={ENABLED_MARK: foreign})
    assert ENABLED_MARK not in {privilege.name for privilege in change(marked).privileges}
    enable, filled = plan_schema(WANTED, replace(marked, enabled=False), OWNER).actions
    assert enable == EnableSchema("HR_API", "hr_api")
    assert isinstance(filled, ChangeSchema)
    assert ENABLED_MARK not in {privilege.name for privilege in filled.privileges}


def test_our_mark_is_mended_like_everything_of_ours() -> None:
    found = observed(privileges={**WANTED.privileges, ENABLED_MARK: replace(MARK, roles=())})
    assert change(found).privileges == (MARK,)


def test_a_module_that_changes_is_deleted_and_defined_in_the_same_transaction() -> None:
    other = desired(READ | {"handler": {"source": "select 2 from dual"}}, WRITE, OPEN)
    found = change(observed(), other)
    assert found.delete_modules == (READ_MODULE,)
    assert [module.name for module in found.modules] == [READ_MODULE]
    assert found.privileges == ()


def test_a_new_module_is_only_defined() -> None:
    found = change(observed(desired(READ)), desired(READ, WRITE))
    assert (found.delete_modules, [module.name for module in found.modules]) == ((), [WRITE_MODULE])
    assert [privilege.name for privilege in found.privileges] == ["a.write"]


def test_a_module_that_is_no_longer_desired_goes_with_its_privilege() -> None:
    found = change(observed(desired(READ, WRITE)), desired(READ))
    assert found == ChangeSchema("HR_API", delete_modules=(WRITE_MODULE,), delete_privileges=("a.write",))


def test_a_privilege_outlives_its_api_while_a_module_is_below_its_patterns() -> None:
    theirs = Module("oa-a-write-83ac65/x", "/oa-a-write-83ac65/x/", 25, {}, "by hand")
    before = desired(READ, WRITE)
    found = change(observed(before, modules={**before.modules, theirs.name: theirs}), desired(READ))
    assert found.delete_modules == (WRITE_MODULE,)
    assert found.delete_privileges == ()


def test_a_privilege_of_ours_that_protects_nothing_goes() -> None:
    stray = Privilege("z", ("/oa-z-1", "/oa-z-1/*"), (NOBODY,), MARKER)
    found = observed(privileges={**observed().privileges, "z": stray})
    assert change(found).delete_privileges == ("z",)


def test_a_privilege_of_somebody_else_stays() -> None:
    stray = Privilege("z", ("/z/*",), (), "by hand")
    assert plan_schema(WANTED, observed(privileges={**observed().privileges, "z": stray}), OWNER).empty


def test_a_profile_is_replaced_for_there_is_no_update() -> None:
    assert WANTED.profile is not None
    found = change(observed(profile=replace(WANTED.profile, audience="x")))
    assert (found.drop_profile, found.profile) == (True, WANTED.profile)


def test_a_profile_goes_with_the_last_protected_route() -> None:
    found = change(observed(desired(READ, OPEN)), desired(OPEN))
    assert (found.drop_profile, found.profile, found.delete_privileges) == (True, None, ("a.read",))


@pytest.mark.parametrize("slug", ["oa-a-read-524c50", "oa-public"])
def test_a_profile_stays_while_another_api_s_callers_need_it(slug: str) -> None:
    theirs = Module(f"{slug}/other", f"/{slug}/other/", 25, {}, THEIRS)
    before = desired(READ, OPEN)
    found = change(observed(before, modules={**before.modules, theirs.name: theirs}), desired(OPEN))
    assert found.drop_profile is (slug == "oa-public")
    assert (found.delete_privileges == ()) is (slug != "oa-public")


def test_a_profile_of_somebody_else_is_left_to_public_routes() -> None:
    profile = JwtProfile("x", "y", "z", "by hand")
    assert plan_schema(desired(OPEN), observed(desired(OPEN), profile=profile), OWNER).empty
    held = hold_handlers(desired(OPEN), observed(desired(OPEN), profile=profile), ())
    assert held.profile is None


def test_what_is_held_keeps_its_module_privilege_and_profile() -> None:
    before = observed(desired(READ, OPEN))
    held = hold_handlers(desired(OPEN), before, {(READ_MODULE, "things", "GET")})
    assert plan_schema(held, before, OWNER).empty


# Refusals


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (ObservedSchema("HR_API", exists=False), "SchemaMissing", "schema HR_API does not exist"),
        (
            observed(modules={READ_MODULE: replace(WANTED.modules[READ_MODULE], comments=THEIRS)}),
            "Conflict",
            f"module {READ_MODULE} of schema HR_API belongs to another OracleApi",
        ),
        (
            observed(modules={READ_MODULE: replace(WANTED.modules[READ_MODULE], comments="by hand")}),
            "NotOwned",
            f"module {READ_MODULE}",
        ),
        (
            observed(modules={"m": Module("m", "/oa-a-read-524c50/hr/v1/", 25, {}, "")}),
            "NotOwned",
            "module m of schema HR_API was not made by this operator; rename it",
        ),
        (
            observed(privileges={"a.read": Privilege("a.read", (), (), "by hand")}),
            "NotOwned",
            "privilege a.read of schema HR_API was not made by this operator; use another scope",
        ),
        (
            observed(privileges={"a.read": Privilege("a.read", (), (), THEIRS)}),
            "NotOwned",
            "privilege a.read",
        ),
        (observed(profile=JwtProfile("https://x/", "y", "z", "")), "JwtProfileConflict", "issuer https://x/"),
    ],
    ids=[
        "no schema",
        "another API's module",
        "a module of our name",
        "a module on our path",
        "a privilege of our name",
        "a privilege of another owner",
        "a profile",
    ],
)
def test_what_is_not_ours_is_refused_by_name(found: ObservedSchema, reason: str, words: str) -> None:
    with pytest.raises(Terminal) as caught:
        plan_schema(WANTED, found, OWNER)
    assert caught.value.reason == reason
    assert words in caught.value.message


def test_another_api_s_module_elsewhere_is_left_alone() -> None:
    theirs = Module("oa-a-read-524c50/other", "/oa-a-read-524c50/other/", 25, {}, THEIRS)
    assert plan_schema(WANTED, observed(modules={**WANTED.modules, theirs.name: theirs}), OWNER).empty


def test_a_module_of_somebody_else_elsewhere_is_no_hindrance() -> None:
    theirs = Module("reports", "/reports/", 25, {}, "by hand")
    assert plan_schema(WANTED, observed(modules={**WANTED.modules, "reports": theirs}), OWNER).empty


# Removal


def test_removal_takes_everything_of_ours_and_disables_what_we_enabled() -> None:
    filled, disable = plan_schema_removal(observed(), OWNER, MARKER).actions
    assert filled == ChangeSchema(
        "HR_API",
        drop_profile=True,
        delete_modules=tuple(sorted(WANTED.modules)),
        delete_privileges=("a.read", "a.write"),
    )
    assert disable == DisableSchema("HR_API", (ENABLED_MARK,), (NOBODY,))


def test_removal_leaves_a_schema_enabled_that_somebody_else_enabled() -> None:
    found = observed(privileges=WANTED.privileges)
    (filled,) = plan_schema_removal(found, OWNER, MARKER).actions
    assert isinstance(filled, ChangeSchema)
    assert filled.delete_roles == (NOBODY,)


def test_removal_leaves_a_schema_enabled_where_others_have_modules() -> None:
    theirs = Module("reports", "/reports/", 25, {}, "by hand")
    (filled,) = plan_schema_removal(observed(modules={**WANTED.modules, "reports": theirs}), OWNER, MARKER).actions
    assert isinstance(filled, ChangeSchema)
    assert ENABLED_MARK in filled.delete_privileges
    assert "reports" not in filled.delete_modules


def test_removal_leaves_what_another_api_of_ours_needs() -> None:
    other = Module("oa-a-read-524c50/other", "/oa-a-read-524c50/other/", 25, {}, THEIRS)
    (filled,) = plan_schema_removal(observed(modules={**WANTED.modules, other.name: other}), OWNER, MARKER).actions
    assert filled == ChangeSchema(
        "HR_API", delete_modules=tuple(sorted(WANTED.modules)), delete_privileges=("a.write",)
    )


def test_removal_takes_the_profile_when_only_public_routes_are_left() -> None:
    other = Module("oa-public/other", "/oa-public/other/", 25, {}, THEIRS)
    (filled,) = plan_schema_removal(observed(modules={**WANTED.modules, other.name: other}), OWNER, MARKER).actions
    assert isinstance(filled, ChangeSchema)
    assert filled.drop_profile
    assert filled.delete_privileges == ("a.read", "a.write")
    assert filled.delete_roles == ()


def test_removal_leaves_what_protects_a_module_that_somebody_put_below_our_paths() -> None:
    theirs = Module("by-hand", "/oa-a-read-524c50/by-hand/", 25, {}, "by hand")
    (filled,) = plan_schema_removal(observed(modules={**WANTED.modules, theirs.name: theirs}), OWNER, MARKER).actions
    assert filled == ChangeSchema(
        "HR_API", delete_modules=tuple(sorted(WANTED.modules)), delete_privileges=("a.write",)
    )


def test_removal_leaves_what_is_not_ours() -> None:
    found = observed(
        privileges={"x": Privilege("x", ("/x",), (), "by hand")}, profile=JwtProfile("x", "y", "z", "by hand")
    )
    (filled,) = plan_schema_removal(found, OWNER, MARKER).actions
    assert isinstance(filled, ChangeSchema)
    assert (filled.drop_profile, filled.delete_privileges) == (False, ())


@pytest.mark.parametrize(
    "found",
    [
        ObservedSchema("HR_API", exists=False),
        ObservedSchema("HR_API", exists=True),
        ObservedSchema("HR_API", exists=True, alias="hr_api", enabled=True),
        ObservedSchema("HR_API", exists=True, alias="hr_api", enabled=False),
    ],
)
def test_removal_of_nothing_is_nothing(found: ObservedSchema) -> None:
    assert plan_schema_removal(found, OWNER, MARKER).empty


def test_removal_that_was_cut_short_is_finished() -> None:
    rest = observed(modules={}, privileges={ENABLED_MARK: MARK}, profile=None)
    assert plan_schema_removal(rest, OWNER, MARKER).actions == (DisableSchema("HR_API", (ENABLED_MARK,), (NOBODY,)),)


# Drift


def module(**fields: Any) -> Callable[[], ObservedSchema]:
    return lambda: observed(modules={**WANTED.modules, READ_MODULE: replace(WANTED.modules[READ_MODULE], **fields)})


def handlers(found: dict[tuple[str, str], Handler]) -> Callable[[], ObservedSchema]:
    return module(handlers=found)


HANDLER = WANTED.modules[READ_MODULE].handlers[("things", "GET")]
NAME = f"handler GET {READ_MODULE}/things"
DRIFTS: list[tuple[str, Callable[[], ObservedSchema], Drift]] = [
    ("disabled", lambda: observed(enabled=False), Drift("schema HR_API", "enabled", "True", "False")),
    ("module lost", lambda: observed(modules={k: v for k, v in WANTED.modules.items() if k != READ_MODULE}),
     Drift(f"module {READ_MODULE}", "existence", "present", "absent")),
    ("module of ours that nobody wants",
     lambda: observed(modules={**WANTED.modules, "x": replace(WANTED.modules[READ_MODULE], name="x", base_path="/x/")}),
     Drift("module x", "existence", "absent", "present")),
    ("page size", module(items_per_page=1), Drift(f"module {READ_MODULE}", "items_per_page", "25", "1")),
    ("status", module(status="NOT_PUBLISHED"),
     Drift(f"module {READ_MODULE}", "status", "PUBLISHED", "NOT_PUBLISHED")),
    ("handler lost", handlers({}), Drift(NAME, "existence", "present", "absent")),
    ("handler added", handlers({("things", "GET"): HANDLER, ("x", "GET"): HANDLER}),
     Drift(f"handler GET {READ_MODULE}/x", "existence", "absent", "present")),
    ("source", handlers({("things", "GET"): replace(HANDLER, source="x")}), Drift(NAME, "source", HANDLER.source, "x")),
    ("page size of a handler", handlers({("things", "GET"): replace(HANDLER, items_per_page=3)}),
     Drift(NAME, "items_per_page", "absent", "3")),
    ("privilege lost", lambda: observed(privileges={ENABLED_MARK: MARK, "a.write": WANTED.privileges["a.write"]}),
     Drift("privilege a.read", "existence", "present", "absent")),
    ("patterns", lambda: observed(privileges={**observed().privileges, "a.read": replace(
        WANTED.privileges["a.read"], patterns=("/x",))}),
     Drift("privilege a.read", "patterns", "/oa-a-read-524c50, /oa-a-read-524c50/*", "/x")),
    ("profile lost", lambda: observed(profile=None), Drift("JWT profile", "existence", "present", "absent")),
    ("issuer", lambda: observed(profile=replace(WANTED.profile or JwtProfile("", "", ""), issuer="x")),
     Drift("JWT profile", "issuer", "https://idp.example.com/", "x")),
]  # fmt: skip


@pytest.mark.parametrize(("found", "drift"), [row[1:] for row in DRIFTS], ids=[row[0] for row in DRIFTS])
def test_a_difference_is_told_by_object_and_field(found: Callable[[], ObservedSchema], drift: Drift) -> None:
    plan = plan_schema(WANTED, found(), OWNER)
    assert plan.drift == (drift,)
    assert not plan.empty
