"""``AwsAccount``: an AWS account and region that namespaces may use."""

from typing import Annotated

from pydantic import Field

from oracleapi.api.common import (
    IMMUTABLE,
    MinimumMode,
    Namespaces,
    OfferSpec,
    OnPermissionLost,
    Part,
    SecretRef,
    cel,
    listed,
    rules,
)


class CallBudget(Part):
    """This operator's share of the calls that AWS allows an account: 10 a second and a burst of 40, never more."""

    requests_per_second: Annotated[int, Field(ge=1, le=10)] = 5
    burst: Annotated[int, Field(ge=1, le=40)] = 20


class AccountDelegation(Part):
    """What some namespaces may do in this account."""

    namespaces: Namespaces
    max_apis: Annotated[int, Field(ge=1, le=600)] | None = Field(
        None, description="How many APIs each of these namespaces may have here; default 50"
    )
    minimum_mode: MinimumMode | None = None


class AwsAccountSpec(OfferSpec):
    """An account and region; the identity is the pod's own unless a Secret is named."""

    account_id: Annotated[
        str,
        Field(
            max_length=12,
            description="Checked against sts GetCallerIdentity",
            json_schema_extra=rules(
                cel("self.matches('^[0-9]{12}$')", "must be the 12 digits of an AWS account, quoted in YAML"), IMMUTABLE
            ),
        ),
    ]
    region: Annotated[
        str,
        Field(
            max_length=32,
            json_schema_extra=rules(
                cel("self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]$')", "must be a region such as eu-west-1"), IMMUTABLE
            ),
        ),
    ]
    credentials_secret_ref: SecretRef | None = Field(
        None,
        description="Secret with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and optionally AWS_SESSION_TOKEN, "
        "in the operator's namespace; only where there is no workload identity",
    )
    endpoint_url: (
        Annotated[
            str,
            Field(
                max_length=256,
                json_schema_extra=rules(
                    cel(
                        "self.matches('^https?://[A-Za-z0-9.:-]+/?$')",
                        "must be an http or https URL without path and user, such as https://aws.internal:4566",
                    )
                ),
            ),
        ]
        | None
    ) = Field(None, description="Refused unless the operator runs with --allow-endpoint-override")
    tags: Annotated[
        dict[str, Annotated[str, Field(max_length=256)]],
        Field(
            max_length=40,
            json_schema_extra=rules(
                cel(
                    "self.all(key, key.matches('^[A-Za-z0-9 _.:/=+@-]{1,128}$')"
                    " && !key.matches('^([aA][wW][sS]:|oracleapi[.]dev/)'))",
                    "keys must have at most 128 letters, digits, blanks and _.:/=+@-, and must not begin with aws:"
                    " or oracleapi.dev/",
                )
            ),
        ),
    ] = Field(default_factory=dict, description="Tags put on everything made in this account, beside the owner's")
    call_budget: CallBudget = CallBudget()
    allowed_namespaces: Namespaces = Namespaces()
    on_permission_lost: OnPermissionLost = "Unpublish"
    delegations: Annotated[tuple[AccountDelegation, ...], Field(max_length=64, json_schema_extra=listed("atomic"))] = ()
