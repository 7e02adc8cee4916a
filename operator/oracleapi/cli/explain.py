"""``explain``: how far the line of an API leads its callers, and where it is broken. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from oracleapi.cli.cures import CURES
from oracleapi.cli.errors import CliError
from oracleapi.cli.lines import arriving, shown, subjects_of
from oracleapi.cli.output import table, words
from oracleapi.desired.line import walk
from oracleapi.model.line import ARRIVES, Caller, Line, LineRoute, Link, Subject, Walk

GATES = {"Gateway": "Gateway", "OrdsPrivilege": "ORDS", "Binding": "Guard", "OracleRole": "Role", "Grant": "Grants"}
MARKS = {"Open": "✔", "Broken": "!", "Refused": "✖", "NotAsked": "○"}
STYLES = {"Open": "green", "Broken": "yellow", "Refused": "red", "NotAsked": "dim"}
ARN = "arn:aws:iam::"
"""What a column has no room for."""
Cell = tuple[str, Walk]  # what the caller is called, and how far it comes


def routes_named(line: Line, name: str | None) -> tuple[LineRoute, ...]:
    """Return the routes to show.

    Raises:
        CliError: There is no route of that name; says which there are.
    """
    if name is None:
        return line.api.routes
    found = tuple(route for route in line.api.routes if route.name == name)
    if not found:
        there = ", ".join(route.name for route in line.api.routes)
        raise CliError(f"--route {name}: the API has no such route; it has {there}")
    return found


def cells_of(line: Line, subjects: Iterable[Subject], routes: Iterable[LineRoute], now: datetime) -> list[Cell]:
    """Return callers × routes."""
    return [
        (shown(subject), walk(line, arriving(subject, line, route), route, now))
        for subject in subjects
        for route in routes
    ]


def matrix(line: Line, routes: tuple[LineRoute, ...], now: datetime) -> list[Cell]:
    """Return everybody whom a binding names, and who may come besides, on each route."""
    return cells_of(line, subjects_of(line), routes, now)


def token_cells(line: Line, caller: Caller, routes: Iterable[LineRoute], now: datetime) -> list[Cell]:
    return [(f"token of {caller}", walk(line, caller, route, now)) for route in routes]


def cell_data(name: str, found: Walk) -> dict[str, Any]:
    """Return a cell for programs; ``outcome`` is Arrives, Broken or Refused."""
    broken = found.broken
    data: dict[str, Any] = {
        "caller": name,
        "route": found.route.name,
        "outcome": outcome(found),
        "roles": list(found.roles),
        "bindings": list(found.bindings),
    }
    if broken is not None:
        data |= {
            "link": broken.name,
            "fault": broken.fault,
            "wouldSee": broken.sees,
            "cure": CURES.get(broken.fault, ""),
        }
    return data | {"links": [_link_data(link) for link in found.links]}


def _link_data(link: Link) -> dict[str, str]:
    found = {"link": link.name, "outcome": link.outcome, "fault": link.fault, "detail": link.detail}
    return {key: value for key, value in found.items() if value}


def outcome(found: Walk) -> str:
    return "Refused" if found.refused else "Broken" if found.broken else "Arrives"


def matrix_picture(cells: Iterable[Cell], whole: bool) -> RenderableType:
    """Return the matrix, routes with the same end in one row.

    Args:
        whole: Also where a kind of caller cannot arrive on a route.
    """
    rows: dict[tuple[str, str], tuple[list[str], Text]] = {}
    for name, found in cells:
        if whole or _belongs(name, found):
            routes, _ = rows.setdefault((name, _end(found)), ([], _arrival(found)))
            routes.append(found.route.name)
    shown_table, before = table("CALLER", "ROUTES", "COMES THROUGH"), ""
    for (name, _), (routes, arrival) in rows.items():
        shown_table.add_row(words("" if name == before else name.replace(ARN, "")), words(", ".join(routes)), arrival)
        before = name
    return shown_table


def _belongs(name: str, found: Walk) -> bool:
    kind = name.split()[0]
    if kind == "any":
        return {"token": "JWT", "signature": "IAM"}[name.split()[-1]] == found.route.auth
    return kind == "Anonymous" or kind in ARRIVES.get(found.route.auth, ())


def _end(found: Walk) -> str:
    broken = found.broken
    if broken is not None and found.refused:
        return f"{broken.sees} {GATES[broken.name]}: {broken.fault}"
    roles = ", ".join(found.roles) or "no role"
    return roles if broken is None else f"{roles}, but {GATES[broken.name]}: {broken.fault}"


def routes_picture(cells: list[Cell]) -> RenderableType:
    """Return one caller on several routes, a short line each."""
    rows = table("ROUTE", "LINE", "COMES THROUGH")
    for _, found in cells:
        rows.add_row(words(found.route.name), _chain(found, named=False), _arrival(found))
    gates = f"● {' ━ '.join(GATES.values())}; --route NAME shows why"
    return Group(words(cells[0][0], "bold"), rows, words(gates, "dim"))


def _arrival(found: Walk) -> Text:
    how = outcome(found)
    mark = {"Arrives": "✔", "Broken": "!", "Refused": "✖"}[how]
    return words(f"{mark} {_end(found)}", {"Arrives": "green", "Broken": "yellow", "Refused": "red"}[how])


def walk_picture(name: str, found: Walk, key: str) -> RenderableType:
    """Return the line of one caller on one route with the broken link marked."""
    return Group(*_walk_lines(name, found, key))


def _walk_lines(name: str, found: Walk, key: str) -> Iterator[RenderableType]:
    yield Text.assemble(words(name, "bold"), " → ", words(found.route.name, "bold"), words(f"  {key}", "dim"))
    yield Text()
    yield _chain(found)
    yield Text()
    rows = Table.grid(padding=(0, 2, 0, 0))
    for link in found.links:
        said = f"{link.fault}: {link.detail}" if link.fault and link.detail else link.fault or link.detail
        if link.outcome == "NotAsked" and not said:
            said = "not asked"
        mark = words(MARKS[link.outcome], STYLES[link.outcome])
        rows.add_row(mark, words(GATES[link.name]), words(said, STYLES[link.outcome] if link.outcome != "Open" else ""))
    yield Padding(rows, (0, 0, 0, 2))
    yield Text()
    yield Padding(_conclusion(found), (0, 0, 0, 2))
    if found.broken is not None:
        yield Padding(words(CURES.get(found.broken.fault, "")), (0, 0, 0, 4))


def _chain(found: Walk, named: bool = True) -> Text:
    """Return the gates in a row; the line is dotted behind what refuses."""
    chain, dotted = Text("  ●" if named else "●"), False
    for link in found.links:
        bar = "┄" if dotted else "━"
        chain.append(f" {bar * 2} " if named else bar, "dim" if dotted else "")
        chain.append(
            f"{MARKS[link.outcome]} {GATES[link.name]}" if named else MARKS[link.outcome], STYLES[link.outcome]
        )
        dotted = dotted or link.outcome == "Refused"
    return chain


def _conclusion(found: Walk) -> Text:
    broken = found.broken
    roles = ", ".join(found.roles)
    runs = f"runs as the schema with {roles}" if roles else "runs as the schema without a role"
    if broken is None:
        return words(f"⇒ {runs}", "green")
    if found.refused:
        return words(f"⇒ sees {broken.sees}: {broken.fault}", "red")
    sees = f"; where the handler needs what is missing, {broken.sees}" if broken.sees else ""
    return words(f"⇒ {runs}, but {broken.fault}{sees}", "yellow")
