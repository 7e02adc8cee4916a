"""Spellings of paths that a proxy or a servlet container may resolve into another path, sent byte for byte."""

from collections.abc import Iterator
from itertools import product

import httpx

from support.lab import Lab

UPS = ("..", "%2e%2e", ".%2E", "..;x", "%2e%2e;x")
SLASHES = ("/", "%2f", "%2F", "//", "%5c")


def climbs(target: str, depths: range) -> Iterator[str]:
    """Yield ways to spell "so many segments up, then *target*", where *target* begins without a slash."""
    for depth, up, slash in product(depths, UPS, SLASHES):
        yield slash.join([*[up] * depth, *target.split("/")])


def disguises(path: str) -> Iterator[str]:
    """Yield spellings of *path* that name the same thing where tricks are resolved."""
    *front, last = path.removeprefix("/").split("/")
    start = "/" + "/".join(front)
    encoded = f"%{ord(last[0]):02x}{last[1:]}"
    yield from (f"{start}/{encoded}", f"{start}%2f{last}", f"{start}//{last}", f"/{path}", f"{path};x=1", f"{path}/.")
    yield from (f"{start};x/{last}", f"{start}/./{last}", f"{start}/%2e/{last}", f"{start}/none/../{last}")
    yield from (f"{start}/none/%2e%2e/{last}", f"{start}/none%2f..%2f{last}", f"{start}/health/..;/{last}")


def send(lab: Lab, base: str, target: str) -> httpx.Response:
    """Send ``GET target`` to the host of *base* without a token; httpx alone would resolve dot segments."""
    parts = httpx.URL(base)
    local = parts.copy_with(host="127.0.0.1", raw_path=b"/") if parts.host.endswith(".localhost") else parts
    headers = {"Host": parts.netloc.decode(), "Accept": "application/json"}
    return lab.http.get(local, headers=headers, extensions={"sni_hostname": parts.host, "target": target.encode()})
