"""Times in tokens follow the provider's clock, and the caller's claims win."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.oidc.keys import KeyRing
from oracleapi_sandbox.oidc.tokens import EXPIRED_AGO_S, FUTURE_NBF_S, TokenRequest, mint

NOW = 1_700_000_000.9
ISSUER = "https://localhost:1"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    folder: Path = tmp_path_factory.mktemp("keys")
    return KeyRing(folder)


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(TokenRequest(), {"iat": 1_700_000_000, "exp": 1_700_003_600}, id="an hour from now"),
        pytest.param(TokenRequest(lifetime_seconds=-5), {"exp": 1_699_999_995}, id="a lifetime may be negative"),
        pytest.param(TokenRequest(issued_at=1000), {"iat": 1000, "exp": 4600}, id="exp counts from iat"),
        pytest.param(TokenRequest(fault="expired"), {"exp": 1_700_000_000 - EXPIRED_AGO_S}, id="expired for a while"),
        pytest.param(TokenRequest(fault="future-nbf"), {"nbf": 1_700_000_000 + FUTURE_NBF_S}, id="not yet valid"),
        pytest.param(
            TokenRequest(claims={"exp": 7, "iss": ISSUER + "/"}), {"exp": 7, "iss": ISSUER + "/"}, id="claims win"
        ),
        pytest.param(
            TokenRequest(claims={"exp": 7}, fault="expired"), {"exp": 1_699_999_400}, id="faults win over all"
        ),
    ],
)
def test_times(keys: KeyRing, request_: TokenRequest, expected: dict[str, Any]) -> None:
    found = claims(mint(request_, ISSUER, keys, NOW))
    assert {name: found[name] for name in expected} == expected


def test_a_single_audience_stays_a_string_and_a_list_a_list(keys: KeyRing) -> None:
    for audience in ("one", ["one"], ["one", "two"]):
        assert claims(mint(TokenRequest(audience=audience), ISSUER, keys, NOW))["aud"] == audience
