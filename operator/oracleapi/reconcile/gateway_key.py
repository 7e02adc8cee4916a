"""Keeps the gateway key of an API: made where it is needed, at the guard before the gateway sends it, replaced in time.

A crash anywhere leaves the key that callers come with valid: a new one is sent only after the guard takes it, and an
old one ends only after none is sent any more.
"""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.gateway_key import find_key, key_hash
from oracleapi.desired.groups import guarded_routes
from oracleapi.model.gateway import ObservedGateway
from oracleapi.model.guard import ChangeKeys, KeyRow, ObservedGuard
from oracleapi.model.hidden import Hidden
from oracleapi.reconcile.gate import may_write
from oracleapi.reconcile.gateway_half import longest_timeout_s
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.resolve_api import Surroundings
from oracleapi.reconcile.routes import Routes
from oracleapi.runtime.clock import RFC_3339

KEY_BYTES = 32
DEPLOYED_S = 60.0
"""How long callers may still meet the deployment before; API Gateway publishes no bound."""
STATUS = "gatewayKey"


def with_key(
    work: Pass[OracleApiSpec],
    around: Surroundings,
    guard: ObservedGuard | None,
    observed: ObservedGateway | None,
    routes: Routes,
) -> tuple[Surroundings, ChangeKeys | None]:
    """Return the surroundings with the key to send, and what the guard must know before that.

    Where nothing may be written a key that is due is replaced once that is approved, and not proposed at all in a
    report: it protects as well as before.
    """
    serving = [route for route in guarded_routes(work.spec) if route.name not in routes.away]
    if guard is None or not serving:
        work.report.fields[STATUS] = None
        return around, None
    found = find_key(
        observed.routes.values() if observed is not None else (), guard.keys, work.clock.now(),
        work.spec.gateway_key.rotate_every_days,
    )  # fmt: skip
    if found is not None and (found.left_s > 0 or work.mode == "Report"):
        if found.left_s > 0:
            work.requeue(found.left_s)
        work.report.fields[STATUS] = {"createdTime": found.created}
        return replace(around, api=replace(around.api, gateway_key=found.key)), None
    key, created = Hidden("pending"), ""  # a plan is the same however often it is made
    if may_write(work):
        key = Hidden(secrets.token_urlsafe(KEY_BYTES))
        created = datetime.fromtimestamp(work.clock.now(), UTC).strftime(RFC_3339)
        work.report.fields[STATUS] = {"createdTime": created}
    change = ChangeKeys(str(work.owner), put=KeyRow(key_hash(key), created))
    return replace(around, api=replace(around.api, gateway_key=key)), change


def end_others(around: Surroundings, guard: ObservedGuard | None, before: ObservedGateway | None) -> None:
    """Let the keys that the gateway sends no more end, as soon as no request with one of them can be on its way.

    Args:
        before: The gateway half as it was.
    """
    key = around.api.gateway_key
    if guard is None or key is None:
        return
    keep, timeout_s = key_hash(key), longest_timeout_s(before) if before is not None else 0.0
    if any(row.hash != keep and not row.ends for row in guard.keys):
        change = ChangeKeys(str(around.api.owner), keep=keep, ends_in_s=int(timeout_s + DEPLOYED_S))
        around.oracle.apply_guard(change)
