"""Every place where a secret could show: what people read, and what the doubles wrote down."""

import json
import pathlib
from collections.abc import Iterator

from oracleapi.api import crd
from oracleapi.api.common import GROUP
from support.lab import Lab

KINDS = ",".join(f"{kind.plural}.{GROUP}" for kind in crd.KINDS)


def places(lab: Lab) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of everything that people read."""
    yield "objects", lab.kubectl("get", KINDS, "-A", "-o", "yaml")
    yield "events", lab.kubectl("get", "events.events.k8s.io", "-A", "-o", "yaml")
    yield "config maps", lab.kubectl("get", "configmaps", "-A", "-o", "yaml")
    for path in sorted(pathlib.Path(lab.folder).rglob("*.log")):
        yield f"log {path.relative_to(lab.folder)}", path.read_text(errors="replace")
    yield "AWS calls", json.dumps(lab.aws_calls())
    yield "statements", json.dumps(lab.statements())
    yield "ORDS requests", json.dumps(lab.ords_requests())
    logs = lab.aws("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        found = logs.filter_log_events(logGroupName=group["logGroupName"])
        yield f"log group {group['logGroupName']}", json.dumps(found["events"])
    yield "tags and descriptions", json.dumps(lab.aws("apigatewayv2").get_apis(MaxResults="500")["Items"], default=str)
    yield "metrics", metrics(lab)


def metrics(lab: Lab) -> str:
    """Return the operator's metrics, from the address that its log names."""
    state = json.loads((lab.folder / "operator.json").read_text())
    return lab.http.get(f"http://127.0.0.1:{state['port']}/metrics").text
