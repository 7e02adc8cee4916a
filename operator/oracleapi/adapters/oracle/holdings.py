"""The statements that give, take and compare what an account holds. Pure.

Names from the dictionary may be any quoted identifier; :func:`oracleapi.adapters.oracle.roles.quoted` quotes them all.
Source: SQL Language Reference 19c, GRANT, REVOKE, ALTER USER, CREATE SYNONYM, AUDIT; 23ai, schema privileges.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from oracleapi.adapters.oracle.roles import quoted, words
from oracleapi.model.account import Holding

ALL_ROLES, NO_ROLES = "PROXY MAY ACTIVATE ALL CLIENT ROLES", "NO CLIENT ROLES MAY BE ACTIVATED"
SOME_ROLES, OTHER_ROLES = "PROXY MAY ACTIVATE ROLE", "PROXY MAY NOT ACTIVATE ROLE"
"""DBA_PROXIES.AUTHORIZATION_CONSTRAINT."""
AUTHENTICATED = "AUTHENTICATION REQUIRED"
_CLAUSES = {ALL_ROLES: "", NO_ROLES: "WITH NO ROLES", SOME_ROLES: "WITH ROLE", OTHER_ROLES: "WITH ROLE ALL EXCEPT"}
_CLAUSE = re.compile(rf"(WITH NO ROLES|(WITH ROLE ALL EXCEPT|WITH ROLE) (.+?))?(?:^| )?({AUTHENTICATED})?")
_WHENEVER = re.compile(r"WHENEVER (NOT )?SUCCESSFUL")
_PLAIN = re.compile(r"[A-Z][A-Z0-9_$#]*")
_NUMBER = re.compile(r"-1|[0-9]+")
_UNLIMITED = "-1"
_OWNED_TYPES = ("JAVA RESOURCE", "JAVA SOURCE", "MINING MODEL", "SQL TRANSLATION PROFILE")
_SYS_TYPES = ("DIRECTORY", "EDITION", "USER")
"""Types of objects that GRANT must name; the latter have no owner there, and SYS in the dictionary."""
_TARGET = re.compile(rf"(?:({'|'.join((*_OWNED_TYPES, *_SYS_TYPES))}) )?([^.]+)\.(.+)", re.DOTALL)
_OBJECT = re.compile(r"([^.]*)\.(.+)", re.DOTALL)
_LINK = re.compile(r"(@[A-Za-z][\w$#.@]*)?", re.ASCII)
_COLUMN = re.compile(r"([^(]+)\((.+)\)", re.DOTALL)


def target(type_: str, owner: str, name: str, column: str = "") -> str:
    """Return ``Holding.on`` of an object or a column as the dictionary shows them."""
    typed = f"{type_} " if type_ in _OWNED_TYPES or type_ in _SYS_TYPES else ""
    return f"{typed}{owner}.{name}" + (f"({column})" if column else "")


def proxy_clause(constraint: str, roles: Iterable[str], authenticated: bool) -> str:
    """Return ``Holding.value`` of a proxy right: what follows CONNECT THROUGH and the proxy's name, names unquoted."""
    parts = (_CLAUSES.get(constraint, ""), ", ".join(sorted(roles)), AUTHENTICATED if authenticated else "")
    return " ".join(part for part in parts if part)


def statements(account: str, holding: Holding, revoking: bool) -> tuple[str, ...]:
    """Return what gives *account* a holding or takes it away: two where a role is held with both of its options.

    Raises:
        ValueError: The holding is none that the dictionary could have shown; a fault of ours.
    """
    if holding.kind == "role" and holding.option and holding.delegate and not revoking:
        parts = (replace(holding, delegate=False), replace(holding, option=False))
        return tuple(_statement(account, each, revoking) for each in parts)
    return (_statement(account, holding, revoking),)


def _statement(account: str, holding: Holding, revoking: bool) -> str:
    who = quoted(account)
    match holding.kind:
        case "role":
            return _granted(quoted(holding.name, known=True), who, holding, revoking, "admin")
        case "schema":
            what = f"{words(holding.name)} on schema {quoted(holding.on, known=True)}"
            return _granted(what, who, holding, revoking, "admin")
        case "system":
            return _granted(words(holding.name), who, holding, revoking, "admin")
        case "object" | "column":
            return _granted(_privilege(holding, revoking), who, holding, revoking, "grant")
        case "quota":
            return f"alter user {who} quota {_size(holding, revoking)} on {quoted(holding.name, known=True)}"
        case "proxy":
            return _connecting(quoted(holding.name, known=True), who, holding, revoking)
        case "through":
            return _connecting(who, quoted(holding.name, known=True), holding, revoking)
        case "synonym":
            name = f"{who}.{quoted(holding.name, known=True)}"
            return f"drop synonym {name}" if revoking else f"create or replace synonym {name} for {_named(holding)}"
        case "setting":
            return f"alter user {who} {setting(holding)}"
        case "audit policy" if not revoking:
            return f"audit policy {quoted(holding.name, known=True)} by {who}{_whenever(holding)}"
        case "audit context" if not revoking:
            return f"audit context namespace {_word(holding.on)} attributes {_word(holding.name)} by {who}"
        case _:
            raise ValueError(f"no statement of ours may hold {holding}")


def setting(holding: Holding) -> str:
    """Return the clause of CREATE or ALTER USER. Raises as :func:`statement`."""
    return f"{words(holding.name).lower()} {quoted(holding.value, known=True)}"


def default_roles(account: str, roles: Mapping[str, bool]) -> str:
    """Return what makes those of an account's *roles* default roles that are mapped to ``True``, and no others."""
    chosen = [quoted(name, known=True) for name, default in sorted(roles.items()) if default]
    listed = "all" if len(chosen) == len(roles) else ", ".join(chosen) or "none"
    return f"alter user {quoted(account)} default role {listed}"


def _granted(what: str, who: str, holding: Holding, revoking: bool, option: str) -> str:
    if revoking:
        return f"revoke {what} from {who}"
    text = f"grant {what} to {who}" + (" with hierarchy option" if holding.hierarchy else "")
    return text + (f" with {option} option" if holding.option else " with delegate option" if holding.delegate else "")


def _connecting(client: str, proxy: str, holding: Holding, revoking: bool) -> str:
    if revoking:
        return f"alter user {client} revoke connect through {proxy}"
    return f"alter user {client} grant connect through {proxy}{_quoted_clause(holding.value)}"


def _privilege(holding: Holding, revoking: bool) -> str:
    on, column = holding.on, ""
    if holding.kind == "column":
        on, name = _matched(_COLUMN, on).groups()
        column = "" if revoking else f" ({quoted(name, known=True)})"
    type_, owner, name = _matched(_TARGET, on).groups()
    where = (
        quoted(name, known=True) if type_ in _SYS_TYPES else f"{quoted(owner, known=True)}.{quoted(name, known=True)}"
    )
    return f"{words(holding.name)}{column} on {type_.lower() + ' ' if type_ else ''}{where}"


def _named(holding: Holding) -> str:
    """Return what a synonym stands for."""
    owner, name = _matched(_OBJECT, holding.on).groups()
    link = _matched(_LINK, holding.value)[0]
    return (f"{quoted(owner, known=True)}." if owner else "") + quoted(name, known=True) + link


def audited(success: bool, failure: bool) -> str:
    """Return ``Holding.value`` of an audit policy: what follows BY and the user."""
    return {(True, False): "WHENEVER SUCCESSFUL", (False, True): "WHENEVER NOT SUCCESSFUL"}.get((success, failure), "")


def _whenever(holding: Holding) -> str:
    return f" {_matched(_WHENEVER, holding.value)[0].lower()}" if holding.value else ""


def _word(name: str) -> str:
    """Return a namespace or attribute as documents write it, in quotes only where it could not stand without."""
    return name if _PLAIN.fullmatch(name) else quoted(name, known=True)


def _size(holding: Holding, revoking: bool) -> str:
    if revoking:
        return "0"
    bytes_ = _matched(_NUMBER, holding.value)[0]
    return "unlimited" if bytes_ == _UNLIMITED else bytes_


def _quoted_clause(value: str) -> str:
    none, some, names, authenticated = _matched(_CLAUSE, value).groups()
    clause = f" {(some or none).lower()}" if none else ""
    if names:
        clause += " " + ", ".join(quoted(name, known=True) for name in names.split(", "))
    return clause + (f" {authenticated.lower()}" if authenticated else "")


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} does not name what an account may hold")
    return found
