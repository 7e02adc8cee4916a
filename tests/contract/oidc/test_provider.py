"""What a relying party sees of the provider: OpenID Connect Discovery 1.0, RFC 7517 and RFC 7519 [D]."""

import base64
import contextlib
import json
import pathlib
import ssl
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwk, jws
from joserfc.errors import JoseError

from support.parts import Part, start_part

DISCOVERY = "/.well-known/openid-configuration"
RSA_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]


def jwks(http: httpx.Client) -> dict[str, Any]:
    """Fetch the keys as a relying party does: by way of discovery."""
    found: dict[str, Any] = http.get(http.get(DISCOVERY).json()["jwks_uri"]).raise_for_status().json()
    return found


def token(http: httpx.Client, **members: Any) -> str:
    answer = http.post("/_sandbox/token", json=members)
    assert answer.status_code == 200, answer.text
    made: str = answer.json()["access_token"]
    return made


def read(made: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of *made* without verifying anything."""
    header, claims, _ = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in made.split("."))
    return json.loads(header), json.loads(claims)


def faults(made: str, keys: dict[str, Any], issuer: str) -> set[str]:
    """Return every rule of a strict RSA-only verifier that the token *made* breaks."""
    (header, claims), now = read(made), time.time()
    broken = {
        "alg": header["alg"] not in RSA_ALGORITHMS,
        "kid": header.get("kid") not in [key["kid"] for key in keys["keys"]],
        "iss": claims.get("iss") != issuer,
        "exp": claims.get("exp", 0) <= now,
        "nbf": claims.get("nbf", 0) > now,
        "iat": claims.get("iat", now + 1) > now,
        "signature": not any(_signs(key, made) for key in keys["keys"]),
    }
    return {rule for rule, holds in broken.items() if holds}


def _signs(key: dict[str, Any], made: str) -> bool:
    try:
        jws.deserialize_compact(made, jwk.import_key(key), algorithms=[*RSA_ALGORITHMS, "ES256"])
    except (JoseError, ValueError):
        return False
    return True


def test_discovery_names_this_issuer_exactly(http: httpx.Client, provider: Part) -> None:
    document = http.get(DISCOVERY).json()
    assert document["issuer"] == provider.addresses["issuer"] == f"https://localhost:{provider.addresses['port']}"
    required = {"authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"}
    required |= {"subject_types_supported", "id_token_signing_alg_values_supported"}
    assert required <= set(document)


def test_published_keys_are_rsa_signing_keys_with_kid_and_without_private_members(http: httpx.Client) -> None:
    for key in jwks(http)["keys"]:
        assert key["kty"] == "RSA"
        assert key["use"] == "sig"
        assert key["kid"]
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)


def test_tls_is_by_the_sandbox_authority_for_both_names(provider: Part, authority: pathlib.Path) -> None:
    context = ssl.create_default_context(cafile=str(authority))
    for host in ("localhost", "127.0.0.1"):
        url = f"https://{host}:{provider.addresses['port']}{DISCOVERY}"
        assert httpx.get(url, verify=context, trust_env=False).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(url, verify=ssl.create_default_context(), trust_env=False)


def test_a_token_carries_what_was_asked_for(http: httpx.Client, provider: Part) -> None:
    made = token(
        http,
        subject="alice",
        audience=["orders", "hr"],
        scope="read write",
        groups=["hr-readers"],
        claims={"client_id": "c1", "jti": None, "nested": {"roles": ["a"]}},
        lifetime_seconds=60,
        not_before=1_700_000_000,
    )
    claims = read(made)[1]
    assert claims["exp"] - claims["iat"] == 60
    del claims["exp"], claims["iat"]
    assert claims == {
        "iss": provider.addresses["issuer"],
        "sub": "alice",
        "aud": ["orders", "hr"],
        "scope": "read write",
        "groups": ["hr-readers"],
        "client_id": "c1",
        "nested": {"roles": ["a"]},
        "nbf": 1_700_000_000,
    }


def test_claims_that_were_not_asked_for_are_absent(http: httpx.Client) -> None:
    claims = read(token(http, subject="alice"))[1]
    assert set(claims) == {"iss", "sub", "iat", "exp", "jti"}


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        pytest.param("none", set(), id="a right token breaks no rule"),
        pytest.param("bad-signature", {"signature"}, id="the right kid with a changed signature"),
        pytest.param("alg-none", {"alg", "signature"}, id="no signature at all"),
        pytest.param("es256", {"alg"}, id="a good signature of a published key that is not RSA"),
        pytest.param("expired", {"exp"}, id="exp in the past"),
        pytest.param("other-key", {"kid", "signature"}, id="a key that is not published"),
        pytest.param("no-kid", {"kid"}, id="no kid in the header"),
        pytest.param("no-exp", {"exp"}, id="no exp"),
        pytest.param("wrong-issuer", {"iss"}, id="another provider's iss"),
        pytest.param("future-nbf", {"nbf"}, id="nbf in the future"),
    ],
)
def test_a_fault_breaks_its_rule_and_no_other(http: httpx.Client, provider: Part, fault: str, broken: set[str]) -> None:
    made = token(http, subject="alice", audience="x", scope="read", fault=fault)
    assert faults(made, jwks(http), provider.addresses["issuer"]) == broken


@pytest.mark.parametrize("algorithm", RSA_ALGORITHMS)
def test_the_rsa_family_signs(http: httpx.Client, provider: Part, algorithm: str) -> None:
    made = token(http, subject="alice", algorithm=algorithm)
    assert read(made)[0]["alg"] == algorithm
    assert faults(made, jwks(http), provider.addresses["issuer"]) == set()


def test_header_parameters_can_be_set_and_removed(http: httpx.Client) -> None:
    made = token(http, subject="alice", header={"typ": "at+jwt", "x5t": "abc"})
    header = read(made)[0]
    assert (header["typ"], header["x5t"]) == ("at+jwt", "abc")
    assert "typ" not in read(token(http, subject="alice", header={"typ": None}))[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param('{"subjct": "a"}', "unknown member 'subjct'", id="a member that does not exist"),
        pytest.param('{"subject": 7}', "member 'subject'", id="a subject that is no text"),
        pytest.param('{"groups": "hr"}', "member 'groups'", id="groups that are no list"),
        pytest.param('{"fault": "broken"}', "known: none, bad-signature", id="a fault that does not exist"),
        pytest.param('{"algorithm": "HS256"}', "member 'algorithm'", id="an algorithm outside the RSA family"),
        pytest.param("[1]", "JSON object", id="no object"),
        pytest.param("{", "not JSON", id="no JSON"),
    ],
)
def test_a_malformed_request_is_refused_with_its_reason(http: httpx.Client, body: str, said: str) -> None:
    answer = http.post("/_sandbox/token", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error_description"]


def test_a_rotated_key_stays_published_until_it_is_dropped(http: httpx.Client, provider: Part) -> None:
    issuer, before = provider.addresses["issuer"], token(http, subject="alice")
    http.post("/_sandbox/rotate-keys").raise_for_status()
    after = token(http, subject="alice")
    assert faults(before, jwks(http), issuer) == faults(after, jwks(http), issuer) == set()
    http.post("/_sandbox/drop-old-keys").raise_for_status()
    assert faults(before, jwks(http), issuer) == {"kid", "signature"}
    assert faults(after, jwks(http), issuer) == set()


def test_rotation_can_drop_the_old_key_at_once_and_make_a_short_one(http: httpx.Client) -> None:
    made = http.post("/_sandbox/rotate-keys", json={"drop_old": True, "bits": 1024}).raise_for_status().json()
    assert made["published"] == [made["signing"]]
    assert len(jwks(http)["keys"][0]["n"]) < 200
    assert token(http, subject="alice")
    http.post("/_sandbox/rotate-keys", json={"drop_old": True}).raise_for_status()
    assert http.post("/_sandbox/rotate-keys", json={"bits": 512}).status_code == 400


def test_the_ec_key_is_published_only_once_it_signed(http: httpx.Client) -> None:
    assert [key["kty"] for key in jwks(http)["keys"]] == ["RSA"]
    token(http, subject="alice", fault="es256")
    assert [key["kty"] for key in jwks(http)["keys"]] == ["RSA", "EC"]


def test_documents_can_be_made_weird(http: httpx.Client) -> None:
    def answered(**changes: Any) -> httpx.Response:
        http.post("/_sandbox/reset").raise_for_status()
        http.put("/_sandbox/settings", json=changes).raise_for_status()
        return http.get(DISCOVERY if "discovery" in changes else "/jwks")

    assert answered(discovery={"members": {"issuer": "https://x/"}}).json()["issuer"] == "https://x/"
    assert "jwks_uri" not in answered(discovery={"members": {"jwks_uri": None}}).json()
    assert answered(discovery={"status": 503}).status_code == 503
    assert answered(discovery={"body": "<html>", "content_type": "text/html"}).text == "<html>"
    moved = answered(discovery={"status": 302, "location": "https://localhost/x"})
    assert (moved.status_code, moved.headers["location"]) == (302, "https://localhost/x")
    assert answered(jwks={"status": 500}).status_code == 500
    assert answered(jwks={"members": {"keys": []}}).json() == {"keys": []}
    assert len(answered(jwks={"pad_bytes": 200_000}).content) > 200_000


def test_a_slow_document_outlasts_a_client(http: httpx.Client) -> None:
    http.put("/_sandbox/settings", json={"jwks": {"delay_ms": 60_000}}).raise_for_status()
    with pytest.raises(httpx.ReadTimeout):
        http.get("/jwks", timeout=0.2)
    assert http.get(DISCOVERY).status_code == 200


def test_unknown_settings_are_refused_and_change_nothing(http: httpx.Client) -> None:
    before = http.get("/_sandbox/settings").json()
    for changes in ({"jwk": {}}, {"jwks": {"stat": 1}}, {"jwks": {"status": 99}}, {"discovery": {"status": True}}, []):
        assert http.put("/_sandbox/settings", json=changes).status_code == 400
    assert http.get("/_sandbox/settings").json() == before


def test_fetches_are_counted_and_tokens_are_not_shown(http: httpx.Client) -> None:
    http.delete("/_sandbox/calls").raise_for_status()
    token(http, subject="alice")
    jwks(http)
    calls = http.get("/_sandbox/calls").json()["calls"]
    assert [call["document"] for call in calls] == ["discovery", "jwks"]
    later = http.get("/_sandbox/calls", params={"since": calls[0]["seq"]}).json()["calls"]
    assert [call["document"] for call in later] == ["jwks"]


def test_no_grant_is_offered(http: httpx.Client) -> None:
    document = http.get(DISCOVERY).json()
    refused = http.post(document["token_endpoint"], data={"grant_type": "client_credentials"})
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


@contextlib.contextmanager
def own_provider(state: pathlib.Path) -> Iterator[httpx.Client]:
    """A provider that the test may stop or move through time."""
    part = start_part("oidc", state)
    try:
        context = ssl.create_default_context(cafile=str(state / "ca" / "ca.crt"))
        with httpx.Client(base_url=part.addresses["issuer"], verify=context, trust_env=False) as client:
            yield client
    finally:
        part.stop()


def test_the_clock_dates_tokens_and_only_moves_forward(tmp_path: pathlib.Path) -> None:
    with own_provider(tmp_path) as http:
        before = read(token(http, subject="alice"))[1]["iat"]
        http.post("/_sandbox/clock", json={"advance_seconds": 7200}).raise_for_status()
        assert read(token(http, subject="alice"))[1]["iat"] >= before + 7200
        for wrong in ({"advance_seconds": -1}, {"advance_seconds": "1"}, {"seconds": 1}, {}, [1]):
            assert http.post("/_sandbox/clock", json=wrong).status_code == 400


def test_issuer_and_keys_outlive_the_process(tmp_path: pathlib.Path) -> None:
    seen = []
    for _ in range(2):
        with own_provider(tmp_path) as http:
            seen.append((http.get(DISCOVERY).json()["issuer"], jwks(http)))
    assert seen[0] == seen[1]
