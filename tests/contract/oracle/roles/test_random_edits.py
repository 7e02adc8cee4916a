"""Random lives of roles: whatever Git, owners and faults do, the database ends equal to Git, and rests.

``ORACLEAPI_ROLE_EDITS`` sets how many edits are made, and then with another seed each time.
"""

import os
import random
from collections.abc import Iterator

import httpx
import oracledb
import pytest

from oracleapi.adapters.oracle.database import OracleDatabase
from oracleapi.errors import Retryable
from oracleapi.model.role import CreateRole, DesiredRole, Grant, ObservedRole
from oracleapi.plan.role import missing_grants, plan_role
from support.parts import Part

EDITS = int(os.environ.get("ORACLEAPI_ROLE_EDITS", "60"))
SEED = None if "ORACLEAPI_ROLE_EDITS" in os.environ else 7
OBJECTS = ("HR.A", "HR.B", "HR.C")
ROLES = ("HR_X", "HR_Y", "HR_Z")
BASES = ("HR_BASE", "HR_MORE")
"""Roles that anybody may enable: only such ones can be granted to roles (ORA-28405)."""
PASSES = 12
COLUMNS = ("NAME", "PAY")


class Team:
    """Git's roles, and what happens to them and to the database."""

    def __init__(self, database: OracleDatabase, sql: oracledb.Cursor, part: Part, chance: random.Random) -> None:
        self.database, self.sql, self.part, self.chance = database, sql, part, chance
        self.tables: set[str] = set()
        self.wanted: dict[str, frozenset[Grant]] = dict.fromkeys(ROLES, frozenset())

    def edit(self) -> None:
        """Do one of the things that people do."""
        self.chance.choice([self.edit_git, self.edit_git, self.grant_by_hand, self.revoke_by_hand, self.move_table])()

    def edit_git(self) -> None:
        role = self.chance.choice(ROLES)
        self.wanted[role] = frozenset(self.a_grant() for _ in range(self.chance.randint(0, 6)))

    def a_grant(self) -> Grant:
        if self.chance.random() < 0.2:
            return Grant("role", self.chance.choice(BASES))
        privilege = self.chance.choice(["SELECT", "INSERT", "UPDATE", "DELETE"])
        column = self.chance.choice(["", "", *COLUMNS]) if privilege in ("INSERT", "UPDATE") else ""
        return Grant("object", privilege, self.chance.choice(OBJECTS), column)

    def grant_by_hand(self) -> None:
        if self.tables:
            privilege = self.chance.choice(["SELECT", "UPDATE", "UPDATE (name)", "DELETE"])
            self.run(f"grant {privilege} on {self.chance.choice(sorted(self.tables))} to {self.chance.choice(ROLES)}")

    def revoke_by_hand(self) -> None:
        role = self.chance.choice(ROLES)
        held = [grant for grant in self.seen(role).grants if grant.kind == "object"]
        if held:
            grant = self.chance.choice(sorted(held))
            self.run(f"revoke {grant.privilege} on {grant.object} from {role}")

    def move_table(self) -> None:
        """Drop a table, with every grant on it, or make one."""
        name = self.chance.choice(OBJECTS)
        if name in self.tables:
            self.run(f"drop table {name}")
            self.tables.discard(name)
        else:
            self.run(f"create table {name} (id number, name varchar2(9), pay number)")
            self.tables.add(name)

    def run(self, statement: str) -> None:
        self.sql.execute(statement)

    def fault(self) -> None:
        """Let the next statement of the operator that fits fail, or its answer be lost."""
        kind = self.chance.choice([{"code": 60}, {"cut": "before"}, {"cut": "after"}])
        place = self.chance.choice(["^begin", "^create role", "owned", "dba_tab_privs"])
        self.faults({"faults": [{"statement": place, "where": "listener", "times": 1, **kind}]})

    def faults(self, body: dict[str, object]) -> None:
        url = f"{self.part.addresses['admin_url']}/_sandbox/faults"
        httpx.put(url, json=body, verify=False, trust_env=False).raise_for_status()  # noqa: S501 - loopback

    def seen(self, role: str) -> ObservedRole:
        return self.database.observe_role(role, OBJECTS)

    def desired(self, role: str) -> DesiredRole:
        return DesiredRole(role, f"cluster-1/OracleRole/hr/{role}", f"uid-{role}", self.wanted[role], True, False)

    def reconcile(self) -> None:
        """Pass over every role, as often as faults make it needed."""
        for role in sorted(ROLES, reverse=True):
            for _ in range(PASSES):
                try:
                    plan = plan_role(self.desired(role), self.seen(role))
                    for action in plan.actions:
                        assert self.database.apply_role(action) == ()
                except Retryable:
                    continue
                if plan.empty:
                    break
            else:
                pytest.fail(f"{role} does not come to rest")

    def check(self) -> None:
        for role in ROLES:
            seen, desired = self.seen(role), self.desired(role)
            assert {*seen.grants} == desired.grants - {*missing_grants(desired, seen)}, role
            assert (seen.owner, seen.secure) == (desired.owner, True)
            assert seen.objects == self.tables


@pytest.fixture
def team(database: OracleDatabase, system: oracledb.Connection, part: Part) -> Iterator[Team]:
    with system.cursor() as cursor:
        found = Team(database, cursor, part, random.Random(SEED))  # noqa: S311 - no secret
        for role in BASES:
            cursor.execute(f"create role {role}")
            cursor.execute(f"grant {role} to op with admin option")
        yield found
        found.faults({"faults": []})
        for table in found.tables:
            cursor.execute(f"drop table {table}")
        for role in (*ROLES, *BASES):
            cursor.execute(f"drop role {role}")
        cursor.execute("delete from oracleapi.owned")
        cursor.execute("commit")


def test_whatever_is_edited_granted_or_dropped_the_database_ends_equal_to_git(team: Team) -> None:
    team.reconcile()
    for _ in range(EDITS):
        team.edit()
        if team.chance.random() < 0.3:
            team.fault()
        team.reconcile()
        team.faults({"faults": []})
        team.check()


def test_at_rest_nothing_is_executed_and_reads_are_flat(team: Team, part: Part) -> None:
    for name in OBJECTS:
        team.run(f"create table {name} (id number, name varchar2(9), pay number)")
        team.tables.add(name)
    team.reconcile()
    few = trips(team, part)
    privileges = ("SELECT", "INSERT", "UPDATE", "DELETE")
    team.wanted["HR_X"] = frozenset(Grant("object", p, name) for name in OBJECTS for p in privileges)
    team.reconcile()
    many = trips(team, part)
    assert many == few


def trips(team: Team, part: Part) -> int:
    """Return the statements of one look at HR_X, none of which changes anything."""
    url = f"{part.addresses['admin_url']}/_sandbox/statements"
    with httpx.Client(verify=False, trust_env=False) as client:  # noqa: S501 - loopback
        before = client.get(url).json()["statements"][-1]["seq"]
        assert plan_role(team.desired("HR_X"), team.seen("HR_X")).empty
        found = client.get(url, params={"since": before}).json()["statements"]
    assert {entry["kind"] for entry in found} <= {"QUERY"}
    return len(found)


def test_a_create_that_was_cut_off_is_finished(team: Team) -> None:
    team.faults({"faults": [{"statement": "^create role", "where": "listener", "times": 1, "cut": "before"}]})
    desired = team.desired("HR_X")
    with pytest.raises(Retryable):
        team.database.apply_role(CreateRole(desired.name, desired.owner, desired.uid))
    seen = team.seen("HR_X")
    assert (seen.exists, seen.owner) == (False, desired.owner)
    team.reconcile()
    team.check()
