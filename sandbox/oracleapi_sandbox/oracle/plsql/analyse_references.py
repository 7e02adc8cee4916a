"""Analysis, second part: what a reference means, and which subprogram a call calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from oracleapi_sandbox.oracle.plsql import json_objects, stored
from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.analyse_types import TypeAnalysis
from oracleapi_sandbox.oracle.plsql.errors import CompileError, undeclared
from oracleapi_sandbox.oracle.plsql.functions import TABLE, Builtin
from oracleapi_sandbox.oracle.plsql.overloads import Actual, best, match
from oracleapi_sandbox.oracle.plsql.scope import (
    Base,
    BuiltinCall,
    ConstantValue,
    Construction,
    CursorEntity,
    Entity,
    ErrorCall,
    ExceptionEntity,
    FieldStep,
    IndexStep,
    LabelEntity,
    LocalCall,
    MethodStep,
    OverloadsEntity,
    Resolved,
    Scope,
    SqlCall,
    Step,
    StoredCall,
    StoredVariable,
    SubprogramEntity,
    SuppliedCall,
    TypeEntity,
    VariableEntity,
)
from oracleapi_sandbox.oracle.plsql.sql_functions import THROUGH_SQL, WITHOUT_ARGUMENTS
from oracleapi_sandbox.oracle.plsql.supplied import RAISE_APPLICATION_ERROR
from oracleapi_sandbox.oracle.ports import Argument, Package, Subprogram

Steps = tuple[n.Member | n.Arguments, ...]
METHODS = {
    "COUNT": t.PLS_INTEGER,
    "EXISTS": t.BOOLEAN,
    "LIMIT": t.PLS_INTEGER,
    "FIRST": t.ANY,
    "LAST": t.ANY,
    "NEXT": t.ANY,
    "PRIOR": t.ANY,
    "DELETE": t.NULL,
    "EXTEND": t.NULL,
    "TRIM": t.NULL,
}
_PROCEDURES = {"DELETE", "EXTEND", "TRIM", *json_objects.PROCEDURES}
_SQL_ONLY = frozenset(
    ("DECODE", "NVL2", "COUNT", "SUM", "AVG", "MIN", "MAX", "DUMP", "VSIZE", "LISTAGG", "ROWNUM", "LEVEL")
)


@dataclass(frozen=True)
class _SuppliedFormal:
    """An argument of a supplied subprogram with its resolved type."""

    argument: Argument
    type: t.Type

    @property
    def name(self) -> str:
        return self.argument.name.upper()

    @property
    def required(self) -> bool:
        return self.argument.default is ...


class ReferenceAnalysis(TypeAnalysis):
    """Resolves references against scopes, STANDARD, the session's packages and the engine's."""

    def expression(self, node: n.Expression, scope: Scope) -> t.Type:
        """Analyse an expression; the next part knows how."""
        raise NotImplementedError

    def reference(self, ref: n.Ref, scope: Scope, *, statement: bool = False) -> Resolved:
        """Resolve *ref* and remember it; *statement* is a procedure call.

        Raises:
            CompileError: PLS-00201, 00302, 00306, 00307, 00204, 00221, 00222.
        """
        found = self._resolve(ref, scope)
        self._check_use(ref, found, statement)
        self.unit.refs[ref] = found
        return found

    def _resolve(self, ref: n.Ref, scope: Scope) -> Resolved:
        entity, steps = scope.lookup(ref.name), ref.steps
        qualified = self.qualifier(ref, scope)
        if qualified is not None:
            named, at = qualified
            entity, steps = named.names.get(ref.dotted[at]), steps[at:]
            if entity is None:
                raise CompileError(ref.steps[at - 1].position, 302, f"component '{ref.dotted[at]}' must be declared")
        if entity is not None:
            return self._entity(ref, entity, steps, scope)
        return self._standard(ref, scope) or self._sequence(ref) or self._package_member(ref, scope)

    def qualifier(self, ref: n.Ref, scope: Scope) -> tuple[Scope, int] | None:
        """The scope that the first names of *ref* stand for, and how many they are.

        That of a label, of a subprogram that this is inside of, or of the stored unit that this belongs to.
        """
        names, entity = ref.dotted, scope.lookup(ref.name)
        if len(names) < 2:
            return None
        if isinstance(entity, LabelEntity):
            return entity.scope, 1
        if isinstance(entity, OverloadsEntity) and (inside := scope.within(names[0])) is not None:
            return inside, 1
        if entity is None and self.home is not None and self.home_scope is not None:
            owner, unit = self.home
            if names[:2] == (owner, unit) and (len(names) > 2 or unit in self.home_scope.names):
                return self.home_scope, 1 if unit in self.home_scope.names else 2
            if names[0] == unit:
                return self.home_scope, 1
        return None

    def _entity(self, ref: n.Ref, entity: Entity, steps: Steps, scope: Scope) -> Resolved:
        match entity:
            case VariableEntity():
                return self._with_steps(ref, entity, entity.type, steps, scope)
            case OverloadsEntity():
                arguments, rest = _call_steps(steps)
                call = self._local_call(ref, entity, arguments, scope)
                return self._with_steps(ref, call, call.subprogram.returns or t.NULL, rest, scope)
            case TypeEntity() if steps and isinstance(steps[0], n.Arguments) and entity.type.name == "TABLE":
                values = tuple(argument.value for argument in steps[0].items)
                for value in values:
                    self.expression(value, scope)
                built = Construction(entity.type, values)
                return self._with_steps(ref, built, entity.type, steps[1:], scope)
            case CursorEntity():
                return Resolved(entity, (), t.CURSOR)
            case ExceptionEntity() | TypeEntity():
                raise CompileError(ref.position, 330, "invalid use of type name or subtype name")
        raise undeclared(ref.position, ref.text)

    # --- steps into records and collections ---

    def _with_steps(self, ref: n.Ref, base: Base, kind: t.Type, steps: Steps, scope: Scope) -> Resolved:
        found: list[Step] = []
        index = 0
        while index < len(steps):
            step = steps[index]
            following = steps[index + 1] if index + 1 < len(steps) else None
            if isinstance(step, n.Arguments):
                kind = self._element(ref, kind, step, scope)
                found.append(IndexStep(step.items[0].value))
            elif kind.name in t.JSON_TYPES:
                arguments = following if isinstance(following, n.Arguments) else None
                found.append(self._json_method(step, arguments, scope))
                kind = json_objects.METHODS[step.name].returns
                index += arguments is not None
            elif kind.name == "TABLE" and step.name in METHODS:
                arguments = following if isinstance(following, n.Arguments) else None
                found.append(self._method(step, arguments, scope))
                kind = METHODS[step.name]
                index += arguments is not None
            else:
                kind = self._field(ref, kind, step)
                found.append(FieldStep(step.name))
            index += 1
        return Resolved(base, tuple(found), kind)

    def _element(self, ref: n.Ref, kind: t.Type, step: n.Arguments, scope: Scope) -> t.Type:
        if kind.name not in ("TABLE", "ANY") or len(step.items) != 1:
            raise CompileError(step.position, 224, f"object '{ref.text}' must be of type function or array")
        self.expression(step.items[0].value, scope)
        return kind.element or t.ANY

    def _method(self, step: n.Member, arguments: n.Arguments | None, scope: Scope) -> MethodStep:
        values = tuple(argument.value for argument in arguments.items) if arguments else ()
        for value in values:
            self.expression(value, scope)
        if step.name in ("NEXT", "PRIOR", "EXISTS") and len(values) != 1:
            text = f"wrong number or types of arguments in call to '{step.name}'"
            raise CompileError(step.position, 306, text)
        return MethodStep(step.name, values)

    def _json_method(self, step: n.Member, arguments: n.Arguments | None, scope: Scope) -> MethodStep:
        method = json_objects.METHODS.get(step.name)
        if method is None:
            raise CompileError(step.position, 302, f"component '{step.name}' must be declared")
        values = tuple(argument.value for argument in arguments.items) if arguments else ()
        for value in values:
            self.expression(value, scope)
        if not method.least <= len(values) <= method.most:
            text = f"wrong number or types of arguments in call to '{step.name}'"
            raise CompileError(step.position, 306, text)
        return MethodStep(step.name, values)

    def _json_maker(self, ref: n.Ref, scope: Scope) -> Resolved:
        """``JSON_OBJECT_T.parse(text)``, or a constructor with a text or without."""
        kind, steps = t.Type(ref.name), ref.steps
        parsing = bool(steps) and isinstance(steps[0], n.Member) and steps[0].name == "PARSE"
        arguments, rest = _call_steps(steps[1:] if parsing else steps)
        if len(arguments) > 1 or (parsing and not arguments) or any(argument.name for argument in arguments):
            raise _wrong_arguments(ref, ref.name)
        for argument in arguments:
            self.expression(argument.value, scope)
        body = partial(json_objects.parse, wanted=kind) if arguments else partial(json_objects.make, kind)
        builtin = Builtin(ref.name, 0, 1, body, ref.name)
        call = BuiltinCall(builtin, tuple(argument.value for argument in arguments))
        return self._with_steps(ref, call, kind, rest, scope)

    def _field(self, ref: n.Ref, kind: t.Type, step: n.Member) -> t.Type:
        if kind.name == "ANY" or (kind.name == "RECORD" and kind.fields is None):
            return t.ANY
        if kind.name != "RECORD":
            raise CompileError(ref.position, 487, f"Invalid reference to variable '{ref.name}'")
        found = kind.field(step.name)
        if found is None:
            raise CompileError(step.position, 302, f"component '{step.name}' must be declared")
        return found

    # --- functions of STANDARD and of SQL ---

    def _standard(self, ref: n.Ref, scope: Scope) -> Resolved | None:
        name, steps = ref.name, ref.steps
        if name == "STANDARD" and steps and isinstance(steps[0], n.Member):
            name, steps = steps[0].name, steps[1:]
        if name in t.JSON_TYPES:
            return self._json_maker(ref, scope)
        if steps and isinstance(steps[0], n.Member):
            return None
        arguments, rest = _call_steps(steps)
        if rest:
            return None
        if name in ("SQLCODE", "SQLERRM"):
            return self._error_call(ref, name, arguments, scope)
        if name in TABLE and steps:
            return self._builtin(ref, name, arguments, scope)
        if name in THROUGH_SQL and (steps or name in WITHOUT_ARGUMENTS):
            return self._through_sql(ref, name, arguments, scope)
        if name in _SQL_ONLY:
            text = f"function or pseudo-column '{name}' may be used inside a SQL statement only"
            raise CompileError(ref.position, 204, text)
        if name == "RAISE_APPLICATION_ERROR":
            return self._supplied(ref, name, [RAISE_APPLICATION_ERROR], arguments, (), scope)
        return None

    def _error_call(self, ref: n.Ref, name: str, arguments: Sequence[n.Argument], scope: Scope) -> Resolved:
        if len(arguments) > (name == "SQLERRM"):
            raise _wrong_arguments(ref, name)
        kinds = [self.expression(argument.value, scope) for argument in arguments]
        value = arguments[0].value if kinds else None
        return Resolved(ErrorCall(name, value), (), t.PLS_INTEGER if name == "SQLCODE" else t.VARCHAR2)

    def _builtin(self, ref: n.Ref, name: str, arguments: Sequence[n.Argument], scope: Scope) -> Resolved:
        builtin = TABLE[name]
        kinds = [self.expression(argument.value, scope) for argument in arguments]
        formal = t.Type({"CHAR": "VARCHAR2"}.get(builtin.parameters or "", builtin.parameters or "ANY"))
        fits = builtin.least <= len(kinds) <= builtin.most and not any(argument.name for argument in arguments)
        if not fits or any(t.affinity(kind, formal) == 0 for kind in kinds[:1]) or _composite(kinds):
            raise _wrong_arguments(ref, name)
        if builtin.lazy or name in ("GREATEST", "LEAST", "NULLIF"):
            self._check_alike(ref, name, kinds)
        returns = t.Type(builtin.returns)
        if builtin.returns == "FIRST":
            returns = next((kind.unconstrained() for kind in kinds if kind.name != "NULL"), t.NULL)
        return Resolved(BuiltinCall(builtin, tuple(argument.value for argument in arguments)), (), returns)

    def _check_alike(self, ref: n.Ref, name: str, kinds: Sequence[t.Type]) -> None:
        """NVL and its kin want arguments that convert to the type of the first."""
        if any(t.affinity(kind, kinds[0]) == 0 and "NULL" not in (kind.name, kinds[0].name) for kind in kinds[1:]):
            raise _wrong_arguments(ref, name)

    def _through_sql(self, ref: n.Ref, name: str, arguments: Sequence[n.Argument], scope: Scope) -> Resolved:
        for argument in arguments:
            if self.expression(argument.value, scope).category in ("BOOLEAN", "TABLE", "RECORD") or argument.name:
                raise _wrong_arguments(ref, name)
        marks = ", ".join(f":B{index}" for index in range(1, len(arguments) + 1))
        text = name.lower() if name in WITHOUT_ARGUMENTS else f"{name.lower()}({marks})"
        boolean = THROUGH_SQL[name] == "BOOLEAN"
        if boolean:
            text = f"case when {text} then 1 else 0 end"
        call = SqlCall(_from_dual(text), tuple(argument.value for argument in arguments), boolean)
        return Resolved(call, (), t.Type(THROUGH_SQL[name]))

    def _sequence(self, ref: n.Ref) -> Resolved | None:
        """``[schema.]sequence.NEXTVAL`` or ``CURRVAL``."""
        names = ref.dotted
        if names[-1] not in ("NEXTVAL", "CURRVAL") or len(names) not in (2, 3) or len(names) != len(ref.steps) + 1:
            return None
        return Resolved(SqlCall(_from_dual(".".join(names)), ()), (), t.NUMBER)

    # --- packages ---

    def _package_member(self, ref: n.Ref, scope: Scope) -> Resolved:
        names = ref.dotted
        if len(names) >= 2 and (found := self.packages(None, names[0])):
            return self._member(ref, found, 0, scope)
        if len(names) >= 3 and (found := self.packages(names[0], names[1])):
            return self._member(ref, found, 1, scope)
        if stored_member := self._stored(ref, scope):
            return stored_member
        raise undeclared(ref.position, ".".join(names[:2]))

    def _stored(self, ref: n.Ref, scope: Scope) -> Resolved | None:
        """A stored unit's member: ``[owner.]package.member`` or ``[owner.]subprogram``."""
        names = ref.dotted
        for at in range(min(2, len(names))):
            unit = self.stored_unit(names[0] if at else None, names[at], ref)
            if unit is None:
                continue
            if unit.kind != "PACKAGE":
                return self._of_unit(ref, unit, unit.text.name, at, scope)
            if len(names) > at + 1:
                return self._of_unit(ref, unit, names[at + 1], at + 1, scope)
        return None

    def _of_unit(self, ref: n.Ref, unit: stored.Compiled, name: str, at: int, scope: Scope) -> Resolved:
        entity, steps = unit.member(name), ref.steps[at:]
        match entity:
            case VariableEntity():
                return self._with_steps(ref, StoredVariable(unit, entity), entity.type, steps, scope)
            case CursorEntity():
                return Resolved(StoredVariable(unit, entity), (), t.CURSOR)
            case OverloadsEntity():
                arguments, rest = _call_steps(steps)
                local = self._local_call(ref, entity, arguments, scope)
                stored.check_access(unit, local.subprogram.accessible_by, self.home, ref, name)
                call = StoredCall(unit, local.subprogram, local.arguments)
                return self._with_steps(ref, call, local.subprogram.returns or t.NULL, rest, scope)
            case TypeEntity() if steps and isinstance(steps[0], n.Arguments) and entity.type.name == "TABLE":
                return self._entity(ref, entity, steps, scope)
            case None:
                raise CompileError(ref.steps[at - 1].position, 302, f"component '{name}' must be declared")
        raise CompileError(ref.position, 330, "invalid use of type name or subtype name")

    def _member(self, ref: n.Ref, packages: Sequence[Package], at: int, scope: Scope) -> Resolved:
        """The member that the step *at* of a reference names."""
        step, steps = ref.steps[at], ref.steps[at + 1 :]
        member = ref.dotted[at + 1]
        for package in packages:
            if member in package.constants and not steps:
                value = package.constants[member]
                return Resolved(ConstantValue(value), (), _type_of_value(value))
            candidates = [each for each in package.subprograms if each.name == member]
            if candidates:
                arguments, rest = _call_steps(steps)
                unit = (package.owner, package.name)
                return self._supplied(ref, member, candidates, arguments, rest, scope, unit)
        raise CompileError(step.position, 302, f"component '{member}' must be declared")

    def _supplied(
        self,
        ref: n.Ref,
        name: str,
        candidates: Sequence[Subprogram],
        arguments: Sequence[n.Argument],
        rest: Steps,
        scope: Scope,
        unit: tuple[str, str] | None = None,
    ) -> Resolved:
        formals = [
            [_SuppliedFormal(argument, self.supplied_type(argument.type, ref)) for argument in each.arguments]
            for each in candidates
        ]
        actuals = self._actuals(arguments, scope)
        matches = [match(each, actuals) for each in formals]
        chosen = _only(ref, name, best(matches))
        order = matches[chosen].order if matches[chosen] else ()  # type: ignore[union-attr]
        passed = []
        for formal, index in zip(formals[chosen], order, strict=True):
            value = arguments[index].value if index is not None else None
            self._check_out(value, formal.argument.mode, scope)
            passed.append((formal.argument, formal.type, value))
        subprogram = candidates[chosen]
        returns = self.supplied_type(subprogram.returns, ref) if subprogram.returns else t.NULL
        return self._with_steps(ref, SuppliedCall(subprogram, tuple(passed), unit), returns, rest, scope)

    def _local_call(
        self, ref: n.Ref, entity: OverloadsEntity, arguments: Sequence[n.Argument], scope: Scope
    ) -> LocalCall:
        actuals = self._actuals(arguments, scope)
        matches = [match(each.parameters, actuals) for each in entity.candidates]
        chosen = _only(ref, entity.name, best(matches))
        subprogram: SubprogramEntity = entity.candidates[chosen]
        found = matches[chosen]
        values: list[n.Expression | None] = []
        for formal, index in zip(subprogram.parameters, found.order if found else (), strict=True):
            value = arguments[index].value if index is not None else None
            self._check_out(value, formal.mode, scope)
            values.append(value)
        return LocalCall(subprogram, tuple(values))

    def _actuals(self, arguments: Sequence[n.Argument], scope: Scope) -> list[Actual]:
        return [Actual(argument.name, self.expression(argument.value, scope)) for argument in arguments]

    def _check_out(self, value: n.Expression | None, mode: str, scope: Scope) -> None:
        if value is None or "OUT" not in mode:
            return
        if isinstance(value, n.BindRef | n.BindIndex):
            return
        if not isinstance(value, n.Ref) or not self.unit.refs[value].is_target:
            text = (
                f"expression '{value.text if isinstance(value, n.Ref) else '…'}' cannot be used as an assignment target"
            )
            raise CompileError(value.position, 363, text)

    def _check_use(self, ref: n.Ref, found: Resolved, statement: bool) -> None:
        """A procedure is no value, a function is no statement."""
        last = found.steps[-1] if found.steps else None
        procedure = isinstance(last, MethodStep) and last.name in _PROCEDURES
        if last is None and isinstance(found.base, SuppliedCall):
            procedure = found.base.subprogram.returns is None
        if last is None and isinstance(found.base, LocalCall | StoredCall):
            procedure = found.base.subprogram.returns is None
        if statement and not procedure:
            raise CompileError(ref.position, 221, f"'{ref.dotted[-1]}' is not a procedure or is undefined")
        if not statement and procedure:
            raise CompileError(ref.position, 222, f"no function with name '{ref.dotted[-1]}' exists in this scope")


def _from_dual(expression: str) -> str:
    """A query for one value; *expression* is built from names of functions and sequences, values are binds."""
    return f"select {expression} from dual"  # noqa: S608


def _call_steps(steps: Steps) -> tuple[tuple[n.Argument, ...], Steps]:
    """Split the steps after a subprogram's name into the call's arguments and the steps into its value."""
    if steps and isinstance(steps[0], n.Arguments):
        return steps[0].items, steps[1:]
    return (), steps


def _only(ref: n.Ref, name: str, chosen: Sequence[int]) -> int:
    if not chosen:
        raise _wrong_arguments(ref, name)
    if len(chosen) > 1:
        raise CompileError(ref.position, 307, f"too many declarations of '{name}' match this call")
    return chosen[0]


def _wrong_arguments(ref: n.Ref, name: str) -> CompileError:
    return CompileError(ref.position, 306, f"wrong number or types of arguments in call to '{name}'")


def _composite(kinds: Sequence[t.Type]) -> bool:
    return any(kind.name in ("TABLE", "RECORD") for kind in kinds)


def _type_of_value(value: object) -> t.Type:
    if isinstance(value, bool):
        return t.BOOLEAN
    return t.VARCHAR2 if isinstance(value, str) or value is None else t.NUMBER
