"""Users. Sources: SQL Language Reference 19c, CREATE/ALTER/DROP USER; error messages 28010, 28225 to 28227 [D]."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from itertools import pairwise
from typing import Any

from oracleapi_sandbox.oracle.engine import passwords, profiles, proxies, roles
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError

ROLLOVER_CLAUSE = ("EXPIRE", "PASSWORD", "ROLLOVER", "PERIOD")
_OTHER_CLAUSES = ("NO", "DEFAULT", "TEMPORARY", "LOCAL", "QUOTA", "PROFILE", "PASSWORD", "ACCOUNT", "ENABLE", "HTTP")
TABLESPACES = ("SYSTEM", "SYSAUX", "USERS", "TEMP")


def create_user(ddl: Ddl) -> None:
    """``CREATE USER u {IDENTIFIED BY pw | NO AUTHENTICATION} [clauses]``."""
    ddl.require("CREATE USER")
    reader = ddl.reader
    if reader.token.is_word("IF"):
        raise OracleError(1935, "missing user or role name", reader.token.start)
    name = reader.name(1935, "missing user or role name")
    if name in ddl.catalog.users or name in ddl.catalog.roles or name == "PUBLIC":
        raise OracleError(1920, f"user name '{name}' conflicts with another user or role name")
    roles.check_name(name)
    if not (reader.token.is_word("IDENTIFIED") or reader.token.is_word("NO")):
        raise OracleError(1939 if reader.token.kind == "eof" else 922, "missing or invalid option", reader.token.start)
    ddl.run("insert into ora_meta.users (username, created) values ($1, $2)", [name, ddl.now])
    ddl.run("insert into ora_meta.inherit_grants values ($1, 'PUBLIC')", [name])
    ddl.run(f"create role {quote(name)} nologin")
    ddl.run(f"create schema {quote(name)} authorization {quote(name)}")
    ddl.run(f"grant usage on schema {quote(name)} to public")
    _clauses(ddl, name, {"verifiers": [], "profile": "DEFAULT"}, new=True)


def alter_user(ddl: Ddl) -> None:
    """``ALTER USER u …``; everybody may change the own password, and nothing else of the own account."""
    reader = ddl.reader
    names = reader.listed()
    name = names[0]
    if not _needs_no_right(ddl, name):
        ddl.require("ALTER USER")
    for each in names:
        if each not in ddl.catalog.users:
            raise OracleError(1918, f"user '{each}' does not exist")
    if reader.accept("GRANT", "CONNECT", "THROUGH"):
        proxies.connect_through(ddl, names, grant=True)
        return
    if reader.accept("REVOKE", "CONNECT", "THROUGH"):
        proxies.connect_through(ddl, names, grant=False)
        return
    if len(names) > 1:
        raise OracleError(922, "missing or invalid option", reader.token.start)
    ddl.changes_only(("users", name), ("role_grants", name))
    _clauses(ddl, name, ddl.catalog.users[name], new=False)


def drop_user(ddl: Ddl) -> None:
    """``DROP USER u [CASCADE]``."""
    ddl.require("DROP USER")
    name = ddl.reader.name(1935, "missing user or role name")
    cascade = ddl.reader.accept("CASCADE")
    ddl.reader.end()
    user = ddl.catalog.users.get(name)
    if user is None:
        raise OracleError(1918, f"user '{name}' does not exist")
    if user["oracle_maintained"]:
        raise OracleError(28050, f"specified user or role cannot be dropped: '{name}'")
    if ddl.database.sessions_of(name):
        raise OracleError(1940, "cannot drop a user that is currently connected")
    owned = [key for key in ddl.catalog.objects if key[0] == name]
    if owned and not cascade:
        raise OracleError(1922, f"CASCADE must be specified to drop '{name}'")
    for owner, each in owned:
        ddl.drop_object(owner, each)
    ddl.run(f"drop schema {quote(name)} cascade")
    ddl.run("delete from ora_meta.constraints where r_owner = $1", [name])
    ddl.run("delete from ora_meta.proxies where $1 in (proxy, client)", [name])
    ddl.run("delete from ora_meta.quotas where username = $1", [name])
    ddl.run("delete from ora_meta.password_history where username = $1", [name])
    ddl.run("delete from ora_meta.users where username = $1", [name])
    roles.forget(ddl, name)


def _needs_no_right(ddl: Ddl, name: str) -> bool:
    """Say whether the statement only does what everybody may do to the own account.

    That is the password, by SQL Language Reference, ALTER USER, and the end of its rollover, by the Security Guide
    alone: a switch. [D]
    """
    reader = ddl.reader
    if name != ddl.user:
        return False
    if reader.token.is_word(*ROLLOVER_CLAUSE[:1]):
        rest = reader.tokens[reader.at + len(ROLLOVER_CLAUSE) : -1]
        return ddl.database.settings.rollover_expire_by_self and not rest
    given = (reader.at + 2, *(at + 1 for at, token in enumerate(reader.tokens) if token.is_word("REPLACE")))
    words = [each for at, each in enumerate(reader.tokens) if at > reader.at and at not in given]
    return reader.token.is_word("IDENTIFIED") and not any(each.is_word(*_OTHER_CLAUSES) for each in words)


def _clauses(ddl: Ddl, name: str, user: dict[str, Any], *, new: bool) -> None:
    reader = ddl.reader
    if reader.token.kind == "eof":
        raise OracleError(922, "missing or invalid option", reader.token.start)
    # A password is judged by the profile of the same statement.
    for word, following in pairwise(reader.tokens):
        if word.is_word("PROFILE") and following.text in ddl.catalog.profiles:
            user = {**user, "profile": following.text}
    ends_rollover = False if new else _ends_rollover(ddl)
    while reader.token.kind != "eof":
        if reader.accept("IDENTIFIED"):
            _identified(ddl, name, user, rollover=not ends_rollover)
        elif not new and reader.accept(*ROLLOVER_CLAUSE):
            passwords.end_rollover(ddl, name)
        elif reader.accept("DEFAULT", "ROLE"):
            if new:
                raise OracleError(1954, "DEFAULT ROLE clause not valid for CREATE USER")
            roles.default_role(ddl, name)
        elif not (_placed(ddl, name) or _stated(ddl, name) or roles.accept_container(ddl)):
            if reader.token.is_word("ENABLE", "DEFAULT", "HTTP", "GRANT", "SET"):
                raise not_supported(f"{reader.token.text} in CREATE or ALTER USER", reader.token)
            raise OracleError(922, "missing or invalid option", reader.token.start)


def _ends_rollover(ddl: Ddl) -> bool:
    """Say whether EXPIRE PASSWORD ROLLOVER PERIOD stands in the statement, and with what it may stand.

    Raises:
        OracleError: 28226, twice; 28225, with IDENTIFIED or NO AUTHENTICATION. The Security Guide shows it with
            IDENTIFIED BY, to change a password without a rollover: a switch. [CONTRA]
    """
    reader = ddl.reader
    texts = [token.text if token.kind == "word" else "" for token in reader.tokens[reader.at :]]
    size = len(ROLLOVER_CLAUSE)
    count = sum(tuple(texts[at : at + size]) == ROLLOVER_CLAUSE for at in range(len(texts)))
    if not profiles.has_rollover(ddl.catalog) and count:
        raise OracleError(922, "missing or invalid option", reader.token.start)
    if count > 1:
        raise OracleError(28226, "EXPIRE PASSWORD ROLLOVER PERIOD clause already specified")
    by_password = ("IDENTIFIED", "BY") in pairwise(texts) and ddl.database.settings.rollover_expire_with_password
    if count and not by_password and ("IDENTIFIED" in texts or ("NO", "AUTHENTICATION") in pairwise(texts)):
        raise OracleError(
            28225,
            "The EXPIRE PASSWORD ROLLOVER PERIOD clause is specified with a disallowed IDENTIFIED clause or a"
            " NO AUTHENTICATION clause",
        )
    return count > 0


def _placed(ddl: Ddl, name: str) -> bool:
    """Read a clause about space or the profile, if one comes next."""
    reader = ddl.reader
    if reader.accept("DEFAULT", "TABLESPACE"):
        _set(ddl, name, default_tablespace=_tablespace(ddl))
    elif reader.accept("TEMPORARY", "TABLESPACE"):
        _set(ddl, name, temporary_tablespace=_tablespace(ddl))
    elif reader.accept("QUOTA"):
        _quota(ddl, name)
    elif reader.accept("PROFILE"):
        _profile(ddl, name)
    else:
        return False
    return True


def _stated(ddl: Ddl, name: str) -> bool:
    """Read a clause about the account's state, if one comes next."""
    reader = ddl.reader
    if reader.accept("NO", "AUTHENTICATION"):
        _set(ddl, name, authentication="NONE", verifiers="[]", password_date=None, expired=False, grace_until=None)
    elif reader.accept("PASSWORD", "EXPIRE"):
        if ddl.run("select 1 from ora_meta.users where username = $1 and authentication = 'NONE'", [name]):
            raise OracleError(
                28010, "cannot expire external users, global users, or users with no authentication method"
            )
        _set(ddl, name, expired=True, grace_until=ddl.now)
    elif reader.accept("ACCOUNT", "LOCK"):
        _set(ddl, name, locked="LOCKED", lock_date=ddl.now)
    elif reader.accept("ACCOUNT", "UNLOCK"):
        _set(ddl, name, locked="", lock_date=None, failures=0)
    else:
        return False
    return True


def _profile(ddl: Ddl, name: str) -> None:
    profile = ddl.reader.name(2380, "missing profile")
    if profile not in ddl.catalog.profiles:
        raise OracleError(2380, f"profile {profile} does not exist")
    if ddl.catalog.users.get(name, {}).get("administrative") and profiles.rolls(ddl.catalog, profile):
        raise OracleError(28227, "Gradual password rollover is not supported for administrative users.")
    _set(ddl, name, profile=profile)


def _identified(ddl: Ddl, name: str, user: dict[str, Any], *, rollover: bool) -> None:
    """``IDENTIFIED BY pw [REPLACE old]``; the old password of somebody else is not looked at. [D]"""
    reader = ddl.reader
    if reader.token.is_word("EXTERNALLY", "GLOBALLY"):
        raise not_supported(f"IDENTIFIED {reader.token.text}", reader.token)
    reader.expect("BY", code=1939 if reader.token.kind == "eof" else 924, message="missing BY keyword")
    if reader.token.is_word("VALUES"):
        raise not_supported("IDENTIFIED BY VALUES", reader.token)
    new = roles.password(ddl)
    old = roles.password(ddl) if reader.accept("REPLACE") else None
    own = name == ddl.user
    passwords.change(ddl, passwords.Change(name, user["profile"], new, old, own), rollover=rollover)


def _set(ddl: Ddl, name: str, **values: Any) -> None:
    changes = ", ".join(
        f"{column} = ${at}::{'jsonb' if column == 'verifiers' else _COLUMN_TYPES.get(column, 'text')}"
        for at, column in enumerate(values, 2)
    )
    ddl.run(f"update ora_meta.users set {changes} where username = $1", [name, *values.values()])


_COLUMN_TYPES = {
    "expired": "boolean",
    "failures": "int",
    "lock_date": "timestamp",
    "password_date": "timestamp",
    "grace_until": "timestamp",
}


def _tablespace(ddl: Ddl) -> str:
    name = ddl.reader.name(959, "missing tablespace")
    if name not in TABLESPACES:
        raise OracleError(959, f"tablespace '{name}' does not exist")
    return name


def _quota(ddl: Ddl, name: str) -> None:
    reader = ddl.reader
    if reader.accept("UNLIMITED"):
        size = -1
    else:
        size = reader.integer()
        for unit, factor in (("K", 2**10), ("M", 2**20), ("G", 2**30), ("T", 2**40)):
            if reader.accept(unit):
                size *= factor
    reader.expect("ON")
    ddl.run(
        "insert into ora_meta.quotas values ($1, $2, $3::numeric)"
        " on conflict (username, tablespace) do update set bytes = excluded.bytes",
        [name, _tablespace(ddl), size],
    )
