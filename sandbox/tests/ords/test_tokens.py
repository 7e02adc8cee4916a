"""JWT profiles: every check of a token, and the key set that a provider really serves."""

import base64
import json
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey

from oracleapi_sandbox.oidc.shapes import SHAPES, Holder

INVALID = 'Bearer realm="Oracle REST Data Services", error="invalid_token"'


@pytest.fixture
def protected(world: Any) -> Any:
    """A world whose one resource needs the scope hr.read."""
    world.rows("who :current_user", "WHO", ("x",))
    world.query("x", "who :current_user", kind="json/item")
    world.profile()
    world.protect("hr.read", "/emp/*")
    return world


def status(world: Any, token: str) -> int:
    answer = world.call("/ords/hr/emp/x", headers={"Authorization": f"Bearer {token}"})
    if answer.status == 401:
        assert answer.header("WWW-Authenticate") == INVALID
        assert answer.json["code"] == "Unauthorized"
    return int(answer.status)


def test_a_good_token_passes_and_its_sub_is_the_current_user(protected: Any) -> None:
    assert status(protected, protected.token()) == 200
    assert protected.binds == {"CURRENT_USER": "ann"}
    assert protected.journal.entries()[-1]["user"] == "ann"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_the_three_rsa_algorithms_pass(protected: Any, algorithm: str) -> None:
    assert status(protected, protected.token(header={"alg": algorithm})) == 200


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("another issuer", {"iss": "https://idp.example/"}),
        ("another audience", {"aud": "https://other.example"}),
        ("the audience is not in the list", {"aud": ["a", "b"]}),
        ("no audience (Cognito)", {"drop": "aud"}),
        ("expired", {"exp": 1}),
        ("expires this second", {"exp": 1_700_000_000}),
        ("no exp", {"drop": "exp"}),
        ("exp is text", {"exp": "1900000000"}),
        ("exp is endless", {"exp": float("inf")}),
        ("iat is true", {"iat": True}),
        ("no iat", {"drop": "iat"}),
        ("not yet valid", {"nbf": 1_700_000_100}),
        ("no sub", {"drop": "sub"}),
        ("empty sub", {"sub": ""}),
        ("sub is a number", {"sub": 7}),
        ("no kid", {"header": {"kid": None}}),
        ("an unknown kid", {"header": {"kid": "other"}}),
        ("typ of RFC 9068", {"header": {"typ": "at+jwt"}}),
        ("x5t that the key does not have", {"header": {"x5t": "abc"}}),
        ("no scope", {"drop": "scope"}),
        ("another scope", {"scope": "hr.write"}),
        ("a scope that contains the name", {"scope": "hr.read.all xhr.read"}),
        ("the scope in another case", {"scope": "HR.READ"}),
    ],
)
def test_a_token_is_refused(protected: Any, why: str, changes: dict[str, Any]) -> None:
    assert status(protected, protected.token(**changes)) == 401, why
    assert protected.database.executed == []


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("the audience is one of several", {"aud": ["x", "https://api.example"]}),
        ("the scope is one of several", {"scope": "openid hr.read profile"}),
        ("scp as text (Okta, Entra)", {"drop": "scope", "scp": "hr.read"}),
        ("scp as array", {"drop": "scope", "scp": ["openid", "hr.read"]}),
        ("nbf has passed", {"nbf": 1_699_999_999}),
        ("no typ", {"header": {"typ": None}}),
        ("fractions of a second", {"exp": 1_700_000_000.5}),
    ],
)
def test_a_token_passes(protected: Any, why: str, changes: dict[str, Any]) -> None:
    assert status(protected, protected.token(**changes)) == 200, why


def shaped(world: Any, shape: str, subject: str | None = "ann") -> str:
    """Return a token of a vendor's shape."""
    made = SHAPES[shape](Holder(subject, "web", "https://api.example", ("hr.read",), ("staff",), "none", "one"))
    left_out = "scope" if made.claims.get("scope") is None else None
    claims = {name: value for name, value in made.claims.items() if value is not None}
    if made.claims["aud"] is None:
        return str(world.token(drop="aud", header=dict(made.header), **claims))
    return str(world.token(drop=left_out, header=dict(made.header), **claims))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("okta", 200),
        ("entra-v2", 200),
        ("entra-v1", 200),
        ("keycloak", 200),
        ("auth0", 200),
        ("cognito", 401),  # no aud
        ("auth0-rfc9068", 401),  # typ is at+jwt
    ],
)
def test_vendors_users(protected: Any, keys: tuple[RSAKey, RSAKey], shape: str, expected: int) -> None:
    protected.jwks.publish(keys[0], x5t="one")
    assert status(protected, shaped(protected, shape)) == expected


@pytest.mark.parametrize("shape", ["okta", "keycloak", "auth0", "entra-v2", "entra-v1"])
def test_clients_of_their_own_pass_but_for_entras_which_have_roles_instead_of_scopes(
    protected: Any, keys: tuple[RSAKey, RSAKey], shape: str
) -> None:
    protected.jwks.publish(keys[0], x5t="one")
    assert status(protected, shaped(protected, shape, None)) == (401 if shape.startswith("entra") else 200)


def test_without_scp_arrays_oktas_tokens_have_no_scope(protected: Any) -> None:
    protected.settings.scp_array = False
    assert status(protected, shaped(protected, "okta")) == 401
    assert status(protected, shaped(protected, "entra-v2")) == 200


def _unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join([*parts, ""])


def test_tokens_without_a_real_rsa_signature_are_refused(protected: Any, keys: tuple[RSAKey, RSAKey]) -> None:
    good = protected.token()
    head, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    tampered = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "eve"}).encode()).rstrip(b"=").decode()
    forged_key = RSAKey.import_key(keys[1].as_dict(private=True) | {"kid": "one"})
    refused = [
        "rubbish",
        "",
        "a.b.c",
        "\u00e9.\u00e9.\u00e9",
        f"W10.{payload}.{signature}",
        f"bnVsbA.{payload}.{signature}",
        f"MQ.{payload}.{signature}",
        f"e30.{payload}.{signature}",
        f"{good}.{good}",
        f"{head}.{tampered}.{signature}",
        f"{head}.{payload}.",
        _unsigned(claims, {"alg": "none", "kid": "one"}),
        protected.token(key=forged_key),
    ]
    assert [status(protected, token) for token in refused] == [401] * len(refused)


@pytest.mark.parametrize("kind", ["ec", "small", "oct"])
def test_keys_that_are_not_rsa_of_2048_bits_are_refused(protected: Any, kind: str) -> None:
    if kind == "small":
        with pytest.warns(SecurityWarning):
            key: Any = RSAKey.generate_key(1024, {"kid": "one"})
        token = protected.token(key=key)
        protected.jwks.publish(key)
    else:
        made: Any = ECKey if kind == "ec" else OctKey
        protected.jwks.publish(made.generate_key("P-256" if kind == "ec" else 256, {"kid": "one"}))
        token = protected.token()
    assert status(protected, token) == 401


def test_x5t_is_compared_with_the_keys(protected: Any, keys: tuple[RSAKey, RSAKey]) -> None:
    protected.jwks.publish(keys[0], x5t="thumb")
    assert status(protected, protected.token(header={"x5t": "thumb"})) == 200
    assert status(protected, protected.token(header={"x5t": "other"})) == 401


@pytest.mark.parametrize(
    ("own", "common", "late_by", "expected"),
    [(None, 0, 0, 401), (30, 0, 29, 200), (30, 0, 30, 401), (None, 10, 9, 200), (0, 10, 5, 401), (600, 0, 61, 401)],
)
def test_skew_comes_from_the_profile_then_the_setting_and_is_at_most_60(
    protected: Any, own: int | None, common: int, late_by: int, expected: int
) -> None:
    protected.profile(allowed_skew=own)
    protected.settings.jwt_allowed_skew = common
    assert status(protected, protected.token(exp=int(protected.clock.now()) - late_by)) == expected


@pytest.mark.parametrize(
    ("own", "common", "expected"), [(None, -1, 200), (60, -1, 401), (200, -1, 200), (None, 60, 401), (-1, 60, 200)]
)
def test_age_comes_from_the_profile_then_the_setting(
    protected: Any, own: int | None, common: int, expected: int
) -> None:
    protected.profile(allowed_age=own)
    protected.settings.jwt_allowed_age = common
    assert status(protected, protected.token(iat=int(protected.clock.now()) - 100)) == expected


def test_a_new_key_is_fetched_when_its_kid_is_unknown_and_the_interval_has_passed(
    protected: Any, keys: tuple[RSAKey, RSAKey]
) -> None:
    assert status(protected, protected.token()) == 200
    protected.jwks.publish(*keys)
    new = protected.token(key=keys[1])
    assert (status(protected, new), protected.jwks.fetches) == (401, 1)
    protected.clock.advance(10)
    assert (status(protected, new), protected.jwks.fetches) == (200, 2)
    assert (status(protected, protected.token()), protected.jwks.fetches) == (200, 2)


def test_a_withdrawn_key_works_until_the_cache_is_old(protected: Any, keys: tuple[RSAKey, RSAKey]) -> None:
    assert status(protected, protected.token()) == 200
    protected.jwks.publish(keys[1])
    protected.clock.advance(299)
    assert status(protected, protected.token()) == 200
    protected.clock.advance(1)
    assert status(protected, protected.token()) == 401


@pytest.mark.parametrize(
    "trouble", ["500", "not json", "no keys", "keys of nonsense", "too large", "http", "untrusted", "no address"]
)
def test_a_key_set_that_cannot_be_read_is_401_until_it_can(protected: Any, trouble: str) -> None:
    server, good = protected.jwks, protected.jwks.document
    match trouble:
        case "500":
            server.status = 500
        case "too large":
            protected.settings.jwks_size = len(good) - 1
        case "http" | "untrusted" | "no address":
            url = {
                "http": server.url.replace("https", "http"),
                "untrusted": server.url.replace("localhost", "127.0.0.2"),
                "no address": "https://[",
            }[trouble]
            held = protected.schema.jwt_profile
            protected.commit(jwt_profile=type(held)(held.issuer, held.audience, url))
        case _:
            server.document = {"not json": b"<html>", "no keys": b"[]", "keys of nonsense": b'{"keys": [1]}'}[trouble]
    assert status(protected, protected.token()) == 401
    server.status, server.document, protected.settings.jwks_size = 200, good, 100_000
    protected.profile()
    assert status(protected, protected.token()) == 200


def test_the_pool_mode_takes_the_pools_profile_and_ignores_the_schemas(protected: Any) -> None:
    settings = protected.settings
    settings.jwt_profile_mode = "POOL"
    assert status(protected, protected.token()) == 401
    settings.jwt_profile_issuer = "https://pool.example"
    settings.jwt_profile_audience = "pool"
    settings.jwt_profile_jwk_url = protected.jwks.url
    assert status(protected, protected.token()) == 401
    assert status(protected, protected.token(iss="https://pool.example", aud="pool")) == 200


def test_without_profiles_every_token_is_refused(protected: Any) -> None:
    protected.settings.jwt_profile_enabled = False
    assert status(protected, protected.token()) == 401
    protected.settings.jwt_profile_enabled = True
    protected.commit(jwt_profile=None)
    assert status(protected, protected.token()) == 401


@pytest.mark.parametrize(
    ("verify", "check", "header", "expected"),
    [
        (True, None, None, 401),
        (True, None, "https", 401),
        (True, "X-Forwarded-Proto: https", None, 401),
        (True, "X-Forwarded-Proto: https", "http", 401),
        (True, "X-Forwarded-Proto: https", "https", 200),
        (False, None, None, 200),
    ],
)
def test_a_token_needs_https_or_a_trusted_header(
    protected: Any, verify: bool, check: str | None, header: str | None, expected: int
) -> None:
    protected.settings.verify_ssl, protected.settings.https_header_check = verify, check
    headers = protected.bearer() | ({"X-Forwarded-Proto": header} if header else {})
    assert protected.call("/ords/hr/emp/x", headers=headers, scheme="http").status == expected
