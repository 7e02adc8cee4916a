"""Oracle's syntax tree to PostgreSQL text. The methods of :class:`Emitter` are the allow-list of constructs: a node
without one, or with a part that its method does not name, is refused with ORA-03001 and the construct's name.

Numbers are NUMERIC everywhere, strings TEXT, DATE a domain of its own, so that PostgreSQL's typing does what Oracle's
would; operators and functions of schema "ora" (found before pg_catalog) do the implicit conversions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.catalog import Catalog, ColumnInfo, Thing
from oracleapi_sandbox.oracle.engine.dialect import OracleSql
from oracleapi_sandbox.oracle.engine.functions import AGGREGATES, PSEUDO, SCALAR, WINDOW, Function
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import Bind, OracleError, Package, Subprogram

BIND_TYPES = {
    "VARCHAR2": ("text", "s"),
    "CHAR": ("text", "s"),
    "CLOB": ("text", "s"),
    "LONG": ("text", "s"),
    "ROWID": ("text", "s"),
    "NUMBER": ("numeric", "n"),
    "BINARY_INTEGER": ("numeric", "n"),
    "BINARY_DOUBLE": ("float8", "?"),
    "BINARY_FLOAT": ("float8", "?"),
    "DATE": ("ora.date", "d"),
    "TIMESTAMP": ("timestamp", "t"),
    "TIMESTAMP WITH TIME ZONE": ("timestamptz", "z"),
    "TIMESTAMP WITH LOCAL TIME ZONE": ("timestamptz", "z"),
    "INTERVAL DAY TO SECOND": ("interval", "i"),
    "RAW": ("bytea", "r"),
    "BLOB": ("bytea", "r"),
    "JSON": ("text", "s"),
}
_KIND_OF_TYPE = {"NUMBER": "n", "FLOAT": "n", "VARCHAR2": "s", "CHAR": "s", "CLOB": "s", "DATE": "d", "TIMESTAMP": "t"}
_CASTS = {
    "VARCHAR": ("ora.txt({})", "s"),
    "CHAR": ("ora.txt({})", "s"),
    "NVARCHAR": ("ora.txt({})", "s"),
    "TEXT": ("ora.txt({})", "s"),
    "DECIMAL": ("ora.num({})", "n"),
    "BIGDECIMAL": ("ora.num({})", "n"),
    "INT": ("round(ora.num({}))", "n"),
    "DOUBLE": ("CAST(ora.num({}) AS float8)", "?"),
    "FLOAT": ("ora.num({})", "n"),
    "DATE": ("CAST(date_trunc('second', CAST({} AS timestamp)) AS ora.date)", "d"),
    "DATETIME": ("CAST(date_trunc('second', CAST({} AS timestamp)) AS ora.date)", "d"),
    "TIMESTAMP": ("CAST({} AS timestamp)", "t"),
    "TIMESTAMPTZ": ("CAST({} AS timestamptz)", "z"),
}
_SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}


def quote(name: str) -> str:
    """Quote an identifier for PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string for PostgreSQL (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"


def name_of(node: Any) -> str:
    """An identifier as Oracle means it: upper-case unless quoted."""
    assert isinstance(node, exp.Identifier), node
    return str(node.this) if node.args.get("quoted") else str(node.this).upper()


@dataclass(frozen=True)
class CallArgument:
    """A parameter whose value a supplied function gives before the statement runs."""

    package: Package
    subprogram: Subprogram
    arguments: tuple[Any, ...]  # literals, or Bind names as ("bind", name)


@dataclass
class Scope:
    """What names mean in one query: sources by alias with their columns (``None``: not known), and CTEs."""

    sources: dict[str, dict[str, str] | None] = field(default_factory=dict)
    ctes: dict[str, dict[str, str] | None] = field(default_factory=dict)
    outer: "Scope | None" = None
    aliases: dict[str, exp.Expression] = field(default_factory=dict)
    rownum: str | None = None
    level: bool = False

    def cte(self, name: str) -> tuple[bool, dict[str, str] | None]:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.ctes:
                return True, scope.ctes[name]
            scope = scope.outer
        return False, None

    def has_source(self, name: str) -> bool:
        return name in self.sources or (self.outer is not None and self.outer.has_source(name))

    def kind(self, table: str | None, column: str) -> str | None:
        """The kind of a column, ``?`` if it may exist, ``None`` if it surely does not."""
        for alias, columns in self.sources.items():
            if table is not None and alias != table:
                continue
            if columns is None:
                return "?"
            if column in columns:
                return columns[column]
        return self.outer.kind(table, column) if self.outer else None

    def own_column(self, column: str) -> bool:
        return any(columns is None or column in columns for columns in self.sources.values())


@dataclass(frozen=True)
class Context:
    """Who asks: needed to resolve names and to hide what the session may not see."""

    catalog: Catalog
    user: str
    schema: str
    grantees: frozenset[str]
    package: Callable[[str | None, str], Package | None]
    major: int = 19

    def visible(self, owner: str | None, name: str) -> Thing | None:
        thing = self.catalog.resolve(owner, name, self.schema)
        if thing is None or not self.catalog.sees(self.user, set(self.grantees), thing):
            return None
        return thing


class Emitter:
    """Emits one statement; afterwards :attr:`parameters` says what to pass for ``$1``, ``$2``…"""

    def __init__(self, context: Context, names: Sequence[str], binds: dict[str, Bind]) -> None:
        self.context, self.names, self.binds = context, names, binds
        self.parameters: list[str | CallArgument] = []
        self.tables: set[tuple[str, str]] = set()

    # Queries ---------------------------------------------------------------------------------------------------------

    def query(self, node: exp.Expression, outer: Scope | None = None) -> tuple[str, dict[str, str] | None]:
        """Emit a query; returns its text and its output columns with their kinds (``None``: not known)."""
        from oracleapi_sandbox.oracle.engine import queries

        return queries.emit(self, node, outer)

    # Expressions -----------------------------------------------------------------------------------------------------

    def emit(self, node: Any, scope: Scope) -> str:
        """Emit an expression or condition."""
        return self.typed(node, scope)[0]

    def typed(self, node: Any, scope: Scope) -> tuple[str, str]:
        """Emit an expression; returns its text and kind."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise not_supported(_described(node))
        text, kind = method(node, scope)
        return text, kind

    def string(self, node: Any, scope: Scope) -> str:
        text, kind = self.typed(node, scope)
        return text if kind == "s" else f"ora.txt({text})"

    def number(self, node: Any, scope: Scope) -> str:
        text, kind = self.typed(node, scope)
        return text if kind == "n" else f"ora.num({text})"

    def _literal(self, node: exp.Literal, scope: Scope) -> tuple[str, str]:
        if node.is_string:
            return (f"CAST({literal(node.this)} AS text)" if node.this else "CAST(NULL AS text)"), "s"
        text = str(node.this)
        if text[-1:] in "fFdD":
            return f"CAST({text[:-1]} AS float8)", "?"
        return f"CAST({text} AS numeric)", "n"

    def _null(self, node: exp.Null, scope: Scope) -> tuple[str, str]:
        return "NULL", "0"

    def _placeholder(self, node: exp.Placeholder, scope: Scope) -> tuple[str, str]:
        return self.bind(self.names[int(str(node.this)[1:])])

    def bind(self, name: str) -> tuple[str, str]:
        bind = self.binds.get(name)
        if bind is None:
            raise OracleError(1008, "not all variables bound")
        if bind.type not in BIND_TYPES:
            raise OracleError(3115, f"unsupported network datatype or representation: {bind.type} as a bind in SQL")
        kind = BIND_TYPES[bind.type]
        return f"CAST({self.parameter(name)} AS {kind[0]})", kind[1]

    def parameter(self, source: str | CallArgument) -> str:
        if source not in self.parameters:
            self.parameters.append(source)
        return f"${self.parameters.index(source) + 1}"

    def _paren(self, node: exp.Paren, scope: Scope) -> tuple[str, str]:
        text, kind = self.typed(node.this, scope)
        return f"({text})", kind

    def _neg(self, node: exp.Neg, scope: Scope) -> tuple[str, str]:
        return f"(- {self.number(node.this, scope)})", "n"

    def _column(self, node: exp.Column, scope: Scope) -> tuple[str, str]:
        if isinstance(node.this, exp.Star):
            return f"{quote(self._source_name(node, scope))}.*", "*"
        parts = [node.args.get(key) for key in ("catalog", "db", "table")]
        name, qualifiers = name_of(node.this), [name_of(part) for part in parts if part is not None]
        if name in _SYSTEM_COLUMNS:
            raise _invalid_identifier(name)
        quoted = bool(node.this.args.get("quoted"))
        if not qualifiers:
            return self._bare_column(name, quoted, scope)
        if name in ("NEXTVAL", "CURRVAL") and not scope.has_source(qualifiers[-1]):
            return self._sequence(qualifiers, name), "n"
        if len(qualifiers) == 1 and not scope.has_source(qualifiers[0]) or len(qualifiers) == 2:
            call = self._package_value([*qualifiers, name], (), scope)
            if call is not None:
                return call
        if not scope.has_source(qualifiers[-1]):
            raise _invalid_identifier(".".join(quote(part) for part in [*qualifiers, name]))
        kind = scope.kind(qualifiers[-1], name)
        if kind is None:
            raise _invalid_identifier(f"{quote(qualifiers[-1])}.{quote(name)}")
        return f"{quote(qualifiers[-1])}.{quote(name)}", kind

    def _bare_column(self, name: str, quoted: bool, scope: Scope) -> tuple[str, str]:
        if not quoted:
            if name in PSEUDO:
                return PSEUDO[name]
            if name == "ROWNUM":
                if scope.rownum is None:
                    raise not_supported("ROWNUM here")
                return scope.rownum, "n"
            if name == "LEVEL" and scope.level:
                return '"LEVEL"', "n"
            if name in ("ROWID", "LEVEL", "CONNECT_BY_ISLEAF", "ORA_ROWSCN"):
                raise not_supported(f"pseudocolumn {name}")
        kind = scope.kind(None, name)
        if kind is None:
            raise _invalid_identifier(quote(name))
        return quote(name), kind

    def _source_name(self, node: exp.Column, scope: Scope) -> str:
        name = name_of(node.args["table"])
        if name not in scope.sources:
            raise _invalid_identifier(f"{quote(name)}.*")
        return name

    def _sequence(self, qualifiers: Sequence[str], what: str) -> str:
        owner, name = (qualifiers[0] if len(qualifiers) > 1 else None), qualifiers[-1]
        thing = self.context.visible(owner, name)
        if thing is None or thing.type != "SEQUENCE":
            raise OracleError(2289, "sequence does not exist")
        target = literal(f"{quote(thing.owner)}.{quote(thing.name)}")
        return f"CAST({what.lower()}({target}) AS numeric)"

    def _package_value(self, path: Sequence[str], arguments: Sequence[Any], scope: Scope) -> tuple[str, str] | None:
        """A supplied package's function or constant, evaluated before the statement; ``None`` if it is no package."""
        owner, name = (path[0] if len(path) > 2 else None), path[-2]
        package = self.context.package(owner, name)
        if package is None:
            return None
        if path[-1] in package.constants and not arguments:
            value = package.constants[path[-1]]
            return self._literal(exp.Literal(this=str(value), is_string=isinstance(value, str)), scope)
        for each in package.subprograms:
            least = sum(argument.default is ... for argument in each.arguments)
            if each.name == path[-1] and each.returns and least <= len(arguments) <= len(each.arguments):
                constants = tuple(self._constant(argument) for argument in arguments)
                kind = BIND_TYPES.get(each.returns.split("(")[0], ("text", "s"))
                return f"CAST({self.parameter(CallArgument(package, each, constants))} AS {kind[0]})", kind[1]
        raise _invalid_identifier(".".join(quote(part) for part in path))

    def _constant(self, node: Any) -> Any:
        if isinstance(node, exp.Literal):
            return str(node.this) if node.is_string else node.to_py()
        if isinstance(node, exp.Placeholder):
            return ("bind", self.names[int(str(node.this)[1:])])
        raise not_supported(f"a package function over {_described(node)} in SQL")

    def _dot(self, node: exp.Dot, scope: Scope) -> tuple[str, str]:
        """``[owner.]package.function(…)``."""
        path: list[str] = []
        target: Any = node
        while isinstance(target, exp.Dot):
            target = target.this
        for part in node.flatten():
            path.append(str(part.this).upper() if isinstance(part, exp.Anonymous) else name_of(part))
        call = node.expression
        if not isinstance(call, exp.Anonymous):
            raise _invalid_identifier(".".join(path))
        found = self._package_value(path, call.expressions, scope)
        if found is None:
            raise _invalid_identifier(".".join(quote(part) for part in path))
        return found

    # Operators and conditions

    def _binary(self, node: Any, scope: Scope, operator: str) -> str:
        return f"({self.emit(node.this, scope)} {operator} {self.emit(node.expression, scope)})"

    def _arithmetic(self, node: Any, scope: Scope, operator: str) -> tuple[str, str]:
        left, left_kind = self.typed(node.this, scope)
        right, right_kind = self.typed(node.expression, scope)
        kinds = left_kind + right_kind
        kind = "n"
        if "d" in kinds and kinds != "dd":
            kind = "d"
        elif any(each in kinds for each in "tzi?"):
            kind = "?"
        return f"({left} {operator} {right})", kind

    def _add(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "+")

    def _sub(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "-")

    def _mul(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "*")

    def _div(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "/")

    def _dpipe(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ora.concat({self.string(node.this, scope)}, {self.string(node.expression, scope)})", "s"

    def _eq(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "="), "b"

    def _neq(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "<>"), "b"

    def _gt(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, ">"), "b"

    def _gte(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, ">="), "b"

    def _lt(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "<"), "b"

    def _lte(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "<="), "b"

    def _and(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "AND"), "b"

    def _or(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "OR"), "b"

    def _not(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"(NOT {self.emit(node.this, scope)})", "b"

    def _is(self, node: Any, scope: Scope) -> tuple[str, str]:
        if isinstance(node.expression, exp.Null):
            return f"({self.emit(node.this, scope)} IS NULL)", "b"
        if isinstance(node.expression, exp.JSON):
            return f"ora.is_json({self.string(node.this, scope)})", "b"
        raise OracleError(908, "missing NULL keyword")

    def _between(self, node: Any, scope: Scope) -> tuple[str, str]:
        value, low, high = (self.emit(node.args[key], scope) for key in ("this", "low", "high"))
        return f"({value} BETWEEN {low} AND {high})", "b"

    def _like(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._likes(node, "", scope)

    def _likes(self, node: Any, escape: str, scope: Scope) -> tuple[str, str]:
        value, pattern = self.string(node.this, scope), self.string(node.expression, scope)
        return f"({value} LIKE {pattern} ESCAPE {literal(escape)})", "b"

    def _escape(self, node: Any, scope: Scope) -> tuple[str, str]:
        if not isinstance(node.this, exp.Like) or not isinstance(node.expression, exp.Literal):
            raise not_supported("ESCAPE other than a literal")
        if len(node.expression.this) != 1:
            raise OracleError(1425, "escape character must be character string of length 1")
        return self._likes(node.this, str(node.expression.this), scope)

    def _in(self, node: Any, scope: Scope) -> tuple[str, str]:
        value = self.emit(node.this, scope)
        if node.args.get("query") is not None:
            return f"({value} IN ({self.query(_unwrapped(node.args['query']), scope)[0]}))", "b"
        if len(node.expressions) > 1000:
            raise OracleError(1795, "maximum number of expressions in a list is 1000")
        # One by one: each may need another implicit conversion.
        return "(" + " OR ".join(f"{value} = {self.emit(each, scope)}" for each in node.expressions) + ")", "b"

    def _tuple(self, node: Any, scope: Scope) -> tuple[str, str]:
        return "(" + ", ".join(self.emit(each, scope) for each in node.expressions) + ")", "?"

    def _exists(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"EXISTS ({self.query(_unwrapped(node.this), scope)[0]})", "b"

    def _any(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ANY ({self.query(_unwrapped(node.this), scope)[0]})", "?"

    def _all(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ALL ({self.query(_unwrapped(node.this), scope)[0]})", "?"

    def _subquery(self, node: Any, scope: Scope) -> tuple[str, str]:
        text, outputs = self.query(_unwrapped(node), scope)
        kind = next(iter(outputs.values())) if outputs and len(outputs) == 1 else "?"
        return f"({text})", kind

    _select = _subquery

    def _case(self, node: Any, scope: Scope) -> tuple[str, str]:
        subject = f" {self.emit(node.this, scope)}" if node.this is not None else ""
        branches = [(self.emit(each.this, scope), self.typed(each.args["true"], scope)) for each in node.args["ifs"]]
        default = self.typed(node.args["default"], scope) if node.args.get("default") is not None else ("NULL", "0")
        kinds = {kind for _, (_, kind) in branches} | {default[1]}
        text = "".join(f" WHEN {when} THEN {then}" for when, (then, _) in branches)
        kinds.discard("0")
        return f"CASE{subject}{text} ELSE {default[0]} END", kinds.pop() if len(kinds) == 1 else "?"

    def _cast(self, node: Any, scope: Scope) -> tuple[str, str]:
        to = node.args["to"]
        name = to.this.name if hasattr(to.this, "name") else str(to.this)
        if isinstance(node.this, exp.Literal) and node.this.is_string and name in ("DATE", "TIMESTAMP", "TIMESTAMPTZ"):
            return _datetime_literal(str(node.this.this), name)
        if name not in _CASTS:
            raise not_supported(f"CAST to {name}")
        template, kind = _CASTS[name]
        text = template.format(self.emit(node.this, scope))
        sizes = [str(each.this.this) for each in to.expressions]
        if kind == "n" and sizes:
            text = f"CAST({text} AS numeric({', '.join(sizes)}))"
        if name in ("VARCHAR", "NVARCHAR") and sizes:
            text = f"left({text}, {sizes[0]})"
        return text, kind

    def _interval(self, node: Any, scope: Scope) -> tuple[str, str]:
        unit = node.args.get("unit")
        if not isinstance(node.this, exp.Literal) or unit is None:
            raise not_supported("this INTERVAL literal")
        return f"CAST({literal(str(node.this.this))} AS interval {unit.sql(dialect=OracleSql)})", "i"

    def _extract(self, node: Any, scope: Scope) -> tuple[str, str]:
        part = str(node.this.this).upper() if not isinstance(node.this, str) else node.this.upper()
        if part not in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"):
            raise not_supported(f"EXTRACT({part})")
        return f"trim_scale(extract({part} FROM {self.emit(node.expression, scope)}))", "n"

    def _trim(self, node: Any, scope: Scope) -> tuple[str, str]:
        what = self.string(node.expression, scope) if node.expression is not None else "' '"
        how = f"T{node.args.get('position') or 'BOTH'}"
        return f"ora.trim({literal(how)}, {what}, {self.string(node.this, scope)})", "s"

    def _currenttimestamp(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["CURRENT_TIMESTAMP"]

    def _currentdate(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["CURRENT_DATE"]

    def _localtimestamp(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["LOCALTIMESTAMP"]

    def _systimestamp(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["SYSTIMESTAMP"]

    def _attimezone(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"({self.emit(node.this, scope)} AT TIME ZONE {self.string(node.args['zone'], scope)})", "t"

    # Calls

    def _anonymous(self, node: exp.Anonymous, scope: Scope) -> tuple[str, str]:
        name = str(node.this).upper()
        if name in SCALAR:
            return self._scalar(name, SCALAR[name], node.expressions, scope)
        special = getattr(self, f"_fn_{name.lower()}", None)
        if special is not None:
            text, kind = special(node.expressions, scope)
            return text, kind
        if name in AGGREGATES:
            return self.aggregate(node, None, scope)
        if name in WINDOW:
            raise OracleError(30484, "missing window specification for this function")
        raise OracleError(904, f"{quote(name)}: invalid identifier")

    def _scalar(self, name: str, function: Function, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        if len(nodes) < function.least:
            raise OracleError(938, f"not enough arguments for function {name}")
        if len(nodes) > function.most:
            raise OracleError(939, f"too many arguments for function {name}")
        texts, kind = [], function.result
        for index, node in enumerate(nodes):
            wanted = function.kind(index)
            text, found = self.typed(node, scope)
            if wanted == "s" and found != "s":
                text = f"ora.txt({text})"
            elif wanted == "n" and found != "n":
                text = f"ora.num({text})"
            if index == 0 and kind == "=":
                kind = found
            texts.append(text)
        template = function.template
        filled = template.format(", ".join(texts)) if "{}" in template else template.format(*texts)
        return filled, "?" if name in ("ROUND", "TRUNC") and kind not in ("n", "d") else kind

    def _fn_nvl2(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        _arity("NVL2", nodes, 3, 3)
        (left, right), kind = self._unified(nodes[1:], scope)
        return f"CASE WHEN {self.emit(nodes[0], scope)} IS NOT NULL THEN {left} ELSE {right} END", kind

    def _fn_coalesce(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        _arity("COALESCE", nodes, 2, 1000)
        texts, kind = self._unified(nodes, scope)
        return f"COALESCE({', '.join(texts)})", kind

    def _fn_decode(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        _arity("DECODE", nodes, 3, 255)
        subject, pairs = self.emit(nodes[0], scope), list(nodes[1:])
        default = [pairs.pop()] if len(pairs) % 2 else []
        texts, kind = self._unified([*pairs[1::2], *default], scope)
        searches = [self.emit(each, scope) for each in pairs[::2]]
        branches = "".join(
            f" WHEN {subject} IS NOT DISTINCT FROM {search} THEN {then}"
            for search, then in zip(searches, texts, strict=False)
        )
        return f"CASE{branches} ELSE {texts[-1] if default else 'NULL'} END", kind

    def _unified(self, nodes: Sequence[Any], scope: Scope) -> tuple[list[str], str]:
        """Emit alternatives, converted to the first one's type as Oracle does."""
        found = [self.typed(node, scope) for node in nodes]
        kind = next((kind for _, kind in found if kind != "0"), "0")
        convert = {"s": "ora.txt({})", "n": "ora.num({})"}.get(kind, "{}")
        return [text if each in (kind, "0") else convert.format(text) for text, each in found], kind

    def _fn_greatest(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        return self._extreme("GREATEST", nodes, scope)

    def _fn_least(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        return self._extreme("LEAST", nodes, scope)

    def _extreme(self, name: str, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        """NULL if any argument is, unlike PostgreSQL's."""
        _arity(name, nodes, 1, 1000)
        texts, kind = self._unified(nodes, scope)
        nulls = " OR ".join(f"{text} IS NULL" for text in texts)
        return f"CASE WHEN {nulls} THEN NULL ELSE {name}({', '.join(texts)}) END", kind

    def _fn_json_value(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        text = f"ora.json_value({self.string(nodes[0], scope)}, {self.string(nodes[1], scope)})"
        if len(nodes) > 2:
            name = nodes[2].args["to"].this.name
            if name in ("DECIMAL", "INT", "FLOAT"):
                return f"ora.num({text})", "n"
        return text, "s"

    def _fn_cursor(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        _arity("CURSOR", nodes, 1, 1)
        rows = self.query(_unwrapped(nodes[0]), scope)[0]
        return f"(SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM ({rows}) q)", "j"

    # JSON constructors: json inside json, text outside

    def json(self, node: Any, scope: Scope) -> str:
        """Emit a value for a JSON constructor: nested constructors stay JSON."""
        inner = node.this if isinstance(node, exp.Paren) else node
        if isinstance(inner, exp.FormatJson):
            return f"CAST({self.string(inner.this, scope)} AS json)"
        build = getattr(self, f"_raw_{type(inner).__name__.lower()}", None)
        return build(inner, scope) if build else self.emit(node, scope)  # type: ignore[no-any-return]

    def _raw_jsonobject(self, node: Any, scope: Scope) -> str:
        pairs = ", ".join(
            f"{self.string(e.this, scope)} VALUE {self.json(e.expression, scope)}" for e in node.expressions
        )
        return f"JSON_OBJECT({pairs} {_nulls(node, 'NULL ON NULL')} RETURNING json)"

    def _raw_jsonarray(self, node: Any, scope: Scope) -> str:
        values = ", ".join(self.json(each, scope) for each in node.expressions)
        return f"JSON_ARRAY({values} {_nulls(node, 'ABSENT ON NULL')} RETURNING json)"

    def _raw_jsonarrayagg(self, node: Any, scope: Scope) -> str:
        order = f" {self.order(node.args['order'], scope)}" if node.args.get("order") else ""
        return f"JSON_ARRAYAGG({self.json(node.this, scope)}{order} {_nulls(node, 'ABSENT ON NULL')} RETURNING json)"

    def _raw_jsonobjectagg(self, node: Any, scope: Scope) -> str:
        (pair,) = node.expressions
        key, value = self.string(pair.this, scope), self.json(pair.expression, scope)
        return f"JSON_OBJECTAGG({key} VALUE {value} {_nulls(node, 'NULL ON NULL')} RETURNING json)"

    def _jsonobject(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ora.json_compact({self.json(node, scope)})", "s"

    _jsonarray = _jsonarrayagg = _jsonobjectagg = _jsonobject

    # Aggregates and analytic functions

    def aggregate(self, node: Any, over: str | None, scope: Scope) -> tuple[str, str]:
        """Emit an aggregate, or the same as an analytic function with *over*."""
        name = str(node.this).upper()
        window = f" OVER ({over})" if over is not None else ""
        if name == "COUNT" and len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Star):
            return f"CAST(COUNT(*){window} AS numeric)", "n"
        _arity(name, node.expressions, 1, 1)
        argument, distinct = node.expressions[0], ""
        if isinstance(argument, exp.Distinct):
            argument, distinct = argument.expressions[0], "DISTINCT "
        text, kind = self.typed(argument, scope)
        if name == "COUNT":
            return f"CAST(COUNT({distinct}{text}){window} AS numeric)", "n"
        if name in ("MIN", "MAX"):
            return f"{name}({distinct}{text}){window}", kind
        value = text if kind == "n" else f"ora.num({text})"
        if name == "AVG":
            return f"ora.divide(SUM({distinct}{value}){window}, CAST(COUNT({distinct}{value}){window} AS numeric))", "n"
        if name == "MEDIAN":
            return f"CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST({value} AS float8)) AS numeric)", "n"
        if name in ("SUM", "STDDEV", "VARIANCE"):
            return f"{name}({distinct}{value}){window}", "n"
        raise not_supported(f"{name} here")

    def _withingroup(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._listagg(node, None, scope)

    def _listagg(self, node: Any, partition: str | None, scope: Scope) -> tuple[str, str]:
        call = node.this
        if not isinstance(call, exp.Anonymous) or str(call.this).upper() != "LISTAGG":
            raise not_supported(f"WITHIN GROUP with {_described(call)}")
        _arity("LISTAGG", call.expressions, 1, 2)
        value, distinct = call.expressions[0], ""
        if isinstance(value, exp.Distinct):
            value, distinct = value.expressions[0], "DISTINCT "
        separator = self.string(call.expressions[1], scope) if len(call.expressions) > 1 else "''"
        text, order = self.string(value, scope), self.order(node.expression, scope)
        if partition is None:
            return f"string_agg({distinct}{text}, coalesce({separator}, '') {order})", "s"
        frame = f"{partition} {order} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
        return f"string_agg({text}, coalesce({separator}, '')) OVER ({frame})", "s"

    def _window(self, node: Any, scope: Scope) -> tuple[str, str]:
        if str(node.args.get("over") or "OVER").upper() != "OVER":
            raise not_supported("KEEP (DENSE_RANK …)")
        _only(node, "this", "partition_by", "order", "spec", "over")
        partition = ", ".join(self.emit(each, scope) for each in node.args.get("partition_by") or ())
        parts = [f"PARTITION BY {partition}"] if partition else []
        if isinstance(node.this, exp.WithinGroup):
            return self._listagg(node.this, " ".join(parts), scope)
        if node.args.get("order"):
            parts.append(self.order(node.args["order"], scope))
        if node.args.get("spec"):
            parts.append(self._frame(node.args["spec"], scope))
        over, call = " ".join(parts), node.this
        if not isinstance(call, exp.Anonymous):
            raise not_supported(f"OVER with {_described(call)}")
        name = str(call.this).upper()
        if name in AGGREGATES:
            return self.aggregate(call, over, scope)
        return self._analytic(name, call, over, scope)

    def _analytic(self, name: str, call: exp.Anonymous, over: str, scope: Scope) -> tuple[str, str]:
        if name == "RATIO_TO_REPORT":
            _arity(name, call.expressions, 1, 1)
            value = self.number(call.expressions[0], scope)
            return f"ora.divide({value}, SUM({value}) OVER ({over}))", "n"
        if name not in WINDOW:
            raise OracleError(904, f"{quote(name)}: invalid identifier")
        kinds, result = WINDOW[name]
        function = Function(kinds, f"{name.lower()}({{}}) OVER ({over})", result)
        nodes = call.expressions
        if name in ("LAG", "LEAD", "NTILE"):
            position = 0 if name == "NTILE" else 1
            texts = [self.emit(each, scope) for each in nodes]
            texts[position : position + 1] = [f"CAST({text} AS int)" for text in texts[position : position + 1]]
            kind = self.typed(nodes[0], scope)[1] if result == "=" else "n"
            text = f"{name.lower()}({', '.join(texts)}) OVER ({over})"
        else:
            text, kind = self._scalar(name, function, nodes, scope)
        return (f"CAST({text} AS numeric)", "n") if result == "n" else (text, kind)

    def _frame(self, spec: Any, scope: Scope) -> str:
        def bound(value: Any, side: Any) -> str:
            text = str(value) if isinstance(value, str) else self.emit(value, scope)
            text = (
                f"CAST({text} AS int)" if not isinstance(value, str) and spec.args["kind"].upper() == "ROWS" else text
            )
            return f"{text} {side or ''}".strip()

        start = bound(spec.args["start"], spec.args.get("start_side"))
        end = bound(spec.args["end"], spec.args.get("end_side")) if spec.args.get("end") else "CURRENT ROW"
        return f"{spec.args['kind']} BETWEEN {start} AND {end}"

    def order(self, node: Any, scope: Scope) -> str:
        """Emit ``ORDER BY`` of an aggregate or window."""
        return "ORDER BY " + ", ".join(self.ordered(each, self.emit(each.this, scope)) for each in node.expressions)

    def ordered(self, node: Any, text: str) -> str:
        """One key: NULLS LAST ascending, NULLS FIRST descending, as both databases do by default."""
        direction = " DESC" if node.args.get("desc") else ""
        return f"{text}{direction} NULLS {'FIRST' if node.args.get('nulls_first') else 'LAST'}"


def column_kinds(columns: dict[str, ColumnInfo]) -> dict[str, str]:
    """The kinds of a table's columns."""
    return {
        name: _KIND_OF_TYPE.get(info.type, "z" if info.type.startswith("TIMESTAMP") else "?")
        for name, info in columns.items()
    }


def _unwrapped(node: Any) -> Any:
    while isinstance(node, exp.Subquery | exp.Paren) and not node.args.get("alias"):
        if any(node.args.get(key) for key in ("with_", "order", "limit", "offset")):
            break
        node = node.this
    return node


def _only(node: Any, *allowed: str) -> None:
    """Refuse parts of *node* that its method does not handle."""
    for key, value in node.args.items():
        if value and key not in allowed:
            part = value[0] if isinstance(value, list) else value
            raise not_supported(f"{_described(part)} in {_described(node)}")


def _nulls(node: Any, default: str) -> str:
    handling = node.args.get("null_handling")
    return str(handling).upper() if handling else default


def _described(node: Any) -> str:
    return type(node).__name__.upper() if isinstance(node, exp.Expression) else str(node)


def _invalid_identifier(name: str) -> OracleError:
    return OracleError(904, f"{name if chr(34) in name else quote(name)}: invalid identifier")


def _arity(name: str, nodes: Sequence[Any], least: int, most: int) -> None:
    if len(nodes) < least:
        raise OracleError(938 if name != "COUNT" else 909, "not enough arguments for function")
    if len(nodes) > most:
        raise OracleError(939 if name != "COUNT" else 909, "too many arguments for function")


def _datetime_literal(text: str, name: str) -> tuple[str, str]:
    """``DATE '2024-01-31'`` and ``TIMESTAMP '2024-01-31 10:00:00[.5][ +02:00]'``."""
    from datetime import datetime

    try:
        value = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    except ValueError as error:
        raise OracleError(1861, "literal does not match format string") from error
    if name == "DATE":
        if len(text) > 10:
            raise OracleError(1861, "literal does not match format string")
        return f"CAST({literal(text)} AS ora.date)", "d"
    kind = ("timestamptz", "z") if value.tzinfo else ("timestamp", "t")
    return f"CAST({literal(text)} AS {kind[0]})", kind[1]
