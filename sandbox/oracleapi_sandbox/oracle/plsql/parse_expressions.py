"""Expressions: recursive descent by PL/SQL's precedence.

From weak to strong: OR, AND, NOT, comparisons, ``+ - ||``, ``* / MOD REM``, sign, ``**``.
Source: PL/SQL Language Reference, "Operator Precedence" [D].
"""

from datetime import datetime

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import CompileError, unsupported
from oracleapi_sandbox.oracle.plsql.formats import FormatError, parse_date
from oracleapi_sandbox.oracle.plsql.literals import INTERVAL_UNITS, interval, split_zone
from oracleapi_sandbox.oracle.plsql.stream import TokenStream
from oracleapi_sandbox.oracle.plsql.values import Timestamp

_COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")
_CURSOR_ATTRIBUTES = ("FOUND", "NOTFOUND", "ISOPEN", "ROWCOUNT", "BULK_ROWCOUNT")
_SQL_ONLY = (
    "EXISTS",
    "DECODE",
    "COUNT",
    "SUM",
    "MIN",
    "MAX",
    "AVG",
    "LISTAGG",
    "ROWNUM",
    "NVL2",
    "XMLAGG",
    "JSON_TABLE",
)


class ExpressionParser(TokenStream):
    """Parses expressions, references and actual parameters."""

    def expression(self) -> n.Expression:
        with self.nested(self.token.position):
            return self._or()

    def _or(self) -> n.Expression:
        left = self._and()
        while token := self.accept_word("OR"):
            left = n.Binary(token.position, "OR", left, self._and())
        return left

    def _and(self) -> n.Expression:
        left = self._not()
        while token := self.accept_word("AND"):
            left = n.Binary(token.position, "AND", left, self._not())
        return left

    def _not(self) -> n.Expression:
        if token := self.accept_word("NOT"):
            with self.nested(token.position):
                return n.Unary(token.position, "NOT", self._not())
        return self._comparison()

    def _comparison(self) -> n.Expression:
        left = self._sum()
        while True:
            if token := self.accept_op(*_COMPARISONS):
                left = n.Binary(token.position, token.text, left, self._sum())
            elif self.at_word("IS"):
                left = self._is_null(left)
            elif self.at_word("BETWEEN", "IN", "LIKE") or (
                self.at_word("NOT") and self.ahead().is_word("BETWEEN", "IN", "LIKE")
            ):
                left = self._predicate(left)
            else:
                return left

    def _is_null(self, operand: n.Expression) -> n.Expression:
        position = self.expect_word("IS").position
        negated = self.accept_word("NOT") is not None
        if self.at_word("JSON", "OF", "DANGLING", "EMPTY", "A"):
            raise unsupported(self.token.position, f"IS {self.token.text}")
        self.expect_word("NULL")
        return _negate(n.IsNull(position, operand), negated)

    def _predicate(self, operand: n.Expression) -> n.Expression:
        position = self.token.position
        negated = self.accept_word("NOT") is not None
        match self.advance().text:
            case "BETWEEN":
                low = self._sum()
                self.expect_word("AND")
                return _negate(n.Between(position, operand, low, self._sum()), negated)
            case "IN":
                return _negate(n.InList(position, operand, self._in_items()), negated)
        pattern = self._sum()
        escape = self._sum() if self.accept_word("ESCAPE") else None
        return _negate(n.Like(position, operand, pattern, escape), negated)

    def _in_items(self) -> tuple[n.Expression, ...]:
        self.expect_op("(")
        self._refuse_subquery()
        items = [self.expression()]
        while self.accept_op(","):
            items.append(self.expression())
        self.expect_op(")")
        return tuple(items)

    def _refuse_subquery(self) -> None:
        if self.at_word("SELECT", "WITH"):
            raise CompileError(self.token.position, 405, "subquery not allowed in this context")

    def _sum(self) -> n.Expression:
        left = self._product()
        while token := self.accept_op("+", "-", "||"):
            left = n.Binary(token.position, token.text, left, self._product())
        return left

    def _product(self) -> n.Expression:
        left = self._sign()
        while token := self.accept_op("*", "/") or self.accept_word("MOD", "REM"):
            left = n.Binary(token.position, token.text, left, self._sign())
        return left

    def _sign(self) -> n.Expression:
        if token := self.accept_op("+", "-"):
            with self.nested(token.position):
                return n.Unary(token.position, token.text, self._sign())
        return self._power()

    def _power(self) -> n.Expression:
        base = self._postfix()
        if token := self.accept_op("**"):
            with self.nested(token.position):
                return n.Binary(token.position, "**", base, self._sign())
        return base

    def _postfix(self) -> n.Expression:
        operand = self._primary()
        while self.at_word("AT") and self.ahead().is_word("TIME", "LOCAL"):
            position = self.advance().position
            if self.accept_word("LOCAL"):
                raise unsupported(position, "AT LOCAL")
            self.expect_word("TIME")
            self.expect_word("ZONE")
            operand = n.AtTimeZone(position, operand, self._primary())
        return operand

    def _primary(self) -> n.Expression:
        token = self.token
        match token.kind:
            case "number":
                self.advance()
                kind = "BINARY_DOUBLE" if isinstance(token.number, float) else "NUMBER"
                return n.Literal(token.position, token.number, kind)
            case "string":
                self.advance()
                return n.Literal(token.position, token.text or None, "VARCHAR2")
            case "bind":
                return self.bind()
            case "word" | "quoted":
                return self._word()
        if self.accept_op("("):
            self._refuse_subquery()
            inner = self.expression()
            self.expect_op(")")
            return inner
        raise self.unexpected(
            "(", "-", "+", "case", "new", "not", "null", "an identifier", "a literal", "a bind variable"
        )

    def _word(self) -> n.Expression:
        token = self.token
        special = _SPECIAL.get(token.text) if token.kind == "word" else None
        following = self.ahead()
        if special is not None and (following.is_op("(") or token.text in _WITHOUT_PARENTHESIS):
            return special(self)
        if token.is_word("DATE", "TIMESTAMP") and following.kind == "string":
            return self._datetime_literal()
        if token.is_word("INTERVAL") and following.kind == "string":
            return self._interval_literal()
        if token.is_word("SQL") and following.is_op("%"):
            self.advance()
            return self._cursor_attribute(None)
        if token.is_word("NEW", "CURSOR", "MULTISET", "TREAT") and following.kind in ("word", "op"):
            construct = {"NEW": "an object type", "CURSOR": "a CURSOR expression"}.get(token.text, token.text)
            if token.text != "NEW" or following.kind == "word":
                raise unsupported(token.position, construct)
        if token.is_word(*_SQL_ONLY) and (following.is_op("(") or token.text == "ROWNUM"):
            text = f"function or pseudo-column '{token.text}' may be used inside a SQL statement only"
            raise CompileError(token.position, 204, text)
        reference = self.reference()
        return self._cursor_attribute(reference) if self.at_op("%") else reference

    def _cursor_attribute(self, cursor: n.Expression | None) -> n.Expression:
        position = self.expect_op("%").position
        attribute = self.expect_word(*_CURSOR_ATTRIBUTES).text
        if attribute == "BULK_ROWCOUNT":
            raise unsupported(position, "SQL%BULK_ROWCOUNT")
        return n.CursorAttribute(position, cursor, attribute)

    def _constant(self) -> n.Expression:
        token = self.advance()
        value, kind = {"NULL": (None, "NULL"), "TRUE": (True, "BOOLEAN"), "FALSE": (False, "BOOLEAN")}[token.text]
        return n.Literal(token.position, value, kind)

    # --- literals of time ---

    def _datetime_literal(self) -> n.Expression:
        kind, text = self.advance(), self.advance()
        model = "YYYY-MM-DD" if kind.text == "DATE" else "YYYY-MM-DD HH24:MI:SSXFF"
        body, zone = split_zone(text.text) if kind.text == "TIMESTAMP" else (text.text, None)
        try:
            value: datetime = parse_date(body, model)
        except FormatError as error:
            raise CompileError(
                text.position, 166, f"bad format for date, time, or timestamp literal ({error})"
            ) from error
        if zone is not None:
            return n.Literal(kind.position, Timestamp.of(value.replace(tzinfo=zone)), "TIMESTAMP WITH TIME ZONE")
        return n.Literal(kind.position, value if kind.text == "DATE" else Timestamp.of(value), kind.text)

    def _interval_literal(self) -> n.Expression:
        position, text = self.advance().position, self.advance()
        leading = self.expect_word(*INTERVAL_UNITS, "YEAR", "MONTH").text
        self._interval_precision()
        trailing = leading
        if self.accept_word("TO"):
            trailing = self.expect_word(*INTERVAL_UNITS, "MONTH").text
            self._interval_precision()
        if leading in ("YEAR", "MONTH"):
            raise unsupported(position, "INTERVAL YEAR TO MONTH")
        return n.Literal(position, interval(text.text, leading, trailing, text.position), "INTERVAL DAY TO SECOND")

    def _interval_precision(self) -> None:
        if self.accept_op("("):
            self.advance()
            if self.accept_op(","):
                self.advance()
            self.expect_op(")")

    # --- references ---

    def bind(self) -> n.BindRef | n.BindIndex:
        token = self.advance()
        bind = n.BindRef(token.position, token.text)
        if not self.at_op("("):
            return bind
        self.advance()
        index = self.expression()
        self.expect_op(")")
        return n.BindIndex(token.position, bind, index)

    def reference(self) -> n.Ref:
        head = self.identifier()
        steps: list[n.Member | n.Arguments] = []
        while True:
            if self.at_op("."):
                steps.append(self._member())
            elif self.at_op("("):
                steps.append(self.arguments())
            else:
                break
        if self.at_op("@"):
            raise unsupported(self.token.position, "a database link")
        return n.Ref(head.position, head.text, tuple(steps))

    def _member(self) -> n.Member:
        self.advance()
        if self.token.kind not in ("word", "quoted"):
            raise self.unexpected("an identifier")
        token = self.advance()
        return n.Member(token.position, token.text)

    def arguments(self) -> n.Arguments:
        position = self.expect_op("(").position
        items: list[n.Argument] = []
        while not self.at_op(")"):
            if items:
                self.expect_op(",")
            items.append(self._argument(bool(items) and items[-1].name is not None))
        self.expect_op(")")
        return n.Arguments(position, tuple(items))

    def _argument(self, after_named: bool) -> n.Argument:
        token = self.token
        if token.kind in ("word", "quoted") and self.ahead().is_op("=>"):
            self.advance()
            self.advance()
            return n.Argument(token.position, token.text, self.expression())
        if after_named:
            text = "a positional parameter association may not follow a named association"
            raise CompileError(token.position, 312, text)
        self._refuse_subquery()
        return n.Argument(token.position, None, self.expression())

    def type_name(self) -> n.TypeName:
        """Parse a type; the declarations' parser knows how."""
        raise NotImplementedError

    # --- forms with a syntax of their own ---

    def case_expression(self) -> n.Expression:
        position = self.expect_word("CASE").position
        selector = None if self.at_word("WHEN") else self.expression()
        branches: list[tuple[n.Expression, n.Expression]] = []
        while self.accept_word("WHEN"):
            condition = self.expression()
            self.expect_word("THEN")
            branches.append((condition, self.expression()))
        if not branches:
            raise self.unexpected("when")
        otherwise = self.expression() if self.accept_word("ELSE") else None
        self.expect_word("END")
        return n.Case(position, selector, tuple(branches), otherwise)

    def _cast(self) -> n.Expression:
        position = self.advance().position
        self.expect_op("(")
        operand = self.expression()
        self.expect_word("AS")
        target = self.type_name()
        self.expect_op(")")
        return n.Cast(position, operand, target)

    def _extract(self) -> n.Expression:
        position = self.advance().position
        self.expect_op("(")
        part = self.expect_word("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE")
        self.expect_word("FROM")
        operand = self.expression()
        self.expect_op(")")
        return n.Extract(position, part.text, operand)

    def _trim(self) -> n.Expression:
        position = self.advance().position
        self.expect_op("(")
        side = self.accept_word("LEADING", "TRAILING", "BOTH")
        first = None if side and self.at_word("FROM") else self.expression()
        if self.accept_word("FROM"):
            node = n.Trim(position, side.text if side else "BOTH", first, self.expression())
        elif first is not None and side is None:
            node = n.Trim(position, "BOTH", None, first)
        else:
            raise self.unexpected("from")
        self.expect_op(")")
        return node

    def _json(self) -> n.Expression:
        function = self.advance()
        self.expect_op("(")
        document = self.expression()
        if self.accept_word("FORMAT"):
            self.expect_word("JSON")
        self.expect_op(",")
        if self.token.kind != "string":
            raise CompileError(self.token.position, None, "PL/SQL: ORA-40597: JSON path expression must be a literal")
        path = self.advance().text
        returning = self.type_name() if self.accept_word("RETURNING") else None
        on_error, on_empty = self._json_clauses("FALSE" if function.text == "JSON_EXISTS" else "NULL")
        self.expect_op(")")
        return n.JsonCall(function.position, function.text, document, path, returning, on_error, on_empty)

    def _json_clauses(self, on_error: "str | n.Expression") -> "tuple[str | n.Expression, str | n.Expression | None]":
        on_empty: str | n.Expression | None = None
        while not self.at_op(")"):
            if self.at_word("WITH", "WITHOUT", "PRETTY", "ASCII", "ALLOW", "DISALLOW", "PASSING"):
                raise unsupported(self.token.position, f"{self.token.text} in a JSON function")
            word = self.expect_word("DEFAULT", "NULL", "ERROR", "TRUE", "FALSE").text
            answer: str | n.Expression = self.expression() if word == "DEFAULT" else word
            self.expect_word("ON")
            if self.expect_word("ERROR", "EMPTY").text == "ERROR":
                on_error = answer
            else:
                on_empty = answer
        return on_error, on_empty


_SPECIAL = {
    "NULL": ExpressionParser._constant,
    "TRUE": ExpressionParser._constant,
    "FALSE": ExpressionParser._constant,
    "CASE": ExpressionParser.case_expression,
    "CAST": ExpressionParser._cast,
    "EXTRACT": ExpressionParser._extract,
    "TRIM": ExpressionParser._trim,
    "JSON_VALUE": ExpressionParser._json,
    "JSON_QUERY": ExpressionParser._json,
    "JSON_EXISTS": ExpressionParser._json,
}
_WITHOUT_PARENTHESIS = ("NULL", "TRUE", "FALSE", "CASE")


def _negate(node: n.Expression, negated: bool) -> n.Expression:
    return n.Unary(node.position, "NOT", node) if negated else node
