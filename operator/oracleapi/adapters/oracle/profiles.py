"""Profiles: one dictionary read, and DDL of plain words."""

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import oracledb

from oracleapi.adapters.oracle.errors import full_code, translate
from oracleapi.adapters.oracle.roles import quoted
from oracleapi.adapters.oracle.verdicts import RIGHTS
from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.rollover import GiveProfile, Profile

PROFILES = "select profile, resource_name, limit from sys.dba_profiles where profile in (:source, :own)"
TAKEN = "ORA-02379"
_WORD = re.compile(r"[A-Z0-9_$#./]+")


def observe(cursor: oracledb.Cursor, source: str, own: str) -> dict[str, Profile]:
    """Return those of the two profiles that there are, by name."""
    cursor.execute(PROFILES, source=source, own=own)
    found: dict[str, dict[str, str]] = {}
    for profile, resource, limit in cursor:
        found.setdefault(profile, {})[resource] = limit or ""
    return {name: Profile(name, MappingProxyType(limits)) for name, limits in found.items()}


def give(connection: oracledb.Connection, action: GiveProfile) -> None:
    """Carry out *action*; safe to repeat.

    Raises:
        Terminal: ``PrivilegesMissing``.
    """
    cursor, doing = connection.cursor(), action.describe()
    profile, limits = quoted(action.profile), _limits(action.limits)
    if action.create:
        _run(cursor, doing, "CREATE PROFILE", f"create profile {profile}{limits}", done=TAKEN)
    elif action.limits:
        _run(cursor, doing, "ALTER PROFILE", f"alter profile {profile}{limits}")
    if action.assign:
        _run(cursor, doing, "ALTER USER", f"alter user {quoted(action.account)} profile {profile}")


def _limits(limits: Sequence[tuple[str, str]]) -> str:
    for each in (word for limit in limits for word in limit):
        if not _WORD.fullmatch(each):
            raise ValueError(f"{each!r} is no word of a limit")
    return " limit" + "".join(f" {resource} {value}" for resource, value in limits)


def _run(cursor: Any, doing: str, right: str, text: str, done: str = "") -> None:
    try:
        cursor.execute(text)
    except oracledb.Error as error:
        code = full_code(error)
        if code in RIGHTS:
            raise Terminal(
                reasons.PRIVILEGES_MISSING,
                f"{doing}: the operator's account lacks {right}, which OracleDatabase.spec.passwordRollover needs;"
                f" grant it, or take that field out, see docs/database.md ({code})",
            ) from error
        if code != done:
            raise translate(doing, error) from error
