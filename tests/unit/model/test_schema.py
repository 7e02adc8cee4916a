"""A transaction says in one line what it does."""

from oracleapi.model.schema import ChangeSchema, JwtProfile, Module, Privilege

MODULE = Module("m", "/m/", 25, {})


def test_a_change_without_content_is_empty() -> None:
    assert ChangeSchema("HR").empty
    assert not ChangeSchema("HR", drop_profile=True).empty


def test_a_module_that_is_replaced_is_told_as_defined() -> None:
    change = ChangeSchema(
        "HR",
        delete_modules=("m", "old"),
        roles=("r",),
        modules=(MODULE,),
        privileges=(Privilege("p", (), ()),),
        delete_privileges=("q",),
        delete_roles=("s",),
    )
    assert change.describe() == (
        "schema HR: define module m, define privilege p, delete module old, delete privilege q, create role r,"
        " delete role s"
    )


def test_a_profile_that_is_replaced_is_told_once() -> None:
    profile = JwtProfile("i", "a", "k")
    assert ChangeSchema("HR", drop_profile=True, profile=profile).describe() == "schema HR: create JWT profile"
    assert ChangeSchema("HR", drop_profile=True).describe() == "schema HR: delete JWT profile"
