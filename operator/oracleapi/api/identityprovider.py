"""``IdentityProvider``: an OIDC issuer whose tokens API Gateway and ORDS can both check."""

from typing import Annotated

from pydantic import Field

from oracleapi.api.common import Namespaces, OfferSpec, OnPermissionLost, Part, SecretRef, cel, listed, rules

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
                "self.matches('^[A-Za-z0-9_:./-]+$')",
                "must be the name of a claim at the top of the token, such as sub",
            )
        ),
    ),
]


class Claims(Part):
    """Which claims of a token say who it is; gateway and ORDS read scope and scp and nothing else."""

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
    ca_secret_ref: SecretRef | None = Field(
        None, description="CA bundle for the check from here; AWS itself trusts public CAs only"
    )
    claims: Claims = Field(Claims(), description="Claims that RoleBindings name subjects and groups by")
    allowed_namespaces: Namespaces = Namespaces()
    on_permission_lost: OnPermissionLost = "Unpublish"
