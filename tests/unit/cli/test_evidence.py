"""The report: who can do what, dated and hashed, and what a change of it shows."""

import hashlib
import json
import pathlib
from datetime import datetime

from support import cli_world as w

REPAIRED = {
    "reason": "DriftRepaired",
    "note": "put back: route | throttle",
    "eventTime": "2027-01-01T00:00:00Z",
    "regarding": {"apiVersion": w.API_VERSION, "kind": "OracleApi", "namespace": "hr", "name": "hr"},
}
OTHER = {"reason": "DriftRepaired", "note": "x", "regarding": {"apiVersion": "v1", "kind": "Pod", "name": "p"}}


def world() -> w.FakeKubectl:
    drift = [{"object": "stage", "field": "throttle", "desired": "50", "observed": "10"}]
    objects = w.good_world()
    objects[4]["status"]["drift"] = drift
    return w.FakeKubectl(objects, events=[REPAIRED, OTHER, REPAIRED | {"reason": "Other"}])


def test_the_hash_is_over_the_canonical_form(run: w.Run) -> None:
    document = json.loads(run(world(), "report", "-o", "json")[1])
    told = json.dumps(document["report"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert document["sha256"] == hashlib.sha256(told.encode()).hexdigest()


def test_it_holds_access_roles_bindings_keys_and_drift(run: w.Run) -> None:
    report = json.loads(run(world(), "report", "-o", "json")[1])["report"]
    assert report["cluster"] == w.CLUSTER
    assert len(report["apis"][0]["access"]) == 6 * len(w.ROUTES)
    assert [found["role"] for found in report["roles"]] == ["HR_PAYER", "HR_READER"]
    assert report["bindings"][0]["subjects"][0]["kind"] == "IamRole"
    assert report["keys"][0]["signingKeys"] == 2
    assert report["drift"][0]["differences"][0]["observed"] == "10"
    assert [found["note"] for found in report["repaired"]] == ["put back: route | throttle"]
    assert report["notRead"] == []


def test_the_page_says_the_same_and_escapes_what_would_break_its_tables(run: w.Run) -> None:
    page = run(world(), "report")[1]
    assert "| Group hr-readers | list-employees | Arrives | HR_READER |  |" in page
    assert "| any other token | list-employees | Refused |  | 403 Binding: NoBinding |" in page
    assert "put back: route \\| throttle" in page
    assert "SHA-256" in page


def test_it_tells_of_each_password_how_old_it_is_and_when_it_was_changed(run: w.Run) -> None:
    report, page = json.loads(run(world(), "report", "-o", "json")[1])["report"], run(world(), "report")[1]
    (found,) = report["passwords"]
    days = (datetime.fromisoformat(report["time"]) - datetime.fromisoformat(found["lastRotationTime"])).days
    assert found["passwordAgeDays"] == days
    assert found["history"] == [w.CHANGE]
    assert found["conditions"] == {"Ready": "True", "Fresh": "True", "Verified": "True"}
    assert f"| HR_APP | hr-db | hr/app | hr/hr-app | Rollover | {days} | 2024-12-01T03:04:10Z | True | True |" in page
    assert "| HR_APP | hr/hr-app | Rollover | Schedule | Succeeded |" in page


def test_a_password_that_nobody_looked_at_yet_has_no_age(run: w.Run) -> None:
    unseen = w.rotation()
    del unseen["status"]
    (found,) = json.loads(run([unseen], "report", "-o", "json")[1])["report"]["passwords"]
    assert (found["passwordAgeDays"], found["account"], found["history"]) == (None, "HR_APP", [])
    assert "| HR_APP | hr-db | hr/app | hr/hr-app |  | unknown |  | Unknown | Unknown |" in run([unseen], "report")[1]


def test_what_could_not_be_read_is_named(run: w.Run) -> None:
    kubectl = w.FakeKubectl(w.good_world(), ["oracledatabases"])
    assert "oracledatabases" in run(kubectl, "report")[1]


def test_a_changed_report_is_told_from_a_genuine_one(run: w.Run, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.json"
    text = run(world(), "report", "-o", "json")[1]
    path.write_text(text)
    assert run([], "report", "--verify", str(path))[:2] == (0, "genuine: the report is as it was written\n")
    path.write_text(json.dumps(json.loads(text)))
    assert run([], "report", "--verify", str(path))[0] == 0
    path.write_text(text.replace("HR_PAYER", "HR_READER"))
    assert run([], "report", "--verify", str(path))[0] == 1
