"""kopf as informer: one ``on.event`` for each kind, nothing else.

No change handlers, no timers, no finalizers and no annotations of kopf's: its retry delays outlive the edit that
mends a spec, and its state in annotations would travel with copies (docs/adr/0006-queue.md).
"""

import base64
from typing import Any

import kopf

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.api.common import GROUP, VERSION
from oracleapi.api.crd import KINDS
from oracleapi.wiring import Operator

UNUSED_FINALIZER = f"{GROUP}/kopf-unused"
"""kopf takes away its own finalizer where no handler of its needs one: it must not be ours (seen on 1.45.2)."""


def build_registry(operator: Operator, config: ClusterConfig) -> kopf.OperatorRegistry:
    """Return the registry that feeds *operator*."""
    registry = kopf.OperatorRegistry()

    async def observe(event: Any, **_: Any) -> None:
        operator.observe(event["type"] == "DELETED", event["object"])

    async def login(**_: Any) -> kopf.ConnectionInfo:
        ca = config.ca_pem.encode() if config.ca_pem else None
        return kopf.ConnectionInfo(server=config.server, ca_data=_base64(ca), token=config.bearer())

    kopf.on.login(registry=registry, id="login")(login)
    for kind in KINDS:
        kopf.on.event(GROUP, VERSION, kind.plural, registry=registry, id=f"observe-{kind.plural}")(observe)
    return registry


def _base64(data: bytes | None) -> str | None:
    return base64.b64encode(data).decode() if data is not None else None


def build_settings() -> kopf.OperatorSettings:
    """Return kopf's settings: standalone, no events of its own, watches that notice silence."""
    settings = kopf.OperatorSettings()
    settings.persistence.finalizer = UNUSED_FINALIZER
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1
    settings.queueing.idle_timeout = 1
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = [1, 2, 3, 5, 8, 13, 21, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30]
    settings.networking.enforce_retry_after = True
    return settings
