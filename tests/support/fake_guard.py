"""The guard's tables of a fake database, and which schemas hold which roles."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from oracleapi.api import reasons
from oracleapi.desired.gateway_key import key_hash
from oracleapi.errors import Terminal
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
from oracleapi.runtime.clock import RFC_3339
from support.fake_roles import FakeRoles


@dataclass
class FakeGuard:
    """What the tables hold.

    Args:
        there: Schema ORACLEAPI is installed.
        installed: Its packages are valid.
        held: Pairs of schema and role.
    """

    roles: FakeRoles
    there: bool = True
    installed: bool = True
    apis: dict[str, GuardApi] = field(default_factory=dict)
    routes: dict[str, dict[tuple[str, str], GuardRoute]] = field(default_factory=dict)
    managed: dict[str, Management] = field(default_factory=dict)
    bindings: dict[str, dict[tuple[str, str, str], tuple[str, BindingRow]]] = field(default_factory=dict)
    held: set[tuple[str, str]] = field(default_factory=set)
    bypasses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: dict[str, tuple[str, ...]] = field(default_factory=dict)
    proxied: str | None = None
    keys: dict[str, dict[str, KeyRow]] = field(default_factory=dict)
    time: Callable[[], float] = lambda: 0.0

    def observe_api(self, owner: str, schema: str) -> ObservedGuard:
        self._check()
        others = {found.owner for found in self.apis.values() if found.schema == schema} - {owner}
        return ObservedGuard(
            api=self.apis.get(owner),
            routes=frozenset(self.routes.get(owner, {}).values()),
            management=self.managed.get(schema),
            others=frozenset(others),
            installed=self.installed,
            failures=self.failures.get(schema, ()),
            bypasses=self.bypasses.get(schema, ()),
            keys=tuple(self.keys.get(owner, {}).values()),
        )

    def observe_binding(self, binding: str, api: str, schema: str, role: str) -> ObservedBinding:
        self._check()
        found = self.bindings.get(binding, {}).values()
        known = self.roles.observe(role, ())
        sharers = {
            name
            for name, rows in self.bindings.items()
            for owner, row in rows.values()
            if name != binding and row.role == role and owner in self.apis and self.apis[owner].schema == schema
        }
        return ObservedBinding(
            rows=frozenset(row for _, row in found),
            apis=frozenset(owner for owner, _ in found),
            role_exists=known.exists,
            role_secure=known.secure,
            role_owner=known.owner,
            granted=(schema, role) in self.held,
            proxied=self.proxied,
            managed=schema in self.managed,
            routes=frozenset(route.name for route in self.routes.get(api, {}).values()),
            keys={
                route.name: tuple(key for key in (route.route_key, route.link_key) if key)
                for route in self.routes.get(api, {}).values()
                if route.route_key
            },
            sharers=frozenset(sharers),
        )

    def apply(self, action: GuardAction) -> None:
        self._check()
        match action:
            case ChangeGuard():
                self._change(action)
            case ChangeKeys():
                self._change_keys(action)
            case ChangeBinding():
                rows = self.bindings.setdefault(action.binding, {})
                for place in action.drop:
                    rows.pop(place, None)
                for row in action.put:
                    rows[row.place] = (action.api, row)
                if not rows:
                    del self.bindings[action.binding]
            case GrantToSchema():
                assert self.roles.roles[action.role].exists, "ORA-01919: GRANT of a role that is not there"
                self.held.add((action.schema, action.role))
            case RevokeFromSchema():
                self.held.discard((action.schema, action.role))

    def _change(self, change: ChangeGuard) -> None:
        routes = self.routes.setdefault(change.owner, {})
        if change.unmanage:
            self.managed.pop(change.schema, None)
        if change.release:
            self.apis.pop(change.owner, None)
            self.keys.pop(change.owner, None)
            if all(found.schema != change.schema for found in self.apis.values()):
                self.managed.pop(change.schema, None)
        for place in change.drop:
            routes.pop(place, None)
        if change.api is not None:
            self.apis[change.owner] = change.api
        routes |= {route.place: route for route in change.put}
        if change.manage is not None:
            self.managed[change.schema] = change.manage
        if not routes:
            del self.routes[change.owner]

    def _change_keys(self, change: ChangeKeys) -> None:
        rows = self.keys.setdefault(change.owner, {})
        if change.put is not None:
            for hash_ in [hash_ for hash_, row in rows.items() if row.ends and row.ends <= self._stamp()]:
                del rows[hash_]
            rows[change.put.hash.reveal()] = change.put
        if change.keep is not None:
            for hash_, row in rows.items():
                if hash_ != change.keep and not row.ends:
                    rows[hash_] = replace(row, ends=self._stamp(change.ends_in_s))

    def _stamp(self, later_s: float = 0) -> str:
        return datetime.fromtimestamp(self.time() + later_s, UTC).strftime(RFC_3339)

    def takes(self, owner: str, key: str) -> bool:
        """Say whether the guard takes *key* now."""
        found = self.keys.get(owner, {}).get(key_hash(Hidden(key)).reveal())
        return found is not None and (not found.ends or found.ends > self._stamp())

    def _check(self) -> None:
        if not self.there:
            raise Terminal(reasons.GUARD_MISSING, "schema ORACLEAPI is not installed here; see docs/guard.md")
