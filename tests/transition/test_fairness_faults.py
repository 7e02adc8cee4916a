"""One dead database and one denied account among twenty APIs: the others notice nothing."""

from collections import Counter

import pytest

from oracleapi.api import reasons
from oracleapi.errors import Retryable
from oracleapi.runtime.store import Key
from support.fleet import Fleet

DEAD, DENIED = "db0-0.internal", f"{1:012d}"
UNREACHABLE = Retryable(reasons.DATABASE_UNREACHABLE, "reading HR_SECRET: the database does not answer (DPY-6005)")
REFUSED = Retryable(reasons.AWS_ACCESS_DENIED, "AWS denied apigateway:GetApis; grant it to the operator's role", 60.0)


def fleet_of_twenty(dead: bool = False, denied: bool = False, burst: int = 40) -> Fleet:
    """Return a settled fleet: three accounts of two databases, twenty APIs spread over them, then faults."""
    fleet = Fleet(accounts=3, databases=2, rate=10, burst=burst)
    if dead:
        fleet.backends.database_of(DEAD).down = UNREACHABLE
    if denied:
        fleet.backends.account(DENIED).away = REFUSED
    for number in range(20):
        fleet.publish(number, f"d{number % 3}-{number // 3 % 2}", f"team{number % 4}")
    fleet.settle(100)
    return fleet


@pytest.mark.parametrize(("dead", "denied"), [(True, False), (False, True), (True, True)])
def test_the_others_make_the_same_calls_at_the_same_time(dead: bool, denied: bool) -> None:
    well, ill = fleet_of_twenty(), fleet_of_twenty(dead, denied)
    others = untouched(denied)
    assert ill.tally(*others) == well.tally(*others)
    assert {name for _, name in well.tally(*others)} >= {"CreateApi", "ImportApi", "CreateStage"}
    healthy = [n for n in range(20) if f"{n % 3:012d}" in others or (n % 3 == 0 and n // 3 % 2 == 1)]
    assert {ill.ready(api_key(number)) for number in healthy} == {("True", "Succeeded")}
    assert len(healthy) >= 9


@pytest.mark.parametrize(("dead", "denied"), [(True, False), (False, True), (True, True)])
def test_where_tokens_are_short_the_others_make_the_same_calls_as_fast(dead: bool, denied: bool) -> None:
    well, ill = fleet_of_twenty(burst=10), fleet_of_twenty(dead, denied, burst=10)
    for number in untouched(denied):
        sent = [list(fleet.backends.account(number).sent) for fleet in (well, ill)]
        assert Counter(name for _, name in sent[0]) == Counter(name for _, name in sent[1])
        ends = [max(time for time, name in found if name[0].isupper()) for found in sent]
        assert abs(ends[0] - ends[1]) <= 1.0


def test_a_dead_database_is_asked_once_a_minute_by_all_and_nobody_s_schema_is_told() -> None:
    fleet = fleet_of_twenty(dead=True)
    fleet.settle(400)
    database, asked = fleet.backends.database_of(DEAD), 0

    def counted(name: str) -> None:
        nonlocal asked
        asked += 1
        raise UNREACHABLE

    database._call = counted  # type: ignore[method-assign]
    writes = len(fleet.kube.writes)
    fleet.settle(300)
    assert 1 <= asked <= 6
    assert fleet.kube.writes[writes:] == []
    waiting = [found for found in fleet.kube.objects if fleet.ready(Key(*found))[1] == reasons.DATABASE_UNREACHABLE]
    assert len(waiting) > 2
    for found in waiting:
        assert "HR_SECRET" not in fleet.message(Key(*found))
        assert "DPY-6005" in fleet.message(Key(*found))


def test_an_edit_of_the_offer_tries_at_once_and_success_brings_everybody_back() -> None:
    fleet = fleet_of_twenty(dead=True)
    fleet.settle(20)
    fleet.backends.database_of(DEAD).down = None
    resource = fleet.kube.objects["OracleDatabase", None, "d0-0"]
    annotations = {"oracleapi.dev/reconcile-requested-at": "1"}
    began = fleet.clock.time
    fleet.apply({**resource, "metadata": {**resource["metadata"], "annotations": annotations}})
    fleet.settle(1)
    assert fleet.ready(Key("OracleDatabase", None, "d0-0")) == ("True", "Succeeded")
    assert fleet.clock.time - began <= 1
    fleet.settle(100)
    assert not [key for key in fleet.kube.objects if fleet.ready(Key(*key))[0] != "True"]


def untouched(denied: bool) -> list[str]:
    return [f"{2:012d}"] if denied else [f"{1:012d}", f"{2:012d}"]


def api_key(number: int) -> Key:
    return Key("OracleApi", f"team{number % 4}", f"api{number}")
