"""Asking the API server what it thinks of a manifest, without keeping anything."""

import copy
import json
from typing import Any

import yaml

from support.lab import EXAMPLES, Lab

PLURALS = {
    "AwsAccount": "awsaccounts",
    "IdentityProvider": "identityproviders",
    "OracleApi": "oracleapis",
    "OracleDatabase": "oracledatabases",
    "VpcLink": "vpclinks",
}
DRY = {"dryRun": "All", "fieldValidation": "Strict"}
REMOVED = object()
"""As the value of an edit: the field goes."""


def manifests(lab: Lab) -> dict[str, dict[str, Any]]:
    """Return the examples by kind, filled in, under the name ``tried``."""
    offers = yaml.safe_load_all(lab.sandbox("render", str(EXAMPLES / "10-platform.yaml")))
    api = yaml.safe_load((EXAMPLES / "20-hr-api.yaml").read_text())
    found = {manifest["kind"]: manifest for manifest in [*offers, api]}
    for manifest in found.values():
        manifest["metadata"]["name"] = "tried"
    return found


def edited(manifest: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """Return *manifest* with fields of its spec set by dotted path, such as ``routes.0.method``."""
    found = copy.deepcopy(manifest)
    for path, value in edits.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = found["spec"]
        for part in parents:
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
        if value is REMOVED:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return found


def url_of(manifest: dict[str, Any]) -> str:
    """Return the address of the manifest's collection."""
    namespace = manifest["metadata"].get("namespace")
    middle = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/oracleapi.dev/v1alpha1{middle}/{PLURALS[manifest['kind']]}"


def tried(lab: Lab, manifest: dict[str, Any]) -> str:
    """Return why the API server would not create *manifest*, or an empty string."""
    answer = lab.cluster.post(url_of(manifest), params=DRY, json=manifest)
    return "" if answer.status_code == 201 else str(answer.json()["message"])


def tried_again(lab: Lab, manifest: dict[str, Any]) -> str:
    """Return why the API server would not change the stored object's spec to *manifest*'s, or an empty string."""
    url = f"{url_of(manifest)}/{manifest['metadata']['name']}"
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = lab.cluster.patch(url, params=DRY, headers=headers, content=json.dumps({"spec": manifest["spec"]}))
    return "" if answer.status_code == 200 else str(answer.json()["message"])
