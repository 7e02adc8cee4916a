"""Profiles. Sources: SQL Language Reference 19c, CREATE/ALTER/DROP PROFILE; error message 2377 [D]."""

from decimal import Decimal

from oracleapi_sandbox.oracle.engine.catalog import Catalog
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.privileges import DEFAULT_PROFILE, ROLLOVER
from oracleapi_sandbox.oracle.ports import OracleError

DAY_S = 86_400
_ROLLOVER_DAYS = Decimal(1) / 24, Decimal(60)
_LEAST = {"PASSWORD_GRACE_TIME": 0, ROLLOVER: 0, "INACTIVE_ACCOUNT_TIME": 15}


def create_profile(ddl: Ddl) -> None:
    """``CREATE PROFILE p LIMIT resource value …``."""
    ddl.require("CREATE PROFILE")
    name = ddl.reader.name(2380, "missing profile")
    if name in ddl.catalog.profiles:
        raise OracleError(2379, f"profile {name} already exists")
    for resource, kind, _ in DEFAULT_PROFILE:
        if resource in ddl.catalog.profiles["DEFAULT"]:
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


def rolls(catalog: Catalog, profile: str) -> bool:
    """Say whether the passwords of a profile's users get a rollover period when they are changed."""
    return has_rollover(catalog) and Decimal(catalog.limit(profile, ROLLOVER)) > 0


def has_rollover(catalog: Catalog) -> bool:
    """Say whether this version of the database knows the gradual password rollover: 19.12 and later do. [D]"""
    return ROLLOVER in catalog.profiles["DEFAULT"]


def _limits(ddl: Ddl, profile: str) -> None:
    reader = ddl.reader
    reader.expect("LIMIT", code=2376, message="invalid or redundant resource")
    given: dict[str, str] = {}
    while reader.token.kind != "eof":
        token = reader.token
        resource = reader.name(2376, "invalid or redundant resource")
        if resource not in ddl.catalog.profiles["DEFAULT"]:
            raise OracleError(2376, "invalid or redundant resource", token.start)
        given[resource] = _limit(ddl, resource)
        ddl.run(
            "update ora_meta.profiles set lim = $3 where profile = $1 and resource = $2",
            [profile, resource, given[resource]],
        )
    _check_rollover(ddl, profile, given)


def _limit(ddl: Ddl, resource: str) -> str:
    """Read a limit; a number is above zero, but for the few that may be switched off by it. [D]"""
    reader = ddl.reader
    if reader.token.kind != "number":
        word = reader.name(2377, _invalid(resource))
        if resource == ROLLOVER and word != "DEFAULT":
            raise OracleError(2377, _invalid(resource))
        return word
    value = Decimal(str(reader.token.number))
    reader.at += 1
    if reader.accept("/"):
        value = value / Decimal(reader.integer())
    if value < _LEAST.get(resource, 0) or (value == 0 and resource not in _LEAST):
        raise OracleError(2377, _invalid(resource))
    return format(value.normalize(), "f")


def _check_rollover(ddl: Ddl, profile: str, given: dict[str, str]) -> None:
    """Keep PASSWORD_ROLLOVER_TIME between an hour and 60 days, and within the life and the grace time.

    A grace time of 0 is no bound. [D]
    """
    if not has_rollover(ddl.catalog):
        return
    limits = {**ddl.catalog.profiles["DEFAULT"], **_own(ddl.catalog.profiles.get(profile, {})), **_own(given)}
    rollover = Decimal(limits[ROLLOVER])
    if rollover == 0:
        return
    least, most = _ROLLOVER_DAYS
    if round(rollover * DAY_S) < round(least * DAY_S) or rollover > most:
        raise OracleError(2377, _invalid(ROLLOVER))
    for resource in ("PASSWORD_LIFE_TIME", "PASSWORD_GRACE_TIME"):
        bound = limits[resource]
        if bound not in ("UNLIMITED", "0") and Decimal(bound) < rollover:
            raise OracleError(2377, _invalid(ROLLOVER if ROLLOVER in given else resource))


def _own(limits: dict[str, str]) -> dict[str, str]:
    return {resource: limit for resource, limit in limits.items() if limit != "DEFAULT"}


def _invalid(resource: str) -> str:
    return f"invalid profile limit {resource}"
