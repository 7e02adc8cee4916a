"""How soon another replica leads after the leader's end, and how soon what somebody changed by hand is put back."""

import json
import time
from collections.abc import Callable
from typing import Any

from support.lab import NAMESPACE, RELEASE, Lab, wait_for

LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{RELEASE}"
API = "/apis/oracleapi.dev/v1alpha1/namespaces/hr/oracleapis/hr"
RESYNC_S = 60

FAILOVER = (
    "## Fail-over\n\n"
    "Two replicas; from the end of the leader's process until the Lease names the other (goal: 20 s after kill -9)."
    " Nothing is published or withdrawn meanwhile; what serves goes on serving.\n\n"
    "| the leader ends by | seconds |\n|---|---|"
)
DRIFT = (
    "## Drift\n\n"
    f"One API of 10 routes, `resyncSeconds: {RESYNC_S}`; from the change by hand until it is put back (goal: within the"
    " real period, on request 5 s). Period and backoff are jittered by a tenth.\n\n"
    "| changed by hand | at the routine check (s) | on request (s) |\n|---|---|---|"
)


def failover(lab: Lab) -> list[str]:
    """Return the section about the end of the leader, by kill -9 and by SIGTERM."""
    rows = []
    for name, kill in (("kill -9", True), ("SIGTERM", False)):
        lab.start_operator(1)
        leader = wait_for("a leader", lambda: holder(lab))
        begin = time.monotonic()
        lab.stop_operator(kill=kill)
        wait_for("another leader", lambda leader=leader: holder(lab) not in (None, leader))
        rows.append(f"| {name} | {time.monotonic() - begin:.1f} |")
        lab.stop_operator(replica=1)
        lab.start_operator()
        lab.reconcile("awsacct", "main")
    return [FAILOVER, *rows, ""]


def holder(lab: Lab) -> str | None:
    """Return who holds the Lease; nobody after an end by SIGTERM, for a moment."""
    found = lab.cluster.get(LEASE)
    return found.json()["spec"].get("holderIdentity") or None if found.status_code == 200 else None


def drift(lab: Lab, api: dict[str, Any]) -> list[str]:
    """Return the section about changes by hand in AWS and in ORDS."""
    lab.apply({**api, "spec": {**api["spec"], "resyncSeconds": RESYNC_S}})
    ready = lab.wait_ready("oapi", "hr", "hr")
    rows = []
    for name, change, is_back in changes(lab, ready):
        found = [_until_back(lab, change, is_back, ask) for ask in (False, True)]
        rows.append(f"| {name} | {found[0]:.1f} | {found[1]:.1f} |")
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")
    return [DRIFT, *rows, ""]


def _until_back(lab: Lab, change: Callable[[], None], is_back: Callable[[], bool], ask: bool) -> float:
    lab.reconcile("oapi", "hr", "hr")
    change()
    begin = time.monotonic()
    if ask:
        lab.nudge("oapi", "hr", "hr")
    wait_for("the change to be put back", is_back, 3 * RESYNC_S)
    return time.monotonic() - begin


def changes(lab: Lab, api: dict[str, Any]) -> list[tuple[str, Callable[[], None], Callable[[], bool]]]:
    """Return (what, how it is done, whether it is put back) of each change."""
    gateway, api_id = lab.aws("apigatewayv2"), api["status"]["apiId"]

    def stage() -> Any:
        return gateway.get_stage(ApiId=api_id, StageName="$default")

    wanted = stage()["DefaultRouteSettings"]["ThrottlingRateLimit"]

    def throttle() -> None:
        settings = {**stage()["DefaultRouteSettings"], "ThrottlingRateLimit": 1.0}
        gateway.update_stage(ApiId=api_id, StageName="$default", DefaultRouteSettings=settings)

    module = api["status"]["groups"][0]["module"]

    def status() -> str:
        rows = lab.sql("select status from dba_ords_modules where name = :name", name=module)
        return str(rows[0][0])

    def withdraw() -> None:
        schema = json.dumps(api["spec"]["schema"]).strip('"')
        lab.sql(
            "begin ords_admin.publish_module(p_schema => :owner, p_module_name => :name, p_status => :status);"
            " commit; end;",
            owner=schema,
            name=module,
            status="NOT_PUBLISHED",
        )

    return [
        (
            "the throttle of the stage, in AWS",
            throttle,
            lambda: stage()["DefaultRouteSettings"]["ThrottlingRateLimit"] == wanted,
        ),
        ("the status of a module, in ORDS", withdraw, lambda: status() == "PUBLISHED"),
    ]
