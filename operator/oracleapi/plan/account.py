"""The twin of an account: its name, and what makes it hold the same. Pure."""

from oracleapi.model.account import Equalize, ObservedAccount

SUFFIX = "_CLONE"


def twin_name(account: str) -> str:
    """Return the account that takes turns with *account*."""
    return account.removesuffix(SUFFIX) if account.endswith(SUFFIX) else account + SUFFIX


def plan_twin(active: ObservedAccount, twin: ObservedAccount) -> Equalize | None:
    """Return what makes *twin* hold what *active* holds, ``None`` where it does."""
    revoke, grant = twin.holdings - active.holdings, active.holdings - twin.holdings
    return Equalize(twin.name, tuple(sorted(revoke)), tuple(sorted(grant))) if revoke or grant else None
