"""Run the cluster: ``python -m oracleapi_sandbox.cluster --state DIR [--cluster KIND] [--kubernetes-version 1.X.Y]``.

Builds what is missing, starts the control plane, writes ``kubeconfig`` and publishes ``cluster.json`` with
``kubeconfig``, ``server``, ``version`` and ``choice``. When one of its programs ends it takes the others down and exits
with 1.
"""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from oracleapi_sandbox.cluster.build import DEFAULT_KUBERNETES, KubernetesVersion, control_plane_programs
from oracleapi_sandbox.cluster.choice import BUILD, ENVTEST, HELP, KUBECONFIG, ClusterChoice, envtest_programs
from oracleapi_sandbox.cluster.clients import clients
from oracleapi_sandbox.cluster.controlplane import ControlPlane, StartError
from oracleapi_sandbox.cluster.foreign import Cluster, ExistingCluster, KindCluster, raw, server_of
from oracleapi_sandbox.cluster.golang import ToolError
from oracleapi_sandbox.cluster.progress import Progress
from oracleapi_sandbox.common.state import write_ready

WATCH_S = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m oracleapi_sandbox.cluster", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder")
    parser.add_argument("--cluster", default=BUILD, help=HELP)
    parser.add_argument("--kubernetes-version", type=KubernetesVersion.parse, default=DEFAULT_KUBERNETES)
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    choice = ClusterChoice.parse(arguments.cluster, arguments.kubernetes_version, os.environ)
    sys.exit(run(arguments.state.resolve(), choice, stop))


def run(state: Path, choice: ClusterChoice, stop: threading.Event) -> int:
    """Start the cluster and stay with it until *stop*; return the exit code."""
    kubectl = clients(Progress()).kubectl
    cluster = cluster_of(choice, state, kubectl, stop)
    try:
        cluster.start()
        version = json.loads(raw(kubectl, cluster.kubeconfig, "/version"))["gitVersion"]
        server = server_of(kubectl, cluster.kubeconfig)
        addresses = {"kubeconfig": str(cluster.kubeconfig), "server": server, "version": version}
        write_ready(state, "cluster", {**addresses, "choice": str(choice)})
        while not stop.wait(WATCH_S):
            if ended := cluster.dead():
                raise StartError(ended)
    except (StartError, ToolError) as error:
        print(error, file=sys.stderr, flush=True)  # the part's log
        return 0 if stop.is_set() else 1
    finally:
        cluster.stop()
    return 0


def cluster_of(choice: ClusterChoice, state: Path, kubectl: Path, stop: threading.Event) -> Cluster:
    """Return the cluster that *choice* means, not started yet."""
    if choice.kind == KUBECONFIG and choice.path is not None:
        return ExistingCluster(choice.path, kubectl)
    if choice.kind == ENVTEST and choice.path is not None:
        return ControlPlane(state, envtest_programs(choice.path), stop)
    if choice.kind == BUILD:
        return ControlPlane(state, control_plane_programs(choice.version, Progress()), stop)
    return KindCluster(state, choice.version, kubectl)


if __name__ == "__main__":
    main()
