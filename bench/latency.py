"""From an edit to the first AWS call, and from the death of the leader to the next one's first write."""

import copy
import json
import math
import time
from typing import Any

from fleet import last_seq, quiet

from support.lab import Lab, wait_for


def percentile(values: list[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def edits(lab: Lab, api: dict[str, Any], times: int) -> list[float]:
    """Return seconds from the API server's answer to an edit to the first AWS call, in a quiet system."""
    lab.apply(api)
    lab.wait_ready("oapi", "hr", "hr")
    found = []
    for number in range(times):
        wait_for("a quiet world", lambda: quiet(lab, 1), 60)
        edited = copy.deepcopy(api)
        edited["spec"]["stage"] = {"throttle": {"requestsPerSecond": 10 + number, "burst": 100}}
        since = last_seq(lab)
        url = "/apis/oracleapi.dev/v1alpha1/namespaces/hr/oracleapis/hr"
        headers = {"Content-Type": "application/merge-patch+json"}
        body = json.dumps({"spec": {"stage": edited["spec"]["stage"]}})
        lab.cluster.patch(url, headers=headers, content=body).raise_for_status()
        seen = time.time()
        calls = wait_for("the first call", lambda since=since: lab.aws_calls(since), 60)
        found.append(max(0.0, calls[0]["time"] - seen))
        lab.wait_ready("oapi", "hr", "hr")
    return found
