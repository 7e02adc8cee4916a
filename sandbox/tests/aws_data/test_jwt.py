"""The JWT authorizer with real tokens, real discovery and real JWKS over TLS."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from joserfc.util import json_b64encode

from oracleapi_sandbox.aws.data.authorizer import granted_scopes, identity
from oracleapi_sandbox.aws.data.request import Request
from oracleapi_sandbox.aws.deployed import Throttle
from oracleapi_sandbox.oidc.shapes import SHAPES, Holder


def refused(reply, description, scope=""):
    assert (reply.status, reply.message) == (401, "Unauthorized")
    assert reply.header("www-authenticate") == (
        f'Bearer scope="{scope}" error="invalid_token" error_description="{description}"'
    )


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_a_token_of_the_rsa_family_passes(gateway, algorithm):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    token = issuer.token(gateway.claims(issuer), alg=algorithm)
    echo = gateway.bearer(token).echo
    assert echo.all("authorization") == [f"Bearer {token}"], "the back end gets the original token"


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "{}", "Bearer   {} "])
def test_the_token_comes_with_or_without_bearer(gateway, form):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    token = issuer.token(gateway.claims(issuer))
    assert gateway.call("/s", headers={"Authorization": form.format(token)}).status == 200


def test_without_a_token_the_challenge_is_bare(gateway):
    gateway.secure(gateway.issuer(), "read")
    reply = gateway.call("/s")
    assert (reply.status, reply.message, reply.header("www-authenticate")) == (401, "Unauthorized", "Bearer")
    assert not gateway.backend.seen


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        pytest.param({"exp": None}, "the token does not have an expiry", id="exp is required"),
        pytest.param({"exp": "2999999999"}, "the token does not have an expiry", id="exp is a number"),
        pytest.param({"exp": True}, "the token does not have an expiry", id="exp is not a truth value"),
        pytest.param({"exp": 1_700_000_000}, "the token has expired", id="exp is in the future"),
        pytest.param({"nbf": 2_900_000_000}, "the token's nbf is not in the past", id="nbf is in the past"),
        pytest.param({"iat": 2_900_000_000}, "the token's iat is not in the past", id="iat is in the past"),
        pytest.param({"nbf": "soon"}, "the token's nbf is not in the past", id="nbf is a number"),
        pytest.param({"nbf": None, "iat": None}, None, id="nbf and iat may be absent"),
        pytest.param({"iss": "https://other"}, "the token does not have a valid issuer", id="another issuer"),
        pytest.param({"iss": None}, "the token does not have a valid issuer", id="no issuer"),
        pytest.param({"aud": "other"}, "the token does not have a valid audience", id="another audience"),
        pytest.param({"aud": ["x", "web"]}, None, id="one of several audiences"),
        pytest.param({"aud": ["x"]}, "the token does not have a valid audience", id="none of several audiences"),
        pytest.param({"aud": []}, "the token does not have a valid audience", id="no audience in the array"),
        pytest.param({"aud": None, "client_id": "web"}, None, id="client_id counts when there is no aud"),
        pytest.param({"aud": "x", "client_id": "web"}, "the token does not have a valid audience", id="but only then"),
        pytest.param({"aud": None, "client_id": ["web"]}, "the token does not have a valid audience", id="as a text"),
        pytest.param({"aud": None}, "the token does not have a valid audience", id="neither aud nor client_id"),
        pytest.param({"aud": {"api": 1}}, "the token does not have a valid audience", id="aud of a wrong type"),
        pytest.param({"aud": "API"}, "the token does not have a valid audience", id="audiences are case-sensitive"),
    ],
)
def test_claims(gateway, changes, passes):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    reply = gateway.bearer(issuer.token(gateway.claims(issuer, **changes)))
    if passes is None:
        assert reply.status == 200
    else:
        refused(reply, passes)


def test_an_explicit_null_audience_is_an_audience(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    claims = gateway.claims(issuer, client_id="web") | {"aud": None}
    refused(gateway.bearer(issuer.token(claims)), "the token does not have a valid audience")


def test_the_issuer_is_compared_with_its_trailing_slash(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    reply = gateway.bearer(issuer.token(gateway.claims(issuer, iss=issuer.url + "/")))
    refused(reply, "the token does not have a valid issuer")


def test_an_issuer_with_a_trailing_slash_is_discovered(gateway):
    issuer = gateway.issuer()
    issuer.url += "/"
    gateway.secure(issuer)
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 200


@pytest.mark.parametrize("algorithm", ["none", "ES256", "HS256", "PS256", "rs256"])
def test_other_algorithms_are_refused(gateway, other_keys, algorithm):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    if algorithm in other_keys:
        token = issuer.token(gateway.claims(issuer), alg=algorithm, key=other_keys[algorithm])
    else:
        token = relabelled(issuer, gateway.claims(issuer), {"alg": algorithm, "kid": "k1"})
    refused(gateway.bearer(token), "the signing method is invalid")


def relabelled(issuer, claims, header):
    """A token whose header says something else than what was signed."""
    _, payload, signature = issuer.token(claims).split(".")
    return f"{json_b64encode(header).decode()}.{payload}.{'' if header['alg'] == 'none' else signature}"


def test_the_public_key_is_no_shared_secret(gateway):
    """The classic confusion: HS256 with the RSA public key as secret."""
    issuer = gateway.issuer()
    gateway.secure(issuer)
    secret = OctKey.import_key({"kty": "oct", "k": issuer.keys["k1"].as_dict(private=False)["n"]})
    token = issuer.token(gateway.claims(issuer), alg="HS256", key=secret)
    refused(gateway.bearer(token), "the signing method is invalid")


@pytest.mark.parametrize(
    ("token", "description"),
    [
        ("nonsense", "token contains an invalid number of segments"),
        ("a.b", "token contains an invalid number of segments"),
        ("a.b.c.d", "token contains an invalid number of segments"),
        ("a.b.c", "the token's header cannot be decoded"),
        ("W10.e30.c2ln", "the token's header cannot be decoded"),
        ("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.W10.c2ln", "the token's claims cannot be decoded"),
        ("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJleHAiOkluZmluaXR5fQ.c2ln", "the token's claims cannot be decoded"),
        ("eyJhbGciOiJSUzI1NiIsImtpZCI6MX0.e30.c2ln", "the token does not have a kid"),
        ("eyJhbGciOlsiUlMyNTYiXSwia2lkIjoiazEifQ.e30.c2ln", "the signing method is invalid"),
    ],
)
def test_what_is_no_token(gateway, token, description):
    gateway.secure(gateway.issuer())
    refused(gateway.bearer(token), description)


def test_a_token_needs_a_kid_that_is_published(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    refused(gateway.bearer(issuer.token(gateway.claims(issuer), kid=None)), "the token does not have a kid")
    issuer.keys["k9"] = issuer.keys["k1"]
    refused(
        gateway.bearer(issuer.token(gateway.claims(issuer), kid="k9")),
        "the signature cannot be verified with the issuer's keys",
    )


@pytest.mark.parametrize("forge", ["other key", "other claims", "cut signature", "no signature"])
def test_a_forged_token_is_refused(gateway, other_keys, forge):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    claims = gateway.claims(issuer)
    header, payload, signature = issuer.token(claims).split(".")
    forged = {
        "other key": issuer.token(claims, key=other_keys["RS256"]),
        "other claims": f"{header}.{issuer.token({**claims, 'sub': 'eve'}).split('.')[1]}.{signature}",
        "cut signature": f"{header}.{payload}.{signature[:-4]}",
        "no signature": f"{header}.{payload}.",
    }[forge]
    refused(gateway.bearer(forged), "the signature cannot be verified with the issuer's keys")
    assert not gateway.backend.seen


def test_critical_header_parameters_are_refused(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    token = relabelled(issuer, gateway.claims(issuer), {"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1})
    refused(gateway.bearer(token), "the token has critical header parameters")


def test_two_authorization_headers_are_no_token(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    token = issuer.token(gateway.claims(issuer))
    reply = gateway.call("/s", headers=[("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")])
    assert reply.status == 401


@pytest.mark.parametrize(
    ("jwk", "status"),
    [
        pytest.param({"use": "sig", "alg": "RS256"}, 200, id="a signing key for this algorithm"),
        pytest.param({"use": "enc"}, 401, id="an encryption key verifies nothing"),
        pytest.param({"alg": "RS512"}, 401, id="a key for another algorithm"),
    ],
)
def test_use_and_alg_of_a_jwk_count(gateway, jwk, status):
    issuer = gateway.issuer()
    issuer.publish(issuer.key("k1", **jwk))
    gateway.secure(issuer)
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == status


def test_keys_that_are_not_understood_do_no_harm(gateway, other_keys):
    issuer = gateway.issuer()
    strange = {"kty": "OKP2", "kid": "k1"}
    broken = {"kty": "RSA", "kid": "k1", "n": "!", "e": "AQAB"}
    ec = {**other_keys["ES256"].as_dict(private=False), "kid": "k1"}
    issuer.publish(strange, broken, ec, issuer.key("k1"))
    gateway.secure(issuer)
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        pytest.param({"scope": "other hr.read"}, 200, id="one scope of scope is enough"),
        pytest.param({"scp": ["hr.write"]}, 200, id="scp as an array"),
        pytest.param({"scp": "hr.write x"}, 200, id="scp as a text"),
        pytest.param({"scope": ["hr.read"]}, 200, id="scope as an array"),
        pytest.param({"scope": "hr.reader"}, 403, id="a longer name is another scope"),
        pytest.param({"scope": "HR.READ"}, 403, id="scopes are case-sensitive"),
        pytest.param({"permissions": ["hr.read"], "roles": "hr.read"}, 403, id="other claims are ignored"),
        pytest.param({}, 403, id="no scope at all"),
    ],
)
def test_scopes(gateway, claims, status):
    issuer = gateway.issuer()
    gateway.secure(issuer, "hr.read", "hr.write")
    reply = gateway.bearer(issuer.token(gateway.claims(issuer, **claims)))
    assert reply.status == status
    if status == 403:
        assert reply.message == "Forbidden"
        assert reply.header("www-authenticate").startswith('Bearer scope="hr.read hr.write" error="insufficient_scope"')
        assert not gateway.backend.seen


def test_a_missing_scope_is_401_with_the_switch(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer, "hr.read")
    gateway.settings.update({"missing_scope_status": 401})
    reply = gateway.bearer(issuer.token(gateway.claims(issuer)))
    assert (reply.status, reply.message) == (401, "Unauthorized")
    assert 'error="insufficient_scope"' in reply.header("www-authenticate")


def test_an_invalid_token_is_told_the_scopes_of_the_route(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer, "a", "b")
    refused(gateway.bearer(issuer.token(gateway.claims(issuer, exp=1))), "the token has expired", scope="a b")


@pytest.mark.parametrize(
    ("source", "headers", "query"),
    [
        ("$request.header.X-Token", {"x-token": "{}"}, ""),
        ("$request.querystring.token", {}, "?token={}"),
        ("$request.querystring.token", {}, "?token=Bearer%20{}"),
    ],
)
def test_other_identity_sources(gateway, source, headers, query):
    issuer = gateway.issuer()
    gateway.secure(issuer, source=source)
    token = issuer.token(gateway.claims(issuer))
    filled = {name: value.format(token) for name, value in headers.items()}
    assert gateway.call("/s" + query.format(token), headers=filled).status == 200
    assert gateway.call("/s", headers={"Authorization": f"Bearer {token}"}).status == 401


def test_an_identity_source_of_another_kind_is_an_error(gateway):
    with pytest.raises(ValueError, match="neither"):
        identity("$context.identity.sourceIp", Request("GET", "/", "", ()))
    gateway.secure(gateway.issuer(), source="$context.identity.sourceIp")
    assert gateway.call("/s").status == 500


def test_scopes_of_both_claims_are_joined():
    assert granted_scopes({"scope": "a b", "scp": ["c", 1]}) == {"a", "b", "c"}


def shaped(gateway, issuer, shape, **changes):
    """A token of a vendor's shape, of a user unless *changes* say otherwise."""
    asked = {"subject": "ann", "client": "web", "audience": "api", "scopes": ("hr.read",), "groups": (), "kid": "k1"}
    made = SHAPES[shape](Holder(**asked | {"overage": "none"} | changes))
    return issuer.token(gateway.claims(issuer, **made.claims))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_vendors_users_pass_and_need_their_scope(gateway, shape):
    issuer = gateway.issuer()
    gateway.secure(issuer, "hr.read")
    assert gateway.bearer(shaped(gateway, issuer, shape)).status == 200
    assert gateway.bearer(shaped(gateway, issuer, shape, scopes=("hr.write",))).status == 403


@pytest.mark.parametrize("shape", SHAPES)
def test_clients_of_their_own_pass_but_for_entras_which_have_roles_instead_of_scopes(gateway, shape):
    issuer = gateway.issuer()
    gateway.secure(issuer, "hr.read")
    expected = 403 if shape.startswith("entra") else 200
    assert gateway.bearer(shaped(gateway, issuer, shape, subject=None)).status == expected


def test_the_audience_of_cognito_is_its_client(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    refused(gateway.bearer(shaped(gateway, issuer, "cognito", client="x")), "the token does not have a valid audience")


def test_without_scope_arrays_oktas_tokens_have_no_scope(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer, "hr.read")
    gateway.settings.scope_arrays = False
    passed = {shape for shape in SHAPES if gateway.bearer(shaped(gateway, issuer, shape)).status == 200}
    assert passed == {*SHAPES} - {"okta"}


# --- the issuer's documents ------------------------------------------------------------------------------------------


def test_keys_are_cached_for_two_hours(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    for _ in range(3):
        assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 200
    assert issuer.fetches == ["/.well-known/openid-configuration", "/keys"]
    issuer.publish(issuer.key("k2"))
    gateway.clock.advance(7199)
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 200, "a withdrawn key lives on in the cache"
    gateway.clock.advance(1)
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 401
    assert len(issuer.fetches) >= 4


def test_an_unknown_kid_fetches_again_but_not_every_time(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 200
    old, new = issuer.key("k1"), issuer.key("k2")
    issuer.publish(old, new)
    assert gateway.bearer(issuer.token(gateway.claims(issuer), kid="k2")).status == 200
    issuer.keys["k3"] = issuer.keys["k1"]
    for _ in range(5):
        assert gateway.bearer(issuer.token(gateway.claims(issuer), kid="k3")).status == 401
    assert issuer.fetches.count("/keys") == 2
    gateway.clock.advance(gateway.settings.refetch_interval_seconds)
    assert gateway.bearer(issuer.token(gateway.claims(issuer), kid="k3")).status == 401
    assert issuer.fetches.count("/keys") == 3


def test_with_the_switch_off_a_new_key_waits_for_the_cache(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    gateway.settings.update({"refetch_on_unknown_kid": False, "jwt_key_cache_seconds": 60})
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 200
    issuer.publish(issuer.key("k2"))
    assert gateway.bearer(issuer.token(gateway.claims(issuer), kid="k2")).status == 401
    gateway.clock.advance(60)
    assert gateway.bearer(issuer.token(gateway.claims(issuer), kid="k2")).status == 200


DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("path", "document", "description"),
    [
        (DISCOVERY, None, "OIDC discovery endpoint communication error"),
        (DISCOVERY, b"<html>", "OIDC discovery endpoint communication error"),
        (DISCOVERY, b"[]", "OIDC discovery endpoint communication error"),
        (
            "/.well-known/openid-configuration",
            "https://localhost/elsewhere",
            "OIDC discovery endpoint communication error",
        ),
        (DISCOVERY, {}, "JWKS communication error"),
        (DISCOVERY, {"jwks_uri": "http://localhost/keys"}, "JWKS communication error"),
        ("/keys", None, "JWKS communication error"),
        ("/keys", {"keys": "none"}, "JWKS communication error"),
        ("/keys", b'{"keys": []}' + b" " * 150_000, "JWKS communication error"),
    ],
)
def test_documents_that_cannot_be_used(gateway, path, document, description):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    issuer.documents[path] = document
    refused(gateway.bearer(issuer.token(gateway.claims(issuer))), description)


def test_documents_of_exactly_the_limit_are_fine(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    document = json.dumps(issuer.documents["/keys"]).encode()
    issuer.documents["/keys"] = document + b" " * (150_000 - len(document))
    assert gateway.bearer(issuer.token(gateway.claims(issuer))).status == 200


@pytest.mark.parametrize(
    ("path", "description"),
    [
        (DISCOVERY, "OIDC discovery endpoint communication error"),
        ("/keys", "JWKS communication error"),
    ],
)
def test_a_slow_issuer_is_not_waited_for(gateway, path, description):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    gateway.settings.update({"oidc_timeout_seconds": 0.05})
    issuer.documents[path] = released = threading.Event()
    refused(gateway.bearer(issuer.token(gateway.claims(issuer))), description)
    released.set()


def test_an_issuer_that_nobody_vouches_for_is_not_asked(gateway):
    """Its certificate says localhost; the address is not in it."""
    issuer = gateway.issuer()
    issuer.url = issuer.url.replace("localhost", "127.0.0.1")
    gateway.secure(issuer)
    refused(gateway.bearer(issuer.token(gateway.claims(issuer))), "OIDC discovery endpoint communication error")
    assert not issuer.fetches


def test_parallel_callers_share_one_fetch(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    token = issuer.token(gateway.claims(issuer))
    with ThreadPoolExecutor(8) as pool:
        assert {reply.status for reply in pool.map(gateway.bearer, [token] * 16)} == {200}
    assert issuer.fetches == ["/.well-known/openid-configuration", "/keys"]


def test_a_large_header_and_a_large_key_are_fine(gateway):
    issuer = gateway.issuer()
    issuer.keys["big"] = RSAKey.generate_key(4096)
    issuer.publish({**issuer.keys["big"].as_dict(private=False), "kid": "big"})
    gateway.secure(issuer)
    registry = jws.JWSRegistry(algorithms=["RS512"], strict_check_header=False)
    registry.max_header_length = 4096
    header = {"alg": "RS512", "kid": "big", "x5t#S256": "t" * 1000}
    claims = json.dumps(gateway.claims(issuer, groups=[f"group-{n}" for n in range(300)])).encode()
    token = jws.serialize_compact(header, claims, issuer.keys["big"], registry=registry)
    assert gateway.bearer(token).status == 200


def test_a_reset_forgets_keys_and_fills_throttles(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    (secured,) = gateway.stages.find(gateway.api_id)
    gateway.deploy(*secured.routes, default_throttle=Throttle(1, 1))
    token = issuer.token(gateway.claims(issuer))
    assert [gateway.bearer(token).status for _ in range(2)] == [200, 429]
    gateway.reset()
    assert gateway.bearer(token).status == 200
    assert issuer.fetches.count("/keys") == 2
