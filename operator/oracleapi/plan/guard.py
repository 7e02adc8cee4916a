"""From the guard's rows as they are to what they should be: what is added first, what goes last. Pure."""

from collections.abc import Collection, Iterator, Mapping

from oracleapi.model.drift import ABSENT, PRESENT, Drift, field_drift
from oracleapi.model.guard import (
    BindingAction,
    ChangeBinding,
    ChangeGuard,
    DesiredBinding,
    DesiredGuard,
    GrantToSchema,
    ObservedBinding,
    ObservedGuard,
    RevokeFromSchema,
)
from oracleapi.plan.plan import Plan


def plan_guard(desired: DesiredGuard, observed: ObservedGuard, manage: bool = True) -> Plan[ChangeGuard]:
    """Return what must stand before ORDS serves what the rows are for; surplus rows stay until it serves it no more.

    Args:
        manage: Begin to manage the schema where nobody does yet; otherwise only change how it is managed.
    """
    begins = manage or observed.management is not None
    wanted = {route.place: route for route in desired.routes}
    known = {route.place: route for route in observed.routes}
    change = ChangeGuard(
        desired.api.owner,
        desired.api.schema,
        api=desired.api if desired.api != observed.api else None,
        put=tuple(sorted(route for place, route in wanted.items() if known.get(place) != route)),
        manage=desired.management if begins and desired.management != observed.management else None,
    )
    return Plan(() if change.empty else (change,), guard_drift(desired, observed))


def plan_guard_end(
    desired: DesiredGuard, observed: ObservedGuard, kept: Collection[tuple[str, str]] = ()
) -> Plan[ChangeGuard]:
    """Return what goes once ORDS serves no more than what is desired and what is *kept*, by (method, path_regexp)."""
    wanted = {route.place for route in desired.routes}
    drop = tuple(sorted({route.place for route in observed.routes} - wanted - {*kept}))
    change = ChangeGuard(desired.api.owner, desired.api.schema, drop=drop)
    return Plan(() if change.empty else (change,))


def guard_drift(desired: DesiredGuard, observed: ObservedGuard) -> tuple[Drift, ...]:
    """Return the differences, surplus rows among them."""
    found: list[Drift] = []
    if observed.api is None:
        found.append(Drift("guard", "api", PRESENT, ABSENT))
    else:
        found += field_drift("guard", desired.api, observed.api)
    if observed.management is None:
        found.append(Drift("guard", "managed schema", PRESENT, ABSENT))
    else:
        found += field_drift("guard", desired.management, observed.management)
    routes = {f"guard route {' '.join(route.place)}": route for route in desired.routes}
    found += _row_drift(routes, {f"guard route {' '.join(route.place)}": route for route in observed.routes})
    return tuple(found)


def _row_drift(wanted: Mapping[str, object], known: Mapping[str, object]) -> Iterator[Drift]:
    """Yield what differs between rows by their name in a sentence."""
    for name in sorted({*wanted, *known}):
        if name not in known or name not in wanted:
            ends = (PRESENT, ABSENT) if name in wanted else (ABSENT, PRESENT)
            yield Drift(name, "row", *ends)
        else:
            yield from field_drift(name, wanted[name], known[name])


def plan_guard_removal(owner: str, schema: str, observed: ObservedGuard, unmanage: bool = False) -> Plan[ChangeGuard]:
    """Return what makes the guard forget an API.

    Args:
        unmanage: The guard is to let the whole schema pass: before the first of its APIs is forgotten, or callers of
            that one would be refused.
    """
    managed = observed.management is not None and (unmanage or not observed.others)
    if observed.api is None and not observed.routes and not managed:
        return Plan()
    drop = tuple(sorted(route.place for route in observed.routes))
    return Plan((ChangeGuard(owner, schema, drop=drop, release=True, unmanage=unmanage),))


def plan_binding(desired: DesiredBinding, observed: ObservedBinding) -> Plan[BindingAction]:
    """Return what makes the rows as desired: no caller keeps a row that is not, before another gets one.

    The schema holds the role as long as a binding leads to it; the guard enables a role that it holds.
    """
    actions: list[BindingAction] = []
    stale = {row.place for row in observed.rows} - {row.place for row in desired.rows}
    foreign = bool(observed.apis - {desired.api})
    put = tuple(sorted(desired.rows if foreign else desired.rows - observed.rows))
    drop = tuple(sorted({row.place for row in observed.rows} if foreign else stale))
    if desired.rows and not observed.granted:
        actions.append(GrantToSchema(desired.role, desired.schema))
    if put or drop:
        actions.append(ChangeBinding(desired.binding, desired.api, put, drop))
    if not desired.rows and observed.granted and not observed.sharers and observed.role_secure:
        actions.append(RevokeFromSchema(desired.role, desired.schema))
    return Plan(tuple(actions), binding_drift(desired, observed))


def binding_drift(desired: DesiredBinding, observed: ObservedBinding) -> tuple[Drift, ...]:
    """Return the differences in rows, and a grant that is lacking."""
    found: list[Drift] = []
    if desired.rows and not observed.granted:
        found.append(Drift(f"schema {desired.schema}", f"role {desired.role}", PRESENT, ABSENT))
    wanted = {f"binding of {row.kind} {row.subject} on {row.route}": row for row in desired.rows}
    found += _row_drift(wanted, {f"binding of {row.kind} {row.subject} on {row.route}": row for row in observed.rows})
    return tuple(found)
