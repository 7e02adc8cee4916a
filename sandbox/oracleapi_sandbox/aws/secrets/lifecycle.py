"""What a secret says of itself, and its end: describing, listing, deleting, restoring."""

from dataclasses import replace
from typing import Any

from oracleapi_sandbox.aws.errors import not_implemented
from oracleapi_sandbox.aws.secrets.context import Context, Handler, Result
from oracleapi_sandbox.aws.secrets.errors import invalid_parameter, marked_for_deletion
from oracleapi_sandbox.aws.secrets.paging import page
from oracleapi_sandbox.aws.secrets.store import Secret
from oracleapi_sandbox.aws.secrets.values import DAY_S
from oracleapi_sandbox.aws.secrets.versions import stages

WINDOW_DAYS, SHORTEST_DAYS, LONGEST_DAYS = 30, 7, 30  # [D]


def _describe(ctx: Context, members: dict[str, Any]) -> Result:
    secret = ctx.shown(members)
    return describe(secret) | {"VersionIdsToStages": stages(secret) or None}


def describe(secret: Secret) -> Result:
    """Return what DescribeSecret and ListSecrets show alike; what has no value is left out [D]."""
    tags = None if secret.tags is None else [{"Key": key, "Value": value} for key, value in secret.tags]
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description or None,
        "KmsKeyId": secret.key_id,
        "LastChangedDate": secret.changed,
        "LastAccessedDate": secret.accessed,
        "DeletedDate": secret.gone_at,
        "Tags": tags,
        "CreatedDate": secret.created,
    }


def _list(ctx: Context, members: dict[str, Any]) -> Result:
    if unknown := sorted({"Filters", "SortBy", "SortOrder"} & set(members)):
        raise not_implemented(f"{unknown[0]} of secretsmanager:ListSecrets")
    planned = members.get("IncludePlannedDeletion", False)
    seen = [secret for entry in ctx.secrets if (secret := ctx.seen(entry)) is not None]
    found, token = page(members, [secret for secret in seen if planned or secret.gone_at is None], 100)
    listed = [describe(secret) | {"SecretVersionsToStages": stages(secret) or None} for secret in found]
    return {"SecretList": listed, "NextToken": token}


def _delete(ctx: Context, members: dict[str, Any]) -> Result:
    """Mark a secret for deletion. Without recovery it still holds its name for a moment; a secret that is not there is
    deleted without recovery like any other [D]."""
    force, days = members.get("ForceDeleteWithoutRecovery", False), members.get("RecoveryWindowInDays")
    if force and days is not None:
        raise invalid_parameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    if days is not None and not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        raise invalid_parameter(
            f"The RecoveryWindowInDays value must be between {SHORTEST_DAYS} and {LONGEST_DAYS} days (inclusive)."
        )
    if force and ctx.find(members) is None:
        name = members["SecretId"].rpartition(":")[2]
        return {"ARN": ctx.secrets.new_arn(name), "Name": name, "DeletionDate": ctx.now}
    secret = ctx.truth(members)
    if secret.gone_at is not None and not force:
        raise marked_for_deletion()
    wait_s = ctx.settings.secret_force_delete_seconds if force else (days or WINDOW_DAYS) * DAY_S
    ctx.put(replace(secret, gone_at=ctx.now + wait_s))
    return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": ctx.now if force else ctx.now + wait_s}


def _restore(ctx: Context, members: dict[str, Any]) -> Result:
    """Take the mark away; a secret without one is answered alike [U]."""
    secret = ctx.truth(members)
    ctx.put(replace(secret, gone_at=None))
    return {"ARN": secret.arn, "Name": secret.name}


OPERATIONS: dict[str, Handler] = {
    "DeleteSecret": _delete,
    "DescribeSecret": _describe,
    "ListSecrets": _list,
    "RestoreSecret": _restore,
}
