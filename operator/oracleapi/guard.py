"""Stands between the reconcilers and the adapters: breakers, the call budget, and lists that are read once for all.

Fulfils :class:`oracleapi.ports.Backends` over any :class:`oracleapi.ports.Adapters`, the fakes of the tests included.
"""

import threading
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Uncertain
from oracleapi.held_secrets import HeldSecrets
from oracleapi.inventory import Inventory, Lists
from oracleapi.ports import (
    Adapters,
    Answer,
    Discovery,
    Gateway,
    Iam,
    Logins,
    Meter,
    Oidc,
    Oracle,
    OrdsProbe,
    Parser,
    RotatedSecrets,
    Secrets,
    SecretValue,
)
from oracleapi.runtime.breaker import Breaker
from oracleapi.runtime.budget import Budgets
from oracleapi.runtime.clock import Clock
from oracleapi.runtime.metrics import Metrics

SLOW_OPERATIONS: Mapping[str, float] = {"CreateDeployment": 5.0, "CreateVpcLink": 15.0, "DeleteVpcLink": 30.0}
"""Seconds between two calls in an account: Amazon API Gateway quotas. That the first counts for HTTP APIs is
unconfirmed; its row links to REST APIs."""
SECRETS_SHARE = (50.0, 50.0)
"""Calls a second and burst to Secrets Manager in an account; AWS takes 10,000 reads a second from all together."""
IAM_SHARE = (5.0, 50.0)
"""Calls a second and burst to IAM in an account, whatever the region; AWS publishes no quota of it."""
WHOLE_ACCOUNT = frozenset({"caller", "list_apis", "list_links"})
"""Calls that concern no single object: being denied one of them, everybody is denied it."""


def account_name(account_id: str, region: str) -> str:
    return f"aws/{account_id}/{region}"


def iam_name(account_id: str) -> str:
    """Return what calls to IAM are counted under: it knows no regions."""
    return f"aws/{account_id} iam"


def database_name(host: str, port: int, service: str) -> str:
    return f"oracle/{host}:{port}/{service}"


def ords_name(url: str) -> str:
    return f"ords/{urlsplit(url).netloc}"


def provider_name(issuer: str) -> str:
    return f"oidc/{issuer}"


class GuardedBackends:
    """Opens adapters through *inner* and guards what they do."""

    def __init__(self, inner: Adapters, clock: Clock, metrics: Metrics, budgets: Budgets) -> None:
        self._inner, self._clock, self._metrics, self._budgets = inner, clock, metrics, budgets
        self._lock = threading.Lock()
        self._guarded: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self._breakers: dict[str, weakref.WeakSet[Breaker]] = {}
        self._urls: dict[str, Breaker] = {}
        self._held: dict[str, weakref.WeakSet[HeldSecrets]] = {}

    def gateway(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> Gateway:
        name = account_name(spec.account_id, spec.region)
        inner = self._inner.gateway(spec, secret, self._budgets.account(name))
        call, lists = self._once(inner, lambda: (self._by_method(name), Lists()))
        return cast(Gateway, Inventory(cast(Gateway, _Guarded(inner, call)), self._clock, lists))

    def oracle(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Oracle:
        connection = spec.connection
        name = database_name(connection.host, connection.port, connection.service_name)
        inner = self._inner.oracle(spec, secret, trust)
        breaker = self._once(inner, lambda: self._database(name))
        return cast(Oracle, _Guarded(inner, partial(self._only, breaker)))

    def parser(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Parser:
        """Open it without a breaker: what the check account meets must not keep the operator's own from its work."""
        return self._inner.parser(spec, secret, trust)

    def logins(self, spec: OracleDatabaseSpec, trust: str | None = None) -> Logins:
        """Open them without a breaker: a password that one of them is denied says nothing of the database."""
        return self._inner.logins(spec, trust)

    def secrets(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> Secrets:
        name = account_name(spec.account_id, spec.region)
        inner = self._inner.secrets(spec, secret, self._secrets_budget(name))
        return _GuardedSecrets(inner, *self._once(inner, lambda: self._guard_secrets(name)))

    def rotated_secrets(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> RotatedSecrets:
        """Open it with the budget of :meth:`secrets` and a breaker of its own; nothing is held: every call goes out.

        A version that becomes current is one that :meth:`secrets` must not be without: the operator's own account may
        be the one that is rotated.
        """
        name = account_name(spec.account_id, spec.region)
        inner = self._inner.rotated_secrets(spec, secret, self._secrets_budget(name))
        opens = partial(_account_is_away, "rotate")
        breaker = self._once(inner, lambda: self._breaker(name, opens, label=f"{name} rotated secrets"))

        def call(method: str, function: Callable[[], Any]) -> Any:
            answer = breaker.call(function)
            if method == "make_current":
                self._doubt(name)
            return answer

        return cast(RotatedSecrets, _Guarded(inner, call))

    def iam(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> Iam:
        name, budget = account_name(spec.account_id, spec.region), iam_name(spec.account_id)
        self._budgets.account(budget).configure(*IAM_SHARE)
        inner = self._inner.iam(spec, secret, self._budgets.account(budget))
        opens = partial(_account_is_away, "iam")
        breaker = self._once(inner, lambda: self._breaker(name, opens, label=f"{name} iam"))
        return cast(Iam, _Guarded(inner, partial(self._only, breaker)))

    def probe(self, ca_pem: str | None) -> OrdsProbe:
        return _GuardedProbe(self._inner.probe(ca_pem), self._by_url)

    def oidc(self) -> Oidc:
        return _GuardedOidc(self._inner.oidc(), self._by_url)

    def allow_trial(self, *names: str) -> None:
        """Let one call to each of these backends through at once: somebody edited an offer, or asked."""
        with self._lock:
            found = [breaker for name in names for breaker in self._breakers.get(name, ())]
        for breaker in found:
            breaker.allow_trial()
        self._doubt(*names)

    def _doubt(self, *names: str) -> None:
        """Have the secrets of these accounts read anew."""
        with self._lock:
            held = [secrets for name in names for secrets in self._held.get(name, ())]
        for secrets in held:
            secrets.doubt()

    def _once(self, inner: Any, make: Callable[[], Any]) -> Any:
        """Return what *make* made for this adapter: another password begins anew.

        As long as it does not hold the adapter it goes with it, and with what was known through it.
        """
        with self._lock:
            if inner not in self._guarded:
                self._guarded[inner] = make()
            return self._guarded[inner]

    def _by_method(self, name: str) -> Callable[[str, Callable[[], Any]], Any]:
        """Guard each call by itself: sts, logs and API Gateway are reached by ways of their own, and a call that works
        must not make those believe in the account again that still fail."""
        breakers: dict[str, Breaker] = {}

        def call(method: str, function: Callable[[], Any]) -> Any:
            with self._lock:
                if method not in breakers:
                    breakers[method] = self._breaker(name, partial(_account_is_away, method), label=f"{name} {method}")
            return breakers[method].call(function)

        return call

    def _secrets_budget(self, name: str) -> Meter:
        budget = self._budgets.account(f"{name} secrets")
        budget.configure(*SECRETS_SHARE)
        return budget

    def _guard_secrets(self, name: str) -> tuple[Breaker, HeldSecrets]:
        breaker = self._breaker(name, partial(_account_is_away, "read"), label=f"{name} secrets")
        held = HeldSecrets(self._clock)
        self._held.setdefault(name, weakref.WeakSet()).add(held)
        return breaker, held

    def _database(self, name: str) -> Breaker:
        return self._breaker(name, _database_is_away, _without_doing)

    @staticmethod
    def _only(breaker: Breaker, method: str, function: Callable[[], Any]) -> Any:
        return breaker.call(function)

    def _by_url(self, name: str) -> Breaker:
        with self._lock:
            if name not in self._urls:
                self._urls[name] = self._breaker(name, _url_is_away)
            return self._urls[name]

    def _breaker(
        self,
        name: str,
        opens: Callable[[OperatorError], bool],
        neutral: Callable[[str], str] = str,
        label: str | None = None,
    ) -> Breaker:
        tell = self._metrics.breaker.labels(label or name).set
        breaker = Breaker(self._clock, opens, lambda is_open: tell(float(is_open)), neutral)
        self._breakers.setdefault(name, weakref.WeakSet()).add(breaker)
        return breaker


class _Guarded:
    """Sends every method of an adapter through *call*, with the method's name."""

    def __init__(self, inner: Any, call: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._inner, self._call = inner, call

    def __getattr__(self, name: str) -> Any:
        def guarded(*arguments: Any, **more: Any) -> Any:
            return self._call(name, partial(getattr(self._inner, name), *arguments, **more))

        return guarded


class _GuardedSecrets:
    def __init__(self, inner: Secrets, breaker: Breaker, held: HeldSecrets) -> None:
        self._inner, self._breaker, self._held = inner, breaker, held

    def read(self, secret_id: str, refused: str | None = None) -> SecretValue:
        return self._held.read(secret_id, refused, lambda: self._breaker.call(lambda: self._inner.read(secret_id)))


class _GuardedProbe:
    def __init__(self, inner: OrdsProbe, breaker: Callable[[str], Breaker]) -> None:
        self._inner, self._breaker = inner, breaker

    def ask(self, url: str) -> Answer:
        return self._breaker(ords_name(url)).call(lambda: self._inner.ask(url))


class _GuardedOidc:
    def __init__(self, inner: Oidc, breaker: Callable[[str], Breaker]) -> None:
        self._inner, self._breaker = inner, breaker

    def discover(self, issuer: str, ca_pem: str | None) -> Discovery:
        return self._breaker(provider_name(issuer)).call(lambda: self._inner.discover(issuer, ca_pem))


def _account_is_away(method: str, error: OperatorError) -> bool:
    """Say whether AWS is not there, knows no credentials of ours, or denies what concerns no single object.

    An answer, be it a 500, says that it is there.
    """
    if not isinstance(error, Retryable) or isinstance(error, Uncertain | DependencyNotReady):
        return False
    answered = getattr(error.__cause__, "response", None) is not None
    away = error.reason == reasons.CREDENTIALS_MISSING or (error.reason == reasons.AWS_UNAVAILABLE and not answered)
    return away or (error.reason == reasons.AWS_ACCESS_DENIED and method in WHOLE_ACCOUNT)


def _database_is_away(error: OperatorError) -> bool:
    return error.reason in (reasons.DATABASE_UNREACHABLE, reasons.LOGIN_DENIED)


def _url_is_away(error: OperatorError) -> bool:
    return error.reason in (reasons.ORDS_UNREACHABLE, reasons.DISCOVERY_FAILED)


def _without_doing(message: str) -> str:
    """Return the message without what was being done: it names one tenant's schema, and all of them read it."""
    _, colon, rest = message.partition(": ")
    return rest if colon else message
