"""Mutants of the guard against the requests of the contract test of the guard: which change would nobody notice?

One process and one database: the tests are collected once, run once without a mutant, and then for each mutant that
the database compiles until the first of them fails; what killed the last mutant is asked first.
"""

import argparse
import pathlib
import time
from typing import Any

import oracledb
import pytest
from _pytest.runner import runtestprotocol
from mutants import INVALID, SURVIVED, Mutant, measured, numbered, survivors, table, unknown, verdict
from plsql_mutants import mutants

from oracleapi.adapters.oracle.guard_install import texts

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "contract" / "oracle" / "guard"
TESTS = tuple(FOLDER / f"test_{name}.py" for name in ("guard", "edges", "tokens", "vendors"))
FILES = ("decision_v1.pkb.sql", "guard.pkb.sql", "latch.pkb.sql")
LIMIT_MS = 10_000
METHOD = """\
One change at a time: conditions negated, `and` for `or` and an operand dropped, comparisons turned or shifted by one,
statements left out, elements of lists, orders and functions left out, numbers and texts changed. A mutant that the
database does not compile counts nowhere. Killed means that a request of `test_guard.py`, `test_edges.py`,
`test_tokens.py` or `test_vendors.py` in `tests/contract/oracle/guard` is answered otherwise."""


class Mutation:
    """The plug-in of pytest that runs the collected tests over and over."""

    def __init__(self, only: str, every: int) -> None:
        self._only, self._every = only, every
        self.made = 0
        self.verdicts: dict[Mutant, str] = {}
        self._dba: oracledb.Connection | None = None

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        outcome = yield
        if fixturedef.argname == "system":
            self._dba = outcome.get_result()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = list(session.items)
        failed = self._first_failure(items)
        if failed is not None:
            raise SystemExit(f"{failed.name} fails without any mutant; run it by hand first")
        for name in FILES:
            (original,) = texts(name)
            found = list(mutants(name, original))
            named = list(zip(numbered(mutant for mutant, _ in found), found, strict=True))
            self.made += len(named)
            for mutant, (_, text) in named[:: self._every]:
                if self._only in mutant.key:
                    self.verdicts[mutant] = self._judge(mutant, text, original, items)
                    if self.verdicts[mutant] == SURVIVED:
                        print(f"{mutant.line}: {mutant.key}", flush=True)
            self._compile(original)
        runtestprotocol(items[0], log=False, nextitem=None)  # takes the fixtures of the session down
        return True

    def _judge(self, mutant: Mutant, text: str, original: str, items: list[pytest.Item]) -> str:
        if not self._compile(text):
            return INVALID
        failed = self._first_failure(items)
        if failed is None:
            return verdict(mutant, killed=False)
        self._compile(original)
        if self._fails(failed, items):
            raise SystemExit(f"{failed.name} goes on failing after {mutant.key}: it left something behind")
        items.remove(failed)
        items.insert(0, failed)
        return verdict(mutant, killed=True)

    def _first_failure(self, items: list[pytest.Item]) -> pytest.Item | None:
        return next((item for item in items if self._fails(item, items)), None)

    def _fails(self, item: pytest.Item, items: list[pytest.Item]) -> bool:
        other = next(found for found in items if found.path != item.path)  # what both share stays set up
        return any(report.failed for report in runtestprotocol(item, log=False, nextitem=other))

    def _compile(self, text: str) -> bool:
        assert self._dba is not None
        with self._dba.cursor() as cursor:
            try:
                cursor.execute(text)
            except oracledb.DatabaseError:
                return False
            return cursor.warning is None


def limit_calls() -> None:
    """Let every call to the database end: a mutant may loop for ever."""
    connect = oracledb.connect

    def limited(**arguments: Any) -> oracledb.Connection:
        connection = connect(**arguments)
        connection.call_timeout = LIMIT_MS
        return connection

    oracledb.connect = limited  # type: ignore[assignment]


def measure(only: str = "", every: int = 1) -> Mutation:
    """Return every mutant's verdict."""
    limit_calls()
    mutation = Mutation(only, every)
    quiet = ["-s", "-p", "no:cacheprovider", "-p", "no:terminal", "--rootdir", str(ROOT)]
    status = pytest.main([*quiet, *map(str, TESTS)], plugins=[mutation])
    if not mutation.verdicts:
        raise SystemExit(f"nothing was measured; pytest ended with {status}")
    return mutation


def section(_: int, every: int) -> list[str]:
    """Return the guard's part of RESULTS.md; its survivors are named. One database, so one mutant at a time."""
    begin = time.monotonic()
    found = measure(every=every)
    verdicts = found.verdicts
    stale = unknown(verdicts, FILES) if every == 1 else []
    assert not stale, f"equivalent_mutants.toml names what is no mutant: {stale}"
    named = [f"- `{line}`" for line in survivors(verdicts)]
    took = f"{measured(found.made, len(verdicts))}, in {time.monotonic() - begin:.0f} s."
    return ["### The guard", "", METHOD, "", *table(verdicts), "", took, *(["", *named] if named else [])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run the mutants whose key holds this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run one mutant in N")
    arguments = parser.parse_args()
    found = measure(arguments.only, arguments.every)
    verdicts = found.verdicts
    print("\n".join([*survivors(verdicts), *table(verdicts), measured(found.made, len(verdicts))]))
    raise SystemExit(1 if SURVIVED in verdicts.values() else 0)


if __name__ == "__main__":
    main()
