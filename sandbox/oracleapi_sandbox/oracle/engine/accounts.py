"""Users and profiles. Source: Database SQL Language Reference 19c, CREATE/ALTER/DROP USER and PROFILE. [D]"""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

import json
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from oracleapi_sandbox.oracle.engine import proxies, roles
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.privileges import DEFAULT_PROFILE
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError, Verifier
from oracleapi_sandbox.oracle.verifier import make_verifier, matches, restored, stored

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
    """``ALTER USER u …``; everybody may change the own password."""
    reader = ddl.reader
    names = reader.listed()
    name = names[0]
    own = name == ddl.user and reader.token.is_word("IDENTIFIED")
    if not own:
        ddl.require("ALTER USER")
    for each in names:
        if each not in ddl.catalog.users:
            raise OracleError(1918, f"user '{each}' does not exist")
    user = ddl.catalog.users[name]
    if reader.accept("GRANT", "CONNECT", "THROUGH"):
        proxies.connect_through(ddl, names, grant=True)
        return
    if reader.accept("REVOKE", "CONNECT", "THROUGH"):
        proxies.connect_through(ddl, names, grant=False)
        return
    if len(names) > 1:
        raise OracleError(922, "missing or invalid option", reader.token.start)
    ddl.changes_only(("users", name), ("role_grants", name))
    if reader.accept("EXPIRE", "PASSWORD", "ROLLOVER", "PERIOD"):
        _set(ddl, name, verifiers=json.dumps(user["verifiers"][:1]), rollover_until=None)
        reader.end()
    else:
        _clauses(ddl, name, user, new=False)


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
    ddl.run("delete from ora_meta.users where username = $1", [name])
    roles.forget(ddl, name)


def _clauses(ddl: Ddl, name: str, user: dict[str, Any], *, new: bool) -> None:
    reader = ddl.reader
    if reader.token.kind == "eof":
        raise OracleError(922, "missing or invalid option", reader.token.start)
    # A password is judged by the profile of the same statement.
    for word, following in pairwise(reader.tokens):
        if word.is_word("PROFILE") and following.text in ddl.catalog.profiles:
            user = {**user, "profile": following.text}
    while reader.token.kind != "eof":
        if reader.accept("IDENTIFIED"):
            _identified(ddl, name, user)
        elif reader.accept("NO", "AUTHENTICATION"):
            _set(ddl, name, authentication="NONE", verifiers="[]", password_date=None)
        elif reader.accept("DEFAULT", "TABLESPACE"):
            _set(ddl, name, default_tablespace=_tablespace(ddl))
        elif reader.accept("TEMPORARY", "TABLESPACE"):
            _set(ddl, name, temporary_tablespace=_tablespace(ddl))
        elif reader.accept("QUOTA"):
            _quota(ddl, name)
        elif reader.accept("PROFILE"):
            profile = reader.name(2380, "missing profile")
            if profile not in ddl.catalog.profiles:
                raise OracleError(2380, f"profile {profile} does not exist")
            _set(ddl, name, profile=profile)
        elif reader.accept("PASSWORD", "EXPIRE"):
            _set(ddl, name, expired=True)
        elif reader.accept("ACCOUNT", "LOCK"):
            _set(ddl, name, locked="LOCKED", lock_date=ddl.now)
        elif reader.accept("ACCOUNT", "UNLOCK"):
            _set(ddl, name, locked="", lock_date=None, failures=0)
        elif reader.accept("DEFAULT", "ROLE"):
            if new:
                raise OracleError(1954, "DEFAULT ROLE clause not valid for CREATE USER")
            roles.default_role(ddl, name)
        elif roles.accept_container(ddl):
            continue
        elif reader.token.is_word("ENABLE", "DEFAULT", "HTTP", "GRANT", "SET"):
            raise not_supported(f"{reader.token.text} in CREATE or ALTER USER", reader.token)
        else:
            raise OracleError(922, "missing or invalid option", reader.token.start)


def _identified(ddl: Ddl, name: str, user: dict[str, Any]) -> None:
    reader = ddl.reader
    if reader.token.is_word("EXTERNALLY", "GLOBALLY"):
        raise not_supported(f"IDENTIFIED {reader.token.text}", reader.token)
    reader.expect("BY", code=1939 if reader.token.kind == "eof" else 924, message="missing BY keyword")
    if reader.token.is_word("VALUES"):
        raise not_supported("IDENTIFIED BY VALUES", reader.token)
    password = roles.password(ddl)
    if reader.accept("REPLACE"):
        old = roles.password(ddl)
        if not any(matches(each, old) for each in verifiers_of(user)[:1]):
            raise OracleError(28008, "invalid old password")
    set_password(ddl, name, user, password)


def set_password(ddl: Ddl, name: str, user: dict[str, Any], password: str) -> None:
    """Store a new verifier; in a rollover period the old one stays valid until the period, begun once, ends."""
    profile = user["profile"]
    check_strength(ddl.catalog.limit(profile, "PASSWORD_VERIFY_FUNCTION"), name, password)
    old = verifiers_of(user)
    until = user.get("rollover_until")
    days = Decimal(ddl.catalog.limit(profile, "PASSWORD_ROLLOVER_TIME").replace("UNLIMITED", "0"))
    running = until is not None and len(old) > 1 and until > ddl.now.isoformat()
    kept = old[-1:] if running else old[:1] if days else []
    if any(matches(each, password) for each in kept):
        kept = []
    new = make_verifier(password, like=kept[0] if kept else None)
    end = until if running else (ddl.now + timedelta(days=float(days))).isoformat() if kept else None
    _set(
        ddl,
        name,
        verifiers=json.dumps([stored(each) for each in (new, *kept)]),
        password_date=ddl.now,
        rollover_until=end,
        authentication="PASSWORD",
        expired=False,
        grace_until=None,
        failures=0,
    )


def check_strength(function: str, name: str, password: str) -> None:
    """The supplied verify functions; failure is ORA-28003 with its reason."""
    least = {"ORA12C_VERIFY_FUNCTION": (8, 1), "ORA12C_STRONG_VERIFY_FUNCTION": (9, 2)}.get(function)
    if least is None:
        return
    length, each = least
    letters, digits = sum(map(str.isalpha, password)), sum(map(str.isdigit, password))
    special = len(password) - letters - digits
    if len(password) < length:
        raise OracleError(
            28003,
            f"password verification for the specified password failed\nORA-20001: Password length less than {length}",
        )
    if min(letters, digits, special) < each or name.lower() in password.lower():
        raise OracleError(
            28003, "password verification for the specified password failed\nORA-20000: password is too simple"
        )


def verifiers_of(user: dict[str, Any]) -> list[Verifier]:
    return [restored(each) for each in user["verifiers"]]


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
    "rollover_until": "timestamp",
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


def create_profile(ddl: Ddl) -> None:
    """``CREATE PROFILE p LIMIT resource value …``."""
    ddl.require("CREATE PROFILE")
    name = ddl.reader.name(2380, "missing profile")
    if name in ddl.catalog.profiles:
        raise OracleError(2379, f"profile {name} already exists")
    for resource, kind, _ in DEFAULT_PROFILE:
        ddl.run("insert into ora_meta.profiles values ($1, $2, $3, 'DEFAULT')", [name, resource, kind])
    _limits(ddl, name)


def alter_profile(ddl: Ddl) -> None:
    """``ALTER PROFILE p LIMIT resource value …``."""
    ddl.require("ALTER PROFILE")
    name = ddl.reader.name(2380, "missing profile")
    if name not in ddl.catalog.profiles:
        raise OracleError(2380, f"profile {name} does not exist")
    _limits(ddl, name)


def drop_profile(ddl: Ddl) -> None:
    """``DROP PROFILE p [CASCADE]``: its users get DEFAULT."""
    ddl.require("DROP PROFILE")
    name = ddl.reader.name(2380, "missing profile")
    cascade = ddl.reader.accept("CASCADE")
    ddl.reader.end()
    if name not in ddl.catalog.profiles:
        raise OracleError(2380, f"profile {name} does not exist")
    if name == "DEFAULT":
        raise OracleError(2381, "cannot drop PUBLIC_DEFAULT profile")
    if not cascade and any(user["profile"] == name for user in ddl.catalog.users.values()):
        raise OracleError(2382, f"profile {name} has users assigned, cannot drop without CASCADE")
    ddl.run("update ora_meta.users set profile = 'DEFAULT' where profile = $1", [name])
    ddl.run("delete from ora_meta.profiles where profile = $1", [name])


def _limits(ddl: Ddl, profile: str) -> None:
    reader = ddl.reader
    reader.expect("LIMIT", code=2376, message="invalid or redundant resource")
    resources = {name for name, _, _ in DEFAULT_PROFILE}
    while reader.token.kind != "eof":
        token = reader.token
        resource = reader.name(2376, "invalid or redundant resource")
        if resource not in resources:
            raise OracleError(2376, "invalid or redundant resource", token.start)
        if reader.token.kind == "number":
            value = Decimal(str(reader.token.number))
            reader.at += 1
            if reader.accept("/"):
                value = value / Decimal(reader.integer())
            limit = format(value.normalize(), "f")
        else:
            limit = reader.name(2377, "invalid profile limit")
        if resource == "PASSWORD_ROLLOVER_TIME" and limit not in ("0", "DEFAULT"):
            hour, days = Decimal(1) / 24 - Decimal("0.001"), Decimal(limit.replace("UNLIMITED", "1000"))
            if not hour <= days <= 60:
                raise OracleError(65185, "could not alter profile: PASSWORD_ROLLOVER_TIME is between 1/24 and 60 days")
        ddl.run(
            "update ora_meta.profiles set lim = $3 where profile = $1 and resource = $2", [profile, resource, limit]
        )
