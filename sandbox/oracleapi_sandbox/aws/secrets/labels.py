"""Staging labels: each sits on one version of a secret at most. Pure.

Sources: API reference of PutSecretValue and UpdateSecretVersionStage; what public projects recorded on real accounts.
"""

from dataclasses import replace

from oracleapi_sandbox.aws.secrets.store import Secret

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"


def attach(secret: Secret, version_id: str, labels: frozenset[str], pending_leaves: bool) -> Secret:
    """Return *secret* with *labels* on one version and taken from all others.

    When AWSCURRENT moves, AWSPREVIOUS goes to the version that it leaves [D].

    Args:
        pending_leaves: Whether that version loses AWSPENDING too.
    """
    current = secret.labelled(CURRENT)
    left = current if CURRENT in labels and current is not None and current.version_id != version_id else None
    moved = labels | ({PREVIOUS} if left is not None else frozenset())
    versions = []
    for version in secret.versions:
        kept = version.labels - moved
        if version.version_id == version_id:
            kept |= labels
        elif left is not None and version.version_id == left.version_id:
            kept = (kept - ({PENDING} if pending_leaves else frozenset())) | {PREVIOUS}
        versions.append(replace(version, labels=kept))
    return replace(secret, versions=tuple(versions))


def detach(secret: Secret, label: str) -> Secret:
    """Return *secret* without *label*."""
    versions = tuple(replace(version, labels=version.labels - {label}) for version in secret.versions)
    return replace(secret, versions=versions)


def count(secret: Secret) -> int:
    """Return how many labels all versions have together."""
    return sum(len(version.labels) for version in secret.versions)
