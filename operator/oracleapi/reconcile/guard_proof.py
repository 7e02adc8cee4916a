"""Whether ORDS calls the guard, by a request that the guard must refuse. IAM routes are served behind that alone.

The request goes to the closed path of the API's own module, straight at ORDS: its handler reads nothing, so that no
harm is done where nobody refuses it.
"""

import json
from dataclasses import replace

from oracleapi.api import reasons
from oracleapi.desired.groups import IAM_SLUG, Group, guarded_routes, module_name
from oracleapi.desired.guard import CLOSED_NAME
from oracleapi.desired.probe import CLOSED_HANDLER_KEY, CLOSED_PATH, PROBE_GROUP
from oracleapi.model.guard import ObservedGuard
from oracleapi.model.resolved import ResolvedApi
from oracleapi.model.schema import ObservedSchema
from oracleapi.ports import Answer, OrdsProbe
from oracleapi.reconcile.guard_half import Proof, lacking, not_enforced
from oracleapi.reconcile.probes import ask
from oracleapi.reconcile.resolve_api import Surroundings
from oracleapi.reconcile.routes import Routes

OFF = (
    "the OracleDatabase has ords.guard: Off, and nothing else at ORDS tells who came through the gateway; a platform"
    " administrator installs the guard and sets Required, or use auth: JWT"
)
HOOK = "procedure.rest.preHook=ORACLEAPI.GUARD.CHECK_REQUEST"
WAITING = "waiting for ORDS to serve the closed path of module oa-probe, by which the guard is proven"


def prove(api: ResolvedApi, probe: OrdsProbe, guard: ObservedGuard | None, schema: ObservedSchema) -> Proof:
    """Ask ORDS for the closed path.

    Raises:
        Retryable: ``OrdsUnreachable``; nothing is taken away for that.
    """
    if guard is None:
        return Proof(reasons.GUARD_OFF, OFF)
    missing = lacking(api, guard, schema)
    if missing and guard.management is None:
        text = f"the guard does not decide for schema {api.spec.schema_} before it knows {', '.join(missing)} too"
        return Proof(reasons.GUARD_INCOMPLETE, text)
    module = schema.modules.get(module_name(PROBE_GROUP, api.spec.base_path))
    if guard.management is None or module is None or CLOSED_HANDLER_KEY not in module.handlers:
        return Proof(waiting=True)
    answer = ask(probe, f"{api.ords_base_url}/{api.alias}/{PROBE_GROUP.slug}{api.spec.base_path}{CLOSED_PATH}")
    if answer.status == 404:
        return Proof(waiting=True)
    if answer.status == 403 and _by_guard(answer):
        return Proof()
    text = (
        f"ORDS answers {answer.status} where the guard refuses everybody: it does not call it; set {HOOK} on its pool"
    )
    return Proof(reasons.GUARD_NOT_CALLED, text)


def _by_guard(answer: Answer) -> bool:
    """Say whether the refusal is the guard's: it names the route."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("route") == CLOSED_NAME


def keep_unguarded_away(
    around: Surroundings, guard: ObservedGuard | None, schema: ObservedSchema, proof: Proof, routes: Routes
) -> Surroundings:
    """Keep IAM routes off both sides unless the guard stands before them and roles limit their callers.

    While nobody knows, what is served stays: it was proven before it came.
    """
    api, names = around.api, [route.name for route in guarded_routes(around.api.spec)]
    fault = None if guard is None or api.unenforced else not_enforced(api.spec.schema_, guard)
    served = module_name(Group(IAM_SLUG, None), api.spec.base_path) in schema.modules
    if proof.reason:
        routes.unguarded |= dict.fromkeys(names, (proof.reason, proof.text))
    elif fault is not None:
        text = f"{fault}; mend that, or set allowUnenforcedRoles on the OracleDatabase"
        routes.unguarded |= dict.fromkeys(names, (reasons.ROLES_NOT_ENFORCED, text))
    elif proof.waiting and not served:
        routes.unproven |= {*names}
    return replace(around, api=replace(api, unguarded=frozenset({*routes.unguarded, *routes.unproven})))
