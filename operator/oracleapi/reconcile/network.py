"""``NetworkReady`` and ``CorrelationProven``: what one signed request through the probe route shows.

Neither is part of ``Ready``: a network that fails is told, and nothing is withdrawn for it. The request goes to the
API's own callers' side and costs no call of the budget.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from oracleapi.api import reasons
from oracleapi.api.conditions import Condition
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.probe import PROBE_GROUP, PROBE_TIMEOUT_MS, SEEN, has_probe, probe_url
from oracleapi.errors import OperatorError
from oracleapi.model.resolved import ResolvedApi
from oracleapi.ports import Answer
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.resolve_api import Surroundings
from oracleapi.runtime.clock import Clock

NETWORK_READY, CORRELATION_PROVEN = "NetworkReady", "CorrelationProven"
AGAIN_S = 20.0
"""When a network that failed is asked once more before the next routine check: what was just made may need a while."""
SHARE = 0.8
"""Part of the resync period within which an answer is not asked for again: routine checks come a little early."""
HANDED_ON = (
    "ORDS answers 401 to the probe route, which asks for no token: the gateway hands the signature in Authorization on"
    " to it; nothing helps on this gateway, and callers with tokens are not concerned"
)
"""Whether HTTP APIs forward a signature, and what ORDS makes of it, is unconfirmed (docs/unproven.md)."""
MESSAGE = "message"
"""The only member of an answer that the gateway makes itself."""


@dataclass(frozen=True)
class Finding:
    """What both conditions say, and whether it may be otherwise in a moment."""

    network: Condition
    correlation: Condition
    passing: bool = False


@dataclass(frozen=True)
class Known:
    """The last finding: which way it is about, until when it counts."""

    way: tuple[object, ...]
    finding: Finding
    until: float


class Network:
    """Asks after a change and once a routine check; remembers the last answer, which a restart asks for again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Known] = {}  # by uid

    def prove(self, work: Pass[OracleApiSpec], around: Surroundings) -> None:
        """Say both conditions of an API whose halves are as desired."""
        say(work, self._find(work, around))

    def _find(self, work: Pass[OracleApiSpec], around: Surroundings) -> Finding:
        if not has_probe(work.spec):
            self.forget(work.uid)
            return unknown(reasons.NO_PROBE_PATH, "The API has no probe route; set spec.probe: true")
        endpoint = str(work.report.fields.get("endpoint") or work.status.get("endpoint", ""))
        api, now = around.api, self._clock.monotonic()
        way = (work.generation, endpoint, api.vpc_link_id, api.listener_arn, api.server_name, api.trace_header)
        known = self._known.get(work.uid)
        if known is None or known.way != way:
            known = None
        elif now < known.until and not work.requested and not work.report.drift:
            return known.finding
        finding = self._ask(lambda: around.gateway.invoke(probe_url(endpoint, work.spec)), api)
        if finding.network.reason == reasons.AWS_THROTTLED and known is not None:
            return known.finding
        soon = finding.passing and (known is None or not known.finding.passing)
        if soon:
            work.requeue(AGAIN_S)
        self._known[work.uid] = Known(way, finding, now + (AGAIN_S if soon else SHARE * work.spec.resync_seconds))
        return finding

    @staticmethod
    def _ask(invoke: Callable[[], Answer], api: ResolvedApi) -> Finding:
        try:
            return judge(invoke(), api)
        except OperatorError as error:
            found = unknown(reasons.NO_PROBE_PATH, f"The probe route could not be called: {error.message}")
            return replace(found, passing=True)

    def forget(self, uid: str) -> None:
        self._known.pop(uid, None)


def say(work: Pass[OracleApiSpec], finding: Finding) -> None:
    """Put both conditions into the report."""
    for found in (finding.network, finding.correlation):
        status = None if found.status == "Unknown" else found.status == "True"
        work.report.say(found.type, status, found.reason, found.message)


def unknown(reason: str, text: str) -> Finding:
    """Return what both conditions say where no request went through."""
    return Finding(
        Condition(NETWORK_READY, "Unknown", reason, text), Condition(CORRELATION_PROVEN, "Unknown", reason, text)
    )


def throttled() -> Finding:
    """Return what both conditions say where the throttle of the probe route was met: asked too often, nothing else."""
    text = "The gateway let no more requests to the probe route through; it takes one a second"
    return replace(unknown(reasons.AWS_THROTTLED, text), passing=True)


def judge(answer: Answer, api: ResolvedApi) -> Finding:
    """Return what *answer* of the probe route of *api* shows."""
    if answer.status == 200:
        return _through(answer, api)
    if answer.status >= 500:
        return _broken(reasons.INTEGRATION_FAILED, _integration_fault(answer.status, api, _by_gateway(answer)))
    if _by_gateway(answer):
        if answer.status == 429:
            return throttled()
        return unknown(reasons.NO_PROBE_PATH, _gateway_refusal(answer.status))
    if answer.status == 401:
        return unknown(reasons.NO_PROBE_PATH, HANDED_ON)
    return _broken(reasons.PROBE_REFUSED, _ords_refusal(answer.status, api))


def _through(answer: Answer, api: ResolvedApi) -> Finding:
    seen = _members(answer).get(SEEN)
    if SEEN not in _members(answer):
        return _broken(reasons.PROBE_REFUSED, f"What answers behind {api.listener_arn} is not this API's ORDS module")
    network = Condition(
        NETWORK_READY, "True", reasons.SUCCEEDED, "A request went through gateway, link and ORDS to the database"
    )
    if answer.request_id is not None and seen == answer.request_id:
        text = "The request id that the gateway gives callers is the one that the database sees"
        return Finding(network, Condition(CORRELATION_PROVEN, "True", reasons.SUCCEEDED, text))
    text = (
        "The database does not see the request id that the gateway gives callers; something between them drops or"
        f" replaces the header {api.trace_header}: let it through, or set another as ords.traceHeader of the database"
    )
    return Finding(network, Condition(CORRELATION_PROVEN, "False", reasons.NOT_CORRELATED, text))


def _broken(reason: str, text: str) -> Finding:
    correlation = Condition(CORRELATION_PROVEN, "Unknown", reason, "No request came through to the database")
    return Finding(Condition(NETWORK_READY, "False", reason, text), correlation, passing=True)


def _integration_fault(status: int, api: ResolvedApi, by_gateway: bool) -> str:
    where = f"listener {api.listener_arn}"
    if not by_gateway:
        return (
            f"Behind the gateway {where} or ORDS answers {status}; check the listener's targets and the connection"
            " pool of ORDS"
        )
    if status == 504:
        return (
            f"The gateway got no answer from {where} within {PROBE_TIMEOUT_MS / 1000:g} s; check the security groups of"
            " the VPC link and of the load balancer, the listener's targets and the connection pool of ORDS"
        )
    return (
        f"The gateway answers {status}: it has no connection to {where}; check ords.gatewayTarget of the OracleDatabase"
        " (listenerArn, serverName as its certificate says), the listener's targets, and the state and security groups"
        " of the VPC link"
    )


def _gateway_refusal(status: int) -> str:
    if status == 403:
        return (
            "The gateway does not let the operator call the probe route; grant execute-api:Invoke as in"
            " docs/iam-policy.json (ProveTheNetwork)"
        )
    if status == 404:
        return "The gateway shows no probe route at its default endpoint; is the endpoint disabled?"
    return f"The gateway answers {status} to the operator's own request; it is sent again at the next routine check"


def _ords_refusal(status: int, api: ResolvedApi) -> str:
    if status == 404:
        return f"ORDS does not serve module {PROBE_GROUP.slug} of schema {api.alias} behind {api.listener_arn}"
    return f"What is behind {api.listener_arn} answers {status} to the probe route, which needs no token and no role"


def _by_gateway(answer: Answer) -> bool:
    """Say whether the gateway answered by itself: an object with a message and nothing else [D]."""
    return set(_members(answer)) == {MESSAGE}


def _members(answer: Answer) -> dict[str, object]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return {str(name).lower(): value for name, value in found.items()} if isinstance(found, dict) else {}
