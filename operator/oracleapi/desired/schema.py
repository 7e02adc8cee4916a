"""The ORDS half: modules, privileges and profile of a schema from what an API asks for. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from oracleapi.api.oracleapi import Parameter, Route
from oracleapi.desired.checks import parameter_bind
from oracleapi.desired.claims import schema_issuer
from oracleapi.desired.groups import Group, module_base_path, module_name, ords_pattern, route_group
from oracleapi.desired.probe import (
    CLOSED_HANDLER,
    CLOSED_HANDLER_KEY,
    PROBE_GROUP,
    PROBE_HANDLER_KEY,
    has_probe,
    probe_handler,
)
from oracleapi.model.ownership import Owner, marked_owner
from oracleapi.model.resolved import ResolvedApi
from oracleapi.model.schema import (
    NOBODY,
    DesiredSchema,
    Handler,
    HandlerParameter,
    JwtProfile,
    Module,
    ObservedSchema,
    Privilege,
)

SOURCE_TYPES = {"Collection": "json/collection", "Item": "json/item", "PlSql": "plsql/block"}
PARAMETER_TYPES = {
    "String": "STRING",
    "Integer": "INT",
    "Double": "DOUBLE",
    "Boolean": "BOOLEAN",
    "Long": "LONG",
    "Timestamp": "TIMESTAMP",
    "ResultSet": "RESULTSET",
}
SOURCES = {"Query": "URI", "Path": "URI", "Header": "HEADER", "Response": "RESPONSE"}
ACCESS = {"In": "IN", "Out": "OUT", "InOut": "INOUT"}

HandlerKey = tuple[str, str, str]  # module name, pattern, method


def schema_owner(installation: str, schema: str) -> Owner:
    """Return the owner of what belongs to a schema and not to one API."""
    return Owner(installation, "Schema", None, schema)


def build_schema(api: ResolvedApi, refused: Collection[str], observed: ObservedSchema | None) -> DesiredSchema:
    """Return what the schema should hold for *api*.

    Args:
        api: The resolved API.
        refused: Names of routes with a fault; they keep the handler that *observed* has, if any.
        observed: Where last good handlers are found.
    """
    spec = api.spec
    owner = schema_owner(api.owner.installation, spec.schema_)
    handlers: dict[Group, dict[tuple[str, str], Handler]] = {}
    for route in spec.routes:
        group = route_group(spec, route)
        if route.name in api.unguarded:
            continue  # whoever reaches ORDS could call it
        key = (ords_pattern(route.path), route.method)
        handler = build_handler(route)
        if route.name in refused:
            kept = last_good_handler(observed, module_name(group, spec.base_path), key)
            if kept is None:
                continue
            handler = kept
        handlers.setdefault(group, {})[key] = handler
    if has_probe(spec):
        handlers[PROBE_GROUP] = {PROBE_HANDLER_KEY: probe_handler(api.trace_header)}
    if api.guard is not None:
        handlers.setdefault(PROBE_GROUP, {})[CLOSED_HANDLER_KEY] = CLOSED_HANDLER
    modules = {
        module_name(group, spec.base_path): Module(
            name=module_name(group, spec.base_path),
            base_path=module_base_path(group, spec.base_path),
            items_per_page=spec.items_per_page,
            handlers=found,
            comments=api.owner.marker(),
        )
        for group, found in handlers.items()
    }
    privileges = {
        group.scope: Privilege(group.scope, (f"/{group.slug}", f"/{group.slug}/*"), (NOBODY,), owner.marker())
        for group in handlers
        if group.scope is not None
    }
    return DesiredSchema(
        schema=spec.schema_,
        alias=api.alias,
        modules=modules,
        privileges=privileges,
        profile=_profile(api, owner) if privileges else None,
        marker=owner.marker(),
    )


def _profile(api: ResolvedApi, owner: Owner) -> JwtProfile | None:
    issuer = schema_issuer(api)
    return None if issuer is None else JwtProfile(issuer.issuer, issuer.audience, issuer.jwks_uri, owner.marker())


def build_handler(route: Route) -> Handler:
    """Return the handler of *route* in ORDS's words."""
    spec = route.handler
    handler_type = spec.type or ("Collection" if route.method == "GET" else "PlSql")
    return Handler(
        source_type=SOURCE_TYPES[handler_type],
        source=spec.source.strip("\n").rstrip(),
        items_per_page=spec.items_per_page,
        parameters=tuple(sorted(_parameter(parameter) for parameter in spec.parameters)),
    )


def _parameter(parameter: Parameter) -> HandlerParameter:
    access = parameter.access or ("Out" if parameter.in_ == "Response" else "In")
    return HandlerParameter(
        name=parameter.name,
        bind=parameter_bind(parameter),
        source=SOURCES[parameter.in_],
        type=PARAMETER_TYPES[parameter.type or "String"],
        access=ACCESS[access],
    )


def last_good_handler(observed: ObservedSchema | None, module: str, key: tuple[str, str]) -> Handler | None:
    """Return the handler that is in the database under *key* of *module*, or ``None``."""
    if observed is None or module not in observed.modules:
        return None
    return observed.modules[module].handlers.get(key)


def stale_handlers(desired: DesiredSchema | None, observed: ObservedSchema, owner: Owner) -> frozenset[HandlerKey]:
    """Return the handlers in *owner*'s modules that are no longer desired: they may still be answering callers."""
    wanted: Mapping[str, Module] = desired.modules if desired is not None else {}
    return frozenset(
        (name, *key)
        for name, module in observed.modules.items()
        if marked_owner(module.comments) == str(owner)
        for key in module.handlers
        if name not in wanted or key not in wanted[name].handlers
    )


def with_desired(observed: ObservedSchema, desired: DesiredSchema) -> ObservedSchema:
    """Return *observed* as it is once *desired* was written: what is not ours stays."""
    return replace(
        observed,
        modules={**observed.modules, **desired.modules},
        privileges={**observed.privileges, **desired.privileges},
        profile=desired.profile or observed.profile,
    )


def hold_handlers(desired: DesiredSchema, observed: ObservedSchema, held: Collection[HandlerKey]) -> DesiredSchema:
    """Return *desired* with the *held* handlers of *observed* added, each with what protects it."""
    modules = dict(desired.modules)
    privileges = dict(desired.privileges)
    for name, pattern, method in held:
        source = observed.modules.get(name)
        if source is None or (pattern, method) not in source.handlers:
            continue  # taken away by hand meanwhile
        module = modules.get(name) or replace(source, handlers={})
        modules[name] = replace(
            module, handlers={**module.handlers, (pattern, method): source.handlers[(pattern, method)]}
        )
        for privilege in observed.privileges.values():
            if privilege.protects(source):
                privileges.setdefault(privilege.name, privilege)
    profile = desired.profile or (observed.profile if privileges else None)
    return replace(desired, modules=modules, privileges=privileges, profile=profile)
