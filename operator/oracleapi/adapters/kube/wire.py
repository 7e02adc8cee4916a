"""Requests to the API server, and its errors as ours."""

from collections.abc import Container
from typing import Any

import httpx

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.api import reasons
from oracleapi.errors import Retryable, Terminal

CHANGED_MEANWHILE = (
    "resourceVersion",
    "test operation",
    "the server rejected our request due to an error in our request",
)
"""What a 422 says where only our guard failed; the last one is the whole text for a JSON patch whose test failed."""


class Wire:
    """An HTTP client of the API server that sends the token of the moment."""

    def __init__(self, config: ClusterConfig, timeout_s: float) -> None:
        self._config = config
        timeout = httpx.Timeout(timeout_s, connect=min(5.0, timeout_s))
        self._http = httpx.Client(base_url=config.server, verify=config.trust(), timeout=timeout, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def send(
        self, method: str, path: str, absent_is_fine: bool = False, judged: Container[int] = (), **arguments: Any
    ) -> httpx.Response:
        """Send a request and return its answer, a 404 only where it *is fine*.

        Args:
            judged: Statuses that the caller judges itself; they come back as answers.

        Raises:
            Retryable: No answer, or one that heals: a conflict by reading again.
            Terminal: 422; what was sent is ours to mend.
        """
        headers = {"Authorization": f"Bearer {self._config.bearer()}", **arguments.pop("headers", {})}
        try:
            answer = self._http.request(method, path, headers=headers, **arguments)
        except httpx.HTTPError as error:
            raise Retryable(
                reasons.DEPENDENCY_NOT_READY, f"no answer from the API server to {method} ({type(error).__name__})"
            ) from error
        status = answer.status_code
        if answer.is_success or (status == 404 and absent_is_fine) or status in judged:
            return answer
        raise refusal(answer)


def message_of(answer: httpx.Response) -> str:
    """Return what the API server says about a refusal, shortened; its status where that is no JSON."""
    try:
        return str(answer.json().get("message", ""))[:300]
    except ValueError:
        return f"status {answer.status_code}"


def refusal(answer: httpx.Response) -> Retryable | Terminal:
    """Return the error of ours that an answer is; its text holds what the API server said."""
    method, path, text = answer.request.method, answer.request.url.path, message_of(answer)
    if answer.status_code == 422 and not any(mark in text for mark in CHANGED_MEANWHILE):
        return Terminal(reasons.INTERNAL_ERROR, f"the API server refused {method} {path}: {text}")
    return Retryable(reasons.CONFLICT, f"the API server answered {answer.status_code} to {method} {path}: {text}")
