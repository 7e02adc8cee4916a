"""Settings of the process: environment variables ``ORACLEAPI_…`` and the flags of ``python -m oracleapi``."""

from pathlib import Path

from pydantic import Field
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
    pod_name: str = Field("oracle-api-operator", description="Name of this pod: reporter of Events")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Log level")
