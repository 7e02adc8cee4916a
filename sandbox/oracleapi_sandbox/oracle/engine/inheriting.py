"""INHERIT PRIVILEGES: whose units with invoker's rights may run with a user's privileges.

A new user lets everybody's. Source: Database SQL Language Reference 19c, GRANT ON USER; Security Guide, invoker's
rights; error message 6598 [D].
"""

from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Catalog
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.privileges import ANY_OBJECT_PRIVILEGE, Item
from oracleapi_sandbox.oracle.ports import OracleError

PRIVILEGE, ANYWHERE = "INHERIT PRIVILEGES", "INHERIT ANY PRIVILEGES"


def grant(ddl: Ddl, items: list[Item], grantees: list[str], user: str) -> None:
    """``GRANT INHERIT PRIVILEGES ON USER u TO …``; the reader stands behind the grantees."""
    _check(ddl, items, user)
    for grantee in grantees:
        ddl.run("insert into ora_meta.inherit_grants values ($1, $2) on conflict do nothing", [user, grantee])


def revoke(ddl: Ddl, items: list[Item], grantees: list[str], user: str) -> None:
    """``REVOKE INHERIT PRIVILEGES ON USER u FROM …``.

    Raises:
        OracleError: 1927, it was not granted.
    """
    _check(ddl, items, user)
    for grantee in grantees:
        if grantee not in ddl.catalog.inherits.get(user, ()):
            raise OracleError(1927, "cannot REVOKE privileges you did not grant")
        ddl.run("delete from ora_meta.inherit_grants where username = $1 and grantee = $2", [user, grantee])


def _check(ddl: Ddl, items: list[Item], user: str) -> None:
    ddl.reader.end(933, "SQL command not properly ended")
    if user not in ddl.catalog.users:
        raise OracleError(1918, f"user '{user}' does not exist")
    if [item.name for item in items] != [PRIVILEGE]:
        raise OracleError(990, "missing or invalid privilege", items[0].position)
    if user != ddl.user and not ddl.uses(ANY_OBJECT_PRIVILEGE):
        raise OracleError(1031, "insufficient privileges")


def lends(catalog: Catalog, user: str, owner: str) -> bool:
    """Say whether units of *owner* with invoker's rights may run with the privileges of *user*."""
    lent = catalog.inherits.get(user, set())
    return owner == user or not lent.isdisjoint((owner, PUBLIC)) or catalog.has_system((owner, PUBLIC), ANYWHERE)
