"""Requests to published APIs, signed with the keys of the account's session.

Source: AWS Signature Version 4 for service ``execute-api``; HTTP APIs take it in the ``Authorization`` header.
"""

from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from oracleapi.adapters.aws.errors import translated
from oracleapi.adapters.aws.session import Clients
from oracleapi.ports import Answer

SERVICE = "execute-api"
OPERATION = f"{SERVICE}:Invoke"
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 3, 8
REQUEST_ID = "apigw-requestid"


def invoke(clients: Clients, region: str, url: str) -> Answer:
    """Send one signed GET, once, and return what came back.

    Raises:
        OperatorError: As :func:`oracleapi.adapters.aws.errors.translated`: nothing came back.
    """
    with translated(OPERATION):
        credentials = clients.credentials()
        if credentials is None:
            raise NoCredentialsError
        place, host = _place(url)
        request = AWSRequest("GET", place, headers={"Accept": "application/json", "Host": host})
        SigV4Auth(credentials, SERVICE, region).add_auth(request)
        session = URLLib3Session(
            verify=clients.trust,
            proxies=get_environ_proxies(place),
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        )
        try:
            answer = session.send(request.prepare())
            return Answer(answer.status_code, answer.headers.get(REQUEST_ID), answer.content)
        finally:
            session.close()


def _place(url: str) -> tuple[str, str]:
    """Return where to connect to for *url*, and its host: a name below ``localhost`` is this machine (RFC 6761)."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".localhost"):
        return url, parts.netloc
    return url.replace(parts.netloc, parts.netloc.replace(str(parts.hostname), "127.0.0.1"), 1), parts.netloc
