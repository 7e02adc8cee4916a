"""``IdentityProvider``: an OIDC issuer whose tokens API Gateway and ORDS can both check."""

import re
from typing import Annotated

from pydantic import Field

from oracleapi.api.common import Namespaces, OfferSpec, OnPermissionLost, Part, SecretRef, cel, listed, rules

COGNITO = re.compile(r"https://(?:issuer[.-])?cognito-idp\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)/.+")
"""Issuers of Cognito user pools, whose access tokens have ``client_id`` in place of ``aud``."""

Audience = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        json_schema_extra=rules(
            cel("!self.matches('[[:space:][:cntrl:]]')", "must be an audience as in the aud claim, without blanks")
        ),
    ),
]


ClaimName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        json_schema_extra=rules(
            cel(
                "self.matches('^([A-Za-z0-9_:.-][A-Za-z0-9_:./-]*|(/([A-Za-z0-9_:.-]|~[01])+)+)$')",
                "must be the name of a claim at the top of the token, such as sub, or a JSON pointer to one within,"
                " such as /realm_access/roles",
            ),
            cel(
                "!self.matches('^(realm_access|resource_access)[.]')",
                "dots lead into no claim; write it as a JSON pointer: /realm_access/roles, or"
                " /resource_access/<client>/roles with ~1 for each slash in the client's name",
            ),
        ),
    ),
]


class Claims(Part):
    """Which claims of a token say who it is: top-level names, or JSON pointers such as /realm_access/roles."""

    subject: ClaimName = "sub"
    groups: ClaimName = "groups"


class IdentityProviderSpec(OfferSpec):
    """An issuer and the audiences that APIs may ask for."""

    issuer: Annotated[
        str,
        Field(
            max_length=512,
            description="Exactly the iss claim, trailing slash included",
            json_schema_extra=rules(
                cel(
                    "self.matches('^https://[A-Za-z0-9.:-]+(/[^?#[:space:][:cntrl:]]*)?$')",
                    "must be an https URL without query, fragment, user or blanks, exactly as in the iss claim",
                )
            ),
        ),
    ]
    audiences: Annotated[tuple[Audience, ...], Field(min_length=1, max_length=50, json_schema_extra=listed("set"))]
    tokens_carry_audience: bool | None = Field(
        None,
        description="Whether access tokens have an aud claim, which ORDS asks for; if unset, Cognito's have none, all"
        " others have",
    )
    ca_secret_ref: SecretRef | None = Field(
        None, description="CA bundle for the check from here; AWS itself trusts public CAs only"
    )
    claims: Claims = Field(Claims(), description="Claims that RoleBindings name subjects and groups by")
    allowed_namespaces: Namespaces = Namespaces()
    on_permission_lost: OnPermissionLost = "Unpublish"

    @property
    def lacks_audience(self) -> bool:
        """Say whether access tokens come without ``aud``: as told, else as known of the issuer."""
        if self.tokens_carry_audience is not None:
            return not self.tokens_carry_audience
        return COGNITO.fullmatch(self.issuer) is not None
