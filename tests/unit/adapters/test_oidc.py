"""Discovery as both gates do it: each failed rule is named, nothing is guessed."""

import base64
import json
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oracleapi.adapters.oidc import discovery
from oracleapi.adapters.oidc.discovery import GATEWAY_KEYS_LIMIT, ORDS_KEYS_LIMIT, OidcDiscovery, judge
from oracleapi.errors import OperatorError, Retryable, Terminal

ISSUER = "https://idp.example.com/"
JWKS = "https://idp.example.com/keys"


def rsa(bits: int = 2048, **fields: Any) -> dict[str, Any]:
    """Return an RSA key with a modulus of *bits*."""
    modulus = base64.urlsafe_b64encode((1 << (bits - 1) | 1).to_bytes((bits + 7) // 8, "big")).rstrip(b"=").decode()
    return {"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": modulus, "e": "AQAB"} | fields


def faults(*keys: Any, size: int = 1000) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = judge(JWKS, {"keys": list(keys)}, size)
    return found.gateway_faults, found.ords_faults


@pytest.mark.parametrize(
    "keys",
    [
        [rsa()],
        [rsa(4096)],
        [rsa(3072)],
        [rsa(use=None) | {"use": "sig"}],
        [{key: value for key, value in rsa().items() if key not in ("use", "alg")}],
        [rsa(), {"kty": "EC", "kid": "two", "crv": "P-256"}],
        [rsa(), rsa(use="enc", kid="two")],
    ],
    ids=["2048", "4096", "3072", "for signing", "without use and alg", "beside an EC key", "beside one for encryption"],
)
def test_a_key_set_that_both_gates_take_has_no_fault(keys: list[Any]) -> None:
    assert faults(*keys) == ((), ())


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "EC", "kid": "x"}],
        [rsa(use="enc")],
        [rsa(kid=None)],
        [{key: value for key, value in rsa().items() if key != "kid"}],
        ["text", 7, None],
    ],
    ids=["empty", "EC only", "encryption only", "kid null", "no kid", "no keys at all"],
)
def test_without_a_usable_key_both_gates_say_so(keys: list[Any]) -> None:
    gateway, ords = faults(*keys)
    assert "no RSA signing key with a kid; HTTP APIs take RS256" in gateway[0]
    assert "ORDS takes RS256" in ords[0]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": "x"}, {"keys": {"a": 1}}])
def test_a_document_without_keys_is_judged_not_stumbled_over(document: dict[str, Any]) -> None:
    found = judge(JWKS, document, 10)
    assert found.keys == 0
    assert found.gateway_faults


@pytest.mark.parametrize(
    ("size", "gateway", "ords"),
    [
        (ORDS_KEYS_LIMIT, 0, 0),
        (ORDS_KEYS_LIMIT + 1, 0, 1),
        (GATEWAY_KEYS_LIMIT, 0, 1),
        (GATEWAY_KEYS_LIMIT + 1, 1, 1),
    ],
)
def test_each_gate_has_its_own_limit_of_size(size: int, gateway: int, ords: int) -> None:
    found = faults(rsa(), size=size)
    assert (len(found[0]), len(found[1])) == (gateway, ords)


@pytest.mark.parametrize(("bits", "named"), [(1024, True), (2047, True), (2048, False), (4096, False), (4104, True)])
def test_ords_takes_keys_of_2048_to_4096_bits(bits: int, named: bool) -> None:
    gateway, ords = faults(rsa(bits))
    assert gateway == ()
    assert bool(ords) is named
    if named:
        assert str(bits) in ords[0]


@pytest.mark.parametrize("modulus", ["", "ä", "!!!", "A"])
def test_a_modulus_that_cannot_be_read_is_an_odd_key(modulus: str) -> None:
    assert faults(rsa(n=modulus))[1]


def test_algorithms_are_gathered() -> None:
    found = judge(JWKS, {"keys": [rsa(), rsa(kid="two", alg="RS512"), rsa(kid="three", alg=None)]}, 10)
    assert (found.keys, found.algorithms, found.jwks_uri) == (3, ("RS256", "RS512"), JWKS)


# Fetching

Handler = Callable[[httpx.Request], httpx.Response]


def answer(document: Any, status: int = 200) -> httpx.Response:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return httpx.Response(status, content=content)


@pytest.fixture
def discover(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], Any]:
    def run(handler: Handler, issuer: str = ISSUER) -> Any:
        client = httpx.Client

        def patched(**arguments: Any) -> httpx.Client:
            assert arguments["timeout"] == 1.5
            assert arguments["follow_redirects"] is False
            return client(**arguments, transport=httpx.MockTransport(handler))

        monkeypatch.setattr(discovery.httpx, "Client", patched)
        try:
            return OidcDiscovery(lambda _: ssl.create_default_context()).discover(issuer, None)
        finally:
            monkeypatch.undo()

    return run


def provider(**documents: Any) -> Handler:
    """Return an identity provider; *documents* replace its answers."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return answer(documents.get("discovery", {"issuer": ISSUER, "jwks_uri": JWKS}))
        return answer(documents.get("keys", {"keys": [rsa()]}))

    return handler


def test_a_good_provider_is_discovered(discover: Any) -> None:
    found = discover(provider())
    assert (found.jwks_uri, found.keys, found.gateway_faults, found.ords_faults) == (JWKS, 1, (), ())


@pytest.mark.parametrize("issuer", ["https://idp.example.com/", "https://idp.example.com", "https://x/realms/a"])
def test_the_discovery_document_is_asked_below_the_issuer(discover: Any, issuer: str) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return provider(discovery={"issuer": issuer, "jwks_uri": JWKS})(request)

    discover(handler, issuer)
    assert seen == [f"{issuer.rstrip('/')}/.well-known/openid-configuration", JWKS]


def failing(error: Exception) -> Handler:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    return handler


FAILURES: list[tuple[str, Handler, type[OperatorError], str, str]] = [
    ("another issuer", provider(discovery={"issuer": "https://x/", "jwks_uri": JWKS}), Terminal, "IssuerMismatch",
     "must be equal"),
    ("no slash at the end", provider(discovery={"issuer": ISSUER[:-1], "jwks_uri": JWKS}), Terminal, "IssuerMismatch",
     "trailing slash"),
    ("no issuer", provider(discovery={"jwks_uri": JWKS}), Terminal, "IssuerMismatch", "None"),
    ("no jwks_uri", provider(discovery={"issuer": ISSUER}), Terminal, "KeysUnusable", "no https jwks_uri"),
    ("a plain jwks_uri", provider(discovery={"issuer": ISSUER, "jwks_uri": "http://x"}), Terminal, "KeysUnusable",
     "no https jwks_uri"),
    ("not found", lambda _: answer({}, 404), Retryable, "DiscoveryFailed", "answered 404"),
    ("a redirect", lambda _: answer({}, 302), Retryable, "DiscoveryFailed", "answered 302"),
    ("unavailable", lambda _: answer({}, 503), Retryable, "DiscoveryFailed", "answered 503"),
    ("no JSON", lambda _: answer(b"<html>"), Retryable, "DiscoveryFailed", "JSON object"),
    ("a list", lambda _: answer([]), Retryable, "DiscoveryFailed", "JSON object"),
    ("far too large", lambda _: answer(b'{"x":"' + b"y" * 1_000_001 + b'"}'), Retryable, "DiscoveryFailed",
     "sane size"),
    ("too slow", failing(httpx.ReadTimeout("x")), Retryable, "DiscoveryFailed", "within 1.5 s"),
    ("no connection", failing(httpx.ConnectError("x")), Retryable, "DiscoveryFailed", "ConnectError"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("handler", "kind", "reason", "words"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
def test_each_failure_has_its_reason_and_words(
    discover: Any, handler: Handler, kind: type[OperatorError], reason: str, words: str
) -> None:
    with pytest.raises(OperatorError) as caught:
        discover(handler)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert words in caught.value.message
