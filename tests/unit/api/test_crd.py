"""The CRDs in the repository are the models', and keep clear of what a real server was seen to trip over."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from oracleapi.api.__main__ import render
from oracleapi.api.crd import KINDS, Kind, build_crd

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDERS = (ROOT / "crds", ROOT / "charts" / "oracle-api-operator" / "files" / "crds")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def nodes(
    schema: dict[str, Any], path: str = "", below_items: bool = False
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield (path, node, stands below a list) for every node of a schema."""
    yield path, schema, below_items
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}", below_items)
    if isinstance(schema.get("items"), dict):
        yield from nodes(schema["items"], f"{path}[]", True)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from nodes(schema["additionalProperties"], f"{path}{{}}", below_items)


def spec_of(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = build_crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


@EVERY_KIND
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-2])
def test_committed_crd_is_what_the_models_say(kind: Kind, folder: pathlib.Path) -> None:
    assert render(kind) == (folder / f"{kind.plural}.yaml").read_text(), "run `make generate`"


@EVERY_KIND
def test_rendered_text_is_the_crd(kind: Kind) -> None:
    assert yaml.safe_load(render(kind)) == build_crd(kind)


def test_no_category_is_a_name_of_a_kind() -> None:
    names = [build_crd(kind)["spec"]["names"] for kind in KINDS]
    taken = {word for found in names for word in (found["plural"], found["singular"], *found["shortNames"])}
    assert taken.isdisjoint({category for found in names for category in found["categories"]})


@EVERY_KIND
def test_no_default_stands_below_a_list(kind: Kind) -> None:
    """A default in a list item makes every apply say "configured"."""
    assert [path for path, node, below in nodes(spec_of(kind)) if below and "default" in node] == []


@EVERY_KIND
def test_everything_has_a_bound(kind: Kind) -> None:
    """CEL costs are estimated from maxLength and maxItems; without them a rule is refused."""
    unbounded = [
        path
        for path, node, _ in nodes(spec_of(kind)["properties"]["spec"])
        if (node.get("type") == "string" and not {"maxLength", "enum", "format"} & set(node))
        or (node.get("type") == "array" and not {"maxItems", "x-kubernetes-list-type"} <= set(node))
    ]
    assert unbounded == []


@EVERY_KIND
def test_a_fresh_object_does_not_look_done(kind: Kind) -> None:
    assert spec_of(kind)["properties"]["status"]["default"] == {"observedGeneration": -1}


@EVERY_KIND
def test_every_rule_says_what_to_write_instead(kind: Kind) -> None:
    silent = [
        path
        for path, node, _ in nodes(spec_of(kind))
        for rule in node.get("x-kubernetes-validations", [])
        if not rule.get("message")
    ]
    assert silent == []
