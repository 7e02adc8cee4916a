"""Mutants of a Python module, by its syntax tree: one change of what it decides by at a time.

Not touched: annotations and types, docstrings, and texts for people (with a blank, or within an f-string).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mutants import Mutant

OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
OTHER_CALL = {"any": "all", "all": "any", "min": "max", "max": "min"}
CLEANING = frozenset({"lower", "upper", "strip", "lstrip", "rstrip"})
SKIPPED = frozenset({"annotation", "returns", "decorator_list", "bases", "type_params"})
Slot = tuple[ast.AST, str, int | None]


@dataclass
class Change:
    """A mutant that can be made in the tree, and unmade."""

    mutant: Mutant
    tree: ast.Module
    slot: Slot
    old: ast.AST
    new: ast.AST

    def put(self, node: ast.AST) -> None:
        parent, name, index = self.slot
        if index is None:
            setattr(parent, name, node)
        else:
            getattr(parent, name)[index] = node


def changes(file: str, tree: ast.Module) -> Iterator[Change]:
    """Yield every change of *tree*."""
    for slot, node, place in _slots(tree, "module"):
        for new in _alternatives(node, slot):
            ast.copy_location(new, node)
            ast.fix_missing_locations(new)
            yield Change(Mutant(file, place, node.lineno, _text(node), _text(new)), tree, slot, node, new)  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str:
    lines = ast.unparse(node).splitlines() or ["nothing"]
    return lines[0][:160] + (" …" if len(lines) > 1 or len(lines[0]) > 160 else "")


def _slots(node: ast.AST, place: str) -> Iterator[tuple[Slot, ast.AST, str]]:
    """Yield the places of the tree that can hold something else, outer ones first, with the function's name."""
    for name, value in ast.iter_fields(node):
        if name in SKIPPED or (isinstance(node, ast.JoinedStr) and not isinstance(value, list)):
            continue
        listed = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in listed:
            if not isinstance(child, ast.AST) or _is_docstring(child) or _is_type(child):
                continue
            inner = place
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = child.name if place == "module" else f"{place}.{child.name}"
            if hasattr(child, "lineno") and not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
                yield (node, name, index), child, inner
            yield from _slots(child, inner)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_type(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"


def _alternatives(node: ast.AST, slot: Slot) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators):
            yield ast.Compare(left, [OTHER_COMPARISON[type(op)]()], comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield from (ast.BoolOp(op, rest) if len(rest) > 1 else rest[0] for rest in _without_one(values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.BinOp(op=ast.Add() | ast.BitOr() | ast.BitAnd(), left=left, right=right):
            yield from (left, right)
        case ast.BinOp(op=ast.Sub(), left=left, right=right):
            yield from (left, ast.BinOp(left, ast.BitOr() if _is_set(right) else ast.Add(), right))
        case ast.Constant(value=value) if not isinstance(slot[0], ast.MatchValue):
            yield from _other_constants(value)
        case ast.Call():
            yield from _other_calls(node)
        case ast.Tuple(elts=elts, ctx=ast.Load()) if not isinstance(slot[0], ast.Subscript):
            yield from (ast.Tuple(rest, ast.Load()) for rest in _without_one(elts))
        case ast.List(elts=elts, ctx=ast.Load()):
            yield from (ast.List(rest, ast.Load()) for rest in _without_one(elts))
        case ast.Set(elts=elts) if len(elts) > 1:
            yield from (ast.Set(rest) for rest in _without_one(elts))
        case ast.Dict(keys=keys, values=values):
            pairs = list(zip(keys, values, strict=True))
            yield from (ast.Dict([k for k, _ in rest], [v for _, v in rest]) for rest in _without_one(pairs))
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _other_comprehensions(node)
        case _:
            yield from _other_statements(node)


def _is_set(node: ast.AST) -> bool:
    return not isinstance(node, ast.Constant) and not (isinstance(node, ast.Name) and node.id.isupper())


def _without_one(values: list[ast.expr]) -> Iterator[list[ast.expr]]:
    for index in range(len(values)):
        yield [*values[:index], *values[index + 1 :]]


def _other_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and " " not in value:
        yield ast.Constant(value + "X")


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    match node.func:
        case ast.Name(id=name) if name in OTHER_CALL:
            yield ast.Call(ast.Name(OTHER_CALL[name], ast.Load()), node.args, node.keywords)
        case ast.Name(id="sorted"):
            yield ast.Call(ast.Name("list", ast.Load()), node.args, [])
            if node.keywords:
                yield ast.Call(node.func, node.args, [])
        case ast.Attribute(value=value, attr=name) if name in CLEANING:
            yield value


def _other_comprehensions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the comprehension without each of its conditions."""
    for at, generator in enumerate(node.generators):  # type: ignore[attr-defined]
        for index in range(len(generator.ifs)):
            ifs = [*generator.ifs[:index], *generator.ifs[index + 1 :]]
            other = ast.comprehension(generator.target, generator.iter, ifs, generator.is_async)
            generators = [*node.generators[:at], other, *node.generators[at + 1 :]]  # type: ignore[attr-defined]
            fields = dict(ast.iter_fields(node)) | {"generators": generators}
            yield type(node)(**fields)


def _other_statements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.If() | ast.While():
            fields = dict(ast.iter_fields(node))
            yield type(node)(**fields | {"test": ast.UnaryOp(ast.Not(), node.test)})
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Match(subject=subject, cases=cases):
            yield from (ast.Match(subject, rest) for rest in _without_one(cases) if rest)  # type: ignore[arg-type]
            for index, case in enumerate(cases):
                if case.guard is not None:
                    other = ast.match_case(case.pattern, None, case.body)
                    yield ast.Match(subject, [*cases[:index], other, *cases[index + 1 :]])
        case ast.MatchOr(patterns=patterns):
            for rest in _without_one(patterns):  # type: ignore[arg-type]
                yield ast.MatchOr(rest) if len(rest) > 1 else rest[0]
