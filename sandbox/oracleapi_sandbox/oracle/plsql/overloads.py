"""Choosing the subprogram that a call means: by names, number and types of its arguments.

Source: PL/SQL Language Reference, "Overloaded Subprograms" and "Positional, Named, and Mixed Notation" [D].
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from oracleapi_sandbox.oracle.plsql.types import Type, affinity


class FormalParameter(Protocol):
    """What matching has to know of a formal parameter."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> Type: ...
    @property
    def required(self) -> bool: ...


class Actual(NamedTuple):
    name: str | None
    type: Type


class Match(NamedTuple):
    """``order`` gives for each formal parameter the index of its actual one; a higher score fits better."""

    score: int
    order: tuple[int | None, ...]


def match(formals: Sequence[FormalParameter], actuals: Sequence[Actual]) -> Match | None:
    """Fit *actuals* to *formals*; ``None`` when the number, a name or a type does not fit."""
    order: list[int | None] = [None] * len(formals)
    places = {formal.name: index for index, formal in enumerate(formals)}
    score = 0
    for index, actual in enumerate(actuals):
        place = index if actual.name is None else places.get(actual.name)
        if place is None or place >= len(formals) or order[place] is not None:
            return None
        fit = affinity(actual.type, formals[place].type)
        if fit == 0:
            return None
        order[place] = index
        score += fit
    if any(taken is None and formal.required for taken, formal in zip(order, formals, strict=True)):
        return None
    return Match(score, tuple(order))


def best(matches: Sequence[Match | None]) -> list[int]:
    """Indexes of the matches with the highest score: none, the one, or several that are equally good."""
    top = max((found.score for found in matches if found is not None), default=None)
    return [index for index, found in enumerate(matches) if found is not None and found.score == top]
