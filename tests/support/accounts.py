"""A DBA of a contract test's database: makes accounts, roles and profiles under new names, and drops them again."""

import uuid
from collections.abc import Callable

import oracledb

from oracleapi.adapters.oracle.accounts import READABLE, READABLE_23
from oracleapi.adapters.oracle.database import OracleDatabase
from oracleapi.adapters.oracle.errors import full_code
from support.lab import wait_for

OLD, NEW, NEWER = "Only4Tests_old.1-A", "Only4Tests_new.2-B", "Only4Tests_newer.3-C"
READING, READING_23 = (tuple(right.lower() for right in rights) for rights in (READABLE, READABLE_23))
POWERS = (
    "create user, alter user, grant any privilege, grant any role, grant any object privilege",
    "create any synonym, drop any synonym, audit system",
    *READING,
)
"""What docs/database.md asks for DualUser."""
POWERS_23 = ("grant any schema privilege", *READING_23)
"""What it asks for besides from 23ai on."""
NO_USER, NO_PROFILE = "ORA-01918", "ORA-02380"
CONNECTED = "ORA-01940"
Open = Callable[..., OracleDatabase]
"""Opens the operator's adapter with an account that holds what is given."""


class Dba:
    """Who makes what the tests need, and takes it away."""

    def __init__(self, connection: oracledb.Connection) -> None:
        self._cursor, self._made, self._policies = connection.cursor(), list[str](), list[str]()
        self.has_schema_privileges = int(connection.version.partition(".")[0]) >= 23

    def run(self, *statements: str) -> None:
        for statement in statements:
            self._cursor.execute(statement)

    def name(self, kind: str, clauses: str = "") -> str:
        """Create a user, role or profile under a new name, which is returned."""
        name = f"OA_CONTRACT_{uuid.uuid4().hex[:8]}".upper()
        self.run(f"create {kind} {name} {clauses}")
        self._made.append(f"drop {kind} {name}" + ("" if kind == "role" else " cascade"))
        return name

    def user(self, clauses: str = "", password: str = OLD) -> str:
        return self.name("user", f'identified by "{password}" {clauses}')

    def drop_later(self, kind: str, name: str) -> None:
        """Drop in the end what somebody else makes, if it was made."""
        self._made.append(f"drop {kind} {name} cascade")

    def audit_policy(self, actions: str) -> str:
        """Create an audit policy, which is disabled for everybody in the end: one that is enabled cannot be dropped."""
        name = f"OA_CONTRACT_{uuid.uuid4().hex[:8]}".upper()
        self.run(f"create audit policy {name} actions {actions}")
        self._made.append(f"drop audit policy {name}")
        self._policies.append(name)
        return name

    def _end_audits(self) -> None:
        for name in self._policies:
            enabled = "select enabled_option, entity_name from audit_unified_enabled_policies where policy_name = :name"
            for option, entity in self._cursor.execute(enabled, name=name).fetchall():
                self.run(f"noaudit policy {name}" + (f" by {entity}" if option == "BY USER" else ""))
        self._policies.clear()

    def in_the_end(self, statement: str) -> None:
        """Run a statement before what was made until now is dropped."""
        self._made.append(statement)

    def twin_of(self, name: str) -> str:
        """Return the name of a twin, which is dropped in the end if it was made."""
        self.drop_later("user", f"{name}_CLONE")
        return f"{name}_CLONE"

    def clear(self) -> None:
        """Drop what was made; a session whose client has just left may be there a moment longer."""
        self._end_audits()
        while self._made:
            statement = self._made.pop()
            wait_for(statement, lambda wanted=statement: self._dropped(wanted))

    def _dropped(self, statement: str) -> bool:
        try:
            self.run(statement)
        except oracledb.DatabaseError as error:
            if full_code(error) not in (NO_USER, NO_PROFILE, CONNECTED):
                raise
            return full_code(error) != CONNECTED
        return True
