"""The gateway key of an API: what tells the guard that an IAM caller came through the gateway. Pure.

The gateway sends it in a header of its own, with the caller's ARN and the route key; the guard holds its hash. The key
itself is nowhere but in the mapping at the gateway (docs/adr/0018-gateway-key.md).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oracleapi.model.gateway import AWS_IAM, CALLER_HEADER, GatewayRoute
from oracleapi.model.guard import KeyRow
from oracleapi.model.hidden import Hidden

CALLER = "${context.identity.userArn} ${context.routeKey}"
DAY_S = 86400.0


@dataclass(frozen=True)
class KeyInUse:
    """The youngest key that the gateway sends and the guard takes.

    Args:
        left_s: Seconds until it is due to be replaced; negative where that is overdue.
    """

    key: Hidden
    created: str
    left_s: float


def caller_header(key: Hidden) -> Hidden:
    """Return the mapping of the header: the key, the caller's ARN, the route key; one blank between them."""
    return Hidden(f"{key.reveal()} {CALLER}")


def key_hash(key: Hidden) -> Hidden:
    """Return what the guard compares: ``RAWTOHEX(STANDARD_HASH(key, 'SHA256'))``."""
    return Hidden(hashlib.sha256(key.reveal().encode()).hexdigest().upper())


def find_key(
    routes: Iterable[GatewayRoute], rows: Iterable[KeyRow], now: float, rotate_every_days: int
) -> KeyInUse | None:
    """Return the key in use; ``None`` where the guard takes none of those that the gateway sends without an end."""
    sent = {key for route in routes if (key := _sent(route)) is not None}
    taken = {row.hash: row for row in rows if not row.ends}
    known = sorted((taken[hash_].created, key) for key in sent if (hash_ := key_hash(key)) in taken)
    if not known:
        return None
    created, key = known[-1]
    age = now - datetime.fromisoformat(created).timestamp()
    return KeyInUse(key, created, rotate_every_days * DAY_S - age)


def _sent(route: GatewayRoute) -> Hidden | None:
    if route.authorization != AWS_IAM or route.integration is None:
        return None
    header = dict(route.integration.headers).get(CALLER_HEADER)
    return Hidden(header.reveal().partition(" ")[0]) if isinstance(header, Hidden) else None
