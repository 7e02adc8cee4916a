"""``python -m oracleapi_sandbox.aws --state DIR [--port N]``: the AWS double as a process of its own."""

import argparse
import asyncio
from pathlib import Path

from oracleapi_sandbox.aws.server import run


def main() -> None:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="oracleapi_sandbox.aws", description="AWS double: API Gateway and ministack")
    parser.add_argument("--state", type=Path, required=True, help="folder for aws.json and the certificate authority")
    parser.add_argument("--port", type=int, default=0, help="port of the endpoint; 0 lets the system choose")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.state, arguments.port))


if __name__ == "__main__":
    main()
