"""PostgreSQL's errors as Oracle's: SQLSTATE to ORA- code, with the object's name where Oracle gives it."""

import re
from collections.abc import Callable

from oracleapi_sandbox.oracle.engine.catalog import Catalog
from oracleapi_sandbox.oracle.engine.text import UnknownNameError
from oracleapi_sandbox.oracle.engine.wire import PostgresError
from oracleapi_sandbox.oracle.plsql.lexer import tokenize
from oracleapi_sandbox.oracle.ports import OracleError

_PLAIN = {
    "22012": (1476, "divisor is equal to zero"),
    "22P02": (1722, "invalid number"),
    "22003": (1438, "value larger than specified precision allowed for this column"),
    "22007": (1861, "literal does not match format string"),
    "22008": (1841, "(full) year must be between -4713 and +9999, and not be 0"),
    "22023": (1760, "illegal argument for function"),
    "22032": (40441, "JSON syntax error"),
    "2201B": (12726, "unmatched bracket in regular expression"),
    "2201E": (1428, "argument is out of range"),
    "2201F": (1428, "argument is out of range"),
    "21000": (1427, "single-row subquery returns more than one row"),
    "42702": (918, "column ambiguously defined"),
    "42703": (904, "invalid identifier"),
    "42804": (932, "inconsistent datatypes"),
    "42846": (932, "inconsistent datatypes"),
    "42883": (932, "inconsistent datatypes"),
    "42725": (932, "inconsistent datatypes"),
    "42P20": (30483, "window  functions are not allowed here"),
    "42701": (957, "duplicate column name"),
    "42712": (918, "column ambiguously defined"),
    "42P07": (955, "name is already used by an existing object"),
    "42501": (1031, "insufficient privileges"),
    "40P01": (60, "deadlock detected while waiting for resource"),
    "40001": (8177, "can't serialize access for this transaction"),
    "55P03": (54, "resource busy and acquire with NOWAIT specified or timeout expired"),
    "2200H": (8004, "sequence exceeds MAXVALUE and cannot be instantiated"),
    "57014": (1013, "user requested cancel of current operation"),
    "57P01": (1089, "immediate shutdown or close in progress - no operations are permitted"),
    "3B001": (1086, "savepoint never established in this session or is invalid"),
    "54001": (913, "too many values"),
    "55006": (54, "resource busy and acquire with NOWAIT specified or timeout expired"),
    "21P01": (30926, "unable to get a stable set of rows in the source tables"),
}


def to_oracle(error: PostgresError, catalog: Catalog, sql: str = "") -> OracleError:
    """Return the ORA- error for *error*; *sql* is Oracle's text, in which the place of a name is looked up."""
    if error.sqlstate == "ORA00":
        number, _, text = error.message.partition(":")
        return OracleError(int(number), text)
    special = _SPECIAL.get(error.sqlstate)
    if special is not None:
        return special(error, catalog, sql)
    if error.sqlstate in _PLAIN:
        code, message = _PLAIN[error.sqlstate]
        return OracleError(code, message)
    return _unknown(error)


def position_of(sql: str, name: str) -> int | None:
    """Return the offset of the first token of *sql* that is the identifier *name*."""
    if not sql:
        return None
    for token in tokenize(sql):
        if token.kind in ("word", "quoted") and token.text == name:
            return token.start
    return None


def located(error: OracleError, sql: str) -> OracleError:
    """Add the place of the identifier that an ORA-00904 or ORA-00942 speaks of."""
    if isinstance(error, UnknownNameError):
        return OracleError(error.code, error.message, position_of(sql, error.name))
    if error.position is None and error.code == 904:
        names = re.findall(r'"([^"]+)"', error.message)
        if names:
            return OracleError(error.code, error.message, position_of(sql, names[-1]))
    return error


def _unique(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    return OracleError(1, f"unique constraint ({error.schema}.{error.constraint}) violated")


def _foreign(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    child = error.message.startswith("insert or update")
    what = (2291, "parent key not found") if child else (2292, "child record found")
    owner = error.schema
    if not child:
        known = [key for key, each in catalog.constraints.items() if key[1] == error.constraint and each["type"] == "R"]
        owner = known[0][0] if known else owner
    return OracleError(what[0], f"integrity constraint ({owner}.{error.constraint}) violated - {what[1]}")


def _null(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    target = f'("{error.schema}"."{error.table}"."{error.column}")'
    if sql.lstrip()[:6].upper() == "UPDATE":
        return OracleError(1407, f"cannot update {target} to NULL")
    return OracleError(1400, f"cannot insert NULL into {target}")


def _check(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    return OracleError(2290, f"check constraint ({error.schema}.{error.constraint}) violated")


def _grouping(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    if "must appear in the GROUP BY" in error.message or "ungrouped column" in error.message:
        return OracleError(979, "not a GROUP BY expression")
    if "cannot be nested" in error.message:
        return OracleError(3001, "unimplemented feature: nested aggregate functions")
    return OracleError(934, "group function is not allowed here")


def _order(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    if "position" in error.message:
        return OracleError(1785, "ORDER BY item must be the number of a SELECT-list expression")
    return OracleError(1791, "not a SELECTed expression")


def _column(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    found = re.search(r'column (.+?) (?:of relation .* )?does not exist|column "(.+?)"', error.message)
    name = (found[1] or found[2]).strip('"').split(".")[-1].strip('"') if found else ""
    return OracleError(904, f'"{name}": invalid identifier', position_of(sql, name))


def _relation(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    """A name that the dictionary knows and PostgreSQL does not is a view whose table is gone."""
    found = re.search(r'relation "([^"]+)\.([^"]+)" does not exist', error.message)
    if found and (found[1], found[2]) in catalog.objects:
        return OracleError(4063, f'view "{found[1]}.{found[2]}" has errors')
    return OracleError(942, "table or view does not exist")


def _syntax(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    if "too many columns" in error.message:
        return OracleError(913, "too many values")
    if "too few columns" in error.message:
        return OracleError(947, "not enough values")
    return OracleError(933, "SQL command not properly ended")


def _prerequisite(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    """SQLSTATE 55000 is "not in prerequisite state": of a sequence, of a view that rows cannot be changed through."""
    if error.message.startswith("currval "):
        return OracleError(8002, "sequence CURRVAL is not yet defined in this session")
    if re.match(r"cannot (insert into|update|delete from|merge into) view", error.message):
        return OracleError(1732, "data manipulation operation not legal on this view")
    return _unknown(error)


def _limit(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    if error.message.startswith("null character"):
        return no_nul()
    return OracleError(913, "too many values")


def _encoding(error: PostgresError, catalog: Catalog, sql: str) -> OracleError:
    return no_nul() if error.message.endswith(": 0x00") else _unknown(error)


def _unknown(error: PostgresError) -> OracleError:
    return OracleError(600, f"internal error code, arguments: [{error.sqlstate}], [{error.message}]")


def no_nul() -> OracleError:
    """Oracle keeps CHR(0) in a text, PostgreSQL cannot: refused rather than changed."""
    return OracleError(3001, "unimplemented feature: the character NUL in a text")


_SPECIAL: dict[str, Callable[[PostgresError, Catalog, str], OracleError]] = {
    "23505": _unique,
    "23503": _foreign,
    "23001": _foreign,
    "23502": _null,
    "23514": _check,
    "55000": _prerequisite,
    "54000": _limit,
    "22021": _encoding,
    "42803": _grouping,
    "42P10": _order,
    "42P01": _relation,
    "42601": _syntax,
    "42703": _column,
}
