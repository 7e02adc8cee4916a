"""Accounts with all that they hold: two dictionary reads, and DDL of which each statement is judged alone.

A password is the only text that is spliced in beside names: DDL takes no binds. It passes :func:`_in_quotes`, stays
out of the driver's cache of statements, and what the driver raised is dropped once its code is read.
"""

# ruff: noqa: S608 - texts are made of quoted names; values are binds

import re
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

import oracledb

from oracleapi.adapters.oracle import holdings
from oracleapi.adapters.oracle.errors import full_code, translate
from oracleapi.adapters.oracle.holding_rows import HOLDINGS, HOLDINGS_23, to_holdings, to_owned
from oracleapi.adapters.oracle.roles import quoted, run_each
from oracleapi.adapters.oracle.verdicts import NO_ROLLOVER, PASSWORD_SHAPE, RIGHTS, TOO_LONG
from oracleapi.api import reasons
from oracleapi.errors import OperatorError, Terminal
from oracleapi.model.account import (
    DEFAULT_TABLESPACE,
    PROFILE,
    TEMPORARY_TABLESPACE,
    AccountAction,
    CreateTwin,
    EndRollover,
    Equalize,
    Holding,
    ObservedAccount,
    RefusedHolding,
    SetPassword,
)
from oracleapi.model.role import PART

ACCOUNT = """
with held (name) as (
    select username from sys.dba_users where username = :account
    union all
    select p.granted_role from held h join sys.dba_role_privs p on p.grantee = h.name
)
select 'account' kind, u.account_status a, u.profile b, u.oracle_maintained c,
       sys_context('USERENV', 'SESSION_USER') d, u.default_tablespace e, u.temporary_tablespace f,
       to_char(u.password_change_date, 'YYYY-MM-DD"T"HH24:MI:SS') g, u.authentication_type h, u.common i
from sys.dba_users u where u.username = :account
union all
select 'limit', p.resource_name, case p.limit when 'DEFAULT' then d.limit else p.limit end, '', '', '', '', '', '', ''
from sys.dba_users u
join sys.dba_profiles p on p.profile = u.profile and p.resource_type = 'PASSWORD'
join sys.dba_profiles d on d.profile = 'DEFAULT' and d.resource_name = p.resource_name
where u.username = :account
union all
select 'runtime', '', '', '', '', '', '', '', '', '' from held where name = 'ORDS_RUNTIME_ROLE'
"""
ROLES = "select granted_role, default_role from sys.dba_role_privs where grantee = :account"
SEEN = {
    f"SELECT on SYS.{view.upper()}": f"select 1 from sys.{view} where 1 = 0"
    for view in ("dba_users", "dba_profiles", "dba_role_privs")
}
"""What must be readable for every account, each right with the statement that shows it."""
READABLE = SEEN | {
    f"SELECT on SYS.{view.upper()}": f"select 1 from sys.{view} where 1 = 0"
    for view in (
        "dba_sys_privs", "dba_tab_privs", "dba_col_privs", "dba_ts_quotas", "dba_proxies", "dba_objects",
        "dba_synonyms", "dba_triggers", "dba_host_aces", "dba_wallet_aces", "dba_rsrc_consumer_group_privs",
        "dba_rsrc_group_mappings",
    )
} | {
    f"SELECT on {view.upper()}": f"select 1 from {view} where 1 = 0"
    for view in ("audit_unified_enabled_policies", "audit_unified_contexts")
}  # fmt: skip
"""What must be readable for whole ones."""
READABLE_23 = {"SELECT on SYS.DBA_SCHEMA_PRIVS": "select 1 from sys.dba_schema_privs where 1 = 0"}
DONE_BEFORE = frozenset({"ORA-01951", "ORA-01952"})
"""A role or system privilege that is to be taken is not held."""
_PASSWORD = re.compile(r"[A-Za-z0-9_.-]+")


def readable(connection: oracledb.Connection, whole: bool) -> dict[str, str]:
    """Return what must be readable in this release."""
    if not whole:
        return SEEN
    return READABLE | READABLE_23 if _has_schema_privileges(connection) else READABLE


def _has_schema_privileges(connection: oracledb.Connection) -> bool:
    """Say whether it is 23ai or later; the log-on told the driver."""
    return int(connection.version.partition(".")[0]) >= 23


def observe(cursor: oracledb.Cursor, name: str, whole: bool) -> ObservedAccount | None:
    """Return the account *name*; one round trip, two with what it holds."""
    cursor.execute(ACCOUNT, account=name)
    found: dict[str, list[tuple[str, ...]]] = {}
    for kind, *values in cursor:
        found.setdefault(kind, []).append(tuple(value or "" for value in values))
    if "account" not in found:
        return None
    status, profile, maintained, operator, tablespace, temporary, changed, authentication, common = found["account"][0]
    account = ObservedAccount(
        name,
        status=status,
        profile=profile,
        maintained=maintained == "Y",
        operator=operator == name,
        runtime="runtime" in found,
        limits=MappingProxyType({row[0]: row[1] for row in found.get("limit", [])}),
        changed=changed,
        authentication=authentication,
        common=common == "YES",
        whole=False,
    )
    if not whole:
        return account
    settings = ((PROFILE, profile), (DEFAULT_TABLESPACE, tablespace), (TEMPORARY_TABLESPACE, temporary))
    cursor.execute(HOLDINGS + HOLDINGS_23 if _has_schema_privileges(cursor.connection) else HOLDINGS, account=name)
    rows = cursor.fetchall()
    held = to_holdings(rows) | {Holding("setting", each, value=value) for each, value in settings}
    return replace(account, whole=True, holdings=held, owned=to_owned(rows))


def apply(connection: oracledb.Connection, action: AccountAction) -> tuple[RefusedHolding, ...]:
    """Carry out *action*; returns what was refused of it."""
    cursor, doing = connection.cursor(), action.describe()
    match action:
        case CreateTwin():
            settings = "".join(f" {holdings.setting(each)}" for each in action.settings)
            text = f"create user {quoted(action.name)} identified by {_in_quotes(action.password)}{settings}"
            _run(cursor, doing, text, "CREATE USER")
        case SetPassword():
            text = f"alter user {quoted(action.name)} identified by {_in_quotes(action.password)}"
            _run(cursor, doing, text, "ALTER USER")
        case EndRollover():
            text = f"alter user {quoted(action.name)} expire password rollover period"
            _run(cursor, doing, text, "ALTER USER", done=NO_ROLLOVER)
        case Equalize():
            return _equalize(cursor, action)
    return ()


def _equalize(cursor: oracledb.Cursor, action: Equalize) -> tuple[RefusedHolding, ...]:
    listed = [*((each, True) for each in action.revoke), *((each, False) for each in action.grant)]
    refused: list[RefusedHolding] = []
    for start in range(0, len(listed), PART):
        part = listed[start : start + PART]
        texts = [holdings.statements(action.name, each, revoking) for each, revoking in part]
        codes = iter(run_each(cursor, [text for found in texts for text in found]))
        for (each, revoking), found in zip(part, texts, strict=True):
            code = next(filter(None, [next(codes) for _ in found]), None)
            if code is not None and not (revoking and code in DONE_BEFORE):
                refused.append(RefusedHolding(each, revoking, code))
    known = {each.holding for each in refused if not each.revoking}
    roles = [each for each in action.grant if each.kind == "role" and each not in known]
    code = _default_roles(cursor, action.name, roles) if roles else None
    return (*refused, *(RefusedHolding(each, False, code) for each in roles if code is not None))


def _default_roles(cursor: oracledb.Cursor, account: str, given: Iterable[Holding]) -> str | None:
    """Make those of the roles that were *given* default roles that are to be, and leave the others as they are."""
    cursor.execute(ROLES, account=account)
    held = {name: default == "YES" for name, default in cursor}
    wanted = held | {each.name: each.default for each in given if each.name in held}
    (code,) = run_each(cursor, [holdings.default_roles(account, wanted)])
    return code


def _in_quotes(password: str) -> str:
    """Return *password* as DDL takes it: the one place where a secret enters a statement.

    Raises:
        ValueError: It has other characters than letters, digits and ``_ - .``; a fault of ours, told without it.
    """
    found = _PASSWORD.fullmatch(password)
    if found is None:
        raise ValueError("a password has characters that no statement takes")
    return f'"{found[0]}"'


def _run(cursor: oracledb.Cursor, doing: str, text: str, right: str, done: str = "") -> None:
    """Run a statement that may hold a password; the code *done* says that there is nothing left to do.

    Raises:
        Terminal: ``PrivilegesMissing``, *right* is lacking; ``PasswordRefused``.
    """
    try:
        cursor.prepare(text, cache_statement=False)
        cursor.execute(None)
    except oracledb.Error as error:
        fault = None if full_code(error) == done else _translated(doing, right, error)
    else:
        return
    if fault is not None:
        raise fault  # here, where nothing of the driver's hangs on it


def _translated(doing: str, right: str, error: oracledb.Error) -> OperatorError:
    code = full_code(error)
    if code in RIGHTS:
        return Terminal(
            reasons.PRIVILEGES_MISSING,
            f"{doing}: the operator's account lacks {right}; grant it, see docs/database.md ({code})",
        )
    if code == TOO_LONG:
        return PASSWORD_SHAPE.error(doing, code)
    return translate(doing, error, secret=True)
