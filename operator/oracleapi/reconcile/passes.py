"""One pass over one object, the same for every kind: read it, act by its reconciler, report.

The object is read live at the start; status is written only when it differs; the finalizer comes before the first
act outside and goes after the last.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import structlog
from pydantic import ValidationError

from oracleapi.api import reasons
from oracleapi.api.common import APPROVED_PLAN, DELETION_POLICY, FINALIZER, REQUESTED_AT, OfferSpec
from oracleapi.api.conditions import READY, RECONCILING, SUSPENDED, Condition
from oracleapi.errors import OperatorError, OutOfBudget, Retryable, Terminal
from oracleapi.model.ownership import Owner
from oracleapi.ports import Kubernetes, Resource
from oracleapi.reconcile.report import Report, build_status, event_for, last_seen, readiness
from oracleapi.runtime.clock import Clock, timestamp
from oracleapi.runtime.limiter import EventLimiter
from oracleapi.runtime.store import Key

S = TypeVar("S", bound=OfferSpec)
LOG = structlog.get_logger("oracleapi.reconcile")
STALLED_RETRY_S = 300.0


@dataclass
class Pass(Generic[S]):
    """What a reconciler works with in one pass.

    Args:
        resource: The object as read at the start, or as stored after the last write of this pass.
        spec: Its spec, parsed.
        owner: Whose things its remote things are.
        report: Filled on the way.
        requested: Somebody asked for this pass by annotation: no shortcut may be taken.
    """

    key: Key
    resource: Resource
    spec: S
    owner: Owner
    report: Report
    requested: bool
    kube: Kubernetes
    clock: Clock
    requeue_s: float | None = None
    events: list[tuple[bool, str, str]] = field(default_factory=list)

    @property
    def uid(self) -> str:
        return str(self.resource["metadata"]["uid"])

    @property
    def status(self) -> dict[str, Any]:
        return dict(self.resource.get("status", {}))

    @property
    def generation(self) -> int:
        return int(self.resource["metadata"]["generation"])

    @property
    def settled(self) -> bool:
        """Say whether this generation was already Ready."""
        return self.said_true(READY)

    def said_true(self, type_: str) -> bool:
        """Say whether a condition was seen True for this generation."""
        return any(
            (found["type"], found["status"], found.get("observedGeneration")) == (type_, "True", self.generation)
            for found in self.status.get("conditions", [])
        )

    @property
    def mode(self) -> str:
        """Return Enforce, Approve or Report; kinds that change nothing outside have no other than Enforce."""
        return str(getattr(self.spec, "mode", "Enforce"))

    @property
    def approved_hash(self) -> str | None:
        """Return the plan's hash that somebody put into the annotation, or ``None``."""
        found = self.resource["metadata"].get("annotations", {}).get(APPROVED_PLAN)
        return str(found) if found is not None else None

    @property
    def deletion_policy(self) -> str:
        """Return Delete or Retain; the annotation wins over the spec, for the object may be deleting already.

        ``mode: Report`` wins over both: nothing outside is ever written.
        """
        if self.mode == "Report":
            return "Retain"
        annotations = self.resource["metadata"].get("annotations", {})
        return str(annotations.get(DELETION_POLICY) or getattr(self.spec, "deletion_policy", "Delete"))

    def event(self, warning: bool, reason: str, message: str) -> None:
        """Record an event once the pass has written its status."""
        self.events.append((warning, reason, message))

    def write_now(self, message: str) -> None:
        """Write what the report holds now, in the middle of a pass: an intent, or an id that must not be lost."""
        waiting = [
            Condition(READY, "Unknown", reasons.PROGRESSING, message),
            Condition(RECONCILING, "True", reasons.PROGRESSING, message),
        ]
        kept = last_seen(self.resource, self.report)
        status = build_status(self.resource, self.report, waiting, None, timestamp(self.clock), kept)
        if status != self.status:
            self.resource = self.kube.patch_status(self.resource, status)

    def requeue(self, seconds: float) -> None:
        """Ask for another pass in *seconds*, or sooner if something else asks."""
        self.requeue_s = seconds if self.requeue_s is None else min(self.requeue_s, seconds)


class Reconciler(Protocol[S]):
    """One kind's way from spec to world. Both methods fill the report and raise our errors."""

    kind: str
    spec: type[S]

    def reconcile(self, work: Pass[S]) -> None: ...
    def finalize(self, work: Pass[S]) -> None:
        """Take the object's things away; returning means that nothing is left. Raises to wait."""
        ...

    def forget(self, key: Key) -> None:
        """Drop what is remembered of an object that is gone."""
        ...


@dataclass
class PassRunner:
    """Runs passes; returns when the next one is due.

    Args:
        installation: Installation id, or a function that finds it.
    """

    kube: Kubernetes
    clock: Clock
    installation: str
    reconcilers: dict[str, Reconciler[Any]]
    jitter: Callable[[float, float], float] = random.uniform

    def __post_init__(self) -> None:
        self._limiter = EventLimiter(self.clock)

    def run(self, key: Key) -> float | None:
        """Run one pass of *key*; returns seconds to the next one, or ``None`` when the object is gone.

        Raises:
            Retryable: The API server did not answer; nothing can be reported, the caller backs off.
        """
        reconciler = self.reconcilers[key.kind]
        resource = self.kube.find(key.kind, key.namespace, key.name)
        if resource is None:
            reconciler.forget(key)
            return None
        log = LOG.bind(kind=key.kind, namespace=key.namespace, name=key.name)
        deleting = bool(resource["metadata"].get("deletionTimestamp"))
        if deleting and FINALIZER not in resource["metadata"].get("finalizers", []):
            return None
        report = Report()
        try:
            spec = parse_spec(reconciler.spec, resource)
        except Terminal as fault:
            return self._close(resource, report, fault, None, [], None)
        work = self._begin(key, resource, spec, report)
        error: Exception | None = None
        try:
            if self._act(reconciler, work, deleting):
                return None
        except OperatorError as caught:
            if isinstance(caught, OutOfBudget) and work.resource is resource:
                raise  # nothing was written on the way: the pass comes again in its place, and nobody need know
            error = caught
            log.info("Pass ended early", reason=caught.reason, message=caught.message)
        except Exception as caught:
            error = caught
            log.exception("Pass failed by a fault of ours")
        if spec.suspend and not deleting:
            return self._close_suspended(work)
        return self._close(work.resource, report, error, requested_at(resource), work.events, work)

    def _begin(self, key: Key, resource: Resource, spec: OfferSpec, report: Report) -> Pass[Any]:
        metadata = resource["metadata"]
        asked = requested_at(resource)
        return Pass(
            key=key,
            resource=resource,
            spec=spec,
            owner=Owner(self.installation, key.kind, key.namespace, key.name, metadata["uid"]),
            report=report,
            requested=asked is not None and asked != resource.get("status", {}).get("lastHandledReconcileAt"),
            kube=self.kube,
            clock=self.clock,
        )

    def _act(self, reconciler: Reconciler[Any], work: Pass[Any], deleting: bool) -> bool:
        """Do the kind's work; returns whether the object was released."""
        if deleting:
            reconciler.finalize(work)
            if work.mode == "Report":
                text = "mode: Report writes nothing outside; whatever is there was left behind, as with Retain"
                work.event(True, reasons.LEFT_OUTSIDE, text)
            self._tell(work.resource, work.events)
            self.kube.remove_finalizer(work.resource)
            reconciler.forget(work.key)
            self._limiter.forget(work.uid)
            return True
        if work.spec.suspend:
            return False
        if FINALIZER not in work.resource["metadata"].get("finalizers", []):
            work.resource = self.kube.add_finalizer(work.resource)
        reconciler.reconcile(work)
        return False

    def _close_suspended(self, work: Pass[Any]) -> float:
        """Keep what was last seen, Ready included, and say that nothing is acted on."""
        kept = [found["type"] for found in work.status.get("conditions", []) if found["type"] != RECONCILING]
        said = [Condition(SUSPENDED, "True", reasons.SUSPENDED, "spec.suspend is true; nothing is acted on")]
        if READY not in kept:
            said.append(Condition(READY, "Unknown", reasons.SUSPENDED, "suspended before it was ever reconciled"))
        asked, now = requested_at(work.resource), timestamp(self.clock)
        self._write(work.resource, build_status(work.resource, Report(), said, asked, now, kept), [])
        return float(work.spec.resync_seconds)

    def _close(
        self,
        resource: Resource,
        report: Report,
        error: Exception | None,
        asked: str | None,
        events: list[tuple[bool, str, str]],
        work: Pass[Any] | None,
    ) -> float:
        """Write the status where it differs and say when to come back.

        Raises:
            Retryable: The error of the pass where only backoff is known, after it was reported.
        """
        deleting = bool(resource["metadata"].get("deletionTimestamp"))
        if deleting and isinstance(error, OperatorError) and isinstance(error, Retryable):
            message = f"deleting: {error.message}"
            conditions = [
                Condition(READY, "False", error.reason, message),
                Condition(RECONCILING, "True", error.reason, message),
            ]
        else:
            conditions = readiness(error, report.message)
        kept = last_seen(resource, report) if error is not None else ()
        self._write(resource, build_status(resource, report, conditions, asked, timestamp(self.clock), kept), events)
        own = self._again_s(error, work)
        return own if work is None or work.requeue_s is None else min(own, work.requeue_s)

    def _again_s(self, error: Exception | None, work: Pass[Any] | None) -> float:
        """Return when the object comes again by itself. Raises as :meth:`_close`."""
        resync = float(work.spec.resync_seconds) if work is not None else STALLED_RETRY_S
        if error is None or (isinstance(error, Terminal) and error.reason == reasons.DRIFTED):
            return resync * self.jitter(0.9, 1.1)
        if isinstance(error, Terminal):
            return STALLED_RETRY_S * self.jitter(0.9, 1.1)
        if isinstance(error, Retryable) and error.retry_after_s is not None:
            return error.retry_after_s
        raise error if isinstance(error, Retryable) else Retryable(reasons.INTERNAL_ERROR, type(error).__name__)

    def _write(self, resource: Resource, status: dict[str, Any], events: list[tuple[bool, str, str]]) -> None:
        old = resource.get("status", {})
        if status != old:
            resource = self.kube.patch_status(resource, status)
            changed = event_for(old, status)
            if changed is not None:
                events = [changed, *events]
        self._tell(resource, events)

    def _tell(self, resource: Resource, events: list[tuple[bool, str, str]]) -> None:
        for warning, reason, message in events:
            if self._limiter.allows(resource["metadata"]["uid"], reason, message):
                self.kube.record_event(resource, warning, reason, message)


def requested_at(resource: Resource) -> str | None:
    """Return the value of the request annotation, or ``None``."""
    found = resource["metadata"].get("annotations", {}).get(REQUESTED_AT)
    return str(found)[:64] if found is not None else None


def parse_spec(model: type[S], resource: Resource) -> S:
    """Return the spec as a model.

    Raises:
        Terminal: ``InvalidSpec``, naming the first bad field; the schema refuses most of them before us.
    """
    try:
        return model.model_validate(resource["spec"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in ("spec", *first["loc"]))
        raise Terminal(reasons.INVALID_SPEC, f"{where}: {first['msg']}") from error
