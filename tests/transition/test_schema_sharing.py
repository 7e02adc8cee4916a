"""Several APIs in one schema: what they share outlives each of them, and what only one can have goes to the older."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.model.ownership import marked_owner
from oracleapi.model.schema import ENABLED_MARK, NOBODY
from oracleapi.runtime.store import Key
from support import make
from support.crashes import Ended, Outside
from support.history import History
from support.small_world import API, SmallWorld, standard
from support.worlds import ACCOUNT, DATABASE, LINK, PROVIDER, annotate, api, edit, resync, schema, written

READ = make.route("list")
OWN = make.route("mine", path="/mine", scope="c.read")
OTHER = Key("OracleApi", "hr", "other")
READ_SLUG, OWN_SLUG = "oa-a-read-524c50", "oa-c-read-e56cb0"


def other(*routes: dict[str, Any], name: str = "other", namespace: str = "hr", **fields: Any) -> dict[str, Any]:
    return api(*(routes or (READ, OWN)), name=name, namespace=namespace, **{"basePath": "/other", **fields})


def pair() -> SmallWorld:
    """Return a world in which two APIs share a schema and a scope."""
    world = standard()
    world.apply(other())
    world.settle(300)
    assert world.ready() == world.ready(OTHER) == ("True", "Succeeded")
    return world


def owners(world: SmallWorld) -> set[str]:
    marks = (marked_owner(module.comments) or "" for module in schema(world).modules.values())
    return {mark.rpartition("/")[2] for mark in marks}


def guarded(world: SmallWorld) -> bool:
    """Say whether each module that asks for a scope stands behind its privilege, and the profile is there."""
    found = schema(world)
    return all(
        module.base_path.startswith(("/oa-public/", "/oa-probe/"))
        or (found.profile is not None and any(guard.protects(module) for guard in found.privileges.values()))
        for module in found.modules.values()
    )


def open_to(world: SmallWorld, *namespaces: str) -> None:
    """Let *namespaces* use everything there is."""
    names = {"names": list(namespaces)}
    edit(world, DATABASE, delegations=[{"namespaces": names, "schemas": ["HR_API"]}])
    for offer in (LINK, ACCOUNT, PROVIDER):
        edit(world, offer, allowedNamespaces=names)


# Side by side


def test_two_apis_share_a_schema_and_a_scope() -> None:
    world = pair()
    found = schema(world)
    assert set(found.modules) == {
        f"{READ_SLUG}/hr/v1",
        "oa-probe/hr/v1",
        f"{READ_SLUG}/other",
        f"{OWN_SLUG}/other",
        "oa-probe/other",
    }
    assert set(found.privileges) == {"a.read", "c.read", ENABLED_MARK}
    with written(world) as writes:
        resync(world)
    assert writes == []


@pytest.mark.parametrize(("gone", "left"), [(API, OTHER), (OTHER, API)], ids=["the older goes", "the younger goes"])
def test_the_one_that_stays_is_protected_and_serves_at_every_moment(gone: Key, left: Key) -> None:
    world = pair()
    history = History(world)
    world.delete(*gone)
    world.settle(300)
    history.check(drains=False)
    assert world.kube.find(*gone) is None
    assert world.ready(left) == ("True", "Succeeded")
    assert owners(world) == {left.name}
    found = schema(world)
    assert found.privileges["a.read"].protects(found.modules[next(iter(found.modules))])
    assert set(found.privileges) == ({"a.read", ENABLED_MARK} | ({"c.read"} if left == OTHER else set()))
    assert found.enabled
    assert found.profile is not None
    with written(world) as writes:
        resync(world)
    assert writes == []


def test_the_last_one_gives_back_what_was_enabled() -> None:
    world = pair()
    for key in (API, OTHER):
        world.delete(*key)
        world.settle(300)
    found = schema(world)
    assert (found.modules, found.privileges, found.profile, found.enabled) == ({}, {}, None, False)
    assert NOBODY not in found.roles


@pytest.mark.parametrize("how", ["killed before", "killed after", "answer lost"])
def test_a_crash_at_any_call_of_a_deletion_leaves_the_other_protected(how: Any) -> None:
    reference = pair()
    outside = Outside(reference)
    reference.delete(*API)
    reference.settle(300)
    total = len(outside.calls)
    assert total > 20
    for number in range(total):
        world = pair()
        history = History(world)
        Outside(world).crash(number, how)
        world.delete(*API)
        for seconds in (300, 300, 600):
            try:
                world.settle(seconds)
            except Ended:
                world.restart()
        assert world.kube.find(*API) is None, number
        assert world.ready(OTHER) == ("True", "Succeeded"), number
        assert owners(world) == {"other"}, number
        assert guarded(world), number
        history.check(drains=False)


def test_a_retained_module_stays_protected_while_others_come_and_go() -> None:
    world = pair()
    annotate(world, API, deletion_policy="Retain")
    world.delete(*API)
    world.settle(300)
    assert owners(world) == {"hr", "other"}
    world.apply(other(OWN))
    world.settle(300)
    assert "a.read" in schema(world).privileges
    world.delete(*OTHER)
    world.settle(300)
    found = schema(world)
    assert owners(world) == {"hr"}
    assert guarded(world)
    assert set(found.privileges) == {"a.read", ENABLED_MARK}
    assert found.enabled


# Base paths


@pytest.mark.parametrize("path", ["/hr", "/hr/v1", "/hr/v1/more"])
def test_the_younger_api_waits_while_the_older_has_the_base_path_and_wakes_when_it_goes(path: str) -> None:
    world = standard()
    before = schema(world)
    world.apply(other(basePath=path))
    world.settle()
    assert world.ready(OTHER) == ("False", "Conflict")
    assert world.condition("Stalled", OTHER) == ("True", "Conflict")
    assert f"spec.basePath: {path} overlaps with /hr/v1 of OracleApi hr" in world.message(OTHER)
    assert schema(world) == before
    assert len(world.backends.aws.apis) == 1
    begin = world.clock.time
    world.delete(*API)
    world.settle(100)
    assert world.ready(OTHER) == ("True", "Succeeded")
    assert world.clock.time - begin < 100
    assert owners(world) == {"other"}


def test_deleting_the_younger_api_leaves_the_older_one_untouched() -> None:
    world = standard()
    world.apply(other(basePath="/hr"))
    world.settle()
    before = schema(world)
    world.delete(*OTHER)
    world.settle()
    assert world.kube.find(*OTHER) is None
    assert schema(world) == before
    assert world.ready() == ("True", "Succeeded")


def test_a_path_that_only_begins_with_the_same_letters_is_another_path() -> None:
    world = standard()
    world.apply(other(basePath="/hr/v10"))
    world.settle(300)
    assert world.ready(OTHER) == ("True", "Succeeded")


def test_a_young_api_behind_a_retained_one_is_told_what_is_there() -> None:
    world = standard()
    annotate(world, API, deletion_policy="Retain")
    world.delete(*API)
    world.settle()
    world.apply(other(basePath="/hr"))
    world.settle()
    assert world.ready(OTHER) == ("False", "Conflict")
    assert "/hr overlaps with /hr/v1, which OracleApi hr left in schema HR_API when it went" in world.message(OTHER)
    assert guarded(world)
    world.apply(api(READ))
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")


# Namespaces


def test_a_schema_that_is_given_to_two_namespaces_stays_with_the_first() -> None:
    world = standard()
    open_to(world, "hr", "sales")
    theirs = Key("OracleApi", "sales", "other")
    world.apply(other(namespace="sales"))
    world.settle()
    assert world.ready(theirs) == ("False", "Conflict")
    text = world.message(theirs)
    assert "spec.schema: HR_API is taken" in text
    assert "hr" not in text.replace("HR_API", "").replace("authorizes", "")
    assert owners(world) == {"hr"}
    world.delete(*API)
    world.settle(300)
    assert world.ready(theirs) == ("True", "Succeeded")


def test_an_api_without_a_delegation_keeps_nobody_from_a_schema() -> None:
    world = SmallWorld(*[found for found in make.world() if found["kind"] != "OracleApi"])
    world.apply(other(namespace="sales", basePath="/hr/v1"))
    world.settle()
    assert world.ready(Key("OracleApi", "sales", "other")) == ("False", "RefNotPermitted")
    world.apply(api(READ))
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")


def test_an_older_api_that_is_permitted_later_does_not_push_out_who_serves() -> None:
    world = SmallWorld(*[found for found in make.world() if found["kind"] != "OracleApi"])
    world.apply(other(namespace="sales", basePath="/hr/v1"))
    world.apply(api(READ))
    world.settle(300)
    open_to(world, "hr", "sales")
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert world.ready(Key("OracleApi", "sales", "other")) == ("False", "Conflict")
    assert owners(world) == {"hr"}


# One database


def twin_of(world: SmallWorld) -> None:
    twin = {**dict(world.kube.objects[DATABASE]), "metadata": {"name": "twin"}}
    twin.pop("status")
    world.apply(twin)
    world.settle()


def test_two_names_for_one_database_are_one_database() -> None:
    world = standard()
    twin_of(world)
    world.apply(other(basePath="/hr", databaseRef={"name": "twin"}))
    world.settle()
    assert world.ready(OTHER) == ("False", "Conflict")
    world.apply(other(name="third", databaseRef={"name": "twin"}))
    world.settle(300)
    assert world.ready(Key("OracleApi", "hr", "third")) == ("True", "Succeeded")
    world.delete(*API)
    world.settle(300)
    assert guarded(world)


def test_the_second_name_says_that_it_is_one() -> None:
    world = standard()
    twin_of(world)
    twin = Key("OracleDatabase", None, "twin")
    assert world.ready(twin) == ("True", "Succeeded")
    assert world.condition("SharedDatabase", twin) == ("True", "SamePdb")
    (said,) = [c["message"] for c in world.kube.status(*twin)["conditions"] if c["type"] == "SharedDatabase"]
    assert "OracleDatabase db" in said
    assert world.condition("SharedDatabase", DATABASE) == ("absent", "")


def test_a_connection_that_leads_to_another_database_touches_nothing_there() -> None:
    world = standard()
    before = dict(world.backends.database.schemas)
    world.backends.database.guid = "C3D4"
    world.apply(api(READ, OWN))
    world.settle()
    assert world.ready() == ("False", "DependencyNotReady")
    assert "another database" in world.message()
    world.delete(*API)
    world.settle()
    assert world.kube.find(*API) is not None
    assert world.backends.database.schemas == before
    world.backends.database.guid = "A1B2"
    world.settle(300)
    assert world.kube.find(*API) is None


# The profile


def second_provider(world: SmallWorld) -> None:
    found = next(found for found in make.world() if found["kind"] == "IdentityProvider")
    found["metadata"]["name"] = "partners"
    found["spec"] |= {"issuer": "https://partners.example.com/", "audiences": ["hr-api"]}
    world.apply(found)
    world.settle()


def test_a_schema_has_one_profile_and_the_older_api_s_holds() -> None:
    world = standard()
    second_provider(world)
    theirs = {"jwt": {"providerRef": {"name": "partners"}, "defaultScope": "a.read"}}
    world.apply(other(auth=theirs))
    world.settle()
    assert world.ready(OTHER) == ("False", "JwtProfileConflict")
    assert "OracleApi hr, which is older" in world.message(OTHER)
    assert "https://idp.example.com/" in world.message(OTHER)
    world.apply(api(READ, auth=theirs))
    world.settle(300)
    assert world.ready() == world.ready(OTHER) == ("True", "Succeeded")
    profile = schema(world).profile
    assert profile is not None
    assert profile.issuer == "https://partners.example.com/"


def test_an_older_api_that_changes_its_provider_stalls_the_younger() -> None:
    world = pair()
    second_provider(world)
    world.apply(api(READ, auth={"jwt": {"providerRef": {"name": "partners"}, "defaultScope": "a.read"}}))
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert world.ready(OTHER) == ("False", "JwtProfileConflict")
    assert guarded(world)


# Schemas that are no place for handlers


def test_a_powerful_schema_is_refused_and_left_alone() -> None:
    world = SmallWorld(*make.world(), start=False)
    plain = schema(world)
    world.backends.database.schemas["HR_API"] = replace(plain, powers=("holds DBA",))
    world.settle()
    assert world.ready() == ("False", "SchemaRefused")
    assert "HR_API holds DBA" in world.message()
    assert not schema(world).enabled
    assert world.backends.aws.apis == {}
    world.backends.database.schemas["HR_API"] = plain
    resync(world)
    assert world.ready() == ("True", "Succeeded")


def test_an_api_of_a_schema_that_became_powerful_can_be_deleted() -> None:
    world = standard()
    world.backends.database.schemas["HR_API"] = replace(schema(world), powers=("holds DBA",))
    resync(world)
    assert world.ready() == ("False", "SchemaRefused")
    world.delete(*API)
    world.settle(300)
    assert world.kube.find(*API) is None
    assert schema(world).modules == {}
