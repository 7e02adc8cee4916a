"""What a call asks permission for: actions, resources and condition keys.

API Gateway names actions by HTTP verb and resources by path without account id and without ``/v2`` [D: ARN format
reference]; the other services by operation. Where the resource of an operation is not known here it is ``*``, so a
policy that names resources denies it.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from oracleapi_sandbox.aws.access.policies import Asked
from oracleapi_sandbox.aws.access.principals import Caller
from oracleapi_sandbox.aws.control.store import RegionStore
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.aws.wire import AwsRequest

_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
_UNCHECKED = frozenset(["sts:GetCallerIdentity", "sts:AssumeRole"])
"""GetCallerIdentity needs no permission [D]; AssumeRole is judged with the role's trust policy."""

_ALSO_ASKED = {
    "CreateSecret": "secretsmanager:TagResource",
    "ValidateResourcePolicy": "secretsmanager:PutResourcePolicy",
}
"""What else an operation of Secrets Manager asks for; the first where there are tags [D]."""
_ATTACHING = ("AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy")
_ENCRYPTING = ("CreateSecret", "PutSecretValue", "UpdateSecret")

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
)
"""What a caller must have to turn access logs of an HTTP API on, on every resource [D: http-api-logging]."""


def gateway_demands(
    request: AwsRequest, region: str, operation: str, caller: Caller, store: RegionStore, settings: ControlSettings
) -> list[Asked]:
    """Return what a call of API Gateway v2 asks for; creating with tags asks for tagging too."""
    path = request.raw_path.removeprefix("/v2").rstrip("/")
    resource, place = f"arn:aws:apigateway:{region}::{path}", f"arn:aws:apigateway:{region}::"
    tags = request.document.get("tags")
    tags = tags if isinstance(tags, dict) else {}
    keys = _keys(caller, region, tags, request.query.get("tagKeys", []), _tags_at(path, store))
    demands = [Asked(f"apigateway:{request.method}", resource, keys)]
    if operation.startswith("Create") and tags and settings.create_with_tags_needs == "TagResource":
        demands.append(Asked("apigateway:TagResource", resource, keys))
    if operation.startswith("Create") and tags and settings.create_with_tags_needs == "tags path":
        demands.append(Asked("apigateway:POST", f"{place}/tags/", keys))
    return demands


def log_demands(
    request: AwsRequest, region: str, operation: str, caller: Caller, settings: ControlSettings
) -> list[Asked]:
    """Return what turning access logs on asks for, else nothing."""
    turns_on = operation in ("CreateStage", "UpdateStage") and "accessLogSettings" in request.document
    if not turns_on or not settings.access_logs_need_delivery_rights:
        return []
    keys = _keys(caller, region)
    return [Asked(action, "*", keys) for action in LOG_DELIVERY]


def service_demands(
    request: AwsRequest,
    region: str,
    operation: str,
    caller: Caller,
    account: str,
    secret: Mapping[str, Any] | None,
    named: str | None = None,
    missing_is_named: bool = True,
) -> list[Asked]:
    """Return what a call of another service asks for.

    Args:
        secret: The description of the secret that it names.
        named: The ARN that a call of IAM is about.
        missing_is_named: Whether ``secretsmanager:SecretId`` holds the name of a secret that is not there.
    """
    service = request.credential.service if request.credential else ""
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    if action in _UNCHECKED:
        return []
    members: dict[str, Any] = request.document or dict(request.form)
    resource, stored = named or _resource(service, operation, members, region, account), {}
    if secret is not None:
        resource, stored = str(secret["ARN"]), _as_map(secret.get("Tags"))
    tags = members.get("tags") if service == "logs" else _as_map(members.get("Tags"))
    removed = members.get("TagKeys") if isinstance(members.get("TagKeys"), list) else ()
    keys = _keys(caller, region, tags if isinstance(tags, dict) else {}, removed, stored)
    if operation in _ATTACHING and "PolicyArn" in members:
        keys["iam:policyarn"] = (str(members["PolicyArn"]),)
    if service != "secretsmanager":
        return [Asked(action, resource, keys)]
    if operation in ("GetRandomPassword", "ListSecrets"):
        resource = "*"
    keys |= _secret_keys(members, resource if secret is not None or missing_is_named else None, stored)
    more = _ALSO_ASKED.get(operation) if operation != "CreateSecret" or "Tags" in members else None
    return [Asked(found, resource, keys) for found in (action, more) if found is not None]


def key_in_use(operation: str, members: Mapping[str, Any], secret: Mapping[str, Any]) -> str | None:
    """Return the customer's key that a call of Secrets Manager works with, ``None`` for none or the service's own."""
    if operation not in ("GetSecretValue", *_ENCRYPTING):
        return None
    named = members.get("KmsKeyId") if operation in ("CreateSecret", "UpdateSecret") else None
    given = secret.get("KmsKeyId") if named is None else named
    return None if given in (None, "", "alias/aws/secretsmanager") else str(given)


def key_demands(operation: str, region: str, caller: Caller, key_arn: str) -> list[Asked]:
    """Return what a secret under a customer's key asks for besides, by way of Secrets Manager [D]."""
    keys = _keys(caller, region) | {"kms:viaservice": (f"secretsmanager.{region}.amazonaws.com",)}
    actions = ("kms:Decrypt", *(["kms:GenerateDataKey"] if operation in _ENCRYPTING else []))
    return [Asked(action, key_arn, keys) for action in actions]


def _resource(service: str, operation: str, members: Mapping[str, Any], region: str, account: str) -> str:
    if service == "logs":
        if operation == "DescribeLogGroups":
            return f"arn:aws:logs:{region}:{account}:log-group::log-stream:"
        if name := members.get("logGroupName"):
            return f"arn:aws:logs:{region}:{account}:log-group:{name}:log-stream:"
        return str(members.get("resourceArn", "*"))
    if service == "secretsmanager":
        if operation == "CreateSecret":
            return f"arn:aws:secretsmanager:{region}:{account}:secret:{members.get('Name', '')}"
        return str(members.get("SecretId", "*"))
    return "*"


def _keys(
    caller: Caller,
    region: str,
    tags: Mapping[str, Any] | None = None,
    tag_keys: Any = (),
    stored: Mapping[str, str] | None = None,
) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of a request."""
    found: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (caller.principal_arn,),
        "aws:requestedregion": (region,),
    }
    found |= {f"aws:requesttag/{key}".lower(): (str(value),) for key, value in (tags or {}).items()}
    found |= {f"aws:resourcetag/{key}".lower(): (value,) for key, value in (stored or {}).items()}
    if names := (*(tags or {}), *tag_keys):
        found["aws:tagkeys"] = tuple(names)
    return found


def _secret_keys(
    members: Mapping[str, Any], resource: str | None, stored: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of Secrets Manager that are known here [D: service authorization reference].

    ``VersionStage`` is the label that a request names; a request without one has none [U].
    """
    named = {
        "secretsmanager:name": members.get("Name"),
        "secretsmanager:secretid": resource if "SecretId" in members else None,
        "secretsmanager:versionid": members.get("VersionId"),
        "secretsmanager:versionstage": members.get("VersionStage"),
        "secretsmanager:recoverywindowindays": members.get("RecoveryWindowInDays"),
        "secretsmanager:forcedeletewithoutrecovery": members.get("ForceDeleteWithoutRecovery"),
    }
    found: dict[str, tuple[str, ...]] = {key: (_as_text(value),) for key, value in named.items() if value is not None}
    return found | {f"secretsmanager:resourcetag/{key}".lower(): (value,) for key, value in stored.items()}


def _as_text(value: Any) -> str:
    """Return a member as a condition compares it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tags_at(path: str, store: RegionStore) -> dict[str, str]:
    """Return the tags of what *path* leads to; children have those of their API, a stage its own beside them."""
    parts = path.strip("/").split("/")
    if parts[0] == "tags" and len(parts) > 1:
        parts = unquote(parts[1]).partition("::/")[2].removeprefix("v2/").split("/")
    match [unquote(part) for part in parts]:
        case ["apis", api_id, *rest] if api_id in store.apis:
            api = store.apis[api_id]
            stage = api.stages.get(rest[1]) if len(rest) > 1 and rest[0] == "stages" else None
            return {**api.members.get("Tags", {}), **(stage.members.get("Tags", {}) if stage else {})}
        case ["vpclinks", link_id] if link_id in store.vpc_links:
            return dict(store.vpc_links[link_id].members.get("Tags", {}))
    return {}


def _as_map(tags: Any) -> dict[str, str]:
    entries = tags if isinstance(tags, list) else []
    return {
        str(entry["Key"]): str(entry.get("Value", ""))
        for entry in entries
        if isinstance(entry, dict) and "Key" in entry
    }
