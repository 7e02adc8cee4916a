"""Probe ORDS: one GET without credentials, its path sent byte for byte.

``http.client`` on purpose: HTTP libraries normalise ``%2e%2e``, ``//`` and ``;x``, which is what the path-trick probes
must send unchanged.
"""

import http.client
import ssl
from urllib.parse import urlsplit

from oracleapi.api import reasons
from oracleapi.errors import Retryable
from oracleapi.ports import Answer

TIMEOUT_S = 5.0
BODY_BYTES = 4096


class HttpProbe:
    """Fulfils :class:`oracleapi.ports.OrdsProbe`."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust

    def ask(self, url: str) -> Answer:
        parts = urlsplit(url)
        start = url.index("/", url.index("://") + 3)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 443, timeout=TIMEOUT_S, context=self._trust
        )
        try:
            connection.request("GET", url[start:], headers={"Accept": "application/json"})
            answer = connection.getresponse()
            return Answer(answer.status, None, answer.read(BODY_BYTES))
        except (OSError, http.client.HTTPException) as error:
            raise Retryable(
                reasons.ORDS_UNREACHABLE,
                f"no answer from ORDS at {parts.scheme}://{parts.netloc} ({type(error).__name__}); check ords.baseUrl,"
                " ords.caSecretRef and the network policy",
            ) from error
        finally:
            connection.close()
