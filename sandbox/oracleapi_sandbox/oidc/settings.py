"""How the provider answers for its two documents, so that a client's handling of bad ones can be tested."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self


class SettingsError(ValueError):
    """A setting is unknown or has an unusable value; the text names it."""


@dataclass(frozen=True)
class Answer:
    """How one document is answered.

    Args:
        status: HTTP status.
        delay_ms: Time before the answer begins.
        content_type: Its ``Content-Type``.
        members: Members of the document to set; ``null`` removes one.
        body: Text sent in place of the document.
        pad_bytes: White space put behind the document, for size limits.
        location: A ``Location`` header, for redirects.
    """

    status: int = 200
    delay_ms: int = 0
    content_type: str = "application/json"
    members: dict[str, Any] = field(default_factory=dict)
    body: str | None = None
    pad_bytes: int = 0
    location: str | None = None

    def updated(self, name: str, changes: Any) -> Self:
        """Return a copy with *changes*; raises :class:`SettingsError` and changes nothing if one is unusable."""
        if not isinstance(changes, Mapping):
            raise SettingsError(f"{name} must be an object")
        for member, value in changes.items():
            if member not in _RULES:
                raise SettingsError(f"unknown setting {name}.{member}; known: {', '.join(_RULES)}")
            if not _RULES[member](value):
                raise SettingsError(f"{name}.{member} has an unusable value")
        return replace(self, **changes)


def _in(low: int, high: int) -> Any:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_RULES = {
    "status": _in(200, 599),
    "delay_ms": _in(0, 600_000),
    "content_type": lambda value: isinstance(value, str),
    "members": lambda value: isinstance(value, dict),
    "body": lambda value: value is None or isinstance(value, str),
    "pad_bytes": _in(0, 64 * 1024 * 1024),
    "location": lambda value: value is None or isinstance(value, str),
}


@dataclass(frozen=True)
class Settings:
    """The answers for the discovery document and for the JWKS."""

    discovery: Answer = Answer()
    jwks: Answer = Answer()

    def updated(self, changes: Any) -> "Settings":
        """Return a copy with *changes*, ``{"discovery": {…}, "jwks": {…}}``; members that are absent stay.

        Raises:
            SettingsError: An unknown name or an unusable value; nothing is changed.
        """
        if not isinstance(changes, Mapping):
            raise SettingsError("the body must be a JSON object")
        unknown = set(changes) - {"discovery", "jwks"}
        if unknown:
            raise SettingsError(f"unknown setting {sorted(unknown)[0]}; known: discovery, jwks")
        made = {name: getattr(self, name).updated(name, value) for name, value in changes.items()}
        return replace(self, **made)
