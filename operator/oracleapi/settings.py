"""Settings of the process: environment variables ``ORACLEAPI_…`` and the flags of ``python -m oracleapi``."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the chart renders; see ``values.yaml`` for the words users see."""

    model_config = SettingsConfigDict(
        env_prefix="ORACLEAPI_", cli_parse_args=False, cli_kebab_case=True, cli_implicit_flags=True, extra="ignore"
    )

    namespace: str = Field("oracle-api-operator", description="The operator's own namespace: Secrets of cluster kinds")
    installation_id: str = Field("", description="Prefix of every owner mark; default: the UID of kube-system")
    kubeconfig: Path | None = Field(None, description="Kubeconfig file; default: in-cluster")
    allow_endpoint_override: bool = Field(False, description="Accept AwsAccount.spec.endpointUrl")
    extra_ca_file: Path | None = Field(None, description="PEM bundle trusted besides the system's roots")
    workers: int = Field(4, ge=1, le=64, description="Passes at once")
    listen_host: str = Field("0.0.0.0", description="Address of /healthz, /readyz and /metrics")  # noqa: S104
    listen_port: int = Field(8080, ge=0, le=65535, description="Port of /healthz, /readyz and /metrics")
    pod_name: str = Field(
        "oracle-api-operator", description="Name of this pod: reporter of Events, holder of the lease"
    )
    lease_name: str = Field("oracle-api-operator", description="Lease in the operator's namespace; its holder works")
    lease_duration_seconds: int = Field(15, ge=3, description="A lease that is not renewed is believed for so long")
    renew_deadline_seconds: int = Field(10, ge=2, description="A leader that could not renew for so long ends itself")
    retry_period_seconds: int = Field(2, ge=1, description="How often the lease is renewed or looked at")
    grace_seconds: int = Field(45, ge=1, description="How long passes in flight may take to end after SIGTERM")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Log level")

    @model_validator(mode="after")
    def _times_leave_room(self) -> Self:
        if not self.lease_duration_seconds > self.renew_deadline_seconds > 1.2 * self.retry_period_seconds:
            raise ValueError(
                "lease-duration-seconds must be above renew-deadline-seconds, and that above 1.2 times"
                " retry-period-seconds; otherwise two processes could lead"
            )
        return self
