"""URI patterns of templates and privileges: what they match, what they bind, which of two is more specific.

Route patterns (``:id``, ``:id?``, ``:path*``, several in one segment): ORDS Java API, "Route Patterns" [D]. The older
``{id}`` form is greedy and may span slashes [M]. The trailing slash counts [M].
"""

import re
from dataclasses import dataclass

from oracleapi_sandbox.ords.paths import restore

_VARIABLE = re.compile(r":([A-Za-z][A-Za-z0-9_$#]*)([?*]?)|\{([A-Za-z][A-Za-z0-9_$#]*)\}")
_NAMED_GLOB = re.compile(r":[A-Za-z][A-Za-z0-9_$#]*\*$")

LITERAL, MIXED, VARIABLE, OPTIONAL, GREEDY = range(5)
"""Ranks of a segment, most specific first."""


@dataclass(frozen=True)
class RoutePattern:
    """A compiled pattern, relative to the schema alias and without leading slash.

    Args:
        ranks: One rank per segment; the smaller tuple is the more specific pattern.
        names: The variables in order of the expression's groups.
    """

    text: str
    expression: re.Pattern[str]
    ranks: tuple[int, ...]
    names: tuple[str, ...]

    def match(self, path: str) -> dict[str, str | None] | None:
        """Return the variables that *path*, a joined path, gives this pattern; ``None`` where it does not match."""
        found = self.expression.fullmatch(path)
        if found is None:
            return None
        return {name: restore(value) or None for name, value in zip(self.names, found.groups(), strict=True)}


def compile_pattern(text: str) -> RoutePattern:
    """Compile *text*, such as ``employees/:id``."""
    segments = [_segment(segment) for segment in text.split("/")]
    expression = re.compile("/".join(source for source, _, _ in segments), re.DOTALL)
    names = tuple(name for _, _, found in segments for name in found)
    return RoutePattern(text, expression, tuple(rank for _, rank, _ in segments), names)


def _segment(text: str) -> tuple[str, int, list[str]]:
    """Return the regular expression, the rank and the variables of one segment."""
    expression, names, rank, end = "", [], LITERAL, 0
    alone = _VARIABLE.fullmatch(text) is not None
    for found in _VARIABLE.finditer(text):
        source, own_rank = _variable(found, alone)
        expression += re.escape(text[end : found.start()]) + source
        names.append(found[1] or found[3])
        rank, end = max(rank, own_rank), found.end()
    return expression + re.escape(text[end:]), rank, names


def _variable(found: re.Match[str], alone: bool) -> tuple[str, int]:
    if found[3]:
        return "(.+)", GREEDY
    if found[2] == "*":
        return "(.*)", GREEDY
    if found[2] == "?":
        return "([^/]*)", OPTIONAL
    return ("([^/]+)", VARIABLE) if alone else ("([^/]+?)", MIXED)


@dataclass(frozen=True)
class PrivilegePattern:
    """A pattern that a privilege protects: ``/hr/employees`` or ``/hr/*``; a star ends it or is plain text."""

    exact: RoutePattern
    base: RoutePattern | None

    def covers(self, path: str, star_covers_base: bool) -> bool:
        """Say whether the joined *path* lies under this pattern; *star_covers_base*: ``/x/*`` covers ``/x`` too."""
        if self.exact.match(path) is not None:
            return True
        return star_covers_base and self.base is not None and self.base.match(path) is not None


def compile_privilege_pattern(text: str) -> PrivilegePattern:
    relative = text.removeprefix("/")
    if not relative.endswith("*") or _NAMED_GLOB.search(relative):
        return PrivilegePattern(compile_pattern(relative), None)
    exact = compile_pattern(f"{relative[:-1]}:star*")
    return PrivilegePattern(exact, compile_pattern(relative[:-2]) if relative.endswith("/*") else None)
