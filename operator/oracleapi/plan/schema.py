"""Plan the ORDS half of a schema. Pure.

One transaction holds all changes: what is deleted first (a module that is replaced too, since DEFINE_MODULE may
refuse an existing one), then roles, modules, privileges, profile, and last what only goes when nothing needs it.
"""

from collections.abc import Mapping
from dataclasses import replace

from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.drift import ABSENT, PRESENT, Drift, field_drift
from oracleapi.model.ownership import marked_owner
from oracleapi.model.schema import (
    ENABLED_MARK,
    NOBODY,
    NOT_PUBLISHED,
    PUBLISHED,
    ChangeSchema,
    DesiredSchema,
    DisableSchema,
    EnableSchema,
    JwtProfile,
    Module,
    ObservedSchema,
    Privilege,
    SchemaAction,
)
from oracleapi.plan.plan import Plan


def plan_schema(desired: DesiredSchema, observed: ObservedSchema, owner: str) -> Plan[SchemaAction]:
    """Return the actions that make *observed* hold what *owner*'s API asks for.

    Args:
        desired: With the handlers that are held until callers have left them.
        observed: The schema as the dictionary shows it.
        owner: Owner mark of the API's modules.

    Raises:
        Terminal: ``SchemaMissing``; ``NotOwned``, a module, privilege or profile of that name is somebody else's;
            ``Conflict``, it is another API's.
    """
    if not observed.exists:
        raise Terminal(reasons.SCHEMA_MISSING, f"schema {desired.schema} does not exist in this database; create it")
    _check_ownership(desired, observed, owner)
    actions: list[SchemaAction] = []
    present = observed
    if not observed.enabled:
        enable = _enable(desired, observed)
        actions.append(enable)
        marks = {} if enable.mark is None else {ENABLED_MARK: enable.mark}
        present = replace(
            observed,
            roles=observed.roles | {*enable.roles},
            privileges={**observed.privileges, **marks},
        )
    change = _change(desired, present, owner)
    if not change.empty:
        actions.append(change)
    return Plan(tuple(actions), schema_drift(desired, observed, owner))


def _enable(desired: DesiredSchema, observed: ObservedSchema) -> EnableSchema:
    known = observed.privileges.get(ENABLED_MARK)
    if known is not None and known.comments != desired.marker:
        return EnableSchema(desired.schema, desired.alias)
    roles = () if NOBODY in observed.roles else (NOBODY,)
    return EnableSchema(desired.schema, desired.alias, _mark(desired.marker), roles)


def _mark(marker: str) -> Privilege:
    return Privilege(ENABLED_MARK, (), (NOBODY,), marker)


def plan_schema_removal(observed: ObservedSchema, owner: str, marker: str) -> Plan[SchemaAction]:
    """Return the actions that take *owner*'s modules away, and what of ours nothing needs any more.

    Args:
        marker: Marker of what belongs to the schema: privileges, profile, the enablement.
    """
    if not observed.exists:
        return Plan()
    gone = tuple(sorted(name for name, module in observed.modules.items() if marked_owner(module.comments) == owner))
    stay = [module for name, module in observed.modules.items() if name not in gone]
    unneeded = _unneeded(observed, stay, marker, keep=())
    needed = {name for name, found in observed.privileges.items() if found.comments == marker and name != ENABLED_MARK}
    in_use = bool(needed - {*unneeded}) or any(marked_owner(module.comments) for module in stay)
    marked = observed.privileges.get(ENABLED_MARK)
    enabled_by_us = marked is not None and marked.comments == marker
    mark = (ENABLED_MARK,) if enabled_by_us and not in_use else ()
    nobody = (NOBODY,) if NOBODY in observed.roles and not in_use else ()
    disables = enabled_by_us and not stay and observed.enabled
    change = ChangeSchema(
        observed.schema,
        drop_profile=_is_ours(observed.profile, marker) and not _protected_by_us(observed, stay, marker),
        delete_modules=gone,
        delete_privileges=(*sorted(unneeded), *(() if disables else mark)),
        delete_roles=() if disables else nobody,
    )
    actions: list[SchemaAction] = [] if change.empty else [change]
    if disables:
        actions.append(DisableSchema(observed.schema, mark, nobody))
    return Plan(tuple(actions))


def plan_unpublish(observed: ObservedSchema, owner: str) -> Plan[SchemaAction]:
    """Return the action that makes every module of *owner*'s NOT_PUBLISHED; what protects them stays."""
    served = [
        module
        for _, module in sorted(observed.modules.items())
        if marked_owner(module.comments) == owner and module.status == PUBLISHED
    ]
    if not served:
        return Plan()
    names = tuple(module.name for module in served)
    hidden = tuple(replace(module, status=NOT_PUBLISHED) for module in served)
    return Plan((ChangeSchema(observed.schema, delete_modules=names, modules=hidden),))


def _check_ownership(desired: DesiredSchema, observed: ObservedSchema, owner: str) -> None:
    for name, module in observed.modules.items():
        mark = marked_owner(module.comments)
        path_taken = any(module.base_path == wanted.base_path for wanted in desired.modules.values())
        if mark == owner or not (path_taken or name in desired.modules):
            continue
        if mark is not None:
            raise Terminal(reasons.CONFLICT, f"module {name} of schema {desired.schema} belongs to another OracleApi")
        raise Terminal(
            reasons.NOT_OWNED, f"module {name} of schema {desired.schema} was not made by this operator; rename it"
        )
    for name in desired.privileges:
        found = observed.privileges.get(name)
        if found is not None and found.comments != desired.marker:
            raise Terminal(
                reasons.NOT_OWNED,
                f"privilege {name} of schema {desired.schema} was not made by this operator; use another scope",
            )
    profile = observed.profile
    if desired.profile is not None and profile is not None and not _is_ours(profile, desired.marker):
        raise Terminal(
            reasons.JWT_PROFILE_CONFLICT,
            f"schema {desired.schema} has a JWT profile for issuer {profile.issuer} that was not made by this operator;"
            " a schema can have only one",
        )


def _change(desired: DesiredSchema, observed: ObservedSchema, owner: str) -> ChangeSchema:
    changed = [module for name, module in sorted(desired.modules.items()) if observed.modules.get(name) != module]
    gone = [
        name
        for name, module in observed.modules.items()
        if name not in desired.modules and marked_owner(module.comments) == owner
    ]
    replaced = [module.name for module in changed if module.name in observed.modules]
    wanted = dict(desired.privileges)
    known = observed.privileges.get(ENABLED_MARK)
    if known is not None and known.comments == desired.marker:
        wanted[ENABLED_MARK] = _mark(desired.marker)
    stay = [module for name, module in observed.modules.items() if name not in gone]
    drop_privileges = _unneeded(observed, stay, desired.marker, keep=tuple(wanted))
    others = [module for name, module in observed.modules.items() if marked_owner(module.comments) != owner]
    profile = desired.profile
    if profile is None and _protected_by_us(observed, others, desired.marker):
        profile = observed.profile  # another API's callers need it
    profile_differs = profile != observed.profile
    ours = _is_ours(observed.profile, desired.marker)
    needs_nobody = NOBODY not in observed.roles and bool(wanted)
    return ChangeSchema(
        desired.schema,
        drop_profile=profile_differs and ours,
        delete_modules=tuple(sorted({*replaced, *gone})),
        roles=(NOBODY,) if needs_nobody else (),
        modules=tuple(changed),
        privileges=tuple(
            privilege for name, privilege in sorted(wanted.items()) if observed.privileges.get(name) != privilege
        ),
        profile=profile if profile_differs else None,
        delete_privileges=tuple(sorted(drop_privileges)),
    )


def _unneeded(observed: ObservedSchema, modules: list[Module], marker: str, keep: tuple[str, ...]) -> tuple[str, ...]:
    """Return our privileges that protect none of *modules*, whoever made these: protection outlives its API."""
    return tuple(
        name
        for name, privilege in observed.privileges.items()
        if privilege.comments == marker
        and name not in keep
        and name != ENABLED_MARK
        and not any(privilege.protects(module) for module in modules)
    )


def _protected_by_us(observed: ObservedSchema, modules: list[Module], marker: str) -> bool:
    ours = [privilege for privilege in observed.privileges.values() if privilege.comments == marker]
    return any(privilege.protects(module) for privilege in ours for module in modules)


def _is_ours(profile: JwtProfile | None, marker: str) -> bool:
    return profile is not None and profile.description == marker


def schema_drift(desired: DesiredSchema, observed: ObservedSchema, owner: str) -> tuple[Drift, ...]:
    """Return every difference field by field."""
    found: list[Drift] = []
    if not observed.enabled:
        found.append(Drift(f"schema {desired.schema}", "enabled", "True", "False"))
    ours = {name: module for name, module in observed.modules.items() if marked_owner(module.comments) == owner}
    for name in sorted({*desired.modules, *ours}):
        found += _module_drift(name, desired.modules.get(name), ours.get(name))
    for name, privilege in sorted(desired.privileges.items()):
        present = observed.privileges.get(name)
        if present is None:
            found.append(Drift(f"privilege {name}", "existence", PRESENT, ABSENT))
        else:
            found += field_drift(f"privilege {name}", privilege, present)
    if desired.profile is not None and observed.profile is None:
        found.append(Drift("JWT profile", "existence", PRESENT, ABSENT))
    elif desired.profile is not None:
        found += field_drift("JWT profile", desired.profile, observed.profile)
    return tuple(found)


def _module_drift(name: str, desired: Module | None, observed: Module | None) -> list[Drift]:
    if desired is None or observed is None:
        states = (ABSENT, PRESENT) if desired is None else (PRESENT, ABSENT)
        return [Drift(f"module {name}", "existence", *states)]
    found = [*field_drift(f"module {name}", replace(desired, handlers={}), replace(observed, handlers={}))]
    found += _handler_drift(name, desired.handlers, observed.handlers)
    return found


def _handler_drift(
    module: str, desired: Mapping[tuple[str, str], object], observed: Mapping[tuple[str, str], object]
) -> list[Drift]:
    found: list[Drift] = []
    for pattern, method in sorted({*desired, *observed}):
        name, key = f"handler {method} {module}/{pattern}", (pattern, method)
        if key not in observed:
            found.append(Drift(name, "existence", PRESENT, ABSENT))
        elif key not in desired:
            found.append(Drift(name, "existence", ABSENT, PRESENT))
        else:
            found += field_drift(name, desired[key], observed[key])
    return found
