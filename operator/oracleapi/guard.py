"""Stands between the reconcilers and the adapters: breakers, the call budget, and lists that are read once for all.

Fulfils :class:`oracleapi.ports.Backends` over any :class:`oracleapi.ports.Adapters`, the fakes of the tests included.
"""

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Uncertain
from oracleapi.model.gateway import ApiIdentity, CreateApi, DeleteApi, GatewayAction, ImportApi, TagApi, UpdateApi
from oracleapi.model.link import CreateLink, DeleteLink, ObservedLink
from oracleapi.ports import (
    Adapters,
    Answer,
    Discovery,
    Gateway,
    Iam,
    Oidc,
    Oracle,
    OrdsProbe,
    Parser,
    Secrets,
    SecretValue,
)
from oracleapi.runtime.breaker import Breaker
from oracleapi.runtime.budget import Budgets
from oracleapi.runtime.clock import Clock
from oracleapi.runtime.metrics import Metrics

T = TypeVar("T")
SLOW_OPERATIONS: Mapping[str, float] = {"CreateDeployment": 5.0, "CreateVpcLink": 15.0, "DeleteVpcLink": 30.0}
"""Seconds between two calls in an account: Amazon API Gateway quotas. That the first counts for HTTP APIs is
unconfirmed; its row links to REST APIs."""
LIST_KEPT_S = 30.0
LIST_DISTRUSTED_S = 60.0
"""How long after a create whose answer was lost every list is read anew: as long as it may lag behind."""
SECRETS_SHARE = (50.0, 50.0)
"""Calls a second and burst to Secrets Manager in an account; AWS takes 10,000 reads a second from all together."""
IAM_SHARE = (5.0, 50.0)
"""Calls a second and burst to IAM in an account, whatever the region; AWS publishes no quota of it."""
SECRET_KEPT_S = 300.0
SECRET_DOUBTED_S = 120.0
"""How long a version that a login was refused with is believed: as long as that login rests."""
SECRET_FAULT_S = 60.0
SECRET_AGAIN_S = 5.0
"""How soon it is asked again after a fault that says nothing about the secret."""
WHOLE_ACCOUNT = frozenset({"caller", "list_apis", "list_links"})
"""Calls that concern no single object: being denied one of them, everybody is denied it."""
PASSING_BY = frozenset({reasons.AWS_UNAVAILABLE, reasons.AWS_THROTTLED, reasons.CALL_BUDGET})
"""Reasons of such faults."""
SETTLED_LINKS = frozenset({"AVAILABLE", "INACTIVE", "FAILED"})


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

    def secrets(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> Secrets:
        name = account_name(spec.account_id, spec.region)
        inner = self._inner.secrets(spec, secret, self._budgets.account(f"{name} secrets"))
        return _GuardedSecrets(inner, *self._once(inner, lambda: self._guard_secrets(name)))

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
            held = [secrets for name in names for secrets in self._held.get(name, ())]
        for breaker in found:
            breaker.allow_trial()
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

    def _guard_secrets(self, name: str) -> tuple[Breaker, "HeldSecrets"]:
        self._budgets.account(f"{name} secrets").configure(*SECRETS_SHARE)
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
    def __init__(self, inner: Secrets, breaker: Breaker, held: "HeldSecrets") -> None:
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


@dataclass
class Lists:
    """What was read of an account, when, and until when no list is believed; an adapter's own, which it may outlive."""

    apis: tuple[float, list[ApiIdentity]] | None = None
    links: tuple[float, list[ObservedLink]] | None = None
    distrusted_until: float = float("-inf")
    lock: threading.RLock = field(default_factory=threading.RLock)


class Inventory:
    """Reads the lists of an account once for all objects and keeps them for ``LIST_KEPT_S``.

    What is made through it is added, what is deleted is taken out. A list is read anew where somebody asks for it
    (``fresh``), after a create whose answer was lost, after a failed delete, and while a link is on its way.
    """

    def __init__(self, inner: Gateway, clock: Clock, lists: Lists) -> None:
        self._inner, self._clock, self._known = inner, clock, lists
        self._lock = lists.lock  # one reads, the others wait for its list

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def list_apis(self, fresh: bool = False) -> Sequence[ApiIdentity]:
        with self._lock:
            if self._known.apis is None or fresh or self._old(self._known.apis[0]):
                began = self._clock.monotonic()
                self._known.apis = (began, list(self._inner.list_apis()))
            return list(self._known.apis[1])

    def list_links(self, fresh: bool = False) -> Sequence[ObservedLink]:
        with self._lock:
            _, links = self._known.links or (0.0, [])
            moving = any(link.state not in SETTLED_LINKS for link in links)
            if self._known.links is None or fresh or moving or self._old(self._known.links[0]):
                began = self._clock.monotonic()
                self._known.links = (began, list(self._inner.list_links()))
            return list(self._known.links[1])

    def create_api(self, action: CreateApi) -> ApiIdentity:
        made = self._changing(lambda: self._inner.create_api(action))
        self._edit_apis(lambda known: [*known, made])
        return made

    def create_link(self, action: CreateLink) -> str:
        made = self._changing(lambda: self._inner.create_link(action))
        with self._lock:
            self._known.links = None
        return made

    def apply(self, action: GatewayAction | DeleteLink) -> None:
        match action:
            case DeleteApi():
                self._changing(lambda: self._inner.apply(action))
                self._edit_apis(lambda known: [found for found in known if found.api_id != action.api_id])
            case ImportApi():
                self._changing(lambda: self._inner.apply(action))
                name, tags = action.desired.name, dict(action.desired.tags)
                self._edit_apis(
                    lambda known: [
                        replace(found, name=name, tags=tags) if found.api_id == action.api_id else found
                        for found in known
                    ]
                )
            case DeleteLink() | UpdateApi() | TagApi():
                try:
                    self._inner.apply(action)
                finally:
                    self._drop()
            case _:
                self._inner.apply(action)

    def _changing(self, function: Callable[[], T]) -> T:
        try:
            return function()
        except Uncertain:
            self._drop()
            with self._lock:
                self._known.distrusted_until = self._clock.monotonic() + LIST_DISTRUSTED_S
            raise
        except BaseException:
            self._drop()
            raise

    def _edit_apis(self, edit: Callable[[list[ApiIdentity]], list[ApiIdentity]]) -> None:
        with self._lock:
            if self._known.apis is not None:
                self._known.apis = (self._known.apis[0], edit(self._known.apis[1]))

    def _drop(self) -> None:
        with self._lock:
            self._known.apis, self._known.links = None, None

    def _old(self, read_at: float) -> bool:
        now = self._clock.monotonic()
        return now - read_at >= LIST_KEPT_S or now < self._known.distrusted_until


@dataclass
class _Held:
    """What a secret's last read said, a version or a fault, and until when that is believed.

    *refused* is the last version that a login was refused with.
    """

    value: SecretValue | None = None
    fault: OperatorError | None = None
    until: float = float("-inf")
    refused: str | None = None
    used: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)  # one reads, the others wait for its answer


class HeldSecrets:
    """Has each secret read once in ``SECRET_KEPT_S`` for all objects; a fault counts as an answer for a shorter time.

    For a version that a login was refused with it is read anew once, and from then on as often as such a login may be
    tried: accounts lock. While Secrets Manager does not answer, what it said last goes on being used.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, _Held] = {}
        self._doubts = 0
        self._lock = threading.Lock()

    def read(self, secret_id: str, refused: str | None, ask: Callable[[], SecretValue]) -> SecretValue:
        """Return a version as :meth:`oracleapi.ports.Secrets.read` does; *ask* reads it."""
        held = self._held(secret_id)
        with held.lock:
            known = held.value.version if held.value is not None else None
            anew = refused is not None and known == refused != held.refused
            if anew:
                held.refused = refused
            if anew or self._clock.monotonic() >= held.until:
                self._renew(held, ask)
            if held.fault is not None:
                raise held.fault.again()
            assert held.value is not None
            return held.value

    def doubt(self) -> None:
        """Believe nothing without another read: somebody mended something, or asked."""
        with self._lock:
            self._doubts += 1
            for held in self._known.values():
                held.until = float("-inf")

    def _held(self, secret_id: str) -> _Held:
        """Return what is known of a secret; what nobody uses any more is forgotten."""
        now = self._clock.monotonic()
        with self._lock:
            for name, held in list(self._known.items()):
                if held.used < now - 2 * SECRET_KEPT_S:
                    del self._known[name]
            found = self._known.setdefault(secret_id, _Held())
            found.used = now
            return found

    def _renew(self, held: _Held, ask: Callable[[], SecretValue]) -> None:
        began, doubts = self._clock.monotonic(), self._doubts
        try:
            value = ask()
        except OperatorError as error:
            passing = error.reason in PASSING_BY
            if not passing or held.value is None:
                held.value, held.fault = None, error
            named = getattr(error, "retry_after_s", None) or SECRET_FAULT_S
            believed_s = SECRET_AGAIN_S if passing else min(named, SECRET_FAULT_S)
        else:
            held.value, held.fault = value, None
            believed_s = SECRET_DOUBTED_S if value.version == held.refused else SECRET_KEPT_S
        with self._lock:  # an answer that was on its way when somebody asked is not what they asked for
            held.until = began + believed_s if doubts == self._doubts else float("-inf")


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
