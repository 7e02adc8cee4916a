"""Structured logs: one JSON object a line, nothing secret, kopf's chatter at WARNING.

Keys that every line has: ``ts``, ``level``, ``event``. Lines of a pass have ``kind``, ``namespace``, ``name`` and
``reconcile_id`` as well.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET = re.compile(r"password|secret|token|authorization|credential|private_key", re.IGNORECASE)
MASK = "***"
FIRST = ("ts", "level", "event", "kind", "namespace", "name", "reconcile_id")


def arrange(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the stable keys first and hide what is named like a secret.

    No line should hold a secret; this is for the line that will, one day.
    """
    masked = {name: MASK if SECRET.search(name) else value for name, value in line.items()}
    return {name: masked.pop(name) for name in FIRST if name in masked} | masked


def configure_logging(level: str) -> None:
    """Send structlog and the standard library's loggers to standard error as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
        arrange,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(sort_keys=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # It warns that it leaves the signals alone in a thread of its own, which is what we want.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
