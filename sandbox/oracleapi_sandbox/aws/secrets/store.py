"""The store of secrets: per Region, each as it is and, as far as reads may lag behind, as it was.

States are never changed in place, so one that was shown to a reader stays what it was. No ``repr`` holds a value.
"""

import re
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass, field

DEFAULT_KEY = "DefaultEncryptionKey"
_SUFFIX = string.ascii_letters + string.digits
_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]*):(?P<account>[0-9]*):secret:(?P<rest>.+)")


@dataclass(frozen=True)
class Value:
    """What a version holds: a text or bytes."""

    text: str | None = field(default=None, repr=False)
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Version:
    """One version; *accessed* is the day of its last read, *keys* are those that decrypt it, ``None`` AWS's own."""

    version_id: str
    value: Value
    created: float
    labels: frozenset[str] = frozenset()
    accessed: float | None = None
    keys: tuple[str | None, ...] = (None,)


@dataclass(frozen=True)
class Secret:
    """One secret in one state; *gone_at* is when it goes for good, ``None`` unless it is marked for deletion."""

    arn: str
    name: str
    created: float
    changed: float
    description: str = ""
    key_id: str | None = None
    tags: tuple[tuple[str, str], ...] | None = None
    versions: tuple[Version, ...] = ()
    accessed: float | None = None
    gone_at: float | None = None

    def version(self, version_id: str) -> Version | None:
        return next((found for found in self.versions if found.version_id == version_id), None)

    def labelled(self, label: str) -> Version | None:
        return next((found for found in self.versions if label in found.labels), None)


@dataclass
class Entry:
    """The states of one secret, oldest first; the last one is the truth."""

    states: list[tuple[float, Secret]]

    @property
    def latest(self) -> Secret:
        return self.states[-1][1]

    def put(self, secret: Secret, now: float, lag_s: float) -> None:
        """Make *secret* the truth; states that no reader can see any more are dropped."""
        self.states.append((now, secret))
        while len(self.states) > 1 and self.states[1][0] <= now - lag_s:
            del self.states[0]

    def seen(self, now: float, lag_s: float) -> Secret | None:
        """Return what readers see, ``None`` where the secret is too young."""
        if self.latest.created > now - lag_s:
            return None
        shown = [secret for time, secret in self.states if time <= now - lag_s]
        return shown[-1] if shown else self.states[0][1]


@dataclass
class RegionSecrets:
    """The secrets of one account in one Region, by name."""

    region: str
    account_id: str
    entries: dict[str, Entry] = field(default_factory=dict)

    def find(self, secret_id: str) -> Entry | None:
        """Return a secret by name, ARN, or ARN without its last six characters [D: partial ARN]."""
        found = _ARN.fullmatch(secret_id)
        if found is None:
            return self.entries.get(secret_id)
        if (found["region"], found["account"]) != (self.region, self.account_id):
            return None
        whole = self.entries.get(found["rest"][:-7])
        if whole is not None and whole.latest.arn == secret_id:
            return whole
        return self.entries.get(found["rest"])

    def new_arn(self, name: str) -> str:
        suffix = "".join(secrets.choice(_SUFFIX) for _ in range(6))
        return f"arn:aws:secretsmanager:{self.region}:{self.account_id}:secret:{name}-{suffix}"

    def sweep(self, now: float) -> None:
        """Drop what is gone for good."""
        for name, entry in list(self.entries.items()):
            if entry.latest.gone_at is not None and entry.latest.gone_at <= now:
                del self.entries[name]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())
