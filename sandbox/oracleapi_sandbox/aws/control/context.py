"""What an operation may use: the store of its Region, the switches, the clock, and the two outside look-ups."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from oracleapi_sandbox.aws.control.lag import listed
from oracleapi_sandbox.aws.control.store import ApiItem, RegionStore
from oracleapi_sandbox.aws.errors import not_found
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.common.clock import Clock


class Issuers(Protocol):
    """Reads a token issuer's discovery document."""

    async def check(self, issuer: str, timeout_s: float) -> None:
        """Raise :class:`AwsError` (BadRequestException) unless *issuer* serves a document that names it."""
        ...


class LogGroups(Protocol):
    """The part of CloudWatch Logs that stages need."""

    async def exists(self, region: str, name: str) -> bool:
        """Return whether the log group *name* exists."""
        ...


@dataclass(frozen=True)
class Account:
    """The one account of the double, and where the endpoints of its APIs are."""

    account_id: str
    data_domain: str
    data_port: int

    def api_endpoint(self, api_id: str) -> str:
        return f"https://{api_id}.{self.data_domain}:{self.data_port}"


@dataclass(frozen=True)
class Context:
    """The surroundings of one call."""

    region: str
    store: RegionStore
    account: Account
    settings: ControlSettings
    clock: Clock
    issuers: Issuers
    log_groups: LogGroups

    def now(self) -> float:
        return self.clock.now()

    def api(self, members: Mapping[str, Any]) -> ApiItem:
        """Return the API named by ``ApiId``.

        Raises:
            AwsError: NotFoundException; the text is the one real clients quote [D].
        """
        api_id: str = members["ApiId"]
        if api_id not in self.store.apis:
            raise not_found("Api", f"Invalid API identifier specified {self.account.account_id}:{api_id}")
        return self.store.apis[api_id]


Result = dict[str, Any]
Handler = Callable[[Context, dict[str, Any]], Result | Awaitable[Result]]


def child(items: Mapping[str, Any], kind: str, key: str) -> Any:
    """Return the child *key* of an API, or raise NotFoundException [D code, U text]."""
    if key not in items:
        raise not_found(kind, f"Unable to find {kind} by id {key}")
    return items[key]


def without(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return *members* less *names*: the path labels do not belong into a resource."""
    return {name: value for name, value in members.items() if name not in names}


def visible(ctx: Context, items: Mapping[str, Any]) -> list[Any]:
    """Return the items that lists show by now, as they show them, oldest first."""
    return listed(ctx.store, items, ctx.settings, ctx.now())
