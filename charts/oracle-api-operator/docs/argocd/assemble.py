"""Print ``argocd-cm.yaml``: the Lua files of this folder as the keys that Argo CD reads, for every kind of the CRDs."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
CRDS = HERE.parents[1] / "files" / "crds"
ACTIONS = ("reconcile", "suspend", "resume")
MORE_ACTIONS = {"SecretRotation": ("rotate",)}


def kinds() -> list[str]:
    """Return the kinds of the CRDs, sorted."""
    lines = [line for path in CRDS.glob("*.yaml") for line in path.read_text().splitlines()]
    return sorted({line.split(": ")[1] for line in lines if line.startswith("    kind: ")})


def block(path: str, indent: int) -> list[str]:
    """Return a file as the lines of a YAML block scalar."""
    return [f"{' ' * indent}{line}".rstrip() for line in (HERE / path).read_text().splitlines()]


def assemble() -> str:
    lines = [
        "# Merge these keys into Argo CD's own ConfigMap argocd-cm. Made by assemble.py from the Lua files beside it.",
        "apiVersion: v1",
        "kind: ConfigMap",
        "metadata:",
        "  name: argocd-cm",
        "  labels: {app.kubernetes.io/part-of: argocd}",
        "data:",
    ]
    for kind in kinds():
        lines += [f"  resource.customizations.health.oracleapi.dev_{kind}: |", *block("health.lua", 4)]
        lines += [f"  resource.customizations.actions.oracleapi.dev_{kind}: |", "    discovery.lua: |"]
        lines += [*block("actions/discovery.lua", 6), "    definitions:"]
        for name in (*ACTIONS, *MORE_ACTIONS.get(kind, ())):
            lines += [f"    - name: {name}", "      action.lua: |", *block(f"actions/{name}.lua", 8)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(assemble())
