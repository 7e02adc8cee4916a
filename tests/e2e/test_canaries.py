"""Canary secrets, searched wherever they could leak to: objects, events, logs, metrics, the doubles' own logs."""

import json
import re
from typing import Any

import pytest

from support.lab import NAMESPACE, Lab, wait_for
from support.leaks import places


@pytest.fixture
def canaries(lab: Lab, api: dict[str, Any]) -> dict[str, str]:
    """Secrets that were really used: by the operator, by a caller, and wrong ones that were refused."""
    caller, stranger = lab.token(subject="canary-caller"), lab.token(scope="other")
    url = f"{api['status']['endpoint']}/hr/v1/employees/101"
    assert lab.call("GET", url, caller).status_code == 200
    assert lab.call("GET", url, stranger).status_code == 403
    return {
        "database password": lab.operator_password,
        "refused database password": "canary-Wrong-Passw0rd",
        "AWS secret key": lab.operator_keys["AWS_SECRET_ACCESS_KEY"],
        "refused AWS secret key": "canaryWrongAwsSecretKey0123456789",
        "token signature": caller.rsplit(".", 1)[1],
        "refused token's signature": stranger.rsplit(".", 1)[1],
    }


def patch_secret(lab: Lab, name: str, **values: str) -> None:
    lab.kubectl("-n", NAMESPACE, "patch", "secret", name, "--type=merge", "-p", json.dumps({"stringData": values}))


def test_no_secret_shows_anywhere(lab: Lab, api: dict[str, Any], canaries: dict[str, str]) -> None:
    patch_secret(lab, "hr-db-operator", password=canaries["refused database password"])
    patch_secret(lab, "aws-main", AWS_SECRET_ACCESS_KEY=canaries["refused AWS secret key"])
    try:
        lab.nudge("awsacct", "main")
        lab.nudge("odb", "hr-db")
        lab.nudge("oapi", "hr", "hr")
        lab.wait_reason("odb", "hr-db", "LoginDenied")
        seen = dict(places(lab))
    finally:
        patch_secret(lab, "hr-db-operator", password=canaries["database password"])
        patch_secret(lab, "aws-main", AWS_SECRET_ACCESS_KEY=canaries["AWS secret key"])
        lab.nudge("awsacct", "main")
        lab.nudge("odb", "hr-db")
    lab.wait_ready("odb", "hr-db")
    wait_for("the API to be handled", lambda: lab.reconcile("oapi", "hr", "hr"))
    seen |= {f"{name} afterwards": text for name, text in places(lab)}
    assert sum(map(len, seen.values())) > 20_000, "there was little to search"
    assert any("canary-caller" in text for text in seen.values()), "the search sees what callers did"
    found = [(place, name) for place, text in seen.items() for name, secret in canaries.items() if secret in text]
    assert found == []
    hashes = [place for place, text in seen.items() if re.search(r"\b[ST]:[0-9A-F]{60,}", text)]
    assert hashes == [], "a password verifier shows"
