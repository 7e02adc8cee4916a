"""12c password verifiers: what the dictionary keeps of a password, and how a password is compared with it.

Source: the authentication that python-oracledb thin speaks (verifier type 0x4815) [M].
"""

import hashlib
import hmac
import secrets

from oracleapi_sandbox.oracle.ports import Verifier

ROUNDS = 4096
SALT_BYTES = 16
KEY_BYTES = 64
_SPEEDY_KEY = b"AUTH_PBKDF2_SPEEDY_KEY"


def make_verifier(password: str, *, like: Verifier | None = None) -> Verifier:
    """Return a new 12c verifier of *password*.

    Its salt is random, or that of *like*: the verifiers that are valid together in a password rollover must share
    one, because a client is sent one salt and may know either password.
    """
    salt = like.salt if like else secrets.token_bytes(SALT_BYTES)
    return Verifier(salt, _key(password, salt))


def matches(verifier: Verifier, password: str) -> bool:
    """Say whether *password* (case-sensitive) is the one that *verifier* was made of."""
    return hmac.compare_digest(_key(password, verifier.salt), verifier.key)


def _key(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt + _SPEEDY_KEY, ROUNDS, KEY_BYTES)


def stored(verifier: Verifier) -> dict[str, str]:
    """Return a verifier as the dictionary keeps it."""
    return {"salt": verifier.salt.hex(), "key": verifier.key.hex()}


def restored(kept: dict[str, str]) -> Verifier:
    """Return the verifier that the dictionary keeps as *kept*."""
    return Verifier(bytes.fromhex(kept["salt"]), bytes.fromhex(kept["key"]))
