"""A request and an answer as the runtime sees them: bytes on the wire are kept as they came."""

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Args:
        raw_path: The path as it was sent, without the query, nothing decoded.
        query: The query as it was sent, without ``?``.
        headers: Name (lower case) and value, in order.
        scheme: ``https`` or ``http``, as the listener was reached.
        ecid: 22 characters that name this request in ORDS's log and error bodies.
    """

    method: str
    raw_path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    scheme: str = "https"
    ecid: str = ""

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, or ``None``."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key == wanted]

    @property
    def origin(self) -> str:
        """The origin that links start with: the Host header is trusted, as ORDS does [D]."""
        return f"{self.scheme}://{self.header('host') or 'localhost'}"

    @property
    def media_type(self) -> str:
        """The Content-Type without parameters, lower case; empty when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def query_pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query, keep_blank_values=True)

    def internal_get(self, raw_path: str, query: str) -> "Request":
        """The GET that ORDS makes of its own for ``:forward_location``: same caller, no body, no conditions."""
        dropped = {"content-type", "content-length", "transfer-encoding", "if-none-match", "if-match"}
        headers = tuple(pair for pair in self.headers if pair[0] not in dropped)
        return replace(self, method="GET", raw_path=raw_path, query=query, headers=headers, body=b"")


@dataclass
class Response:
    """One HTTP answer; ``headers`` go out in order, Content-Length is added on the wire."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key, _ in self.headers)
