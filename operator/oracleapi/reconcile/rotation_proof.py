"""Whether the current version's password works: proven once, said until the account or the version is another."""

from typing import Any

from oracleapi.api import reasons
from oracleapi.api.secretrotation import SecretRotationSpec
from oracleapi.errors import Terminal
from oracleapi.model.account import ObservedAccount
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.report import Report
from oracleapi.reconcile.rotation_place import Place
from oracleapi.reconcile.rotation_secret import Known


def verify(place: Place, known: Known, active: ObservedAccount) -> None:
    """Prove each current version once, again where the account is another than it was then or somebody asks.

    Where *active* was in no rollover before that, this version was the only password: in a rollover that begins
    later it is the old one.

    Raises:
        Terminal: ``LoginDenied``, ``AccountLocked``.
    """
    work, proof = place.work, None
    said = _said(work) if work.status.get("versionId") == known.current else None
    worked = said is not None and said["status"] == "True"
    anew = active.differs_since(work.status.get("passwordChangedTime")) if worked else place.again
    if said is not None and not anew:
        say_again(work)
    else:
        values = place.read(known.current)
        name = str(values.get("username", ""))
        proof = place.logins.prove(name, str(values.get("password", "")))
        say_verified(work.report, name, proof == "Works")
        sure = proof == "Works" and not active.in_rollover
        work.report.fields["passwordChangedTime"] = active.changed if sure else None
    if work.report.conditions["Verified"].status == "True":
        return
    if proof == "Expired" or active.expired:
        raise Terminal(
            reasons.LOGIN_DENIED,
            f"the password of account {active.name} has expired; ask for a rotation, which changes it (annotation"
            " oracleapi.dev/rotate-requested-at)",
        )
    raise Terminal(
        reasons.LOGIN_DENIED,
        f"spec.secret.name: the database refuses the password in the current version of secret {place.name};"
        " put the right one there, or ask for a rotation if the operator's account has ALTER USER (annotation"
        " oracleapi.dev/rotate-requested-at)",
    )


def say_verified(report: Report, account: str, works: bool) -> None:
    """Say whether the secret's password was seen to work."""
    if works:
        report.say("Verified", True, reasons.SUCCEEDED, f"A log-on as {account} and a query worked")
    else:
        report.say("Verified", False, reasons.LOGIN_DENIED, f"The database refused a log-on as {account}")


def _said(work: Pass[SecretRotationSpec]) -> dict[str, Any] | None:
    """Return the condition that tells whether the secret's password was seen to work, as the last pass left it."""
    return next((each for each in work.status.get("conditions", []) if each["type"] == "Verified"), None)


def say_again(work: Pass[SecretRotationSpec]) -> None:
    """Say what the last pass said."""
    if (said := _said(work)) is not None:
        work.report.say("Verified", said["status"] == "True", said["reason"], said["message"])
