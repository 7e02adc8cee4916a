"""Plan a twin: what to take from and give to an account that is to stand in for another one. Pure."""

from dataclasses import replace

from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.account import ADDED_ONLY, BY_HAND, NAME_LIMIT, Equalize, Holding, HoldingKind, ObservedAccount

SUFFIX = "_CLONE"
"""As AWS's template for two alternating users of Oracle names the second one."""


def twin_name(account: str) -> str:
    """Return the name of the account that takes turns with *account*: ``HR_APP_CLONE`` and ``HR_APP``."""
    name = account.removesuffix(SUFFIX)
    return name if name != account else account + SUFFIX


def check_twin_name(twin: str) -> None:
    """Check that an account can have this name.

    Raises:
        Terminal: ``InvalidSpec``, it is too long with the suffix.
    """
    if len(twin) > NAME_LIMIT:
        raise Terminal(
            reasons.INVALID_SPEC,
            f"spec.account: its twin would be called {twin}, and a name has {NAME_LIMIT} bytes at most; use another"
            " strategy, or a shorter name",
        )


def plan_twin(active: ObservedAccount, twin: ObservedAccount) -> Equalize | None:
    """Return what makes *twin* hold exactly what *active* holds, or ``None`` where it does.

    Left out is what concerns objects of either account: an owner holds no grants on its own, and nobody else is given
    what ownership gives. What leads from one to the other leads back at the other: that it may connect for it, and a
    synonym for a synonym of its own. Roles come before what is given through others, which may name them.

    Raises:
        ValueError: What one of them holds was not read; a fault of ours.
    """
    if not (active.whole and twin.whole):
        raise ValueError("an account without what it holds is like no other")
    wanted = {_place(each): each for each in (_mirrored(each, twin, active) for each in _compared(active, twin))}
    held = {_place(each): each for each in _compared(twin, active)}
    by_hand = {place for place in wanted | held if _is_by_hand(place[0], wanted.get(place), held.get(place))}
    lacking = [wanted.pop(place) for place in by_hand if place in wanted]
    excess = [held.pop(place) for place in by_hand if place in held]
    revoked = {_revoked(each) for place, each in held.items() if _surplus(each, wanted.get(place))}
    lost = {place for place, each in held.items() if _revoked(each) in revoked}
    granted = {each for place, each in wanted.items() if place in lost or held.get(place) != each}
    plan = Equalize(
        twin.name, tuple(sorted(revoked)), tuple(sorted(granted)), tuple(sorted(lacking)), tuple(sorted(excess))
    )
    return plan if plan.points else None


def _is_by_hand(kind: HoldingKind, wanted: Holding | None, held: Holding | None) -> bool:
    """Say whether two differ in what people settle: an audit gets what is missing, and nothing of it is taken away."""
    if kind in ADDED_ONLY:
        return held not in (None, wanted) and (wanted is None or wanted.value != "")
    return kind in BY_HAND and held != wanted


def _compared(account: ObservedAccount, other: ObservedAccount) -> list[Holding]:
    names = (account.name, other.name)
    left = {f"USER SYS.{name}" for name in names}
    return [
        each
        for each in account.holdings
        if _owner(each) not in names and each.on not in left and (each.kind, each.name) != ("through", other.name)
    ]  # what leads from one to the other is seen as proxy too


def _owner(holding: Holding) -> str | None:
    """Return whose object or schema a grant is on, if it is on one."""
    if holding.kind in ("object", "column"):
        return holding.on.partition(".")[0].rpartition(" ")[2]
    return holding.on if holding.kind == "schema" else None


def _mirrored(holding: Holding, twin: ObservedAccount, active: ObservedAccount) -> Holding:
    """Return what the twin holds where the active account has *holding*."""
    if holding.kind == "proxy" and holding.name == twin.name:
        return replace(holding, name=active.name)
    if holding.kind == "synonym":
        owner, _, name = holding.on.partition(".")
        other = {active.name: twin.name, twin.name: active.name}
        return replace(holding, on=f"{other.get(owner, owner)}.{name}")
    return holding


def _place(holding: Holding) -> tuple[HoldingKind, str, str | None]:
    return holding.kind, holding.name, None if holding.kind == "synonym" else holding.on


def _surplus(held: Holding, wanted: Holding | None) -> bool:
    """Say whether *held* must be taken away before *wanted* is given: all else is given over it."""
    if held.kind == "setting":
        return False
    return wanted is None or not held.options() <= wanted.options()


def _revoked(holding: Holding) -> Holding:
    """Return what to revoke: Oracle takes an object privilege from the whole object only (ORA-01750)."""
    if holding.kind == "column":
        return Holding("object", holding.name, holding.on.partition("(")[0])
    if holding.kind == "object":
        return Holding("object", holding.name, holding.on)
    return holding
