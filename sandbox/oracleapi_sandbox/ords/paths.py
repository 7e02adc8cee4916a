"""From the raw path to the segments that are mapped: the only place where a path is decoded."""

import re
from urllib.parse import unquote_to_bytes

from oracleapi_sandbox.ords.faults import bad_request
from oracleapi_sandbox.ords.settings import OrdsSettings, Trick

SLASH_IN_SEGMENT = "\0"
"""Stands for a slash inside a segment (it came as ``%2f``) in joined paths; a NUL can never come in itself."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def split(raw_path: str, settings: OrdsSettings) -> list[str]:
    """Split *raw_path* into decoded segments after the path tricks that the switches name were dealt with.

    Raises:
        OrdsError: 400 for a broken escape, a NUL, bytes that are not UTF-8, or a trick that is to be rejected.
    """
    if not raw_path.startswith("/") or _BAD_ESCAPE.search(raw_path):
        raise bad_request("The request path is not valid")
    if _acts(settings.encoded_slash, re.search("%2f", raw_path, re.IGNORECASE) is not None):
        raw_path = re.sub("%2f", "/", raw_path, flags=re.IGNORECASE)
    segments = raw_path[1:].split("/")
    if _acts(settings.path_parameters, any(";" in segment for segment in segments)):
        segments = [segment.partition(";")[0] for segment in segments]
    if _acts(settings.double_slash, "" in segments[:-1]):
        segments = [*filter(None, segments[:-1]), segments[-1]]
    decoded = [_decode(segment) for segment in segments]
    if _acts(settings.dot_segments, any(segment in (".", "..") for segment in decoded)):
        decoded = _resolve_dots(decoded)
    return decoded


def join(segments: list[str]) -> str:
    """Join decoded *segments*; slashes inside a segment become :data:`SLASH_IN_SEGMENT`."""
    return "/".join(segment.replace("/", SLASH_IN_SEGMENT) for segment in segments)


def restore(text: str) -> str:
    """Turn a part of a joined path back into the text that the caller meant."""
    return text.replace(SLASH_IN_SEGMENT, "/")


def _acts(trick: Trick, present: bool) -> bool:
    if present and trick == "reject":
        raise bad_request("The request path is ambiguous")
    return present and trick == "apply"


def _decode(segment: str) -> str:
    try:
        text = unquote_to_bytes(segment.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise bad_request("The request path is not valid UTF-8") from None
    if "\0" in text:
        raise bad_request("The request path is not valid")
    return text


def _resolve_dots(segments: list[str]) -> list[str]:
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return [*kept, ""] if segments[-1] in (".", "..") else kept
