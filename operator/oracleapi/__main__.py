"""``python -m oracleapi``: read settings, list the world, watch and work until SIGTERM."""

import argparse
import asyncio
from typing import Any

import kopf
import structlog

from oracleapi.adapters.kube.client import KubeClient
from oracleapi.adapters.kube.config import load_config
from oracleapi.errors import OperatorError
from oracleapi.handlers.endpoints import Endpoints
from oracleapi.handlers.watches import build_registry, build_settings
from oracleapi.settings import Settings
from oracleapi.telemetry import configure_logging
from oracleapi.wiring import GRACE_S, Operator, RealBackends, build_operator, connect, list_all

LOG = structlog.get_logger("oracleapi")
START_RETRY_S = 2.0


def parse_arguments(arguments: list[str] | None = None) -> Settings:
    """Return the settings: flags win over ``ORACLEAPI_…`` variables."""
    parser = argparse.ArgumentParser(prog="oracle-api-operator", description="AWS API Gateway in front of Oracle ORDS")
    for name, field in Settings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        if field.annotation is bool:
            parser.add_argument(flag, action="store_true", default=None, help=field.description)
        else:
            parser.add_argument(flag, default=None, help=field.description)
    given: dict[str, Any] = {
        key: value for key, value in vars(parser.parse_args(arguments)).items() if value is not None
    }
    return Settings(**given)


async def run(settings: Settings) -> None:
    """Run the operator until it is told to stop; kopf listens to SIGTERM and SIGINT."""
    kube, backends, operator = await _start(settings)
    endpoints = Endpoints(operator, settings.listen_host, settings.listen_port)
    endpoints.start(asyncio.get_running_loop())
    await asyncio.to_thread(list_all, kube, operator)
    operator.workers.start()
    endpoints.set_ready()
    LOG.info("Started", installation=operator.runner.installation, workers=settings.workers)
    registry = build_registry(operator, load_config(settings.kubeconfig))
    try:
        await kopf.operator(registry=registry, settings=build_settings(), clusterwide=True, standalone=True)
    finally:
        await asyncio.to_thread(operator.workers.stop, GRACE_S)
        endpoints.stop()
        backends.close()
        kube.close()
        LOG.info("Stopped")


async def _start(settings: Settings) -> tuple[KubeClient, RealBackends, Operator]:
    """Connect, waiting for an API server that is not there yet."""
    while True:
        try:
            kube, installation = await asyncio.to_thread(connect, settings)
        except OperatorError as error:
            LOG.warning("Waiting for the API server", reason=error.reason, message=error.message)
            await asyncio.sleep(START_RETRY_S)
            continue
        backends = RealBackends(settings, installation)
        return kube, backends, build_operator(kube, backends, settings, installation)


def main() -> None:
    settings = parse_arguments()
    configure_logging(settings.log_level)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
