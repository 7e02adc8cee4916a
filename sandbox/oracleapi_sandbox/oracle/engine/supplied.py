"""Supplied objects: dictionary views and packages, described in the dictionary with their grant and public synonym.

They are described anew at each start; what was granted on them meanwhile stays.
"""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

import json
from collections.abc import Iterable, Sequence

from oracleapi_sandbox.oracle.engine import describe
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, SYS, Thing
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.object_grants import write_engine_rights
from oracleapi_sandbox.oracle.engine.scope import literal, quote
from oracleapi_sandbox.oracle.ports import Column, Package, Subprogram


def view(
    ddl: Ddl,
    owner: str,
    name: str,
    sql: str,
    visible_to: str,
    synonym: str,
    columns: Sequence[Column] = (),
    engine_owner: str | None = None,
) -> None:
    """Create or replace one view; without *columns* it is described by its PostgreSQL types."""
    known = ddl.catalog.objects.get((owner, name))
    if known is not None and known.text == sql and known.details.get("visible_to") == visible_to:
        return
    target = engine_name(owner, name)
    script = [f"drop view if exists {target}", f"create view {target} as {sql}"]
    script.append(f'grant select on {target} to "SELECT ANY {"DICTIONARY" if owner == SYS else "TABLE"}"')
    if engine_owner is not None:
        script.append(f"alter view {target} owner to {quote(engine_owner)}")
    if known is None:
        script.append(f"grant select on {target} to {'public' if visible_to == PUBLIC else quote(visible_to)}")
    script += _entries(ddl, owner, name, "VIEW", sql, synonym, visible_to)
    ddl.admin.script(";".join(script))
    found = columns or describe.columns(ddl.admin.describe(f"select * from {target}") or (), {})
    ddl.admin.script(_columns(owner, name, found))
    if known is not None:
        grants = ddl.catalog.object_grants.get((owner, name), ())
        for grantee in {visible_to, *(each.grantee for each in grants)}:
            write_engine_rights(ddl, Thing(owner, name, "VIEW", 0, None, None, None, {}), grantee)


def _columns(owner: str, name: str, columns: Iterable[Column]) -> str:
    o, n = literal(owner), literal(name)
    rows = ", ".join(
        f"({o}, {n}, {at}, {literal(each.name)}, {literal(each.type)}, {each.size}, {each.precision or 'null'},"
        f" {'null' if each.scale == -127 else each.scale})"
        for at, each in enumerate(columns, 1)
    )
    return (
        "insert into ora_meta.columns (owner, table_name, position, name, type, length, precision, scale)"
        f" values {rows}"
    )


def _entries(
    ddl: Ddl, owner: str, name: str, kind: str, text: str | None, synonym: str, holder: str | None
) -> list[str]:
    """The statements that describe an object, its public synonym and who may use it from the start, if anybody."""
    o, n, syn, now = literal(owner), literal(name), literal(synonym), literal(ddl.now.isoformat())
    privilege = "EXECUTE" if kind == "PACKAGE" else "SELECT"
    known = ddl.catalog.objects.get((owner, name))
    former = literal(str(known.details.get("visible_to", "")) if known else "")
    details = literal(json.dumps({"visible_to": holder}))
    statements = [
        f"delete from ora_meta.objects where (owner = {o} and name = {n}) or (owner = 'PUBLIC' and name = {syn})",
        f"delete from ora_meta.columns where owner = {o} and table_name = {n}",
        "delete from ora_meta.object_grants"
        f" where owner = {o} and name = {n} and grantor = {o} and grantee = {former} and privilege = '{privilege}'",
        "insert into ora_meta.objects (owner, name, type, created, changed, text, target_owner, target_name, details)"
        f" values ({o}, {n}, '{kind}', {now}, {now}, {literal(text) if text else 'null'}, null, null, {details}),"
        f" ('PUBLIC', {syn}, 'SYNONYM', {now}, {now}, null, {o}, {n}, '{{}}')",
    ]
    if holder is not None:
        statements.append(
            "insert into ora_meta.object_grants (grantor, grantee, owner, name, type, privilege)"
            f" values ({o}, {literal(holder)}, {o}, {n}, '{kind}', '{privilege}') on conflict do nothing"
        )
    return statements


def package(ddl: Ddl, supplied: Package, executable_by: str | None) -> None:
    """Describe a supplied package and its arguments; *executable_by* as ``None``: by those it is granted to."""
    owner, name = supplied.owner, supplied.name
    script = _entries(ddl, owner, name, "PACKAGE", None, name, executable_by)
    script.append(f"delete from ora_meta.arguments where owner = {literal(owner)} and package = {literal(name)}")
    rows = [row for each in _overloads(supplied.subprograms) for row in _arguments(supplied, *each)]
    if rows:
        script.append(f"insert into ora_meta.arguments values {', '.join(rows)}")
    ddl.admin.script(";".join(script))


def _overloads(subprograms: Sequence[Subprogram]) -> Iterable[tuple[Subprogram, int]]:
    """Each subprogram with its number among those of its name; 0 if it is the only one."""
    names = [each.name for each in subprograms]
    for at, each in enumerate(subprograms):
        yield each, names[: at + 1].count(each.name) if names.count(each.name) > 1 else 0


def _arguments(supplied: Package, subprogram: Subprogram, overload: int) -> Iterable[str]:
    """The rows of ALL_ARGUMENTS; a subprogram without any has one empty row."""
    found: list[tuple[int, str | None, str | None, str, bool]] = [
        (at, each.name.upper(), each.type, each.mode, each.default is not ...)
        for at, each in enumerate(subprogram.arguments, 1)
    ]
    if subprogram.returns:
        found.insert(0, (0, None, subprogram.returns, "OUT", False))
    for position, argument, kind, mode, defaulted in found or [(1, None, None, "IN", False)]:
        texts = [literal(each) if each else "null" for each in (argument, kind, mode)]
        yield (
            f"({literal(supplied.owner)}, {literal(supplied.name)}, {literal(subprogram.name)}, {overload}, {position},"
            f" {', '.join(texts)}, {defaulted})"
        )
