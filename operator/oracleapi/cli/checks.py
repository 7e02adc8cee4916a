"""``check``: everything that is not as it should be, in one list. Pure."""

from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from oracleapi.cli.objects import Resource, Snapshot, conditions, key_of, ready, title
from oracleapi.cli.output import state, words

BAD_WHEN_TRUE = ("Drifted", "PermissionLost", "UnsafePaths", "SharedDatabase")
TOLD_BY_READY = ("Ready", "Reconciling", "Stalled")
AS_WISHED = ("Suspended", "Expired")
"""Conditions, and reasons of conditions, that somebody asked for: a binding that ended is no fault."""


def findings(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return what is not Ready or not consistent: one entry for an object's Ready, and one for each other condition."""
    found = []
    for resource in sorted(snapshot.objects, key=key_of):
        found += _of_one(resource)
    return found


def _of_one(resource: Resource) -> list[dict[str, Any]]:
    what = {"kind": resource["kind"], "name": title(resource)}
    top = ready(resource)
    found = []
    if top["status"] != "True":
        found.append(what | {"type": "Ready", **_said(top)})
    for each in conditions(resource):
        if each["type"] in TOLD_BY_READY + AS_WISHED or each["reason"] in AS_WISHED or each["status"] == "Unknown":
            continue
        bad = each["status"] == ("True" if each["type"] in BAD_WHEN_TRUE else "False")
        if bad and each["message"] != top["message"]:
            found.append(what | {"type": each["type"], **_said(each)})
    return found


def _said(condition: Any) -> dict[str, str]:
    return {key: condition[key] for key in ("status", "reason", "message")}


def findings_picture(found: list[dict[str, Any]], count: int, unread: tuple[str, ...]) -> RenderableType:
    """Return the findings, or that there is none."""
    parts: list[RenderableType] = []
    for each in found:
        bad = each["status"] == "False" or each["type"] in BAD_WHEN_TRUE
        mark = words("✖ " if bad else "? ", "red" if bad else "yellow")
        about = words(f"  {each['type']}: {each['reason']}", "red" if bad else "yellow")
        parts.append(Text.assemble(mark, words(f"{each['kind']} ", "dim"), words(each["name"], "bold"), about))
        parts.append(Padding(words(each["message"]), (0, 0, 0, 4)))
    if not found:
        parts.append(state("True", "").append_text(words(f": {count} {'object' if count == 1 else 'objects'}")))
    if unread:
        parts.append(words(f"not checked, for you may not list them: {', '.join(unread)}", "yellow"))
    return Group(*parts)
