"""Passwords: which are taken, which stay valid in a rollover, and which were used before.

Sources: Database Security Guide, "Managing Gradual Database Password Rollover for Applications" and "Managing the
Complexity of Passwords"; SQL Language Reference, ALTER USER and CREATE PROFILE; error messages 28003, 28007, 28008 and
28221 [D]. In which order they are asked is not said.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oracleapi_sandbox.oracle.engine import profiles
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.ports import OracleError, Verifier
from oracleapi_sandbox.oracle.verifier import make_verifier, matches, restored, stored

LIMIT, LIMIT_23 = 30, 1024
VERIFY_FUNCTION = "PASSWORD_VERIFY_FUNCTION"
FAILED = "password verification for the specified password failed"


@dataclass(frozen=True)
class Rule:
    """What a supplied verify function asks of a password; *distance* counts edits from the old one."""

    length: int
    letters: int = 0
    upper: int = 0
    lower: int = 0
    digits: int = 1
    special: int = 1
    distance: int = 3
    words: bool = False


RULES = {
    "ORA12C_VERIFY_FUNCTION": Rule(8, letters=1, words=True),
    "ORA12C_STRONG_VERIFY_FUNCTION": Rule(9, upper=2, lower=2, digits=2, special=2, distance=4),
    "ORA12C_STIG_VERIFY_FUNCTION": Rule(15, upper=1, lower=1, distance=8),
}


@dataclass(frozen=True)
class Change:
    """A new password for *user* under *profile*; *own*: the account asks itself, and *old* is then proven."""

    user: str
    profile: str
    new: str = field(repr=False)
    old: str | None = field(default=None, repr=False)
    own: bool = False


def check_length(password: str, major: int, position: int | None = None) -> None:
    """Refuse a password of more bytes than a version takes: 30, with 23ai 1024. [D]"""
    if len(password.encode()) > (LIMIT_23 if major >= 23 else LIMIT):
        raise OracleError(972, "identifier is too long", position)


def change(ddl: Ddl, wanted: Change, *, rollover: bool = True) -> None:
    """Give an account another password; without *rollover* the old one is valid no longer, whatever the profile says.

    Raises:
        OracleError: 28221 (REPLACE is missing), 28008 (wrong old password), 28003 (refused by the verify function),
            28007 (used before).
    """
    if wanted.own:
        _prove(ddl, wanted)
    _verify(ddl, wanted)
    _check_reuse(ddl, wanted)
    store(ddl, wanted, rollover=rollover)


def store(ddl: Ddl, wanted: Change, *, rollover: bool = True) -> None:
    """Keep a new password without judging it.

    In a rollover period the original password stays valid and the one between goes; the period's beginning, which is
    the date of the change, stays. An account whose password has expired leaves its rollover. [D]
    """
    state = _state(ddl, wanted.user)
    begins = rollover and not state.administrative and profiles.rolls(ddl.catalog, wanted.profile)
    running = state.in_rollover and rollover and not state.expired
    kept = state.verifiers[-1:] if running else state.verifiers[:1] if begins and not state.expired else []
    new = make_verifier(wanted.new, like=kept[0] if kept else None)
    ddl.run(
        "update ora_meta.users set verifiers = $2::jsonb, authentication = 'PASSWORD', expired = false,"
        " grace_until = null, failures = 0, password_date = coalesce($3::timestamp, password_date) where username = $1",
        [wanted.user, json.dumps([stored(each) for each in (new, *kept)]), None if running else ddl.now],
    )
    ddl.run(
        "insert into ora_meta.password_history (username, changed, verifier) values ($1, $2, $3::jsonb)",
        [wanted.user, ddl.now, json.dumps(stored(new))],
    )


def end_rollover(ddl: Ddl, user: str) -> None:
    """``EXPIRE PASSWORD ROLLOVER PERIOD``: the old password is valid no longer.

    Raises:
        OracleError: 28227 for an administrative account [U: the message speaks of GRANT alone]; 28225 outside a
            rollover, if a switch says so.
    """
    state = _state(ddl, user)
    if state.administrative:
        raise OracleError(28227, "Gradual password rollover is not supported for administrative users.")
    if not state.in_rollover and ddl.database.settings.rollover_expire_needs_rollover:
        raise OracleError(28225, "the account is not in a password rollover period")
    ddl.run(
        "update ora_meta.users set verifiers = jsonb_build_array(verifiers -> 0)"
        " where username = $1 and jsonb_array_length(verifiers) > 1",
        [user],
    )


@dataclass(frozen=True)
class _State:
    verifiers: list[Verifier]
    in_rollover: bool
    expired: bool
    administrative: bool


def _state(ddl: Ddl, user: str) -> _State:
    """Read an account as it is now: log-ons change it without a word to the dictionary in memory."""
    ((verifiers, in_rollover, expired, administrative),) = ddl.run(
        "select u.verifiers::varchar, ora.in_rollover(u), ora.is_expired(u), cardinality(u.administrative) > 0"
        " from ora_meta.users u where username = $1",
        [user],
    )
    return _State([restored(each) for each in json.loads(verifiers)], in_rollover, expired, administrative)


def _prove(ddl: Ddl, wanted: Change) -> None:
    """Ask for the old password; in a rollover either is right. [D]"""
    if wanted.old is None:
        if ddl.catalog.limit(wanted.profile, VERIFY_FUNCTION) != "NULL" and not ddl.has("ALTER USER"):
            raise OracleError(28221, "REPLACE not specified")
        return
    state = _state(ddl, wanted.user)
    valid = state.verifiers if state.in_rollover else state.verifiers[:1]
    if not any(matches(each, wanted.old) for each in valid):
        raise OracleError(28008, "invalid old password")


def _verify(ddl: Ddl, wanted: Change) -> None:
    settings = ddl.database.settings
    if settings.refuse_passwords > 0:
        settings.refuse_passwords -= 1
        raise OracleError(28003, f"{FAILED}\nORA-20000: refused, as a test ordered")
    rule = RULES.get(ddl.catalog.limit(wanted.profile, VERIFY_FUNCTION))
    fault = rule and _fault(rule, wanted, ddl.database.name)
    if fault:
        raise OracleError(28003, f"{FAILED}\n{fault}")


def _fault(rule: Rule, wanted: Change, database: str) -> str | None:
    """Say what a verify function has against a password, without a word of it."""
    new = wanted.new
    if len(new) < rule.length:
        return f"ORA-20001: Password length less than {rule.length}"
    letters, digits = sum(map(str.isalpha, new)), sum(map(str.isdigit, new))
    for count, least, what in (
        (letters, rule.letters, "letter"),
        (sum(map(str.isupper, new)), rule.upper, "uppercase letter"),
        (sum(map(str.islower, new)), rule.lower, "lowercase letter"),
        (digits, rule.digits, "digit"),
        (len(new) - letters - digits, rule.special, "special character"),
    ):
        if count < least:
            return f"ORA-20000: Password must contain at least {least} {what}(s)"
    name = wanted.user.lower()
    if rule.words and any(word in new.lower() for word in (name, name[::-1], database.lower(), "oracle")):
        return "ORA-20002: Password contains the username, the name of the database or the word oracle"
    if wanted.old is not None and _distance(new, wanted.old) < rule.distance:
        return f"ORA-20004: Password should differ from the old password by at least {rule.distance} characters"
    return None


def _distance(new: str, old: str) -> int:
    """How many characters must be changed, added or taken to make *old* of *new*."""
    row = list(range(len(old) + 1))
    for at, letter in enumerate(new, 1):
        last, row[0] = row[0], at
        for column, other in enumerate(old, 1):
            last, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, last + (letter != other))
    return row[-1]


def _check_reuse(ddl: Ddl, wanted: Change) -> None:
    """Refuse what the profile's reuse limits forbid.

    Both limits must be met; one of them without the other means never. The time counts from the day on which the
    password was replaced, the stricter reading. [D]
    """
    history = ddl.run(
        "select changed, verifier::varchar from ora_meta.password_history where username = $1 order by id",
        [wanted.user],
    )
    refused = OracleError(28007, "the password cannot be reused")
    if history and ddl.database.settings.one_password_a_second and _second(history[-1][0]) == _second(ddl.now):
        raise refused
    time, most = (ddl.catalog.limit(wanted.profile, f"PASSWORD_REUSE_{each}") for each in ("TIME", "MAX"))
    if time == most == "UNLIMITED":
        return
    for at, (_, verifier) in enumerate(history):
        if not matches(restored(json.loads(verifier)), wanted.new):
            continue
        later = [row[0] for row in history[at + 1 :]]
        if "UNLIMITED" in (time, most) or len(later) < int(most) or ddl.now < later[0] + _days(time):
            raise refused


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _days(limit: str) -> timedelta:
    return timedelta(seconds=float(Decimal(limit) * profiles.DAY_S))


def verifiers_of(kept: Any) -> list[Verifier]:
    """Return the verifiers that the dictionary keeps as JSON: the current one first, in a rollover the old one."""
    return [restored(each) for each in json.loads(kept)]
