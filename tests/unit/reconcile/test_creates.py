"""Creates without a natural key: intent first, find by owner, never twice within the window."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.errors import DependencyNotReady, Retryable, Terminal, Uncertain
from oracleapi.model.ownership import TAG_OWNER, TAG_UID
from oracleapi.reconcile.creates import VISIBILITY_S, create_once, find_owned, wait_out_create
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.report import Report
from oracleapi.runtime.store import Key
from support import make
from support.fakes import FakeClock, FakeKubernetes

OWNER = make.owner("main", None, "AwsAccount")
MINE = {TAG_OWNER: str(OWNER), TAG_UID: "uid-main"}


@dataclass(frozen=True)
class Thing:
    id: str
    tags: dict[str, str] = field(default_factory=lambda: dict(MINE))
    created: str = ""


class Bench:
    def __init__(self) -> None:
        self.kube, self.clock = FakeKubernetes(), FakeClock()
        self.kube.apply(make.resource("AwsAccount", "main", {"accountId": "1" * 12, "region": "eu-west-1"}))

    def work(self) -> Pass[AwsAccountSpec]:
        """Return a new pass over the object as it is now."""
        resource = self.kube.find("AwsAccount", None, "main")
        assert resource is not None
        spec = AwsAccountSpec.model_validate(resource["spec"])
        key = Key("AwsAccount", None, "main")
        return Pass(key, resource, spec, OWNER, Report(), False, self.kube, self.clock)

    @property
    def intents(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.kube.status("AwsAccount", None, "main").get("intents", [])
        return found


@pytest.fixture
def bench() -> Bench:
    return Bench()


FINDS: list[tuple[str, list[Thing], str | None, str | None]] = [
    ("nothing", [], None, None),
    ("only others'", [Thing("a", {}), Thing("b", {TAG_OWNER: "cluster-1/AwsAccount/-/other"})], None, None),
    ("another installation's", [Thing("a", {TAG_OWNER: "cluster-2/AwsAccount/-/main"})], None, None),
    ("mine", [Thing("a", {}), Thing("b")], None, "b"),
    ("the one in status", [Thing("a", created="1"), Thing("b", created="2")], "b", "b"),
    ("the oldest where status knows none", [Thing("a", created="2"), Thing("b", created="1")], None, "b"),
    ("the oldest where status knows one that is gone", [Thing("a", created="2"), Thing("b", created="1")], "z", "b"),
    ("one that lost its owner tag, by id and UID", [Thing("a", {TAG_UID: "uid-main"})], "a", "a"),
    ("not by id alone", [Thing("a", {})], "a", None),
    ("not by UID alone", [Thing("a", {TAG_UID: "uid-main"})], None, None),
    ("not what somebody else owns", [Thing("a", {TAG_OWNER: "x", TAG_UID: "uid-main"})], "a", None),
]


@pytest.mark.parametrize(("things", "known", "found"), [row[1:] for row in FINDS], ids=[row[0] for row in FINDS])
def test_a_thing_is_found_by_its_owner(bench: Bench, things: list[Thing], known: str | None, found: str | None) -> None:
    (thing,) = find_owned(bench.work(), things, lambda each: each.id, known)[:1] or [None]
    assert (thing.id if thing is not None else None) == found


@pytest.mark.parametrize(
    ("listed", "known", "asked"),
    [([], "a", ["a"]), ([], None, []), ([Thing("b")], "a", []), ([Thing("b", {})], "a", ["a"])],
)
def test_the_one_in_status_is_asked_for_where_the_list_lags(
    bench: Bench, listed: list[Thing], known: str | None, asked: list[str]
) -> None:
    seen: list[str] = []

    def ask(name: str) -> Thing | None:
        seen.append(name)
        return Thing(name)

    (thing,) = find_owned(bench.work(), listed, lambda each: each.id, known, ask)[:1] or [None]
    assert seen == asked
    assert (thing.id if thing is not None else None) == ("a" if asked else "b" if listed else None)


def test_what_is_asked_for_must_be_ours_too(bench: Bench) -> None:
    foreign = Thing("a", {TAG_OWNER: "x"})
    assert find_owned(bench.work(), [], lambda each: each.id, "a", lambda _: foreign) == []


def test_the_intent_is_in_status_before_the_call_and_gone_after_it(bench: Bench) -> None:
    seen: list[Any] = []
    work = bench.work()

    def create() -> str:
        seen.extend(bench.intents)
        return "made"

    assert create_once(work, "Api", create) == "made"
    assert [(intent["object"], bool(intent["token"])) for intent in seen] == [("Api", True)]
    assert work.report.fields["intents"] == []


def test_a_lost_answer_keeps_the_intent(bench: Bench) -> None:
    work = bench.work()

    def lost() -> str:
        raise Uncertain("CreateUncertain", "no answer")

    with pytest.raises(Uncertain):
        create_once(work, "Api", lost)
    assert [intent["object"] for intent in bench.intents] == ["Api"]
    assert work.report.fields["intents"] != []


def test_a_fault_of_ours_keeps_the_intent(bench: Bench) -> None:
    work = bench.work()

    def broken() -> str:
        raise KeyError("ApiId")

    with pytest.raises(KeyError):
        create_once(work, "Api", broken)
    assert work.report.fields["intents"] != []


@pytest.mark.parametrize("error", [Retryable("AwsThrottled", "x"), Terminal("AwsRefused", "x")])
def test_a_refusal_takes_the_intent_back(bench: Bench, error: Exception) -> None:
    work = bench.work()

    def refused() -> str:
        raise error

    with pytest.raises(type(error)):
        create_once(work, "Api", refused)
    assert work.report.fields["intents"] == []


def open_create(bench: Bench) -> None:
    def lost() -> str:
        raise Uncertain("CreateUncertain", "no answer")

    with pytest.raises(Uncertain):
        create_once(bench.work(), "Api", lost)


@pytest.mark.parametrize("passed", [0, 1, 30, VISIBILITY_S - 1])
def test_within_the_window_nothing_is_sent(bench: Bench, passed: float) -> None:
    open_create(bench)
    bench.clock.advance(passed)
    with pytest.raises(DependencyNotReady) as caught:
        create_once(bench.work(), "Api", lambda: pytest.fail("a second create"))
    assert caught.value.reason == "CreateUncertain"
    assert caught.value.retry_after_s is not None
    assert 0 < caught.value.retry_after_s <= 5.0


def test_after_the_window_a_second_one_is_sent_under_a_new_intent(bench: Bench) -> None:
    open_create(bench)
    (first,) = bench.intents
    bench.clock.advance(VISIBILITY_S + 1)
    seen: list[Any] = []
    assert create_once(bench.work(), "Api", lambda: seen.extend(bench.intents) or "made") == "made"
    assert [intent["token"] for intent in seen] != [first["token"]]
    assert len(seen) == 1


def test_an_intent_for_something_else_does_not_wait(bench: Bench) -> None:
    open_create(bench)
    wait_out_create(bench.work(), "VpcLink")
    with pytest.raises(DependencyNotReady):
        wait_out_create(bench.work(), "Api")


def test_without_an_intent_there_is_nothing_to_wait_for(bench: Bench) -> None:
    wait_out_create(bench.work(), "Api")
