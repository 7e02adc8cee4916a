"""Why no connection to a database comes about, read from the causes behind the driver's error; texts are not matched.

What is wrong is told by the class of a cause, by OpenSSL's verify code and reason, and by driver codes. The driver
wraps them all in DPY-6005, but for a host without an address, which comes bare. Sources: python-oracledb ``errors.py``;
OpenSSL ``x509_vfy.h`` and ``sslerr.h``; [M] driver 26.1 with OpenSSL 3.0.
"""

import errno
import socket
import ssl
from collections.abc import Sequence
from typing import NamedTuple

from oracleapi.adapters.oracle.verdicts import CONNECTION, VERDICTS

CANNOT_CONNECT, CLOSED = "DPY-6005", "DPY-4011"
UNKNOWN_ROOT = frozenset({2, 18, 19, 20, 21})
NOT_YET_VALID, EXPIRED = 9, 10
OTHER_HOST = frozenset({62, 64})
ALERT = "ALERT"
"""Part of the names of OpenSSL's reasons where the other side said no."""
NAMES = {
    "DPY-6002": f"the listener's certificate does not bear the name in {CONNECTION}.serverDn; correct that field, its"
    " spelling included, or the certificate",
    "DPY-6006": f"the listener's certificate is not for {CONNECTION}.host; use a name that is in it, or set serverDn",
}
ENDED = (
    f"the listener ended the connection before a login; {CONNECTION}.protocol, TCP or TCPS, must be what port speaks"
)
NO_TLS = f"what listens does not speak TLS; {CONNECTION}.port must be that of TCPS, or protocol must be TCP"
NO_TO_US = (
    "the listener did not accept our side of TLS; where it asks for a client certificate, put one that it knows"
    f" and its key into the Secret of {CONNECTION}.walletSecretRef"
)


class Cause(NamedTuple):
    """An error in a chain, and the driver's or Oracle's code, empty where it is none of theirs."""

    error: BaseException
    code: str


def explain(causes: Sequence[Cause]) -> str | None:
    """Return what is wrong and what helps, ``None`` where nothing is known; *causes* begin with the outermost."""
    after_tls = any(cause.code == CLOSED for cause in causes)
    for cause in reversed(causes):
        match cause.error:
            case ssl.SSLCertVerificationError():
                return _certificate(cause.error)
            case ssl.SSLError():
                return NO_TO_US if after_tls or ALERT in (cause.error.reason or "") else NO_TLS
            case socket.gaierror():
                return VERDICTS["ORA-12545"].says
            case ConnectionRefusedError():
                return VERDICTS["ORA-12541"].says
            case TimeoutError():
                return VERDICTS["ORA-12170"].says
            case ConnectionError():
                return ENDED
            case OSError():
                name = errno.errorcode.get(cause.error.errno or 0, type(cause.error).__name__)
                return f"no way to {CONNECTION}.host ({name}); check it, network policies and routes"
        if cause.code in NAMES:
            return NAMES[cause.code]
        if cause.code == CLOSED:
            return ENDED
    return None


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    match error.verify_code:
        case code if code in UNKNOWN_ROOT:
            return (
                f"the listener's certificate is not believed: {error.verify_message}; put the CA that signed it into"
                f" the Secret of {CONNECTION}.walletSecretRef"
            )
        case code if code in OTHER_HOST:
            return NAMES["DPY-6006"]
        case code if code == EXPIRED:
            return (
                "the listener's certificate, or one that it is signed with, has expired; have it renewed, and a new CA"
                f" put into the Secret of {CONNECTION}.walletSecretRef"
            )
        case code if code == NOT_YET_VALID:
            return "the listener's certificate is not valid yet; compare the clocks of node and database, or renew it"
    return (
        f"the listener's certificate is refused: {error.verify_message}; have it replaced, or name another CA in"
        f" {CONNECTION}.walletSecretRef"
    )
