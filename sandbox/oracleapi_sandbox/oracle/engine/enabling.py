"""Which of the roles that a user holds are enabled in a session: at log-on, by SET ROLE, through a proxy.

Source: Database SQL Language Reference 19c and 23ai, SET ROLE, ALTER USER; Security Guide, secure application roles;
error messages 28156, 28157, 28201 [D].
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Catalog
from oracleapi_sandbox.oracle.engine.text import Reader
from oracleapi_sandbox.oracle.ports import OracleError, Verifier
from oracleapi_sandbox.oracle.verifier import matches

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession

MOST_ENABLED = 148
"""User-defined roles that a session can have enabled at one time. [D]"""


@dataclass(frozen=True)
class Command:
    """What follows SET ROLE: the *names* to enable with their passwords, or ``None``: ALL but the *excepted*."""

    names: tuple[str, ...] | None
    excepted: tuple[str, ...] = ()
    passwords: Mapping[str, str] = field(default_factory=dict)


def read_command(reader: Reader) -> Command:
    """Read ``NONE | ALL [EXCEPT r, …] | r [IDENTIFIED BY pw], …`` to the end.

    Raises:
        OracleError: 1937, no role is named; 922.
    """
    names: tuple[str, ...] | None
    excepted: tuple[str, ...] = ()
    passwords: dict[str, str] = {}
    if reader.accept("NONE"):
        names = ()
    elif reader.accept("ALL"):
        names, excepted = None, _names(reader, passwords) if reader.accept("EXCEPT") else ()
    else:
        names = _names(reader, passwords)
    reader.end()
    return Command(names, excepted, passwords)


def _names(reader: Reader, passwords: dict[str, str]) -> tuple[str, ...]:
    found = []
    while True:
        found.append(reader.name(1937, "missing or invalid role name"))
        if reader.accept("IDENTIFIED", "BY"):
            passwords[found[-1]] = reader.password()
        if not reader.accept(","):
            return tuple(found)


def at_logon(catalog: Catalog, user: str, proxy: str | None) -> frozenset[str]:
    """Return the roles that a new session of *user*, opened by *proxy* if any, has enabled.

    Default roles with a password and secure application roles are not. [D: error 28181 of 23ai]
    """
    chosen = [
        name
        for name, grant in _granted(catalog, user).items()
        if grant["is_default"] and _is_plain(catalog, name) and _refusal(catalog, user, proxy, name) is None
    ]
    return _complete(catalog, chosen)


def by_command(catalog: Catalog, session: "EngineSession", command: Command) -> frozenset[str]:
    """Return the roles that SET ROLE leaves enabled in *session*.

    ALL enables no role with a password and no secure one [D]; whether it leaves them out or fails, and whether a role
    that is held through a secure role only may be named, are switches.

    Raises:
        OracleError: 1919, 1924, 1979, 28031; 28156 and 28157, the proxy may not; 28201, another package is meant to.
    """
    settings = session.database.settings
    held = _granted(catalog, session.user)
    if command.names is None:
        for name in command.excepted:
            if name not in held:
                raise _not_granted(catalog, name)
        all_of = [name for name in held if name not in command.excepted]
        if settings.set_role_all == "fail":
            for name in all_of:
                _check_authentication(catalog, session, name, {})
        chosen = [
            name
            for name in all_of
            if _is_plain(catalog, name) and _refusal(catalog, session.user, session.proxy_user, name) is None
        ]
        return _complete(catalog, chosen)
    opened = (name for name in held if settings.inner_roles_by_name or _is_plain(catalog, name))
    reachable = _complete(catalog, opened) | set(held)
    for name in command.names:
        if name not in reachable:
            raise _not_granted(catalog, name)
        refusal = _refusal(catalog, session.user, session.proxy_user, name)
        if refusal is not None:
            raise refusal
        _check_authentication(catalog, session, name, command.passwords)
    return _complete(catalog, command.names)


def _granted(catalog: Catalog, user: str) -> dict[str, dict[str, bool]]:
    """The roles that are granted to a user or to everybody, directly."""
    return {**catalog.role_grants.get(PUBLIC, {}), **catalog.role_grants.get(user, {})}


def _is_plain(catalog: Catalog, role: str) -> bool:
    return bool(catalog.roles[role]["authentication"] == "NONE")


def _complete(catalog: Catalog, roles: Iterable[str]) -> frozenset[str]:
    """Add the roles granted to roles; enabling one enables them."""
    found = frozenset(catalog.closure(roles))
    if sum(not catalog.roles[name]["oracle_maintained"] for name in found) > MOST_ENABLED:
        raise OracleError(28031, f"maximum of {MOST_ENABLED} enabled roles exceeded")
    return found


def _not_granted(catalog: Catalog, name: str) -> OracleError:
    if name not in catalog.roles:
        return OracleError(1919, f"role '{name}' does not exist")
    return OracleError(1924, f"role '{name}' not granted or does not exist")


def _refusal(catalog: Catalog, user: str, proxy: str | None, role: str) -> OracleError | None:
    """Why the clause by which *proxy* connects as *user* keeps a role from being enabled, if it does."""
    rule = None if proxy is None else catalog.proxies.get((proxy, user))
    if rule is None or rule["mode"] == "ALL":
        return None
    if rule["mode"] == "EXCEPT":
        if role not in rule["roles"]:
            return None
        return OracleError(28157, f"Proxy user '{proxy}' forbidden to set role '{role}' for client '{user}'")
    if rule["mode"] == "LIST" and role in rule["roles"]:
        return None
    return OracleError(28156, f"Proxy user '{proxy}' not authorized to set role '{role}' for client '{user}'")


def _check_authentication(catalog: Catalog, session: "EngineSession", name: str, passwords: Mapping[str, str]) -> None:
    role = catalog.roles[name]
    if role["authentication"] == "PASSWORD":
        stored = role["verifier"]
        verifier = Verifier(bytes.fromhex(stored["salt"]), bytes.fromhex(stored["key"]))
        if name not in passwords or not matches(verifier, passwords[name]):
            raise OracleError(1979, f"missing or invalid password for role '{name}'")
    if role["authentication"] == "APPLICATION":
        running = {(call.owner, call.name) for call in session.units}
        if (role["schema"], role["package"]) not in running:
            raise OracleError(28201, f"invalid command to enable secure application role '{name}'")
