"""``OracleApi``: routes over SQL and PL/SQL, published through API Gateway and protected twice."""

from typing import Annotated, Literal

from pydantic import Field

from oracleapi.api.common import (
    IMMUTABLE,
    DeletionPolicy,
    Mode,
    Name,
    NamedRef,
    OfferSpec,
    Part,
    Throttle,
    cel,
    listed,
    rules,
)
from oracleapi.api.identityprovider import Audience
from oracleapi.api.oracledatabase import SCHEMA_RULES

SOURCE_LIMIT = 32768
SOURCES_LIMIT = 524288

DOTS_RULE = cel("!self.matches('/[.]{1,2}(/|$)')", "must not hold . or .. segments")
PATH_RULE = cel(
    "self.matches('^(/|(/([A-Za-z0-9._~-]+|[{][A-Za-z][A-Za-z0-9_]*[}]))+)$')",
    "must be made of /segments and {variables}, such as /employees/{id}",
    expression=(
        '"path \'" + self + "\' must be made of /segments and {variables}, such as /employees/{id}"'
        " + (self.contains(':') ? '; write {id}, not :id' : '')"
    ),
)
SCOPE_RULE = cel(
    "self.matches('^[A-Za-z0-9!#$%&()*+,./:;<=>?@_{|}~^-]+$')",
    "must be one scope as it stands in the token, without blanks, quotes or backslashes, such as hr.read",
)
Scope = Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=rules(SCOPE_RULE))]


class AccessLog(Part):
    """The gateway's access log."""

    retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 3653] = 90


class Stage(Part):
    """Settings of the ``$default`` stage."""

    throttle: Throttle | None = Field(None, description="Default of every route; else the database's defaultThrottle")
    access_log: AccessLog = AccessLog()
    detailed_metrics: bool = True


class GatewayKey(Part):
    """By which the guard knows that an IAM caller came through the gateway."""

    rotate_every_days: Annotated[int, Field(ge=1, le=365)] = 1


class JwtAuth(Part):
    """Callers come with a token of this provider."""

    provider_ref: NamedRef
    audience: Audience | None = Field(
        None, description="One audience, for ORDS knows only one; default: the provider's only one"
    )
    default_scope: Scope | None = None


class Auth(Part):
    """How callers of this API prove who they are."""

    jwt: JwtAuth | None = None


class Parameter(Part):
    """A named value between the request or response and the handler."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=128,
            json_schema_extra=rules(
                cel("self.matches('^[A-Za-z][A-Za-z0-9_-]*$')", "must be a name such as dept or X-Tenant"),
                cel("!self.lowerAscii().startsWith('x-oracleapi-')", "must not begin with X-OracleApi-: reserved"),
            ),
        ),
    ]
    in_: Annotated[Literal["Query", "Path", "Header", "Response"], Field(alias="in")]
    bind: (
        Annotated[
            str,
            Field(
                min_length=1,
                max_length=128,
                json_schema_extra=rules(
                    cel(
                        "self.matches('^[A-Za-z][A-Za-z0-9_]*$')", "must be a bind variable without colon, such as dept"
                    )
                ),
            ),
        ]
        | None
    ) = Field(None, description="Bind variable; default: the name, - as _")
    type: Literal["String", "Integer", "Double", "Boolean", "Long", "Timestamp", "ResultSet"] | None = Field(
        None, description="Default String"
    )
    access: Literal["In", "Out", "InOut"] | None = Field(None, description="Default In, for Response Out")


class Handler(Part):
    """What a route runs in the database, as the schema."""

    type: Literal["Collection", "Item", "PlSql"] | None = Field(
        None, description="Default: Collection for GET, PlSql for the others"
    )
    source: Annotated[str, Field(min_length=1, max_length=SOURCE_LIMIT)]
    parameters: Annotated[tuple[Parameter, ...], Field(max_length=64, json_schema_extra=listed("atomic"))] = ()
    items_per_page: Annotated[int, Field(ge=1, le=10000)] | None = None


class Route(Part):
    """One method and path, its protection and its handler."""

    name: Name
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: Annotated[str, Field(min_length=1, max_length=128, json_schema_extra=rules(PATH_RULE, DOTS_RULE))]
    auth: Literal["JWT", "IAM", "Public"] | None = Field(
        None, description="Default JWT. IAM routes need a guard at ORDS (ords.guard: Required on the database)"
    )
    scope: Scope | None = Field(None, description="Default auth.jwt.defaultScope; a JWT route has exactly one")
    handler: Handler
    throttle: Throttle | None = None
    timeout_milliseconds: Annotated[int, Field(ge=50, le=30000)] | None = Field(None, description="Default 29000")


def _named(rule: str, condition: str, text: str) -> dict[str, str]:
    """Return a rule over routes whose message prints every offender."""
    # filter() and join() lose their size estimate on the server; map with a condition keeps it
    many = f"{text}: more routes than fit here"
    return cel(rule, many, expression=f"'{text}: %s'.format([self.routes.map(r, {condition}, r.name)])")


_KEY = "r.method + ' ' + r.path"
_SAME_KEY = "two routes have the same method and path; give each route its own"
# transformMapEntry alone would do, but it reports a repeated key as a fault of the rule. What stands before it finds
# the same pairs and says so, as far as its cost allows: comparing each path with each may cost 1,000,000.
UNIQUE_ROUTES = cel(
    "((self.size() > 200 && self.exists(r, r.path.size() > 90)) || ['GET', 'POST', 'PUT', 'DELETE'].all(verb,"
    " [self.map(r, r.method == verb, r.path)].all(paths, paths.all(i, path, paths.indexOf(path) == i))))"
    f" && self.transformMapEntry(i, r, {{{_KEY}: i}}).size() == self.size()",
    _SAME_KEY,
    expression=(
        f"self.size() > 150 ? '{_SAME_KEY}' : '{_SAME_KEY}: %s'.format([[self.map(r, {_KEY})].map(keys,"
        f" self.map(r, keys.indexOf({_KEY}) != keys.lastIndexOf({_KEY}), r.name))[0]])"
    ),
)

_JWT_WITHOUT_SCOPE = "!has(r.scope) && !(has(r.auth) && r.auth != 'JWT')"
_NEEDS_JWT = "!has(r.auth) || r.auth == 'JWT'"
_OTHER_SCOPE = "has(r.auth) && r.auth != 'JWT' && has(r.scope)"
_PROBE_KEY = "r.method == 'GET' && r.path == '/_probe'"


class OracleApiSpec(OfferSpec):
    """One API over one schema."""

    model_config = OfferSpec.model_config | {
        "json_schema_extra": rules(
            _named(
                "!has(self.auth) || !has(self.auth.jwt) || has(self.auth.jwt.defaultScope) || "
                f"self.routes.all(r, !({_JWT_WITHOUT_SCOPE}))",
                _JWT_WITHOUT_SCOPE,
                "every JWT route needs a scope, or set spec.auth.jwt.defaultScope; without one",
            ),
            _named(
                f"(has(self.auth) && has(self.auth.jwt)) || self.routes.all(r, !({_NEEDS_JWT}))",
                _NEEDS_JWT,
                "set spec.auth.jwt, or auth: IAM or Public on the route; nothing checks a token for",
            ),
            _named(
                f"self.routes.all(r, !({_OTHER_SCOPE}))",
                _OTHER_SCOPE,
                "a Public or IAM route has no scope; remove scope or auth from",
            ),
            _named(
                f"!self.probe || self.routes.all(r, !({_PROBE_KEY}))",
                _PROBE_KEY,
                "GET /_probe belongs to the operator; use another path, or set spec.probe: false, instead of",
            ),
        )
    }

    database_ref: NamedRef = Field(json_schema_extra=rules(IMMUTABLE))
    schema_: Annotated[
        str,
        Field(alias="schema", min_length=1, max_length=128, json_schema_extra=rules(*SCHEMA_RULES, IMMUTABLE)),
    ]
    base_path: Annotated[
        str,
        Field(
            min_length=2,
            max_length=64,
            json_schema_extra=rules(
                cel(
                    "self.matches('^(/[A-Za-z0-9._~-]+)+$')",
                    "must be /segments without variables and without a slash at the end, such as /hr/v1",
                ),
                cel(
                    "!self.startsWith('/ords/') && self != '/ords' && !self.matches('(^|/)[.]{1,2}(/|$)')",
                    "must not begin with /ords, which carries the link routes, and must not hold . or .. segments",
                ),
                IMMUTABLE,
            ),
        ),
    ]
    stage: Stage = Stage()
    auth: Auth | None = None
    links: bool = Field(True, description="Link routes, so that next, prev, self and first work for callers")
    probe: bool = Field(
        True,
        description="Route GET <basePath>/_probe, by which the operator proves the way from gateway to database",
    )
    gateway_key: GatewayKey = Field(
        GatewayKey(), description="Of IAM routes; both keys are valid while one replaces another"
    )
    items_per_page: Annotated[int, Field(ge=1, le=10000)] = 25
    require_binding: bool = Field(
        True, description="With a guard: callers that no RoleBinding means get 403; Public routes are for everybody"
    )
    mode: Mode = "Enforce"
    deletion_policy: DeletionPolicy = "Delete"
    routes: Annotated[
        tuple[Route, ...],
        Field(
            min_length=1,
            max_length=300,
            json_schema_extra=listed(
                "map",
                ["name"],
                **rules(
                    UNIQUE_ROUTES,
                    cel(
                        f"self.map(r, r.handler.source.size()).sum() <= {SOURCES_LIMIT}",
                        f"all handler sources together must not be longer than {SOURCES_LIMIT} characters",
                    ),
                ),
            ),
        ),
    ]
