"""Whose access tokens are known to come without an audience."""

import pytest

from oracleapi.api.identityprovider import IdentityProviderSpec


@pytest.mark.parametrize(
    ("issuer", "lacks"),
    [
        ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", True),
        ("https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbCdEfGhI", True),
        ("https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbCdEfGhI", True),
        ("https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI", True),
        ("https://cognito-idp.eu-west-1.amazonaws.com", False),
        ("https://cognito-idp.eu-west-1.amazonaws.com.example.com/x", False),
        ("https://example.com/cognito-idp.eu-west-1.amazonaws.com/x", False),
        ("https://example.okta.com/oauth2/default", False),
        ("https://login.microsoftonline.com/833ced3d-0000-4000-8000-000000000001/v2.0", False),
    ],
)
def test_cognito_is_known_by_its_issuer_and_what_is_said_wins(issuer: str, lacks: bool) -> None:
    spec = {"issuer": issuer, "audiences": ["hr-api"]}
    assert IdentityProviderSpec.model_validate(spec).lacks_audience is lacks
    for carried in (True, False):
        told = IdentityProviderSpec.model_validate(spec | {"tokensCarryAudience": carried})
        assert told.lacks_audience is not carried
