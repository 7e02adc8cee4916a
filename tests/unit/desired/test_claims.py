"""Who gets a schema, a base path and the profile, and which schemas are no place for handlers."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.claims import check_schema, overlaps, schema_issuer
from oracleapi.desired.schema import build_schema, schema_owner
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.model.ownership import Owner
from oracleapi.model.resolved import Issuer, ResolvedApi, Rival
from oracleapi.model.schema import JwtProfile, Module, ObservedSchema
from support import make

API = replace(make.resolved(), pdb_guid="A1B2")
EMPTY = ObservedSchema("HR_API", exists=True, pdb_guid="A1B2")
HERS = Issuer("https://hers.example.com/", "hers", "https://hers.example.com/keys")
MARKER = schema_owner("cluster-1", "HR_API").marker()
TAKEN = (
    "spec.schema: HR_API is taken, and a schema belongs to one namespace of one installation; use another schema, or"
    " ask a platform administrator"
)


def rival(**fields: Any) -> Rival:
    """Return an older API of the same namespace, at /other/v1, with the same issuer."""
    found = Rival(make.owner("first"), "/other/v1", API.issuer, older=True)
    return replace(found, **fields)


def among(*rivals: Rival, **fields: Any) -> ResolvedApi:
    return replace(API, rivals=rivals, **fields)


def left(base_path: str, owner: Owner, scope: str = "a.read", **fields: Any) -> ObservedSchema:
    """Return a schema in which *owner* has a module, with its privilege and a profile."""
    api = make.resolved(make.route("list", scope=scope), basePath=base_path)
    wanted = build_schema(replace(api, owner=owner), (), None)
    found = replace(EMPTY, alias="hr_api", enabled=True, modules=wanted.modules, privileges=wanted.privileges)
    return replace(found, **{"profile": wanted.profile, **fields})


def refusal(api: ResolvedApi, observed: ObservedSchema = EMPTY) -> tuple[str, str]:
    with pytest.raises(Terminal) as caught:
        check_schema(api, observed)
    return caught.value.reason, caught.value.message


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/hr", "/hr", True),
        ("/hr", "/hr/v1", True),
        ("/hr/v1", "/hr", True),
        ("/hr", "/hrx", False),
        ("/hr/v1", "/hr/v10", False),
        ("/hr/v1", "/hr/v2", False),
        ("/hr/v1/a", "/hr/v1", True),
        ("/v1/hr", "/hr", False),
    ],
)
def test_base_paths_overlap_segment_by_segment(one: str, other: str, expected: bool) -> None:
    assert overlaps(one, other) is expected


# Base paths


def test_an_api_alone_in_a_schema_is_fine() -> None:
    check_schema(API, EMPTY)
    check_schema(API, left("/hr/v1", API.owner))


@pytest.mark.parametrize("path", ["/hr/v1", "/hr", "/hr/v1/more"])
def test_the_older_api_keeps_a_base_path(path: str) -> None:
    reason, message = refusal(among(rival(base_path=path)))
    assert reason == "Conflict"
    assert f"/hr/v1 overlaps with {path} of OracleApi first" in message
    check_schema(among(rival(base_path=path, older=False)), EMPTY)


def test_apis_beside_each_other_share_a_schema() -> None:
    check_schema(among(rival(base_path="/hr/v2"), rival(base_path="/hrx", older=False)), EMPTY)
    check_schema(among(rival(base_path="/hr/v2")), left("/hr/v2", make.owner("first")))


def test_an_api_that_serves_already_stays_where_it_is() -> None:
    check_schema(among(rival(base_path="/hr/v1")), left("/hr/v1", API.owner))


def test_an_older_module_of_its_own_at_another_path_is_no_claim() -> None:
    assert refusal(among(rival(base_path="/hr/v1")), left("/old", API.owner))[0] == "Conflict"


def test_an_api_does_not_push_a_younger_one_out_that_serves_already() -> None:
    younger = rival(base_path="/hr", older=False)
    reason, message = refusal(among(younger), left("/hr", younger.owner))
    assert reason == "Conflict"
    assert "OracleApi first in the same schema" in message


def test_modules_that_a_retained_api_left_are_told_from_a_living_one() -> None:
    reason, message = refusal(API, left("/hr", make.owner("gone")))
    assert reason == "Conflict"
    assert "which OracleApi gone left in schema HR_API when it went" in message
    assert "create it again to take them over" in message


def test_of_several_that_are_in_the_way_the_same_one_is_told_in_whatever_order_they_are_found() -> None:
    modules = left("/hr", make.owner("gone"), scope="b").modules | left("/hr", make.owner("left"), scope="a").modules
    for some in (modules, dict(reversed(modules.items()))):
        assert "which OracleApi left left in schema HR_API" in refusal(API, replace(EMPTY, modules=some))[1]


def test_a_module_s_path_counts_to_its_last_letter() -> None:
    check_schema(API, left("/hr/v1X", make.owner("gone")))


# Namespaces


def test_a_schema_belongs_to_the_namespace_of_the_oldest_claim() -> None:
    theirs = rival(owner=make.owner("secret-name", "sales"), issuer=HERS)
    assert refusal(among(theirs)) == ("Conflict", TAKEN)
    check_schema(among(replace(theirs, older=False)), EMPTY)


@pytest.mark.parametrize("installation", ["cluster-1", "cluster-2"])
def test_a_schema_with_modules_of_others_is_taken_whoever_is_older(installation: str) -> None:
    owner = replace(make.owner("secret-name", "sales"), installation=installation)
    if installation != "cluster-1":
        owner = replace(owner, namespace="hr")
    younger = rival(owner=owner, older=False)
    assert refusal(among(younger), left("/elsewhere", owner)) == ("Conflict", TAKEN)
    assert refusal(API, left("/elsewhere", owner)) == ("Conflict", TAKEN)


def test_a_namespace_keeps_its_schema_when_its_oldest_api_goes() -> None:
    theirs = rival(owner=make.owner("secret-name", "sales"), base_path="/hr", issuer=HERS)
    check_schema(among(theirs), left("/elsewhere", make.owner("sibling")))


# The profile


def test_the_older_api_s_issuer_and_audience_hold_for_the_schema() -> None:
    reason, message = refusal(among(rival(issuer=HERS)))
    assert reason == "JwtProfileConflict"
    assert "OracleApi first, which is older" in message
    assert "issuer https://hers.example.com/ for audience hers" in message
    assert "use the same provider and audience, or another schema" in message
    check_schema(among(rival(issuer=HERS, older=False)), left("/other/v1", make.owner("first")))


def test_another_audience_of_one_issuer_is_another_profile() -> None:
    assert API.issuer is not None
    assert refusal(among(rival(issuer=replace(API.issuer, audience="x"))))[0] == "JwtProfileConflict"


def test_a_public_api_needs_no_agreement() -> None:
    check_schema(among(rival(issuer=HERS), issuer=None), EMPTY)
    check_schema(among(rival(issuer=None)), EMPTY)


def test_one_key_address_stands_in_the_profile_the_oldest_api_s() -> None:
    assert API.issuer is not None
    other = replace(API.issuer, jwks_uri="https://mirror.example.com/keys")
    assert schema_issuer(among(rival(issuer=other))) == other
    assert schema_issuer(among(rival(issuer=other, older=False))) == API.issuer
    assert schema_issuer(among(rival(issuer=replace(other, jwks_uri="")))) == API.issuer
    assert schema_issuer(among(rival(issuer=other), issuer=None)) is None
    assert schema_issuer(among(rival(issuer=None))) == API.issuer
    profile = build_schema(among(rival(issuer=other)), (), None).profile
    assert profile is not None
    assert profile.jwk_url == "https://mirror.example.com/keys"


def test_the_profile_that_retained_modules_need_is_not_replaced() -> None:
    kept = left("/other", make.owner("gone"), profile=JwtProfile("https://old/", "old", "https://old/keys", MARKER))
    reason, message = refusal(API, kept)
    assert reason == "JwtProfileConflict"
    assert "OracleApi gone left module oa-a-read-524c50/other" in message
    assert "issuer https://old/ for audience old" in message
    check_schema(among(rival(owner=make.owner("gone"), base_path="/other", older=False)), kept)
    unguarded = replace(kept, privileges={})
    check_schema(API, unguarded)


def test_a_profile_that_only_its_own_modules_need_is_replaced() -> None:
    check_schema(API, left(API.spec.base_path, API.owner, profile=JwtProfile("https://old/", "old", "", MARKER)))


def test_a_profile_that_somebody_else_made_is_no_claim() -> None:
    check_schema(API, left("/other", make.owner("gone"), profile=JwtProfile("https://old/", "old", "", "by hand")))


# Which database, which schema


def test_a_connection_that_leads_elsewhere_stops_everything() -> None:
    with pytest.raises(DependencyNotReady) as caught:
        check_schema(API, replace(EMPTY, pdb_guid="C3D4"))
    assert "another database" in caught.value.message
    assert caught.value.retry_after_s == 60
    check_schema(API, replace(EMPTY, pdb_guid=""))
    check_schema(replace(API, pdb_guid=""), EMPTY)


@pytest.mark.parametrize("name", ["SYS", "SYSTEM", "ORACLEAPI", "XDB", "AUDSYS", "ORDS_METADATA", "ORDS_PUBLIC_USER"])
def test_a_schema_with_a_reserved_name_is_refused(name: str) -> None:
    reason, message = refusal(API, ObservedSchema(name, exists=True))
    assert reason == "SchemaRefused"
    assert f"{name} has a name that Oracle, ORDS or this operator uses" in message


def test_a_powerful_schema_is_refused_with_up_to_three_reasons() -> None:
    reason, message = refusal(API, replace(EMPTY, powers=("holds DBA",)))
    assert (reason, message) == (
        "SchemaRefused",
        "spec.schema: HR_API holds DBA, and handlers would run with that; use a schema that holds exactly what they"
        " need, or have it revoked",
    )
    many = replace(EMPTY, powers=tuple(f"holds SELECT ANY {n}" for n in range(5)))
    assert "holds SELECT ANY 2 and 2 more, and handlers" in refusal(API, many)[1]
    three = replace(many, powers=many.powers[:3])
    assert "holds SELECT ANY 2, and handlers" in refusal(API, three)[1]
    oracles = replace(many, schema="SYS", powers=("holds DBA",))
    assert "SYS has a name that Oracle, ORDS or this operator uses, holds DBA, and" in refusal(API, oracles)[1]


def test_modules_of_others_without_our_mark_claim_nothing() -> None:
    by_hand = Module("reports", "/oa-a-read-524c50/hr/v1/", 25, {}, "by hand")
    check_schema(API, replace(EMPTY, modules={"reports": by_hand}))
