"""``SecretRotation``: the password of one database account, kept in one secret, and changed by schedule."""

from typing import Annotated, Literal

from pydantic import Field

from oracleapi.api.common import (
    IMMUTABLE,
    SUBDOMAIN,
    SUBDOMAIN_SAYS,
    DeletionPolicy,
    KmsKey,
    NamedRef,
    OfferSpec,
    Part,
    SecretKey,
    SecretName,
    cel,
    listed,
    rules,
)

Strategy = Literal["Auto", "Rollover", "DualUser", "Single"]
CRON_RULE = cel(
    "self.matches('^[A-Za-z0-9*/,#-]+( [A-Za-z0-9*/,#-]+){4}$')",
    "must be minute, hour, day of month, month and day of week, divided by single blanks, such as 0 3 * * SUN",
)
Cron = Annotated[
    str, Field(min_length=9, max_length=128, description="As in crontab(5)", json_schema_extra=rules(CRON_RULE))
]
AccountName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        json_schema_extra=rules(
            cel(
                "self.matches('^[A-Z][A-Z0-9_$#]*$')",
                "must be in upper case: a letter, then letters, digits, _, $ or #, such as HR_APP",
            ),
            IMMUTABLE,
        ),
    ),
]
ManagedName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        json_schema_extra=rules(
            cel("self.matches('^[A-Za-z0-9/_+=.@-]+$')", "must be made of letters, digits and /_+=.@-, such as hr/app"),
            cel(
                "!self.matches('-[A-Za-z0-9]{6}$')",
                "must not end in a hyphen and six letters or digits, for AWS could take it for the end of an ARN;"
                " write / for the hyphen, or a longer end",
            ),
            IMMUTABLE,
        ),
    ),
]


class Schedule(Part):
    """When a password is due."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel("has(self.everyDays) != has(self.cron)", "must have either everyDays or cron"),
        )
    }

    every_days: Annotated[int, Field(ge=1, le=365)] | None = Field(
        None, description="Days after the last rotation, or after the secret's last change by somebody else"
    )
    cron: Cron | None = None
    time_zone: Annotated[
        str,
        Field(
            max_length=64,
            description="Of cron and windows, by its name in the IANA database",
            json_schema_extra=rules(
                cel(
                    "self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$')",
                    "must be a zone of the IANA database, such as UTC or Europe/Berlin",
                )
            ),
        ),
    ] = "UTC"
    jitter_minutes: Annotated[int, Field(ge=0, le=720)] = Field(
        10, description="Spreads rotations of one schedule over so many minutes after it"
    )


class Window(Part):
    """A time in which rotations may begin."""

    cron: Cron
    duration_minutes: Annotated[int, Field(ge=5, le=1440)]


class KubernetesSecret(Part):
    """A Secret in this namespace that the operator makes and keeps."""

    name: SecretName


class Secret(Part):
    """Where the account's name and password are kept."""

    account_ref: NamedRef = Field(
        description="AwsAccount whose Secrets Manager holds it", json_schema_extra=rules(IMMUTABLE)
    )
    name: ManagedName
    kms_key_id: KmsKey | None = Field(
        None,
        description="Key that encrypts the secret; taken out, the secret keeps the one that it has. One that the"
        " operator makes without it has the account's aws/secretsmanager",
    )
    kubernetes_secret: KubernetesSecret | None = Field(
        None, description="A Secret of this namespace that gets each new version before consumers restart"
    )


class Password(Part):
    """What passwords are made like: letters, digits and _ - . , which no quoting changes."""

    length: Annotated[int, Field(ge=15, le=30, description="Oracle takes 30 bytes up to release 21c")] = 30


class WaitForSecret(Part):
    """A Secret that somebody else fills, such as External Secrets."""

    name: SecretName
    key: SecretKey | None = Field(
        None, description="Its text is the password, or a JSON object that holds it as password; default password"
    )

    @property
    def text_key(self) -> str:
        return self.key or "password"


WorkloadName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        json_schema_extra=rules(
            cel(f"self.matches('{SUBDOMAIN}')", f"must be the name of a workload: {SUBDOMAIN_SAYS}, such as hr-app")
        ),
    ),
]


class Consumer(Part):
    """A workload of this namespace that reads the password at its start."""

    kind: Literal["Deployment", "StatefulSet"]
    name: WorkloadName
    wait_for_secret: WaitForSecret | None = Field(
        None, description="Restart it only once this Secret carries the new password"
    )


class SecretRotationSpec(OfferSpec):
    """One account, one secret, and when and how its password is changed."""

    database_ref: NamedRef = Field(json_schema_extra=rules(IMMUTABLE))
    account: AccountName = Field(description="An account that a delegation of the database gives to this namespace")
    strategy: Strategy = Field(
        "Auto",
        description="Rollover: both passwords work for a time; DualUser: two accounts take turns; Single: a gap, in"
        " which the old one fails already. Auto: Rollover where the account's profile allows it, else DualUser if it"
        " owns no objects",
    )
    schedule: Schedule
    windows: Annotated[tuple[Window, ...], Field(max_length=16, json_schema_extra=listed("atomic"))] = Field(
        (), description="Rotations begin in one of these only; one that somebody asks for begins at once"
    )
    secret: Secret
    password: Password = Password()
    verify: Annotated[tuple[Literal["Login", "Ords"], ...], Field(max_length=2, json_schema_extra=listed("set"))] = (
        Field(
            ("Login",),
            description="Login is always proven before the new version becomes current; Ords: that ORDS answers once"
            " consumers have moved, for the account that ORDS itself logs in with",
        )
    )
    consumers: Annotated[
        tuple[Consumer, ...], Field(max_length=32, json_schema_extra=listed("map", ["kind", "name"]))
    ] = ()
    deletion_policy: DeletionPolicy = "Retain"
