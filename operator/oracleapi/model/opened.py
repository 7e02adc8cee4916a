"""A rotation that has begun and not ended, as status carries it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Step = Literal["Storing", "Setting", "Switching", "Delivering"]
IDLE = "Idle"
TRIES = 3
"""Passwords that are made in one rotation, one after another is refused."""


@dataclass(frozen=True)
class OpenRotation:
    """One rotation.

    Args:
        token: The id of the new version, chosen and kept before anything is sent.
        replacing: The version that readers get until then; empty where the secret is made.
        account: The account whose password is changed.
        cause: Schedule, Request or Create.
        started: RFC 3339.
        step: The last one that was begun.
        attempts: Passwords that the account's profile refused.
        changed: When the account's password had last been changed (PASSWORD_CHANGE_DATE) as the new one was not it yet.
        refused: The version whose password the database refused for this account: it is not tried again by itself.
        tried: Versions whose passwords it refused since it was last changed; the rest may still be tried.
        restarted: Consumers that were restarted for the new version.
        carries: A version of this rotation whose password the account has, and which the new version is to have too.
    """

    token: str
    replacing: str
    account: str
    strategy: str
    cause: str
    started: str
    step: Step
    attempts: int = 0
    changed: str = ""
    refused: str = ""
    tried: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    carries: str = ""

    @staticmethod
    def of(status: Mapping[str, Any]) -> "OpenRotation | None":
        """Return the rotation that a status tells of."""
        found = status.get("rotation")
        if not found:
            return None
        return OpenRotation(
            found["token"],
            found.get("replacing", ""),
            found["account"],
            found["strategy"],
            found.get("cause", ""),
            found.get("startedTime", ""),
            status.get("step", "Storing"),
            found.get("attempts", 0),
            found.get("changed", ""),
            found.get("refused", ""),
            tuple(found.get("tried", ())),
            tuple(found.get("restarted", ())),
            found.get("carries", ""),
        )

    def fields(self) -> dict[str, Any]:
        """Return the fields of status that carry it."""
        entry = {
            "token": self.token,
            "replacing": self.replacing,
            "account": self.account,
            "strategy": self.strategy,
            "cause": self.cause,
            "startedTime": self.started,
            "attempts": self.attempts,
            "changed": self.changed,
            "refused": self.refused,
            "tried": list(self.tried),
            "restarted": list(self.restarted),
            "carries": self.carries,
        }
        return {"rotation": {key: value for key, value in entry.items() if value}, "step": self.step}

    @property
    def proven(self) -> bool:
        """Say whether the new password was seen to work before its version became current, or nobody has another."""
        return self.step in ("Switching", "Delivering") or self.cause == "Create"

    def once_more(self) -> "OpenRotation":
        """Return it as it goes on when somebody edits or asks: what was refused may be tried again."""
        return replace(self, attempts=min(self.attempts, TRIES - 1), refused="", tried=())

    def at(self, step: Step) -> "OpenRotation":
        return replace(self, step=step)
