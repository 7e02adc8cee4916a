"""Many OracleApis at once: time against the bound of the call budget, refusals, memory, and what they cost at rest.

AWS's own request quotas are switched on in the double, so a call too many is refused there (429) and counted.
"""

import dataclasses
import json
import os
import pathlib
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.lab import Lab, wait_for

NAMESPACES = 20
WRITES = ("Get", "Export", "Describe", "Assume")
URL = "/apis/oracleapi.dev/v1alpha1"


def writes(call: dict[str, Any]) -> bool:
    return not call["operation"].startswith(WRITES)


@dataclasses.dataclass(frozen=True)
class Round:
    """What creating *count* APIs at once took."""

    count: int
    rate: int
    burst: int
    last_write_s: float
    ready_s: float
    calls: int
    refused: int
    most_in_a_second: int
    newcomer_s: float
    memory_mib: float

    @property
    def bound_s(self) -> float:
        """Return the goal for the last write: 1.1 × (4n − b)/r."""
        return 1.1 * (4 * self.count - self.burst) / self.rate

    def row(self) -> str:
        newcomer = f"{self.newcomer_s:.1f}" if self.newcomer_s else "–"
        return (
            f"| {self.count} | {self.rate}/{self.burst} | {self.last_write_s:.1f} | {self.bound_s:.1f} |"
            f" {self.ready_s:.1f} | {self.calls} | {self.most_in_a_second} | {self.refused} | {newcomer} |"
            f" {self.memory_mib:.0f} |"
        )


HEADER = (
    "| APIs at once | budget (r/s / burst) | last AWS write (s) | bound (s) | all Ready (s) | API Gateway calls |"
    " most in one second | 429 | a newcomer's last write (s) | memory (MiB) |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


class Fleet:
    """APIs ``a-0`` … over ten routes each, spread over namespaces that own a schema each."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._prepare()

    def _prepare(self) -> None:
        names = [f"team-{number:02d}" for number in range(NAMESPACES + 1)]
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            for name in names:
                user = _schema(name)
                script.write(f"create user {user} no authentication;\ngrant create session to {user};\n")
            script.flush()
            self.lab.sandbox("sql", script.name)
        for name in names:
            self.lab.kubectl("create", "namespace", name)
        everyone = {"names": [*names, "hr"]}
        for kind, name in (("awsacct", "main"), ("vpcl", "private"), ("idp", "staff")):
            self._patch(kind, name, {"allowedNamespaces": everyone})
        delegations = [{"namespaces": {"names": [name]}, "schemas": [_schema(name).upper()]} for name in names]
        self._patch("odb", "hr-db", {"delegations": delegations})

    def budget(self, rate: int, burst: int) -> None:
        self._patch("awsacct", "main", {"callBudget": {"requestsPerSecond": rate, "burst": burst}})
        self.lab.reconcile("awsacct", "main")

    def _patch(self, kind: str, name: str, spec: dict[str, Any]) -> None:
        self.lab.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def create(self, api: dict[str, Any], count: int, newcomer: bool) -> float:
        """Create *count* APIs like *api*; with *newcomer* one more of its own namespace while they are built.

        Returns:
            Seconds from the newcomer's apply to its last AWS write, or 0.
        """
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: self._post(api, f"team-{number % NAMESPACES:02d}", number), range(count)))
        if not newcomer:
            return 0.0
        stages = self._stages()
        wait_for("some APIs to be built", lambda: self._stages() > stages + count // 10, 600)
        begin = time.time()
        self._post(api, f"team-{NAMESPACES:02d}", count)

        def built() -> float | None:
            found = self.lab.get("oapi", f"a-{count}", f"team-{NAMESPACES:02d}").get("status", {})
            made = [call["time"] for call in self.lab.aws_calls() if call["operation"] == "CreateStage"]
            ids = found.get("apiId")
            return (
                max(made)
                if ids
                and any(c.get("type") == "GatewayReady" and c["status"] == "True" for c in found.get("conditions", []))
                else None
            )

        return float(wait_for("the newcomer to be built", built, 600)) - begin

    def _stages(self) -> int:
        return sum(call["operation"] == "CreateStage" for call in self.lab.aws_calls())

    def _post(self, api: dict[str, Any], namespace: str, number: int) -> None:
        spec = {**api["spec"], "schema": _schema(namespace).upper(), "basePath": f"/v{number}"}
        body = {**api, "metadata": {"name": f"a-{number}", "namespace": namespace}, "spec": spec}
        self.lab.cluster.post(f"{URL}/namespaces/{namespace}/oracleapis", json=body).raise_for_status()

    def all_ready(self, count: int) -> None:
        def ready() -> bool:
            items = self.lab.cluster.get(f"{URL}/oracleapis").json()["items"]
            return sum(_ready(item) for item in items) >= count

        wait_for(f"{count} APIs to be Ready", ready, 1200)

    def delete(self) -> None:
        for number in range(NAMESPACES + 1):
            self.lab.kubectl("-n", f"team-{number:02d}", "delete", "oapi", "--all", "--timeout=900s")

    def round(self, api: dict[str, Any], count: int, rate: int, burst: int, newcomer: bool = False) -> Round:
        """Create *count* APIs under a budget and measure."""
        self.budget(rate, burst)
        since = last_seq(self.lab)
        begin = time.time()
        newcomer_s = self.create(api, count, newcomer)
        self.all_ready(count + newcomer)
        ready = time.time() - begin
        calls = [call for call in self.lab.aws_calls(since) if call["service"] == "apigatewayv2"]
        made = [call["time"] for call in calls if writes(call)]
        return Round(
            count=count,
            rate=rate,
            burst=burst,
            last_write_s=max(made) - begin,
            ready_s=ready,
            calls=len(calls),
            refused=sum(call["status"] == 429 for call in calls),
            most_in_a_second=most_in_a_second([call["time"] for call in calls]),
            newcomer_s=newcomer_s,
            memory_mib=memory_mib(self.lab),
        )


def suspended(lab: Lab, api: dict[str, Any], count: int) -> str:
    """Create *count* suspended APIs and return a sentence about the process that watches them."""
    before = memory_mib(lab)
    spec = {**api["spec"], "suspend": True}

    def post(number: int) -> None:
        name = f"s-{number}"
        body = {**api, "metadata": {"name": name, "namespace": "hr"}, "spec": {**spec, "basePath": f"/s{number}"}}
        lab.cluster.post(f"{URL}/namespaces/hr/oracleapis", json=body).raise_for_status()

    def said() -> int:
        items = lab.cluster.get(f"{URL}/namespaces/hr/oracleapis").json()["items"]
        return sum(
            any(c["type"] == "Suspended" for c in item.get("status", {}).get("conditions", [])) for item in items
        )

    begin = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(count)))
    wait_for("every status", lambda: said() >= count, 600)
    took, memory = time.monotonic() - begin, memory_mib(lab)
    return f"{before:.0f} MiB before, {memory:.0f} MiB with {count} (goal: 256); all statuses after {took:.0f} s."


@dataclasses.dataclass(frozen=True)
class Rest:
    """What a fleet costs while nothing changes."""

    count: int
    seconds: float
    kubernetes: int
    calls: int
    checks: int
    cpu_share: float
    memory_mib: float

    def rows(self) -> str:
        per_check = self.calls / self.checks if self.checks else 0.0
        return (
            f"| {self.count} | {self.seconds / 60:.0f} | {self.kubernetes} | {self.checks} | {per_check:.2f} |"
            f" {100 * self.cpu_share:.1f} % | {self.memory_mib:.0f} |"
        )


REST_HEADER = (
    "| APIs | minutes | Kubernetes writes | checks | API Gateway calls a check | CPU of one core | memory (MiB) |\n"
    "|---|---|---|---|---|---|---|"
)


def rest(lab: Lab, count: int, seconds: float) -> Rest:
    """Watch a settled fleet for *seconds*: object versions, AWS calls, processor time."""
    kinds = ("awsaccounts", "vpclinks", "oracledatabases", "identityproviders", "oracleapis")

    def versions() -> dict[str, str]:
        return {
            item["metadata"]["uid"]: item["metadata"]["resourceVersion"]
            for kind in kinds
            for item in lab.cluster.get(f"{URL}/{kind}").json()["items"]
        }

    wait_for("a quiet fleet", lambda: quiet(lab, 10), 300)
    since, before, cpu, begin = last_seq(lab), versions(), cpu_s(lab), time.monotonic()
    written: set[tuple[str, str]] = set()
    while time.monotonic() - begin < seconds:
        now = versions()
        written |= {(uid, version) for uid, version in now.items() if before.get(uid) != version}
        time.sleep(5)
    calls = [call for call in lab.aws_calls(since) if call["service"] == "apigatewayv2"]
    return Rest(
        count=count,
        seconds=time.monotonic() - begin,
        kubernetes=len(written),
        calls=len(calls),
        checks=sum(call["operation"] == "ExportApi" for call in calls),
        cpu_share=(cpu_s(lab) - cpu) / (time.monotonic() - begin),
        memory_mib=memory_mib(lab),
    )


def quiet(lab: Lab, seconds: float) -> bool:
    """Say whether no API Gateway call that writes came for *seconds*."""
    made = [call["time"] for call in lab.aws_calls() if call["service"] == "apigatewayv2" and writes(call)]
    return not made or time.time() - max(made) > seconds


def most_in_a_second(times: list[float]) -> int:
    """Return the most calls that any window of one second holds."""
    times = sorted(times)
    first, most = 0, 0
    for last, when in enumerate(times):
        while when - times[first] > 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def last_seq(lab: Lab) -> int:
    calls = lab.aws_calls()
    return int(calls[-1]["seq"]) if calls else 0


def operator_pid(lab: Lab) -> int:
    return int(json.loads((lab.folder / "operator.json").read_text())["operator_pid"])


def memory_mib(lab: Lab) -> float:
    status = pathlib.Path(f"/proc/{operator_pid(lab)}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def cpu_s(lab: Lab) -> float:
    fields = pathlib.Path(f"/proc/{operator_pid(lab)}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _schema(namespace: str) -> str:
    return namespace.replace("-", "_")


def _ready(item: dict[str, Any]) -> bool:
    conditions = item.get("status", {}).get("conditions", [])
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)
