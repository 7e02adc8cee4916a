"""botocore sessions and clients: one loader and one client per service, account and region for the whole process.

Reads are tried three times, creates once: a create that timed out in the client may have happened, and neither API
has an idempotency token. The service's own timeouts are explicit.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, Credentials, DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader

from oracleapi.adapters.aws.errors import THROTTLED
from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.ports import Meter

USER_AGENT = "oracle-api-operator"
CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
METERED = ("apigatewayv2", "iam", "secretsmanager")
_LOADER = Loader(include_default_search_paths=True)


@dataclass(frozen=True)
class RoleSession:
    """A role to act as, and how its sessions are asked for."""

    arn: str
    external_id: str
    seconds: int


class Clients:
    """Clients of one account and region, made when first needed.

    Args:
        secret: Keys to sign with; ``None`` for the pod's own identity.
        role: Assumed with that identity, and again before its session ends.
        meter: Asked before every attempt of a call to API Gateway, IAM or Secrets Manager; each has quotas of its own.
    """

    def __init__(
        self,
        region: str,
        endpoint_url: str | None,
        secret: Mapping[str, str] | None,
        ca: str | None,
        role: RoleSession | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._region, self._endpoint_url, self._ca, self._meter = region, endpoint_url, ca, meter
        session = botocore.session.Session()
        session.register_component("data_loader", _LOADER)
        if secret is not None:
            try:
                session.set_credentials(
                    secret["AWS_ACCESS_KEY_ID"], secret["AWS_SECRET_ACCESS_KEY"], secret.get("AWS_SESSION_TOKEN")
                )
            except KeyError as error:
                raise Terminal(
                    reasons.CREDENTIALS_MISSING,
                    f"the Secret of credentialsSecretRef has no key {error.args[0]}; it needs AWS_ACCESS_KEY_ID and"
                    " AWS_SECRET_ACCESS_KEY",
                ) from error
        self._session = session if role is None else self._acting_as(role, session)
        self._clients: dict[tuple[str, bool], Any] = {}
        self._lock = threading.Lock()  # a botocore session makes one client at a time; clients are for all threads

    def client(self, service: str, creates: bool = False) -> Any:
        """Return the client of *service*; with *creates*, one that never repeats a call by itself."""
        key = (service, creates)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._create(self._session, service, creates)
            return self._clients[key]

    @property
    def trust(self) -> str | bool:
        """Return the file of roots that endpoints are checked with, as clients take it; ``True`` for botocore's own."""
        return self._ca or self._session.get_config_variable("ca_bundle") or True

    def credentials(self) -> Credentials | None:
        """Return the keys that calls are signed with, as they are now; ``None`` where there are none."""
        with self._lock:
            found: Credentials | None = self._session.get_credentials()
        return found

    def _acting_as(self, role: RoleSession, base: botocore.session.Session) -> botocore.session.Session:
        """Return a session whose keys are those of *role*; botocore renews them 15 to 10 minutes before their end."""

        def assume() -> Any:
            source = base.get_credentials()
            if source is None:
                raise NoCredentialsError
            wanted = {
                "RoleSessionName": USER_AGENT,
                "ExternalId": role.external_id,
                "DurationSeconds": role.seconds,
            }
            fetcher = AssumeRoleCredentialFetcher(
                lambda service, **keys: self._create(base, service, creates=False, **keys),
                source,
                role.arn,
                extra_args=wanted,
            )
            return fetcher.fetch_credentials()

        session = botocore.session.Session()
        session.register_component("data_loader", _LOADER)
        session._credentials = DeferredRefreshableCredentials(assume, "assume-role")
        return session

    def _create(self, session: botocore.session.Session, service: str, creates: bool, **keys: Any) -> Any:
        client = session.create_client(
            service,
            **keys,
            region_name=self._region,
            endpoint_url=self._endpoint_url,
            verify=self._ca,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": 1 if creates else 3},
                user_agent_extra=USER_AGENT,
            ),
        )
        if service in METERED and self._meter is not None:
            _follow(client, self._meter)
        return client


def _follow(client: Any, meter: Meter) -> None:
    """Let *meter* see every attempt, also those that botocore repeats by itself, and every answer.

    IAM and Secrets Manager throttle with status 400: told as 429, which is what it means.
    """
    service = client.meta.service_model.service_id.hyphenize()

    def before(event_name: str, **_: Any) -> None:
        meter.spend(event_name.rsplit(".", 1)[-1])

    def after(
        response_dict: Mapping[str, Any] | None = None, parsed_response: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        if response_dict is not None:
            throttled = (parsed_response or {}).get("Error", {}).get("Code") in THROTTLED
            status = 429 if throttled else int(response_dict["status_code"])
            meter.answered(status, _retry_after(response_dict.get("headers", {})))

    client.meta.events.register(f"before-send.{service}", before)
    client.meta.events.register(f"response-received.{service}", after)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Retry-After``; its other form, a date, is not used by API Gateway."""
    try:
        return max(0.0, float(headers["Retry-After"]))
    except (KeyError, ValueError):
        return None
