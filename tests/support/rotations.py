"""Worlds with a ``SecretRotation``, and what must be true of its account and secret at every moment."""

import functools
from collections.abc import Callable
from typing import Any

from oracleapi.errors import Retryable
from oracleapi.model.account import Holding
from oracleapi.model.rotation import CURRENT, PENDING, PREVIOUS
from oracleapi.runtime.store import Key
from support import make
from support.fake_rotation import Account, FakeAccounts, FakeRotatedSecrets
from support.small_world import SmallWorld
from support.worlds import annotate, edit

ROTATION = Key("SecretRotation", "hr", "hr-app")
NAME, ACCOUNT, TWIN = "hr/app", "HR_APP", "HR_APP_CLONE"
FIRST = "first-password-of-hr-app"
SESSION = Holding("system", "CREATE SESSION")
DAY_S = 86400.0
KUBERNETES = {"accountRef": {"name": "main"}, "name": NAME, "kubernetesSecret": {"name": "hr-app-db"}}
CONSUMERS = [{"kind": "Deployment", "name": "app"}, {"kind": "StatefulSet", "name": "batch"}]


def unborn(there: bool = True, **fields: Any) -> SmallWorld:
    """Return a world in which a rotation was just applied; *fields* are of its spec, *there* whether its secret is."""
    world = SmallWorld(*make.rotating_world(), start=False)
    accounts(world)[ACCOUNT] = Account(FIRST, holdings={SESSION, Holding("role", "HR_READER", default=True)})
    if there:
        secrets(world).put(NAME, "v1", username=ACCOUNT, password=FIRST, team={"of": "theirs"})
    for each in CONSUMERS:
        world.workloads.add(each["kind"], "hr", each["name"])  # type: ignore[arg-type]
    world.apply(make.rotation(**fields))
    return world


def settled(**fields: Any) -> SmallWorld:
    """Return a settled world whose rotation is not due yet."""
    world = unborn(**fields)
    world.settle()
    return world


def without_rollover(**fields: Any) -> SmallWorld:
    """Return a settled world whose account has a profile, APP_PROFILE, that keeps no old password."""
    world = unborn(**fields)
    account = accounts(world)[ACCOUNT]
    account.profile, account.limits = "APP_PROFILE", account.limits | {"PASSWORD_ROLLOVER_TIME": "0"}
    database(world).profiles["APP_PROFILE"] = dict(account.limits)
    world.settle()
    return world


def given_a_profile() -> SmallWorld:
    """Return a settled, watched world whose account gets a profile before its first rotation."""
    world = without_rollover()
    edit(world, Key("OracleDatabase", None, "db"), passwordRollover={"hours": 24})
    world.settle()
    return watched(world, CURRENT)


def accounts(world: SmallWorld) -> dict[str, Account]:
    return world.backends.database.accounts.accounts


def database(world: SmallWorld) -> FakeAccounts:
    return world.backends.database.accounts


def secrets(world: SmallWorld) -> FakeRotatedSecrets:
    return world.backends.rotated


def current(world: SmallWorld) -> dict[str, Any]:
    return secrets(world).current(NAME)


def status(world: SmallWorld) -> dict[str, Any]:
    return world.kube.status(*ROTATION)


def ask(world: SmallWorld, request: str = "now") -> None:
    """Ask for a rotation, as a person does."""
    annotate(world, ROTATION, rotate_requested_at=request)


def rotate(world: SmallWorld, request: str = "now") -> None:
    ask(world, request)
    world.settle()


def reachable(world: SmallWorld, *labels: str) -> bool:
    """Say whether a version with one of *labels* holds what its account takes now."""
    found = secrets(world).secrets[NAME]
    versions = [found.values[found.labels[label]] for label in labels if label in found.labels]
    return any(accounts(world)[each["username"]].takes(each["password"]) for each in versions)


def passwords(world: SmallWorld) -> set[str]:
    """Return every password that is or was in the secret or an account's."""
    versions = [each for found in secrets(world).secrets.values() for each in found.values.values()]
    stored = [each["password"] for each in versions if "password" in each]
    return {*stored, *(password for account in accounts(world).values() for password in account.used)} - {""}


def shown(world: SmallWorld, *texts: str) -> list[str]:
    """Return the passwords that stand in an object, an event or one of *texts*, where people read them."""
    said = [repr(world.kube.objects), repr(world.kube.events), *texts]
    return [password for password in passwords(world) if any(password in text for text in said)]


def check_done(world: SmallWorld) -> None:
    """Check that readers get what works, that no account is locked, that nothing is half done and no password shown."""
    assert not shown(world)
    assert reachable(world, CURRENT)
    assert not any(account.locked for account in accounts(world).values())
    assert PENDING not in secrets(world).secrets[NAME].labels, "a version is left pending"
    assert "rotation" not in status(world), f"in the middle of one: {status(world)}"
    assert status(world)["step"] == "Idle"
    assert status(world)["versionId"] == secrets(world).secrets[NAME].labels[CURRENT]


def watched(world: SmallWorld, *labels: str) -> SmallWorld:
    """Have every change looked at: a version with one of *labels* always works, and nobody gets locked out."""
    backends = world.backends

    def after(function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        answer = function(*arguments, **more)
        if CURRENT in getattr(secrets(world).secrets.get(NAME), "labels", {}):
            what = getattr(function, "__name__", "call")
            assert reachable(world, *labels), f"after {what} no version {' or '.join(labels)} works"
            assert not any(account.locked for account in accounts(world).values()), f"after {what} one is locked"
        return answer

    for double, names in (
        (backends.rotated, ("make_current", "put_pending", "drop_pending")),
        (backends.log_ons, ("change", "end_rollover", "prove")),
        (backends.database, ("apply_account",)),
    ):
        for name in names:
            setattr(double, name, functools.partial(after, getattr(double, name)))
    return world


def begun(labels: tuple[str, ...] = (CURRENT,), **fields: Any) -> Callable[[], SmallWorld]:
    """Return what makes a settled, watched world that was rotated once before."""

    def start() -> SmallWorld:
        world = settled(**fields)
        rotate(world, "before")
        check_done(world)
        world.clock.advance(400)
        world.settle()
        return watched(world, *labels)

    return start


def rotated(strategy: str, account: str, entries: int = 2) -> Callable[[SmallWorld], None]:
    """Return a check that a rotation by *strategy* came to its end, once."""

    def check(world: SmallWorld) -> None:
        check_done(world)
        assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
        assert current(world)["username"] == account
        history = status(world)["history"]
        assert [each["result"] for each in history] == ["Succeeded"] * entries
        assert history[0]["strategy"] == strategy
        written = world.workloads.secrets.get(("hr", "hr-app-db"))
        if written is not None:
            assert written.data["password"] == current(world)["password"]

    return check


def left(world: SmallWorld) -> None:
    """Check that the object is gone, and that its readers have what works, and what will go on working."""
    assert world.kube.find(*ROTATION) is None
    found = current(world)
    account = accounts(world)[found["username"]]
    assert account.password == found["password"]
    assert PENDING not in secrets(world).secrets[NAME].labels
    written = world.workloads.secrets[("hr", "hr-app-db")]
    assert (written.owner, written.data["password"]) == ("", found["password"])


def stuck(at: str) -> Callable[[], SmallWorld]:
    """Return what makes a world whose rotation cannot go on from a call of Secrets Manager, or from its consumers."""

    def start() -> SmallWorld:
        world = settled(secret=KUBERNETES, consumers=CONSUMERS)
        world.workloads.quick = at != "consumers"
        secrets(world).faults[at] = [Retryable("AwsUnavailable", "no answer")] * 1000
        ask(world)
        world.settle(30.0)
        assert "rotation" in status(world)
        secrets(world).faults.clear()
        return watched(world, CURRENT)

    return start


def delete(world: SmallWorld) -> None:
    world.delete("SecretRotation", "hr", "hr-app")


SINGLE = (CURRENT, PENDING, PREVIOUS)
"""Where a strategy has a gap, the pending version is what works in it."""
