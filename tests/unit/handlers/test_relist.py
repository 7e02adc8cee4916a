"""What a watch left wrong is mended: ghosts go, what was missed comes, and nothing else is touched."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from oracleapi.errors import Retryable
from oracleapi.handlers.relist import Relist
from oracleapi.runtime.store import Key
from support import make
from support.small_world import API, SmallWorld, standard
from support.worlds import LINK

OTHER = Key("OracleApi", "hr", "other")


class Watched:
    """A settled world whose watches have died; its client counts what is read."""

    def __init__(self) -> None:
        self.world: SmallWorld = standard()
        self.reads: list[str] = []
        self.lists_late: dict[str, list[Mapping[str, Any]]] = {}
        while (key := self.operator.queue.take(0)) is not None:
            self.operator.queue.done(key)
        self.relist = Relist(self, self.operator)  # type: ignore[arg-type]

    @property
    def operator(self) -> Any:
        return self.world.operator

    def list(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return self.lists_late.get(kind) or [
            {name: value for name, value in found.items() if name != "kind"} for found in self.world.kube.list(kind)
        ]

    def find(self, kind: str, namespace: str | None, name: str) -> Mapping[str, Any] | None:
        self.reads.append(name)
        return self.world.kube.find(kind, namespace, name)

    def woken(self) -> Sequence[Key]:
        found: Sequence[Key] = []
        while (key := self.operator.queue.take(0)) is not None:
            found = [*found, key]
            self.operator.queue.done(key)
        return found

    def mended(self, kind: str, fault: str) -> float:
        name = "oracleapi_relist_mended_total"
        return self.operator.metrics.registry.get_sample_value(name, {"kind": kind, "fault": fault}) or 0.0


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_store_that_is_right_costs_no_read_and_wakes_nobody(watched: Watched) -> None:
    watched.relist.once()
    assert (watched.reads, watched.woken()) == ([], [])


def test_a_ghost_goes_and_those_it_concerned_are_woken(watched: Watched) -> None:
    del watched.world.kube.objects[API]
    watched.relist.once()
    assert watched.operator.store.get(API) is None
    assert watched.operator.references.users_of("OracleDatabase", "db") == []
    assert {API, LINK} <= set(watched.woken())
    assert watched.mended("OracleApi", "gone") == 1


def test_what_the_list_lacks_but_is_there_stays(watched: Watched) -> None:
    watched.world.kube.apply(make.resource("OracleApi", "other", make.api_spec(), "hr"))
    other = watched.world.kube.find(*OTHER)
    assert other is not None
    watched.lists_late["OracleApi"] = [other]
    watched.relist.once()
    assert watched.operator.store.get(API) is not None


def test_what_a_watch_missed_comes_in(watched: Watched) -> None:
    watched.world.kube.apply(make.resource("OracleApi", "other", make.api_spec(), "hr"))
    watched.relist.once()
    assert OTHER in watched.woken()
    assert watched.operator.store.get(OTHER)["kind"] == "OracleApi"
    assert watched.mended("OracleApi", "missed") == 1


def test_an_edit_that_a_watch_missed_asks_for_a_pass(watched: Watched) -> None:
    found = watched.world.kube.find(*API)
    assert found is not None
    watched.world.kube.apply({**found, "spec": {**found["spec"], "resyncSeconds": 100}})
    watched.relist.once()
    assert watched.woken() == [API]


def test_a_late_list_page_does_not_bring_an_old_version_back(watched: Watched) -> None:
    old = watched.world.kube.find(*API)
    assert old is not None
    watched.lists_late["OracleApi"] = [{**old, "metadata": {**old["metadata"], "resourceVersion": "0"}}]
    watched.relist.once()
    assert watched.operator.store.get(API)["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]
    assert (watched.woken(), watched.mended("OracleApi", "missed")) == ([], 0)


def test_another_object_of_the_same_name_is_told_from_the_one_that_went(watched: Watched) -> None:
    found = watched.world.kube.objects.pop(API)
    again = {**found, "metadata": {**found["metadata"], "uid": "another", "resourceVersion": "999"}}
    watched.world.kube.objects[API] = again
    watched.relist.once()
    assert API in watched.woken()
    assert watched.operator.store.get(API)["metadata"]["uid"] == "another"
    assert watched.mended("OracleApi", "gone") == watched.mended("OracleApi", "missed") == 1


def test_a_server_that_does_not_answer_drops_nothing(watched: Watched) -> None:
    del watched.world.kube.objects[API]

    def away(*_: Any) -> Any:
        raise Retryable("DependencyNotReady", "no answer")

    watched.find = away  # type: ignore[method-assign]
    with pytest.raises(Retryable):
        watched.relist.once()
    assert watched.operator.store.get(API) is not None
