"""PEM texts out of Secrets, checked before anybody relies on them. Pure."""

import ssl
from functools import lru_cache


def cleaned(text: str) -> str:
    """Return *text* without what is not ASCII: names in remarks between the blocks, which ssl refuses."""
    return text.encode("ascii", "ignore").decode()


@lru_cache(maxsize=64)
def find_fault(text: str) -> str | None:
    """Return what keeps *text* from being certificates, as :func:`cleaned`, or ``None``."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        kind = "no PEM certificate" if "BEGIN CERTIFICATE" not in text else "a certificate that cannot be read"
        return f"holds {kind} ({type(error).__name__})"
    return None
