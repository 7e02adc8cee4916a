"""What an account holds and owns: one read of the dictionary, and its rows made into values.

Source: Database Reference 19c and 23ai, the views that are named; DBA_SCHEMA_PRIVS came with 23ai.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from oracleapi.adapters.oracle import holdings
from oracleapi.model.account import Holding, HoldingKind

HOLDINGS = """
select 'role' kind, granted_role name, '' owner, '' target, '' detail, admin_option with_option, delegate_option more,
       default_role enabled
from sys.dba_role_privs where grantee = :account
union all
select 'system', privilege, '', '', '', admin_option, '', '' from sys.dba_sys_privs where grantee = :account
union all
select 'object', privilege, owner, table_name, type, grantable, hierarchy, '' from sys.dba_tab_privs
where grantee = :account and table_name not like 'BIN$%'
union all
select 'column', privilege, owner, table_name, column_name, grantable, '', '' from sys.dba_col_privs
where grantee = :account and table_name not like 'BIN$%'
union all
select 'quota', tablespace_name, '', '', to_char(max_bytes), '', '', '' from sys.dba_ts_quotas
where username = :account and max_bytes <> 0 and dropped = 'NO'
union all
select 'proxy', client, authorization_constraint, role, authentication, '', '', '' from sys.dba_proxies
where proxy = :account and proxy_authority = 'DATABASE'
union all
select 'through', proxy, authorization_constraint, role, authentication, '', '', '' from sys.dba_proxies
where client = :account and proxy_authority = 'DATABASE'
union all
select 'synonym', synonym_name, table_owner, table_name, db_link, '', '', '' from sys.dba_synonyms
where owner = :account
union all
select case enabled_option when 'BY USER' then 'audit policy' else 'audit exception' end, policy_name, '', '', '',
       success, failure, ''
from audit_unified_enabled_policies
where entity_name = :account and entity_type = 'USER' and enabled_option in ('BY USER', 'EXCEPT USER')
union all
select 'audit context', attribute, namespace, '', '', '', '', '' from audit_unified_contexts where user_name = :account
union all
select 'network', privilege, what, place,
       case grant_type when 'DENY' then ' DENIED' end || case inverted_principal when 'YES' then ' TO ALL OTHERS' end
       || case when start_date is not null then to_char(start_date, '" FROM "YYYY-MM-DD') end
       || case when end_date is not null then to_char(end_date, '" UNTIL "YYYY-MM-DD') end, '', '', ''
from (
    select 'host' what, host || case when lower_port is not null then ':' || lower_port || '-' || upper_port end place,
           principal, privilege, grant_type, inverted_principal, start_date, end_date from sys.dba_host_aces
    union all
    select 'wallet', wallet_path, principal, privilege, grant_type, inverted_principal, start_date, end_date
    from sys.dba_wallet_aces
) where principal = :account
union all
select 'consumer group', granted_group, '', '', case initial_group when 'YES' then 'INITIAL' end, grant_option, '', ''
from sys.dba_rsrc_consumer_group_privs where grantee = :account
union all
select 'mapped group', consumer_group, '', '', '', '', '', '' from sys.dba_rsrc_group_mappings
where attribute = 'ORACLE_USER' and value = :account and (status is null or status <> 'PENDING')
union all
select 'schema trigger', trim(triggering_event), '', '', '', '', '', '' from sys.dba_triggers
where trim(base_object_type) = 'SCHEMA' and table_owner = :account and status = 'ENABLED'
union all
select 'owned', object_type, '', min(object_name), '', '', '', '' from sys.dba_objects
where owner = :account and object_type <> 'SYNONYM' and object_name not like 'BIN$%' group by object_type
"""
"""Dropped tables keep their grants under names that begin with BIN$, where nobody can grant (ORA-38301)."""
HOLDINGS_23 = """
union all
select 'schema', privilege, schema, '', '', admin_option, '', '' from sys.dba_schema_privs where grantee = :account
"""
"""What only 23ai and later releases have."""
OWNED = "owned"
PARTS = ("INDEX", "LOB", "TABLE PARTITION", "INDEX PARTITION", "LOB PARTITION", "SEQUENCE")
"""Types that often come along with another one, which tells more."""


def to_owned(rows: Iterable[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return one object of each type that an account owns, what tells most first: ``TABLE PAY``."""
    named = {type_: name for kind, type_, _, name, *_ in rows if kind == OWNED}
    return tuple(f"{type_} {named[type_]}" for type_ in sorted(named, key=lambda each: (each in PARTS, each)))


def to_holdings(rows: Iterable[tuple[Any, ...]]) -> frozenset[Holding]:
    """Return what rows of ``HOLDINGS`` say: one holding where several grantors, or rows of a proxy, tell of it."""
    found: dict[tuple[str, str, str], Holding] = {}
    connecting: dict[tuple[HoldingKind, str, str, bool], set[str]] = {}
    audited: dict[tuple[HoldingKind, str], tuple[bool, bool]] = {}
    for kind, name, *values in rows:
        owner, target, detail, option, more, enabled = (value or "" for value in values)
        match kind:
            case "owned":
                continue
            case "proxy" | "through":
                roles = connecting.setdefault((kind, name, owner, detail == "YES"), set())
                roles |= {target} - {""}
            case "audit policy" | "audit exception":
                before = audited.get((kind, name), (False, False))
                audited[kind, name] = (before[0] or option == "YES", before[1] or more == "YES")
            case _:
                on = _on(kind, owner, target, detail)
                known = found.get((kind, name, on), Holding(kind, name, on))
                found[kind, name, on] = replace(
                    known,
                    value=_value(kind, detail),
                    option=option == "YES" or known.option,
                    hierarchy=(kind == "object" and more == "YES") or known.hierarchy,
                    delegate=(kind == "role" and more == "YES") or known.delegate,
                    default=enabled == "YES",
                )
    proxies = (
        Holding(kind, other, value=holdings.proxy_clause(constraint, roles, authenticated))
        for (kind, other, constraint, authenticated), roles in connecting.items()
    )
    audits = (Holding(kind, policy, value=holdings.audited(*when)) for (kind, policy), when in audited.items())
    return frozenset((*found.values(), *proxies, *audits))


def _on(kind: str, owner: str, target: str, detail: str) -> str:
    """Return ``Holding.on`` of a row."""
    match kind:
        case "object":
            return holdings.target(detail, owner, target)
        case "column":
            return holdings.target("", owner, target, detail)
        case "synonym":
            return f"{owner}.{target}"
        case "network":
            return f"{owner} {target}{detail}"
    return owner


def _value(kind: str, detail: str) -> str:
    if kind == "synonym":
        return f"@{detail}" if detail else ""
    return detail if kind in ("quota", "consumer group") else ""
