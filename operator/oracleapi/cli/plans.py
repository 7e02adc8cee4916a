"""``plan``: what the operator would do, at what price, and how to approve it. Pure."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from oracleapi.api.common import APPROVED_PLAN, GROUP
from oracleapi.api.crd import KINDS
from oracleapi.cli.errors import USAGE, CliError
from oracleapi.cli.objects import Resource, Snapshot, namespace_of, ready, title
from oracleapi.cli.output import command, table, words

NAMES = {name: kind for kind in KINDS for name in (kind.name.lower(), kind.plural, kind.short)}


def chosen(snapshot: Snapshot, what: str | None, namespace: str | None) -> list[Resource]:
    """Return the objects that *what*, ``KIND/NAME`` or nothing, means.

    Raises:
        CliError: It means none.
    """
    if what is None:
        return [found for found in snapshot.objects if found.get("status", {}).get("plan")]
    word, _, name = what.partition("/")
    kind = NAMES.get(word.lower().removesuffix(f".{GROUP}"))
    if kind is None or not name:
        raise CliError(
            f"{what}: write KIND/NAME with one of {', '.join(sorted({k.short for k in KINDS}))}, such as oapi/hr", USAGE
        )
    found = snapshot.find(kind.name, name, namespace if kind.namespaced else None)
    if found is None:
        place = f" in namespace {namespace}" if kind.namespaced and namespace else ""
        raise CliError(f"{kind.name} {name} does not exist{place}; kubectl oracleapi tree -A shows what there is")
    return [found]


def plan_data(resource: Resource) -> dict[str, Any]:
    """Return an object's plan with the way to approve it; ``plan`` is null where there is nothing to do."""
    plan = resource.get("status", {}).get("plan")
    found: dict[str, Any] = {
        "kind": resource["kind"],
        "name": title(resource),
        "mode": resource["spec"].get("mode", "Enforce"),
        "ready": ready(resource)["status"],
        "reason": ready(resource)["reason"],
        "plan": plan,
    }
    if plan and found["mode"] == "Approve":
        found["approve"] = approval(resource, plan["hash"])
    return found


def approval(resource: Resource, plan_hash: str) -> str:
    """Return the command that approves a plan."""
    kind = next(found for found in KINDS if found.name == resource["kind"])
    scope = f" -n {namespace_of(resource)}" if kind.namespaced else ""
    what = f"{kind.plural}.{GROUP}/{resource['metadata']['name']}"
    return f"kubectl{scope} annotate --overwrite {what} {APPROVED_PLAN}={plan_hash}"


def plans_picture(plans: list[dict[str, Any]]) -> RenderableType:
    """Return each plan: its sum, its actions with prices, and what to do about it."""
    if not plans:
        return words("nothing is planned: everything that was read is as its spec says, or has no plan yet")
    parts: list[RenderableType] = []
    for found in plans:
        parts += [_picture(found), Text()]
    return Group(*parts[:-1])


def _picture(found: dict[str, Any]) -> RenderableType:
    head = Text.assemble(
        words(f"{found['kind']} ", "dim"), words(found["name"], "bold"), words(f"  mode {found['mode']}", "dim")
    )
    plan = found["plan"]
    if not plan:
        return Group(head, words(f"  nothing is planned (Ready={found['ready']}, {found['reason']})"))
    actions = table("ON", "VERB", "OBJECT", "CALLS")
    for action in plan.get("actions", []):
        style = "red" if action.get("destructive") else ""
        verb = f"{action['verb']}{' !' if action.get('destructive') else ''}"
        actions.add_row(*(words(value, style) for value in (action["on"], verb, action["object"], action["calls"])))
    more = [words(f"… and {plan['truncated']} more", "dim")] if plan.get("truncated") else []
    destroys = any(action.get("destructive") for action in plan.get("actions", []))
    note = [words("! takes something away that callers or people may miss", "red")] if destroys else []
    return Group(head, words(f"{plan['summary']}  (hash {plan['hash']})"), actions, *more, *note, *_advice(found))


def _advice(found: dict[str, Any]) -> list[Text]:
    if "approve" in found:
        how = "to approve exactly this (docs/approval.md says who may):"
        return [Text(how), command(found["approve"])]
    if found["mode"] == "Report":
        return [Text("mode Report writes nothing outside; set spec.mode: Enforce or Approve to have it done")]
    return [Text("mode Enforce does this by itself; Ready tells what it waits for")]
