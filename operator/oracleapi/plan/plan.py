"""A plan: actions in the order they are applied, and the differences they remove. Pure."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from oracleapi.model.drift import Drift

A = TypeVar("A")


@dataclass(frozen=True)
class Plan(Generic[A]):
    """Actions and drift; both empty when the world is as desired."""

    actions: tuple[A, ...] = ()
    drift: tuple[Drift, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.actions
