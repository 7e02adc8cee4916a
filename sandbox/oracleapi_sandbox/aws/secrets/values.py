"""Making secrets and versions, and reading them.

Texts and the order of checks: [D] where public projects recorded them on real accounts (LocalStack's snapshots, moto's
``aws_verified`` tests), else [U].
"""

from dataclasses import replace
from typing import Any

from oracleapi_sandbox.aws.secrets import labels
from oracleapi_sandbox.aws.secrets.context import Context, Handler, Result, check_name, key_of
from oracleapi_sandbox.aws.secrets.errors import (
    exists,
    invalid_parameter,
    invalid_request,
    limit_exceeded,
    marked_for_deletion,
    not_found,
)
from oracleapi_sandbox.aws.secrets.store import Secret, Value, Version
from oracleapi_sandbox.aws.secrets.tagging import read_tags

DAY_S = 86_400.0


async def _create(ctx: Context, members: dict[str, Any]) -> Result:
    name, value = check_name(members["Name"]), _value(members)
    token = _token(members) if value is not None else None
    if "AddReplicaRegions" in members:
        raise invalid_parameter("Invalid replica region.")  # there is one Region for each store
    known = ctx.secrets.entries.get(name)
    if known is not None:
        return _repeated(known.latest, value, token)
    if len(ctx.secrets.entries) >= ctx.settings.max_secrets:
        raise limit_exceeded("You have reached the maximum number of secrets in this Region.")
    secret = Secret(
        arn=ctx.secrets.new_arn(name),
        name=name,
        created=ctx.now,
        changed=ctx.now,
        description=members.get("Description", ""),
        key_id=key_of(members),
        tags=read_tags(members["Tags"]) if "Tags" in members else None,
    )
    if value is not None and token is not None:
        secret = await _with_version(ctx, secret, value, token, [labels.CURRENT])
    ctx.put(secret)
    return _named(secret) | ({"VersionId": token} if token else {})


def _repeated(secret: Secret, value: Value | None, token: str | None) -> Result:
    """Answer a create whose name is taken: the same create again is answered again."""
    if secret.gone_at is not None:
        raise invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    version = secret.version(token) if token else None
    if version is None:
        raise exists(f"The operation failed because the secret {secret.name} already exists.")
    return _named(secret) | {"VersionId": _same(secret, version, value).version_id}


async def _put(ctx: Context, members: dict[str, Any]) -> Result:
    secret, value = ctx.writable(members), _value(members)
    if value is None:
        raise invalid_request("You must provide either SecretString or SecretBinary.")
    token = _token(members)
    version = secret.version(token)
    if version is not None:
        version = _same(secret, version, value)
    else:
        wanted = members.get("VersionStages", [labels.CURRENT])
        secret = await _with_version(ctx, secret, value, token, wanted)
        ctx.put(secret)
        version = secret.version(token)
        assert version is not None
    return _named(secret) | {"VersionId": token, "VersionStages": sorted(version.labels)}


async def _update(ctx: Context, members: dict[str, Any]) -> Result:
    secret, value = ctx.writable(members), _value(members)
    token = _token(members) if value is not None else None
    if "Description" in members:
        secret = replace(secret, description=members["Description"])
    if "KmsKeyId" in members:
        secret = await _under_key(ctx, secret, key_of(members))
    if value is not None and token is not None:
        version = secret.version(token)
        if version is not None:
            _same(secret, version, value)
        else:
            secret = await _with_version(ctx, secret, value, token, [labels.CURRENT])
    ctx.put(secret)
    return _named(secret) | ({"VersionId": token} if token else {})


async def _under_key(ctx: Context, secret: Secret, key_id: str | None) -> Secret:
    """Return *secret* under another key, which decrypts what AWS labels beside the old one [D].

    Versions of which no key works stay as they are [D]. Whether the caller may Encrypt is not looked at.
    Source: user guide, "Change the encryption key for an AWS Secrets Manager secret".
    """
    await ctx.check_keys((key_id,), "EncryptionFailure")
    versions = []
    for version in secret.versions:
        known = key_id in version.keys or not version.labels & {labels.CURRENT, labels.PENDING, labels.PREVIOUS}
        more = () if known or not await ctx.any_works(version.keys) else (key_id,)
        versions.append(replace(version, keys=(*version.keys, *more)))
    return replace(secret, key_id=key_id, versions=tuple(versions))


async def _get(ctx: Context, members: dict[str, Any]) -> Result:
    secret = ctx.shown(members)
    if secret.gone_at is not None:
        raise marked_for_deletion()
    version = _asked(secret, members.get("VersionId"), members.get("VersionStage"))
    await ctx.check_keys(version.keys, "DecryptionFailure")
    _note_read(ctx, secret.name, version.version_id)
    return _named(secret) | {
        "VersionId": version.version_id,
        "SecretString": version.value.text,
        "SecretBinary": version.value.data,
        "VersionStages": sorted(version.labels) or None,
        "CreatedDate": version.created,
    }


def _asked(secret: Secret, version_id: str | None, label: str | None) -> Version:
    """Return the version that a read asks for; AWSCURRENT when it names none."""
    if version_id is None:
        label = label or labels.CURRENT
        found = secret.labelled(label)
        if found is None:
            raise not_found(f" value for staging label: {label}")
        return found
    found = secret.version(version_id)
    if found is None:
        raise not_found(f" value for VersionId: {version_id}")
    if label is not None and label not in found.labels:
        raise invalid_request("You provided a VersionStage that is not associated to the provided VersionId.")
    return found


def _note_read(ctx: Context, name: str, version_id: str) -> None:
    """Remember the day of a read."""
    day = ctx.now - ctx.now % DAY_S
    secret = ctx.secrets.entries[name].latest
    versions = tuple(
        replace(version, accessed=day) if version.version_id == version_id else version for version in secret.versions
    )
    if secret.accessed != day or versions != secret.versions:
        ctx.note(replace(secret, accessed=day, versions=versions))


async def _with_version(ctx: Context, secret: Secret, value: Value, version_id: str, wanted: list[str]) -> Secret:
    """Return *secret* with one version more, which has the *wanted* labels; the first one is always current [D]."""
    await ctx.check_keys((secret.key_id,), "EncryptionFailure")
    first = secret.labelled(labels.CURRENT) is None
    kept = _pruned(ctx, secret)
    if len(kept) >= ctx.settings.max_secret_versions:
        raise limit_exceeded("You have reached the maximum number of versions for this secret.")
    version = Version(version_id, value, ctx.now, keys=(secret.key_id,))
    secret = replace(secret, versions=(*kept, version))
    found = labels.attach(secret, version_id, frozenset(wanted) | ({labels.CURRENT} if first else set()), True)
    check_labels(ctx, found)
    return found


def check_labels(ctx: Context, secret: Secret) -> None:
    """Refuse more labels than a secret may have."""
    if labels.count(secret) > ctx.settings.max_secret_labels:
        raise limit_exceeded("You have reached the maximum number of staging labels for this secret.")


def _pruned(ctx: Context, secret: Secret) -> list[Version]:
    """Return the versions without those that make place: no label, older than a day, oldest first [D]."""
    versions = list(secret.versions)
    for version in secret.versions:
        if len(versions) < ctx.settings.max_secret_versions:
            break
        if not version.labels and version.created <= ctx.now - DAY_S:
            versions.remove(version)
    return versions


def _value(members: dict[str, Any]) -> Value | None:
    text, data = members.get("SecretString"), members.get("SecretBinary")
    if text is not None and data is not None:
        raise invalid_parameter("You can't specify both a binary secret value and a string secret value.")
    return None if text is None and data is None else Value(text, data)


def _token(members: dict[str, Any]) -> str:
    token: str | None = members.get("ClientRequestToken")
    if token is None:
        raise invalid_request("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
    return token


def _same(secret: Secret, version: Version, value: Value | None) -> Version:
    """Return *version* if it holds *value*: it cannot be given another one."""
    if version.value != value:
        raise exists(
            f"You can't use ClientRequestToken {version.version_id} because that value is already in use for a version"
            f" of secret {secret.arn}."
        )
    return version


def _named(secret: Secret) -> Result:
    return {"ARN": secret.arn, "Name": secret.name}


OPERATIONS: dict[str, Handler] = {
    "CreateSecret": _create,
    "GetSecretValue": _get,
    "PutSecretValue": _put,
    "UpdateSecret": _update,
}
