"""``kubectl-oracleapi`` and ``kubectl_complete-oracleapi``, which kubectl runs as ``kubectl oracleapi``."""

import sys
from types import ModuleType


def main() -> None:
    """Run a command, or say what has to be installed for it."""
    _commands().main()


def complete() -> None:
    """Answer kubectl's question what may come next on the command line."""
    _commands().complete()


def _commands() -> ModuleType:
    try:
        from oracleapi.cli import main as commands
    except ModuleNotFoundError as error:
        sys.exit(f"error: {error.name} is not installed here; run pip install 'oracle-api-operator[cli]'")
    return commands


if __name__ == "__main__":
    main()
