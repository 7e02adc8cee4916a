"""What every expression is made of: literals, binds, columns, sequences, values of supplied packages.

A method named after a node's class, with an underscore before it, emits that node and returns its text and its kind:
``s`` string, ``n`` number, ``d`` DATE, ``t`` TIMESTAMP, ``z`` with time zone, ``i`` interval, ``r`` RAW, ``b``
condition, ``j`` nested cursor, ``0`` the literal NULL, ``?`` not known. A node without a method is refused: the
methods are the allow-list of constructs.
"""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.functions import PSEUDO
from oracleapi_sandbox.oracle.engine.scope import (
    CallArgument,
    Context,
    Scope,
    described,
    invalid_identifier,
    literal,
    name_of,
    quote,
)
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import Bind, OracleError

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
_SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}


KNOWN_FLAGS = frozenset(
    {
        ("Column", "join_mark"),
        ("Count", "big_int"),
        ("CurrentTimestamp", "sysdate"),
        ("DPipe", "safe"),
        ("Like", "negate"),
        ("Literal", "is_string"),
        ("Ordered", "desc"),
        ("Ordered", "nulls_first"),
    }
)
"""Boolean arguments of parsed nodes that a method of the emitter reads, or that mean nothing here."""


class EmitterBase:
    """Emits one statement; afterwards :attr:`parameters` says what to pass for ``$1``, ``$2``…"""

    def __init__(self, context: Context, names: Sequence[str], binds: dict[str, Bind]) -> None:
        self.context, self.names, self.binds = context, names, binds
        self.parameters: list[str | CallArgument] = []
        self.tables: set[tuple[str, str]] = set()

    # Queries ---------------------------------------------------------------------------------------------------------

    def query(self, node: exp.Expr, outer: Scope | None = None) -> tuple[str, dict[str, str] | None]:
        """Emit a query; returns its text and its output columns with their kinds (``None``: not known)."""
        raise NotImplementedError

    # Expressions -----------------------------------------------------------------------------------------------------

    def emit(self, node: Any, scope: Scope) -> str:
        """Emit an expression or condition."""
        return self.typed(node, scope)[0]

    def typed(self, node: Any, scope: Scope) -> tuple[str, str]:
        """Emit an expression; returns its text and kind."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise not_supported(described(node))
        name = type(node).__name__
        unknown = [flag for flag, value in node.args.items() if value is True and (name, flag) not in KNOWN_FLAGS]
        if unknown:  # a flag that nobody reads would change the meaning in silence
            raise not_supported(f"{described(node)} with {', '.join(unknown)}")
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
            raise invalid_identifier(name)
        quoted = bool(node.this.args.get("quoted"))
        if not qualifiers:
            return self._bare_column(name, quoted, scope)
        if name in ("NEXTVAL", "CURRVAL") and not scope.has_source(qualifiers[-1]):
            return self._sequence(qualifiers, name), "n"
        if (len(qualifiers) == 1 and not scope.has_source(qualifiers[0])) or len(qualifiers) == 2:
            call = self.function_value([*qualifiers, name], (), scope)
            if call is not None:
                return call
        if not scope.has_source(qualifiers[-1]):
            raise invalid_identifier(".".join(quote(part) for part in [*qualifiers, name]))
        kind = scope.kind(qualifiers[-1], name)
        if kind is None:
            raise invalid_identifier(f"{quote(qualifiers[-1])}.{quote(name)}")
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
            call = self.function_value([name], (), scope)
            if call is None:
                raise invalid_identifier(quote(name))
            return call
        return quote(name), kind

    def _source_name(self, node: exp.Column, scope: Scope) -> str:
        name = name_of(node.args["table"])
        if name not in scope.sources:
            raise invalid_identifier(f"{quote(name)}.*")
        return name

    def _sequence(self, qualifiers: Sequence[str], what: str) -> str:
        owner, name = (qualifiers[0] if len(qualifiers) > 1 else None), qualifiers[-1]
        thing = self.context.visible(owner, name)
        if thing is None or thing.type != "SEQUENCE":
            raise OracleError(2289, "sequence does not exist")
        target = literal(f"{quote(thing.owner)}.{quote(thing.name)}")
        # By text, looked up when it runs: a default must not keep its sequence from being dropped.
        return f"CAST({what.lower()}(CAST(CAST({target} AS text) AS regclass)) AS numeric)"

    def function_value(self, path: Sequence[str], nodes: Sequence[Any], scope: Scope) -> tuple[str, str] | None:
        """The value of a function that PostgreSQL does not have, or a constant; ``None`` if *path* means neither."""
        raise NotImplementedError

    def order(self, node: Any, scope: Scope) -> str:
        """Emit ``ORDER BY`` of an aggregate or window."""
        return "ORDER BY " + ", ".join(self.ordered(each, self.emit(each.this, scope)) for each in node.expressions)

    def ordered(self, node: Any, text: str) -> str:
        """One key: NULLS LAST ascending, NULLS FIRST descending, as both databases do by default."""
        direction = " DESC" if node.args.get("desc") else ""
        return f"{text}{direction} NULLS {'FIRST' if node.args.get('nulls_first') else 'LAST'}"
