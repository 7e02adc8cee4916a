"""State of each route of an ``OracleApi`` in one pass, and what status says of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec, Route
from oracleapi.desired.gateway import live_handler, route_key
from oracleapi.desired.groups import Group, groups_of, module_base_path, module_name
from oracleapi.desired.privileges import entry as fault_entry
from oracleapi.desired.probe import PROBE_GROUP, has_probe
from oracleapi.model.gateway import ObservedGateway
from oracleapi.model.line import RouteFault
from oracleapi.model.resolved import ResolvedApi
from oracleapi.model.schema import ObservedSchema

GROUPS_SHOWN = 64


@dataclass
class Routes:
    """State of each route on the way: faults by route name, in words for the user."""

    refused: dict[str, str] = field(default_factory=dict)  # handler or path at fault: (reason is RoutesRefused)
    unsafe: dict[str, str] = field(default_factory=dict)  # kept away because path tricks work
    withdrawn: dict[str, str] = field(default_factory=dict)  # protection at fault
    unguarded: dict[str, tuple[str, str]] = field(default_factory=dict)  # (reason, text): nothing protects them at ORDS
    unproven: set[str] = field(default_factory=set)  # nobody knows yet whether something does
    kept: set[str] = field(default_factory=set)  # refused, but the last good handler still serves
    pending: set[str] = field(default_factory=set)  # callers do not meet them yet
    live: bool | None = None  # the API has a stage: what is not at fault can be called; None: nobody could look
    shadowed: str | None = None  # one sentence about a privilege that is not ours and stands before a route
    at_ords: Mapping[str, RouteFault] = field(default_factory=dict)  # what ORDS asks callers for is not what it should

    @property
    def away(self) -> frozenset[str]:
        """Names of the routes that callers must not reach."""
        return frozenset(
            ({*self.refused} - self.kept) | {*self.unsafe} | {*self.withdrawn} | {*self.unguarded} | self.unproven
        )

    def see(self, api: ResolvedApi, schema: ObservedSchema, observed: ObservedGateway | None) -> None:
        """Take note of which routes callers meet; one that moves is met where it was.

        Of a stage that deploys by hand, what it deployed last does not show.
        """
        stage, there = (None, {}) if observed is None else (observed.stage, observed.routes)
        self.live = None if stage is not None and not stage.auto_deploy else stage is not None
        handlers = {(name, *key) for name, module in schema.modules.items() for key in module.handlers}
        for route in api.spec.routes:
            found = there.get(route_key(api, route))
            if found is None or live_handler(api, found) not in handlers:
                self.pending.add(route.name)

    def fault(self) -> str | None:
        """Return one sentence about the first route at fault, or ``None``."""
        faults = {
            **self.refused,
            **self.unsafe,
            **self.withdrawn,
            **{name: text for name, (_, text) in self.unguarded.items()},
        }
        if not faults:
            return None
        name = next(iter(faults))
        kept = "; its last good handler keeps serving" if name in self.kept else ""
        more = f" (and {counted(len(faults) - 1, 'more route')})" if len(faults) > 1 else ""
        return f"route {name}: {faults[name]}{kept}{more}"

    def state(self, name: str, before: str | None = None) -> tuple[str, str | None]:
        """Return (state, reason) of the route *name*; what was said of it *before* stays where nobody could look."""
        if name in self.unguarded:
            return "Withdrawn", self.unguarded[name][0]
        if name in self.withdrawn:
            return "Withdrawn", reasons.UNPROTECTED
        if name in self.unsafe:
            return "Refused", reasons.UNSAFE_PATHS
        if name in self.refused:
            return "Refused", reasons.INVALID_SPEC
        live = before == "Serving" if self.live is None else self.live
        return ("Serving", None) if live and name not in self.pending | self.unproven else ("Pending", None)


def route_fields(api: ResolvedApi, routes: Routes, before: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the status fields about routes and groups.

    Args:
        before: The entries of the last pass.
    """
    spec = api.spec
    states = {entry["key"]: entry["state"] for entry in before}
    entries = [
        _entry(api, route, *routes.state(route.name, states.get(route_key(api, route))))
        | _fault(routes.at_ords.get(route.name))
        for route in spec.routes
    ]
    serving = Counter(entry["state"] for entry in entries)["Serving"]
    return {
        "routes": entries,
        "routesServing": f"{serving}/{len(entries)}",
        "publicRoutes": sum(route.auth == "Public" for route in spec.routes),
        "groups": [_group(api, group) for group in _groups(spec)[:GROUPS_SHOWN]],
    }


def _fault(fault: RouteFault | None) -> dict[str, Any]:
    return {} if fault is None else fault_entry(fault)


def _entry(api: ResolvedApi, route: Route, state: str, reason: str | None) -> dict[str, Any]:
    entry = {"name": route.name, "key": route_key(api, route), "state": state}
    return entry if reason is None else {**entry, "reason": reason}


def _groups(spec: OracleApiSpec) -> list[Group]:
    """Return the groups of the spec, that of the probe route first."""
    return [*([PROBE_GROUP] if has_probe(spec) else []), *groups_of(spec, spec.routes)]


def _group(api: ResolvedApi, group: Group) -> dict[str, str]:
    base = api.spec.base_path
    entry = {"auth": group.auth, "module": module_name(group, base), "basePath": module_base_path(group, base)}
    return entry if group.scope is None else {"scope": group.scope, **entry}


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the right number."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
