"""Plan a profile of its own for an account whose password rolls over: its present one, with a rollover time. Pure."""

import re
from collections.abc import Mapping

from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.account import ROLLOVER_LIMIT, ObservedAccount
from oracleapi.model.rollover import (
    HOURS_A_DAY,
    INHERITED,
    GiveProfile,
    Profile,
    days_of,
    own_profile,
    rollover_days,
    source_of,
)

CUT = 0.0001
"""What a fraction of a day may be shown short by: DBA_PROFILES has four decimals, as users report."""
_PLAIN = re.compile(r"[A-Z][A-Z0-9_$#]*|[0-9]*\.?[0-9]+")
"""UNLIMITED, DEFAULT, NULL, the name of a function, or a number; not FROM ROOT, which no statement takes."""


def plan_profile(account: ObservedAccount, profiles: Mapping[str, Profile], hours: int) -> GiveProfile | None:
    """Return what gives *account* a profile like its present one with a rollover of *hours*, ``None`` where it has it.

    Args:
        profiles: Those of :func:`source_of` and, if it is there, of :func:`own_profile`.

    Raises:
        Terminal: ``RolloverOff``, other limits do not let a rollover last so long, or one has no plain value.
    """
    source = profiles.get(source_of(account))
    if source is None:
        return None  # what it follows is gone: it is the account's own now
    _check_room(account, hours)
    name = own_profile(source.name)
    found = profiles.get(name)
    held = {} if found is None else found.limits
    wanted = {} if source.name == INHERITED else dict(source.limits)
    wanted = {each: wanted.get(each, INHERITED) for each in source.limits if each != ROLLOVER_LIMIT}
    limits = [(each, _plain(source.name, each, to)) for each, to in wanted.items() if held.get(each, INHERITED) != to]
    if not _as_long(held.get(ROLLOVER_LIMIT, INHERITED), hours):
        limits.append((ROLLOVER_LIMIT, f"{hours}/{HOURS_A_DAY}"))
    if not limits and account.profile == name:
        return None
    return GiveProfile(account.name, name, tuple(sorted(limits)), found is None, account.profile != name)


def _as_long(shown: str, hours: int) -> bool:
    days = days_of(shown, ROLLOVER_LIMIT)
    return days is not None and abs(days - hours / HOURS_A_DAY) <= CUT


def _check_room(account: ObservedAccount, hours: int) -> None:
    asked = dict(account.limits) | {ROLLOVER_LIMIT: str(hours / HOURS_A_DAY)}
    room = rollover_days(asked) * HOURS_A_DAY
    if room < hours:
        raise Terminal(
            reasons.ROLLOVER_OFF,
            f"spec.strategy: OracleDatabase.spec.passwordRollover.hours is {hours}, and the life or grace time of"
            f" profile {source_of(account)} lets a rollover of account {account.name} last {room:g} hours at most; ask"
            " for less, or have its PASSWORD_LIFE_TIME or PASSWORD_GRACE_TIME raised",
        )


def _plain(profile: str, resource: str, value: str) -> str:
    if not _PLAIN.fullmatch(value):
        raise Terminal(
            reasons.ROLLOVER_OFF,
            f"spec.strategy: {resource} of profile {profile} is {value}, which no other profile can be given; have a"
            " DBA make a profile with PASSWORD_ROLLOVER_TIME for the account",
        )
    return value
