"""Pieces that several kinds share, and the marks that carry schema facts from a model into its CRD.

Rules of this room (tried on a real server, see docs/adr/0002-crd-generation.md): every string has a length, every
list a maxItems and a list type; defaults stand on plain maps only, never below list items; CEL carries messages that
say what to write instead.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

GROUP = "oracleapi.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FINALIZER = f"{GROUP}/finalizer"
REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
ROTATE_REQUESTED_AT = f"{GROUP}/rotate-requested-at"
DELETION_POLICY = f"{GROUP}/deletion-policy"
APPROVED_PLAN = f"{GROUP}/approved-plan"
SECRET_VERSION = f"{GROUP}/secret-version"
"""On pod templates that a rotation restarts: the version of the secret that their pods began with."""


class Part(BaseModel):
    """Base of every piece of a spec: camelCase outside, frozen, tolerant of fields of a newer CRD."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


def cel(rule: str, message: str, expression: str | None = None, **extra: str) -> dict[str, str]:
    """Return one ``x-kubernetes-validations`` entry.

    *expression* is a CEL messageExpression; where it comes out too long or with a line break, *message* is said.
    """
    entry = {"rule": rule, **extra, "message": message}
    if expression is not None:
        entry["messageExpression"] = expression
    return entry


def rules(*entries: dict[str, str]) -> dict[str, Any]:
    """Return the ``json_schema_extra`` that carries CEL rules."""
    return {"x-kubernetes-validations": list(entries)}


IMMUTABLE = cel("self == oldSelf", "is immutable: delete the object and create it again to change it")


def listed(kind: Literal["atomic", "set", "map"], keys: list[str] | None = None, **extra: Any) -> dict[str, Any]:
    """Return the ``json_schema_extra`` of a list: its type for server-side apply, and more facts."""
    found: dict[str, Any] = {"x-kubernetes-list-type": kind, **extra}
    if keys is not None:
        found["x-kubernetes-list-map-keys"] = keys
    return found


Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        json_schema_extra=rules(
            cel(
                "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                "must be a name of lower-case letters, digits and '-', such as hr-read",
            )
        ),
    ),
]


class NamedRef(Part):
    """A reference by name."""

    name: Name


SUBDOMAIN, SUBDOMAIN_SAYS = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "lower-case letters, digits, '-' and '.'"
"""What most names of Kubernetes are like: of Secrets, Deployments, StatefulSets."""
SecretName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        json_schema_extra=rules(cel(f"self.matches('{SUBDOMAIN}')", f"must be the name of a Secret: {SUBDOMAIN_SAYS}")),
    ),
]
SecretKey = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        json_schema_extra=rules(cel("self.matches('^[-._a-zA-Z0-9]+$')", "must be a key of a Secret, such as ca.crt")),
    ),
]


class SecretRef(Part):
    """A Secret by name: in the operator's namespace for cluster kinds."""

    name: SecretName
    key: SecretKey | None = None


RoleName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        json_schema_extra=rules(
            cel(
                "self.matches('^[A-Z][A-Z0-9_$#]*$')",
                "must be in upper case: a letter, then letters, digits, _, $ or #, such as HR_READER",
            )
        ),
    ),
]
ObjectPrivilege = Literal["SELECT", "READ", "INSERT", "UPDATE", "DELETE", "EXECUTE"]
SystemPrivilege = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        json_schema_extra=rules(
            cel(
                "self.matches('^[A-Z]+( [A-Z]+)*$') && !self.contains(' ANY ')",
                "must be a system privilege in upper case without ANY, such as CREATE SESSION",
            )
        ),
    ),
]


KmsKey = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        json_schema_extra=rules(
            cel(
                "self.matches('^((arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[A-Za-z0-9/_-]+"
                "|(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?[A-Za-z0-9-]+)$')",
                "must be a KMS key: its id, alias/ and its alias, or the ARN of either",
            )
        ),
    ),
]


class LabelRequirement(Part):
    """One requirement of a label selector."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel(
                "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
                "In and NotIn need values; Exists and DoesNotExist take none",
            )
        )
    }

    key: Annotated[
        str,
        Field(
            min_length=1,
            max_length=317,
            json_schema_extra=rules(
                cel(
                    "self.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$')",
                    "must be a label's key, such as team or example.com/team",
                )
            ),
        ),
    ]
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: Annotated[
        tuple[
            Annotated[
                str,
                Field(
                    max_length=63,
                    json_schema_extra=rules(
                        cel(
                            "self.matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",
                            "must be a label's value: letters, digits, '-', '_' and '.'",
                        )
                    ),
                ),
            ],
            ...,
        ],
        Field(max_length=16, json_schema_extra=listed("set")),
    ] = ()


class LabelSelector(Part):
    """A label selector over namespaces. One that asks for nothing is refused, and would select none."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel(
                "(has(self.matchLabels) && self.matchLabels.size() > 0)"
                " || (has(self.matchExpressions) && self.matchExpressions.size() > 0)",
                "must ask for a label; for every namespace write"
                " matchExpressions: [{key: kubernetes.io/metadata.name, operator: Exists}]",
            )
        )
    }

    match_labels: Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=16)] = Field(
        default_factory=dict
    )
    match_expressions: Annotated[
        tuple[LabelRequirement, ...], Field(max_length=16, json_schema_extra=listed("atomic"))
    ] = ()

    def matches(self, labels: dict[str, str]) -> bool:
        """Say whether *labels* satisfy every requirement; an empty selector matches nothing."""
        if not self.match_labels and not self.match_expressions:
            return False
        if any(labels.get(key) != value for key, value in self.match_labels.items()):
            return False
        return all(_satisfies(requirement, labels) for requirement in self.match_expressions)


def _satisfies(requirement: LabelRequirement, labels: dict[str, str]) -> bool:
    present = requirement.key in labels
    if requirement.operator == "Exists":
        return present
    if requirement.operator == "DoesNotExist":
        return not present
    inside = present and labels[requirement.key] in requirement.values
    return inside if requirement.operator == "In" else not inside


class Namespaces(Part):
    """Who may use an offer: namespaces by name or by label. Nothing is allowed by default."""

    names: Annotated[
        tuple[Name, ...],
        Field(max_length=128, json_schema_extra=listed("set")),
    ] = ()
    selector: LabelSelector | None = None

    def allows(self, namespace: str, labels: dict[str, str]) -> bool:
        """Say whether *namespace* with these *labels* is named or selected."""
        return namespace in self.names or (self.selector is not None and self.selector.matches(labels))


class Throttle(Part):
    """Requests a second and burst of a route; both are always sent, since an omitted one may count as 0."""

    requests_per_second: Annotated[int, Field(ge=1, le=10000)]
    burst: Annotated[int, Field(ge=1, le=5000)]


ResyncSeconds = Annotated[int, Field(ge=60, le=86400, description="Seconds between routine checks")]
Suspend = Annotated[bool, Field(description="Stop acting; deletion is still honoured")]
DeletionPolicy = Annotated[
    Literal["Delete", "Retain"], Field(description="What happens outside when this object is deleted")
]
ModeName = Literal["Enforce", "Approve", "Report"]
Mode = Annotated[
    ModeName,
    Field(
        description="Enforce repairs every difference; Approve waits until somebody approved the plan in status;"
        " Report writes nothing outside"
    ),
]
MinimumMode = Annotated[
    ModeName,
    Field(description="The least careful mode that these namespaces may choose; default Enforce, which is any"),
]
OnPermissionLost = Annotated[
    Literal["Unpublish", "Keep"],
    Field(description="What happens to what a namespace published when it may not use this any longer"),
]
_CARE: tuple[ModeName, ...] = ("Enforce", "Approve", "Report")


def most_careful(*modes: ModeName | None) -> ModeName:
    """Return the mode that does least without being asked; what is not said counts as Enforce."""
    return max((mode for mode in modes if mode is not None), key=_CARE.index, default="Enforce")


class OfferSpec(Part):
    """Fields of every kind."""

    suspend: Suspend = False
    resync_seconds: ResyncSeconds = 300
