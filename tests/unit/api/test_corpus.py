"""Every rule and every bound of the kinds has a manifest that breaks it, and every field one that sets it.

``tests/e2e/test_admission.py`` shows the same manifests to a real API server.
"""

import re
from typing import Any

import pytest

from oracleapi.api.crd import KINDS, Kind, kind_named
from support.corpus import OBJECT, accepted, bounds, breaches, nodes, places, refused

EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
BUILT = {"all handler sources together must not be longer than 524288 characters"}
"""Too long for a file; ``tests/e2e/test_admission.py`` builds it."""


def of_kind(kind: Kind) -> list[dict[str, Any]]:
    return [manifest for manifest in accepted().values() if manifest["kind"] == kind.name]


def stem(message: str) -> str:
    """Return the part of a rule's message that its messageExpression says too."""
    return message.split(":")[0]


@EVERY_KIND
def test_every_rule_has_a_manifest_that_breaks_it(kind: Kind) -> None:
    cases = [case for case in refused() if case.manifest["kind"] == kind.name]
    unbroken = [
        (place, rule["message"])
        for place, schema in nodes(kind)
        for rule in schema.get("x-kubernetes-validations", ())
        if rule["message"] not in BUILT
        and not any(case.place == place and stem(rule["message"]) in case.sentence for case in cases)
    ]
    assert unbroken == []


@EVERY_KIND
def test_every_invalid_manifest_breaks_a_rule_that_there_is(kind: Kind) -> None:
    said = {
        place: [rule["message"] for rule in schema.get("x-kubernetes-validations", ())] for place, schema in nodes(kind)
    }
    strangers = [
        case.name
        for case in refused()
        if case.manifest["kind"] == kind.name
        and not any(stem(message) in case.sentence for message in said.get(case.place, ()))
    ]
    assert strangers == []


@EVERY_KIND
def test_every_field_is_set_by_a_valid_manifest(kind: Kind) -> None:
    found = set().union(*(places(kind, manifest) for manifest in of_kind(kind)))
    assert {place for place, _ in nodes(kind)} - found == {OBJECT}


@EVERY_KIND
def test_every_bound_can_be_overstepped_from_a_valid_manifest(kind: Kind) -> None:
    overstepped = {bound for manifest in of_kind(kind) for bound, _ in breaches(kind, manifest)}
    assert bounds(kind) - overstepped == set()


@pytest.mark.parametrize("name", sorted(accepted()))
def test_what_the_server_takes_the_models_take_too(name: str) -> None:
    manifest = accepted()[name]
    spec = kind_named(manifest["kind"]).spec.model_validate(manifest["spec"])
    written = spec.model_dump(by_alias=True, exclude_unset=True, mode="json")
    assert written == manifest["spec"]


def test_two_rules_in_one_place_are_told_apart() -> None:
    for kind in KINDS:
        for place, schema in nodes(kind):
            stems = [stem(rule["message"]) for rule in schema.get("x-kubernetes-validations", ())]
            assert len(set(stems)) == len(stems), place


def test_every_file_says_where_and_what() -> None:
    for case in refused():
        assert re.fullmatch(r"(<nil>|spec[][.a-zA-Z0-9]*)", case.field), case.name
        assert len(case.sentence) > 15, case.name
        assert case.name.split("/")[0] == case.manifest["kind"].lower()
