"""The provider over HTTP: discovery and JWKS for clients, ``/_sandbox/…`` for whoever drives it.

========================================  ==============================================================
``GET /.well-known/openid-configuration``  OpenID Connect Discovery 1.0 document [D]
``GET /jwks``                              the published keys; clients find it by ``jwks_uri``
``POST /_sandbox/token``                   a token, right, wrong or a vendor's, see
                                           :class:`~oracleapi_sandbox.oidc.tokens.TokenRequest`
``POST /_sandbox/rotate-keys``             ``{"drop_old": false, "bits": 2048}``, both optional
``POST /_sandbox/drop-old-keys``           publish the signing key only
``GET|PUT /_sandbox/settings``             see :class:`~oracleapi_sandbox.oidc.settings.Settings`
``GET|DELETE /_sandbox/calls``             fetches of the two documents (``?since=SEQ``)
``GET|POST /_sandbox/clock``               ``{"advance_seconds": n}`` moves the time that tokens are dated by
``POST /_sandbox/reset``                   default settings, no calls, the EC key unpublished; RSA keys and clock stay
========================================  ==============================================================

The authorization and token endpoints that Discovery requires are named in it and answer with the OAuth error of a
provider that has no grant to offer: tokens come from the control page.
"""

import asyncio
import dataclasses
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oidc.keys import RSA_BITS, KeyRing
from oracleapi_sandbox.oidc.settings import Answer, Settings, SettingsError
from oracleapi_sandbox.oidc.tokens import TokenRequest, TokenRequestError, mint

DISCOVERY_PATH = "/.well-known/openid-configuration"
JWKS_PATH = "/jwks"


class Provider:
    """An OIDC provider: its keys, settings and journal, and its issuer, which is set once its port is known."""

    def __init__(self, keys: KeyRing, clock: Clock, issuer: str = "") -> None:
        self.issuer = issuer
        self.keys = keys
        self.clock = clock
        self.settings = Settings()
        self.calls = Journal()
        self._ahead_s = 0.0

    def now(self) -> float:
        """Return the provider's time: the clock's, moved on by what was asked for."""
        return self.clock.now() + self._ahead_s

    def discovery_document(self) -> dict[str, Any]:
        """Return the members that OpenID Connect Discovery 1.0, section 3, requires or recommends [D]."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}{JWKS_PATH}",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "scope", "groups"],
        }

    async def discovery(self, request: Request) -> Response:
        return await self._answer("discovery", self.settings.discovery, self.discovery_document())

    async def jwks(self, request: Request) -> Response:
        return await self._answer("jwks", self.settings.jwks, self.keys.jwks())

    async def _answer(self, document: str, answer: Answer, content: dict[str, Any]) -> Response:
        self.calls.add({"time": self.now(), "document": document, "status": answer.status})
        await asyncio.sleep(answer.delay_ms / 1000)
        shown = {name: value for name, value in {**content, **answer.members}.items() if value is not None}
        body = json.dumps(shown) if answer.body is None else answer.body
        headers = {} if answer.location is None else {"location": answer.location}
        return Response(body + " " * answer.pad_bytes, answer.status, headers, answer.content_type)

    async def no_grant(self, request: Request) -> Response:
        return JSONResponse({"error": "unsupported_grant_type"}, 400)

    async def no_response_type(self, request: Request) -> Response:
        return JSONResponse({"error": "unsupported_response_type"}, 400)

    async def token(self, request: Request) -> Response:
        wanted = TokenRequest.parse(await _body(request))
        token = mint(wanted, self.issuer, self.keys, self.now())
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": wanted.lifetime_seconds}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def rotate(self, request: Request) -> Response:
        wanted = await _body(request)
        if not isinstance(wanted, dict) or set(wanted) - {"drop_old", "bits"}:
            raise SettingsError("the body may hold drop_old and bits")
        bits, drop_old = wanted.get("bits", 2048), wanted.get("drop_old", False)
        if bits not in RSA_BITS or not isinstance(drop_old, bool):
            raise SettingsError(f"bits is one of {RSA_BITS}, drop_old a boolean")
        await asyncio.to_thread(self.keys.rotate, bits, drop_old=drop_old)
        return self._kids()

    async def drop_old(self, request: Request) -> Response:
        self.keys.drop_old()
        return self._kids()

    def _kids(self) -> Response:
        published = [key["kid"] for key in self.keys.jwks()["keys"]]
        return JSONResponse({"signing": self.keys.signing.kid, "published": published})

    async def get_settings(self, request: Request) -> Response:
        return JSONResponse(dataclasses.asdict(self.settings))

    async def put_settings(self, request: Request) -> Response:
        self.settings = self.settings.updated(await _body(request))
        return await self.get_settings(request)

    async def get_calls(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not since.isdigit():
            raise SettingsError("since must be a number")
        return JSONResponse({"calls": self.calls.entries(int(since))})

    async def delete_calls(self, request: Request) -> Response:
        self.calls.clear()
        return Response(status_code=204)

    async def get_clock(self, request: Request) -> Response:
        return JSONResponse({"now": self.now()})

    async def advance_clock(self, request: Request) -> Response:
        wanted = await _body(request)
        seconds: Any = wanted.get("advance_seconds") if isinstance(wanted, dict) and len(wanted) == 1 else None
        if type(seconds) not in (int, float) or not 0 <= seconds < float("inf"):
            raise SettingsError("expected advance_seconds, a number that is not negative")
        self._ahead_s += seconds
        return await self.get_clock(request)

    async def reset(self, request: Request) -> Response:
        self.settings = Settings()
        self.calls.clear()
        self.keys.publish_ec(False)
        return Response(status_code=204)


async def _body(request: Request) -> Any:
    """Return the JSON body, ``{}`` for an empty one."""
    raw = await request.body()
    try:
        return json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise SettingsError(f"the body is not JSON: {error}") from error


async def _bad_request(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "invalid_request", "error_description": str(error)}, 400)


def application(provider: Provider) -> Starlette:
    """Return the ASGI application of *provider*."""
    routes = [
        Route(DISCOVERY_PATH, provider.discovery, methods=["GET"]),
        Route(JWKS_PATH, provider.jwks, methods=["GET"]),
        Route("/authorize", provider.no_response_type, methods=["GET", "POST"]),
        Route("/token", provider.no_grant, methods=["POST"]),
        Route("/_sandbox/token", provider.token, methods=["POST"]),
        Route("/_sandbox/rotate-keys", provider.rotate, methods=["POST"]),
        Route("/_sandbox/drop-old-keys", provider.drop_old, methods=["POST"]),
        Route("/_sandbox/settings", provider.get_settings, methods=["GET"]),
        Route("/_sandbox/settings", provider.put_settings, methods=["PUT"]),
        Route("/_sandbox/calls", provider.get_calls, methods=["GET"]),
        Route("/_sandbox/calls", provider.delete_calls, methods=["DELETE"]),
        Route("/_sandbox/clock", provider.get_clock, methods=["GET"]),
        Route("/_sandbox/clock", provider.advance_clock, methods=["POST"]),
        Route("/_sandbox/reset", provider.reset, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={SettingsError: _bad_request, TokenRequestError: _bad_request})
