"""Analysis, third part: types of expressions, and refusals of what cannot be evaluated (PLS-00306, PLS-00382)."""

from collections.abc import Sequence

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.analyse_references import ReferenceAnalysis
from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position
from oracleapi_sandbox.oracle.plsql.frames import bind_type as host_type
from oracleapi_sandbox.oracle.plsql.scope import CursorEntity, Scope
from oracleapi_sandbox.oracle.ports import OracleError

_COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")
_UNORDERED = ("TABLE", "RECORD", "CURSOR")


class ExpressionAnalysis(ReferenceAnalysis):
    """Walks expressions: resolves their references and works out their types."""

    def expression(self, node: n.Expression, scope: Scope) -> t.Type:
        match node:
            case n.Literal():
                return t.Type(node.type)
            case n.BindRef():
                return self.bind_type(node)
            case n.BindIndex():
                self.expression(node.index, scope)
                return self.bind_type(node.bind).element or t.ANY
            case n.Ref():
                return self.reference(node, scope).type
            case n.Unary():
                return self._unary(node, scope)
            case n.Binary():
                return self._binary(node, scope)
            case n.Case():
                return self._case(node, scope)
            case n.CursorAttribute():
                return self._cursor_attribute(node, scope)
        return self._predicate_or_form(node, scope)

    def bind_type(self, node: n.BindRef) -> t.Type:
        """The type of a host variable.

        Raises:
            OracleError: 1008, the host did not bind it.
        """
        bind = self.binds.get(node.name)
        if bind is None:
            raise OracleError(1008, "not all variables bound")
        return host_type(bind)

    def condition(self, node: n.Expression, scope: Scope) -> None:
        """Analyse an expression that must be BOOLEAN."""
        self._boolean(self.expression(node, scope), node.position)

    def _boolean(self, kind: t.Type, position: Position) -> None:
        if kind.name not in ("BOOLEAN", "NULL", "ANY"):
            raise CompileError(position, 382, "expression is of wrong type")

    def _unary(self, node: n.Unary, scope: Scope) -> t.Type:
        kind = self.expression(node.operand, scope)
        if node.operator == "NOT":
            self._boolean(kind, node.operand.position)
            return t.BOOLEAN
        if kind.category not in ("NUMBER", "CHAR", "NULL", "ANY", "INTERVAL"):
            raise _operator_refused(node.position, node.operator)
        return kind if kind.category == "INTERVAL" else t.NUMBER

    def _binary(self, node: n.Binary, scope: Scope) -> t.Type:
        left, right = self.expression(node.left, scope), self.expression(node.right, scope)
        if node.operator in ("AND", "OR"):
            self._boolean(left, node.left.position)
            self._boolean(right, node.right.position)
            return t.BOOLEAN
        if node.operator in _COMPARISONS:
            self._comparable(node.position, node.operator, left, right)
            self._note_padding(node, ((node.left, left), (node.right, right)))
            return t.BOOLEAN
        if "BOOLEAN" in (left.name, right.name) or left.category in _UNORDERED or right.category in _UNORDERED:
            raise _operator_refused(node.position, node.operator)
        if node.operator == "||":
            return t.Type("CLOB") if "CLOB" in (left.name, right.name) else t.VARCHAR2
        return _arithmetic_type(node, left, right)

    def _comparable(self, position: Position, operator: str, left: t.Type, right: t.Type) -> None:
        fits = t.affinity(left, right) or t.affinity(right, left)
        if not fits or left.category in _UNORDERED or right.category in _UNORDERED:
            raise _operator_refused(position, operator)

    def _note_padding(self, node: n.Expression, operands: Sequence[tuple[n.Expression, t.Type]]) -> None:
        """CHAR values and literals are compared blank-padded, as soon as a VARCHAR2 takes part they are not [D]."""
        if all(kind.name == "CHAR" or _is_text_literal(operand) for operand, kind in operands):
            self.unit.padded.add(node)

    def _case(self, node: n.Case, scope: Scope) -> t.Type:
        selector = self.expression(node.selector, scope) if node.selector is not None else None
        kinds: list[t.Type] = []
        for condition, value in node.branches:
            if selector is None:
                self.condition(condition, scope)
            else:
                self._comparable(condition.position, "=", selector, self.expression(condition, scope))
            kinds.append(self.expression(value, scope))
        if node.otherwise is not None:
            kinds.append(self.expression(node.otherwise, scope))
        found = next((kind.unconstrained() for kind in kinds if kind.name != "NULL"), t.NULL)
        if any(t.affinity(kind, found) == 0 for kind in kinds):
            raise CompileError(node.position, 382, "expression is of wrong type")
        return found

    def _cursor_attribute(self, node: n.CursorAttribute, scope: Scope) -> t.Type:
        if isinstance(node.cursor, n.Ref):
            found = self.reference(node.cursor, scope)
            if not isinstance(found.base, CursorEntity) and found.type.name != "SYS_REFCURSOR":
                raise CompileError(
                    node.cursor.position, 324, f"cursor attribute may not be applied to non-cursor '{node.cursor.text}'"
                )
        elif node.cursor is not None:
            self.expression(node.cursor, scope)
        return t.PLS_INTEGER if node.attribute == "ROWCOUNT" else t.BOOLEAN

    def _predicate_or_form(self, node: n.Expression, scope: Scope) -> t.Type:
        match node:
            case n.Between():
                self._compare_all(node, (node.operand, node.low, node.high), scope)
            case n.InList():
                self._compare_all(node, (node.operand, *node.items), scope)
            case n.Like():
                for part in (node.operand, node.pattern, node.escape):
                    self._text(part, "LIKE", scope)
            case n.IsNull():
                self.expression(node.operand, scope)
            case n.Cast():
                self.expression(node.operand, scope)
                return self.type_of(node.type, scope)
            case n.Extract():
                self.expression(node.operand, scope)
                return t.NUMBER
            case n.Trim():
                self._text(node.characters, "TRIM", scope)
                self._text(node.operand, "TRIM", scope)
                return t.VARCHAR2
            case n.JsonCall():
                return self._json(node, scope)
            case n.AtTimeZone():
                self.expression(node.operand, scope)
                self.expression(node.zone, scope)
                return t.Type("TIMESTAMP WITH TIME ZONE")
        return t.BOOLEAN

    def _compare_all(self, node: n.Expression, operands: Sequence[n.Expression], scope: Scope) -> None:
        """The first operand is compared with all others."""
        kinds = [self.expression(operand, scope) for operand in operands]
        for kind in kinds[1:]:
            self._comparable(operands[0].position, "=", kinds[0], kind)
        self._note_padding(node, tuple(zip(operands, kinds, strict=True)))

    def _text(self, node: n.Expression | None, operator: str, scope: Scope) -> None:
        if node is not None and t.affinity(self.expression(node, scope), t.VARCHAR2) == 0:
            raise _operator_refused(node.position, operator)

    def _json(self, node: n.JsonCall, scope: Scope) -> t.Type:
        self.expression(node.document, scope)
        for answer in (node.on_error, node.on_empty):
            if answer is not None and not isinstance(answer, str):
                self.expression(answer, scope)
        if node.function == "JSON_EXISTS":
            return t.BOOLEAN
        return self.type_of(node.returning, scope) if node.returning else t.Type("VARCHAR2")


def _is_text_literal(node: n.Expression) -> bool:
    return isinstance(node, n.Literal) and node.type == "VARCHAR2"


def _operator_refused(position: Position, operator: str) -> CompileError:
    return CompileError(position, 306, f"wrong number or types of arguments in call to '{operator}'")


def _arithmetic_type(node: n.Binary, left: t.Type, right: t.Type) -> t.Type:
    kinds = (left.category, right.category)
    moments = [kind for kind in kinds if kind in ("DATE", "TIMESTAMP")]
    if len(moments) == 2:
        if node.operator != "-":
            raise _operator_refused(node.position, node.operator)
        return t.NUMBER if kinds == ("DATE", "DATE") else t.Type("INTERVAL DAY TO SECOND")
    if moments:
        if node.operator not in "+-" or (node.operator == "-" and kinds[1] == moments[0]):
            raise _operator_refused(node.position, node.operator)
        if "INTERVAL" in kinds:
            return left if kinds[0] == moments[0] else right
        return t.DATE
    if "INTERVAL" in kinds:
        return t.Type("INTERVAL DAY TO SECOND")
    return t.NUMBER
