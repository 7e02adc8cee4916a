"""MERGE: Oracle's form is read here clause by clause; its expressions go through the same emitter as all others."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.dialect import parse_part
from oracleapi_sandbox.oracle.engine.dml import check_column, target_of, value
from oracleapi_sandbox.oracle.engine.emit import Emitter
from oracleapi_sandbox.oracle.engine.queries import QueryBlock
from oracleapi_sandbox.oracle.engine.scope import Scope, quote
from oracleapi_sandbox.oracle.engine.text import Reader
from oracleapi_sandbox.oracle.plsql.lexer import Token
from oracleapi_sandbox.oracle.ports import OracleError


def emit(emitter: Emitter, sql: str, tokens: tuple[Token, ...], binds: list[str]) -> str:
    """Emit ``MERGE INTO t USING s ON (…) WHEN [NOT] MATCHED THEN …``; *binds*, the emitter's names, grows."""
    return _Merge(emitter, Reader(sql, tokens), binds).emit()


class _Merge:
    def __init__(self, emitter: Emitter, reader: Reader, binds: list[str]) -> None:
        self.emitter, self.reader, self.binds = emitter, reader, binds

    def emit(self) -> str:
        reader = self.reader
        reader.expect("MERGE")
        reader.expect("INTO", code=905, message="missing keyword")
        target = self._part("SELECT 1 FROM", "USING").args["from_"].this
        self.thing, alias, scope = target_of(self.emitter, target)
        reader.expect("USING", code=905, message="missing keyword")
        block = QueryBlock(self.emitter, self._part("SELECT 1 FROM", "ON"), None)
        source = block.sources()
        scope.sources.update(block.scope.sources)
        reader.expect("ON", code=969, message="missing ON keyword")
        condition = self._condition("WHEN", scope)
        clauses = []
        while reader.accept("WHEN"):
            clauses.append(self._not_matched(scope) if reader.accept("NOT") else self._matched(scope))
        reader.end(933, "SQL command not properly ended")
        if not clauses:
            raise OracleError(905, "missing keyword")
        name = f"{quote(self.thing.owner)}.{quote(self.thing.name)}"
        return f"MERGE INTO {name} AS {quote(alias)} USING {source} ON {condition} {' '.join(clauses)}"

    def _matched(self, scope: Scope) -> str:
        reader = self.reader
        for word in ("MATCHED", "THEN", "UPDATE", "SET"):
            reader.expect(word, code=905, message="missing keyword")
        changes = []
        for each in self._part("", "WHERE", "DELETE", "WHEN", listed=True):
            if not isinstance(each, exp.EQ):
                raise OracleError(927, "missing equal sign")
            column = check_column(
                self.thing, str(each.this.name) if each.this.this.args.get("quoted") else str(each.this.name).upper()
            )
            changes.append(f"{column} = {value(self.emitter, each.expression, scope)}")
        when = f" AND {self._condition('DELETE', scope, 'WHEN')}" if reader.accept("WHERE") else ""
        update = f"WHEN MATCHED{when} THEN UPDATE SET {', '.join(changes)}"
        if reader.token.is_word("DELETE"):
            raise OracleError(3001, "unimplemented feature: DELETE WHERE in MERGE", reader.token.start)
        return update

    def _not_matched(self, scope: Scope) -> str:
        reader = self.reader
        for word in ("MATCHED", "THEN", "INSERT"):
            reader.expect(word, code=905, message="missing keyword")
        names = self._insert_columns() if reader.token.is_op("(") else list(self.thing.columns)
        columns = [check_column(self.thing, name) for name in names]
        reader.expect("VALUES", code=926, message="missing VALUES keyword")
        start = reader.at
        reader.parenthesised()
        inner = (*reader.tokens[start + 1 : reader.at - 1], reader.tokens[-1])
        items = parse_part(reader.sql, inner, "SELECT", self.binds).expressions
        if len(items) != len(columns):
            raise OracleError(913 if len(items) > len(columns) else 947, "too many or not enough values")
        values = ", ".join(value(self.emitter, each, scope) for each in items)
        when = f" AND {self._condition('WHEN', scope)}" if reader.accept("WHERE") else ""
        return f"WHEN NOT MATCHED{when} THEN INSERT ({', '.join(columns)}) VALUES ({values})"

    def _insert_columns(self) -> list[str]:
        reader = self.reader
        reader.expect("(")
        names = [reader.qualified("")[1]]
        while reader.accept(","):
            names.append(reader.qualified("")[1])
        reader.expect(")", code=907, message="missing right parenthesis")
        return names

    def _tokens(self, *stops: str) -> tuple[Token, ...]:
        start = self.reader.at
        self.reader.until(*stops)
        return (*self.reader.tokens[start : self.reader.at], self.reader.tokens[-1])

    def _part(self, prefix: str, *stops: str, listed: bool = False) -> Any:
        tokens = self._tokens(*stops)
        if not listed:
            return parse_part(self.reader.sql, tokens, prefix, self.binds)
        # A SET list parses as a list of comparisons.
        return _assignments(parse_part(self.reader.sql, tokens, "UPDATE x SET", self.binds))

    def _condition(self, stop: str, scope: Scope, other: str = "") -> str:
        tree = parse_part(
            self.reader.sql, self._tokens(stop, *([other] if other else [])), "SELECT 1 FROM DUAL WHERE", self.binds
        )
        return self.emitter.emit(tree.args["where"].this, scope)


def _assignments(tree: exp.Expr) -> list[Any]:
    return list(tree.expressions)
