"""The way of a signed request in the fakes: what is deployed at the gateway, the link, the modules that ORDS serves."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from oracleapi.api import reasons
from oracleapi.errors import OperatorError, Retryable
from oracleapi.model.gateway import GatewayRoute
from oracleapi.model.schema import PUBLISHED, ObservedSchema
from oracleapi.ports import Answer


class FakeNetwork:
    """Answers as a gateway does whose callers sign.

    Args:
        may_invoke: The operator's identity has the right to.
        reached: API endpoints can be reached from the operator.
        listener: What the listener, or the gateway for it, answers instead of ORDS.
        keeps_header: The header with the request id reaches ORDS.
    """

    def __init__(self, schemas: Mapping[str, ObservedSchema]) -> None:
        self._schemas = schemas
        self.may_invoke, self.reached, self.keeps_header = True, True, True
        self.listener: Answer | None = None
        self.fault: OperatorError | None = None
        self._serial = 0

    def answer(self, apis: Iterable[Any], links: Mapping[str, Any], url: str) -> Answer:
        if self.fault is not None:
            raise self.fault
        found = [api for api in apis if url.startswith(f"{api.identity.endpoint}/")]
        if not self.reached or not found:
            raise Retryable(reasons.AWS_UNAVAILABLE, "no answer to execute-api:Invoke")
        (api,) = found
        path = url.removeprefix(api.identity.endpoint)
        route = api.deployed.routes.get(f"GET {path}")
        if api.stage is None or route is None:
            return self.by_gateway(404)
        if route.authorization == "JWT":
            return self.by_gateway(401)
        if route.authorization == "AWS_IAM" and not self.may_invoke:
            return self.by_gateway(403)
        if route.integration is None or getattr(links.get(route.integration.vpc_link_id), "state", "") != "AVAILABLE":
            return self.by_gateway(503)
        return self.listener or self._by_ords(route, path)

    def by_gateway(self, status: int) -> Answer:
        """Return an answer of the gateway's own."""
        return self._answer(status, {"message": "as the gateway says"})

    def by_ords(self, status: int) -> Answer:
        """Return a refusal of ORDS."""
        return self._answer(status, {"code": "x", "title": "x", "message": "x", "type": "tag:oracle.com,2020:error/x"})

    def _by_ords(self, route: GatewayRoute, path: str) -> Answer:
        assert route.integration is not None
        target = route.integration.path.replace("$request.path", path)
        for schema in self._schemas.values():
            start = f"/ords/{schema.alias}"
            for module in schema.modules.values() if schema.enabled else ():
                for (pattern, method), handler in module.handlers.items():
                    served = f"{start}{module.base_path}{pattern}"
                    if (served, method, module.status) == (target, "GET", PUBLISHED):
                        sent = dict(route.integration.headers) if self.keeps_header else {}
                        names = {found.bind: found.name for found in handler.parameters if found.source == "HEADER"}
                        return self._answer(200, names, sent)
        return self.by_ords(404)

    def _answer(self, status: int, members: Mapping[str, str], sent: Mapping[str, str] | None = None) -> Answer:
        self._serial += 1
        known = {"$context.requestId": f"request{self._serial}"}
        if sent is not None:
            members = {bind: known.get(sent.get(name, ""), sent.get(name)) for bind, name in members.items()}
        return Answer(status, known["$context.requestId"], json.dumps(members).encode())
