"""What the ORDS packages check of single values, with the errors a table's own constraints would raise.

Widths: name, uri_prefix, pattern 255, status and types 30, comments 4000 bytes [R, package text of ORDS 3.x].
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.ports import OracleError

Varchar: TypeAlias = Annotated[str | None, "VARCHAR2"]
Clob: TypeAlias = Annotated[str | None, "CLOB"]
Number: TypeAlias = Annotated[int | Decimal | float | None, "NUMBER"]
Boolean: TypeAlias = Annotated[bool | None, "BOOLEAN"]
VcArr: TypeAlias = Annotated[Sequence[str | None] | None, "OWA.VC_ARR"]

_WIDTHS = {
    "STATUS": 30,
    "TYPE": 30,
    "METHOD": 30,
    "SOURCE_TYPE": 30,
    "ETAG_TYPE": 30,
    "ACCESS_METHOD": 30,
    "PARAM_TYPE": 30,
    "PARSING_SCHEMA": 128,
    "COMMENTS": 4000,
    "ETAG_QUERY": 4000,
    "ORIGINS_ALLOWED": 4000,
    "MIMES_ALLOWED": 4000,
    "DESCRIPTION": 4000,
    "ISSUER": 4000,
    "AUDIENCE": 4000,
    "JWK_URL": 4000,
    "ROLE_CLAIM_NAME": 4000,
}
_DEFAULT_WIDTH = 255


def text(table: str, column: str, value: Any) -> str | None:
    """Return *value* as the column stores it (the empty string is NULL).

    Raises:
        OracleError: 12899, longer in bytes than the column.
    """
    if value is None or value == "":
        return None
    stored = str(value)
    size, limit = len(stored.encode()), _WIDTHS.get(column, _DEFAULT_WIDTH)
    if size > limit:
        name = f'"ORDS_METADATA"."{table}"."{column}"'
        raise OracleError(12899, f"value too large for column {name} (actual: {size}, maximum: {limit})")
    return stored


def required(table: str, column: str, value: Any) -> str:
    """Return *value* as :func:`text` does; NULL is ORA-01400."""
    stored = text(table, column, value)
    if stored is None:
        raise null_refused(table, column)
    return stored


def null_refused(table: str, column: str) -> OracleError:
    """ORA-01400 on a column of the repository."""
    return OracleError(1400, f'cannot insert NULL into ("ORDS_METADATA"."{table}"."{column}")')


def whole(settings: RepositorySettings, argument: str, value: Number, low: int, high: int) -> int | None:
    """Return *value* as an integer between *low* and *high*, or ``None``."""
    if value is None:
        return None
    if int(value) != value or not low <= value <= high:
        raise refusal(settings, f"Invalid value {value} for {argument}: expected an integer from {low} to {high}")
    return int(value)


def one_of(settings: RepositorySettings, argument: str, value: Any, allowed: Collection[str]) -> str:
    """Return *value* if it is one of *allowed*, compared exactly."""
    if value not in allowed:
        raise refusal(settings, f"Invalid value {value!s} for {argument}: expected one of {', '.join(allowed)}")
    return str(value)


def elements(array: Sequence[str | None] | Mapping[int, str | None] | None) -> list[str | None]:
    """Return the elements of an OWA.VC_ARR in index order; NULL stands for an empty one."""
    if array is None:
        return []
    if isinstance(array, Mapping):
        return [array[index] for index in sorted(array)]
    return list(array)


def check_texts(arguments: Mapping[str, Any]) -> None:
    """Refuse the character NUL, which Oracle can store and the repository's PostgreSQL cannot."""
    for name, value in arguments.items():
        texts = [value] if isinstance(value, str) else elements(value) if isinstance(value, list) else []
        if any(text and "\0" in text for text in texts):
            raise OracleError(3001, f"unimplemented feature: character NUL in {name}")


def refusal(settings: RepositorySettings, message: str) -> OracleError:
    """A refusal for which no number is published."""
    return OracleError(settings.refusal_code, message)


def unknown(code: int, message: str) -> OracleError:
    """The error for a name that is not there: *message* shows only with an application error's number."""
    return OracleError(code, "no data found" if code == 1403 else message)


def duplicate(settings: RepositorySettings, constraint: str, message: str) -> OracleError:
    """The error for a value that another row has."""
    if settings.duplicate_code == 1:
        return violated(constraint)
    return OracleError(settings.duplicate_code, message)


def violated(constraint: str) -> OracleError:
    """ORA-00001 on a constraint of the repository."""
    return OracleError(1, f"unique constraint (ORDS_METADATA.{constraint}) violated")
