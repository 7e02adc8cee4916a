"""Run the cluster: ``python -m oracleapi_sandbox.cluster --state DIR [--kubernetes-version 1.X.Y]``.

Builds what is missing, starts the control plane, writes ``kubeconfig`` and publishes ``cluster.json`` with
``kubeconfig``, ``server`` and ``version``. When one of its programs ends it takes the others down and exits with 1.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from oracleapi_sandbox.cluster.build import DEFAULT_KUBERNETES, KubernetesVersion, control_plane
from oracleapi_sandbox.cluster.controlplane import ControlPlane, StartError
from oracleapi_sandbox.cluster.processes import tail
from oracleapi_sandbox.cluster.progress import Progress
from oracleapi_sandbox.common.state import write_ready

WATCH_S = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m oracleapi_sandbox.cluster", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder")
    parser.add_argument("--kubernetes-version", type=KubernetesVersion.parse, default=DEFAULT_KUBERNETES)
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    binary = control_plane(arguments.kubernetes_version, Progress())
    sys.exit(run(arguments.state.resolve(), binary, arguments.kubernetes_version, stop))


def run(state: Path, binary: Path, version: KubernetesVersion, stop: threading.Event) -> int:
    """Start the control plane and stay with it until *stop*; return the exit code."""
    plane = ControlPlane(state, binary, stop)
    try:
        plane.start()
        addresses = {"kubeconfig": str(plane.kubeconfig), "server": plane.server, "version": str(version)}
        write_ready(state, "cluster", addresses)
        while not stop.wait(WATCH_S):
            ended = plane.dead()
            if ended is not None:
                raise StartError(f"{ended} ended; the end of its log:\n{tail(plane.log(ended))}")
    except StartError as error:
        print(error, file=sys.stderr, flush=True)  # the part's log
        return 0 if stop.is_set() else 1
    finally:
        plane.stop()
    return 0


if __name__ == "__main__":
    main()
