"""Handlers parsed as their schema with roles enabled, over a proxy session of the check account; none is ever run.

Only the guard can enable its roles. It does so for the account that its setting ``check account`` names, where that is
the session's PROXY_USER (``oracleapi/sql/guard.pkb.sql``).
"""

import re
import ssl
from collections.abc import Mapping, Sequence

import oracledb

from oracleapi.adapters.oracle.errors import full_code, translate, translated
from oracleapi.adapters.oracle.knock import knock
from oracleapi.adapters.oracle.trust import address
from oracleapi.adapters.oracle.verdicts import VERDICTS
from oracleapi.api import reasons
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Retryable, Terminal
from oracleapi.model.parse import Parsed, may_be_parsed, parse_text
from oracleapi.ports import RoleSet

CALL_TIMEOUT_MS = 30_000
ANSWER_LIMIT_S = 10.0
ENABLE = "BEGIN oracleapi.guard.enable_for_check(:roles); END;"
BLOCK_FAULT, NOT_THE_CHECK_ACCOUNT = "ORA-06550", "ORA-20403"
RIGHTS_OF_SQL = frozenset({"ORA-00942", "ORA-01031", "ORA-02289", "ORA-41900"})
"""No such table or view, insufficient privileges, no such sequence, and what 23ai says instead of the second."""
RIGHTS_OF_BLOCKS = RIGHTS_OF_SQL | {"PLS-00201", "PLS-00904"}
"""Besides: an identifier that must be declared, and an object that may not be accessed."""
_CODE = re.compile(r"(?:ORA|PLS)-\d{5}")
_QUOTED = re.compile(r'"[^"]+"(?:\."[^"]+")*')
_IDENTIFIER = re.compile(r"PLS-00(?:201|904):[^']*?(?:'([^']+)'|object ([\w$#.]+))")
_PLACE = re.compile(r"line (\d+), column (\d+):\s*\n(?:PL/SQL: )?(?:ORA|PLS)-\d{5}")
_NAME = re.compile(r'[\w$#"]+(?:\s*\.\s*[\w$#"]+)*')
_NO_NAMES = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "BEGIN", "DECLARE", "FROM", "INTO"})


class OracleParser:
    """Fulfils :class:`oracleapi.ports.Parser`; a session is opened for each call and closed after it."""

    def __init__(
        self, connection: Connection, username: str, password: str, context: ssl.SSLContext | None = None
    ) -> None:
        oracledb.enable_thin_mode()  # type: ignore[no-untyped-call]
        self._parameters = oracledb.ConnectParams(
            **address(connection, context),
            stmtcachesize=0,  # a cursor that is still open is not parsed again: other roles would not count
        )
        self._username, self._password = username, password
        self._answer_limit_s = connection.tcp_connect_timeout_seconds + ANSWER_LIMIT_S

    def parse(self, schema: str, wanted: Mapping[RoleSet, Sequence[str]]) -> Mapping[tuple[RoleSet, str], Parsed]:
        found: dict[tuple[RoleSet, str], Parsed] = {}
        with translated("parsing handlers"), self._open(schema) as connection:
            connection.call_timeout = CALL_TIMEOUT_MS
            for roles, statements in wanted.items():
                with connection.cursor() as cursor:
                    fault = self._enable(cursor, roles)
                for statement in statements:
                    with connection.cursor() as cursor:
                        found[roles, statement] = fault or _parse(cursor, statement)
        return found

    def _open(self, schema: str) -> oracledb.Connection:
        """Open a session of *schema*. Raises LoginDenied where the account itself may not, else PrivilegesMissing."""
        doing = f"logging in as {self._username}[{schema}] to parse handlers"
        try:
            knock(lambda: self._connect(schema), self._answer_limit_s)  # whoever says nothing is not waited for
            return self._connect(schema)
        except (oracledb.Error, OSError) as error:
            raise self._refused(doing, schema, error) from error

    def _refused(self, doing: str, schema: str, error: oracledb.Error | OSError) -> OperatorError:
        match full_code(error):
            case "ORA-28150":
                return Terminal(
                    reasons.PRIVILEGES_MISSING,
                    f"{doing}: schema {schema} lets the check account not through; a DBA runs: ALTER USER {schema}"
                    f" GRANT CONNECT THROUGH {self._username.upper()} (ORA-28150)",
                )
            case "ORA-28156" as code:
                return Terminal(
                    reasons.PRIVILEGES_MISSING,
                    f"{doing}: CONNECT THROUGH does not let the check account enable a role; a DBA grants it without"
                    f" WITH ROLE ({code})",
                )
            case "ORA-01045" as code:
                return Terminal(
                    reasons.PRIVILEGES_MISSING,
                    f"{doing}: CREATE SESSION is missing; a DBA grants it to {self._username.upper()} and to {schema}"
                    f" ({code})",
                )
            case "ORA-01017" as code:
                return Retryable(
                    reasons.LOGIN_DENIED,
                    f"{doing}: login refused; check username and password in the Secret of"
                    f" OracleDatabase.spec.checkAccountSecretRef ({code})",
                )
        return translate(doing, error)

    def _connect(self, schema: str) -> oracledb.Connection:
        return oracledb.connect(user=f"{self._username}[{schema}]", password=self._password, params=self._parameters)

    def _enable(self, cursor: oracledb.Cursor, roles: RoleSet) -> Parsed | None:
        """Enable exactly *roles*; returns why that is not possible for them alone.

        Raises:
            Terminal: ``GuardIncomplete``, the guard does not let this account do it at all.
        """
        try:
            cursor.execute(ENABLE, roles=",".join(f'"{role}"' for role in sorted(roles)) or None)
        except oracledb.DatabaseError as error:
            code = full_code(error)
            if code in (NOT_THE_CHECK_ACCOUNT, BLOCK_FAULT):
                raise Terminal(
                    reasons.GUARD_INCOMPLETE,
                    f"the guard does not take {self._username.upper()} for its check account; install it with: kubectl"
                    f" oracleapi sql install --check-account {self._username.upper()} ({code})",
                ) from error
            _raise_if_away(error)
            return Parsed("NotChecked", code, detail=f"{', '.join(sorted(roles))} cannot be enabled ({code})")
        return None


def _parse(cursor: oracledb.Cursor, statement: str) -> Parsed:
    if not may_be_parsed(statement):
        return Parsed("NotChecked", detail="no query, change of rows or block: parsing it could run it")
    text = parse_text(statement)
    try:
        cursor.parse(text)
    except oracledb.DatabaseError as error:
        _raise_if_away(error)
        return judge(text, full_code(error), str(error), getattr(error.args[0], "offset", None))
    return Parsed()


def judge(text: str, code: str, message: str, offset: int | None) -> Parsed:
    """Return what an error of parsing *text* says of rights; *offset* is Oracle's, in bytes."""
    if code == BLOCK_FAULT:
        inner = next((each for each in _CODE.findall(message) if each in RIGHTS_OF_BLOCKS), None)
        if inner is not None:
            return Parsed("Refused", code, _object_of_block(text, message), inner)
    elif code in RIGHTS_OF_SQL:
        return Parsed("Refused", code, _object_of_sql(text, message, offset))
    return Parsed("NotChecked", code, detail=f"it has another fault, whatever the roles ({code})")


def _object_of_sql(text: str, message: str, offset: int | None) -> str:
    quoted = _QUOTED.search(message)
    if quoted is not None:
        return quoted[0].replace('"', "")
    return "" if offset is None else _name_at(text, len(text.encode()[:offset].decode(errors="ignore")))


def _object_of_block(text: str, message: str) -> str:
    identifier = _IDENTIFIER.search(message)
    if identifier is not None:
        return identifier[1] or identifier[2] or ""
    quoted, place = _QUOTED.search(message), _PLACE.search(message)
    if quoted is not None:
        return quoted[0].replace('"', "")
    if place is None:
        return ""
    before = text.splitlines(keepends=True)[: int(place[1]) - 1]
    return _name_at(text, sum(map(len, before)) + int(place[2]) - 1)


def _name_at(text: str, index: int) -> str:
    """Return the name, with its owner, that stands around *index*."""
    for found in _NAME.finditer(text):
        if found.start() <= index < found.end():
            name = re.sub(r'[\s"]', "", found[0]).upper()
            return "" if name in _NO_NAMES else name
    return ""


def _raise_if_away(error: oracledb.DatabaseError) -> None:
    """Raise what says nothing of a statement: the session is gone, or the call took too long."""
    code = full_code(error)
    verdict = VERDICTS.get(code)
    away = verdict is not None and verdict.reason == reasons.DATABASE_UNREACHABLE
    if away or not code.startswith("ORA-") or getattr(error.args[0], "isrecoverable", False):
        raise error


def open_parser(
    connection: Connection, secret: Mapping[str, str], context: ssl.SSLContext | None = None
) -> OracleParser:
    """Return the parser with the account in *secret*. Raises Terminal: ``CredentialsMissing``, it lacks a key."""
    for key in ("username", "password"):
        if not secret.get(key):
            raise Terminal(
                reasons.CREDENTIALS_MISSING,
                f"the Secret of OracleDatabase.spec.checkAccountSecretRef has no key {key}; add it",
            )
    return OracleParser(connection, secret["username"], secret["password"], context)
