"""Count what one OracleApi costs: AWS calls, Kubernetes writes, Oracle round trips; and how long it takes.

Everything is read from call logs of the sandbox (AWS, Oracle) and from a watch (Kubernetes), never from the operator.
"""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.lab import Lab, wait_for

GOALS = {
    "create": "≤ 5 if imports keep mappings, else ≤ 8 (log group apart); ≤ 5 writes",
    "second pass": "≤ 3 if the export shows mappings and tags, else ≤ 6; 0 writes",
    "change of one route's handler": "–",
    "change of one route's throttle": "1 write when one call is safe",
    "one route added": "1 write when one call is safe (two here: its link route)",
    "delete": "≤ 4 with its link; nothing left behind",
}
QUIET_S = 1.5


@dataclass
class Cost:
    """What happened between two moments."""

    name: str
    aws: list[str] = field(default_factory=list)
    links: int = 0
    logs: int = 0
    kubernetes: int = 0
    oracle: list[str] = field(default_factory=list)
    ready_s: float = 0.0
    last_write_s: float = 0.0

    def row(self) -> str:
        reads = sum(name.startswith(("Get", "Export")) for name in self.aws)
        calls = f"{len(self.aws)} ({len(self.aws) - reads} writing)"
        ready = f"{self.ready_s:.1f}" if self.ready_s else "–"
        return (
            f"| {self.name} | {calls} | {self.links} | {self.logs} | {self.kubernetes} | {len(self.oracle)} |"
            f" {self.last_write_s:.1f} | {ready} | {GOALS.get(self.name, '')} |"
        )


class Watcher:
    """Counts the changes of objects of one kind in namespace hr, from a watch of its own."""

    def __init__(self, lab: Lab, plural: str = "oracleapis") -> None:
        self._lab, self._plural, self.changes, self.ended = lab, plural, 0, False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def _run(self) -> None:
        url = f"/apis/oracleapi.dev/v1alpha1/namespaces/hr/{self._plural}"
        try:
            with self._lab.cluster.stream("GET", url, params={"watch": "1"}, timeout=None) as stream:
                self._ready.set()
                for line in stream.iter_lines():
                    if line and json.loads(line)["type"] == "MODIFIED":
                        self.changes += 1
        except httpx.TransportError:
            pass  # the API server went, at the end of the lab; an early end shows below
        self.ended = True


def api_of(count: int) -> dict[str, Any]:
    """Return an OracleApi of *count* routes: two scopes and one Public route, a third of them writing."""
    routes: list[dict[str, Any]] = []
    for number in range(count - 1):
        writes = number % 3 == 2
        routes.append(
            {
                "name": f"route-{number}",
                "method": "POST" if writes else "GET",
                "path": f"/things{number // 3}" if number % 3 != 1 else f"/things{number // 3}/{{id}}",
                **({"scope": "hr.write"} if writes else {}),
                "handler": {"source": "begin :status_code := 201; end;"}
                if writes
                else {"source": "select 1 as n, dummy from dual"},
            }
        )
    health = {"name": "health", "method": "GET", "path": "/health", "auth": "Public"}
    routes.append({**health, "handler": {"type": "Item", "source": "select 'ok' as status from dual"}})
    return {
        "apiVersion": "oracleapi.dev/v1alpha1",
        "kind": "OracleApi",
        "metadata": {"name": "hr", "namespace": "hr"},
        "spec": {
            "databaseRef": {"name": "hr-db"},
            "schema": "HR_API",
            "basePath": "/hr/v1",
            "auth": {"jwt": {"providerRef": {"name": "staff"}, "defaultScope": "hr.read"}},
            "routes": routes,
        },
    }


class Meter:
    """Measures what a change costs until the world is quiet again."""

    def __init__(self, lab: Lab) -> None:
        self._lab, self._watch = lab, Watcher(lab)

    @contextlib.contextmanager
    def measure(self, name: str, writes_by_user: int = 0) -> Iterator[Cost]:
        lab, cost = self._lab, Cost(name)
        calls, statements, changes = lab.aws_calls(), lab.statements(), self._watch.changes
        since_call = calls[-1]["seq"] if calls else 0
        since_statement = statements[-1]["seq"] if statements else 0
        begin = time.time()
        yield cost
        self._quiet(since_call)
        made = lab.aws_calls(since_call)
        gateway = [call["operation"] for call in made if call["service"] == "apigatewayv2"]
        cost.aws = [name for name in gateway if not name.startswith("GetVpcLink")]
        cost.links = len(gateway) - len(cost.aws)
        cost.logs = sum(call["service"] == "logs" for call in made)
        writing = [call["time"] for call in made if not call["operation"].startswith(("Get", "Export", "Describe"))]
        cost.last_write_s = max(writing) - begin if writing else 0.0
        if self._watch.ended:
            raise RuntimeError("the watch ended: Kubernetes writes were not all counted")
        cost.kubernetes = self._watch.changes - changes - writes_by_user
        cost.oracle = [s["kind"] for s in lab.statements(since_statement) if s["user"] == "ORACLEAPI_OPERATOR"]

    def _quiet(self, since: int) -> None:
        """Return once no call came for a while."""
        seen, at = -1, time.monotonic()

        def rests() -> bool:
            nonlocal seen, at
            now = len(self._lab.aws_calls(since)) + self._watch.changes
            if now != seen:
                seen, at = now, time.monotonic()
            return time.monotonic() - at > QUIET_S

        wait_for("a quiet world", rests, 120)


def story(lab: Lab, count: int) -> list[Cost]:
    """Create, look again, change, delete an API of *count* routes."""
    meter, api, costs = Meter(lab), api_of(count), []

    def ready(cost: Cost, begin: float) -> None:
        lab.wait_ready("oapi", "hr", "hr")
        cost.ready_s = time.monotonic() - begin

    with meter.measure("create") as cost:
        begin = time.monotonic()
        lab.apply(api)
        ready(cost, begin)
    costs.append(cost)
    with meter.measure("second pass", writes_by_user=2) as cost:  # the request, and its echo in status
        lab.reconcile("oapi", "hr", "hr")
    costs.append(cost)
    api["spec"]["routes"][0]["handler"]["source"] = "select 'changed' as n from dual"
    with meter.measure("change of one route's handler", writes_by_user=1) as cost:
        begin = time.monotonic()
        lab.apply(api)
        ready(cost, begin)
    costs.append(cost)
    api["spec"]["routes"][0]["throttle"] = {"requestsPerSecond": 5, "burst": 10}
    with meter.measure("change of one route's throttle", writes_by_user=1) as cost:
        begin = time.monotonic()
        lab.apply(api)
        ready(cost, begin)
    costs.append(cost)
    source = {"source": "select 1 as n from dual"}
    api["spec"]["routes"].append({"name": "new", "method": "GET", "path": "/new", "handler": source})
    with meter.measure("one route added", writes_by_user=1) as cost:
        begin = time.monotonic()
        lab.apply(api)
        ready(cost, begin)
    costs.append(cost)
    with meter.measure("delete") as cost:
        begin = time.monotonic()
        lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")
        cost.ready_s = time.monotonic() - begin
    costs.append(cost)
    return costs


POSITIONS: dict[str, dict[str, bool]] = {
    "imports keep mappings, exports show them": {},
    "imports drop mappings": {"import_keeps_mappings": False},
    "exports hide mappings": {"export_shows_mappings": False},
}


METHOD = (
    "Two scopes, one Public route, link routes on, the VPC link available, no quota set. Events and the user's own"
    " writes are not counted; link polls and calls to CloudWatch Logs stand apart."
)


def section(title: str, costs: list[Cost]) -> list[str]:
    """Return a table of *costs* and the calls behind it."""
    return [
        f"### {title}",
        "",
        "| what | API Gateway calls | link polls | Logs calls | Kubernetes writes | Oracle statements |"
        " last AWS write (s) | Ready or gone (s) | goal |",
        "|---|---|---|---|---|---|---|---|---|",
        *(cost.row() for cost in costs),
        "",
        "<details><summary>The calls</summary>",
        "",
        *(f"- {cost.name}: {_listed(cost.aws)}; Oracle: {_listed(cost.oracle)}" for cost in costs),
        "",
        "</details>",
        "",
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(f"{name} × {count}" if count > 1 else name for name, count in Counter(names).items()) or "none"
