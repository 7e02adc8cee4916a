"""After the switch: the Kubernetes Secret, the consumers, the end of the old password; safe to repeat anywhere."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.secretrotation import Consumer
from oracleapi.desired.groups import schema_alias
from oracleapi.desired.probe import PROBE_GROUP, PROBE_PATH, has_probe
from oracleapi.errors import DependencyNotReady, Retryable
from oracleapi.model.opened import OpenRotation
from oracleapi.ports import Backends
from oracleapi.reconcile.passes import parse_spec
from oracleapi.reconcile.references import References
from oracleapi.reconcile.rotation_place import Place
from oracleapi.reconcile.rotation_proof import say_verified
from oracleapi.reconcile.rotation_run import end_rollover
from oracleapi.runtime.clock import parse_timestamp
from oracleapi.runtime.store import Key

AGAIN_S = 5.0
"""How often a rollout and a Secret that somebody else fills are looked at."""
ABSENT_S = 60.0
LOOK_S = 300.0
"""How often AWS is asked meanwhile whether somebody else wrote the secret."""
RAN = (200, 403)
"""The handler answered, or the guard did: for both ORDS has a session."""
HOUR_S = 3600.0
TEXTS = ("username", "password", "host", "port", "dbname", "serviceName", "connectString")


@dataclass(frozen=True)
class Bringing:
    """A version on its way, as the last pass left it: a rollout takes minutes, and its labels stay as they are.

    Args:
        since: When AWS was last asked about it.
        values: The version's, if they were read.
    """

    token: str
    since: float
    values: Mapping[str, Any] | None = field(default=None, repr=False)


class Delivery:
    """Brings a new version to its readers."""

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends
        self._bringing: dict[Key, Bringing] = {}

    def forget(self, key: Key) -> None:
        self._bringing.pop(key, None)

    def going_on(self, place: Place) -> OpenRotation | None:
        """Return the rotation that waits for its consumers only, where AWS was asked about it not long ago."""
        work = place.work
        found, opened = self._bringing.get(work.key), OpenRotation.of(work.status)
        if found is None or opened is None:
            return None
        recent = work.clock.now() - found.since < LOOK_S and not place.again
        if not recent or (opened.token, opened.step) != (found.token, "Delivering"):
            self.forget(work.key)
            return None
        if found.values is not None:
            place.values[opened.token] = found.values
        return opened

    def check(self, place: Place, version: str, begins: bool) -> None:
        """Check, while readers have what works, that a new version can be brought to them; keep the Secret.

        Args:
            begins: A rotation begins now. Before, a consumer may be missing: it may start with the Secret only.

        Raises:
            DependencyNotReady: ``WaitingForConsumers``, one is not there.
        """
        self.keep_secret(place, version)
        for each in place.spec.consumers:
            found = place.workloads.find_workload(each.kind, place.namespace, each.name)
            if begins and found is None:
                raise DependencyNotReady(
                    reasons.WAITING_FOR_CONSUMERS, f"the password is not changed while {_absent(each)}", ABSENT_S
                )

    def keep_secret(self, place: Place, version: str) -> None:
        """Write the Kubernetes Secret, if one is asked for; nothing is sent where it is as it should be."""
        wanted, work = place.spec.secret.kubernetes_secret, place.work
        name, before = None if wanted is None else wanted.name, work.status.get("kubernetesSecret")
        if name is not None:
            data = secret_data(place.read(version), version)
            place.workloads.write_secret(place.namespace, name, data, work.resource)
        if before not in (None, name):
            place.workloads.release_secret(place.namespace, before, work.resource)
            text = f"Secret {before} gets no new versions any more; delete it once nothing reads it"
            work.event(True, reasons.SECRET_RELEASED, text)
        work.report.fields["kubernetesSecret"] = name

    def leave_secret(self, place: Place, version: str) -> None:
        """Write it a last time, unless it was released already."""
        wanted = place.spec.secret.kubernetes_secret
        found = None if wanted is None else place.workloads.read_secret(place.namespace, wanted.name)
        if found is not None and found.owner == place.work.uid:
            self.keep_secret(place, version)

    def bring(self, place: Place, opened: OpenRotation) -> None:
        """Carry on until every consumer has moved and the old password has ended.

        Raises:
            DependencyNotReady: ``WaitingForConsumers``, naming the first one and what it waits for.
        """
        work, consumers = place.work, place.spec.consumers
        found = self._bringing.get(work.key)
        if found is None:
            self.keep_secret(place, opened.token)
            found = Bringing(opened.token, work.clock.now())
        restarted = {_name(each) for each in consumers} & set(opened.restarted)
        waiting = [
            text for each in consumers if (text := self._moving(place, each, opened.token, restarted)) is not None
        ]
        if restarted != set(opened.restarted):
            opened = place.note(replace(opened, restarted=tuple(sorted(restarted))))
        self._bringing[work.key] = replace(found, values=place.values.get(opened.token))
        place.work.report.fields["consumersMoved"] = (
            f"{len(consumers) - len(waiting)}/{len(consumers)}" if consumers else None
        )
        if waiting:
            more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
            raise DependencyNotReady(
                reasons.WAITING_FOR_CONSUMERS,
                f"the new password is in place; {waiting[0]}{more}{_until(place)}",
                AGAIN_S,
            )
        if "Ords" in place.spec.verify:
            self._ask_ords(place)
        if opened.strategy == "Rollover" and consumers:
            _say_short(place)
            self._end_old(place, opened)
        self.forget(work.key)

    def _moving(self, place: Place, consumer: Consumer, version: str, restarted: set[str]) -> str | None:
        """Return what a consumer waits for, ``None`` once it has moved.

        Args:
            restarted: Those that were, once each: another rotation, or whoever keeps the template as it is elsewhere,
                may write the annotation after us. This one is added.
        """
        name, namespace = _name(consumer), place.namespace
        found = place.workloads.find_workload(consumer.kind, namespace, consumer.name)
        if found is None:
            return _absent(consumer)
        if found.version != version and name not in restarted:
            awaited = consumer.wait_for_secret
            if awaited is not None and not self._carries(place, awaited.name, awaited.text_key, version):
                return f"{name} is restarted once key {awaited.text_key} of Secret {awaited.name} has the new password"
            place.workloads.restart(consumer.kind, namespace, consumer.name, version)
            restarted.add(name)
            return f"{name} is restarting"
        restarted.add(name)
        if found.stuck:
            return f"{name} does not get on: {found.stuck}; see its pods"
        return None if found.settled else f"{name} is restarting"

    @staticmethod
    def _carries(place: Place, name: str, key: str, version: str) -> bool:
        found = place.workloads.read_secret(place.namespace, name)
        text = "" if found is None else found.data.get(key, "")
        return holds(text, str(place.read(version)["password"]))

    def _ask_ords(self, place: Place) -> None:
        """Ask ORDS for the probe route of an API, whose handler takes a session that ORDS opens with its own account.

        Raises:
            Retryable: ``OrdsUnreachable``.
            DependencyNotReady: ``WaitingForConsumers``; it gets no session, or there is no such route to ask.
        """
        ords = place.database.ords
        trust = self._references.ca_bundle(ords.ca_secret_ref, "the database's ords.caSecretRef")
        probe, status = self._backends.probe(trust), None
        for url in self._probes(place):
            status = probe.ask(url).status
            if status in RAN:
                return
        if status is None or status < 500:
            text = (
                "spec.verify: Ords: no OracleApi over this database has a probe route that ORDS serves, so there is"
                " nothing to ask; make one, or take Ords out"
            )
        else:
            text = (
                f"the new password is in place; ORDS answers {status}: it gets no session with its account; give it the"
                " new password and restart it, see docs/rotation.md"
            )
        raise DependencyNotReady(reasons.WAITING_FOR_CONSUMERS, text, AGAIN_S)

    def _probes(self, place: Place) -> Iterator[str]:
        """Yield where ORDS serves the probe routes of the APIs over the database."""
        base = str(place.database.ords.base_url).rstrip("/")
        for _, resource in self._references.of_kind("OracleApi"):
            spec = parse_spec(OracleApiSpec, resource)
            if spec.database_ref == place.spec.database_ref and has_probe(spec):
                yield f"{base}/{schema_alias(spec.schema_)}/{PROBE_GROUP.slug}{spec.base_path}{PROBE_PATH}"

    @staticmethod
    def _end_old(place: Place, opened: OpenRotation) -> None:
        account = place.account(opened.account)
        ours = place.work.status.get("passwordChangedTime")
        if not account.in_rollover or account.changed != ours:
            ended = True  # by itself, or somebody changed the password after us
        else:
            try:
                ended = end_rollover(place, opened.account, str(place.read(opened.token)["password"]))
            except Retryable as error:
                if error.reason != reasons.LOGIN_DENIED:
                    raise
                say_verified(place.work.report, opened.account, False)  # changed by somebody; another try might lock it
                place.work.report.fields["passwordChangedTime"] = None
                ended = True
        if ended:
            place.work.report.fields["oldPasswordEndsTime"] = None
        else:
            place.work.event(
                True,
                reasons.PRIVILEGES_MISSING,
                f"the old password of {opened.account} goes on working until its rollover period ends: neither the"
                " account nor the operator's may end it earlier",
            )


def _name(consumer: Consumer) -> str:
    return f"{consumer.kind} {consumer.name}"


def _absent(consumer: Consumer) -> str:
    return f"{_name(consumer)} does not exist; create it, or take it out of spec.consumers"


def _until(place: Place) -> str:
    """Say how long pods that have not moved can log in."""
    ends = _known(place, "oldPasswordEndsTime")
    if ends is None:
        return ""
    if place.work.clock.now() < parse_timestamp(ends):
        return f"; the old password works until {ends}"
    return f"; the old password ended at {ends}: pods that have not restarted are refused"


def _say_short(place: Place) -> None:
    """Warn where consumers took so long that next time the old password may end before they have moved."""
    began, ends = _known(place, "lastRotationTime"), _known(place, "oldPasswordEndsTime")
    if began is None or ends is None:
        return
    took, works = place.work.clock.now() - parse_timestamp(began), parse_timestamp(ends) - parse_timestamp(began)
    if took > works / 2:
        place.work.event(
            True,
            reasons.ROLLOVER_SHORT,
            f"consumers took {took / HOUR_S:.1f} hours to move, and the old password works for {works / HOUR_S:.1f};"
            " have PASSWORD_ROLLOVER_TIME raised (the account's profile, or OracleDatabase.spec.passwordRollover)",
        )


def _known(place: Place, field: str) -> Any:
    return {**place.work.status, **place.work.report.fields}.get(field)


def secret_data(values: Mapping[str, Any], version: str) -> dict[str, str]:
    """Return the keys of the Kubernetes Secret."""
    return {**{key: str(values[key]) for key in TEXTS if key in values}, "versionId": version}


def holds(text: str, password: str) -> bool:
    """Say whether *text* is the password, or a JSON object that has it as its ``password``."""
    if text == password:
        return True
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("password") == password
