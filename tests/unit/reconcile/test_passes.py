"""One pass: the object read live, the finalizer first, a status only where it differs, and when to come back."""

from typing import Any

import pytest

from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.common import FINALIZER
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.reconcile.passes import STALLED_RETRY_S, Pass, PassRunner, parse_spec, requested_at
from oracleapi.runtime.store import Key
from support import make
from support.fakes import FakeClock, FakeKubernetes

KEY = Key("AwsAccount", None, "main")


class Scripted:
    """A reconciler whose outcome a test sets."""

    kind, spec = "AwsAccount", AwsAccountSpec

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.seen: list[Pass[AwsAccountSpec]] = []
        self.forgotten: list[Key] = []
        self.requeue_s: float | None = None
        self.finalizing: Exception | None = None

    def reconcile(self, work: Pass[AwsAccountSpec]) -> None:
        self.seen.append(work)
        if self.requeue_s is not None:
            work.requeue(self.requeue_s)
            work.requeue(self.requeue_s + 1)
        if self.error is not None:
            raise self.error

    def finalize(self, work: Pass[AwsAccountSpec]) -> None:
        if self.finalizing is not None:
            raise self.finalizing

    def forget(self, key: Key) -> None:
        self.forgotten.append(key)


class Bench:
    def __init__(self, **spec: Any) -> None:
        self.kube, self.scripted = FakeKubernetes(), Scripted()
        self.runner = PassRunner(
            self.kube, FakeClock(), "cluster-1", {"AwsAccount": self.scripted}, jitter=lambda low, high: high
        )
        fields = {"accountId": "123456789012", "region": "eu-west-1", **spec}
        self.kube.apply(make.resource("AwsAccount", "main", fields))

    @property
    def object(self) -> dict[str, Any]:
        return self.kube.objects[KEY]

    def ready(self) -> tuple[str, str, str]:
        found = self.object["status"]["conditions"][0]
        return found["status"], found["reason"], found["message"]


def test_a_pass_of_an_object_that_is_gone_forgets_it() -> None:
    bench = Bench()
    bench.kube.objects.clear()
    assert bench.runner.run(KEY) is None
    assert bench.scripted.forgotten == [KEY]


def test_the_finalizer_comes_before_the_first_act() -> None:
    bench = Bench()
    bench.runner.run(KEY)
    assert bench.kube.writes[0] == "finalizer AwsAccount/main"
    assert bench.scripted.seen[0].resource["metadata"]["finalizers"] == [FINALIZER]
    bench.runner.run(KEY)
    assert bench.kube.writes.count("finalizer AwsAccount/main") == 1


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (None, 300 * 1.1),
        (Terminal("AccountMismatch", "x"), STALLED_RETRY_S * 1.1),
        (DependencyNotReady("LinkPending", "x", 5.0), 5.0),
        (Retryable("AwsAccessDenied", "x", 60.0), 60.0),
    ],
)
def test_each_outcome_has_its_next_time(error: Exception | None, seconds: float) -> None:
    bench = Bench()
    bench.scripted.error = error
    found = bench.runner.run(KEY)
    assert found == pytest.approx(seconds)


def test_the_spec_s_resync_period_counts() -> None:
    assert Bench(resyncSeconds=60).runner.run(KEY) == pytest.approx(66)


def test_a_reconciler_may_ask_for_an_earlier_time() -> None:
    bench = Bench()
    bench.scripted.requeue_s = 7.0
    assert bench.runner.run(KEY) == 7.0


@pytest.mark.parametrize("error", [Retryable("AwsThrottled", "x"), ValueError("x"), KeyError("x")])
def test_an_error_without_a_time_is_reported_and_then_backs_off(error: Exception) -> None:
    bench = Bench()
    bench.scripted.error = error
    with pytest.raises(Retryable):
        bench.runner.run(KEY)
    assert bench.ready()[0] == "Unknown"


def test_a_second_pass_writes_nothing() -> None:
    bench = Bench()
    bench.runner.run(KEY)
    before = list(bench.kube.writes)
    bench.runner.run(KEY)
    assert bench.kube.writes == before


def test_an_api_server_that_does_not_answer_is_backed_off_from() -> None:
    bench = Bench()

    def down(*_: Any) -> Any:
        raise Retryable("DependencyNotReady", "no answer from the API server")

    bench.kube.find = down  # type: ignore[method-assign]
    with pytest.raises(OperatorError):
        bench.runner.run(KEY)


def test_a_conflicting_status_write_is_an_error_that_backs_off() -> None:
    bench = Bench()
    reconcile = bench.scripted.reconcile

    def meanwhile(work: Pass[AwsAccountSpec]) -> None:
        bench.kube.apply(make.resource("AwsAccount", "main", {"accountId": "1" * 12, "region": "eu-west-1"}))
        reconcile(work)

    bench.scripted.reconcile = meanwhile  # type: ignore[method-assign]
    with pytest.raises(Retryable) as caught:
        bench.runner.run(KEY)
    assert caught.value.reason == "Conflict"


def test_release_comes_after_the_last_act() -> None:
    bench = Bench()
    bench.runner.run(KEY)
    bench.kube.delete(*KEY)
    bench.scripted.finalizing = DependencyNotReady("InUse", "still used by x", 30.0)
    assert bench.runner.run(KEY) == 30.0
    assert bench.ready() == ("False", "InUse", "deleting: still used by x")
    bench.scripted.finalizing = None
    assert bench.runner.run(KEY) is None
    assert KEY not in bench.kube.objects
    assert bench.scripted.forgotten == [KEY]


def test_an_object_without_our_finalizer_is_let_go() -> None:
    bench = Bench()
    bench.object["metadata"] |= {"deletionTimestamp": "2026-01-02T00:00:00Z", "finalizers": ["other"]}
    assert bench.runner.run(KEY) is None
    assert bench.scripted.seen == []
    assert bench.kube.writes == []


def test_finalizers_of_others_stay() -> None:
    bench = Bench()
    bench.object["metadata"]["finalizers"] = ["other"]
    bench.runner.run(KEY)
    bench.kube.delete(*KEY)
    bench.runner.run(KEY)
    assert bench.object["metadata"]["finalizers"] == ["other"]


@pytest.mark.parametrize(
    ("annotation", "spec", "policy"),
    [
        (None, {}, "Delete"),
        (None, {"deletionPolicy": "Retain"}, "Retain"),
        ("Retain", {}, "Retain"),
        ("Delete", {"deletionPolicy": "Retain"}, "Delete"),
    ],
)
def test_the_annotation_wins_over_the_spec_s_policy(annotation: str | None, spec: dict[str, Any], policy: str) -> None:
    metadata: dict[str, Any] = {"uid": "u", "generation": 1}
    if annotation is not None:
        metadata["annotations"] = {"oracleapi.dev/deletion-policy": annotation}
    work: Pass[OracleApiSpec] = Pass(
        Key("OracleApi", "hr", "hr"),
        {"metadata": metadata},
        OracleApiSpec.model_validate(make.api_spec(**spec)),
        make.owner(),
        report=None,  # type: ignore[arg-type]
        requested=False,
        kube=FakeKubernetes(),
        clock=FakeClock(),
    )
    assert work.deletion_policy == policy


# Specs


@pytest.mark.parametrize(
    ("model", "spec", "words"),
    [
        (AwsAccountSpec, {"region": "eu-west-1"}, "spec.accountId: Field required"),
        (AwsAccountSpec, {"accountId": 1, "region": "eu-west-1"}, "spec.accountId: "),
        (OracleApiSpec, make.api_spec() | {"routes": []}, "spec.routes: "),
        (OracleApiSpec, make.api_spec(make.route(method="PATCH")), "spec.routes.0.method: "),
        (OracleApiSpec, make.api_spec(make.route(handler={})), "spec.routes.0.handler.source: Field required"),
        (OracleApiSpec, make.api_spec(stage={"throttle": {"burst": 1}}), "spec.stage.throttle.requestsPerSecond: "),
        (OracleDatabaseSpec, {"environment": "dev"}, "spec.connection: Field required"),
    ],
)
def test_a_bad_spec_is_named_by_its_field(model: Any, spec: dict[str, Any], words: str) -> None:
    with pytest.raises(Terminal) as caught:
        parse_spec(model, {"spec": spec})
    assert caught.value.reason == "InvalidSpec"
    assert caught.value.message.startswith(words)


def test_fields_of_a_newer_crd_are_tolerated() -> None:
    spec = {"accountId": "1" * 12, "region": "eu-west-1", "novelty": {"x": 1}}
    assert parse_spec(AwsAccountSpec, {"spec": spec}).region == "eu-west-1"


def test_a_bad_spec_is_stalled_before_anything_is_done() -> None:
    bench = Bench(region=5)
    bench.runner.run(KEY)
    assert bench.ready()[:2] == ("False", "InvalidSpec")
    assert bench.scripted.seen == []
    assert bench.kube.writes == ["status AwsAccount/main"]


@pytest.mark.parametrize(
    ("annotations", "found"),
    [({}, None), ({"oracleapi.dev/reconcile-requested-at": "x" * 99}, "x" * 64), ({"other": "x"}, None)],
)
def test_a_request_is_read_from_its_annotation_within_the_limit(annotations: dict[str, str], found: str | None) -> None:
    assert requested_at({"metadata": {"annotations": annotations}}) == found


def test_a_request_counts_once() -> None:
    bench = Bench()
    bench.object["metadata"]["annotations"] = {"oracleapi.dev/reconcile-requested-at": "now"}
    bench.runner.run(KEY)
    bench.runner.run(KEY)
    assert [work.requested for work in bench.scripted.seen] == [True, False]
