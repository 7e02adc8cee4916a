"""Run anonymous PL/SQL blocks: the way in for the engine.

A block is parsed (and kept), analysed against the dictionary and the packages that the session sees now, and then run.
Nothing of a block runs that does not compile.
"""

import sys
from collections.abc import Mapping

from oracleapi_sandbox.oracle.plsql.analyse_statements import analyse
from oracleapi_sandbox.oracle.plsql.execute import Executor
from oracleapi_sandbox.oracle.plsql.frames import HostBinds
from oracleapi_sandbox.oracle.plsql.parse_statements import parse_block
from oracleapi_sandbox.oracle.ports import Bind, Result, SqlRunner

sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
"""Trees are walked recursively, and a long chain of ``||`` is a deep tree; calls between Python functions take no stack
of the thread."""

__all__ = ["check_block", "parse_block", "run_block"]


class _Interpreter(Executor):
    """An executor that can run blocks within its block."""

    def run_nested(self, text: str, binds: dict[str, Bind]) -> Result:
        return run_block(text, binds, self.runner)


def run_block(source: str, binds: Mapping[str, Bind], runner: SqlRunner) -> Result:
    """Run an anonymous block or CALL.

    Args:
        source: The block's text.
        binds: Host variables by upper-case name without colon (``"1"`` for ``:1``); their types decide conversions.
        runner: The session's SQL and packages; the statement's atomicity is the caller's.

    Returns:
        A result whose ``out`` holds every bind that the block assigned or passed to an OUT argument.

    Raises:
        OracleError: 6550 (does not compile), 1008 (bind missing), or the exception that the block did not handle, with
            its ``ORA-06512`` lines.
    """
    unit = analyse(parse_block(source), binds, runner)
    host = HostBinds(binds)
    _Interpreter(unit, host, runner).program()
    return Result(out=host.out())


def check_block(source: str, binds: Mapping[str, Bind], runner: SqlRunner) -> None:
    """Compile a block without running it: names, types, calls, and its SQL by the engine's parse.

    Raises:
        OracleError: As :func:`run_block`, for faults of compilation.
    """
    analyse(parse_block(source), binds, runner)
