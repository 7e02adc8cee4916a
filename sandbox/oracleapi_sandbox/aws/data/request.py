"""A caller's request, kept byte for byte, with the views that routing, authorizers and mappings need."""

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote_plus

from oracleapi_sandbox.aws.data.settings import DataSettings

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Headers of one connection (RFC 9110 7.6.1); those that ``Connection`` names come on top."""


def text(value: bytes) -> str:
    """Decode a header value so that :func:`raw` gives back the same bytes."""
    return value.decode("utf-8", "surrogateescape")


def raw(value: str) -> bytes:
    """The bytes of :func:`text`."""
    return value.encode("utf-8", "surrogateescape")


def end_to_end(headers: tuple[tuple[bytes, bytes], ...]) -> list[tuple[bytes, bytes]]:
    """Return *headers* without those that belong to one connection; order and repeats are kept."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP and name.lower() not in named]


@dataclass(frozen=True)
class Request:
    """One request. ``path`` and ``query`` are as received, percent-encoding included; ``query`` has no ``?``."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""
    source_ip: str = ""
    http_version: str = "1.1"

    def header(self, name: str) -> str | None:
        """Return the header *name* (case-insensitive), repeated values joined by commas, or ``None``."""
        wanted = name.lower().encode()
        found = [value for key, value in self.headers if key.lower() == wanted]
        return text(b",".join(found)) if found else None

    def parameter(self, name: str) -> str | None:
        """Return the query string parameter *name* (case-sensitive), decoded, repeats joined by commas."""
        found = [value for key, value in self._parameters if key == name]
        return ",".join(found) if found else None

    @cached_property
    def _parameters(self) -> list[tuple[str, str]]:
        pairs = [pair.partition("=") for pair in self.query.split("&") if pair]
        return [(decode_parameter(name), decode_parameter(value)) for name, _, value in pairs]

    @cached_property
    def authority(self) -> str:
        """The ``Host`` header as sent, port included."""
        return self.header("host") or ""

    @cached_property
    def domain_name(self) -> str:
        """The host name called, in lower case and without port."""
        return re.sub(r":\d*$", "", self.authority).lower()


def decode_parameter(value: str) -> str:
    """Decode one name or value of a query string."""
    return unquote_plus(value, errors="surrogateescape")


def normalised(path: str, settings: DataSettings) -> str:
    """Apply the path switches that are on; with none the path is returned as it is."""
    if settings.decode_encoded_slash:
        path = re.sub("%2f", "/", path, flags=re.IGNORECASE)
    if settings.decode_encoded_dots:
        path = re.sub("%2e", ".", path, flags=re.IGNORECASE)
    if settings.strip_path_parameters:
        path = re.sub(r";[^/]*", "", path)
    if settings.collapse_slashes:
        path = re.sub("/{2,}", "/", path)
    return _without_dot_segments(path) if settings.resolve_dot_segments else path


def _without_dot_segments(path: str) -> str:
    """Remove ``.`` and ``..`` as RFC 3986 5.2.4 does; ``..`` never leaves the root."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
        if last and segment in (".", ".."):
            kept.append("")
    return "/" + "/".join(kept)


def request_target(path: str) -> str:
    """Encode only what may not stand in the path of a request line; existing percent-encoding is left alone."""
    return quote(path, safe="/%:@!#$&'()*+,;=~-._|[]{}^`\\\"<>", errors="surrogateescape")
