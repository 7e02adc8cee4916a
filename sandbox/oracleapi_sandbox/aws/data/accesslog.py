"""Access log lines: the stage's format with every ``$context`` variable replaced.

One request is one line whatever a caller puts into it. No variable holds a token, a header other than ``User-Agent``,
or the query string.
"""

import re

from oracleapi_sandbox.aws.data.context import Context

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
NO_VALUE = "-"


def render(log_format: str, context: Context, *, escape: bool) -> str:
    """Return the log line; unknown variables and those without value are ``-`` ``[D]``."""
    line = _VARIABLE.sub(lambda found: _shown(context.value(found[1]), escape), log_format)
    return _CONTROL.sub(" ", line).encode("utf-8", "backslashreplace").decode()


def _shown(value: str | None, escape: bool) -> str:
    if value is None or value == "":
        return NO_VALUE
    if escape:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
