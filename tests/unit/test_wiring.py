"""Adapters that are opened once and shared: by where they lead, and anew where something of that changed."""

from collections.abc import Iterator

import pytest

from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.guard import GuardedBackends
from oracleapi.runtime.budget import Budgets
from oracleapi.runtime.metrics import Metrics
from oracleapi.settings import Settings
from oracleapi.wiring import RealBackends
from support import make
from support.fakes import FakeClock


def database(host: str = "db", **connection: object) -> OracleDatabaseSpec:
    spec = next(found["spec"] for found in make.world() if found["kind"] == "OracleDatabase")
    given = {"host": host, "serviceName": "X", "protocol": "TCP", **connection}
    return OracleDatabaseSpec.model_validate({**spec, "connection": given})


@pytest.fixture
def backends() -> Iterator[RealBackends]:
    found = RealBackends(Settings(), "installation-1")
    yield found
    found.close()


def test_log_ons_of_a_database_are_opened_once(backends: RealBackends) -> None:
    known = backends.logins(database())
    assert backends.logins(database()) is known
    assert backends.logins(database("other")) is not known
    assert backends.logins(database(port=1522)) is not known


def test_log_ons_are_opened_anew_where_the_way_changed(backends: RealBackends) -> None:
    before = backends.logins(database())
    after = backends.logins(database(tcpConnectTimeoutSeconds=3))
    assert after is not before
    assert backends.logins(database(tcpConnectTimeoutSeconds=3)) is after


def test_log_ons_are_not_the_operator_s_own_sessions(backends: RealBackends) -> None:
    own = backends.oracle(database(), {"username": "*", "password": "x"})
    assert backends.logins(database()) is not own
    assert backends.oracle(database(), {"username": "*", "password": "x"}) is own


def test_log_ons_have_no_breaker(backends: RealBackends) -> None:
    """A password that one account is denied must not keep the operator's own from its work."""
    clock, metrics = FakeClock(), Metrics()
    guarded = GuardedBackends(backends, clock, metrics, Budgets(clock, metrics, {}, "CallBudget"))
    assert guarded.logins(database()) is backends.logins(database())
