"""``OracleDatabase``: a database with ORDS in front of it, and who may use which schema."""

from typing import Annotated, Literal

from pydantic import Field

from oracleapi.api.common import (
    MinimumMode,
    NamedRef,
    Namespaces,
    ObjectPrivilege,
    OfferSpec,
    OnPermissionLost,
    Part,
    RoleName,
    SecretRef,
    SystemPrivilege,
    Throttle,
    cel,
    listed,
    rules,
)

HOST_RULE = cel(
    "self.matches('^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$')",
    "must be a host name or an IPv4 address, without scheme, port or descriptor",
)
SCHEMA_RULES = (
    cel(
        "self.matches('^[A-Z][A-Z0-9_$#]*$')",
        "must be in upper case: a letter, then letters, digits, _, $ or #, such as HR_API",
        expression=(
            "\"schema '\" + self + \"' must be in upper case\" + (self.upperAscii().matches('^[A-Z][A-Z0-9_$#]*$')"
            ' ? ", such as " + self.upperAscii() : ": a letter, then letters, digits, _, $ or #, such as HR_API")'
        ),
    ),
    cel(
        "!(self in ['SYS', 'SYSTEM', 'ORACLEAPI', 'XDB', 'AUDSYS']) && !self.startsWith('ORDS_')",
        "must not be a schema of Oracle, of ORDS or of this operator",
    ),
)
SchemaName = Annotated[str, Field(min_length=1, max_length=128, json_schema_extra=rules(*SCHEMA_RULES))]


RolePattern = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        json_schema_extra=rules(
            cel(
                "self.matches('^[A-Z][A-Z0-9_$#]*[*]?$')",
                "must be a role's name in upper case, or the beginning of names and a *, such as HR_*",
            )
        ),
    ),
]
AccountPattern = Annotated[
    str,
    Field(
        min_length=2,
        max_length=128,
        json_schema_extra=rules(
            cel(
                "self.matches('^[A-Z][A-Z0-9_$#]*[*]?$')",
                "must be an account's name in upper case, or the beginning of names and a *, such as HR_APP*",
            )
        ),
    ),
]
ObjectPattern = Annotated[
    str,
    Field(
        min_length=3,
        max_length=257,
        json_schema_extra=rules(
            cel(
                "self.matches('^[A-Z][A-Z0-9_$#]*[.]([A-Z][A-Z0-9_$#]*[*]?|[*])$')",
                "must be OWNER.OBJECT in upper case, where OBJECT may end with *, such as HR.*",
            ),
            cel(
                "!self.matches('^(SYS|SYSTEM|ORACLEAPI|XDB|AUDSYS|ORDS_[A-Z]*)[.]')",
                "must not be an object of Oracle, of ORDS or of this operator",
            ),
        ),
    ),
]
DEFAULT_PRIVILEGES: tuple[ObjectPrivilege, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE")


class Connection(Part):
    """How the operator reaches the database; the DSN is built from these fields, never taken from a user."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel(
                "self.protocol == 'TCPS' || (!has(self.serverDn) && !has(self.walletSecretRef))",
                "serverDn and walletSecretRef belong to TLS: set protocol: TCPS, or remove them",
            )
        )
    }

    host: Annotated[str, Field(min_length=1, max_length=253, json_schema_extra=rules(HOST_RULE))]
    port: Annotated[int, Field(ge=1, le=65535)] = 1521
    service_name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=128,
            json_schema_extra=rules(
                cel("self.matches('^[A-Za-z0-9_$#.-]+$')", "must be a service name such as FREEPDB1")
            ),
        ),
    ]
    protocol: Literal["TCPS", "TCP"] = "TCPS"
    server_dn: (
        Annotated[
            str,
            Field(
                min_length=1,
                max_length=256,
                json_schema_extra=rules(
                    cel(
                        "self.matches('^[A-Za-z0-9.]+=[^()?\"[:cntrl:]]+$') && !self.contains('://')",
                        "must be a distinguished name without brackets, such as CN=db.example.com,O=Example",
                    )
                ),
            ),
        ]
        | None
    ) = Field(None, description="Name that the database's certificate must bear; default: the host")
    wallet_secret_ref: SecretRef | None = Field(
        None,
        description="Secret in the operator's namespace with the CA bundle of the database, and a client certificate"
        " with its key where the listener asks for one: PEM, key ewallet.pem or else ca.crt unless named",
    )
    tcp_connect_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 5


class SecretsManagerRef(Part):
    """A secret of AWS Secrets Manager."""

    account_ref: NamedRef
    secret_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            json_schema_extra=rules(
                cel(
                    "self.matches('^[A-Za-z0-9/_+=.@!:-]+$')",
                    "must be a secret's name or ARN, such as oracleapi/hr-db",
                )
            ),
        ),
    ] = Field(description="Name or ARN of a JSON secret with keys username and password")


class Credentials(Part):
    """Where the operator's database account comes from."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel(
                "has(self.secretRef) != has(self.secretsManager)",
                "must have exactly one of secretRef and secretsManager",
            )
        )
    }

    secret_ref: SecretRef | None = Field(
        None, description="Secret with keys username and password, in the operator's namespace"
    )
    secrets_manager: SecretsManagerRef | None = Field(
        None, description="The same keys in AWS Secrets Manager; read every five minutes, and when a login is refused"
    )


class GatewayTarget(Part):
    """How API Gateway reaches ORDS: through a VPC link to a listener of a load balancer."""

    vpc_link_ref: NamedRef
    listener_arn: Annotated[
        str,
        Field(
            max_length=256,
            json_schema_extra=rules(
                cel(
                    "self.matches('^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/.+$')",
                    "must be the ARN of a load balancer listener, arn:aws:elasticloadbalancing:…:listener/…",
                )
            ),
        ),
    ]
    server_name: Annotated[str, Field(min_length=1, max_length=253, json_schema_extra=rules(HOST_RULE))] | None = Field(
        None, description="Name in the listener's certificate; with it the gateway speaks TLS to the listener"
    )


class Ords(Part):
    """The ORDS in front of this database."""

    base_url: Annotated[
        str,
        Field(
            max_length=512,
            description="How the operator reaches ORDS (probes)",
            json_schema_extra=rules(
                cel(
                    "self.matches('^https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~-]+)+$')",
                    "must be an https URL that ends with the context path, such as https://ords.internal:8443/ords",
                )
            ),
        ),
    ]
    ca_secret_ref: SecretRef | None = Field(None, description="CA bundle of ORDS, key ca.crt unless named")
    gateway_target: GatewayTarget
    metadata_cache_seconds: Annotated[
        int,
        Field(ge=0, le=300, description="ORDS setting cache.metadata.timeout: how long it may answer from its cache"),
    ] = 5
    trace_header: Annotated[
        str,
        Field(
            max_length=64,
            description="Request header that carries the gateway's request id to ORDS",
            json_schema_extra=rules(
                cel("self.matches('^[A-Za-z][A-Za-z0-9-]*$')", "must be a header name such as Request-Id"),
                cel(
                    "!(self.lowerAscii() in ['host', 'authorization', 'connection', 'origin', 'forwarded', 'via', 'te',"
                    " 'trailer', 'upgrade', 'keep-alive', 'transfer-encoding']) && !self.lowerAscii().matches("
                    "'^(x-amzn?-|x-forwarded-|apigw-|access-control-|content-|proxy-)')",
                    "must not be a header that API Gateway reserves; use one such as Request-Id",
                ),
            ),
        ),
    ] = "Request-Id"
    guard: Literal["Off", "Required"] = Field(
        "Off", description="Required: the guard decides every request to the schemas of our APIs; see docs/guard.md"
    )


class Delegation(Part):
    """What some namespaces may do in this database; a schema belongs to one namespace."""

    namespaces: Namespaces
    schemas: Annotated[tuple[SchemaName, ...], Field(min_length=1, max_length=64, json_schema_extra=listed("set"))]
    roles: Annotated[tuple[RolePattern, ...], Field(max_length=64, json_schema_extra=listed("set"))] = Field(
        (), description="Names of roles that OracleRole may make or adopt; * stands for any letters"
    )
    objects: Annotated[tuple[ObjectPattern, ...], Field(max_length=64, json_schema_extra=listed("set"))] = Field(
        (), description="Objects on which OracleRole may grant, such as HR.*"
    )
    privileges: Annotated[tuple[ObjectPrivilege, ...], Field(max_length=6, json_schema_extra=listed("set"))] = Field(
        (), description="Object privileges that may be granted; default SELECT, INSERT, UPDATE, DELETE, EXECUTE"
    )
    grantable_roles: Annotated[tuple[RoleName, ...], Field(max_length=64, json_schema_extra=listed("set"))] = Field(
        (), description="Roles outside of roles that may be granted to one of them"
    )
    system_privileges: Annotated[tuple[SystemPrivilege, ...], Field(max_length=64, json_schema_extra=listed("set"))] = (
        Field((), description="System privileges that may be granted")
    )
    accounts: Annotated[tuple[AccountPattern, ...], Field(max_length=64, json_schema_extra=listed("set"))] = Field(
        (), description="Accounts whose passwords SecretRotation may change; * stands for any letters"
    )
    unmanaged_paths: Annotated[
        tuple[
            Annotated[
                str,
                Field(
                    max_length=256,
                    json_schema_extra=rules(
                        cel(
                            "self.matches('^(/[A-Za-z0-9._~-]+)+$')",
                            "must be a path of ORDS without a slash at its end, such as /ords/hr_api/legacy",
                        )
                    ),
                ),
            ],
            ...,
        ],
        Field(max_length=64, json_schema_extra=listed("set")),
    ] = Field((), description="Paths of these schemas at ORDS that the guard lets pass with all below, without a role")
    minimum_mode: MinimumMode | None = None

    @property
    def granted_privileges(self) -> tuple[ObjectPrivilege, ...]:
        return self.privileges or DEFAULT_PRIVILEGES


class PasswordRollover(Part):
    """How long the old password of a rotated account goes on working."""

    hours: Annotated[int, Field(ge=1, le=1440)] = Field(
        description="At most the PASSWORD_LIFE_TIME and the PASSWORD_GRACE_TIME of the account's profile"
    )


class OracleDatabaseSpec(OfferSpec):
    """A database, its ORDS, and its delegations."""

    model_config = OfferSpec.model_config | {
        "json_schema_extra": rules(
            cel(
                "!has(self.maxRequestsPerSecond) || self.maxRequestsPerSecond >="
                " (has(self.defaultThrottle) ? self.defaultThrottle.requestsPerSecond : 50)",
                "maxRequestsPerSecond must not be below defaultThrottle.requestsPerSecond, which is 50 unless set",
            )
        )
    }

    connection: Connection
    credentials: Credentials
    check_account_secret_ref: SecretRef | None = Field(
        None,
        description="Secret with keys username and password, in the operator's namespace: the check account, which"
        " parses handlers with a role enabled and runs none; see docs/bindings.md",
    )
    environment: Annotated[
        str,
        Field(
            min_length=1,
            max_length=32,
            json_schema_extra=rules(cel("self.matches('^[a-z0-9-]+$')", "must be a word such as prod")),
        ),
    ]
    ords: Ords
    default_throttle: Throttle = Field(
        default=Throttle(requests_per_second=50, burst=100),
        description="For APIs that say nothing; AWS applies it per route",
    )
    max_requests_per_second: Annotated[int, Field(ge=1, le=10000)] | None = Field(
        None, description="No route may ask for more"
    )
    allow_unenforced_roles: bool = Field(
        False, description="Serve bound routes of schemas that may read more by themselves than by their roles"
    )
    on_permission_lost: OnPermissionLost = "Unpublish"
    password_rollover: PasswordRollover | None = Field(
        None,
        description="Accounts of a SecretRotation by Rollover or Auto whose profile keeps no old password get one of"
        " their own: ORACLEAPI_ and the name of their present one, its limits, and this; see docs/rotation.md",
    )
    delegations: Annotated[tuple[Delegation, ...], Field(max_length=64, json_schema_extra=listed("atomic"))] = ()
