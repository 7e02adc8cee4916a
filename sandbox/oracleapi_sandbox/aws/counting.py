"""What the journal's entries add up to: the page ``GET /_sandbox/calls?summary``."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

WINDOW_S = 1.0


def summarise(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return counts by ``service:Operation`` and by service. Pure.

    ``calls``, ``throttled`` (status 429, or a Throttling code), ``errors`` (any answer from 400 on, throttled ones
    included), ``dropped`` (no answer), and for a service ``max_in_one_second``: the most calls that arrived in any
    window of one second of the double's clock.
    """
    by_operation: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    by_service: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in entries:
        by_operation[f"{entry['service']}:{entry['operation']}"].append(entry)
        by_service[entry["service"]].append(entry)
    return {
        "operations": {name: _counts(found) for name, found in sorted(by_operation.items())},
        "services": {
            name: {**_counts(found), "max_in_one_second": most_in_window([entry["time"] for entry in found])}
            for name, found in sorted(by_service.items())
        },
    }


def most_in_window(times: Iterable[float]) -> int:
    """Return the largest number of *times* that lie in one window of a second, its end excluded."""
    ordered = sorted(times)
    return max(
        (place + 1 - bisect_right(ordered, moment - WINDOW_S) for place, moment in enumerate(ordered)),
        default=0,
    )


def _counts(entries: list[Mapping[str, Any]]) -> dict[str, int]:
    return {
        "calls": len(entries),
        "throttled": sum(_throttled(entry) for entry in entries),
        "errors": sum((entry["status"] or 0) >= 400 for entry in entries),
        "dropped": sum(entry["dropped"] is not None for entry in entries),
    }


def _throttled(entry: Mapping[str, Any]) -> bool:
    return entry["status"] == 429 or "Throttl" in (entry["code"] or "")
