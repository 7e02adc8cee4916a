"""The supplied ORDS packages: ORDS_ADMIN, ORDS, ORDS_SECURITY_ADMIN, ORDS_SECURITY, and OWA for its array type.

``ORDS_ADMIN.X(p_schema, …)`` is ``ORDS.X(…)`` with a mandatory leading schema [D]. Each subprogram's formal parameters
are the keyword parameters of the function that does it. What is not here (AutoREST, OAuth clients, exports) does not
exist for callers: PLS-00302.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, get_type_hints

from oracleapi_sandbox.oracle.packages import modules, privileges, schemas, security
from oracleapi_sandbox.oracle.packages.calls import ADMINISTRATOR_ROLE, Call, check_caller, own_schema
from oracleapi_sandbox.oracle.packages.checks import check_texts
from oracleapi_sandbox.oracle.packages.modules import SOURCE_TYPES
from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.ports import Argument, Package, SqlRunner, Subprogram

OWNER = schemas.OWNER
PUBLIC = "PUBLIC"

Operation = Callable[..., None]

_DEFINITIONS: tuple[tuple[str, Operation], ...] = (
    ("CREATE_ROLE", privileges.create_role),
    ("DEFINE_HANDLER", modules.define_handler),
    ("DEFINE_MODULE", modules.define_module),
    ("DEFINE_PARAMETER", modules.define_parameter),
    ("DEFINE_PRIVILEGE", privileges.define_privilege),
    ("DEFINE_SERVICE", modules.define_service),
    ("DEFINE_TEMPLATE", modules.define_template),
    ("DELETE_MODULE", modules.delete_module),
    ("DELETE_PRIVILEGE", privileges.delete_privilege),
    ("DELETE_ROLE", privileges.delete_role),
    ("PUBLISH_MODULE", modules.publish_module),
    ("RENAME_MODULE", modules.rename_module),
    ("RENAME_PRIVILEGE", privileges.rename_privilege),
    ("RENAME_ROLE", privileges.rename_role),
    ("SET_MODULE_ORIGINS_ALLOWED", modules.set_module_origins_allowed),
    ("SET_MODULE_PRIVILEGE", privileges.set_module_privilege),
    ("SET_URL_MAPPING", schemas.set_url_mapping),
)
_OVERLOADS = {"DEFINE_PRIVILEGE": (("p_patterns", "p_modules"), ("p_modules",), ())}
"""Overloads, by the parameters they lack."""

_SCHEMA_ARGUMENT = Argument("P_SCHEMA")


def supplied_packages(settings: RepositorySettings) -> tuple[Package, ...]:
    """Return the packages; their bodies read *settings* at each call.

    Signatures follow ``settings.jwt_role_claim`` as it is now: build again after it changes.
    """
    constants = {name.upper(): stored for name, stored in SOURCE_TYPES.items()}
    own, admin = _own(settings), _admin(settings)
    ords = (
        *own.all(_DEFINITIONS),
        Subprogram("DROP_REST_FOR_SCHEMA", (Argument("P_SCHEMA", default=None),), _drop_own(settings)),
        own.enabling(schemas.own_enable_schema),
        Subprogram("INSTALLED_VERSION", (), lambda runner: settings.installed_version, returns="VARCHAR2"),
    )
    ords_admin = (
        *admin.all((*_DEFINITIONS, ("DROP_REST_FOR_SCHEMA", schemas.drop_rest_for_schema))),
        admin.enabling(schemas.admin_enable_schema),
    )
    create = security.create_jwt_profile if settings.jwt_role_claim else security.create_jwt_profile_24
    profile = (("CREATE_JWT_PROFILE", create), ("DELETE_JWT_PROFILE", security.delete_jwt_profile))
    return (
        Package(OWNER, "ORDS", ords, constants),
        Package(OWNER, "ORDS_ADMIN", ords_admin, constants),
        Package(OWNER, "ORDS_SECURITY", tuple(own.all(profile))),
        Package(OWNER, "ORDS_SECURITY_ADMIN", tuple(admin.all(profile))),
        Package("SYS", "OWA", (), types={"VC_ARR": "TABLE OF VARCHAR2(32000)"}),
    )


def required_role(package: str, settings: RepositorySettings) -> str:
    """Return the role that must be enabled to see *package*, or PUBLIC.

    To others the package is not there: PLS-00201 [U, the number may be ORA-01031].
    """
    if package == "ORDS_ADMIN" or (package == "ORDS_SECURITY_ADMIN" and not settings.security_admin_public):
        return ADMINISTRATOR_ROLE
    return PUBLIC


@dataclass(frozen=True)
class _Family:
    """Builds the subprograms of a package family: of the own schema, or of any with a leading ``P_SCHEMA``."""

    settings: RepositorySettings
    leading: tuple[Argument, ...]
    schema: Callable[[SqlRunner, dict[str, Any]], str | None]

    def all(self, operations: Iterable[tuple[str, Operation]]) -> Iterable[Subprogram]:
        for name, operation in operations:
            for lacking in _OVERLOADS.get(name, ((),)):
                arguments = [each for each in formal_parameters(operation) if each.name.lower() not in lacking]
                yield Subprogram(name, (*self.leading, *_required(name, arguments)), self._body(operation))

    def _body(self, operation: Operation) -> Callable[..., None]:
        def body(runner: SqlRunner, **arguments: Any) -> None:
            check_caller(runner, self.settings)
            check_texts(arguments)
            schema = self.schema(runner, arguments)
            with runner.internal() as sql:
                operation(Call.open(sql, self.settings, runner.session.user, schema), **arguments)

        return body

    def enabling(self, operation: Operation) -> Subprogram:
        def body(runner: SqlRunner, **arguments: Any) -> None:
            check_caller(runner, self.settings)
            check_texts(arguments)
            operation(runner, self.settings, **arguments)

        return Subprogram("ENABLE_SCHEMA", formal_parameters(operation), body)


def _own(settings: RepositorySettings) -> _Family:
    return _Family(settings, (), lambda runner, arguments: own_schema(runner, settings))


def _admin(settings: RepositorySettings) -> _Family:
    return _Family(settings, (_SCHEMA_ARGUMENT,), lambda runner, arguments: arguments.pop("p_schema"))


def _drop_own(settings: RepositorySettings) -> Callable[..., None]:
    def body(runner: SqlRunner, p_schema: str | None = None) -> None:
        check_caller(runner, settings)
        own = own_schema(runner, settings)
        if p_schema and p_schema.upper() != own.upper():
            schemas.require_administrator(runner)
        with runner.internal() as sql:
            schemas.drop_rest_for_schema(Call.open(sql, settings, runner.session.user, p_schema or own))

    return body


@cache
def formal_parameters(operation: Operation) -> tuple[Argument, ...]:
    """Return the keyword parameters of *operation* as Oracle's formal parameters, in order."""
    hints = get_type_hints(operation, include_extras=True)
    return tuple(
        Argument(name.upper(), hints[name].__metadata__[0], default=_default(parameter.default))
        for name, parameter in inspect.signature(operation).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    )


def _default(value: Any) -> Any:
    return ... if value is inspect.Parameter.empty else value


def _required(name: str, arguments: Iterable[Argument]) -> tuple[Argument, ...]:
    """Arrays that an overload has must be passed: that is what tells overloads apart."""
    if name not in _OVERLOADS:
        return tuple(arguments)
    return tuple(replace(each, default=...) if each.type == "OWA.VC_ARR" else each for each in arguments)


@dataclass(frozen=True)
class ArgumentRow:
    """A row of ALL_ARGUMENTS; position 0 without a name is a function's result."""

    owner: str
    package_name: str
    object_name: str
    overload: str | None
    argument_name: str | None
    position: int
    data_type: str
    in_out: str
    defaulted: str
    type_owner: str | None = None
    type_name: str | None = None
    type_subname: str | None = None


def argument_rows(packages: Sequence[Package]) -> tuple[ArgumentRow, ...]:
    """Return what ALL_ARGUMENTS shows of *packages*; overloads are numbered from 1 in declaration order."""
    return tuple(row for package in packages for row in _package_rows(package))


def _package_rows(package: Package) -> Iterable[ArgumentRow]:
    counts = Counter(each.name for each in package.subprograms)
    seen: Counter[str] = Counter()
    for each in package.subprograms:
        seen[each.name] += 1
        overload = str(seen[each.name]) if counts[each.name] > 1 else None
        if each.returns:
            yield _row(package, each, overload, None, 0, each.returns, "OUT", defaulted="N")
        for position, argument in enumerate(each.arguments, 1):
            defaulted = "N" if argument.default is ... else "Y"
            mode = argument.mode.replace(" ", "/")
            yield _row(package, each, overload, argument.name, position, argument.type, mode, defaulted=defaulted)


def _row(
    package: Package,
    each: Subprogram,
    overload: str | None,
    name: str | None,
    position: int,
    kind: str,
    mode: str,
    *,
    defaulted: str,
) -> ArgumentRow:
    shown = {"BOOLEAN": "PL/SQL BOOLEAN", "OWA.VC_ARR": "PL/SQL TABLE"}.get(kind, kind)
    composite = ("SYS", "OWA", "VC_ARR") if kind == "OWA.VC_ARR" else (None, None, None)
    return ArgumentRow(
        package.owner, package.name, each.name, overload, name, position, shown, mode, defaulted, *composite
    )
