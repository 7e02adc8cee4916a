"""From host and path to stage and route.

Route selection ``[D]`` (developer guide, "routes"): a full match wins over a greedy one, that over ``$default``; a
literal segment wins over a variable. Which of several variable patterns wins beyond that is ``[U]``: the leftmost
literal decides. Paths are case-sensitive and a trailing slash is a segment of its own.
"""

from dataclasses import dataclass, field
from urllib.parse import unquote

from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.deployed import Route, Stage

DEFAULT = "$default"
_LITERAL, _VARIABLE, _GREEDY = 0, 1, 2


@dataclass(frozen=True)
class StagePath:
    """The stage that serves a request, and the request's path without the stage name."""

    stage: Stage
    path: str


@dataclass(frozen=True)
class Match:
    """The selected route and its path variables as they stand in the path, still percent-encoded."""

    route: Route
    variables: dict[str, str] = field(default_factory=dict)


def api_id_of(domain_name: str, settings: DataSettings) -> str | None:
    """Return the API id in ``{api id}.execute-api…``, or ``None`` for any other host."""
    api_id, dot, domain = domain_name.partition(".")
    return api_id if dot and domain == settings.endpoint_domain and api_id else None


def select_stage(stages: tuple[Stage, ...], path: str) -> StagePath | None:
    """Take the stage named by the first segment, else ``$default``; ``None`` when the API has neither."""
    by_name = {stage.stage_name: stage for stage in stages}
    first, slash, rest = path[1:].partition("/")
    named = by_name.get(first) if first != DEFAULT else None
    if named is not None:
        return StagePath(named, slash + rest or "/")
    default = by_name.get(DEFAULT)
    return StagePath(default, path) if default is not None else None


class Pattern:
    """A route key, ready to be compared with request paths."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.default = route.route_key == DEFAULT
        self.method, _, path = route.route_key.partition(" ")
        if not self.default and not path.startswith("/"):
            raise ValueError(f"not a route key of an HTTP API: {route.route_key!r}")
        self.segments = [] if self.default else [_segment(part) for part in path[1:].split("/")]
        self.greedy = bool(self.segments) and self.segments[-1][0] == _GREEDY

    def rank(self, settings: DataSettings) -> tuple[bool, ...] | tuple[object, ...]:
        """Sort key: the smaller, the more specific."""
        path = (self.default, self.greedy, [kind for kind, _ in self.segments])
        wildcard = self.method == "ANY"
        return (self.default, wildcard, *path) if settings.method_before_path else (*path, wildcard)

    def variables(self, segments: list[str], settings: DataSettings) -> dict[str, str] | None:
        """Return the path variables if *segments* match, else ``None``."""
        if self.default:
            return {}
        fixed = len(self.segments) - self.greedy
        if len(segments) <= fixed if self.greedy else len(segments) != fixed:
            return None
        found: dict[str, str] = {}
        for (kind, name), value in zip(self.segments[:fixed], segments, strict=False):
            if kind == _LITERAL and name != value and not (settings.decode_for_routing and name == unquote(value)):
                return None
            if kind == _VARIABLE:
                if not value:
                    return None
                found[name] = value
        if self.greedy:
            rest = "/".join(segments[fixed:])
            if not rest and not settings.greedy_matches_empty:
                return None
            found[self.segments[-1][1]] = rest
        return found


class RouteTable:
    """The routes of one deployed stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._patterns = [Pattern(route) for route in stage.routes]

    def select(self, method: str, path: str, settings: DataSettings) -> Match | None:
        """Return the most specific route for *method* and *path*, or ``None``."""
        segments = path[1:].split("/")
        matches: list[tuple[Pattern, dict[str, str]]] = []
        for pattern in self._patterns:
            if pattern.default or pattern.method in (method, "ANY"):
                variables = pattern.variables(segments, settings)
                if variables is not None:
                    matches.append((pattern, variables))
        if not matches:
            return None
        pattern, variables = min(matches, key=lambda match: match[0].rank(settings))
        return Match(pattern.route, variables)


class RouteTables:
    """Route tables by stage, rebuilt when a snapshot is replaced."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], RouteTable] = {}

    def of(self, stage: Stage) -> RouteTable:
        key = (stage.api_id, stage.stage_name)
        table = self._tables.get(key)
        if table is None or table.stage is not stage:
            table = self._tables[key] = RouteTable(stage)
        return table


def _segment(part: str) -> tuple[int, str]:
    if part.startswith("{") and part.endswith("+}"):
        return _GREEDY, part[1:-2]
    if part.startswith("{") and part.endswith("}"):
        return _VARIABLE, part[1:-1]
    return _LITERAL, part
