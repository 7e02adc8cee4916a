"""ORDS_SECURITY and ORDS_SECURITY_ADMIN: the JWT profile of a schema, at most one [D].

There is no update: delete and create in one transaction. OAuth clients are not offered.
"""

from collections.abc import Mapping
from typing import Any

from oracleapi_sandbox.oracle.packages.calls import Call
from oracleapi_sandbox.oracle.packages.checks import Number, Varchar, refusal, required, text, unknown, whole

_TABLE = "OAUTH_JWT_PROFILE"
_MAX_SKEW_S = 60
_ANY = 2**53


def create_jwt_profile(
    call: Call,
    *,
    p_issuer: Varchar,
    p_audience: Varchar,
    p_jwk_url: Varchar,
    p_description: Varchar = None,
    p_allowed_skew: Number = None,
    p_allowed_age: Number = None,
    p_role_claim_name: Varchar = None,
) -> None:
    """Create the profile: scope-based, or role-based with a role claim (a JSON pointer, ``/roles``).

    Raises:
        OracleError: As set, a profile exists, the JWK URL is not https, the skew is above 60 s.
    """
    call.require_enabled()
    values = _checked(
        call,
        {
            "issuer": required(_TABLE, "ISSUER", p_issuer),
            "audience": required(_TABLE, "AUDIENCE", p_audience),
            "jwk_url": required(_TABLE, "JWK_URL", p_jwk_url),
            "description": text(_TABLE, "DESCRIPTION", p_description),
            "allowed_skew": whole(call.settings, "p_allowed_skew", p_allowed_skew, -_ANY, _MAX_SKEW_S),
            "allowed_age": whole(call.settings, "p_allowed_age", p_allowed_age, -_ANY, _ANY),
            "role_claim_name": text(_TABLE, "ROLE_CLAIM_NAME", p_role_claim_name),
        },
    )
    if call.find("oauth_jwt_profile", ["id"], schema_id=call.schema_id):
        raise refusal(call.settings, f"A JWT profile already exists for schema {call.schema}")
    call.insert("oauth_jwt_profile", "OAUTH_JWT_PROFILE_UNIQUE1", {"schema_id": call.schema_id, **values})


def create_jwt_profile_24(
    call: Call,
    *,
    p_issuer: Varchar,
    p_audience: Varchar,
    p_jwk_url: Varchar,
    p_description: Varchar = None,
    p_allowed_skew: Number = None,
    p_allowed_age: Number = None,
) -> None:
    """The same as ORDS before 25.1 has it, without role claim."""
    create_jwt_profile(
        call,
        p_issuer=p_issuer,
        p_audience=p_audience,
        p_jwk_url=p_jwk_url,
        p_description=p_description,
        p_allowed_skew=p_allowed_skew,
        p_allowed_age=p_allowed_age,
    )


def _checked(call: Call, values: Mapping[str, Any]) -> Mapping[str, Any]:
    if not values["jwk_url"].startswith("https://"):
        raise refusal(call.settings, f"Invalid value {values['jwk_url']} for p_jwk_url: it must begin with https://")
    claim = values["role_claim_name"]
    if claim and call.settings.strict and not claim.startswith("/"):
        raise refusal(call.settings, f"Invalid value {claim} for p_role_claim_name: expected a JSON pointer")
    return values


def delete_jwt_profile(call: Call) -> None:
    """Delete the schema's profile."""
    found = call.delete("oauth_jwt_profile", schema_id=call.schema_id)
    if not found and not call.settings.delete_absent_jwt_profile_silent:
        raise unknown(call.settings.unknown_name_code, f"No JWT profile for schema {call.schema}")
