"""A profile of the database, and what gives an account one that keeps its old password for a time. Pure.

Source: SQL Language Reference 19c, CREATE PROFILE; Database Reference, DBA_PROFILES.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.account import NAME_LIMIT, ROLLOVER_LIMIT, ObservedAccount

HOURS_A_DAY, SECONDS_A_DAY, MOST_DAYS = 24, 86400, 60
INHERITED = "DEFAULT"
PREFIX = "ORACLEAPI_"
"""Of profiles that the operator makes; the rest is the name of the one that it follows."""
_PLAIN_NAME = re.compile(r"[A-Z][A-Z0-9_$#]*")


@dataclass(frozen=True)
class Profile:
    """A profile as DBA_PROFILES shows it: every limit as text, ``DEFAULT`` where it is that of profile DEFAULT."""

    name: str
    limits: Mapping[str, str]


@dataclass(frozen=True)
class GiveProfile:
    """Make a profile, or change some of its limits, and give it to an account.

    Args:
        limits: What to write, sorted, in the words of CREATE PROFILE; nothing where it is as it should be.
        create: It is not there.
        assign: The account does not have it.
    """

    account: str
    profile: str
    limits: tuple[tuple[str, str], ...] = ()
    create: bool = False
    assign: bool = False
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"profile {self.profile} for account {self.account}"


def days_of(limit: str, resource: str = "") -> float | None:
    """Return the days of a limit as it is shown, ``None`` where it has no end or is no number.

    PASSWORD_ROLLOVER_TIME is shown in days, or as users report of some releases in seconds: 60 days are the most and an
    hour is the least, so that either can be told from the other.
    """
    try:
        found = float(limit)
    except ValueError:
        return None
    return found / SECONDS_A_DAY if resource == ROLLOVER_LIMIT and found > MOST_DAYS else found


def rollover_days(limits: Mapping[str, str]) -> float:
    """Return for how many days the old password of an account with these limits works after a change.

    Source: Database Security Guide 19c: never longer than its life and its grace time, of which 0 is no bound.
    """
    bounds = [days_of(limits.get(name, "")) for name in ("PASSWORD_LIFE_TIME", "PASSWORD_GRACE_TIME")]
    wanted = days_of(limits.get(ROLLOVER_LIMIT, "0"), ROLLOVER_LIMIT) or 0.0
    return min([wanted, *(each for each in bounds if each)])


def source_of(account: ObservedAccount) -> str:
    """Return the profile that an account's own one follows, or would."""
    return account.profile.removeprefix(PREFIX) or account.profile


def own_profile(source: str) -> str:
    """Return the name of the profile that follows *source*.

    Raises:
        Terminal: ``RolloverOff``, it would be too long, or is no plain name.
    """
    if len(PREFIX + source) > NAME_LIMIT or not _PLAIN_NAME.fullmatch(source):
        raise Terminal(
            reasons.ROLLOVER_OFF,
            f"spec.strategy: profile {source} has no plain name of at most {NAME_LIMIT - len(PREFIX)} bytes, so none is"
            " made after it; have a DBA give the account a profile with PASSWORD_ROLLOVER_TIME",
        )
    return PREFIX + source
