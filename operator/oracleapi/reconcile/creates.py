"""Creating things that have no natural key: intent first, find by owner, never twice.

Neither API Gateway nor VPC links have an idempotency token and names are not unique. So the intent is written into
status before the call; after a create that may have happened, the thing is looked up by owner, and a second create
waits until the list must show it (``VISIBILITY_S``).
"""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError, Uncertain
from oracleapi.model.ownership import TAG_OWNER, TAG_UID
from oracleapi.reconcile.passes import Pass
from oracleapi.runtime.clock import parse_timestamp, timestamp

VISIBILITY_S = 60.0


class Tagged(Protocol):
    """Something in an AWS list, with its tags."""

    @property
    def tags(self) -> Any: ...
    @property
    def created(self) -> str: ...


T = TypeVar("T", bound=Tagged)
M = TypeVar("M")


def find_owned(
    work: Pass[Any],
    things: Sequence[T],
    identity: Callable[[T], str],
    known: str | None,
    ask: Callable[[str], T | None] | None = None,
) -> list[T]:
    """Return the things of this owner: the one in status first, then by age; more than one is one too many.

    A thing that lost its owner tag is still known by its id in status and the object's UID, which only we write.

    Args:
        things: The list, which may lag behind a create.
        identity: Returns a thing's id.
        known: The id in status.
        ask: Reads a thing by id; the one in status is asked for where the list shows none.
    """
    owned = _owned(work, things, identity, known)
    if not owned and known is not None and ask is not None:
        thing = ask(known)
        owned = _owned(work, [thing] if thing is not None else [], identity, known)
    return sorted(owned, key=lambda thing: (identity(thing) != known, thing.created))


def _owned(work: Pass[Any], things: Sequence[T], identity: Callable[[T], str], known: str | None) -> list[T]:
    return [
        thing
        for thing in things
        if thing.tags.get(TAG_OWNER) == str(work.owner)
        or (identity(thing) == known and TAG_OWNER not in thing.tags and thing.tags.get(TAG_UID) == work.uid)
    ]


def wants_fresh(work: Pass[Any]) -> bool:
    """Say whether a list that was read for somebody else a moment ago will not do: an absence has consequences."""
    intents, deleting = work.status.get("intents"), work.resource["metadata"].get("deletionTimestamp")
    return bool(work.requested or intents or deleting)


def wait_out_create(work: Pass[Any], thing: str) -> None:
    """Call it where *thing* was not found: an earlier create of it may still become visible.

    Raises:
        DependencyNotReady: ``CreateUncertain``, until the list must show it.
    """
    for intent in work.status.get("intents", []):
        left = VISIBILITY_S - (work.clock.now() - parse_timestamp(intent["time"]))
        if intent["object"] == thing and left > 0:
            raise DependencyNotReady(
                reasons.CREATE_UNCERTAIN,
                f"a create of {thing} was sent and its answer was lost; waiting {VISIBILITY_S:.0f} s for it to show",
                min(left, 5.0),
            )


def create_once(work: Pass[Any], thing: str, create: Callable[[], M]) -> M:
    """Run *create* under an intent in status.

    Raises:
        DependencyNotReady: ``CreateUncertain``, an earlier create may still become visible.
        Uncertain: This create's answer was lost; the intent stays, as it does after a fault of ours.
    """
    wait_out_create(work, thing)
    work.report.fields["intents"] = [
        {"object": thing, "token": uuid.uuid4().hex, "time": timestamp(work.clock)},
    ]
    work.write_now(f"Creating {thing}")
    try:
        made = create()
    except Uncertain:
        raise
    except OperatorError:
        work.report.fields["intents"] = []
        raise
    work.report.fields["intents"] = []
    return made
