"""What a rotation keeps in its secret, which strategy it takes, and how its secret's labels are read. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from oracleapi.api import reasons
from oracleapi.api.oracledatabase import Connection, Delegation
from oracleapi.api.secretrotation import SecretRotationSpec, Strategy
from oracleapi.desired.schedule import Schedule, Window
from oracleapi.errors import Terminal
from oracleapi.model.account import ROLLOVER_LIMIT, ObservedAccount
from oracleapi.model.ownership import TAG_OWNER
from oracleapi.model.rollover import own_profile, source_of
from oracleapi.model.rotation import CURRENT, PENDING, ObservedSecret

Chosen = Literal["Rollover", "DualUser", "Single"]
Phase = Literal["Store", "Set", "Switched", "Foreign"]
HISTORY_KEPT = 10
OWNED_TOLD = 3


@dataclass(frozen=True)
class Choice:
    """A strategy, and why it is that one."""

    strategy: Chosen
    detail: str


def build_schedule(spec: SecretRotationSpec) -> Schedule:
    """Return when an object's rotations are due.

    Raises:
        Terminal: ``InvalidSpec``, a cron expression or zone means nothing.
    """
    windows = tuple(Window(each.cron, each.duration_minutes) for each in spec.windows)
    asked = spec.schedule
    try:
        return Schedule(asked.every_days, asked.cron, asked.time_zone, windows, asked.jitter_minutes)
    except ValueError as error:
        raise Terminal(reasons.INVALID_SPEC, str(error)) from error


def choose_strategy(asked: Strategy, account: ObservedAccount, hours: int | None) -> Choice:
    """Return the strategy that *asked* comes to for an account as the database reports it.

    Args:
        hours: Of a profile that the account gets before its next rotation, where the database's object allows that.

    Raises:
        Terminal: ``RolloverOff``, it is asked for and the account's profile keeps no old password; ``OwnsObjects``.
    """
    limit, profile = account.limits.get(ROLLOVER_LIMIT, "0"), account.profile
    if asked == "Single":
        return Choice("Single", "asked for; between the database's change and the secret's the old password fails")
    if asked == "DualUser":
        check_owns_nothing(asked, account)
        return Choice("DualUser", "asked for")
    if account.rolls_over:
        return Choice("Rollover", f"profile {profile} has {ROLLOVER_LIMIT} {limit}")
    if hours is not None and ROLLOVER_LIMIT in account.limits:
        return Choice(
            "Rollover",
            f"profile {profile} has {ROLLOVER_LIMIT} {limit}; the next rotation gives the account profile"
            f" {own_profile(source_of(account))} with {hours} hours",
        )
    if asked == "Auto":
        check_owns_nothing(asked, account)
        return Choice(
            "DualUser", f"profile {profile} has {ROLLOVER_LIMIT} {limit}, so no old password outlives a change"
        )
    raise Terminal(
        reasons.ROLLOVER_OFF,
        f"spec.strategy: profile {profile} of account {account.name} has {ROLLOVER_LIMIT} {limit};"
        f" {_rollover_cure(account)}",
    )


def _rollover_cure(account: ObservedAccount) -> str:
    """Say what lets the old password of *account* work for a time after a change."""
    if ROLLOVER_LIMIT not in account.limits:
        return f"its database does not know {ROLLOVER_LIMIT}, as 19.12 and later do"
    own = f"{account.name[:117]}_ROTATED"
    return (
        "give it a profile of its own with a limit between 1/24 and 60 days, and leave DEFAULT alone: CREATE PROFILE"
        f" {own} LIMIT {ROLLOVER_LIMIT} 1; ALTER USER {account.name} PROFILE {own} (add the other limits of its present"
        " profile); or let the operator do that, with OracleDatabase.spec.passwordRollover"
    )


def check_owns_nothing(asked: Strategy, account: ObservedAccount) -> None:
    """Check that another account can stand in for this one: it would neither find nor own what this one owns.

    Args:
        asked: ``DualUser``, or ``Auto`` where no rollover is to be had.

    Raises:
        Terminal: ``OwnsObjects``.
    """
    if not account.owned:
        return
    says = f"account {account.name} owns {_owned(account)}, which an account that takes turns with it would not find"
    if asked == "Auto":
        limit = account.limits.get(ROLLOVER_LIMIT, "0")
        says = f"Auto finds no strategy: {says}, and its profile {account.profile} has {ROLLOVER_LIMIT} {limit}"
    cure = "choose Rollover, which its profile allows"
    if not account.rolls_over:
        cure = "choose Rollover and " if asked == "DualUser" else ""
        cure += _rollover_cure(account)
    raise Terminal(
        reasons.OWNS_OBJECTS,
        f"spec.strategy: {says}; {cure}; or choose Single, with which the old password fails at once; or let the"
        " application log in with an account that owns nothing, and name that one",
    )


def check_twin_owns_nothing(twin: ObservedAccount, active: str) -> None:
    """Check that the other account owns nothing either, which *active* would not find.

    Raises:
        Terminal: ``OwnsObjects``.
    """
    if twin.owned:
        raise Terminal(
            reasons.OWNS_OBJECTS,
            f"spec.strategy: account {twin.name}, which takes turns with {active}, owns {_owned(twin)}, which {active}"
            " does not find; have that moved to an account that nobody logs in with, or choose Rollover or Single",
        )


def _owned(account: ObservedAccount) -> str:
    return ", ".join(account.owned[:OWNED_TOLD]) + (" and others" if len(account.owned) > OWNED_TOLD else "")


def check_account(name: str, delegations: Iterable[Delegation], database: str, namespace: str) -> None:
    """Check that a delegation gives the account.

    Raises:
        Terminal: ``AccountNotAllowed``.
    """
    if not any(fnmatchcase(name, pattern) for found in delegations for pattern in found.accounts):
        raise Terminal(
            reasons.ACCOUNT_NOT_ALLOWED,
            f"spec.account: no delegation of OracleDatabase {database} gives account {name} to namespace {namespace};"
            " ask a platform administrator to list it under delegations[].accounts",
        )


def check_secret(secret: ObservedSecret, owner: str, pending: Collection[str] = ()) -> None:
    """Check that nobody else writes this secret.

    Args:
        pending: The versions that are ours to be pending.

    Raises:
        Terminal: ``Conflict``, another object of ours or of another installation has it; ``ForeignWriter``.
    """
    field, name = "spec.secret.name", secret.name
    theirs = secret.tags.get(TAG_OWNER) or owner
    if theirs != owner:
        raise Terminal(
            reasons.CONFLICT,
            f"{field}: secret {name} belongs to {theirs}; name another one, or delete that first. If it is gone without"
            f" having let go: aws secretsmanager untag-resource --secret-id {name} --tag-keys {TAG_OWNER}",
        )
    if secret.rotates or secret.owning_service:
        by = (
            f"AWS service {secret.owning_service}" if secret.owning_service else "a rotation function (RotationEnabled)"
        )
        raise Terminal(
            reasons.FOREIGN_WRITER,
            f"{field}: secret {name} is rotated by {by}, and two writers lose passwords; cancel that rotation, or"
            " delete this object",
        )
    found = secret.version_with(PENDING)
    if found is not None and found not in (*pending, secret.version_with(CURRENT)):
        raise Terminal(
            reasons.FOREIGN_WRITER,
            f"{field}: {PENDING} of secret {name} is on version {found}, which this object did not make: somebody else"
            f" is changing it; when that is over, take the label away (aws secretsmanager update-secret-version-stage"
            f" --secret-id {name} --version-stage {PENDING} --remove-from-version-id {found})",
        )


def other_key(wanted: str, found: str, asked: bool) -> bool:
    """Say whether a secret is to get the KMS key *wanted*, where AWS says that *found* encrypts it, or its own (empty).

    Args:
        asked: AWS was asked for this one already. An alias does not tell of which key it is: that settles it.
    """
    names = [each.rpartition(":")[2].removeprefix("key/") for each in (wanted, found)]
    if found and len({name.startswith("alias/") for name in names}) > 1:
        return not asked
    return names[0] != names[1]


def phase_of(secret: ObservedSecret, token: str, replacing: str, proven: bool = True) -> Phase:
    """Return how far a rotation to version *token* came, by its secret's labels.

    ``Store``: the version is not there. ``Set``: it waits to be, or is, the account's password. ``Switched``: readers
    get it. ``Foreign``: somebody moved AWSCURRENT to a third version.

    Args:
        proven: Its password was seen to work. If not, somebody else gave it to readers before.
    """
    current = secret.version_with(CURRENT)
    if current == token:
        return "Switched" if proven else "Set"
    if current != replacing:
        return "Foreign"
    return "Set" if token in secret.versions else "Store"


def account_named(username: str) -> str:
    """Return the account that somebody logs in to as *username*: Oracle reads it in upper case, unless it is quoted."""
    quoted = len(username) > 2 and username[0] == username[-1] == '"'
    return username[1:-1] if quoted else username.upper()


def secret_values(old: Mapping[str, Any], connection: Connection, username: str, password: str) -> dict[str, Any]:
    """Return a version's keys: those of AWS's structure for Oracle, ours to connect by, and what else was there.

    Where readers find the database, somebody else may have written: a proxy, a name of theirs, a SID. That stays. What
    follows the connection is what we wrote, beside a connect string that says the same.

    Source: Secrets Manager user guide, "JSON structure of secrets", Oracle.
    """
    ours = {"host": connection.host, "port": str(connection.port), "dbname": connection.service_name}
    theirs = {key: old[key] for key in ours if key in old}
    if str(old.get("connectString", "")).partition("://")[2] == _address(theirs):
        theirs = {}
    return {
        **old,
        "engine": "oracle",
        **ours,
        **theirs,
        "serviceName": connection.service_name,
        "connectString": f"{connection.protocol.lower()}://{_address(ours)}",
        "username": username,
        "password": password,
    }


def _address(names: Mapping[str, Any]) -> str:
    return f"{names.get('host')}:{names.get('port')}/{names.get('dbname')}"


def noted(history: Iterable[Mapping[str, Any]], entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the history with *entry* in front, cut to what status holds."""
    kept = {key: value for key, value in entry.items() if value}
    return [kept, *(dict(found) for found in history)][:HISTORY_KEPT]
