"""Requests as ORDS hands them to its hook, and what the guard makes of them in a session that serves many."""

# ruff: noqa: S608 - texts are made of names and values that the tests chose

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import oracledb

from oracleapi.adapters.oracle.guard_install import HOOK

PASSWORD = "Only4Tests_"
BASE = "/ords/hr_api/oa-hr-read-1/hr/v1"
PUBLIC = "/ords/hr_api/oa-public/hr/v1"
SIGNED = "/ords/hr_api/oa-iam/hr/v1"
KEY = "k" * 43
Change = Callable[..., None]
"""Runs a statement, and another one after the test."""


@dataclass
class Answer:
    """What the guard did: its verdict, its page, and the session as the handler would find it."""

    allowed: bool
    page: str
    roles: set[str]
    identifier: str | None
    module: str | None
    action: str | None

    @property
    def body(self) -> Any:
        return json.loads(self.page.partition("\n\n")[2])


@dataclass
class Request:
    """A request as ORDS hands it to its hook: CGI variables and headers, in the order of the array.

    Args:
        without: A variable that is not there.
    """

    path: str = f"{BASE}/employees"
    method: str = "GET"
    claims: dict[str, Any] | None = None
    ident: str | None = None
    caller: str | None = None
    request_id: str = "req-1"
    without: str = ""
    first: list[tuple[str, str]] = field(default_factory=list)
    last: list[tuple[str, str]] = field(default_factory=list)

    def variables(self) -> list[tuple[str, str]]:
        cut = self.path.index("/hr/v1") + len("/hr/v1") if "/hr/v1" in self.path else len(self.path)
        found = [("REQUEST_METHOD", self.method), ("SCRIPT_NAME", self.path[:cut]), ("PATH_INFO", self.path[cut:])]
        if self.claims is not None:
            found.append(("Authorization", f"Bearer {token(self.claims)}"))
            found.append(("REMOTE_IDENT", self.ident if self.ident is not None else str(self.claims.get("sub", ""))))
        if self.caller is not None:
            found.append(("X-OracleApi-Caller", self.caller))
        found = [(name, value) for name, value in found if name != self.without]
        return [*self.first, *found, ("Request-Id", self.request_id), *self.last]


def token(claims: dict[str, Any]) -> str:
    """Return a token as ORDS has verified it: the guard reads its payload only."""
    parts = ({"alg": "RS256"}, claims)
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*coded, "signature"])


class Pool:
    """A session of the REST schema that serves request after request, as ORDS recycles them."""

    def __init__(self, connection: oracledb.Connection) -> None:
        self.connection = connection

    def ask(self, request: Request, recycle: bool = True) -> Answer:
        """Let the guard judge one request. With *recycle* packages begin anew, as ORDS does between requests."""
        with self.connection.cursor() as cursor:
            if recycle:
                cursor.execute("begin dbms_session.reset_package; end;")
            variables = request.variables()
            allowed, page = cursor.var(int), cursor.var(str, 4000)
            cursor.execute(
                f"begin owa.init_cgi_env(:n, :names, :vals);"
                f" :allowed := case when {HOOK} then 1 else 0 end; owa.get_page_text(:page); end;",
                n=len(variables),
                names=cursor.arrayvar(str, [name for name, _ in variables]),
                vals=cursor.arrayvar(str, [value for _, value in variables]),
                allowed=allowed,
                page=page,
            )
            cursor.execute("select role from session_roles")
            roles = {role for (role,) in cursor}
            cursor.execute(
                "select sys_context('USERENV', 'CLIENT_IDENTIFIER'), sys_context('USERENV', 'MODULE'),"
                " sys_context('USERENV', 'ACTION') from dual"
            )
            return Answer(bool(allowed.getvalue()), page.getvalue() or "", roles, *cursor.fetchone())

    def handler(self, text: str) -> list[tuple[Any, ...]]:
        """Run what a handler's author wrote, in the session as the guard left it."""
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            return list(cursor) if cursor.description else []


def bind(
    dba: oracledb.Cursor, kind: str, subject: str, role: str = "HR_READER", route: str = "*", ends: str = "null"
) -> None:
    """Bind a subject to a role for a route."""
    dba.execute(
        f"insert into oracleapi.binding values ('b' || :kind || :route || :subject || :role, 'api', :route, :kind,"
        f" :subject, :role, {ends})",
        kind=kind,
        subject=subject,
        role=role,
        route=route,
    )
    dba.connection.commit()


def faults(dba: oracledb.Cursor) -> list[tuple[str, str | None]]:
    dba.execute("select reason, detail from oracleapi.fault order by seen")
    return list(dba)


def route(change: Change, name: str, path: str, variables: int, auth: str, owner: str = "api") -> None:
    """Add a route to the guard's tables for one test."""
    change(
        f"insert into oracleapi.route values ('{owner}', '{name}', 'GET', '^{path}$', {variables}, '{auth}', null,"
        " null)",
        f"delete from oracleapi.route where owner = '{owner}' and name = '{name}'",
    )


def seen(answer: Answer) -> tuple[bool, set[str]]:
    """Return whether the guard let a request pass, and with which roles."""
    return answer.allowed, answer.roles
