"""Asking the API server what it thinks of a manifest, without keeping anything."""

import copy
import json
from typing import Any

import httpx

from oracleapi.api.crd import kind_named
from support.lab import Lab

DRY = {"dryRun": "All", "fieldValidation": "Strict"}
SOME_UNCHECKED = "some validation rules were not checked because the object was invalid"
"""Beside a fault of type, bound or enumeration the server says that it did not look at the rules."""


def edited(manifest: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """Return *manifest* with fields of its spec set by dotted path, such as ``routes.0.method``."""
    found = copy.deepcopy(manifest)
    for path, value in edits.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = found["spec"]
        for part in parents:
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
        place[last] = value
    return found


def url_of(manifest: dict[str, Any]) -> str:
    """Return the address of the manifest's collection."""
    namespace = manifest["metadata"].get("namespace")
    middle = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/oracleapi.dev/v1alpha1{middle}/{kind_named(manifest['kind']).plural}"


def tried(lab: Lab, manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (field, sentence) of each fault for which the API server would not create *manifest*."""
    return _faults(lab.cluster.post(url_of(manifest), params=DRY, json=manifest), 201)


def tried_again(lab: Lab, manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the faults for which the API server would not change the stored object's spec to *manifest*'s."""
    url = f"{url_of(manifest)}/{manifest['metadata']['name']}"
    headers = {"Content-Type": "application/merge-patch+json"}
    changed = lab.cluster.patch(url, params=DRY, headers=headers, content=json.dumps({"spec": manifest["spec"]}))
    return _faults(changed, 200)


def _faults(answer: httpx.Response, good: int) -> list[tuple[str, str]]:
    if answer.status_code == good:
        return []
    status = answer.json()
    causes = status.get("details", {}).get("causes")
    if not causes:
        return [("", status["message"])]
    return [(cause["field"], cause["message"]) for cause in causes if SOME_UNCHECKED not in cause["message"]]
