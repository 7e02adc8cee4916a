"""SELECT and its clauses: sources, joins, ROWNUM, grouping rules that PostgreSQL does not enforce, row limits."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from collections.abc import Sequence
from typing import Any

from sqlglot import exp, transforms
from sqlglot.errors import SqlglotError

from oracleapi_sandbox.oracle.engine.dialect import OracleSql
from oracleapi_sandbox.oracle.engine.emit import Emitter
from oracleapi_sandbox.oracle.engine.grouping import aggregates, grouping_word, is_aggregate, is_rownum, keys_of, plain
from oracleapi_sandbox.oracle.engine.scope import RowCall, Scope, SqlFunction, column_kinds, literal, name_of, quote
from oracleapi_sandbox.oracle.engine.text import UnknownNameError, not_supported
from oracleapi_sandbox.oracle.ports import OracleError

_SET_OPERATORS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}
_SELECT_PARTS = {
    "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "with_",
    "locks", "hint", "connect",
}  # fmt: skip
_LABEL_LIMIT = 63
_MIRRORED = {"EQ": "EQ", "GT": "LT", "GTE": "LTE", "LT": "GT", "LTE": "GTE"}
_Outputs = dict[str, str] | None


def emit(emitter: Emitter, node: Any, outer: Scope | None) -> tuple[str, _Outputs]:
    """Emit a query expression of any form; returns its text and output columns."""
    if isinstance(node, exp.Subquery | exp.Paren):
        return _wrapped(emitter, node, outer)
    if type(node) in _SET_OPERATORS:
        return _set_operation(emitter, node, outer)
    if isinstance(node, exp.Select):
        joined = _joined(node)
        if node is emitter.outermost:
            emitter.outermost = joined
        return QueryBlock(emitter, joined, outer).emit()
    raise not_supported(type(node).__name__.upper())


def _joined(node: exp.Select) -> exp.Select:
    """Replace ``(+)`` by outer joins."""
    if not any(column.args.get("join_mark") for column in node.find_all(exp.Column)):
        return node
    try:
        converted = transforms.eliminate_join_marks(node.copy())
    except (SqlglotError, AssertionError, ValueError, KeyError) as error:
        raise not_supported("(+) on columns without a table's name or alias") from error
    assert isinstance(converted, exp.Select)
    return converted


def _wrapped(emitter: Emitter, node: Any, outer: Scope | None) -> tuple[str, _Outputs]:
    text, outputs = emit(emitter, node.this, outer)
    scope = Scope({"": outputs}, outer=outer)
    return f"({text}){_tail(emitter, node, scope, {})}", outputs


def _set_operation(emitter: Emitter, node: Any, outer: Scope | None) -> tuple[str, _Outputs]:
    scope = Scope(outer=outer)
    ctes = _ctes(emitter, node, scope)
    left, outputs = emit(emitter, node.this, scope)
    right, others = emit(emitter, node.expression, scope)
    if outputs is not None and others is not None and len(outputs) != len(others):
        raise OracleError(1789, "query block has incorrect number of result columns")
    operator = _SET_OPERATORS[type(node)] + ("" if node.args.get("distinct") else " ALL")
    scope.sources[""] = outputs
    return f"{ctes}({left}) {operator} ({right}){_tail(emitter, node, scope, {})}", outputs


def _own_key(outputs: dict[str, str], label: str) -> str:
    """Return a key for a result column: two may bear one name as long as nobody refers to it."""
    key = label
    while key in outputs:
        key += "\0"
    return key


def _ctes(emitter: Emitter, node: Any, scope: Scope) -> str:
    with_ = node.args.get("with_")
    if with_ is None:
        return ""
    parts, recursive = [], False
    for cte in with_.expressions:
        name = name_of(cte.args["alias"].this)
        columns = [name_of(each) for each in cte.args["alias"].args.get("columns") or ()]
        if columns:
            # Only a CTE with a column list may refer to itself; its columns' kinds are not known before.
            scope.ctes[name] = dict.fromkeys(columns, "?")
        recursive = recursive or any(
            table.this.name.upper() == name for table in cte.this.find_all(exp.Table) if table.this is not None
        )
        text, outputs = emit(emitter, cte.this, scope)
        if columns and outputs is not None:
            outputs = dict(zip(columns, outputs.values(), strict=False))
        scope.ctes[name] = outputs
        listed = f" ({', '.join(quote(each) for each in columns)})" if columns else ""
        parts.append(f"{quote(name)}{listed} AS ({text})")
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} "


def _tail(emitter: Emitter, node: Any, scope: Scope, aliases: dict[str, exp.Expr]) -> str:
    """ORDER BY, OFFSET, FETCH, FOR UPDATE."""
    text = ""
    order = node.args.get("order")
    if order is not None:
        if order.args.get("siblings"):
            raise not_supported("ORDER SIBLINGS BY")
        keys = [emitter.ordered(each, _order_key(emitter, each.this, scope, aliases)) for each in order.expressions]
        text += f" ORDER BY {', '.join(keys)}"
    if node.args.get("offset") is not None:
        text += f" OFFSET greatest(0, CAST({emitter.number(node.args['offset'].expression, scope)} AS bigint))"
    limit = node.args.get("limit")
    if limit is not None:
        text += _fetch(emitter, limit, scope, order is not None)
    for lock in node.args.get("locks") or ():
        text += _lock(lock)
    return text


def _order_key(emitter: Emitter, node: Any, scope: Scope, aliases: dict[str, exp.Expr]) -> str:
    """A position, an alias, or an expression in which aliases stand for what they name."""
    if isinstance(node, exp.Literal) and not node.is_string:
        return str(node.this)
    if isinstance(node, exp.Column) and not node.args.get("table"):
        name = name_of(node.this)
        if name in aliases or "" in scope.sources:
            return quote(name)
    elif aliases:
        node = node.transform(
            lambda each: (
                exp.Paren(this=aliases[name_of(each.this)].copy())
                if isinstance(each, exp.Column)
                and isinstance(each.this, exp.Identifier)
                and not each.args.get("table")
                and name_of(each.this) in aliases
                and not scope.own_column(name_of(each.this))
                else each
            )
        )
    return emitter.emit(node, scope)


def _fetch(emitter: Emitter, limit: Any, scope: Scope, ordered: bool) -> str:
    if not isinstance(limit, exp.Fetch):
        raise OracleError(933, "SQL command not properly ended")
    options = limit.args.get("limit_options")
    if options is not None and options.args.get("percent"):
        raise not_supported("FETCH … PERCENT")
    count = limit.args.get("count")
    number = "1" if count is None else f"greatest(0, CAST({emitter.number(count, scope)} AS bigint))"
    ties = options is not None and options.args.get("with_ties") and ordered
    return f" FETCH FIRST ({number}) ROWS {'WITH TIES' if ties else 'ONLY'}"


def _lock(lock: Any) -> str:
    if not lock.args.get("update"):
        raise not_supported("this FOR clause")
    wait = lock.args.get("wait")
    suffix = " NOWAIT" if wait is True else " SKIP LOCKED" if wait is False else ""
    return f" FOR UPDATE{suffix}"


class QueryBlock:
    """One query block."""

    def __init__(self, emitter: Emitter, node: exp.Select, outer: Scope | None) -> None:
        self.emitter, self.node = emitter, node
        self.scope = Scope(outer=outer)
        for key, value in node.args.items():
            if value and key not in _SELECT_PARTS:
                raise not_supported(f"{key.upper().strip('_')} in SELECT")
        self.aliases = {
            name_of(each.args["alias"]): each.this
            for each in node.expressions
            if isinstance(each, exp.Alias) and isinstance(each.args.get("alias"), exp.Identifier)
        }

    def emit(self) -> tuple[str, _Outputs]:
        node, emitter, scope = self.node, self.emitter, self.scope
        ctes = _ctes(emitter, node, scope)
        if node.args.get("from_") is None:
            if emitter.context.major < 23:
                raise OracleError(923, "FROM keyword not found where expected")
            source = ""
        else:
            source = self.sources()
        where, limit = self._where()
        if limit is not None:
            source, where, suffix = self._limited(source, where, limit)
        else:
            suffix = ""
        self._check_grouping()
        projections, outputs = self._projections()
        distinct = "DISTINCT " if node.args.get("distinct") else ""
        text = f"{ctes}SELECT {distinct}{projections}"
        text += f" FROM {source}" if source else ""
        text += f" WHERE {where}" if where else ""
        text += self._group()
        if node.args.get("having") is not None:
            text += f" HAVING {emitter.emit(node.args['having'].this, scope)}"
        return text + _tail(emitter, node, scope, self.aliases) + suffix, outputs

    # Sources

    def sources(self) -> str:
        node = self.node
        text = self._source(node.args["from_"].this)
        for join in node.args.get("joins") or ():
            text += self._join(join)
        connect = node.args.get("connect")
        return self._generator(connect) if connect is not None else text

    def _source(self, node: Any) -> str:
        if node.args.get("joins"):
            raise not_supported("parenthesised joins")
        for part in ("pivots", "sample", "version", "partition", "when", "pattern", "only"):
            if node.args.get(part):
                raise not_supported(part.upper().rstrip("S"))
        alias = node.args.get("alias")
        columns = [name_of(each) for each in (alias.args.get("columns") or ())] if alias is not None else []
        if columns:
            raise OracleError(933, "SQL command not properly ended")
        name = name_of(alias.this) if alias is not None and alias.this is not None else None
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return self._table(node, name)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.JSONTable):
            return self._json_table(node.this, name)
        if isinstance(node, exp.Subquery):
            text, outputs = emit(
                self.emitter, node.this, (self.scope.outer and self.scope) or Scope(ctes=self.scope.ctes)
            )
            name = name or f"$q{len(self.scope.sources)}"
            self._add(name, outputs)
            return f"({text}{_tail(self.emitter, node, Scope({'': outputs}), {})}) {quote(name)}"
        inner = node.this if isinstance(node, exp.Table) else node
        raise not_supported(f"{getattr(inner, 'name', '') or type(inner).__name__} in FROM")

    def _add(self, name: str, columns: _Outputs) -> None:
        if name in self.scope.sources:
            raise OracleError(918, "column ambiguously defined")
        self.scope.sources[name] = columns

    def _table(self, node: exp.Table, alias: str | None) -> str:
        owner = name_of(node.args["db"]) if node.args.get("db") is not None else None
        name = name_of(node.this)
        if owner is None:
            known, columns = self.scope.cte(name)
            if known:
                self._add(alias or name, columns)
                return f"{quote(name)} {quote(alias or name)}"
        thing = self.emitter.context.visible(owner, name)
        if thing is None or thing.type not in ("TABLE", "VIEW"):
            raise UnknownNameError(942, "table or view does not exist", name)
        self.emitter.tables.add((thing.owner, thing.name))
        self._add(alias or name, column_kinds(thing.columns))
        return f"{quote(thing.owner)}.{quote(thing.name)} {quote(alias or name)}"

    def _join(self, join: Any) -> str:
        side, kind, method = (str(join.args.get(key) or "").upper() for key in ("side", "kind", "method"))
        if kind in ("LEFT", "RIGHT", "FULL"):
            side, kind = kind, ""
        if kind not in ("", "INNER", "CROSS", "OUTER") or method not in ("", "NATURAL"):
            raise not_supported(f"{side} {kind} {method} JOIN".replace("  ", " "))
        source = self._source(join.this)
        if not (side or kind or method or join.args.get("on") or join.args.get("using")):
            return f", {source}" if not join.args.get("on") else ""
        words = " ".join(word for word in (method, side, "CROSS" if kind == "CROSS" else "", "JOIN") if word)
        text = f" {words} {source}"
        if join.args.get("using"):
            return f"{text} USING ({', '.join(quote(_using(each)) for each in join.args['using'])})"
        if join.args.get("on") is not None:
            return f"{text} ON {self.emitter.emit(join.args['on'], self.scope)}"
        if kind != "CROSS" and not method:
            raise OracleError(905, "missing keyword")
        return text

    def _json_table(self, node: Any, alias: str | None) -> str:
        """``JSON_TABLE(doc, 'path' COLUMNS (name type PATH 'path', …))``, beside the table that holds the document."""
        columns: dict[str, str] = {}
        parts = []
        for each in node.args["schema"].expressions:
            if not isinstance(each, exp.JSONColumnDef) or each.args.get("nested_schema") is not None:
                raise not_supported("NESTED PATH in JSON_TABLE")
            name, kind = name_of(each.this), each.args.get("kind")
            if each.args.get("ordinality"):
                parts.append(f"{quote(name)} FOR ORDINALITY")
            else:
                numeric = kind is not None and kind.this.name in ("DECIMAL", "INT", "FLOAT")
                path = str(each.args["path"].this) if each.args.get("path") is not None else f'$."{name}"'
                parts.append(f"{quote(name)} {'numeric' if numeric else 'text'} PATH {literal(path)}")
            columns[name] = "n" if each.args.get("ordinality") or (kind and kind.this.name == "DECIMAL") else "s"
        document = self.emitter.string(node.this, self.scope)
        path = literal(str(node.args["path"].this))
        name = alias or f"$j{len(self.scope.sources)}"
        self._add(name, columns)
        return f"JSON_TABLE(CAST({document} AS jsonb), {path} COLUMNS ({', '.join(parts)})) {quote(name)}"

    def _generator(self, connect: Any) -> str:
        """``FROM DUAL CONNECT BY LEVEL <= n``: rows 1 to n. Other hierarchies are refused."""
        condition, scope = connect.args["connect"], self.scope
        simple = isinstance(condition, exp.LTE | exp.LT) and isinstance(condition.this, exp.Column)
        if connect.args.get("start") or not simple or name_of(condition.this.this) not in ("LEVEL", "ROWNUM"):
            raise not_supported("CONNECT BY other than a row generator")
        if set(scope.sources) != {"DUAL"}:
            raise not_supported("CONNECT BY over tables")
        scope.level = True
        last = f"{self.emitter.number(condition.expression, scope)}{' - 1' if isinstance(condition, exp.LT) else ''}"
        scope.rownum = '"LEVEL"'
        rows = f"generate_series(1::numeric, greatest(1, floor({last}))) g"
        return f'(SELECT g AS "LEVEL", CAST(\'X\' AS text) AS "DUMMY" FROM {rows}) "DUAL"'

    # ROWNUM

    def _where(self) -> tuple[str, str | None]:
        """The condition without its ROWNUM filter, and that filter as a row limit."""
        where = self.node.args.get("where")
        self.scope.rownum = self.scope.rownum or "CAST(row_number() OVER () AS numeric)"
        if where is None:
            return "", None
        kept, limits = [], []
        for each in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
            limit = self._rownum_limit(each)
            if limit is None:
                kept.append(self.emitter.emit(each, self._filter_scope()))
            else:
                limits.append(limit)
        return " AND ".join(kept), (f"least({', '.join(limits)})" if limits else None)

    def _filter_scope(self) -> Scope:
        scope = self.scope
        return Scope(scope.sources, scope.ctes, scope.outer, {}, None, scope.level)

    def _rownum_limit(self, node: Any) -> str | None:
        if isinstance(node, exp.Between) and is_rownum(node.this):
            low = self.emitter.number(node.args["low"], self.scope)
            high = self.emitter.number(node.args["high"], self.scope)
            return f"CASE WHEN {low} > 1 THEN 0 ELSE floor({high}) END"
        if not isinstance(node, exp.LTE | exp.LT | exp.EQ | exp.GT | exp.GTE):
            return None
        left, right, operator = node.this, node.expression, type(node).__name__
        if is_rownum(right):
            left, right, operator = right, left, _MIRRORED[operator]
        if not is_rownum(left):
            return None
        number = self.emitter.number(right, self.scope)
        return {
            "EQ": f"CASE WHEN {number} = 1 THEN 1 ELSE 0 END",
            "GT": f"CASE WHEN {number} < 1 THEN NULL ELSE 0 END",
            "GTE": f"CASE WHEN {number} <= 1 THEN NULL ELSE 0 END",
            "LTE": f"floor({number})",
            "LT": f"ceil({number}) - 1",
        }[operator]

    def _limited(self, source: str, where: str, limit: str) -> tuple[str, str, str]:
        """Apply a ROWNUM filter: it counts rows before grouping and sorting."""
        bound = f"LIMIT CAST(greatest(0, {limit}) AS bigint)"
        node = self.node
        grouped = any(node.args.get(key) for key in ("group", "having", "distinct", "order")) or aggregates(node)
        if not grouped and not any(node.find_all(exp.Window)):
            return source, where, f" {bound}"
        if len(self.scope.sources) != 1 or node.args.get("locks"):
            raise not_supported("ROWNUM filter with ORDER BY or grouping over a join")
        (alias,) = self.scope.sources
        condition = f" WHERE {where}" if where else ""
        return f"(SELECT {quote(alias)}.* FROM {source}{condition} {bound}) {quote(alias)}", "", ""

    # Projections and grouping

    def _projections(self) -> tuple[str, _Outputs]:
        parts: list[str] = []
        outputs: dict[str, str] | None = {}
        nodes = self.node.expressions
        calls: list[tuple[int, SqlFunction, list[str]]] = []
        for node in nodes:
            if isinstance(node, exp.Star):
                if len(nodes) > 1:
                    raise OracleError(923, "FROM keyword not found where expected")
                parts.append("*")
                outputs = self._expanded(outputs, None)
                continue
            if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
                parts.append(self.emitter.emit(node, self.scope))
                outputs = self._expanded(outputs, name_of(node.args["table"]))
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            if self.node is self.emitter.outermost:
                text, kind, call = self.emitter.item(inner, self.scope)
                calls += [] if call is None else [(len(parts), *call)]
            else:
                text, kind = self.emitter.typed(inner, self.scope)
            label = name_of(node.args["alias"]) if isinstance(node, exp.Alias) else self._label(inner)
            if kind == "b":
                raise OracleError(923, "FROM keyword not found where expected")
            parts.append(f"{text} AS {quote(label)}")
            if outputs is not None:
                outputs[_own_key(outputs, label)] = kind
        return ", ".join([*parts, *self._hidden(calls, len(parts))]), outputs

    def _hidden(self, calls: Sequence[tuple[int, SqlFunction, list[str]]], count: int) -> list[str]:
        """Columns behind the others that hold the arguments of calls, which are made when the rows have come."""
        if not calls:
            return []
        parts = [key for key in ("distinct", "group", "having", "order", "connect") if self.node.args.get(key)]
        if any(isinstance(each, exp.Star) or each.is_star for each in self.node.expressions):
            parts.append("*")
        if parts and parts != ["order"]:
            raise not_supported(f"a stored function over columns with {parts[0].upper()}")
        if "order" in parts and self._orders_by(self.node.args["order"], {place for place, _, _ in calls}):
            raise not_supported("ORDER BY a stored function over columns")
        hidden: list[str] = []
        for place, function, texts in calls:
            places = tuple(range(count + len(hidden), count + len(hidden) + len(texts)))
            self.emitter.row_calls += (RowCall(place, function, places),)
            hidden += [f"{text} AS {quote(f'$a{at}')}" for at, text in zip(places, texts, strict=True)]
        return hidden

    def _orders_by(self, order: Any, places: set[int]) -> bool:
        """Say whether a key is one of the items at these places, by number or by alias."""
        items = [self.node.expressions[place] for place in places]
        aliases = {name_of(each.args["alias"]) for each in items if isinstance(each, exp.Alias)}
        numbers = {str(place + 1) for place in places}
        return any(
            str(each.this) in numbers or any(name_of(column.this) in aliases for column in each.find_all(exp.Column))
            for each in order.expressions
        )

    def _expanded(self, outputs: dict[str, str] | None, table: str | None) -> dict[str, str] | None:
        for alias, columns in self.scope.sources.items():
            if table in (None, alias):
                if columns is None or outputs is None:
                    return None
                outputs.update(columns)
        return outputs

    def _label(self, node: Any) -> str:
        """Oracle names an expression by its text, without blanks, in upper case."""
        if isinstance(node, exp.Column):
            return name_of(node.this)
        if isinstance(node, exp.Placeholder):
            return f":{self.emitter.names[int(str(node.this)[1:])]}"
        shown = node.copy()
        for mark in list(shown.find_all(exp.Placeholder)):
            mark.replace(exp.Var(this=f":{self.emitter.names[int(str(mark.this)[1:])]}"))
        text = "".join(shown.sql(dialect=OracleSql, comments=False).split()).upper()
        return text.encode()[:_LABEL_LIMIT].decode(errors="ignore")

    def _group(self) -> str:
        group = self.node.args.get("group")
        if group is None:
            return ""
        if any(group.args.get(part) for part in ("grouping_sets", "cube", "rollup")):
            raise not_supported("GROUPING SETS")
        keys = []
        for each in group.expressions:
            word = grouping_word(each)
            texts = [self.emitter.emit(key, self.scope) for key in keys_of(each)]
            keys.append(f"{word} ({', '.join(texts)})" if word else texts[0])
        return f" GROUP BY {', '.join(keys)}"

    def _check_grouping(self) -> None:
        """Refuse what Oracle refuses and PostgreSQL does not: aliases as keys, ungrouped columns."""
        group, keys = self.node.args.get("group"), set()
        if group is None and not aggregates(self.node):
            return
        for each in [key for node in (group.expressions if group else ()) for key in keys_of(node)]:
            if isinstance(each, exp.Column) and not each.args.get("table"):
                name = name_of(each.this)
                if name in self.aliases and not self.scope.own_column(name):
                    raise OracleError(904, f"{quote(name)}: invalid identifier")
            keys.add(plain(each))
        error = (979, "not a GROUP BY expression") if group else (937, "not a single-group group function")
        for node in self.node.expressions:
            self._check_grouped(node.this if isinstance(node, exp.Alias) else node, keys, error)

    def _check_grouped(self, node: Any, keys: set[str], error: tuple[int, str]) -> None:
        if plain(node) in keys or isinstance(node, exp.Query) or is_aggregate(node):
            return
        if isinstance(node, exp.Star):
            raise OracleError(*error)
        if isinstance(node, exp.Column):
            if isinstance(node.this, exp.Star) or self._is_own(node):
                raise OracleError(*error)
            return
        for child in node.iter_expressions():
            self._check_grouped(child, keys, error)

    def _is_own(self, node: exp.Column) -> bool:
        table = node.args.get("table")
        if table is None:
            return self.scope.own_column(name_of(node.this))
        return name_of(table) in self.scope.sources


def _using(node: Any) -> str:
    return name_of(node.this) if isinstance(node, exp.Column) else name_of(node)
