"""``AwsAccount``: an AWS account and region that namespaces may use."""

from typing import Annotated

from pydantic import Field

from oracleapi.api.common import (
    IMMUTABLE,
    KmsKey,
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


class AssumeRole(Part):
    """The role that the operator acts as in this account."""

    arn: Annotated[
        str,
        Field(
            max_length=256,
            json_schema_extra=rules(
                cel(
                    "self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$')",
                    "must be the ARN of a role, arn:aws:iam::123456789012:role/…",
                )
            ),
        ),
    ]
    external_id: (
        Annotated[
            str,
            Field(
                min_length=2,
                max_length=128,
                json_schema_extra=rules(
                    cel(
                        "self.matches('^[A-Za-z0-9+=,.@:/_-]+$')",
                        "must be made of letters, digits and +=,.@:/_-, such as the one in status.externalId",
                    )
                ),
            ),
        ]
        | None
    ) = Field(
        None, description="What the role's trust policy must ask for; default: one of this installation, told in status"
    )
    session_seconds: Annotated[
        int,
        Field(
            ge=900, le=43200, description="At most 3600 where the pod's own identity is a role: AWS chains no longer"
        ),
    ] = 3600


class CallBudget(Part):
    """This operator's share of the calls that AWS allows an account: 10 a second and a burst of 40, never more."""

    requests_per_second: Annotated[int, Field(ge=1, le=10)] = 5
    burst: Annotated[int, Field(ge=1, le=40)] = 20


SecretPrefix = Annotated[
    str,
    Field(
        min_length=2,
        max_length=256,
        json_schema_extra=rules(
            cel(
                "self.matches('^[A-Za-z0-9/_+=.@-]*[/_.-]$')",
                "must be the beginning of names and end in / _ . or -, such as hr/",
            )
        ),
    ),
]


class AccountDelegation(Part):
    """What some namespaces may do in this account."""

    namespaces: Namespaces
    max_apis: Annotated[int, Field(ge=1, le=600)] | None = Field(
        None, description="How many APIs each of these namespaces may have here; default 50"
    )
    secret_prefixes: Annotated[tuple[SecretPrefix, ...], Field(max_length=32, json_schema_extra=listed("set"))] = Field(
        (), description="Beginnings of names of secrets that SecretRotation may make and change, such as hr/"
    )
    kms_key_arns: Annotated[tuple[KmsKey, ...], Field(max_length=32, json_schema_extra=listed("set"))] = Field(
        (), description="KMS keys that SecretRotation may name, each as it stands in spec.secret.kmsKeyId"
    )
    minimum_mode: MinimumMode | None = None


class Iam(Part):
    """Policies that let callers with IAM invoke what a RoleBinding gives them, as the operator keeps them."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel(
                "self.policyPath == oldSelf.policyPath || !oldSelf.managePolicies",
                "policyPath can be changed only while managePolicies is false, for the policies of the old path would"
                " be left behind; set it to false first and wait until they are gone",
            ),
            cel(
                "!has(self.attachToRolePath) || self.managePolicies",
                "attachToRolePath needs managePolicies true; without it nothing is attached to anything",
            ),
        )
    }

    manage_policies: bool = Field(False, description="Without it status prints the policies that are missing")
    policy_path: Annotated[
        str,
        Field(
            max_length=128,
            description="The operator's own policies have this path, and no others should",
            json_schema_extra=rules(
                cel(
                    "self.matches('^(/[A-Za-z0-9+=,.@_-]+)+/$')",
                    "must be a path with a name that begins and ends with a slash, such as /oracleapi/",
                )
            ),
        ),
    ] = "/oracleapi/"
    attach_to_role_path: (
        Annotated[
            str,
            Field(
                max_length=256,
                json_schema_extra=rules(
                    cel(
                        "self.matches('^(/[A-Za-z0-9+=,.@_-]+)*/$')",
                        "must be a path that begins and ends with a slash, such as /callers/",
                    ),
                    cel(
                        "!self.startsWith('/aws-service-role/') && !self.startsWith('/aws-reserved/')",
                        "must not be a path of roles that only AWS may change",
                    ),
                ),
            ),
        ]
        | None
    ) = Field(None, description="Roles below this path get the policies; to others nothing is ever attached")


class AwsAccountSpec(OfferSpec):
    """An account and region; the identity is the pod's own unless a Secret is named."""

    model_config = OfferSpec.model_config | {
        "json_schema_extra": rules(
            cel(
                "!has(self.assumeRole) || self.assumeRole.arn.contains(':iam::' + self.accountId + ':')",
                "assumeRole.arn must be a role of the account in spec.accountId",
            )
        )
    }

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
    assume_role: AssumeRole | None = Field(None, description="With whatever identity the operator has otherwise")
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
    iam: Iam = Iam()
    allowed_namespaces: Namespaces = Namespaces()
    on_permission_lost: OnPermissionLost = "Unpublish"
    delegations: Annotated[tuple[AccountDelegation, ...], Field(max_length=64, json_schema_extra=listed("atomic"))] = ()

    def external_id(self, installation: str) -> str | None:
        """Return the external id that the role is assumed with; ``None`` where no role is."""
        if self.assume_role is None:
            return None
        return self.assume_role.external_id or f"oracleapi.dev/{installation}"
