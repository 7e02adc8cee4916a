"""Mutants of ``plan/`` and ``desired/`` against their tests: which change of what is decided would nobody notice?

The tests are collected once and run once, which tells what each of them calls. Each mutant is then put in its place
in a process of its own, forked off that one, and meets the tests that call its function: unit tests first, the quick
ones before the slow, then those transition tests that plan. The first that fails kills it.
"""

import argparse
import ast
import importlib
import os
import pathlib
import pickle
import signal
import sys
import time
import traceback
import types
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from mutants import SURVIVED, Mutant, measured, numbered, survivors, table, unknown, verdict
from python_mutants import Change, changes

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROOMS = ("plan", "desired")
UNIT = ("plan", "desired", "model", "reconcile", "cli")
TRANSITION = (
    "test_oracle_api.py", "test_oracle_api_deletion.py", "test_oracle_api_drift.py", "test_oracle_api_moves.py",
    "test_oracle_api_status.py", "test_oracle_role.py", "test_role_binding.py", "test_modes.py",
    "test_ords_faults.py", "test_schema_sharing.py", "test_vpc_link.py", "test_used_by.py", "test_limits.py",
    "test_rotation.py", "test_rotation_keeping.py", "test_rotation_profiles.py", "test_rotation_safety.py",
)  # fmt: skip
"""The quick ones that plan; the crash and fault matrices take minutes and ask something else."""
LIMIT_S = 120
"""Of the processor's time."""
STUCK_S = 1800
SLOW_S = 5.0
"""Tests that take longer are left out: what they alone would find counts as survived."""
METHOD = """\
The unit tests of the pure rooms, then the quick transition tests that plan. One change at a time: comparisons turned or
shifted by one, `and` for `or` and an operand dropped, conditions negated or dropped, an element of a list or mapping
left out, a statement left out, constants and the choice of a match case changed. Texts for people are left alone."""

Place = tuple[str, str]  # file, outermost name within it


@dataclass
class Costs:
    """What a run without a mutant tells of a test: its time of the processor, and what of the two rooms it calls."""

    seconds: dict[str, float] = field(default_factory=dict)
    callers: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))


class Mutation:
    """The plug-in of pytest that runs chosen ones of the collected tests for each mutant."""

    def __init__(self, files: list[pathlib.Path], workers: int, only: str, every: int) -> None:
        self._files, self._workers, self._only, self._every = files, workers, only, every
        self.made = 0
        self.verdicts: dict[Mutant, str] = {}
        self.by_transition = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        costs: Costs = pickle.loads(piped(lambda: pickle.dumps(self._measure())))  # noqa: S301 - our own child's
        for path in self._files:
            every = list(mutants_of(path))
            self.made += len(every)
            made = {mutant: change for mutant, change in every[:: self._every] if self._only in mutant.key}
            units = self._judge(path, made, costs, transition=False)
            left = {mutant: change for mutant, change in made.items() if not units[mutant]}
            later = self._judge(path, left, costs, transition=True)
            self.by_transition += sum(later.values())
            mine = {mutant: verdict(mutant, units[mutant] or later[mutant]) for mutant in made}
            self.verdicts |= mine
            print("\n".join([*table(mine)[2:-1], *survivors(mine)]), flush=True)
        return True

    def _measure(self) -> Costs:
        """Run every test once and note what it calls; one that fails ends everything."""
        costs = Costs()
        for item in self._items.values():
            calls: set[Place] = set()
            sys.setprofile(noting(calls))
            begin = time.process_time()
            failed = self._fails(item)
            sys.setprofile(None)
            if failed:
                raise SystemExit(f"{item.nodeid} fails without any mutant; run it by hand first")
            costs.seconds[item.nodeid] = time.process_time() - begin
            for place in calls:
                costs.callers[place].add(item.nodeid)
        return costs

    def _judge(
        self, path: pathlib.Path, made: dict[Mutant, Change], costs: Costs, transition: bool
    ) -> dict[Mutant, bool]:
        """Run the tests of each mutant, some mutants at a time; returns whether they killed it."""
        waiting, running, killed = list(made.items()), {}, {}
        while waiting or running:
            while waiting and len(running) < self._workers:
                mutant, change = waiting.pop(0)
                tests = self._tests(path, mutant, costs, transition)
                running[forked(lambda tests=tests, change=change: self._run(path, change, tests))] = mutant
            child, status = os.wait()
            killed[running.pop(child)] = status != 0
        return {mutant: killed[mutant] for mutant in made}

    def _tests(self, path: pathlib.Path, mutant: Mutant, costs: Costs, transition: bool) -> list[str]:
        outer = mutant.place.split(".")[0]
        calls = {place for place in costs.callers if place[0] == str(path) and outer in ("module", place[1])}
        found = {name for place in calls for name in costs.callers[place]}
        if outer == "module" or not calls:
            found = set(self._items)
        chosen = [name for name in found if ("/transition/" in name) == transition and costs.seconds[name] < SLOW_S]
        own = path.stem
        return sorted(chosen, key=lambda name: (own not in name, costs.seconds[name]))

    def _run(self, path: pathlib.Path, change: Change, tests: list[str]) -> int:
        put(path, change)
        return int(any(self._fails(self._items[name]) for name in tests))

    def _fails(self, item: pytest.Item) -> bool:
        return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def noting(calls: set[Place]) -> Callable[[types.FrameType, str, Any], None]:
    """Return a profiler that notes which functions of the two rooms are called."""

    def note(frame: types.FrameType, event: str, _: Any) -> None:
        if event == "call":
            name = frame.f_code.co_filename
            if "/oracleapi/plan/" in name or "/oracleapi/desired/" in name:
                calls.add((name, frame.f_code.co_qualname.split(".")[0]))

    return note


def put(path: pathlib.Path, change: Change) -> None:
    """Make this process run the mutant: code of functions is exchanged, other values wherever they were imported."""
    name = f"oracleapi.{path.parent.name}.{path.stem}"
    module = sys.modules[name]
    namespace = {key: value for key, value in vars(module).items() if key.startswith("__")}
    change.put(change.new)
    exec(compile(change.tree, str(path), "exec"), namespace)  # noqa: S102 - the mutant of a file of this repository
    for key, new in namespace.items():
        old = vars(module).get(key)
        if key.startswith("__") or old is new:
            continue
        if not exchange(old, new):
            everywhere(key, old, new)


def exchange(old: Any, new: Any) -> bool:
    """Give a function, or the methods of a class, the code of another; says whether that was all there is to do."""
    if isinstance(old, types.FunctionType):
        old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
        return True
    if isinstance(old, type) and isinstance(new, type):
        for key, value in vars(new).items():
            was = vars(old).get(key)
            if isinstance(value, property) and isinstance(was, property):
                value, was = value.fget, was.fget
            if isinstance(was, types.FunctionType) and isinstance(value, types.FunctionType):
                exchange(was, value)
        return True
    return False


def everywhere(name: str, old: Any, new: Any) -> None:
    for module in list(sys.modules.values()):
        if vars(module).get(name) is old and old is not None:
            setattr(module, name, new)


def forked(work: Callable[[], int]) -> int:
    """Run *work* in a process of its own, which ends with what it returns; returns the process's id."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        # A mutant that does not end is killed, in both meanings; on a busy machine others end late.
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
        signal.alarm(STUCK_S)
        status = 1
        try:
            status = work()
        finally:
            os._exit(status)
    return child


def piped(work: Callable[[], bytes]) -> bytes:
    """Return what *work* returns, done in a process of its own: nothing of it stays in this one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with os.fdopen(writing, "wb") as sink:
                sink.write(work())
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        found = source.read()
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the tests do not pass without a mutant")
    return found


def files() -> list[pathlib.Path]:
    folder = ROOT / "operator" / "oracleapi"
    return [path for room in ROOMS for path in sorted((folder / room).glob("*.py")) if path.name != "__init__.py"]


def mutants_of(path: pathlib.Path) -> Iterator[tuple[Mutant, Change]]:
    found = list(changes(f"{path.parent.name}/{path.name}", ast.parse(path.read_text())))
    yield from zip(numbered(change.mutant for change in found), found, strict=True)


def measure(
    paths: list[pathlib.Path], workers: int, only: str = "", every: int = 1, tests: Sequence[pathlib.Path] = ()
) -> Mutation:
    """Return every mutant's verdict.

    Args:
        tests: Files or folders to take instead of all; what they kill is killed, what they leave others may kill.
    """
    for path in files():
        importlib.import_module(f"oracleapi.{path.parent.name}.{path.stem}")
    hypothesis.settings.register_profile(
        "mutation", database=None, derandomize=True, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
    )
    hypothesis.settings.load_profile("mutation")
    every_test = [ROOT / "tests" / "unit" / room for room in UNIT]
    every_test += [ROOT / "tests" / "transition" / name for name in TRANSITION]
    mutation = Mutation(paths, workers, only, every)
    quiet = "ignore::pytest.PytestAssertRewriteWarning"  # hypothesis is there before pytest begins
    options = ["-s", "-p", "no:cacheprovider", "-p", "no:terminal", "-W", quiet, "--rootdir", str(ROOT)]
    status = pytest.main([*options, *map(str, tests or every_test)], plugins=[mutation])
    if not mutation.verdicts:
        raise SystemExit(f"nothing was measured; pytest ended with {status}")
    return mutation


def section(workers: int, every: int) -> list[str]:
    """Return the planners' part of RESULTS.md; its survivors are named."""
    begin = time.monotonic()
    found = measure(files(), workers, every=every)
    stale = unknown(found.verdicts, {mutant.file for mutant in found.verdicts}) if every == 1 else []
    assert not stale, f"equivalent_mutants.toml names what is no mutant: {stale}"
    named = [f"- `{line}`" for line in survivors(found.verdicts)]
    took = f"{(time.monotonic() - begin) / 60:.0f} minutes with {workers} workers"
    fell = f"{found.by_transition} of the killed ones fell to transition tests only"
    told = f"{measured(found.made, len(found.verdicts))}; {fell}; {took}."
    lines = ["### Planners: `plan/` and `desired/`", "", METHOD, "", *table(found.verdicts), "", told]
    return [*lines, *(["", *named] if named else [])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="such as plan/role.py; all by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="run the mutants whose key holds this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run one mutant in N of each file")
    parser.add_argument(
        "--tests", nargs="+", default=[], metavar="PATH", help="such as unit/plan/test_role.py; for a quick look"
    )
    arguments = parser.parse_args()
    wanted = [path for path in files() if not arguments.files or f"{path.parent.name}/{path.name}" in arguments.files]
    tests = [ROOT / "tests" / name for name in arguments.tests]
    found = measure(wanted, arguments.workers, arguments.only, arguments.every, tests)
    told = f"{measured(found.made, len(found.verdicts))}; {found.by_transition} fell to transition tests only"
    print("\n".join([*table(found.verdicts), told]))
    raise SystemExit(1 if SURVIVED in found.verdicts.values() else 0)


if __name__ == "__main__":
    main()
