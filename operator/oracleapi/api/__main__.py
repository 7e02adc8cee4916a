"""Write the CustomResourceDefinitions: ``python -m oracleapi.api FOLDER …``."""

import sys
from pathlib import Path
from typing import Any

import yaml

from oracleapi.api.crd import KINDS, Kind, build_crd

HEADER = "# Generated from the models in operator/oracleapi/api by `make generate`; do not edit.\n"


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML would read as something else and never writes anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def render(kind: Kind) -> str:
    """Return the CRD of *kind* as YAML text."""
    body = yaml.dump(build_crd(kind), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return f"{HEADER}{body}"


def main(folders: list[str]) -> None:
    for folder in folders:
        for kind in KINDS:
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{kind.plural}.yaml").write_text(render(kind), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
