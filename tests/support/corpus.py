"""Manifests that the API server takes and manifests that it refuses, one fault each: ``tests/corpus``.

An invalid file begins with ``# <field>: <what the author reads>``. Where it holds two documents, the first is stored
and the second is the change that is refused.
"""

import copy
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from oracleapi.api.crd import Kind, build_crd
from support.parts import ROOT

CORPUS = ROOT / "tests" / "corpus"
Manifest = dict[str, Any]
Schema = dict[str, Any]
OBJECT = "<nil>"
"""What the API server calls the object itself."""


@dataclass(frozen=True)
class Refused:
    """A manifest with one fault: where it is, and a part of the sentence about it.

    Args:
        before: What is stored when *manifest* comes as a change; ``None`` for a creation.
    """

    name: str
    manifest: Manifest
    field: str
    sentence: str
    before: Manifest | None = None

    @property
    def place(self) -> str:
        """Return the field without positions in lists, as :func:`nodes` writes it."""
        return re.sub(r"\[\d+\]", "[]", self.field)


@functools.cache
def accepted() -> dict[str, Manifest]:
    """Return the valid manifests by ``kind/name``."""
    return {
        f"{file.parent.name}/{file.stem}": yaml.safe_load(file.read_text())
        for file in sorted((CORPUS / "valid").glob("*/*.yaml"))
    }


@functools.cache
def refused() -> tuple[Refused, ...]:
    """Return the invalid manifests."""
    files = sorted(CORPUS.glob("invalid/*/*.yaml"))
    return tuple(_read(file.parent.name, file.stem, file.read_text()) for file in files)


def _read(folder: str, stem: str, text: str) -> Refused:
    field, _, sentence = text.splitlines()[0].removeprefix("# ").partition(": ")
    *before, manifest = yaml.safe_load_all(text)
    return Refused(f"{folder}/{stem}", manifest, field, sentence, before[0] if before else None)


def nodes(kind: Kind) -> Iterator[tuple[str, Schema]]:
    """Yield (place, schema) of an object of *kind* and of everything in its spec."""
    root = build_crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    yield OBJECT, {key: value for key, value in root.items() if key != "properties"}
    yield from _below("spec", root["properties"]["spec"])


def _below(place: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield place, schema
    for name, child in schema.get("properties", {}).items():
        yield from _below(f"{place}.{name}", child)
    if "items" in schema:
        yield from _below(f"{place}[]", schema["items"])
    if "additionalProperties" in schema:
        yield from _below(f"{place}.*", schema["additionalProperties"])


def places(kind: Kind, manifest: Manifest) -> set[str]:
    """Return the places of *kind*'s spec that *manifest* sets; a list is entered at its first item."""
    return {place for _, place, _, _ in _walk(("spec",), "spec", dict(nodes(kind))["spec"], manifest["spec"])}


def breaches(kind: Kind, manifest: Manifest) -> Iterator[tuple[tuple[str, str], Refused]]:
    """Yield each bound of *kind*'s schema that *manifest* can overstep, as (place, bound), with a manifest that does.

    A list is entered at its first item, a map at its first key.
    """
    root = dict(nodes(kind))["spec"]
    for path, place, schema, value in _walk(("spec",), "spec", root, manifest["spec"]):
        for bound, wrong, sentence, below in _wrong(schema, value):
            broken = copy.deepcopy(manifest)
            _put(broken, path, wrong)
            yield (place, bound), Refused(f"{place} {bound}", broken, f"{_written(path)}{below}", sentence)


Path = tuple[str | int, ...]


def _walk(path: Path, place: str, schema: Schema, value: Any) -> Iterator[tuple[Path, str, Schema, Any]]:
    yield path, place, schema, value
    for name, child in schema.get("properties", {}).items():
        if name in value:
            yield from _walk((*path, name), f"{place}.{name}", child, value[name])
    if "items" in schema and value:
        yield from _walk((*path, 0), f"{place}[]", schema["items"], value[0])
    if "additionalProperties" in schema and value:
        key = next(iter(value))
        yield from _walk((*path, key), f"{place}.*", schema["additionalProperties"], value[key])


def _wrong(schema: Schema, value: Any) -> Iterator[tuple[str, Any, str, str]]:
    """Yield (bound, a value that oversteps it, the words of the server, what they add to the field)."""
    for name in schema.get("required", ()):
        yield (
            f"required {name}",
            {key: kept for key, kept in value.items() if key != name},
            "Required value",
            f".{name}",
        )
    for bound, limit in schema.items():
        if bound == "maxLength":
            yield bound, "x" * (limit + 1), f"may not be more than {limit}", ""
        elif bound == "minLength":
            yield bound, "x" * (limit - 1), f"should be at least {limit} chars long", ""
        elif bound == "minimum":
            yield bound, limit - 1, f"should be greater than or equal to {limit}", ""
        elif bound == "maximum":
            yield bound, limit + 1, f"should be less than or equal to {limit}", ""
        elif bound == "minItems":
            yield bound, value[: limit - 1], f"should have at least {limit} items", ""
        elif bound == "maxItems" and _is_bounded(schema):
            yield bound, [_another(value[0], n) for n in range(limit + 1)], f"must have at most {limit} items", ""
        elif bound == "maxProperties":
            yield bound, {f"k{n}": "v" for n in range(limit + 1)}, f"must have at most {limit} items", ""
        elif bound == "enum":
            yield bound, "Other" if schema["type"] == "string" else -1, "Unsupported value", ""
        elif bound == "x-kubernetes-list-type" and limit != "atomic":
            yield bound, [*value[:1], *value], "Duplicate value", "[1]"


def _is_bounded(schema: Schema) -> bool:
    """Say whether a list can be longer than its bound: a set of named values ends with the last of them."""
    return "enum" not in schema["items"]


def _another(item: Any, n: int) -> Any:
    """Return an item that differs from others in what a list may hold once."""
    if isinstance(item, str):
        return f"{item}{n}"
    return {**item, "name": f"n{n}"} if "name" in item else item


def _put(manifest: Manifest, path: Path, value: Any) -> None:
    place: Any = manifest
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value


def _written(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def bounds(kind: Kind) -> set[tuple[str, str]]:
    """Return every bound of *kind*'s spec as (place, bound)."""
    found = set()
    for place, schema in nodes(kind):
        if place == OBJECT:
            continue
        found |= {(place, f"required {name}") for name in schema.get("required", ())}
        found |= {(place, bound) for bound in BOUNDS & schema.keys()}
        if "maxItems" in schema and not _is_bounded(schema):
            found.discard((place, "maxItems"))
        if schema.get("x-kubernetes-list-type") in ("set", "map"):
            found.add((place, "x-kubernetes-list-type"))
    return found


BOUNDS = frozenset({"maxLength", "minLength", "minimum", "maximum", "minItems", "maxItems", "maxProperties", "enum"})
