"""Run anonymous PL/SQL blocks: the way in for the engine.

A block is parsed (and kept), analysed against the dictionary and the packages that the session sees now, and then run.
Nothing of a block runs that does not compile.
"""

import sys
from collections.abc import Mapping

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.analyse_statements import Analysis
from oracleapi_sandbox.oracle.plsql.errors import CompileError, too_large
from oracleapi_sandbox.oracle.plsql.execute import Executor
from oracleapi_sandbox.oracle.plsql.frames import HostBinds
from oracleapi_sandbox.oracle.plsql.nls import formats_of
from oracleapi_sandbox.oracle.plsql.parse_statements import parse_block
from oracleapi_sandbox.oracle.plsql.process import process_of
from oracleapi_sandbox.oracle.plsql.scope import Unit
from oracleapi_sandbox.oracle.ports import Bind, OracleError, Result, SqlRunner

sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
"""Trees are walked recursively, and a long chain of ``||`` is a deep tree; calls between Python functions take no stack
of the thread."""

__all__ = ["Interpreter", "check_block", "parse_block", "run_block"]


def _analyse(block: n.Block, binds: Mapping[str, Bind], runner: SqlRunner) -> Unit:
    """Resolve every name of *block*.

    Raises:
        OracleError: 6550 with a PLS- line or with the engine's error; 1008 for a missing bind; for CALL, 6576 (no such
            procedure) and 6553 (wrong arguments).
    """
    try:
        return Analysis(block, binds, runner).run()
    except RecursionError as error:
        raise too_large(block.position) from error
    except CompileError as error:
        if block.call and error.pls in (201, 302, 221, 222):
            raise OracleError(6576, "not a valid function or procedure name") from error
        if block.call and error.pls is not None:
            raise OracleError(6553, f"PLS-{error.pls}: {error.text}") from error
        raise


class Interpreter(Executor):
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
    process, host = process_of(runner), HostBinds(binds)
    with process.level(runner), formats_of(runner):
        unit = _analyse(parse_block(source), binds, runner)
        Interpreter(unit, host, process).program()
        return Result(out=host.out())


def check_block(source: str, binds: Mapping[str, Bind], runner: SqlRunner) -> None:
    """Compile a block without running it: names, types, calls, and its SQL by the engine's parse.

    Raises:
        OracleError: As :func:`run_block`, for faults of compilation.
    """
    _analyse(parse_block(source), binds, runner)
