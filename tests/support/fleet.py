"""A world of many APIs over several accounts and databases, whose calls to API Gateway are paid and timed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from oracleapi.errors import OperatorError
from oracleapi.ports import Answer, Caller
from oracleapi.runtime.store import Key
from support import make
from support.fake_network import FakeNetwork
from support.fakes import FakeBackends, FakeClock, FakeGateway, FakeOracle
from support.small_world import SmallWorld

UNPAID = ("caller", "observe_log_group", "EnsureLogGroup")
"""Calls to services other than API Gateway."""


class PaidGateway(FakeGateway):
    """Pays for each call as a client of AWS does, and notes when it was sent; ``away`` fails all of them."""

    def __init__(self, clock: FakeClock, number: str, network: "Proven") -> None:
        super().__init__()
        self.clock, self.number, self.network = clock, number, network
        self.meter: Any = None
        self.away: OperatorError | None = None
        self.sent: list[tuple[float, str]] = []

    def caller(self) -> Caller:
        return replace(super().caller(), account_id=self.number)

    def _call(self, name: str, happens: bool = False) -> OperatorError | None:
        if name not in UNPAID:
            if self.meter is not None:
                self.meter.spend(name)
            self.sent.append((self.clock.time, name))
        if self.away is not None:
            self.calls.append(name)
            raise self.away
        return super()._call(name, happens)

    def most_in(self, seconds: float) -> int:
        """Return the most calls that were sent within any *seconds*."""
        times = [time for time, _ in self.sent]
        return max((sum(start <= time <= start + seconds for time in times) for start in times), default=0)


class Proven(FakeNetwork):
    """Every published API is reached through its probe route."""

    def __init__(self) -> None:
        super().__init__({})

    def answer(self, apis: Iterable[Any], links: Mapping[str, Any], url: str) -> Answer:
        return Answer(200, "one", b'{"request_id": "one"}')


class FleetBackends(FakeBackends):
    """A gateway for each account, a database for each host."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.accounts: dict[str, PaidGateway] = {}
        self.databases: dict[str, FakeOracle] = {}

    def gateway(self, spec: Any, secret: Any, meter: Any = None) -> FakeGateway:
        found = self.account(spec.account_id)
        found.meter = meter
        return found

    def account(self, number: str) -> PaidGateway:
        return self.accounts.setdefault(number, PaidGateway(self.clock, number, Proven()))

    def oracle(self, spec: Any, secret: Any, trust: Any = None) -> FakeOracle:
        return self.database_of(spec.connection.host)

    def database_of(self, host: str) -> FakeOracle:
        if host not in self.databases:
            self.databases[host] = FakeOracle(*(f"S{number}" for number in range(300)))
            self.databases[host].guid = f"GUID-{host}"
        return self.databases[host]

    def probe(self, ca_pem: str | None) -> Any:
        return _Protected()


class _Protected:
    """ORDS that protects and serves everything that was ever written."""

    def ask(self, url: str) -> Answer:
        return Answer(200 if url.endswith("/ords/") else 401, None, b"")


class Fleet(SmallWorld):
    """*accounts* accounts, each with a link and *databases* databases; APIs come by :meth:`publish`."""

    def __init__(self, accounts: int = 1, databases: int = 1, rate: int = 5, burst: int = 20) -> None:
        self._shape = (accounts, databases, rate, burst)
        super().__init__(start=False)
        self.backends = FleetBackends(self.clock)
        self.restart()
        for resource in self._offers():
            self.apply(resource)
        self.settle(60)
        self.clock.advance(60)
        for gateway in self.backends.accounts.values():
            for link_id, link in gateway.links.items():
                gateway.links[link_id] = link.__class__(**{**link.__dict__, "state": "AVAILABLE"})
        self.settle(60)
        self.clock.advance(60)
        for gateway in self.backends.accounts.values():
            gateway.sent.clear()

    def _offers(self) -> list[dict[str, Any]]:
        accounts, databases, rate, burst = self._shape
        account, link, database, provider, _ = make.world()
        everyone: dict[str, Any] = {"names": [f"team{number}" for number in range(20)] + ["other"]}
        schemas = [f"S{number}" for number in range(300)]
        found = [{**provider, "spec": {**provider["spec"], "allowedNamespaces": everyone}}]
        for a in range(accounts):
            number = f"{a:012d}"
            share = {"accountId": number, "callBudget": {"requestsPerSecond": rate, "burst": burst}}
            found.append(_named(account, f"a{a}", **share, allowedNamespaces=everyone))
            found.append(_named(link, f"l{a}", accountRef={"name": f"a{a}"}, allowedNamespaces=everyone))
            for d in range(databases):
                target = {"vpcLinkRef": {"name": f"l{a}"}, "listenerArn": make.LISTENER}
                found.append(
                    _named(
                        database,
                        f"d{a}-{d}",
                        connection={**database["spec"]["connection"], "host": f"db{a}-{d}.internal"},
                        ords={**database["spec"]["ords"], "gatewayTarget": target},
                        delegations=[
                            {"namespaces": everyone, "schemas": schemas[start : start + 50]}
                            for start in range(0, 300, 50)
                        ],
                    )
                )
        return found

    def publish(self, number: int, database: str = "d0-0", namespace: str = "team0", **fields: Any) -> Key:
        """Apply an API of ten routes in a schema of its own."""
        routes = [make.route(f"r{n}", path=f"/t{n}") for n in range(10)]
        spec = make.api_spec(*routes, schema=f"S{number}", databaseRef={"name": database}, basePath=f"/v{number}")
        self.apply(make.resource("OracleApi", f"api{number}", spec | fields, namespace))
        return Key("OracleApi", namespace, f"api{number}")

    def tally(self, *accounts: str) -> Counter[tuple[float, str]]:
        """Return the calls of some accounts, with their times."""
        return Counter(sent for number in accounts for sent in self.backends.account(number).sent)


def _named(resource: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
    return {**resource, "metadata": {"name": name}, "spec": {**resource["spec"], **fields}}
