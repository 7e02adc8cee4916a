"""Versions and their labels: moving a label, and listing versions."""

from typing import Any

from oracleapi_sandbox.aws.secrets import labels
from oracleapi_sandbox.aws.secrets.context import Context, Handler, Result
from oracleapi_sandbox.aws.secrets.errors import invalid_parameter, not_found
from oracleapi_sandbox.aws.secrets.paging import page
from oracleapi_sandbox.aws.secrets.store import DEFAULT_KEY, Secret, Version
from oracleapi_sandbox.aws.secrets.values import check_labels


def _move(ctx: Context, members: dict[str, Any]) -> Result:
    """Move, add or remove one label. ``RemoveFromVersionId`` must name who has it: it works as compare-and-swap [D]."""
    secret, label = ctx.writable(members), members["VersionStage"]
    target, source = members.get("MoveToVersionId"), members.get("RemoveFromVersionId")
    for version_id in (target, source):
        if version_id is not None and secret.version(version_id) is None:
            raise not_found(f" version: {version_id}")  # [U] text
    holder = secret.labelled(label)
    _check_source(label, holder, target, source)
    if target is not None:
        moved = labels.attach(secret, target, frozenset([label]), ctx.settings.pending_leaves_with_current)
    elif label == labels.CURRENT:
        raise invalid_parameter(
            f"You can only move staging label {label} to a different secret version. It can't be completely removed."
        )
    else:
        moved = labels.detach(secret, label)
    check_labels(ctx, moved)
    ctx.put(moved)
    return {"ARN": secret.arn, "Name": secret.name}


def _check_source(label: str, holder: Version | None, target: str | None, source: str | None) -> None:
    """Refuse a move whose caller does not know where the label is [D; all texts but the first [U]]."""
    if source is None:
        if target is None:
            raise invalid_parameter("You must provide MoveToVersionId or RemoveFromVersionId.")
        if holder is not None and holder.version_id != target:
            raise invalid_parameter(
                f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to"
                f" version {holder.version_id}, so you must explicitly reference that version in RemoveFromVersionId."
            )
    elif holder is None or holder.version_id != source:
        raise invalid_parameter(
            f"If you specify RemoveFromVersionId, it must be set to the version that has the staging label {label}."
        )


def _list(ctx: Context, members: dict[str, Any]) -> Result:
    secret = ctx.shown(members)
    all_of_them = members.get("IncludeDeprecated", False)
    listed = [version for version in secret.versions if version.labels or all_of_them]
    found, token = page(members, listed, 100)
    shown = [_shown(version) for version in found]
    return {"ARN": secret.arn, "Name": secret.name, "Versions": shown, "NextToken": token}


def _shown(version: Version) -> dict[str, Any]:
    return {
        "VersionId": version.version_id,
        "VersionStages": sorted(version.labels) or None,
        "LastAccessedDate": version.accessed,
        "CreatedDate": version.created,
        "KmsKeyIds": [key or DEFAULT_KEY for key in version.keys],
    }


def stages(secret: Secret) -> dict[str, list[str]]:
    """Return the labels by version, versions without any left out."""
    return {version.version_id: sorted(version.labels) for version in secret.versions if version.labels}


OPERATIONS: dict[str, Handler] = {"ListSecretVersionIds": _list, "UpdateSecretVersionStage": _move}
