"""Calls of scalar functions, and JSON constructors."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.emit_conditions import Conditions
from oracleapi_sandbox.oracle.engine.emit_functions import function_name
from oracleapi_sandbox.oracle.engine.functions import AGGREGATES, SCALAR, WINDOW, Function
from oracleapi_sandbox.oracle.engine.scope import Scope, arity, null_handling, quote, unwrapped
from oracleapi_sandbox.oracle.ports import OracleError


class Calls(Conditions):
    """Emits calls; those in no table of ``functions.py`` and without a method here do not exist: ORA-00904."""

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
        found = self.function_value([function_name(node)], node.expressions, scope)
        if found is None:
            raise OracleError(904, f"{quote(name)}: invalid identifier")
        return found

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
        arity("NVL2", nodes, 3, 3)
        (left, right), kind = self._unified(nodes[1:], scope)
        return f"CASE WHEN {self.emit(nodes[0], scope)} IS NOT NULL THEN {left} ELSE {right} END", kind

    def _fn_coalesce(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        arity("COALESCE", nodes, 2, 1000)
        texts, kind = self._unified(nodes, scope)
        return f"COALESCE({', '.join(texts)})", kind

    def _fn_decode(self, nodes: Sequence[Any], scope: Scope) -> tuple[str, str]:
        arity("DECODE", nodes, 3, 255)
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
        arity(name, nodes, 1, 1000)
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
        arity("CURSOR", nodes, 1, 1)
        rows = self.query(unwrapped(nodes[0]), scope)[0]
        return f"(SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM ({rows}) q)", "j"

    # JSON constructors: json inside json, text outside

    def json(self, node: Any, scope: Scope) -> str:
        """Emit a value for a JSON constructor: nested constructors stay JSON."""
        inner = node.this if isinstance(node, exp.Paren) else node
        if isinstance(inner, exp.FormatJson):
            return f"CAST({self.string(inner.this, scope)} AS json)"
        build = getattr(self, f"_raw_{type(inner).__name__.lower()}", None)
        return str(build(inner, scope)) if build else self.emit(node, scope)

    def _raw_jsonobject(self, node: Any, scope: Scope) -> str:
        pairs = ", ".join(
            f"{self.string(e.this, scope)} VALUE {self.json(e.expression, scope)}" for e in node.expressions
        )
        return f"JSON_OBJECT({pairs} {null_handling(node, 'NULL ON NULL')} RETURNING json)"

    def _raw_jsonarray(self, node: Any, scope: Scope) -> str:
        values = ", ".join(self.json(each, scope) for each in node.expressions)
        return f"JSON_ARRAY({values} {null_handling(node, 'ABSENT ON NULL')} RETURNING json)"

    def _raw_jsonarrayagg(self, node: Any, scope: Scope) -> str:
        order = f" {self.order(node.args['order'], scope)}" if node.args.get("order") else ""
        nulls = null_handling(node, "ABSENT ON NULL")
        return f"JSON_ARRAYAGG({self.json(node.this, scope)}{order} {nulls} RETURNING json)"

    def _raw_jsonobjectagg(self, node: Any, scope: Scope) -> str:
        (pair,) = node.expressions
        key, value = self.string(pair.this, scope), self.json(pair.expression, scope)
        return f"JSON_OBJECTAGG({key} VALUE {value} {null_handling(node, 'NULL ON NULL')} RETURNING json)"

    def _jsonobject(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ora.json_compact({self.json(node, scope)})", "s"

    _jsonarray = _jsonarrayagg = _jsonobjectagg = _jsonobject

    def aggregate(self, node: Any, over: str | None, scope: Scope) -> tuple[str, str]:
        """Emit an aggregate, or the same as an analytic function with *over*."""
        raise NotImplementedError
