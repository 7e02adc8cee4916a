"""CustomResourceDefinitions from the pydantic models. Pure.

The models are the source; ``make generate`` writes ``crds/`` and the chart's copy, and a test fails when they differ.
What a structural schema needs beyond JSON Schema is done here: references inlined, ``null`` alternatives turned into
optional fields, titles dropped, integers given a format. Traps seen on a real server: docs/adr/0002-crd-generation.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.common import GROUP, VERSION, OfferSpec, cel
from oracleapi.api.conditions import MESSAGE_LIMIT
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.oraclerole import OracleRoleSpec
from oracleapi.api.rolebinding import RoleBindingSpec
from oracleapi.api.secretrotation import SecretRotationSpec
from oracleapi.api.vpclink import VpcLinkSpec

Schema = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind: its names, its spec model, the status fields beyond the common ones, and its columns."""

    name: str
    plural: str
    short: str
    namespaced: bool
    spec: type[OfferSpec]
    status: Mapping[str, Schema]
    columns: tuple[tuple[str, str, str], ...]  # title, type, JSONPath
    more_names: tuple[str, ...] = ()

    @property
    def singular(self) -> str:
        return self.name.lower()


def text(limit: int) -> Schema:
    """Return the schema of a bounded string."""
    return {"type": "string", "maxLength": limit}


def texts(length: int, limit: int) -> Schema:
    """Return the schema of a list of bounded strings."""
    return {"type": "array", "maxItems": limit, "x-kubernetes-list-type": "atomic", "items": text(length)}


INTEGER: Schema = {"type": "integer", "format": "int32"}
TIME: Schema = {"type": "string", "format": "date-time"}


def objects(properties: Mapping[str, Schema], limit: int, key: str | None = None) -> Schema:
    """Return the schema of a list of objects, a map by *key* or atomic."""
    found: Schema = {
        "type": "array",
        "maxItems": limit,
        "x-kubernetes-list-type": "map" if key else "atomic",
        "items": {"type": "object", "properties": dict(properties)},
    }
    if key:
        found["x-kubernetes-list-map-keys"] = [key]
        found["items"]["required"] = [key]
    return found


CONDITIONS: Schema = {
    "type": "array",
    "maxItems": 16,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
    "items": {
        "type": "object",
        "required": ["type", "status", "reason", "message", "lastTransitionTime"],
        "properties": {
            "type": text(64),
            "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
            "reason": text(64),
            "message": text(MESSAGE_LIMIT),
            "observedGeneration": {"type": "integer", "format": "int64"},
            "lastTransitionTime": {"type": "string", "format": "date-time"},
        },
    },
}
DRIFT = objects({"object": text(320), "field": text(64), "desired": text(256), "observed": text(256)}, 20)
INTENTS = objects({"object": text(128), "token": text(64), "time": {"type": "string", "format": "date-time"}}, 4)
NAME_RULE = cel(
    "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",
    "metadata.name must have at most 63 lower-case letters, digits and '-', and no dot: others refer to it by name",
)
PLAN: Schema = {
    "type": "object",
    "properties": {
        "hash": text(64),
        "summary": text(256),
        "actions": objects(
            {
                "on": text(16),
                "verb": text(32),
                "object": text(320),
                "destructive": {"type": "boolean"},
                "calls": INTEGER,
            },
            50,
        ),
        "truncated": INTEGER,
    },
}
APPROVED: Schema = {
    "type": "object",
    "properties": {
        "hash": text(64),
        "generation": {"type": "integer", "format": "int64"},
        "applied": {"type": "boolean"},
    },
}
COMMON_STATUS: Schema = {
    "observedGeneration": {"type": "integer", "format": "int64"},
    "lastHandledReconcileAt": text(64),
    "conditions": CONDITIONS,
    "plan": PLAN,
    "approvedPlan": APPROVED,
    "drift": DRIFT,
    "intents": INTENTS,
}
READY = ("READY", "string", '.status.conditions[?(@.type=="Ready")].status')
REASON = ("REASON", "string", '.status.conditions[?(@.type=="Ready")].reason')
AGE = ("AGE", "date", ".metadata.creationTimestamp")

KINDS = (
    Kind(
        "AwsAccount",
        "awsaccounts",
        "awsacct",
        False,
        AwsAccountSpec,
        {"callerArn": text(512), "externalId": text(128), "realResyncSeconds": INTEGER},
        (("ACCOUNT", "string", ".spec.accountId"), ("REGION", "string", ".spec.region"), READY, REASON, AGE),
    ),
    Kind(
        "OracleDatabase",
        "oracledatabases",
        "odb",
        False,
        OracleDatabaseSpec,
        {"databaseVersion": text(64), "ordsVersion": text(64), "pdbGuid": text(32)},
        (
            ("VERSION", "string", ".status.databaseVersion"),
            ("ORDS", "string", ".status.ordsVersion"),
            ("ENV", "string", ".spec.environment"),
            READY,
            REASON,
            AGE,
        ),
    ),
    Kind(
        "VpcLink",
        "vpclinks",
        "vpcl",
        False,
        VpcLinkSpec,
        {"vpcLinkId": text(64), "state": text(16), "usedBy": INTEGER},
        (("STATE", "string", ".status.state"), ("USEDBY", "integer", ".status.usedBy"), READY, REASON, AGE),
    ),
    Kind(
        "IdentityProvider",
        "identityproviders",
        "idp",
        False,
        IdentityProviderSpec,
        {
            "issuer": text(512),
            "jwksUri": text(512),
            "keys": INTEGER,
            "algorithms": {
                "type": "array",
                "maxItems": 16,
                "x-kubernetes-list-type": "set",
                "items": text(16),
            },
        },
        (("ISSUER", "string", ".spec.issuer"), ("KEYS", "integer", ".status.keys"), READY, REASON, AGE),
    ),
    Kind(
        "OracleApi",
        "oracleapis",
        "oapi",
        True,
        OracleApiSpec,
        {
            "type": text(8),
            "apiId": text(64),
            "endpoint": text(512),
            "publicRoutes": INTEGER,
            "gatewayKey": {
                "type": "object",
                "properties": {"createdTime": {"type": "string", "format": "date-time"}},
            },
            "routesServing": text(16),
            "groups": objects({"scope": text(64), "auth": text(8), "module": text(255), "basePath": text(255)}, 64),
            "routes": objects(
                {
                    "name": text(63),
                    "key": text(160),
                    "state": text(16),
                    "reason": text(64),
                    "fault": text(32),
                    "asks": texts(255, 16),
                },
                300,
                "name",
            ),
            "permissionLostTime": {"type": "string", "format": "date-time"},
        },
        (
            ("TYPE", "string", ".status.type"),
            ("ROUTES", "string", ".status.routesServing"),
            ("ENDPOINT", "string", ".status.endpoint"),
            READY,
            REASON,
            AGE,
        ),
    ),
    Kind(
        "OracleRole",
        "oracleroles",
        "orole",
        True,
        OracleRoleSpec,
        {
            "roleName": text(128),
            "granted": text(16),
            "missing": texts(320, 50),
            "extra": texts(480, 50),
        },
        (
            ("ROLE", "string", ".status.roleName"),
            ("GRANTS", "string", ".status.granted"),
            READY,
            REASON,
            AGE,
        ),
    ),
    Kind(
        "RoleBinding",
        "rolebindings",
        "orb",
        True,
        RoleBindingSpec,
        {
            "roleName": text(128),
            "schema": text(128),
            "subjectsBound": text(16),
            "allowed": INTEGER,
            "denied": INTEGER,
            "accessHash": text(64),
            "policyArn": text(1024),
            "policyRolePath": text(256),
            "missingPolicy": text(6144),
            "invokable": objects(
                {
                    "subject": text(256),
                    "routes": texts(63, 64),
                },
                32,
            ),
            "mismatches": objects(
                {
                    "link": text(16),
                    "fault": text(32),
                    "subject": text(480),
                    "route": text(63),
                    "wouldSee": text(32),
                    "detail": text(512),
                },
                50,
            ),
        },
        (
            ("API", "string", ".spec.apiRef.name"),
            ("ROLE", "string", ".status.roleName"),
            ("SUBJECTS", "string", ".status.subjectsBound"),
            ("CONSISTENT", "string", '.status.conditions[?(@.type=="Consistent")].status'),
            ("EXPIRES", "string", ".spec.expirationTime"),
            READY,
            REASON,
            AGE,
        ),
        ("oraclerolebinding",),
    ),
    Kind(
        "SecretRotation",
        "secretrotations",
        "srot",
        True,
        SecretRotationSpec,
        {
            "strategy": text(16),
            "strategyDetail": text(512),
            "activeAccount": text(128),
            "secretArn": text(2048),
            "kmsKeyId": text(256),
            "kubernetesSecret": text(253),
            "versionId": text(64),
            "step": text(32),
            "rotation": {
                "type": "object",
                "properties": {
                    "token": text(64),
                    "replacing": text(64),
                    "account": text(128),
                    "strategy": text(16),
                    "cause": text(32),
                    "startedTime": TIME,
                    "attempts": INTEGER,
                    "changed": text(64),
                    "refused": text(160),
                    "tried": texts(64, 4),
                    "restarted": texts(270, 32),
                    "carries": text(64),
                },
            },
            "passwordChangedTime": text(64),
            "lostLogOns": {"type": "object", "properties": {"account": text(128), "count": INTEGER, "time": TIME}},
            "oldPasswordEndsTime": TIME,
            "lastRotationTime": TIME,
            "nextRotationTime": TIME,
            "dueTime": TIME,
            "lastHandledRotateAt": text(64),
            "consumersMoved": text(16),
            "missing": texts(480, 50),
            "history": objects(
                {
                    "startedTime": TIME,
                    "completedTime": TIME,
                    "versionId": text(64),
                    "account": text(128),
                    "strategy": text(16),
                    "cause": text(32),
                    "result": text(32),
                },
                10,
            ),
        },
        (
            ("ACCOUNT", "string", ".spec.account"),
            ("STRATEGY", "string", ".status.strategy"),
            ("LAST", "date", ".status.lastRotationTime"),
            ("NEXT", "string", ".status.nextRotationTime"),
            ("STEP", "string", ".status.step"),
            READY,
            REASON,
            AGE,
        ),
    ),
)


def kind_named(name: str) -> Kind:
    """Return the kind called *name*."""
    return next(kind for kind in KINDS if kind.name == name)


def build_crd(kind: Kind) -> Schema:
    """Return the CustomResourceDefinition of *kind* as a plain dict."""
    names: Schema = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.singular,
        "shortNames": [kind.short, *kind.more_names],
        "categories": ["all-oracle"],
    }
    version: Schema = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": title, "type": type_, "jsonPath": path} for title, type_, path in kind.columns
        ],
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "description": (kind.spec.__doc__ or "").strip().splitlines()[0],
                "required": ["spec"],
                "x-kubernetes-validations": [NAME_RULE],
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"type": "object"},
                    "spec": build_schema(kind.spec),
                    "status": {
                        "type": "object",
                        "default": {"observedGeneration": -1},
                        "properties": {**COMMON_STATUS, **kind.status},
                    },
                },
            }
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": names,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [version],
        },
    }


def build_schema(model: type[OfferSpec]) -> Schema:
    """Return the structural schema of a spec model."""
    document = model.model_json_schema(by_alias=True, mode="validation")
    return _structural(document, document.get("$defs", {}))


def _structural(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return *node* with references inlined and what a structural schema refuses turned into what it takes."""
    node = _inline(node, definitions)
    out: Schema = {}
    for key, value in node.items():
        if key in ("$defs", "title", "additionalProperties") and not isinstance(value, dict):
            continue
        if key == "$defs" or (key == "default" and not isinstance(value, bool | int | str)):
            continue
        if key == "properties":
            out[key] = {name: _structural(child, definitions) for name, child in value.items()}
        elif key in ("items", "additionalProperties"):
            out[key] = _structural(value, definitions)
        elif key == "const":
            out["enum"] = [value]
        else:
            out[key] = value
    if out.get("type") == "integer":
        out["format"] = "int32"
    out.pop("title", None)
    return out


def _inline(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Resolve ``$ref`` and ``anyOf: [x, null]``, keeping what stands beside them; CEL rules of both hold."""
    merged = dict(node)
    while "$ref" in merged or "anyOf" in merged:
        if "$ref" in merged:
            target = definitions[merged.pop("$ref").rsplit("/", 1)[1]]
        else:
            (target,) = [option for option in merged.pop("anyOf") if option.get("type") != "null"]
        validations = [
            *target.get("x-kubernetes-validations", []),
            *merged.get("x-kubernetes-validations", []),
        ]
        merged = {**target, **merged}
        if validations:
            merged["x-kubernetes-validations"] = validations
    return merged
