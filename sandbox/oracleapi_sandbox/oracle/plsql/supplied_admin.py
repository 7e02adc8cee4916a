"""What administrators give to accounts by packages: access to hosts and wallets, and consumer groups.

Of DBMS_NETWORK_ACL_ADMIN the subprograms of 11g, deprecated and still there; those of 12c take object types. Of the
Resource Manager what maps an account to a consumer group and lets it switch to one.
Source: PL/SQL Packages and Types Reference 19c, DBMS_NETWORK_ACL_ADMIN, DBMS_RESOURCE_MANAGER and
DBMS_RESOURCE_MANAGER_PRIVS; error messages 24243, 29366 to 29371, 46114, 46212 [D].
"""

from datetime import datetime
from typing import Any

from oracleapi_sandbox.oracle.ports import Argument, OracleError, Package, SqlRunner, Subprogram

HOLDER = "DBA"


def _run(runner: SqlRunner, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with runner.internal() as internal:
        return internal.run(sql, parameters)


def _check_principal(runner: SqlRunner, name: str | None) -> None:
    found = "select 1 from ora_meta.users where username = %s union all select 1 from ora_meta.roles where role = %s"
    if not _run(runner, found, name, name):
        raise OracleError(1917, f"user or role '{name}' does not exist")


# --- DBMS_NETWORK_ACL_ADMIN ------------------------------------------------------------------------------------------


def _check_acl(runner: SqlRunner, acl: str | None) -> None:
    if not _run(runner, "select 1 from ora_meta.network_acls where name = %s", acl):
        raise OracleError(46114, f"ACL {acl} not found.")


def _create_acl(runner: SqlRunner, acl: str, description: str | None, **entry: Any) -> None:
    if _run(runner, "select 1 from ora_meta.network_acls where name = %s", acl):
        raise OracleError(46212, f"ACL {acl} already exists.")
    _run(runner, "insert into ora_meta.network_acls values (%s, %s)", acl, description)
    _add_privilege(runner, acl, position=None, **entry)


def _add_privilege(
    runner: SqlRunner,
    acl: str,
    principal: str,
    is_grant: bool,
    privilege: str,
    position: int | None,
    start_date: datetime | None,
    end_date: datetime | None,
) -> None:
    _check_acl(runner, acl)
    _check_principal(runner, principal)
    entry = (acl, principal, is_grant, privilege.upper().replace("-", "_"))  # names of 11g and of the views [D]
    same = "acl = %s and principal = %s and is_grant = %s::boolean and privilege = %s"
    if _run(runner, f"select 1 from ora_meta.network_aces where {same}", *entry):  # noqa: S608 - a text of our own
        raise OracleError(24243, "access control entry already exists")
    _run(
        runner,
        "insert into ora_meta.network_aces (acl, principal, is_grant, privilege, starts, ends)"
        " values (%s, %s, %s::boolean, %s, %s::timestamp, %s::timestamp)",
        *entry,
        *(None if each is None else each.replace(tzinfo=None) for each in (start_date, end_date)),
    )


def _assign_acl(runner: SqlRunner, acl: str, host: str, lower_port: int | None, upper_port: int | None) -> None:
    _check_acl(runner, acl)
    values = (acl, host.lower(), lower_port, upper_port if upper_port is not None else lower_port)
    _run(runner, "insert into ora_meta.network_hosts values (%s, %s, %s::int, %s::int)", *values)


def _assign_wallet_acl(runner: SqlRunner, acl: str, wallet_path: str) -> None:
    _check_acl(runner, acl)
    _run(runner, "insert into ora_meta.network_wallets values (%s, %s)", acl, wallet_path)


def _drop_acl(runner: SqlRunner, acl: str) -> None:
    _check_acl(runner, acl)
    for table, column in (("wallets", "acl"), ("hosts", "acl"), ("aces", "acl"), ("acls", "name")):
        _run(runner, f"delete from ora_meta.network_{table} where {column} = %s", acl)  # noqa: S608 - names of our own


_ACL, _DATES = Argument("ACL"), tuple(Argument(name, "TIMESTAMP", default=None) for name in ("START_DATE", "END_DATE"))
_ENTRY = (Argument("PRINCIPAL"), Argument("IS_GRANT", "BOOLEAN"), Argument("PRIVILEGE"))
DBMS_NETWORK_ACL_ADMIN = Package(
    "SYS",
    "DBMS_NETWORK_ACL_ADMIN",
    (
        Subprogram("CREATE_ACL", (_ACL, Argument("DESCRIPTION"), *_ENTRY, *_DATES), _create_acl),
        Subprogram(
            "ADD_PRIVILEGE", (_ACL, *_ENTRY, Argument("POSITION", "PLS_INTEGER", default=None), *_DATES), _add_privilege
        ),
        Subprogram(
            "ASSIGN_ACL",
            (
                _ACL,
                Argument("HOST"),
                Argument("LOWER_PORT", "PLS_INTEGER", default=None),
                Argument("UPPER_PORT", "PLS_INTEGER", default=None),
            ),
            _assign_acl,
        ),
        Subprogram("ASSIGN_WALLET_ACL", (_ACL, Argument("WALLET_PATH")), _assign_wallet_acl),
        Subprogram("DROP_ACL", (_ACL,), _drop_acl),
    ),
)


# --- the Resource Manager --------------------------------------------------------------------------------------------


def _is_pending(runner: SqlRunner) -> bool:
    return bool(_run(runner, "select 1 from ora_meta.rsrc_pending"))


def _check_pending(runner: SqlRunner) -> None:
    if not _is_pending(runner):
        raise OracleError(29371, "pending area is not active")


def _check_group(runner: SqlRunner, name: str | None) -> None:
    if not _run(runner, "select 1 from ora_meta.rsrc_groups where name = %s", name):
        raise OracleError(29368, f"consumer group {name} does not exist")


def _create_pending_area(runner: SqlRunner) -> None:
    if _is_pending(runner):
        raise OracleError(29370, "pending area is already active")
    _run(runner, "insert into ora_meta.rsrc_pending values (true)")


def _submit_pending_area(runner: SqlRunner) -> None:
    _check_pending(runner)
    _run(
        runner,
        "delete from ora_meta.rsrc_mappings m where not m.pending and exists (select from ora_meta.rsrc_mappings n"
        " where n.pending and n.attribute = m.attribute and n.value = m.value)",
    )
    _run(runner, "delete from ora_meta.rsrc_mappings where pending and consumer_group is null")
    _run(runner, "update ora_meta.rsrc_mappings set pending = false")
    _run(runner, "delete from ora_meta.rsrc_pending")


def _clear_pending_area(runner: SqlRunner) -> None:
    _run(runner, "delete from ora_meta.rsrc_mappings where pending")
    _run(runner, "delete from ora_meta.rsrc_pending")


def _set_mapping(runner: SqlRunner, attribute: str, value: str, consumer_group: str | None) -> None:
    """Without a group the mapping goes. [D]"""
    _check_pending(runner)
    if consumer_group is not None:
        _check_group(runner, consumer_group.upper())
    key = (attribute.upper(), value.upper())
    _run(runner, "delete from ora_meta.rsrc_mappings where pending and attribute = %s and value = %s", *key)
    group = consumer_group and consumer_group.upper()
    _run(runner, "insert into ora_meta.rsrc_mappings values (%s, %s, %s, true)", *key, group)


def _grant_switch(runner: SqlRunner, grantee_name: str, consumer_group: str, grant_option: bool) -> None:
    grantee, group = grantee_name.upper(), consumer_group.upper()
    _check_group(runner, group)
    _check_principal(runner, grantee)
    _run(
        runner,
        "insert into ora_meta.rsrc_grants values (%s, %s, %s::boolean) on conflict (grantee, consumer_group) do update"
        " set grant_option = rsrc_grants.grant_option or excluded.grant_option",
        grantee,
        group,
        grant_option,
    )


def _revoke_switch(runner: SqlRunner, revokee_name: str, consumer_group: str) -> None:
    values = (revokee_name.upper(), consumer_group.upper())
    _run(runner, "delete from ora_meta.rsrc_grants where grantee = %s and consumer_group = %s", *values)


_GROUP = Argument("CONSUMER_GROUP")
DBMS_RESOURCE_MANAGER = Package(
    "SYS",
    "DBMS_RESOURCE_MANAGER",
    (
        Subprogram("CREATE_PENDING_AREA", (), _create_pending_area),
        Subprogram("VALIDATE_PENDING_AREA", (), _check_pending),
        Subprogram("SUBMIT_PENDING_AREA", (), _submit_pending_area),
        Subprogram("CLEAR_PENDING_AREA", (), _clear_pending_area),
        Subprogram(
            "SET_CONSUMER_GROUP_MAPPING",
            (Argument("ATTRIBUTE"), Argument("VALUE"), Argument("CONSUMER_GROUP", default=None)),
            _set_mapping,
        ),
    ),
    {"ORACLE_USER": "ORACLE_USER"},
)
DBMS_RESOURCE_MANAGER_PRIVS = Package(
    "SYS",
    "DBMS_RESOURCE_MANAGER_PRIVS",
    (
        Subprogram(
            "GRANT_SWITCH_CONSUMER_GROUP",
            (Argument("GRANTEE_NAME"), _GROUP, Argument("GRANT_OPTION", "BOOLEAN")),
            _grant_switch,
        ),
        Subprogram("REVOKE_SWITCH_CONSUMER_GROUP", (Argument("REVOKEE_NAME"), _GROUP), _revoke_switch),
    ),
)
PACKAGES = (DBMS_NETWORK_ACL_ADMIN, DBMS_RESOURCE_MANAGER, DBMS_RESOURCE_MANAGER_PRIVS)
