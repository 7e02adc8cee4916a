"""Which requests an ARN with ``*`` lets through, against which routes serve them. Pure.

In a resource of IAM ``*`` stands for any characters, slashes too [D], while a variable of a route is one segment. So
``GET /employees/{id}`` also opens ``GET /employees/{id}/jobs`` and ``GET /employees/all``, where those are routes.
"""

from collections.abc import Iterable

from oracleapi.model.gateway import AWS_IAM, GatewayRoute
from oracleapi.model.policy import ApiStage, Overlap

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
    inside = {route.key: (route.method, _segments(route.path)) for route in bound}
    outside = [
        (route.key, route.method, _segments(route.path))
        for route in routes
        if route.authorization == AWS_IAM and route.key not in inside
    ]
    return tuple(
        sorted(
            Overlap(key, other)
            for key, (method, path) in inside.items()
            for other, verb, there in outside
            if verb == method and len(there) >= len(path) and _opens(path, there)
        )
    )


def covers(wide: str, narrow: str) -> bool:
    """Say whether the pattern *wide* matches whatever the pattern *narrow* matches; ``*`` is all they have."""
    return wide != narrow and _matches(wide, narrow)


def _opens(bound: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether the ARN of *bound* lets a request through that *other* serves, which is as long or longer."""
    if len(other) > len(bound):
        return _spans(bound, other)
    pairs = list(zip(bound, other, strict=True))
    if not all(_agree(mine, theirs) for mine, theirs in pairs):
        return False
    closer = any(not _variable(mine) and _variable(theirs) for mine, theirs in pairs)
    wider = any(_variable(mine) and not _variable(theirs) for mine, theirs in pairs)
    return wider or not closer  # the gateway takes the closer one


def _spans(bound: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether *bound* stands for *other* where its variables stand for one segment or more.

    What lies between variables is looked for from the left: the first place leaves the most for what comes after.
    """
    first, *rest = _between_variables(bound)
    if not rest or not _stands(first, other, 0):
        return False
    at = len(first)
    for literals in rest[:-1]:
        found = next((place for place in range(at + 1, len(other)) if _stands(literals, other, place)), None)
        if found is None:
            return False
        at = found + len(literals)
    end = len(other) - len(rest[-1])
    return end > at and _stands(rest[-1], other, end)


def _between_variables(path: tuple[str, ...]) -> list[list[str]]:
    """Return the runs of literals before, between and after the variables of *path*."""
    runs: list[list[str]] = [[]]
    for segment in path:
        if _variable(segment):
            runs.append([])
        else:
            runs[-1].append(segment)
    return runs


def _stands(literals: list[str], other: tuple[str, ...], place: int) -> bool:
    """Say whether *other* goes on so from *place*, as far as it goes: where it is too short no end is left for more."""
    return all(map(_agree, literals, other[place:]))


def _agree(mine: str, theirs: str) -> bool:
    return mine == theirs or _variable(mine) or _variable(theirs)


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
