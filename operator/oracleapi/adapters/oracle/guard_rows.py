"""The guard's rows: two reads over all that concerns an API or a binding, and one transaction for a change.

Rows are replaced, not updated: a transaction shows the guard either the old or the new ones. Values travel as binds.
"""

# ruff: noqa: S608 - texts are made of our own names; values are binds

from collections.abc import Iterable
from typing import Any

import oracledb

from oracleapi.adapters.oracle.errors import full_code
from oracleapi.adapters.oracle.roles import quoted
from oracleapi.adapters.oracle.statements import Block
from oracleapi.model.guard import (
    BindingRow,
    ChangeBinding,
    ChangeGuard,
    ChangeKeys,
    GrantToSchema,
    GuardAction,
    GuardApi,
    GuardRoute,
    KeyRow,
    Management,
    ObservedBinding,
    ObservedGuard,
    RevokeFromSchema,
)
from oracleapi.model.hidden import Hidden
from oracleapi.model.role import APPLICATION, GUARD_PACKAGE, GUARD_SCHEMA

GUARD = """
select 'api' kind, owner a, owner_uid b, label c, to_char(require_binding) d, subject_claim e, groups_claim f
from oracleapi.api where schema_name = :schema_name
union all
select 'schema', role_mode, trace_header, '', '', '', '' from oracleapi.managed_schema
where schema_name = :schema_name
union all
select 'path', path, '', '', '', '', '' from oracleapi.unmanaged_path where schema_name = :schema_name
union all
select 'failed', detail, to_char(count(*)), '', '', '', '' from oracleapi.fault
where schema_name = :schema_name and reason = 'GuardFailed' and seen > systimestamp - interval '1' hour
group by detail
union all
select 'key', key_hash, to_char(created at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(not_after at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '', '', ''
from oracleapi.gateway_key where owner = :owner
union all
select 'object', object_name, '', '', '', '', '' from sys.dba_objects
where owner = 'ORACLEAPI' and object_name in ('GUARD', 'DECISION') and status = 'VALID'
and object_type in ('PACKAGE BODY', 'SYNONYM')
"""
ROUTES = """
select method, path_regexp, name, variables, auth, route_key, link_key from oracleapi.route where owner = :owner
"""
BYPASSES = """
select what from (
    select 'owns ' || lower(object_type) || ' ' || object_name what from sys.dba_objects
    where owner = :schema_name and object_type in (
        'TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'PACKAGE', 'PROCEDURE', 'FUNCTION', 'TYPE')
    union all
    select 'holds ' || privilege || ' on ' || owner || '.' || table_name from sys.dba_tab_privs
    where grantee = :schema_name and privilege not like 'INHERIT%'
    union all
    select 'holds ' || privilege from sys.dba_sys_privs where grantee = :schema_name and privilege <> 'CREATE SESSION'
    union all
    select 'holds role ' || p.granted_role from sys.dba_role_privs p where p.grantee = :schema_name
    and not exists (select 1 from sys.dba_application_roles a where a.role = p.granted_role)
)
order by what
"""
"""What a session of the schema may do without a role of the guard's."""
BINDING = """
select 'row' kind, owner a, route b, subject_kind c, subject d, role_name e,
       to_char(not_after at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') f
from oracleapi.binding where binding = :binding
union all
select 'role', r.authentication_type, a.schema || '.' || a.package, o.owner, '', '', ''
from sys.dba_roles r
left join sys.dba_application_roles a on a.role = r.role
left join oracleapi.owned o on o.role_name = r.role
where r.role = :role_name
union all
select 'granted', '', '', '', '', '', '' from sys.dba_role_privs
where grantee = :schema_name and granted_role = :role_name
union all
select 'proxy', proxy, flags, '', '', '', '' from sys.proxy_users where client = :schema_name
union all
select 'managed', role_mode, '', '', '', '', '' from oracleapi.managed_schema where schema_name = :schema_name
union all
select 'route', name, route_key, link_key, '', '', '' from oracleapi.route where owner = :api
union all
select 'sharer', b.binding, '', '', '', '', '' from oracleapi.binding b join oracleapi.api a on a.owner = b.owner
where a.schema_name = :schema_name and b.role_name = :role_name and b.binding <> :binding
"""
READABLE = {
    "SELECT on SYS.PROXY_USERS": "select 1 from sys.proxy_users where 1 = 0",
    **{
        f"SELECT on ORACLEAPI.{table.upper()}": f"select 1 from oracleapi.{table} where 1 = 0"
        for table in ("api", "route", "binding", "managed_schema", "unmanaged_path", "fault", "gateway_key")
    },
}
"""What an account needs to read besides what roles ask for."""
FULL_PROXY = "PROXY MAY ACTIVATE ALL CLIENT ROLES"
BYPASSES_SHOWN = 6
NOT_GRANTED = frozenset({"ORA-01951", "ORA-01919", "ORA-01917"})
"""The role is not granted, or one of the two is not there any more."""
PARTS = frozenset({"GUARD", "DECISION"})


def observe_guard(cursor: oracledb.Cursor, owner: str, schema: str) -> ObservedGuard:
    """Return the rows of an API and of its schema; three round trips."""
    cursor.execute(GUARD, schema_name=schema, owner=owner)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for kind, *values in cursor:
        found.setdefault(kind, []).append(tuple(value or "" for value in values))
    cursor.execute(ROUTES, owner=owner)
    routes = frozenset(
        GuardRoute(method, path, name, int(variables), auth, key or "", link or "")
        for method, path, name, variables, auth, key, link in cursor
    )
    cursor.execute(BYPASSES, schema_name=schema)
    bypasses = tuple(row[0] for row in cursor.fetchmany(BYPASSES_SHOWN))
    apis = {
        row[0]: GuardApi(row[0], row[1], schema, row[2], row[3] == "1", row[4], row[5]) for row in found.get("api", [])
    }
    management = None
    for mode, header, *_ in found.get("schema", []):
        management = Management(mode, header, frozenset(path for path, *_ in found.get("path", [])))
    return ObservedGuard(
        api=apis.pop(owner, None),
        routes=routes,
        management=management,
        others=frozenset(apis),
        installed={name for name, *_ in found.get("object", [])} == PARTS,
        failures=tuple(sorted(detail for detail, *_ in found.get("failed", []))),
        bypasses=bypasses,
        keys=tuple(KeyRow(Hidden(row[0]), row[1], row[2]) for row in found.get("key", [])),
    )


def observe_binding(cursor: oracledb.Cursor, binding: str, api: str, schema: str, role: str) -> ObservedBinding:
    """Return what the database holds of a binding; one round trip."""
    cursor.execute(BINDING, binding=binding, api=api, schema_name=schema, role_name=role)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for kind, *values in cursor:
        found.setdefault(kind, []).append(tuple(value or "" for value in values))
    authentication, package, owner = (found.get("role") or [("", "", "")])[0][:3]
    flags = sorted({row[1] for row in found.get("proxy", [])})
    return ObservedBinding(
        rows=frozenset(BindingRow(*row[1:6]) for row in found.get("row", [])),
        apis=frozenset(row[0] for row in found.get("row", [])),
        role_exists=bool(found.get("role")),
        role_secure=authentication == APPLICATION and package == f"{GUARD_SCHEMA}.{GUARD_PACKAGE}",
        role_owner=owner,
        granted="granted" in found,
        proxied=None if not flags or FULL_PROXY in flags else ", ".join(flags),
        managed="managed" in found,
        routes=frozenset(row[0] for row in found.get("route", [])),
        keys={row[0]: tuple(key for key in row[1:3] if key) for row in found.get("route", []) if row[1]},
        sharers=frozenset(row[0] for row in found.get("sharer", [])),
    )


def apply(connection: oracledb.Connection, action: GuardAction) -> None:
    """Carry out *action*, which is safe to repeat."""
    cursor = connection.cursor()
    match action:
        case ChangeGuard():
            block = build_change(action)
            cursor.execute(block.text(), block.binds)
        case ChangeKeys():
            block = build_keys(action)
            cursor.execute(block.text(), block.binds)
        case ChangeBinding():
            block = build_binding(action)
            cursor.execute(block.text(), block.binds)
        case GrantToSchema():
            cursor.execute(f"grant {quoted(action.role)} to {quoted(action.schema)}")
        case RevokeFromSchema():
            try:
                cursor.execute(f"revoke {quoted(action.role)} from {quoted(action.schema)}")
            except oracledb.DatabaseError as error:
                if full_code(error) not in NOT_GRANTED:
                    raise


def build_change(change: ChangeGuard) -> Block:
    """Return the transaction over the rows of an API and its schema."""
    block = Block()
    owner, schema = block.bind(change.owner), block.bind(change.schema)
    if change.unmanage:
        block.lines.append(f"  delete from oracleapi.managed_schema where schema_name = {schema};")
    if change.release:
        block.lines += [
            f"  delete from oracleapi.api where owner = {owner};",
            f"  delete from oracleapi.gateway_key where owner = {owner};",
            f"  delete from oracleapi.managed_schema where schema_name = {schema} and not exists (",
            f"    select 1 from oracleapi.api where schema_name = {schema});",
            f"  delete from oracleapi.unmanaged_path where schema_name = {schema} and not exists (",
            f"    select 1 from oracleapi.managed_schema where schema_name = {schema});",
        ]
    for method, path in (*change.drop, *(route.place for route in change.put)):
        block.lines.append(
            f"  delete from oracleapi.route where owner = {owner} and method = {block.bind(method)}"
            f" and path_regexp = {block.bind(path)};"
        )
    if change.api is not None:
        api = change.api
        block.lines.append(f"  delete from oracleapi.api where owner = {owner};")
        _insert(
            block, "api", owner=api.owner, owner_uid=api.uid, schema_name=api.schema, label=api.label,
            require_binding=int(api.require_binding), subject_claim=api.subject_claim, groups_claim=api.groups_claim,
        )  # fmt: skip
    for route in change.put:
        _insert(
            block, "route", owner=change.owner, name=route.name, method=route.method, path_regexp=route.path_regexp,
            variables=route.variables, auth=route.auth, route_key=route.route_key or None,
            link_key=route.link_key or None,
        )  # fmt: skip
    if change.manage is not None:
        _manage(block, change.schema, change.manage)
    return block


def _manage(block: Block, schema: str, manage: Management) -> None:
    name = block.bind(schema)
    block.lines.append(f"  delete from oracleapi.unmanaged_path where schema_name = {name};")
    for path in sorted(manage.unmanaged_paths):
        _insert(block, "unmanaged_path", schema_name=schema, path=path)
    block.lines.append(
        f"  merge into oracleapi.managed_schema m using (select {name} schema_name from dual) s"
        " on (m.schema_name = s.schema_name)"
        f" when matched then update set m.role_mode = {block.bind(manage.role_mode)},"
        f" m.trace_header = {block.bind(manage.trace_header)}"
        " when not matched then insert (schema_name, role_mode, trace_header)"
        f" values (s.schema_name, {block.bind(manage.role_mode)}, {block.bind(manage.trace_header)});"
    )


def build_keys(change: ChangeKeys) -> Block:
    """Return the transaction over the gateway keys of an API; the database's clock says when one ends."""
    block = Block()
    owner = block.bind(change.owner)
    if change.put is not None:
        block.lines.append(
            f"  delete from oracleapi.gateway_key where owner = {owner}"
            f" and (not_after <= systimestamp or key_hash = {block.bind(change.put.hash.reveal())});"
        )
        _insert(
            block, "gateway_key", owner=change.owner, key_hash=change.put.hash.reveal(),
            created=_Time(change.put.created),
        )  # fmt: skip
    if change.keep is not None:
        block.lines.append(
            "  update oracleapi.gateway_key set not_after ="
            f" systimestamp + numtodsinterval({block.bind(change.ends_in_s)}, 'SECOND')"
            f" where owner = {owner} and not_after is null and key_hash <> {block.bind(change.keep.reveal())};"
        )
    return block


def build_binding(change: ChangeBinding) -> Block:
    """Return the transaction over the rows of a binding."""
    block = Block()
    binding = block.bind(change.binding)
    for route, kind, subject in dict.fromkeys((*change.drop, *(row.place for row in change.put))):
        block.lines.append(
            f"  delete from oracleapi.binding where binding = {binding} and route = {block.bind(route)}"
            f" and subject_kind = {block.bind(kind)} and subject = {block.bind(subject)};"
        )
    for row in change.put:
        _insert(
            block, "binding", binding=change.binding, owner=change.api, route=row.route, subject_kind=row.kind,
            subject=row.subject, role_name=row.role, not_after=_Time(row.not_after) if row.not_after else None,
        )  # fmt: skip
    return block


class _Time(str):
    """A time in RFC 3339, UTC."""


def _insert(block: Block, table: str, **values: object) -> None:
    block.lines.append(
        f"  insert into oracleapi.{table} ({', '.join(values)})"
        f" values ({', '.join(_placeholders(block, values.values()))});"
    )


def _placeholders(block: Block, values: Iterable[object]) -> Iterable[str]:
    for value in values:
        if value is None:
            yield "null"
        elif isinstance(value, _Time):
            moment = block.bind(f"{value} +00:00")
            yield f'to_timestamp_tz({moment}, \'YYYY-MM-DD"T"HH24:MI:SS"Z" TZH:TZM\')'
        else:
            yield block.bind(value)
