"""The provider's signing keys: kept in the state folder, rotated on demand, published as a JWKS.

A published RSA key carries ``kty``, ``n``, ``e``, ``kid`` and ``use`` but no ``alg`` (RFC 7517 makes it optional),
because one key may sign RS256, RS384 and RS512 tokens here. Its ``x5t`` is its ``kid``, as Entra ID publishes them: its
v1.0 tokens name the key by both.
"""

import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

RSA_BITS = (1024, 2048, 3072, 4096)
"""Sizes that can be asked for; 1024 is for showing that a client refuses a short key."""


class KeyRing:
    """The keys of one provider; the newest RSA key signs, the others are published until dropped.

    ``other`` is an RSA key that is never published. ``ec`` is published once :meth:`publish_ec` was called. Safe to
    call from several threads.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "keys.json"
        self._lock = threading.RLock()
        if self._file.exists():
            self._load()
            return
        self._rsa = [_new_rsa(2048)]
        self.other = _new_rsa(2048)
        self.ec = ECKey.generate_key("P-256", auto_kid=True)
        self._ec_published = False
        self._save()

    @property
    def signing(self) -> RSAKey:
        """The key that signs new tokens."""
        with self._lock:
            return self._rsa[-1]

    def rotate(self, bits: int = 2048, *, drop_old: bool = False) -> RSAKey:
        """Make a new signing key of *bits*; the old ones stay published unless *drop_old*."""
        fresh = _new_rsa(bits)
        with self._lock:
            self._rsa = [fresh] if drop_old else [*self._rsa, fresh]
            self._save()
        return fresh

    def drop_old(self) -> None:
        """Stop publishing every RSA key but the signing one."""
        with self._lock:
            self._rsa = self._rsa[-1:]
            self._save()

    def publish_ec(self, published: bool = True) -> ECKey:
        """Publish the EC key, as a provider does with a key that it signs with, or stop publishing it."""
        with self._lock:
            self._ec_published = published
            self._save()
        return self.ec

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the JWKS document, the signing key first."""
        with self._lock:
            keys: list[RSAKey | ECKey] = [*reversed(self._rsa), *([self.ec] if self._ec_published else [])]
        return {"keys": [{**key.as_dict(private=False), "use": "sig", "x5t": key.kid} for key in keys]}

    def _load(self) -> None:
        kept = json.loads(self._file.read_text())
        with short_keys_allowed():
            self._rsa = [RSAKey.import_key(key) for key in kept["rsa"]]
        self.other = RSAKey.import_key(kept["other"])
        self.ec = ECKey.import_key(kept["ec"])
        self._ec_published = kept["ec_published"]

    def _save(self) -> None:
        kept = {
            "rsa": [key.as_dict(private=True) for key in self._rsa],
            "other": self.other.as_dict(private=True),
            "ec": self.ec.as_dict(private=True),
            "ec_published": self._ec_published,
        }
        draft = self._file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(kept))
        draft.replace(self._file)


@contextmanager
def short_keys_allowed() -> Iterator[None]:
    """Silence joserfc's warning about short keys: here they are made on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield


def _new_rsa(bits: int) -> RSAKey:
    with short_keys_allowed():
        return RSAKey.generate_key(bits, auto_kid=True)
