"""Which requests an ARN with ``*`` lets through, against which routes serve them. Pure.

In a resource of IAM ``*`` stands for any characters, slashes too [D], while a variable of a route is one segment. So
``GET /employees/{id}`` also opens ``GET /employees/{id}/jobs`` and ``GET /employees/all``, where those are routes.
"""

from collections.abc import Iterable
from functools import cache

from oracleapi.model.gateway import GatewayRoute
from oracleapi.model.policy import ApiStage, Overlap

IAM = "AWS_IAM"
SAMPLE = "x"
"""Stands for a variable where IAM is asked about one request."""


def invoke_arn(stage: ApiStage, route: GatewayRoute) -> str:
    """Return the ARN of every request that *route* serves."""
    return stage.resource(route.method, _filled(route.path, "*"))


def sample_arn(stage: ApiStage, route: GatewayRoute) -> str:
    """Return the ARN of one request that *route* serves."""
    return stage.resource(route.method, _filled(route.path, SAMPLE))


def find_overlaps(routes: Iterable[GatewayRoute], bound: Iterable[GatewayRoute]) -> tuple[Overlap, ...]:
    """Return the routes behind IAM that are not *bound* and that policies for the bound ones open, sorted.

    A route is told although another bound one may serve all that is opened: too many are told, never too few.
    """
    inside = {route.key: route for route in bound}
    outside = [route for route in routes if route.authorization == IAM and route.key not in inside]
    return tuple(
        sorted(
            Overlap(found.key, other.key)
            for found in inside.values()
            for other in outside
            if found.method == other.method and _opens(_segments(found.path), _segments(other.path))
        )
    )


def covers(wide: str, narrow: str) -> bool:
    """Say whether the pattern *wide* matches whatever the pattern *narrow* matches; ``*`` is all they have."""
    return wide != narrow and _matches(wide, narrow)


def _opens(bound: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if len(other) == len(bound):
        pairs = list(zip(bound, other, strict=True))
        together = all(_variable(mine) or _variable(theirs) or mine == theirs for mine, theirs in pairs)
        closer = any(not _variable(mine) and _variable(theirs) for mine, theirs in pairs)
        wider = any(_variable(mine) and not _variable(theirs) for mine, theirs in pairs)
        return together and (wider or not closer)  # the gateway takes the closer one

    @cache
    def spans(at: int, theirs: int) -> bool:
        """Say whether segments of ours from *at* stand for theirs from *theirs*, a variable for one or more."""
        if at == len(bound):
            return theirs == len(other)
        if theirs == len(other):
            return False
        if _variable(bound[at]):
            return spans(at + 1, theirs + 1) or spans(at, theirs + 1)
        return (_variable(other[theirs]) or other[theirs] == bound[at]) and spans(at + 1, theirs + 1)

    return spans(0, 0)


def _matches(pattern: str, text: str) -> bool:
    """Match as IAM does, in time that grows with both lengths only; a ``*`` of *text* is matched by one alone."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(rest[-1]) and text.endswith(rest[-1])


def _filled(path: str, value: str) -> str:
    return "/" + "/".join(value if _variable(segment) else segment for segment in _segments(path))


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("/").split("/"))


def _variable(segment: str) -> bool:
    return segment.startswith("{")
