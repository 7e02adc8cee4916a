"""Manifests with ``${NAME}`` placeholders, filled in from the sandbox's addresses, as ``envsubst`` would."""

import re
from collections.abc import Mapping
from pathlib import Path

PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class PlaceholderError(Exception):
    """A placeholder has no value."""


def render(path: Path, values: Mapping[str, str]) -> str:
    """Return the manifest at *path* with every placeholder outside comments filled in.

    Raises:
        PlaceholderError: A name is not among *values*; the text lists what there is.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise PlaceholderError(f"{path.name}: ${{{name}}} has no value; known: {', '.join(sorted(values))}")
        return values[name]

    lines = path.read_text().splitlines(keepends=True)
    return "".join(line if line.lstrip().startswith("#") else PLACEHOLDER.sub(value, line) for line in lines)
