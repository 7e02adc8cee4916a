"""Which schema, module and template a path means, and which privileges protect it."""

from dataclasses import dataclass, field

from oracleapi_sandbox.ords.model import Module, Privilege, RestSchema, Snapshot, Template
from oracleapi_sandbox.ords.paths import join
from oracleapi_sandbox.ords.patterns import (
    PrivilegePattern,
    RoutePattern,
    compile_pattern,
    compile_privilege_pattern,
)
from oracleapi_sandbox.ords.settings import OrdsSettings

RESERVED = frozenset({"metadata-catalog", "open-api-catalog", "_", "oauth", "soda"})
"""First segments under an alias that ORDS keeps for itself [M]; this double offers nothing there: 404."""


@dataclass(frozen=True)
class Match:
    """A template that a path means, with the path's variables."""

    schema: RestSchema
    module: Module
    template: Template
    variables: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class _Route:
    pattern: RoutePattern
    module: Module
    template: Template

    @property
    def order(self) -> tuple[int, tuple[int, ...], int, str]:
        """Priority first, then the most specific pattern, then the longer base path."""
        return (-self.template.priority, self.pattern.ranks, -len(self.module.uri_prefix), self.module.name)


class SchemaRoutes:
    """The compiled templates and privilege patterns of one schema."""

    def __init__(self, schema: RestSchema) -> None:
        self.schema = schema
        published = (module for module in schema.modules if module.status == "PUBLISHED")
        routes = [
            _Route(compile_pattern(_full_pattern(module, template)), module, template)
            for module in published
            for template in module.templates
        ]
        self._routes = sorted(routes, key=lambda route: route.order)
        self._privileges = [
            (compile_privilege_pattern(pattern), privilege)
            for privilege in schema.privileges
            for pattern in privilege.patterns
        ]

    def find(self, path: str) -> Match | None:
        """Return the template that the joined *path*, relative to the alias, means."""
        if path.partition("/")[0] in RESERVED:
            return None
        for route in self._routes:
            variables = route.pattern.match(path)
            if variables is not None:
                return Match(self.schema, route.module, route.template, variables)
        return None

    def protecting(self, path: str, module: Module | None, settings: OrdsSettings) -> list[Privilege]:
        """Return the privileges that a caller of *path* needs, all of them; none means public.

        The most specific pattern wins and only its privilege applies [D, SODA security chapter]; where two privileges
        have equally specific patterns, both are asked for [U].
        """
        by_pattern = self._by_pattern(path, settings.pattern_star_covers_base)
        if by_pattern and settings.pattern_beats_module_link:
            return by_pattern
        linked = [
            privilege
            for privilege in self.schema.privileges
            if module is not None and module.name in privilege.modules and privilege not in by_pattern
        ]
        return by_pattern + linked

    def _by_pattern(self, path: str, star_covers_base: bool) -> list[Privilege]:
        covering: list[tuple[PrivilegePattern, Privilege]] = [
            entry for entry in self._privileges if entry[0].covers(path, star_covers_base)
        ]
        if not covering:
            return []
        best = min(pattern.exact.ranks for pattern, _ in covering)
        return list(dict.fromkeys(privilege for pattern, privilege in covering if pattern.exact.ranks == best))


def _full_pattern(module: Module, template: Template) -> str:
    """Join base path and pattern; ``.`` is the base path itself [M]."""
    base = module.uri_prefix.lstrip("/")
    if template.uri_template in (".", ""):
        return base
    prefix = base.rstrip("/")
    relative = template.uri_template.lstrip("/")
    return f"{prefix}/{relative}" if prefix else relative


class Routes:
    """All schemas of a snapshot; a schema's patterns are compiled when it is first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._compiled: dict[str, SchemaRoutes] = {}

    def locate(self, segments: list[str]) -> tuple[SchemaRoutes, str] | None:
        """Find the schema whose alias begins *segments* (case-sensitive [D]) and the joined path below it."""
        for count in range(1, len(segments)):
            alias = "/".join(segments[:count])
            schema = self._snapshot.schemas.get(alias)
            if schema is not None and schema.enabled and not any("/" in part for part in segments[:count]):
                if alias not in self._compiled:
                    self._compiled[alias] = SchemaRoutes(schema)
                return self._compiled[alias], join(segments[count:])
        return None
