"""Reads a token issuer's discovery document, as CreateAuthorizer does."""

import ssl
from urllib.parse import urlsplit

import httpx

from oracleapi_sandbox.aws.errors import AwsError, bad_request

PATH = "/.well-known/openid-configuration"
MAX_BYTES = 150_000  # [D] for JWKS; taken for the discovery document too [U]


class DiscoveryIssuers:
    """Fetches over TLS; *trust* stands for the public CAs that real API Gateway knows."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust

    async def check(self, issuer: str, timeout_s: float) -> None:
        """Refuse *issuer* unless it serves a document with exactly that ``issuer`` and a ``jwks_uri``.

        Raises:
            AwsError: BadRequestException. The two texts are real ones [D], the reason inside is [U].
        """
        url = f"{issuer.rstrip('/')}{PATH}"
        if urlsplit(issuer).scheme != "https":
            raise _invalid(issuer)
        try:
            # No proxy and no CA of the environment: the double answers for itself.
            async with httpx.AsyncClient(verify=self._trust, timeout=timeout_s, trust_env=False) as client:
                answer = await client.get(url)
            document = answer.json() if answer.status_code == 200 and len(answer.content) <= MAX_BYTES else None
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            text = f"Caught exception when connecting to {url} for issuer {issuer}. Please try again later."
            raise bad_request(f"{text} Error: {reason}") from None
        except ValueError:
            document = None
        if not isinstance(document, dict) or document.get("issuer") != issuer or not document.get("jwks_uri"):
            raise _invalid(issuer)


def _invalid(issuer: str) -> AwsError:
    needs = f"Issuer must have a valid discovery endpoint ended with '{PATH}'"
    return bad_request(f"Invalid issuer: {issuer}. {needs}")
