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
    "create any synonym, drop any synonym",
    *READING,
)
"""What docs/database.md asks for DualUser."""
POWERS_23 = ("grant any schema privilege", *READING_23)
"""What it asks for besides from 23ai on."""
NO_USER = "ORA-01918"
CONNECTED = "ORA-01940"
Open = Callable[..., OracleDatabase]
"""Opens the operator's adapter with an account that holds what is given."""


class Dba:
    """Who makes what the tests need, and takes it away."""

    def __init__(self, connection: oracledb.Connection) -> None:
        self._cursor, self._made = connection.cursor(), list[str]()
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

    def twin_of(self, name: str) -> str:
        """Return the name of a twin, which is dropped in the end if it was made."""
        self._made.append(f"drop user {name}_CLONE cascade")
        return f"{name}_CLONE"

    def clear(self) -> None:
        """Drop what was made; a session whose client has just left may be there a moment longer."""
        while self._made:
            statement = self._made.pop()
            wait_for(statement, lambda wanted=statement: self._dropped(wanted))

    def _dropped(self, statement: str) -> bool:
        try:
            self.run(statement)
        except oracledb.DatabaseError as error:
            if full_code(error) not in (NO_USER, CONNECTED):
                raise
            return full_code(error) == NO_USER
        return True
