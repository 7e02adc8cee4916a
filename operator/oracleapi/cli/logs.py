"""CloudWatch Logs, with the credentials that boto3 finds for the person at the keyboard."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from oracleapi.cli.errors import CliError
from oracleapi.cli.output import plain

PREFIX = "/aws/vendedlogs/oracleapi/"
PAGES = 50
"""Pages of a group that are looked through; each may be empty although more follows."""


class Logs:
    """Log groups of one region.

    Args:
        region: ``None``: as boto3 finds it.
    """

    def __init__(self, region: str | None) -> None:
        config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
        try:
            self._client = boto3.client("logs", region_name=region, config=config)
        except (NoRegionError, BotoCoreError) as error:
            raise CliError(_why(error, "log groups")) from error

    def access_log(self, namespace: str, api: str) -> str | None:
        """Return the access log group of an API, whichever installation made it."""
        pages = self._pages("describe_log_groups", PREFIX, logGroupNamePrefix=PREFIX)
        names = [group["logGroupName"] for page in pages for group in page.get("logGroups", [])]
        return next((name for name in names if name.endswith(f"/{namespace}/{api}")), None)

    def find(self, group: str, text: str, since: datetime) -> list[dict[str, Any]]:
        """Return the events of *group* since then whose message holds *text*: ``time`` in ms, ``message``."""
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        start = int(since.timestamp() * 1000)
        pages = self._pages(
            "filter_log_events", group, logGroupName=group, filterPattern=f'"{quoted}"', startTime=start
        )
        return [
            {"time": event["timestamp"], "message": event["message"]}
            for page in pages
            for event in page.get("events", [])
            if text in event["message"]
        ]

    def _pages(self, operation: str, what: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        try:
            pages = self._client.get_paginator(operation).paginate(**arguments)
            for number, page in enumerate(pages):
                yield page
                if number >= PAGES:
                    return
        except (ClientError, BotoCoreError) as error:
            raise CliError(_why(error, what)) from error


def _why(error: Exception, what: str) -> str:
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials; set AWS_PROFILE, or log in as for the AWS command line"
    if isinstance(error, NoRegionError):
        return "no AWS region; set AWS_REGION or --region"
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if "AccessDenied" in code or code in ("UnrecognizedClientException", "InvalidSignatureException"):
            return f"AWS refused {what} ({code}); you need logs:DescribeLogGroups and logs:FilterLogEvents there"
        return f"AWS refused {what} ({plain(code)})"
    return f"AWS did not answer about {what} ({type(error).__name__})"
