"""A small world: fakes, an operator over them, and a way to let it run until it rests."""

import random
from typing import Any

from oracleapi.runtime.store import Key
from oracleapi.settings import Settings
from oracleapi.wiring import build_operator
from support import make
from support.fake_rotation import FakeWorkloads
from support.fakes import FakeBackends, FakeClock, FakeKubernetes, copied

API = Key("OracleApi", "hr", "hr")
SETTINGS = Settings(allow_endpoint_override=True)


class Latest(random.Random):
    """Jitter at its upper end."""

    def uniform(self, a: float, b: float) -> float:
        return b


class SmallWorld:
    """One account, one database, one provider, one API, on a clock that tests drive."""

    def __init__(self, *objects: dict[str, Any], start: bool = True) -> None:
        self.kube, self.backends, self.clock = FakeKubernetes(), FakeBackends(), FakeClock()
        self.workloads = FakeWorkloads()
        self.backends.database.guard.time = self.clock.now
        self.kube.secrets["db-operator"] = {"username": "op", "password": "canary-password"}
        self.restart()
        for found in objects:
            self.apply(found)
        if start:
            self.settle()

    def restart(self) -> None:
        """Begin again with a new process: nothing is remembered."""
        self._seen: dict[tuple[str, str | None, str], dict[str, Any]] = {}
        self.operator = build_operator(self.kube, self.workloads, self.backends, SETTINGS, "cluster-1", self.clock)
        self.operator.queue.jitter = Latest()
        self.sync()

    def apply(self, resource: dict[str, Any]) -> None:
        self.kube.apply(resource)
        self.sync()

    def delete(self, kind: str, namespace: str | None, name: str) -> None:
        self.kube.delete(kind, namespace, name)
        self.sync()

    def sync(self) -> None:
        """Deliver watch events for everything that changed."""
        for key, found in list(self.kube.objects.items()):
            version, before = found["metadata"]["resourceVersion"], self._seen.get(key)
            if before is None or before["metadata"]["resourceVersion"] != version:
                self._seen[key] = copied(found)
                self.operator.observe(False, self._seen[key])
        for key in [key for key in self._seen if key not in self.kube.objects]:
            self.operator.observe(True, self._seen.pop(key))

    def settle(self, seconds: float = 120.0, links: str = "AVAILABLE") -> None:
        """Run passes for *seconds* of the world's time, or until nothing is due before the next resync."""
        end = self.clock.time + seconds
        while self.clock.time <= end:
            self.sync()
            while (key := self.operator.queue.take(0)) is not None:
                self.run(key)
                self.operator.queue.done(key)
                self.sync()
            for link_id, link in list(self.backends.aws.links.items()):
                if link.state == "DELETING":
                    del self.backends.aws.links[link_id]
                elif link.state == "PENDING":
                    self.backends.aws.links[link_id] = link.__class__(**{**link.__dict__, "state": links})
            wait = self.operator.queue.next_s()
            if wait is None or self.clock.time + wait > end:
                return
            self.clock.time += max(wait, 0.001)

    def run(self, key: Key) -> None:
        """Run one pass of a key that was taken, as a worker does."""
        self.operator.workers.run(key)

    def ready(self, key: Key = API) -> tuple[str, str]:
        """Return (status, reason) of Ready."""
        return self.condition("Ready", key)

    def condition(self, type_: str, key: Key = API) -> tuple[str, str]:
        for found in self.kube.status(*key).get("conditions", []):
            if found["type"] == type_:
                return found["status"], found["reason"]
        return "absent", ""

    def message(self, key: Key = API) -> str:
        """Return what Ready says."""
        return self.told("Ready", key)

    def told(self, type_: str, key: Key = API) -> str:
        """Return what a condition says."""
        (found,) = [c["message"] for c in self.kube.status(*key)["conditions"] if c["type"] == type_]
        return str(found)


def standard(**api_fields: Any) -> SmallWorld:
    """Return a settled world with the standard objects."""
    return SmallWorld(*make.world(**api_fields))
