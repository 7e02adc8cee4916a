"""Switches of the database itself: what its documents leave open ([U] unconfirmed) or contradict ([CONTRA])."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass
class DatabaseSettings:
    """How the database behaves; read at each statement, so a change acts at once.

    Args:
        inner_roles_by_name: SET ROLE may name a role that is held through a secure role only; a user's report says that
            it could before 12.1 and cannot since [M].
        set_role_all: SET ROLE ALL leaves out roles with a password or a package, or fails for them [U].
        audit_objects_at_once: Options of audit policies on objects count in sessions that are open already: Security
            Guide, "Administering the Audit Trail", against SQL Language Reference, AUDIT [CONTRA].
        reinitialize_keeps_packages: A package that DBMS_SESSION.REINITIALIZE began anew is still the session's, so that
            its next use fails with ORA-04068 where it was compiled anew meanwhile. The memory of packages is reused
            instead of being freed; what a compilation then means is not said [U].
        rollover_expire_by_self: An account may end its own password rollover: the Security Guide says so; SQL Language
            Reference names the password as all that it may change without ALTER USER [CONTRA].
        rollover_expire_with_password: EXPIRE PASSWORD ROLLOVER PERIOD may stand with IDENTIFIED BY: the Security Guide
            shows it, against error message 28225 [CONTRA].
        rollover_expire_needs_rollover: It fails (28225) where there is no rollover; no document says [U].
        rollover_status_lingers: ACCOUNT_STATUS says IN ROLLOVER after its end until the next attempt to log on: no
            background process changes it [D], as users saw [M].
        one_password_a_second: Two changes of a password within a second fail with 28007, as the SQL Language Reference
            says they may [D].
        rollover_limit_in_seconds: DBA_PROFILES shows PASSWORD_ROLLOVER_TIME in seconds, as some versions do [M: a
            user's report of a support note].
        refuse_passwords: So many of the next passwords are refused by a verify function (28003); counts down.
    """

    inner_roles_by_name: bool = False
    set_role_all: Literal["leave out", "fail"] = "leave out"
    audit_objects_at_once: bool = True
    reinitialize_keeps_packages: bool = False
    rollover_expire_by_self: bool = True
    rollover_expire_with_password: bool = False
    rollover_expire_needs_rollover: bool = False
    rollover_status_lingers: bool = True
    one_password_a_second: bool = False
    rollover_limit_in_seconds: bool = False
    refuse_passwords: int = 0

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Change switches by name, all or none.

        Raises:
            ValueError: An unknown switch, or a value it does not take; the text names both.
        """
        hints = get_type_hints(DatabaseSettings)
        for name, value in changes.items():
            if name not in hints:
                raise ValueError(f"unknown database switch {name!r}; known: {', '.join(sorted(hints))}")
            hint = hints[name]
            wrong = value not in get_args(hint) if get_origin(hint) is Literal else type(value) is not hint
            if wrong or (hint is int and value < 0):
                raise ValueError(f"database switch {name!r} does not take {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)
