"""ALTER USER … GRANT | REVOKE CONNECT THROUGH: who may open sessions for whom, and with which roles.

Source: Database SQL Language Reference 19c, ALTER USER, proxy_clause [D].
"""

from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError


def connect_through(ddl: Ddl, clients: list[str], *, grant: bool) -> None:
    """``CONNECT THROUGH p [WITH {ROLE {r, … | ALL EXCEPT r, …} | NO ROLES}] [AUTHENTICATION REQUIRED]``.

    The clause replaces an earlier one. [D]

    Raises:
        OracleError: 1918, no such proxy; 1919, no such role; 28154, there is nothing to revoke.
    """
    reader = ddl.reader
    if reader.token.is_word("ENTERPRISE"):
        raise not_supported("CONNECT THROUGH ENTERPRISE USERS", reader.token)
    proxy = reader.name(1918, "missing user name")
    if proxy not in ddl.catalog.users:
        raise OracleError(1918, f"user '{proxy}' does not exist")
    mode, roles, authenticated = _clause(ddl) if grant else ("ALL", [], False)
    reader.end()
    for client in clients:
        if grant:
            ddl.run(
                "insert into ora_meta.proxies (proxy, client, mode, roles, authenticated)"
                " values ($1, $2, $3, $4::text[], $5::boolean) on conflict (proxy, client) do update"
                " set mode = excluded.mode, roles = excluded.roles, authenticated = excluded.authenticated",
                [proxy, client, mode, roles, authenticated],
            )
        elif (proxy, client) in ddl.catalog.proxies:
            ddl.run("delete from ora_meta.proxies where proxy = $1 and client = $2", [proxy, client])
        else:
            raise OracleError(28154, f"Proxy user may not act as client '{client}'")
    ddl.changes_only(*(("proxies", proxy, client) for client in clients))


def _clause(ddl: Ddl) -> tuple[str, list[str], bool]:
    """Read which roles may be enabled (ALL, NONE, LIST or EXCEPT with names), and whether the password is needed."""
    reader = ddl.reader
    mode, roles = "ALL", list[str]()
    if reader.accept("WITH", "NO", "ROLES"):
        mode = "NONE"
    elif reader.accept("WITH", "ROLE"):
        mode = "EXCEPT" if reader.accept("ALL", "EXCEPT") else "LIST"
        roles = reader.listed()
        for role in roles:
            if role not in ddl.catalog.roles:
                raise OracleError(1919, f"role '{role}' does not exist")
    authenticated = reader.accept("AUTHENTICATION", "REQUIRED")
    if reader.token.is_word("AUTHENTICATED"):
        raise not_supported("AUTHENTICATED USING for a proxy", reader.token)
    return mode, roles, authenticated
