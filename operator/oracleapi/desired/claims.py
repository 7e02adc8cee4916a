"""What several ``OracleApi`` of one schema may claim, and which schemas are no place for handlers. Pure.

A schema belongs to one namespace, a base path to one API, and there is one JWT profile. The older claim wins, except
over an API whose modules are there already: it stays where it is. See docs/adr/0012-several-apis-in-a-schema.md.
"""

from collections.abc import Iterator

from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.model.ownership import Owner, marked_owner, parse_owner
from oracleapi.model.resolved import Issuer, ResolvedApi, Rival
from oracleapi.model.schema import Module, ObservedSchema

RESERVED_SCHEMAS = frozenset({"SYS", "SYSTEM", "ORACLEAPI", "XDB", "AUDSYS"})
POWERS_SHOWN = 3


def check_schema(api: ResolvedApi, observed: ObservedSchema) -> None:
    """Check that *observed* is the schema that is meant, that handlers may run as it, and that *api* may have it.

    Raises:
        DependencyNotReady: The connection leads to another database than the one that was met first.
        Terminal: ``SchemaRefused``, ``Conflict``, ``JwtProfileConflict``.
    """
    check_identity(api.pdb_guid, observed)
    _check_powers(observed)
    _check_namespace(api, observed)
    _check_base_path(api, observed)
    _check_profile(api, observed)


def check_identity(pdb_guid: str, observed: ObservedSchema) -> None:
    """Keep everybody's hands off a database that was swapped behind a connection.

    Raises:
        DependencyNotReady: Only whoever keeps the ``OracleDatabase`` can mend that.
    """
    if pdb_guid and observed.pdb_guid and pdb_guid != observed.pdb_guid:
        raise DependencyNotReady(
            reasons.DEPENDENCY_NOT_READY,
            "the OracleDatabase's connection leads to another database than before; nothing is changed there",
            60.0,
        )


def overlaps(one: str, other: str) -> bool:
    """Say whether a base path is the other or a prefix of it, segment by segment: /hr and /hr/v1, not /hr and /hrx."""
    first, second = one.split("/"), other.split("/")
    shorter = min(len(first), len(second))
    return first[:shorter] == second[:shorter]


def schema_issuer(api: ResolvedApi) -> Issuer | None:
    """Return the issuer as the schema's one profile names it: the oldest API's, for its key address may differ."""
    if api.issuer is None:
        return None
    return next((rival.issuer for rival in _older(api) if rival.issuer and rival.issuer.jwks_uri), api.issuer)


def _older(api: ResolvedApi) -> tuple[Rival, ...]:
    """Return the older claims of the same namespace, oldest first."""
    return tuple(rival for rival in api.rivals if rival.older and rival.owner.namespace == api.owner.namespace)


def _check_powers(observed: ObservedSchema) -> None:
    schema = observed.schema
    powers = observed.powers
    if schema in RESERVED_SCHEMAS or schema.startswith("ORDS_"):
        powers = ("has a name that Oracle, ORDS or this operator uses", *powers)
    if not powers:
        return
    more = f" and {len(powers) - POWERS_SHOWN} more" if len(powers) > POWERS_SHOWN else ""
    raise Terminal(
        reasons.SCHEMA_REFUSED,
        f"spec.schema: {schema} {', '.join(powers[:POWERS_SHOWN])}{more}, and handlers would run with that; use a"
        " schema that holds exactly what they need, or have it revoked",
    )


def _check_namespace(api: ResolvedApi, observed: ObservedSchema) -> None:
    """Keep a schema with the namespace that has modules in it, else with that of the oldest claim.

    One text for everything: nobody learns who the others are.
    """
    mine = (api.owner.installation, api.owner.namespace)
    holders = {(owner.installation, owner.namespace) for owner, _ in _marked_modules(observed)}
    older = any(rival.older and rival.owner.namespace != api.owner.namespace for rival in api.rivals)
    if mine not in holders and (holders or older):
        raise Terminal(
            reasons.CONFLICT,
            f"spec.schema: {observed.schema} is taken, and a schema belongs to one namespace of one installation; use"
            " another schema, or ask a platform administrator",
        )


def _check_base_path(api: ResolvedApi, observed: ObservedSchema) -> None:
    path = api.spec.base_path
    others: dict[str, tuple[Owner, str]] = {}
    for owner, module in _marked_modules(observed):
        found = _base_path(module)
        if str(owner) == str(api.owner):
            if found == path:
                return  # it serves there already
        elif overlaps(found, path):
            others.setdefault(str(owner), (owner, found))
    living = {str(rival.owner): rival for rival in api.rivals}
    for mark, (owner, found) in others.items():
        if mark in living:
            raise _path_taken(owner, found, path)
        raise Terminal(
            reasons.CONFLICT,
            f"spec.basePath: {path} overlaps with {found}, which OracleApi {owner.name} left in schema"
            f" {observed.schema} when it went; use another path, remove its modules (docs/database.md), or create it"
            " again to take them over",
        )
    for rival in _older(api):
        if overlaps(rival.base_path, path):
            raise _path_taken(rival.owner, rival.base_path, path)


def _path_taken(owner: Owner, found: str, path: str) -> Terminal:
    return Terminal(
        reasons.CONFLICT,
        f"spec.basePath: {path} overlaps with {found} of OracleApi {owner.name} in the same schema; use another path,"
        " or delete one of the two",
    )


def _check_profile(api: ResolvedApi, observed: ObservedSchema) -> None:
    if api.issuer is None:
        return
    wanted = (api.issuer.issuer, api.issuer.audience)
    cure = "a schema has one JWT profile; use the same provider and audience, or another schema"
    for rival in _older(api):
        if rival.issuer is not None and (rival.issuer.issuer, rival.issuer.audience) != wanted:
            raise Terminal(
                reasons.JWT_PROFILE_CONFLICT,
                f"spec.auth.jwt: OracleApi {rival.owner.name}, which is older, has schema {observed.schema} check"
                f" tokens of issuer {rival.issuer.issuer} for audience {rival.issuer.audience}; {cure}",
            )
    profile = observed.profile
    if profile is None or (profile.issuer, profile.audience) == wanted or marked_owner(profile.description) is None:
        return
    living = {str(api.owner), *(str(rival.owner) for rival in api.rivals)}
    for owner, module in _marked_modules(observed):
        guarded = any(privilege.protects(module) for privilege in observed.privileges.values())
        if str(owner) not in living and guarded:
            raise Terminal(
                reasons.JWT_PROFILE_CONFLICT,
                f"spec.auth.jwt: OracleApi {owner.name} left module {module.name} in schema {observed.schema}, which"
                f" checks tokens of issuer {profile.issuer} for audience {profile.audience}; {cure}, or remove the"
                " module",
            )


def _marked_modules(observed: ObservedSchema) -> Iterator[tuple[Owner, Module]]:
    for _, module in sorted(observed.modules.items()):
        mark = marked_owner(module.comments)
        owner = None if mark is None else parse_owner(mark)
        if owner is not None:
            yield owner, module


def _base_path(module: Module) -> str:
    """Return the API's base path of a module of ours: what follows the slug."""
    return "/" + module.base_path.strip("/").partition("/")[2]
