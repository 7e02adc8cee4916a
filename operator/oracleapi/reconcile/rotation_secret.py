"""The secret of a rotation: found, taken over, restored where somebody had it deleted, or made."""

import uuid
from dataclasses import dataclass

from oracleapi.api import reasons
from oracleapi.desired.password import make_password
from oracleapi.desired.rotation import check_secret, secret_values
from oracleapi.errors import DependencyNotReady, Retryable, Terminal
from oracleapi.model.opened import IDLE, OpenRotation
from oracleapi.model.ownership import TAG_OWNER
from oracleapi.model.rotation import CURRENT, ObservedSecret
from oracleapi.reconcile.rotation_place import Place
from oracleapi.runtime.clock import timestamp

LAG_S = 5.0


@dataclass(frozen=True)
class Known:
    """A secret that is there, and the version that readers get."""

    secret: ObservedSecret
    current: str


def known_secret(place: Place) -> Known:
    """Return the secret, made or restored where it is not there.

    Raises:
        Terminal: ``Conflict``, ``ForeignWriter``. DependencyNotReady: it has no current version.
    """
    work, opened = place.work, OpenRotation.of(place.work.status)
    secret = place.describe()
    if secret is None:
        secret = _create(place, opened)
    if secret.deleted:
        secret = _restore(place, secret)
    check_secret(secret, str(work.owner), () if opened is None else (opened.token, opened.carries))
    current = secret.version_with(CURRENT)
    if current is None:
        raise DependencyNotReady(
            reasons.CREDENTIALS_MISSING,
            f"spec.secret.name: secret {place.name} has no current version; store one with the keys username and"
            " password, or delete it and it is made",
            60.0,
        )
    work.report.fields["secretArn"] = secret.arn
    if not secret.tags.get(TAG_OWNER):
        _take(place, current)
    return Known(secret, current)


def _take(place: Place, current: str) -> None:
    """Mark a secret that somebody else made as ours, where it is about this account."""
    username = place.read(current).get("username")
    if username not in (place.spec.account, place.twin):
        raise Terminal(
            reasons.CONFLICT,
            f"spec.secret.name: secret {place.name} holds another account than {place.spec.account} under the key"
            " username; name another secret, or put the account's name there",
        )
    place.secrets.tag(place.name, place.work.owner.tags())


def _restore(place: Place, secret: ObservedSecret) -> ObservedSecret:
    if secret.tags.get(TAG_OWNER) != str(place.work.owner):
        raise Terminal(
            reasons.CONFLICT,
            f"spec.secret.name: a secret {place.name} that is not ours is scheduled for deletion; restore it"
            f" (aws secretsmanager restore-secret --secret-id {place.name}), or name another one",
        )
    place.secrets.restore(place.name)
    place.work.event(True, reasons.SECRET_RESTORED, f"secret {place.name} was scheduled for deletion; restored it")
    return _seen(place)


def _seen(place: Place) -> ObservedSecret:
    found = place.describe()
    if found is None or found.deleted:
        raise Retryable(reasons.AWS_UNAVAILABLE, f"Secrets Manager does not show secret {place.name} yet", LAG_S)
    return found


def _create(place: Place, opened: OpenRotation | None) -> ObservedSecret:
    """Make the secret with a password that becomes the account's right after."""
    if opened is not None and opened.cause != "Create":
        place.work.report.fields |= {"rotation": None, "step": IDLE}
        opened = None
    name = place.spec.account
    place.chosen(name)
    if opened is None:
        opened = place.note(begun(place, "", name, "Single", "Create"))
    password = make_password(place.spec.password.length)
    values = secret_values({}, place.database.connection, name, password)
    kms = place.spec.secret.kms_key_id
    place.secrets.create(place.name, opened.token, values, place.work.owner.tags(), kms)
    return _seen(place)


def begun(place: Place, replacing: str, account: str, strategy: str, cause: str) -> OpenRotation:
    """Return a rotation with a version's id of its own, from which everything follows; nothing is sent."""
    started = timestamp(place.work.clock)
    return OpenRotation(str(uuid.uuid4()), replacing, account, strategy, cause, started, "Storing")
