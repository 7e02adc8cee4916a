"""Approval is separation of duties: what somebody with every right of an editor tries, and the answer each time."""

import copy
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from support.corpus import Manifest, accepted
from support.lab import CHART, NAMESPACE, RELEASE, CommandError, Lab, wait_for

TEAM = "team"
PLAN = "oracleapi.dev/approved-plan"
DELETION = "oracleapi.dev/deletion-policy"
PLAN_SET = "annotation oracleapi.dev/approved-plan may be set only by somebody with the verb approve on oracleapis"
DELETION_SET = (
    "annotation oracleapi.dev/deletion-policy may be set, changed or taken away only by somebody with the verb"
)
MODE_LEFT = "spec.mode may be changed from Approve only by somebody with the verb approve on oracleapis"
DELETION_CHANGED = "spec.deletionPolicy may be changed only by somebody with the verb approve on oracleapis"


class Person:
    """A ServiceAccount of the team's namespace; every command runs with its token."""

    def __init__(self, lab: Lab, name: str, *roles: str) -> None:
        self._lab = lab
        lab.kubectl("-n", TEAM, "create", "serviceaccount", name)
        for role in roles:
            subject = f"--serviceaccount={TEAM}:{name}"
            lab.kubectl("-n", TEAM, "create", "rolebinding", f"{name}-{role}", f"--clusterrole={role}", subject)
        self._token = lab.kubectl("-n", TEAM, "create", "token", name).strip()

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self._lab.kubectl("-n", TEAM, *arguments, f"--token={self._token}", stdin=stdin)

    def answer(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what the person is told, refused or not."""
        try:
            return self.kubectl(*arguments, stdin=stdin)
        except CommandError as error:
            return str(error)


def written(name: str = "guarded", annotations: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """Return an OracleApi of the team: ``mode: Approve`` and ``deletionPolicy: Retain`` unless said otherwise."""
    found = copy.deepcopy(accepted()["oracleapi/maximal"])
    found["metadata"] = {"name": name, "namespace": TEAM, "annotations": annotations or {}}
    found["spec"] |= {"suspend": False, "mode": "Approve", "deletionPolicy": "Retain", **spec}
    return found


def text(manifest: Manifest) -> str:
    return json.dumps(manifest)


def patch(**body: Any) -> tuple[str, ...]:
    return ("patch", "oapi", "guarded", "--type=merge", "-p", json.dumps(body))


@pytest.fixture(scope="module")
def editor(admission: Lab) -> Iterator[Person]:
    """Somebody with the chart's editor role in the namespace, once the policy is in force."""
    admission.kubectl("create", "namespace", TEAM)
    found = Person(admission, "editor", f"{RELEASE}-editor")
    new = text(written("new", {PLAN: "abc"}))
    wait_for("the policy", lambda: PLAN_SET in found.answer("create", "--dry-run=server", "-f", "-", stdin=new))
    yield found
    admission.kubectl("delete", "namespace", TEAM, "--wait=false")


@pytest.fixture(scope="module")
def approver(admission: Lab, editor: Person) -> Person:
    return Person(admission, "approver", f"{RELEASE}-approver")


@pytest.fixture
def guarded(editor: Person, admission: Lab) -> Iterator[Manifest]:
    """An API that waits for approval, with an approval and a deletion policy that were given to it."""
    editor.kubectl("apply", "-f", "-", stdin=text(written()))
    admission.kubectl("-n", TEAM, "annotate", "oapi", "guarded", f"{PLAN}=old", f"{DELETION}=Retain")
    yield admission.get("oapi", "guarded", TEAM)
    admission.kubectl("-n", TEAM, "delete", "oapi", "--all")


def dropped(*fields: str) -> Callable[[Manifest], Manifest]:
    """Return an edit that takes fields out of the spec."""

    def edit(found: Manifest) -> Manifest:
        found["spec"] = {key: value for key, value in found["spec"].items() if key not in fields}
        return found

    return edit


def without_annotations(found: Manifest) -> Manifest:
    found["metadata"]["annotations"] = {PLAN: "old"}
    return found


# What an editor may not do


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (written("new", {PLAN: "abc"}), PLAN_SET),
        (written("new", {PLAN: "abc"}, mode="Enforce"), PLAN_SET),
        (written("new", {DELETION: "Retain"}), DELETION_SET),
    ],
    ids=["plan", "plan of an enforced API", "deletion policy"],
)
@pytest.mark.parametrize(
    "how", [("create",), ("apply",), ("apply", "--server-side")], ids=["create", "apply", "server-side apply"]
)
def test_nothing_is_approved_by_creating_it(
    editor: Person, manifest: Manifest, sentence: str, how: tuple[str, ...]
) -> None:
    assert sentence in editor.answer(*how, "-f", "-", stdin=text(manifest))
    assert "NotFound" in editor.answer("get", "oapi", "new")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("annotate", "oapi", "guarded", "--overwrite", f"{PLAN}=abc"), PLAN_SET),
        (("annotate", "oapi", "guarded", "--overwrite", f"{DELETION}=Delete"), DELETION_SET),
        (("annotate", "oapi", "guarded", f"{DELETION}-"), DELETION_SET),
        (patch(metadata={"annotations": {PLAN: "abc"}}), PLAN_SET),
        (patch(metadata={"annotations": {DELETION: None}}), DELETION_SET),
        (patch(metadata={"annotations": None}), DELETION_SET),
        (patch(metadata={"annotations": {PLAN: "abc"}}, spec={"mode": "Enforce"}), PLAN_SET),
        (patch(spec={"mode": "Enforce"}), MODE_LEFT),
        (patch(spec={"mode": "Report"}), MODE_LEFT),
        (patch(spec={"mode": None}), MODE_LEFT),
        (patch(spec={"deletionPolicy": "Delete"}), DELETION_CHANGED),
        (patch(spec={"deletionPolicy": None}), DELETION_CHANGED),
    ],
    ids=lambda value: " ".join(value[3:]) if isinstance(value, tuple) else "",
)
def test_nothing_is_approved_by_patching_it(
    editor: Person, guarded: Manifest, admission: Lab, command: tuple[str, ...], sentence: str
) -> None:
    assert sentence in editor.answer(*command)
    assert admission.get("oapi", "guarded", TEAM) == guarded


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (dropped("mode"), MODE_LEFT),
        (dropped("deletionPolicy"), DELETION_CHANGED),
        (without_annotations, DELETION_SET),
        (lambda found: written("guarded", {PLAN: "abc", DELETION: "Retain"}), PLAN_SET),
    ],
    ids=["without mode", "without deletionPolicy", "without the deletion policy's annotation", "with an approval"],
)
def test_nothing_is_approved_by_replacing_it(
    editor: Person,
    guarded: Manifest,
    admission: Lab,
    edit: Callable[[Manifest], Manifest],
    sentence: str,
) -> None:
    wrong = edit(copy.deepcopy(guarded))
    wrong["metadata"] |= {key: guarded["metadata"][key] for key in ("uid", "resourceVersion")}
    assert sentence in editor.answer("replace", "-f", "-", stdin=text(wrong))
    assert admission.get("oapi", "guarded", TEAM) == guarded


@pytest.mark.parametrize("flags", [(), ("--server-side", "--force-conflicts")], ids=["apply", "server-side apply"])
@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (written(annotations={PLAN: "abc"}), PLAN_SET),
        (written(mode="Enforce"), MODE_LEFT),
        (dropped("mode")(written()), MODE_LEFT),
        (written(deletionPolicy="Delete"), DELETION_CHANGED),
    ],
    ids=["plan", "mode", "no mode", "deletion policy"],
)
def test_nothing_is_approved_by_applying_it(
    editor: Person, guarded: Manifest, admission: Lab, manifest: Manifest, sentence: str, flags: tuple[str, ...]
) -> None:
    if flags:
        editor.kubectl("apply", *flags, "-f", "-", stdin=text(written()))  # now it owns the field that it drops
        guarded = admission.get("oapi", "guarded", TEAM)
    assert sentence in editor.answer("apply", *flags, "-f", "-", stdin=text(manifest))
    assert admission.get("oapi", "guarded", TEAM) == guarded


def test_status_is_not_an_editors_to_write(editor: Person, guarded: Manifest) -> None:
    forged = {"status": {"approvedPlan": {"hash": "abc", "generation": 1}}}
    told = editor.answer("patch", "oapi", "guarded", "--subresource=status", "--type=merge", "-p", json.dumps(forged))
    assert 'cannot get resource "oracleapis/status"' in told


def test_an_annotation_does_not_come_in_by_status(admission: Lab, editor: Person, guarded: Manifest) -> None:
    """Whoever may write status could claim an approval there; no role of the chart lets anybody but the operator."""
    admission.kubectl(
        "create", "clusterrole", "status", "--verb=get,patch", "--resource=oracleapis.oracleapi.dev/status"
    )
    writer = Person(admission, "status-writer", f"{RELEASE}-viewer", "status")
    body = {"metadata": {"annotations": {PLAN: "abc"}}, "spec": {"mode": "Enforce"}, "status": {"apiId": "x"}}
    writer.kubectl("patch", "oapi", "guarded", "--subresource=status", "--type=merge", "-p", json.dumps(body))
    after = admission.get("oapi", "guarded", TEAM)
    assert after["status"]["apiId"] == "x"
    assert (after["metadata"]["annotations"], after["spec"]) == (guarded["metadata"]["annotations"], guarded["spec"])
    admission.kubectl("delete", "clusterrole", "status")


def test_to_delete_and_create_again_approves_no_plan_of_the_old_one(editor: Person, guarded: Manifest) -> None:
    """It leaves Approve, which only ``minimumMode`` on the offer forbids; an approval cannot be brought along."""
    editor.kubectl("delete", "oapi", "guarded")
    assert PLAN_SET in editor.answer("create", "-f", "-", stdin=text(written(annotations={PLAN: "old"})))
    assert "created" in editor.answer("create", "-f", "-", stdin=text(written(mode="Enforce")))


def test_the_right_for_another_namespace_or_name_is_none_here(
    admission: Lab, editor: Person, guarded: Manifest
) -> None:
    admission.kubectl("create", "namespace", "elsewhere")
    admission.kubectl("-n", "elsewhere", "create", "rolebinding", "approver", f"--clusterrole={RELEASE}-approver",
                      f"--serviceaccount={TEAM}:editor")  # fmt: skip
    rule = ("--verb=approve", "--resource=oracleapis.oracleapi.dev", "--resource-name=other")
    admission.kubectl("-n", TEAM, "create", "role", "approve-other", *rule)
    admission.kubectl("-n", TEAM, "create", "rolebinding", "approve-other", "--role=approve-other",
                      f"--serviceaccount={TEAM}:editor")  # fmt: skip
    assert PLAN_SET in editor.answer("annotate", "oapi", "guarded", "--overwrite", f"{PLAN}=abc")
    editor.kubectl("apply", "-f", "-", stdin=text(written("other")))
    assert "annotated" in editor.answer("annotate", "oapi", "other", f"{PLAN}=abc")
    admission.kubectl("-n", TEAM, "delete", "rolebinding/approve-other", "role/approve-other")
    admission.kubectl("delete", "namespace", "elsewhere", "--wait=false")


def test_a_kind_of_the_cluster_needs_the_right_for_the_cluster(admission: Lab, editor: Person) -> None:
    link = copy.deepcopy(accepted()["vpclink/maximal"])
    link["spec"]["mode"] = "Approve"
    admission.apply(link)
    name = link["metadata"]["name"]
    admission.kubectl("create", "clusterrole", "links", "--verb=get,patch", "--resource=vpclinks.oracleapi.dev")
    subject = f"--serviceaccount={TEAM}:platform"
    admission.kubectl("create", "clusterrolebinding", "links", "--clusterrole=links", subject)
    platform = Person(admission, "platform", f"{RELEASE}-approver")  # in the namespace only
    command = ("annotate", "vpclink", name, f"{PLAN}=abc")
    assert "may be set only by somebody with the verb approve on vpclinks" in platform.answer(*command)
    admission.kubectl("create", "clusterrolebinding", "approve", f"--clusterrole={RELEASE}-approver", subject)
    assert "annotated" in platform.answer(*command)
    admission.kubectl("delete", "clusterrolebinding/links", "clusterrolebinding/approve", "clusterrole/links")
    admission.kubectl("delete", "vpclink", name)


# What is free


def test_an_approver_approves_leaves_approve_and_changes_the_deletion_policy(
    approver: Person, guarded: Manifest
) -> None:
    assert "annotated" in approver.answer("annotate", "oapi", "guarded", "--overwrite", f"{PLAN}=abc")
    assert "annotated" in approver.answer("annotate", "oapi", "guarded", f"{DELETION}-")
    assert "patched" in approver.answer(*patch(spec={"deletionPolicy": "Delete"}))
    assert "patched" in approver.answer(*patch(spec={"mode": "Enforce"}))


def test_an_editor_edits_around_what_others_approved(editor: Person, guarded: Manifest, admission: Lab) -> None:
    assert "configured" in editor.answer("apply", "-f", "-", stdin=text(written(itemsPerPage=7)))
    kept = {PLAN: "old", DELETION: "Retain"}
    same = written(annotations=kept, itemsPerPage=8)
    assert "configured" in editor.answer("apply", "-f", "-", stdin=text(same))
    assert kept.items() <= admission.get("oapi", "guarded", TEAM)["metadata"]["annotations"].items()
    assert "annotated" in editor.answer("annotate", "oapi", "guarded", "oracleapi.dev/reconcile-requested-at=now")
    assert "annotated" in editor.answer("annotate", "oapi", "guarded", f"{PLAN}-")


def test_more_care_needs_no_approver(editor: Person, admission: Lab) -> None:
    for before, after in (("Enforce", "Report"), ("Report", "Enforce"), ("Enforce", "Approve")):
        editor.kubectl("apply", "-f", "-", stdin=text(written("free", mode=before)))
        assert "configured" in editor.answer("apply", "-f", "-", stdin=text(written("free", mode=after)))
        admission.kubectl("-n", TEAM, "delete", "oapi", "free")


def test_the_operator_works_on_with_the_rights_that_it_has(admission: Lab, guarded: Manifest) -> None:
    operator = f"--as=system:serviceaccount:{NAMESPACE}:{RELEASE}"
    finalizer = {"metadata": {"finalizers": ["oracleapi.dev/finalizer"]}}
    admission.kubectl(operator, "-n", TEAM, *patch(**finalizer))
    status = json.dumps({"status": {"approvedPlan": {"hash": "old", "generation": 1}}})
    admission.kubectl(operator, "-n", TEAM, "patch", "oapi", "guarded", "--subresource=status", "--type=merge", "-p",
                      status)  # fmt: skip
    admission.kubectl(operator, "-n", TEAM, *patch(metadata={"finalizers": None}))
    with pytest.raises(CommandError, match="may be set only by somebody with the verb approve"):
        admission.kubectl(operator, "-n", TEAM, *patch(metadata={"annotations": {PLAN: "abc"}}))


# The chart


def _rendered(lab: Lab, *flags: str) -> list[dict[str, Any]]:
    text = lab.helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, *flags)
    return [found for found in yaml.safe_load_all(text) if found]


def test_the_policy_can_be_turned_off(admission: Lab, tmp_path: pathlib.Path) -> None:
    def policies(*flags: str) -> int:
        return sum(found["kind"].startswith("ValidatingAdmissionPolicy") for found in _rendered(admission, *flags))

    assert policies() == 2
    assert policies("--set", "approvalPolicy.enabled=false") == 0


def test_nobody_approves_by_a_role_that_grows_on_its_own(admission: Lab) -> None:
    roles = {found["metadata"]["name"]: found for found in _rendered(admission) if found["kind"] == "ClusterRole"}
    grown = {
        name: {key.rsplit("-", 1)[1] for key in role["metadata"]["labels"] if "/aggregate-to-" in key}
        for name, role in roles.items()
    }
    approves = {name for name, role in roles.items() if any("approve" in rule["verbs"] for rule in role["rules"])}
    writes = {
        name: {verb for rule in role["rules"] for verb in rule["verbs"]} - {"get", "list", "watch"}
        for name, role in roles.items()
    }
    assert approves == {f"{RELEASE}-approver"}
    assert grown == {
        RELEASE: set(),
        f"{RELEASE}-approver": set(),
        f"{RELEASE}-editor": {"edit", "admin"},
        f"{RELEASE}-viewer": {"view", "edit", "admin"},
    }
    assert writes[f"{RELEASE}-viewer"] == set()
    assert all("/" not in resource for name in grown if name != RELEASE for rule in roles[name]["rules"]
               for resource in rule["resources"])  # fmt: skip
