"""Paths of ours at ORDS, module ``oa-probe``: the probe route and the closed one. Pure.

The probe route takes one signed request from the gateway over the link and ORDS to the database, and back. It reads no
table and needs no key and no role. Its handler answers with the request id that the gateway put into the trace header,
as the database saw it: compared with the id that the gateway gives the caller it proves that both are one
(docs/adr/0017-probe-route.md). The closed path shows whether ORDS calls the guard.
"""

from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.groups import PROBE_SLUG, Group, ords_pattern
from oracleapi.model.gateway import Throttle
from oracleapi.model.schema import Handler, HandlerParameter

PROBE_PATH = "/_probe"
CLOSED_PATH = "/_closed"
"""No route of the gateway leads there, and the guard lets nobody through: who is served there passed no guard."""
PROBE_GROUP = Group(PROBE_SLUG, None)
PROBE_THROTTLE = Throttle(1.0, 2)
PROBE_TIMEOUT_MS = 5000
PROBE_HANDLER_KEY = (ords_pattern(PROBE_PATH), "GET")
CLOSED_HANDLER_KEY = (ords_pattern(CLOSED_PATH), "GET")
CLOSED_HANDLER = Handler(source_type="json/item", source="select 1 as open from dual")
SEEN = "request_id"
"""Member of the answer that holds the id which the database saw."""


def has_probe(spec: OracleApiSpec) -> bool:
    """Say whether the API has a probe route: it is asked for, and no route of the spec has its path.

    The CRD refuses such a route; an object that is older than that rule keeps it.
    """
    return spec.probe and not any((route.method, route.path) == ("GET", PROBE_PATH) for route in spec.routes)


def probe_key(spec: OracleApiSpec) -> str:
    """Return the route key of the probe route."""
    return f"GET {spec.base_path}{PROBE_PATH}"


def probe_url(endpoint: str, spec: OracleApiSpec) -> str:
    """Return where the probe route of the API at *endpoint* is called."""
    return f"{endpoint.removesuffix('/')}{spec.base_path}{PROBE_PATH}"


def probe_handler(trace_header: str) -> Handler:
    """Return the handler of the probe route."""
    return Handler(
        source_type="json/item",
        source="select :request_id as request_id from dual",
        parameters=(HandlerParameter(trace_header, SEEN, "HEADER", "STRING", "IN"),),
    )
