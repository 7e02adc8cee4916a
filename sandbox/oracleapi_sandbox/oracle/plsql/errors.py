"""The errors of PL/SQL: compile-time refusals (ORA-06550 with a PLS- line) and exceptions at run time.

Codes and texts: Oracle Database Error Messages, chapters PLS- and ORA- [D].
"""

from typing import NamedTuple, TypeAlias

from oracleapi_sandbox.oracle.ports import OracleError


class Position(NamedTuple):
    """Where a node begins in the block: both counted from 1."""

    line: int
    column: int


class Predefined(NamedTuple):
    """An exception of package STANDARD."""

    code: int
    message: str


PREDEFINED: dict[str, Predefined] = {
    "ACCESS_INTO_NULL": Predefined(6530, "Reference to uninitialized composite"),
    "CASE_NOT_FOUND": Predefined(6592, "CASE not found while executing CASE statement"),
    "COLLECTION_IS_NULL": Predefined(6531, "Reference to uninitialized collection"),
    "CURSOR_ALREADY_OPEN": Predefined(6511, "PL/SQL: cursor already open"),
    "DUP_VAL_ON_INDEX": Predefined(1, "unique constraint (.) violated"),
    "INVALID_CURSOR": Predefined(1001, "invalid cursor"),
    "INVALID_NUMBER": Predefined(1722, "invalid number"),
    "LOGIN_DENIED": Predefined(1017, "invalid username/password; logon denied"),
    "NO_DATA_FOUND": Predefined(1403, "no data found"),
    "NO_DATA_NEEDED": Predefined(6548, "no more rows needed"),
    "NOT_LOGGED_ON": Predefined(1012, "not logged on"),
    "PROGRAM_ERROR": Predefined(6501, "PL/SQL: program error"),
    "ROWTYPE_MISMATCH": Predefined(6504, "PL/SQL: Return types of Result Set variables or query do not match"),
    "SELF_IS_NULL": Predefined(30625, "method dispatch on NULL SELF argument is disallowed"),
    "STORAGE_ERROR": Predefined(6500, "PL/SQL: storage error"),
    "SUBSCRIPT_BEYOND_COUNT": Predefined(6533, "Subscript beyond count"),
    "SUBSCRIPT_OUTSIDE_LIMIT": Predefined(6532, "Subscript outside of limit"),
    "SYS_INVALID_ROWID": Predefined(1410, "invalid ROWID"),
    "TIMEOUT_ON_RESOURCE": Predefined(51, "timeout occurred while waiting for a resource"),
    "TOO_MANY_ROWS": Predefined(1422, "exact fetch returns more than requested number of rows"),
    "VALUE_ERROR": Predefined(6502, "PL/SQL: numeric or value error"),
    "ZERO_DIVIDE": Predefined(1476, "divisor is equal to zero"),
}

MESSAGES = {entry.code: entry.message for entry in PREDEFINED.values()}


Fault: TypeAlias = tuple[int, int, str]
"""Line, column and text of what is wrong with a unit."""


class CompileError(OracleError):
    """ORA-06550: the block does not compile; nothing of it ran.

    Args:
        position: Where the fault is.
        pls: The PLS- number, or ``None`` when *text* is a complete line of its own (``PL/SQL: ORA-00942: …``).
        text: The fault in Oracle's words.
    """

    def __init__(self, position: Position, pls: int | None, text: str) -> None:
        fault = text if pls is None else f"PLS-{pls:05d}: {text}"
        super().__init__(6550, f"line {position.line}, column {position.column}:\n{fault}")
        self.pls = pls
        self.text = text
        self.entries: list[Fault] = [(*position, fault)]

    def ignoring(self, position: Position, what: str) -> None:
        """Add Oracle's second fault once: ``PL/SQL: Statement ignored``, at the innermost statement or declaration."""
        if len(self.entries) == 1:
            self.entries.append((*position, f"PL/SQL: {what} ignored"))
            self.message += f"\nORA-06550: line {position.line}, column {position.column}:\nPL/SQL: {what} ignored"
            self.args = (f"ORA-06550: {self.message}",)


def unsupported(position: Position, construct: str) -> CompileError:
    """Refuse a construct that this interpreter does not run, by name and place."""
    return CompileError(position, 999, f"implementation restriction (may be temporary): {construct} is not supported")


def too_large(position: Position) -> CompileError:
    return CompileError(position, 123, "program too large (nesting)")


def undeclared(position: Position, name: str) -> CompileError:
    return CompileError(position, 201, f"identifier '{name}' must be declared")


class PlsqlError(OracleError):
    """An exception on its way through the block.

    Args:
        identity: The declaration of a user's exception; ``None`` when the code alone identifies it.
        lines: Lines of the statements it has left, innermost first: the ORA-06512 stack.
        discards: The state of packages is lost when nobody handles it.
    """

    def __init__(self, code: int, message: str, identity: object | None = None) -> None:
        super().__init__(code, message)
        self.identity = identity
        self.discards = False
        self.lines: list[str] = []
        self._placed = False

    def place(self, line: int, unit: str | None = None) -> None:
        """Note the line of the innermost statement; statements around it in the same subprogram add nothing."""
        if not self._placed:
            self.lines.append(f"at line {line}" if unit is None else f'at "{unit}", line {line}')
            self._placed = True

    def leave_subprogram(self) -> None:
        """From now on the caller's statement is the innermost one."""
        self._placed = False

    def raised_again(self) -> "PlsqlError":
        """The same exception, raised anew by RAISE or from a handler's cursor."""
        again = PlsqlError(self.code, self.message, self.identity)
        again.position, again.discards = self.position, self.discards
        return again

    @classmethod
    def of(cls, error: OracleError) -> "PlsqlError":
        """Wrap an error that SQL or a supplied package raised; one that is wrapped already stays as it is."""
        if isinstance(error, cls):
            return error
        wrapped = cls(error.code, error.message)
        wrapped.position = error.position
        return wrapped

    def unhandled(self) -> OracleError:
        """The error as the client gets it: with the stack, user-defined exceptions as ORA-06510."""
        return OracleError(self.code, f"{self.message}\n{self.stack}" if self.lines else self.message)

    @property
    def stack(self) -> str:
        return "\n".join(f"ORA-06512: {place}" for place in self.lines)

    @property
    def sqlcode(self) -> int:
        """SQLCODE: 1 for a user-defined exception without a number, 100 for NO_DATA_FOUND, else negative."""
        if self.identity is not None and self.code == USER_DEFINED:
            return 1
        return 100 if self.code == 1403 else -self.code

    @property
    def sqlerrm(self) -> str:
        if self.sqlcode == 1:
            return "User-Defined Exception"
        return f"ORA-{self.code:05d}: {self.message}"


USER_DEFINED = 6510
FATAL = frozenset((12, 28, 1012, 1013, 1089, 3113, 3114, 3135))
"""Errors that end the call: no handler catches them."""


def predefined(name: str) -> PlsqlError:
    """Make the STANDARD exception *name* with its own text."""
    return PlsqlError(*PREDEFINED[name])


def standard_message(code: int) -> str:
    """The text of an exception that RAISE raises by its number: only Oracle's own have one."""
    return MESSAGES.get(
        code, "" if 20000 <= code <= 20999 else f"Message {code} not found;  product=RDBMS; facility=ORA"
    )


def value_error(detail: str = "") -> PlsqlError:
    """ORA-06502; *detail* such as ``character string buffer too small`` follows a colon."""
    return PlsqlError(6502, PREDEFINED["VALUE_ERROR"].message + (f": {detail}" if detail else ""))
