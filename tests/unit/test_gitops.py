"""What Argo CD and Flux make of every combination of conditions: the Lua and CEL of the chart's docs folder, run."""

import importlib.util
import itertools
import pathlib
from typing import Any

import cel
import lupa
import pytest
import yaml

from oracleapi.api.common import REQUESTED_AT, ROTATE_REQUESTED_AT
from oracleapi.api.crd import KINDS

DOCS = pathlib.Path(__file__).resolve().parents[2] / "charts" / "oracle-api-operator" / "docs"
ARGOCD = DOCS / "argocd"
GENERATION = 3


def condition(type_: str, status: str, reason: str = "SomeReason", generation: int = GENERATION) -> dict[str, Any]:
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": "a sentence",
        "observedGeneration": generation,
    }


READY = [
    None,
    *(condition("Ready", status) for status in ("True", "False", "Unknown")),
    condition("Ready", "True", generation=2),
]
WAITING = condition("Ready", "False", "PlanWaiting")
OTHERS = [
    (),
    ("Reconciling",),
    ("Stalled",),
    ("Suspended",),
    ("Drifted",),
    ("Suspended", "Stalled"),
    ("Reconciling", "Drifted"),
]


def resource(conditions: list[dict[str, Any]] | None, observed: int = GENERATION) -> dict[str, Any]:
    status: dict[str, Any] = {"observedGeneration": observed}
    if conditions is not None:
        status["conditions"] = conditions
    metadata = {"name": "x", "generation": GENERATION}
    return {
        "apiVersion": "oracleapi.dev/v1alpha1",
        "kind": "OracleApi",
        "metadata": metadata,
        "spec": {},
        "status": status,
    }


def combinations() -> list[dict[str, Any]]:
    """Return every combination of Ready, of what stands beside it, and of the generation that was seen."""
    found = [resource(None), resource(None, -1), resource([]), {**resource([]), "status": None}]
    for ready, others, observed in itertools.product([*READY, WAITING], OTHERS, (GENERATION, GENERATION - 1)):
        conditions = [condition(type_, "True") for type_ in others]
        found.append(resource([*([ready] if ready else []), *conditions], observed))
    return found


def run_lua(path: pathlib.Path, obj: dict[str, Any]) -> Any:
    """Run a script as Argo CD does: the object is the global ``obj``; what it returns, as Python values."""
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    lua.globals()["obj"] = lua.table_from(
        {key: value for key, value in obj.items() if value is not None}, recursive=True
    )
    return plain(lua.execute(path.read_text()))


def plain(value: Any) -> Any:
    if lupa.lua_type(value) == "table":
        return {key: plain(found) for key, found in value.items()}
    return value


def by_words(obj: dict[str, Any]) -> str:
    """Return the health that the table of the docs promises, worked out another way than the Lua does."""
    status = obj["status"] or {}
    conditions = {found["type"]: found for found in status.get("conditions", [])}
    ready = conditions.get("Ready")
    if "Suspended" in conditions:
        return "Suspended"
    if ready is None or status["observedGeneration"] != GENERATION:
        return "Progressing"
    if ready["reason"] == "PlanWaiting":
        return "Suspended"
    if "Stalled" in conditions:
        return "Degraded"
    if "Reconciling" in conditions or ready["observedGeneration"] != GENERATION:
        return "Progressing"
    return {"True": "Healthy", "False": "Degraded", "Unknown": "Progressing"}[ready["status"]]


def test_argo_cd_calls_every_combination_as_the_docs_say() -> None:
    seen = set()
    for obj in combinations():
        health = run_lua(ARGOCD / "health.lua", obj)
        assert health["status"] == by_words(obj), obj["status"]
        assert health["message"]
        seen.add(health["status"])
    assert seen == {"Healthy", "Progressing", "Degraded", "Suspended"}


def test_argo_cd_tells_what_was_wrong_and_what_drifted() -> None:
    stalled = resource([condition("Ready", "False", "InvalidSpec"), condition("Stalled", "True", "InvalidSpec")])
    assert run_lua(ARGOCD / "health.lua", stalled)["message"] == "InvalidSpec: a sentence"
    drifted = {**condition("Drifted", "True"), "message": "two fields differ"}
    healthy = run_lua(ARGOCD / "health.lua", resource([condition("Ready", "True"), drifted]))
    assert healthy == {"status": "Healthy", "message": "two fields differ"}


def flux(obj: dict[str, Any], expressions: dict[str, str]) -> str:
    """Return what Flux makes of an object: a generation not seen yet first, then its order of expressions."""
    if obj["status"]["observedGeneration"] != obj["metadata"]["generation"]:
        return "InProgress"
    for name, word in (("inProgress", "InProgress"), ("failed", "Failed"), ("current", "Current")):
        if cel.evaluate(expressions[name], obj):
            return word
    return "InProgress"


def test_flux_agrees_with_argo_cd() -> None:
    """Suspended apart, which Flux has no word for."""
    words = {"Healthy": "Current", "Progressing": "InProgress", "Degraded": "Failed"}
    (expressions,) = {tuple(sorted(found.items())) for found in map(without_kind, flux_expressions())}
    seen = set()
    for obj in combinations():
        types = {found["type"] for found in (obj["status"] or {}).get("conditions", [])}
        health = by_words(obj)
        unworded = health == "Suspended" or (health == "Degraded" and "Stalled" not in types)
        if "Ready" not in types or unworded:  # the operator always says Ready
            continue
        assert flux(obj, dict(expressions)) == words[health], obj["status"]
        seen.add(health)
    assert seen == set(words)


def flux_expressions() -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load((DOCS / "flux" / "health-check-exprs.yaml").read_text())
    return found


def without_kind(entry: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in entry.items() if key not in ("apiVersion", "kind")}


def test_flux_has_every_kind() -> None:
    assert {found["kind"] for found in flux_expressions()} == {kind.name for kind in KINDS}


def test_the_config_map_holds_the_lua_of_every_kind() -> None:
    spec = importlib.util.spec_from_file_location("assemble", ARGOCD / "assemble.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (ARGOCD / "argocd-cm.yaml").read_text()
    assert text == module.assemble(), "run `make generate`"
    data = yaml.safe_load(text)["data"]
    for kind in KINDS:
        assert data[f"resource.customizations.health.oracleapi.dev_{kind.name}"] == (ARGOCD / "health.lua").read_text()
        actions = yaml.safe_load(data[f"resource.customizations.actions.oracleapi.dev_{kind.name}"])
        more = ["rotate"] if kind.name == "SecretRotation" else []
        assert [found["name"] for found in actions["definitions"]] == ["reconcile", "suspend", "resume", *more]


@pytest.mark.parametrize(
    ("kind", "suspended", "offered"),
    [
        ("OracleApi", False, {"reconcile", "suspend"}),
        ("OracleApi", True, {"resume"}),
        ("SecretRotation", False, {"reconcile", "suspend", "rotate"}),
        ("SecretRotation", True, {"resume"}),
    ],
)
def test_actions_are_offered_where_they_make_sense(kind: str, suspended: bool, offered: set[str]) -> None:
    obj = {**resource([]), "kind": kind, "spec": {"suspend": suspended}}
    found = run_lua(ARGOCD / "actions" / "discovery.lua", obj)
    assert {name for name, action in found.items() if not action["disabled"]} == offered


def test_actions_do_what_their_names_say() -> None:
    obj = resource([])
    assert run_lua(ARGOCD / "actions" / "suspend.lua", obj)["spec"]["suspend"] is True
    assert run_lua(ARGOCD / "actions" / "resume.lua", obj)["spec"]["suspend"] is False


@pytest.mark.parametrize(("action", "annotation"), [("reconcile", REQUESTED_AT), ("rotate", ROTATE_REQUESTED_AT)])
def test_what_is_asked_for_is_an_annotation_with_the_time(action: str, annotation: str) -> None:
    asked = run_lua(ARGOCD / "actions" / f"{action}.lua", resource([]))["metadata"]["annotations"]
    assert list(asked) == [annotation]
    assert asked[annotation].endswith("Z")
