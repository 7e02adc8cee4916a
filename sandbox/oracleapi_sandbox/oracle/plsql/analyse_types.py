"""Analysis, first part: what a type name means."""

from collections.abc import Mapping
from dataclasses import replace

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import stored
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.errors import CompileError, undeclared, unsupported
from oracleapi_sandbox.oracle.plsql.parse_statements import parse_type
from oracleapi_sandbox.oracle.plsql.scope import (
    CursorEntity,
    Entity,
    LabelEntity,
    Scope,
    SubprogramEntity,
    TypeEntity,
    Unit,
    VariableEntity,
)
from oracleapi_sandbox.oracle.plsql.supplied import PACKAGES
from oracleapi_sandbox.oracle.ports import Bind, Column, OracleError, Package, SqlRunner

_OBJECT_TYPES = (
    "XMLTYPE",
    "ANYDATA",
    "SDO_GEOMETRY",
)


class TypeAnalysis:
    """Resolves types; holds what all parts of the analysis share.

    Args:
        binds: The host's bind variables, for their types.
        home: Owner and name of the stored unit that the block belongs to.
        runner: Asked for packages, columns and descriptions; nothing is changed through it.
    """

    def __init__(
        self, block: n.Block, binds: Mapping[str, Bind], runner: SqlRunner, home: tuple[str, str] | None = None
    ) -> None:
        self.home = home
        self.home_scope: Scope | None = None
        self.exported: set[SubprogramEntity] = set()
        self.referenced: set[stored.Compiled] = set()
        self.unit = Unit(block)
        self.binds = binds
        self.runner = runner
        self._packages: dict[tuple[str | None, str], tuple[Package, ...]] = {}

    def packages(self, owner: str | None, name: str) -> tuple[Package, ...]:
        """The packages that *name* means, the engine's before the session's own."""
        key = (owner, name)
        if key not in self._packages:
            found = self.runner.resolve_package(owner, name)
            own = PACKAGES.get(name) if owner in (None, "SYS") else None
            self._packages[key] = tuple(package for package in (found, own) if package is not None)
        return self._packages[key]

    def type_of(self, name: n.TypeName, scope: Scope) -> t.Type:
        """Resolve *name* and remember it.

        Raises:
            CompileError: PLS-00201 (unknown), PLS-00999 (object types).
        """
        if name not in self.unit.types:
            self.unit.types[name] = self._resolve_type(name, scope)
        return self.unit.types[name]

    def _resolve_type(self, name: n.TypeName, scope: Scope) -> t.Type:
        if name.anchor is not None:
            return self._anchored(name, scope)
        names = name.names[1:] if len(name.names) > 1 and name.names[0] == "STANDARD" else name.names
        entity = scope.lookup(names[0]) if len(names) == 1 else None
        if isinstance(entity, TypeEntity):
            return entity.type
        found = t.scalar(names[0], name.sizes, name.semantics) if len(names) == 1 else self._package_type(names, name)
        if found is None:
            if names[-1] in _OBJECT_TYPES:
                raise unsupported(name.position, f"object type {names[-1]}")
            raise undeclared(name.position, ".".join(name.names))
        return found

    def _package_type(self, names: tuple[str, ...], node: n.TypeName) -> t.Type | None:
        owner, package_name, type_name = (None, *names) if len(names) == 2 else names[-3:]
        for package in self.packages(owner, package_name or ""):
            if type_name in package.types:
                return self.supplied_type(package.types[type_name], node)
        found = self.stored_member(owner, package_name or "", type_name, node)
        return found.type if isinstance(found, TypeEntity) else None

    def stored_member(self, owner: str | None, unit: str, name: str, node: n.Node) -> Entity | None:
        """What a stored unit's specification declares under *name*."""
        if self.home is not None and self.home_scope is not None and self.home == (owner or self.home[0], unit):
            return self.home_scope.names.get(name)
        found = self.stored_unit(owner, unit, node)
        return None if found is None else found.member(name)

    def stored_unit(self, owner: str | None, name: str, node: n.Node) -> stored.Compiled | None:
        """The stored unit that *name* means, which is valid and may be named here.

        Raises:
            CompileError: PLS-00904, ACCESSIBLE BY does not list this unit; PLS-00905, it has errors. Units may call
                each other, so for them the body of what they call counts when they run.
        """
        found = stored.find(self.runner, owner, name)
        if found is None:
            return None
        stored.check_access(found, found.text.accessible_by, self.home, node, found.text.name)
        if found.faults or (self.home is None and not stored.is_sound(self.runner, found)):
            raise CompileError(node.position, 905, f"object {found.title} is invalid")
        self.referenced.add(found)
        return found

    def supplied_type(self, text: str, node: n.Node) -> t.Type:
        """The type that a supplied package describes by *text*: a name, or a definition as after ``TYPE … IS``."""
        found = t.scalar(text.split("(")[0].strip().upper())
        if found is not None:
            return found
        if text.upper().startswith(("TABLE", "RECORD", "VARRAY", "REF")):
            definition = parse_type(text, "")
            return self.definition(definition, Scope(), index_by="NUMBER")
        names = tuple(part.strip().upper() for part in text.split("."))
        return self._resolve_type(n.TypeName(node.position, names), Scope())

    def definition(
        self, node: n.RecordType | n.TableType | n.RefCursorType, scope: Scope, index_by: str | None = None
    ) -> t.Type:
        """The type that a declaration defines; *index_by* is the key of tables that do not name theirs."""
        match node:
            case n.RefCursorType():
                return t.CURSOR
            case n.RecordType():
                return t.Type("RECORD", fields=tuple(self._record_field(part, scope) for part in node.fields))
        element = self.type_of(node.element, scope)
        named = self.type_of(node.key, scope) if node.key is not None else None
        key, size = (named.category, named.size) if named is not None else (index_by, None)
        return t.Type("TABLE", element=element, key=key, key_size=size, limit=node.limit)

    def _record_field(self, part: n.Variable, scope: Scope) -> t.Field:
        if part.default is not None and not isinstance(part.default, n.Literal):
            raise unsupported(part.position, "a record field's default that is not a literal")
        kind = replace(self.type_of(part.type, scope), not_null=part.not_null)
        return t.Field(part.name, kind, part.default.value if part.default is not None else None)

    # --- %TYPE and %ROWTYPE ---

    def _anchored(self, name: n.TypeName, scope: Scope) -> t.Type:
        entity = scope.lookup(name.names[0])
        rest = name.names[1:]
        if isinstance(entity, LabelEntity) and rest:
            entity, rest = entity.scope.names.get(rest[0]), rest[1:]
        elif entity is None and rest:
            entity, rest = self._of_package(name)
        if name.anchor == "ROWTYPE" and isinstance(entity, CursorEntity):
            return entity.row
        if isinstance(entity, VariableEntity):
            found: t.Type | None = entity.type
            for part in rest:
                found = found.field(part) if found is not None else None
            if found is None:
                raise CompileError(name.position, 302, f"component '{name.names[-1]}' must be declared")
            return found
        return self._of_dictionary(name)

    def _of_package(self, name: n.TypeName) -> tuple[Entity | None, tuple[str, ...]]:
        """What ``[owner.]package.item…`` means, and the names behind it."""
        names = name.names
        for at in range(min(2, len(names) - 1)):
            found = self.stored_member(names[0] if at else None, names[at], names[at + 1], name)
            if found is not None:
                return found, names[at + 2 :]
        return None, ()

    def _of_dictionary(self, name: n.TypeName) -> t.Type:
        """Ask the engine for a column's or row's type."""
        table, column = (name.names, "*") if name.anchor == "ROWTYPE" else (name.names[:-1], _quoted(name.names[-1]))
        if not table:
            raise undeclared(name.position, name.names[0])
        sql = f"select {column} from {'.'.join(_quoted(part) for part in table)} where 1=0"  # noqa: S608
        try:
            columns: tuple[Column, ...] | None = self.runner.run(sql, {}).columns
        except OracleError as error:
            raise undeclared(name.position, ".".join(name.names)) from error
        if not columns:
            raise undeclared(name.position, ".".join(name.names))
        return t.record_of(columns) if name.anchor == "ROWTYPE" else t.of_column(columns[0])


def _quoted(name: str) -> str:
    """A name as it must be written in SQL to mean exactly *name*."""
    simple = name.isascii() and name.upper() == name and name[:1].isalpha() and name.replace("$", "_").isidentifier()
    return name if simple else f'"{name}"'
