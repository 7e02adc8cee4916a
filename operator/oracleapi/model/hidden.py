"""A text that must not be seen: it equals and hashes as what it is, and prints as what it must look like. Pure."""

from typing import Any

SHOWN = "(hidden)"


class Hidden(str):
    """A secret text. Plans, drift, logs and errors print ``(hidden)``; adapters send :meth:`reveal`."""

    __slots__ = ()

    def __str__(self) -> str:
        return SHOWN

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, _spec: str) -> str:
        return SHOWN

    def __reduce__(self) -> Any:
        raise TypeError("a hidden text is not written anywhere")

    def reveal(self) -> str:
        """Return the text itself."""
        return str.__str__(self)
