"""The guard: lists are read once for all and never trusted where that could make a twin; breakers by backend."""

import gc
import threading
import weakref
from typing import Any

import pytest

from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError, OutOfBudget, Retryable, Terminal, Uncertain
from oracleapi.guard import IAM_SHARE, SECRETS_SHARE, GuardedBackends
from oracleapi.held_secrets import SECRET_AGAIN_S, SECRET_DOUBTED_S, SECRET_FAULT_S, SECRET_KEPT_S
from oracleapi.inventory import LIST_DISTRUSTED_S, LIST_KEPT_S, Inventory, Lists
from oracleapi.model.gateway import CreateApi, DeleteApi, TagApi
from oracleapi.model.link import CreateLink, DeleteLink, DesiredLink
from oracleapi.ports import Answer
from oracleapi.runtime.budget import Budgets
from oracleapi.runtime.metrics import Metrics
from support.fake_iam import FakeIam
from support.fakes import FakeBackends, FakeClock, FakeGateway, FakeOracle, FakeSecrets

API = CreateApi("hr", {"owner": "me"})
LINK = CreateLink(DesiredLink("l", ("subnet-1",), ("sg-1",), {}))


class Account:
    """An inventory over a fake account."""

    def __init__(self) -> None:
        self.clock, self.aws = FakeClock(), FakeGateway()
        self.inventory = Inventory(self.aws, self.clock, Lists())

    def read(self, **how: bool) -> int:
        """List the APIs; returns how many real lists that cost."""
        before = self.aws.calls.count("list_apis")
        self.inventory.list_apis(**how)
        return self.aws.calls.count("list_apis") - before


def test_a_list_is_read_once_in_30_s_for_everybody() -> None:
    account = Account()
    assert [account.read() for _ in range(3)] == [1, 0, 0]
    account.clock.advance(LIST_KEPT_S - 1)
    assert account.read() == 0
    account.clock.advance(1)
    assert account.read() == 1


def test_where_an_absence_decides_it_is_read_anew() -> None:
    account = Account()
    assert [account.read(), account.read(fresh=True), account.read()] == [1, 1, 0]


def test_what_was_made_is_in_the_list_and_what_was_deleted_is_not() -> None:
    account = Account()
    account.read()
    made = account.inventory.create_api(API)
    assert [found.api_id for found in account.inventory.list_apis()] == [made.api_id]
    account.inventory.apply(DeleteApi(made.api_id))
    assert account.inventory.list_apis() == []
    assert account.aws.calls.count("list_apis") == 1


def test_after_a_create_whose_answer_was_lost_no_list_is_kept_for_a_minute() -> None:
    account = Account()
    account.read()
    account.aws.faults["CreateApi"] = [Uncertain(reasons.CREATE_UNCERTAIN, "x")]
    with pytest.raises(Uncertain):
        account.inventory.create_api(API)
    assert [account.read(), account.read()] == [1, 1]
    assert len(account.inventory.list_apis()) == 1
    account.clock.advance(LIST_DISTRUSTED_S)
    assert [account.read(), account.read()] == [1, 0]


def test_after_a_delete_or_a_change_of_tags_that_may_have_failed_the_list_is_read_anew() -> None:
    account = Account()
    made = account.inventory.create_api(API)
    account.read()
    account.aws.faults["DeleteApi"] = [Retryable(reasons.AWS_UNAVAILABLE, "x")]
    with pytest.raises(Retryable):
        account.inventory.apply(DeleteApi(made.api_id))
    assert account.read() == 1
    account.inventory.apply(TagApi(made.api_id, {"a": "b"}))
    assert account.inventory.list_apis()[0].tags == {"owner": "me", "a": "b"}


def test_links_are_read_anew_while_one_is_on_its_way() -> None:
    account = Account()

    def reads() -> int:
        before = account.aws.calls.count("list_links")
        account.inventory.list_links()
        return account.aws.calls.count("list_links") - before

    assert [reads(), reads()] == [1, 0]
    link_id = account.inventory.create_link(LINK)
    assert [reads(), reads()] == [1, 1]
    link = account.aws.links[link_id]
    account.aws.links[link_id] = link.__class__(**{**link.__dict__, "state": "AVAILABLE"})
    assert [reads(), reads()] == [1, 0]
    account.inventory.apply(DeleteLink(link_id))
    assert [reads(), reads()] == [1, 1]


class Spec:
    """What the guard reads of an account's and a database's spec."""

    account_id, region = "1", "eu-west-1"
    host, port, service_name = "db", 1521, "X"

    @property
    def connection(self) -> "Spec":
        return self


class World:
    def __init__(self) -> None:
        self.clock, self.backends, metrics = FakeClock(), FakeBackends(), Metrics()
        self.metrics = metrics
        self.guard = GuardedBackends(self.backends, self.clock, metrics, Budgets(self.clock, metrics, {}, "CallBudget"))
        self.spec: Any = Spec()
        self.gateway, self.oracle = self.guard.gateway(self.spec, None), self.guard.oracle(self.spec, {})

    def calls(self, fault: OperatorError, method: str, *arguments: Any) -> int:
        """Let *method* fail for ever and call it three times; returns how often AWS was asked."""
        before = len(self.backends.aws.calls)
        self.backends.aws.faults[method] = [fault] * 3
        for _ in range(3):
            with pytest.raises(OperatorError):
                getattr(self.gateway, method)(*arguments)
        return len(self.backends.aws.calls) - before

    def open(self, backend: str) -> float | None:
        return self.metrics.registry.get_sample_value("oracleapi_breaker_open", {"backend": backend})


@pytest.mark.parametrize(
    ("fault", "method", "asked"),
    [
        (Retryable(reasons.AWS_UNAVAILABLE, "no answer to apigateway:GetApi"), "find_api", 1),
        (Retryable(reasons.CREDENTIALS_MISSING, "AWS refused the credentials"), "find_api", 1),
        (Retryable(reasons.AWS_ACCESS_DENIED, "AWS denied sts"), "caller", 1),
        (Retryable(reasons.AWS_ACCESS_DENIED, "AWS denied GetStage"), "find_api", 3),
        (Retryable(reasons.CONFLICT, "not there"), "find_api", 3),
        (Terminal(reasons.AWS_REFUSED, "not valid"), "find_api", 3),
        (Retryable(reasons.AWS_THROTTLED, "429"), "find_api", 3),
    ],
)
def test_only_what_concerns_the_whole_account_opens_its_breaker(fault: OperatorError, method: str, asked: int) -> None:
    world = World()
    assert world.calls(fault, method, *(["api1"] if method == "find_api" else [])) == asked
    assert world.open(f"aws/1/eu-west-1 {method}") == (1.0 if asked == 1 else 0.0)


def test_an_answer_of_500_says_that_aws_is_there() -> None:
    world = World()
    fault = Retryable(reasons.AWS_UNAVAILABLE, "GetApi failed in AWS (500)")
    cause = OSError()
    cause.response = {}  # type: ignore[attr-defined]
    fault.__cause__ = cause
    assert world.calls(fault, "find_api", "api1") == 3


def test_being_denied_one_list_leaves_the_other_calls_open() -> None:
    world = World()
    world.calls(Retryable(reasons.AWS_ACCESS_DENIED, "AWS denied GetVpcLinks", 60.0), "list_links")
    world.gateway.list_apis()
    assert world.gateway.find_api("api1") is None
    before = world.backends.aws.calls.count("list_links")
    with pytest.raises(Retryable):
        world.gateway.list_links()
    assert world.backends.aws.calls.count("list_links") == before


def test_a_mended_secret_opens_another_adapter_and_begins_anew() -> None:
    world = World()
    world.backends.database.down = Retryable(reasons.LOGIN_DENIED, "reading X: ORA-01017", 120.0)
    for _ in range(2):
        with pytest.raises(Retryable, match="ORA-01017"):
            world.oracle.facts()
    world.backends.database = type(world.backends.database)("HR_API")
    assert world.guard.oracle(world.spec, {}).facts().version


def test_issuers_and_hosts_of_ords_have_breakers_of_their_own() -> None:
    world = World()

    def away(url: str) -> Answer:
        raise Retryable(reasons.ORDS_UNREACHABLE, f"no answer from ORDS at {url}")

    answer, world.backends.ords.ask = world.backends.ords.ask, away  # type: ignore[method-assign]
    probe = world.guard.probe(None)
    for path in ("a", "b"):
        with pytest.raises(Retryable):
            probe.ask(f"https://one.internal/ords/{path}")
    world.backends.ords.ask = answer  # type: ignore[method-assign]
    with pytest.raises(Retryable):
        world.guard.probe(None).ask("https://one.internal/ords/c")
    assert probe.ask("https://ords.internal/ords/").status == 200
    world.guard.allow_trial("ords/one.internal")
    assert world.guard.probe(None).ask("https://one.internal/ords/").status in (200, 404)
    assert world.guard.oidc().discover("https://idp.example.com/", None).keys == 1


AWAY = Retryable(reasons.AWS_UNAVAILABLE, "no answer to secretsmanager:GetSecretValue")


class Secrets(World):
    """One secret, read through the guard."""

    def __init__(self) -> None:
        super().__init__()
        self.store = self.backends.secret_store
        self.store.put("db", "v1", password="one")
        self.secrets = self.guard.secrets(self.spec, None)

    def read(self, refused: str | None = None, name: str = "db") -> tuple[str, int]:
        """Return the version that is read, or the reason of a fault, and how many calls that cost."""
        before = len(self.store.reads)
        try:
            found = self.secrets.read(name, refused).version
        except OperatorError as error:
            found = error.reason
        return found, len(self.store.reads) - before


def test_a_secret_is_read_once_in_five_minutes_for_everybody() -> None:
    world = Secrets()
    assert [world.read() for _ in range(3)] == [("v1", 1), ("v1", 0), ("v1", 0)]
    world.clock.advance(SECRET_KEPT_S - 1)
    world.store.put("db", "v2", password="two")
    assert world.read() == ("v1", 0)
    world.clock.advance(1)
    assert world.read() == ("v2", 1)


def test_a_version_that_is_refused_is_asked_about_once_and_then_as_often_as_logins_are_tried() -> None:
    world = Secrets()
    world.read()
    assert [world.read(refused="v1") for _ in range(5)] == [("v1", 1), *[("v1", 0)] * 4]
    world.clock.advance(SECRET_DOUBTED_S - 1)
    assert [world.read(), world.read(refused="v1")] == [("v1", 0), ("v1", 0)]
    world.clock.advance(1)
    assert [world.read(), world.read(refused="v1"), world.read()] == [("v1", 1), ("v1", 0), ("v1", 0)]


def test_whoever_was_refused_with_an_old_version_gets_the_new_one_without_a_call() -> None:
    world = Secrets()
    world.read()
    world.store.put("db", "v2", password="two")
    assert world.read(refused="v1") == ("v2", 1)
    assert [world.read(refused="v1") for _ in range(9)] == [("v2", 0)] * 9
    assert world.read(refused="v2") == ("v2", 1)


def test_what_is_missing_is_not_asked_for_by_each_object_in_turn() -> None:
    world = Secrets()
    assert [world.read(name="none") for _ in range(3)] == [(reasons.CREDENTIALS_MISSING, n) for n in (1, 0, 0)]
    world.store.put("none", "v1", password="x")
    world.clock.advance(SECRET_FAULT_S - 1)
    assert world.read(name="none") == (reasons.CREDENTIALS_MISSING, 0)
    world.clock.advance(1)
    assert world.read(name="none") == ("v1", 1)


def test_a_fault_that_is_told_again_keeps_its_kind_and_grows_no_trace() -> None:
    world = Secrets()
    caught = []
    for _ in range(2):
        with pytest.raises(DependencyNotReady) as found:
            world.secrets.read("none")
        caught.append(found.value)
    assert caught[0] is not caught[1]
    assert (caught[0].message, caught[0].retry_after_s) == (caught[1].message, caught[1].retry_after_s)


@pytest.mark.parametrize("fault", [AWAY, Retryable(reasons.AWS_THROTTLED, "x"), OutOfBudget(reasons.CALL_BUDGET, "x")])
def test_while_secrets_manager_is_away_what_it_said_last_is_used(fault: OperatorError) -> None:
    world = Secrets()
    world.read()
    world.clock.advance(SECRET_KEPT_S)
    world.store.faults = [fault]
    assert [world.read(), world.read()] == [("v1", 1), ("v1", 0)]
    world.store.put("db", "v2", password="two")
    world.clock.advance(SECRET_AGAIN_S)
    assert world.read() == ("v2", 1)


def test_a_right_that_was_taken_away_ends_the_use_of_what_was_read() -> None:
    world = Secrets()
    world.read()
    world.clock.advance(SECRET_KEPT_S)
    world.store.faults = [Retryable(reasons.AWS_ACCESS_DENIED, "AWS denied secret db", 60.0)]
    assert [world.read(), world.read()] == [(reasons.AWS_ACCESS_DENIED, 1), (reasons.AWS_ACCESS_DENIED, 0)]
    world.clock.advance(SECRET_FAULT_S)
    assert world.read() == ("v1", 1)


def test_a_first_read_that_fails_in_passing_is_soon_tried_again() -> None:
    world = Secrets()
    world.store.faults = [Retryable(reasons.AWS_THROTTLED, "x")]
    assert world.read() == (reasons.AWS_THROTTLED, 1)
    world.clock.advance(SECRET_AGAIN_S)
    assert world.read() == ("v1", 1)


def test_whoever_edits_or_asks_has_secrets_read_anew() -> None:
    world = Secrets()
    world.read()
    world.read(name="none")
    world.store.put("none", "v1", password="x")
    world.guard.allow_trial("aws/1/eu-west-1")
    assert [world.read(), world.read(name="none")] == [("v1", 1), ("v1", 1)]


def test_after_a_rotation_secrets_are_read_anew() -> None:
    world = Secrets()
    world.backends.rotated.put("db", "v1", password="one")
    world.read()
    rotated = world.guard.rotated_secrets(world.spec, None)
    rotated.put_pending("db", "v2", {"password": "two"})
    world.store.put("db", "v2", password="two")
    assert world.read() == ("v1", 0)
    assert rotated.make_current("db", "v2", "v1")
    assert world.read() == ("v2", 1)


def test_an_account_without_an_answer_is_not_asked_for_each_of_its_secrets() -> None:
    world = Secrets()
    world.store.faults = [AWAY]
    assert [world.read(name=name) for name in "abc"] == [(reasons.AWS_UNAVAILABLE, n) for n in (1, 0, 0)]
    assert world.open("aws/1/eu-west-1 secrets") == 1.0
    world.guard.allow_trial("aws/1/eu-west-1")
    assert world.read() == ("v1", 1)


def test_other_credentials_know_nothing_of_what_the_first_ones_read() -> None:
    world = Secrets()
    world.read()
    world.backends.secret_store = other = FakeSecrets()
    with pytest.raises(DependencyNotReady):
        world.guard.secrets(world.spec, {"AWS_ACCESS_KEY_ID": "other"}).read("db")
    assert other.reads == ["db"]


def test_a_value_that_nobody_uses_is_forgotten() -> None:
    world = Secrets()
    world.read()
    world.clock.advance(2 * SECRET_KEPT_S + 1)
    world.read(name="none")
    assert set(world.secrets._held._known) == {"none"}  # type: ignore[attr-defined]


def test_an_answer_that_was_on_its_way_when_somebody_asked_is_not_believed() -> None:
    world = Secrets()
    inner = world.store.read

    def meanwhile(secret_id: str, refused: str | None = None) -> Any:
        found = inner(secret_id)
        world.guard.allow_trial("aws/1/eu-west-1")
        return found

    world.store.read = meanwhile  # type: ignore[method-assign]
    world.read()
    world.store.read = inner  # type: ignore[method-assign]
    assert [world.read(), world.read()] == [("v1", 1), ("v1", 0)]


def test_iam_has_a_budget_of_its_own_for_the_account_and_a_breaker() -> None:
    """IAM knows no regions: two of them share what an account may ask."""
    world = World()
    meters: list[Any] = []

    def opened(spec: Any, secret: Any, meter: Any = None) -> FakeIam:
        meters.append(meter)
        return world.backends.policies

    world.backends.iam = opened  # type: ignore[method-assign]
    elsewhere: Any = Spec()
    elsewhere.region = "us-east-1"
    for spec in (world.spec, elsewhere):
        world.guard.iam(spec, None).observe_policy("arn", None)
    assert meters[0] is meters[1]
    assert (meters[0].name, meters[0].rate, meters[0].burst) == ("aws/1 iam", *IAM_SHARE)
    assert meters[0] is not world.guard._budgets.account("aws/1/eu-west-1")
    iam = world.guard.iam(world.spec, None)
    away = Retryable(reasons.AWS_UNAVAILABLE, "no answer to iam:GetPolicy")
    world.backends.policies.faults["observe_policy"] = [away] * 99
    for _ in range(20):
        with pytest.raises(Retryable):
            iam.observe_policy("arn", None)
    asked = len(world.backends.policies.calls)
    with pytest.raises(Retryable):
        iam.may_invoke("arn", ["r"])
    assert len(world.backends.policies.calls) == asked < 20
    assert world.open("aws/1/eu-west-1 iam") == 1.0
    world.backends.policies.faults.clear()
    world.guard.allow_trial("aws/1/eu-west-1")
    assert iam.observe_policy("arn", None).exists is False


def test_rotations_pay_out_of_the_budget_of_secrets_and_rest_together_while_it_is_away() -> None:
    world = World()
    meters: list[Any] = []
    asked: list[str] = []
    fault: list[OperatorError] = []

    class Rotated:
        def describe(self, name: str) -> None:
            asked.append(name)
            if fault:
                raise fault[0]

    rotated = Rotated()

    def opened(spec: Any, secret: Any, meter: Any = None) -> Any:
        meters.append(meter)
        return rotated

    world.backends.rotated_secrets = opened  # type: ignore[attr-defined]
    secrets = world.guard.rotated_secrets(world.spec, None)
    assert [secrets.describe("db") for _ in range(3)] == [None] * 3
    assert asked == ["db"] * 3, "every call goes out"
    assert meters[0] is world.guard._budgets.account("aws/1/eu-west-1 secrets")
    assert (meters[0].rate, meters[0].burst) == SECRETS_SHARE
    fault.append(Retryable(reasons.AWS_ACCESS_DENIED, "AWS denied secret db", 60.0))
    for _ in range(9):
        with pytest.raises(Retryable, match="AWS denied secret db"):
            secrets.describe("db")
    assert len(asked) == 12, "being denied one secret is not being denied them all"
    fault[0] = AWAY
    for other in range(9):
        with pytest.raises(Retryable, match="no answer"):
            world.guard.rotated_secrets(world.spec, None).describe(f"db{other}")
    assert len(asked) == 13
    assert world.open("aws/1/eu-west-1 rotated secrets") == 1.0
    fault.clear()
    world.guard.allow_trial("aws/1/eu-west-1")
    secrets.describe("db")
    assert world.open("aws/1/eu-west-1 rotated secrets") == 0.0


def test_a_denial_of_iam_concerns_one_binding() -> None:
    world = World()
    denied = Retryable(reasons.AWS_ACCESS_DENIED, "AWS denied iam:AttachRolePolicy", 60.0)
    world.backends.policies.faults["observe_policy"] = [denied] * 20
    iam = world.guard.iam(world.spec, None)
    for _ in range(20):
        with pytest.raises(Retryable):
            iam.observe_policy("arn", None)
    assert iam.observe_policy("arn", None).exists is False


def test_with_an_adapter_goes_what_was_known_through_it() -> None:
    """Passwords change; nothing holds the old ones."""
    world = Secrets()
    world.read()
    backends = world.backends
    backends.database = FakeOracle("HR_API")
    backends.database.down = Retryable(reasons.LOGIN_DENIED, "reading X: ORA-01017", 120.0)
    with pytest.raises(Retryable):
        world.guard.oracle(world.spec, {}).facts()
    known = [weakref.ref(found) for found in (world.store, world.secrets._held, backends.database)]  # type: ignore[attr-defined]
    backends.secret_store, backends.database = FakeSecrets(), FakeOracle("HR_API")
    del world.store, world.secrets
    gc.collect()
    assert [found() for found in known] == [None, None, None]


def test_an_account_with_other_keys_leaves_nothing_of_the_old_ones_and_reads_its_lists_anew() -> None:
    world = World()
    backends, guard = world.backends, world.guard
    for _ in range(2):
        guard.gateway(world.spec, None).list_apis()
    assert backends.aws.calls.count("list_apis") == 1
    backends.aws.faults["find_api"] = [Retryable(reasons.CREDENTIALS_MISSING, "AWS refused the credentials")]
    with pytest.raises(Retryable):
        guard.gateway(world.spec, None).find_api("api1")
    old = weakref.ref(backends.aws)
    backends.aws = FakeGateway()
    del world.gateway
    gc.collect()
    assert old() is None
    guard.gateway(world.spec, None).list_apis()
    assert guard.gateway(world.spec, None).find_api("api1") is None
    assert backends.aws.calls.count("list_apis") == 1


def test_a_share_that_no_spec_sets_is_not_told_as_one() -> None:
    world = World()
    meters: list[Any] = []
    world.backends.iam = lambda spec, secret, meter=None: meters.append(meter) or FakeIam()  # type: ignore[method-assign,func-returns-value]
    world.guard.iam(world.spec, None)

    def spend(calls: int) -> None:
        for _ in range(calls):
            meters[0].spend("GetPolicy")

    with pytest.raises(OutOfBudget, match="waiting for the turn of a call to AWS"):
        spend(int(IAM_SHARE[1]) + 1)


def test_many_at_once_wait_for_one_read() -> None:
    world = Secrets()
    began, go = threading.Event(), threading.Event()
    inner = world.store.read

    def slow(secret_id: str, refused: str | None = None) -> Any:
        began.set()
        assert go.wait(10)
        return inner(secret_id)

    world.store.read = slow  # type: ignore[method-assign]
    threads = [threading.Thread(target=world.secrets.read, args=("db",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert began.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert world.store.reads == ["db"]
