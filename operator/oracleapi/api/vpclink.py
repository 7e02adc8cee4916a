"""``VpcLink``: a private link from API Gateway into a VPC."""

from typing import Annotated

from pydantic import Field

from oracleapi.api.common import (
    IMMUTABLE,
    DeletionPolicy,
    Mode,
    NamedRef,
    Namespaces,
    OfferSpec,
    OnPermissionLost,
    cel,
    listed,
    rules,
)

SubnetId = Annotated[
    str,
    Field(max_length=32, json_schema_extra=rules(cel("self.matches('^subnet-[0-9a-f]+$')", "must be a subnet-… id"))),
]
SecurityGroupId = Annotated[
    str, Field(max_length=32, json_schema_extra=rules(cel("self.matches('^sg-[0-9a-f]+$')", "must be an sg-… id")))
]


class VpcLinkSpec(OfferSpec):
    """Subnets and security groups of a link; AWS cannot change them, so a change makes another link."""

    account_ref: NamedRef = Field(json_schema_extra=rules(IMMUTABLE))
    subnet_ids: Annotated[
        tuple[SubnetId, ...],
        Field(min_length=2, max_length=10, json_schema_extra=listed("set")),
    ]
    security_group_ids: Annotated[
        tuple[SecurityGroupId, ...],
        Field(min_length=1, max_length=5, json_schema_extra=listed("set")),
    ]
    mode: Mode = "Enforce"
    deletion_policy: DeletionPolicy = "Delete"
    allowed_namespaces: Namespaces = Namespaces()
    on_permission_lost: OnPermissionLost = "Unpublish"
