"""What the engine keeps of stored units beside their texts: how compilations ended, and what depends on what.

Sources: Database Development Guide, "Schema Object Dependency"; Database Reference, DBA_ERRORS, DBA_DEPENDENCIES [D].
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Catalog, Thing
from oracleapi_sandbox.oracle.engine.scope import literal
from oracleapi_sandbox.oracle.ports import CompilationReport, StoredText, Uses

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession

KINDS = ("PACKAGE", "PROCEDURE", "FUNCTION")
BODY = "PACKAGE BODY"


def stored_text(catalog: Catalog, owner: str, name: str) -> StoredText | None:
    """Return a stored unit's texts as the dictionary has them; of what was dropped ``None``."""
    kind = next((kind for kind in KINDS if (owner, name, kind) in catalog.units), None)
    if kind is None:
        return None
    row, body = catalog.units[owner, name, kind], catalog.units.get((owner, name, BODY))
    return StoredText(
        owner, name, kind, row["text"], body["text"] if body else None, row["rights"], tuple(row["accessible"])
    )


class Notes:
    """What the dictionary said of the objects that a session looked up while it compiled."""

    def __init__(self) -> None:
        self._open: list[Uses] = []

    @contextmanager
    def noting(self) -> Iterator[Uses]:
        """Collect what is looked up inside, but not in what is collected within."""
        self._open.append({})
        try:
            yield self._open[-1]
        finally:
            self._open.pop()

    def add(self, catalog: Catalog, owner: str | None, name: str, schema: str, user: str) -> None:
        if self._open:
            self._open[-1][owner, name] = said(catalog, owner, name, schema, user)


def said(catalog: Catalog, owner: str | None, name: str, schema: str, user: str) -> object:
    """What the dictionary says of what *name* means in *schema*, and whether *user* may use it without roles."""
    thing = catalog.resolve(owner, name, schema)
    if thing is None:
        return None
    grantees = {PUBLIC, user}
    if thing.type not in KINDS:
        return thing, catalog.sees(user, grantees, thing)
    unit = catalog.units.get((thing.owner, thing.name, thing.type), {})
    texts = tuple(str(unit.get(part)) for part in ("text", "rights", "accessible"))
    return thing, catalog.may(user, grantees, thing, "EXECUTE"), texts


def unchanged(catalog: Catalog, owner: str, uses: Uses) -> bool:
    """Say whether the dictionary says the same to *owner* as when *uses* were noted."""
    return all(said(catalog, *path, owner, owner) == former for path, former in uses.items())


def record(session: "EngineSession", report: CompilationReport) -> None:
    """Keep how a compilation ended: faults, dependencies, and what a specification offers."""
    o, n, k = (literal(each) for each in (report.owner, report.name, report.kind))
    faults = literal(json.dumps(report.faults))
    script = [
        f"update ora_meta.units set valid = {not report.faults}, errors = {faults}"  # noqa: S608 - literals
        f" where owner = {o} and name = {n} and type = {k}",
        f"delete from ora_meta.dependencies where owner = {o} and name = {n} and type = {k}",  # noqa: S608
    ]
    catalog = session.database.catalog
    used = {thing for path in report.uses for thing in _chain(catalog, path, report.owner)}
    if report.kind == BODY:
        used.add((report.owner, report.name, "PACKAGE"))
    rows = ", ".join(
        f"({o}, {n}, {k}, {', '.join(literal(part) for part in thing)})"
        for thing in sorted(used)
        if thing != (report.owner, report.name, report.kind)
    )
    if rows:
        script.append(f"insert into ora_meta.dependencies values {rows}")  # noqa: S608
    if report.headings is not None:
        script += _offered(report, o, n)
    session.database.script_aside(";".join(script))


def _chain(catalog: Catalog, path: tuple[str | None, str], schema: str) -> Iterator[tuple[str, str, str]]:
    """An object, and those that its synonyms lead to."""
    owner, name = path
    thing: Thing | None = catalog.objects.get((owner or schema, name))
    thing = thing or (catalog.objects.get((PUBLIC, name)) if owner is None else None)
    for _ in range(10):
        if thing is None:
            return
        yield thing.owner, thing.name, thing.type
        thing = catalog.objects.get((thing.target_owner or "", thing.target_name or ""))


def _offered(report: CompilationReport, o: str, n: str) -> Iterator[str]:
    """The rows of ALL_ARGUMENTS; a procedure without any has one empty row."""
    yield f"delete from ora_meta.arguments where owner = {o} and package = {n}"  # noqa: S608
    rows = []
    for heading in report.headings or ():
        found: list[tuple[int, Any, Any, str, bool]] = [
            (at, each.name, each.type, each.mode, each.default is not ...)
            for at, each in enumerate(heading.arguments, 1)
        ]
        if heading.returns is not None:
            found.insert(0, (0, None, heading.returns, "OUT", False))
        for position, argument, kind, mode, defaulted in found or [(1, None, None, "IN", False)]:
            texts = ", ".join(literal(each) if each else "null" for each in (argument, kind, mode))
            rows.append(f"({o}, {n}, {literal(heading.name)}, {heading.overload}, {position}, {texts}, {defaulted})")
    if rows:
        yield f"insert into ora_meta.arguments values {', '.join(rows)}"  # noqa: S608


def invalidated(old: Catalog, new: Catalog) -> str | None:
    """The statement that marks what depends on anything that has changed, or ``None`` if nothing has.

    A body that changed makes nothing else invalid; a specification does, and so on. Who has lost a privilege on an
    object has units that depend on it marked.
    """
    conditions = []
    changed = _changed(old, new)
    if changed:
        pairs = ", ".join(f"({literal(owner)}, {literal(name)})" for owner, name in sorted(changed))
        conditions.append(f"(r_owner, r_name) in ({pairs})")
    lost = _lost(old, new)
    if lost:
        rows = ", ".join(f"({', '.join(literal(each) for each in row)})" for row in sorted(lost))
        conditions.append(
            f"exists (select from (values {rows}) l (o, n, g) where l.o = r_owner and l.n = r_name"
            " and l.g in (owner, 'PUBLIC'))"
        )
    if not conditions:
        return None
    return (
        f"with recursive hit (owner, name, type) as ("  # noqa: S608 - literals
        f" select owner, name, type from ora_meta.dependencies where {' or '.join(conditions)}"
        " union select d.owner, d.name, d.type from ora_meta.dependencies d"
        f" join hit h on d.r_owner = h.owner and d.r_name = h.name and h.type <> '{BODY}')"
        " update ora_meta.units u set valid = false from hit h"
        " where u.owner = h.owner and u.name = h.name and u.type = h.type"
    )


def _lost(old: Catalog, new: Catalog) -> set[tuple[str, str, str]]:
    """Owner and name of objects, and who had a privilege on it that is gone."""
    if old.object_grants is new.object_grants:
        return set()
    lost = set()
    for (owner, name), grants in old.object_grants.items():
        left = new.object_grants.get((owner, name), ())
        if left is not grants:
            kept = {(each.grantee, each.privilege) for each in left}
            lost |= {(owner, name, each.grantee) for each in grants if (each.grantee, each.privilege) not in kept}
    return lost


def _changed(old: Catalog, new: Catalog) -> set[tuple[str, str]]:
    """Objects that are new, gone or different; of a unit its specification counts."""
    if old.shape == new.shape:
        return set()
    changed = {key for key in old.objects.keys() | new.objects.keys() if old.objects.get(key) != new.objects.get(key)}
    for unit in old.units.keys() | new.units.keys():
        if unit[2] != BODY and _text_of(old, unit) != _text_of(new, unit):
            changed.add(unit[:2])
    return changed


def _text_of(catalog: Catalog, unit: tuple[str, str, str]) -> object:
    row = catalog.units.get(unit)
    return None if row is None else (row["text"], row["rights"], row["accessible"])
