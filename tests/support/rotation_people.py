"""What people and other programs do around a rotation, each of it at any moment, and how they put it right again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from oracleapi.model.account import Holding
from oracleapi.model.rotation import CURRENT, PENDING, PREVIOUS, KubeSecret
from oracleapi.runtime.store import Key
from support.fake_rotation import LIMITS, RIGHTS, Account, Stored
from support.rotations import ACCOUNT, CONSUMERS, FIRST, NAME, SESSION, TWIN, accounts, database, secrets
from support.small_world import SmallWorld
from support.worlds import edit

WRITER, READER = Holding("role", "HR_WRITER", default=True), Holding("role", "HR_READER", default=True)
STUCK = "ProgressDeadlineExceeded"
KEPT, FILLED = ("hr", "hr-app-db"), ("hr", "from-eso")
"""The Secret that the rotation keeps; the one that somebody else fills."""
DATABASE = Key("OracleDatabase", None, "db")
OWN, INHERITED = "APP_ROTATED", "DEFAULT"
"""Profiles that DBAs made."""


class People:
    """Acts on a world; ``spoils`` names those after which the password that readers have may be wrong."""

    def __init__(self, world: SmallWorld) -> None:
        self.world = world
        self._made = 0
        no_rollover = {"FAILED_LOGIN_ATTEMPTS": "10", "PASSWORD_ROLLOVER_TIME": "0"}
        database(world).profiles |= {OWN: dict(LIMITS), INHERITED: LIMITS | no_rollover}

    def fresh(self) -> str:
        """Return a password of a person's."""
        self._made += 1
        return f"by-hand-of-a-person-{self._made:04}"

    @property
    def secret(self) -> Stored | None:
        found = secrets(self.world).secrets.get(NAME)
        return None if found is None or CURRENT not in found.labels else found

    @property
    def current(self) -> dict[str, Any]:
        """Return what readers get, or nothing."""
        found = self.secret
        return {} if found is None else found.values[found.labels[CURRENT]]

    def account(self) -> Account | None:
        """Return the account that readers log in with."""
        return accounts(self.world).get(str(self.current.get("username")))

    # the secret ------------------------------------------------------------------------------------------------

    def put(self, **changed: str) -> None:
        """Put a current version by hand."""
        if self.secret is not None:
            self._made += 1
            secrets(self.world).put(NAME, f"of-a-person-{self._made}", **self.current | changed)

    def put_the_same(self) -> None:
        self.put()

    def put_a_wrong_password(self) -> None:
        self.put(password=self.fresh())

    def put_another_account(self) -> None:
        self.put(username="HR_OTHER")

    def put_a_new_password(self) -> None:
        """Change the password in both places, as somebody does who has no operator."""
        found, new = self.account(), self.fresh()
        if found is not None:
            found.change(new)
            self.put(password=new)

    def begin_to_rotate(self) -> None:
        """Leave AWSPENDING on a version of their own."""
        if self.secret is not None:
            self._made += 1
            self.secret.values[f"of-a-person-{self._made}"] = self.current | {"password": self.fresh()}
            self.secret.move(PENDING, f"of-a-person-{self._made}")

    def take_pending_away(self) -> None:
        if self.secret is not None:
            self.secret.move(PENDING, None)

    def purge_versions(self) -> None:
        """Lose what has no label, as AWS may at any time."""
        if self.secret is not None:
            labelled = set(self.secret.labels.values())
            self.secret.values = {each: found for each, found in self.secret.values.items() if each in labelled}

    def make_pending_current(self) -> None:
        """Bring a rotation to its end by hand, however far it is."""
        if self.secret is not None and PENDING in self.secret.labels:
            secrets(self.world).put(
                NAME, self.secret.labels[PENDING], **self.secret.values[self.secret.labels[PENDING]]
            )

    def put_no_password(self) -> None:
        self.put(password="")

    def put_the_other_account(self) -> None:
        """Let readers take the twin, with the password that it has."""
        for name, found in accounts(self.world).items():
            if name != self.current.get("username"):
                self.put(username=name, password=found.password)

    def move_current_back(self) -> None:
        found = self.secret
        if found is not None and PREVIOUS in found.labels:
            found.labels |= {CURRENT: found.labels[PREVIOUS], PREVIOUS: found.labels[CURRENT]}

    def schedule_deletion(self) -> None:
        if self.secret is not None:
            self.secret.deleted = True

    def delete_secret_at_once(self) -> None:
        secrets(self.world).secrets.pop(NAME, None)

    def take_tags_away(self) -> None:
        if self.secret is not None:
            self.secret.tags.clear()

    def set_up_a_lambda(self) -> None:
        if self.secret is not None:
            self.secret.rotates = True

    # the database ----------------------------------------------------------------------------------------------

    def change_password(self) -> None:
        found = self.account()
        if found is not None:
            found.change(self.fresh())

    def change_both_passwords(self) -> None:
        for found in accounts(self.world).values():
            found.change(self.fresh())

    def expire_password(self) -> None:
        """Expire it: that ends a rollover."""
        found = self.account()
        if found is not None:
            found.expired, found.old = True, None

    def lock(self) -> None:
        found = self.account()
        if found is not None:
            found.locked = True

    def lock_the_other(self) -> None:
        for found in accounts(self.world).values():
            found.locked = found.locked or found is not self.account()

    def unlock(self) -> None:
        for found in accounts(self.world).values():
            found.locked, found.failures = False, 0

    def drop_the_other(self) -> None:
        for name in (ACCOUNT, TWIN):
            if name != self.current.get("username"):
                accounts(self.world).pop(name, None)

    def drop_account(self) -> None:
        accounts(self.world).pop(str(self.current.get("username")), None)

    def put_old_password_back(self) -> None:
        """Set the password that the version before has, as who restores yesterday does."""
        found = self.secret
        before = {} if found is None else found.values.get(found.labels.get(PREVIOUS, ""), {})
        account = accounts(self.world).get(str(before.get("username")))
        if account is not None:
            account.change(str(before["password"]))

    def end_rollover(self) -> None:
        found = self.account()
        if found is not None:
            found.old = None

    def make_table(self) -> None:
        found = self.account()
        if found is not None:
            found.owned = ("TABLE PAY",)

    def drop_tables(self) -> None:
        for found in accounts(self.world).values():
            found.owned = ()

    def set_limit(self, name: str, value: str) -> None:
        database(self.world).profiles[OWN][name] = value
        database(self.world).spread()

    def give_profile(self, name: str) -> None:
        found = self.account()
        if found is not None:
            found.profile = name
            database(self.world).spread()

    def give_default_profile(self) -> None:
        self.give_profile(INHERITED)

    def give_own_profile(self) -> None:
        self.give_profile(OWN)

    def let_profiles_be_made(self) -> None:
        edit(self.world, DATABASE, passwordRollover={"hours": 24})

    def let_other_profiles_be_made(self) -> None:
        edit(self.world, DATABASE, passwordRollover={"hours": 2})

    def let_no_profiles_be_made(self) -> None:
        edit(self.world, DATABASE, passwordRollover=None)

    def delegate(self, *names: str) -> None:
        (found,) = self.world.kube.objects[DATABASE]["spec"]["delegations"]
        edit(self.world, DATABASE, delegations=[found | {"accounts": list(names)}])

    def delegate_nothing(self) -> None:
        self.delegate()

    def delegate_no_twin(self) -> None:
        self.delegate(ACCOUNT)

    def delegate_both(self) -> None:
        self.delegate("HR_*")

    def roll_over(self) -> None:
        self.set_limit("PASSWORD_ROLLOVER_TIME", "1")

    def roll_over_shortly(self) -> None:
        self.set_limit("PASSWORD_ROLLOVER_TIME", "0.0416")

    def stop_rolling_over(self) -> None:
        self.set_limit("PASSWORD_ROLLOVER_TIME", "0")

    def stop_rolling_over_at_once(self) -> None:
        """Where the end follows the profile as it is now (docs/unproven.md)."""
        self.stop_rolling_over()
        for found in accounts(self.world).values():
            found.old = None

    def refuse_two_passwords(self) -> None:
        database(self.world).unsuitable = 2

    def refuse_all_passwords(self) -> None:
        database(self.world).unsuitable = 10_000

    def take_rights(self) -> None:
        database(self.world).rights.clear()

    def take_alter_user(self) -> None:
        database(self.world).rights.discard("ALTER USER")

    def give_rights(self) -> None:
        database(self.world).rights |= {*RIGHTS}

    def forbid_to_end_rollovers(self) -> None:
        database(self.world).old_may_end = False

    def allow_to_end_rollovers(self) -> None:
        database(self.world).old_may_end = True

    def grant_to_one(self) -> None:
        found = self.account()
        if found is not None:
            found.holdings.add(WRITER)

    def grant_to_the_other(self) -> None:
        for found in accounts(self.world).values():
            if found is not self.account():
                found.holdings ^= {WRITER}
                found.holdings.discard(READER)

    def refuse_grants(self) -> None:
        database(self.world).refuse |= {WRITER, SESSION}

    # the cluster -----------------------------------------------------------------------------------------------

    def delete_kubernetes_secret(self) -> None:
        self.world.workloads.secrets.pop(KEPT, None)

    def take_kubernetes_secret(self) -> None:
        self.world.workloads.secrets[KEPT] = KubeSecret(KEPT[1], "of-others", {"theirs": "x"})

    def spoil_kubernetes_secret(self) -> None:
        found = self.world.workloads.secrets.get(KEPT)
        if found is not None:
            self.world.workloads.secrets[KEPT] = replace(found, data={"password": "x"})

    def fill_secret(self) -> None:
        """Do what External Secrets does."""
        password = self.current.get("password", "")
        self.world.workloads.secrets[FILLED] = KubeSecret(FILLED[1], "eso", {"password": password})

    def delete_workload(self) -> None:
        self.world.workloads.workloads.pop(("Deployment", "hr", "app"), None)

    def slow_rollouts(self) -> None:
        self.world.workloads.quick = False

    def stick_rollouts(self) -> None:
        self.slow_rollouts()
        for key, found in self.world.workloads.workloads.items():
            if not found.settled:
                self.world.workloads.workloads[key] = replace(found, stuck=STUCK)

    def finish_rollouts(self) -> None:
        for each in CONSUMERS:
            key = (each["kind"], "hr", each["name"])
            if key not in self.world.workloads.workloads:
                self.world.workloads.add(*key)  # type: ignore[arg-type]
        self.world.workloads.quick = True
        for key, found in self.world.workloads.workloads.items():
            self.world.workloads.workloads[key] = replace(found, stuck="")
        self.world.workloads.finish()

    # what helps ------------------------------------------------------------------------------------------------

    def put_right(self) -> None:
        """Do what the messages say, but for the password."""
        self.unlock()
        self.drop_tables()
        self.roll_over()
        self.set_limit("FAILED_LOGIN_ATTEMPTS", "4")
        self.delegate_both()
        self.give_rights()
        self.allow_to_end_rollovers()
        database(self.world).unsuitable = 0
        database(self.world).refuse.clear()
        self.finish_rollouts()
        self.fill_secret()
        for key, found in list(self.world.workloads.secrets.items()):
            if found.owner in ("", "of-others"):
                del self.world.workloads.secrets[key]
        stored = secrets(self.world).secrets.get(NAME)
        if stored is not None:
            stored.rotates = stored.deleted = False
            if str(stored.labels.get(PENDING)).startswith("of-a-person"):
                stored.move(PENDING, None)
        if self.current and self.current["username"] not in (ACCOUNT, TWIN):
            self.put(username=ACCOUNT)
        for name in (ACCOUNT, self.current.get("username", ACCOUNT)):
            if name not in accounts(self.world):
                clock = database(self.world).clock
                accounts(self.world)[name] = Account(FIRST, clock=clock, holdings={SESSION})
        if self.current and not self.current["password"]:
            self.put(password=accounts(self.world)[self.current["username"]].password)
        for found in accounts(self.world).values():
            found.profile = OWN
        database(self.world).spread()

    def end_rollovers(self) -> None:
        """Let only the password that readers have go on."""
        for found in accounts(self.world).values():
            if found is not self.account() or found.password == self.current["password"]:
                found.old = None

    def put_the_password_right(self, where: str) -> None:
        """Make what readers get and what the database takes one again, in the secret or in the database."""
        found = self.account()
        if found is None or found.password == self.current["password"]:
            return
        if where == "database":
            found.change(str(self.current["password"]))
        elif where == "secret":
            self.put(password=found.password)


NO_ACTS = (
    "fresh", "account", "put", "set_limit", "give_profile", "delegate", "put_right", "end_rollovers",
    "put_the_password_right",
)  # fmt: skip
ACTS: dict[str, Callable[[People], None]] = {
    name: act
    for name, act in vars(People).items()
    if callable(act) and not name.startswith("_") and name not in NO_ACTS
}
"""Everything that may happen at any moment, by its name."""
