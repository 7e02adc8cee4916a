"""Ask ORDS itself whether a group is protected and whether path tricks lead anywhere."""

from collections.abc import Iterable
from dataclasses import dataclass

from oracleapi.api import reasons
from oracleapi.desired.groups import PUBLIC_SLUG, Group, route_group
from oracleapi.errors import Retryable
from oracleapi.model.resolved import ResolvedApi
from oracleapi.ports import Answer, OrdsProbe

TRICKS = ("%2e%2e/%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e", "x%2f..%2f..%2f..", ";x/..;x/..", "/../..")
"""Spellings that must stay what they are: anything but 400 or 404 means that one was resolved into another path."""
UNAVAILABLE = (502, 503, 504)


@dataclass(frozen=True)
class Protection:
    """What the probes saw.

    Args:
        waiting: Groups that ORDS does not serve yet (404): its metadata cache has not picked them up.
        open: Groups that answered without a token, with the status.
    """

    waiting: tuple[str, ...] = ()
    open: tuple[tuple[Group, int], ...] = ()


def ask(probe: OrdsProbe, url: str) -> Answer:
    """Return what ORDS answers to *url*.

    Raises:
        Retryable: ``OrdsUnreachable``; an ORDS without connections (503) says nothing about its paths.
    """
    answer = probe.ask(url)
    if answer.status in UNAVAILABLE:
        raise Retryable(
            reasons.ORDS_UNREACHABLE,
            f"ORDS answers {answer.status}; check its connection pool and what stands before it",
        )
    return answer


def probe_groups(api: ResolvedApi, probe: OrdsProbe, groups: Iterable[Group]) -> Protection:
    """Return how the protected *groups* answer a request without a token: 401 is what they should say."""
    waiting: list[str] = []
    opened: list[tuple[Group, int]] = []
    for group in groups:
        if group.scope is None:
            continue
        status = ask(probe, f"{api.ords_base_url}/{api.alias}/{group.slug}/").status
        if status == 404:
            waiting.append(group.slug)
        elif status != 401:
            opened.append((group, status))
    return Protection(tuple(waiting), tuple(opened))


def find_path_trick(api: ResolvedApi, probe: OrdsProbe) -> str:
    """Return the first trick by which a request below the Public group reaches another route, or an empty string."""
    target = _target(api)
    for trick in TRICKS:
        url = f"{api.ords_base_url}/{api.alias}/{PUBLIC_SLUG}/x/{trick}/{target}"
        status = ask(probe, url).status
        if status not in (400, 404):
            return f"ORDS resolves '{trick}' in a path (status {status})"
    return ""


def _target(api: ResolvedApi) -> str:
    """Return the path of a GET route at ORDS, a protected one first, variables filled in."""
    routes = sorted(
        (route for route in api.spec.routes if route.method == "GET"), key=lambda route: route.auth == "Public"
    )
    route = routes[0] if routes else api.spec.routes[0]
    path = "/".join("0" if part.startswith("{") else part for part in route.path.split("/"))
    return f"{route_group(api.spec, route).slug}{api.spec.base_path}{path}"
