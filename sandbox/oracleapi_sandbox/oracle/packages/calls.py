"""One call of an ORDS package: for which schema, by whom, and its access to the repository's rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oracleapi_sandbox.oracle.packages.checks import refusal, unknown, violated
from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.ports import InternalSql, OracleError, SqlRunner

ADMINISTRATOR_ROLE = "ORDS_ADMINISTRATOR_ROLE"
_LENDS_NO_RIGHTS = ("SYS", "SYSTEM")


def check_caller(runner: SqlRunner, settings: RepositorySettings) -> None:
    """Refuse callers whom the invoker-rights packages refuse, and every call during an installation [R].

    Raises:
        OracleError: 6598, SYS or SYSTEM does not let ORDS_METADATA inherit its privileges; 1403, installing.
    """
    if settings.sys_calls_refused and runner.session.user in _LENDS_NO_RIGHTS:
        raise OracleError(6598, "insufficient INHERIT PRIVILEGES privilege")
    if settings.installing:
        raise OracleError(1403, "no data found")


def own_schema(runner: SqlRunner, settings: RepositorySettings) -> str:
    """Return the schema that ORDS.* acts on."""
    if settings.ords_acts_on == "session_user":
        return runner.session.user
    return runner.session.current_schema


@dataclass(frozen=True)
class Call:
    """A call on behalf of *user* for a registered schema, inside the session's transaction."""

    sql: InternalSql
    settings: RepositorySettings
    user: str
    schema: str
    schema_id: int
    enabled: bool

    @classmethod
    def open(cls, sql: InternalSql, settings: RepositorySettings, user: str, schema: str | None) -> "Call":
        """Find the registered *schema*; unknown is ORA-01403 or as set."""
        row = find_schema(sql, settings, schema)
        if row is None:
            raise unknown(settings.unknown_name_code, f"The schema {schema} is not REST-enabled")
        return cls(sql, settings, user, row["parsing_schema"], row["id"], row["status"] == "ENABLED")

    def require_enabled(self) -> None:
        """Refuse new definitions in a disabled schema."""
        if not self.enabled and self.settings.disabled_schema_refuses_definitions:
            raise refusal(self.settings, f"The schema {self.schema} is not enabled for ORDS")

    def find(self, table: str, columns: Sequence[str], **key: Any) -> dict[str, Any] | None:
        """Return *columns* of the row with *key*, or ``None``."""
        where = " AND ".join(f"{name} = %s" for name in key)
        sql = f"SELECT {', '.join(columns)} FROM ords_metadata.{table} WHERE {where}"  # noqa: S608
        rows = self.sql.run(sql, tuple(key.values()))
        return dict(zip(columns, rows[0], strict=True)) if rows else None

    def column(self, table: str, column: str, **key: Any) -> list[Any]:
        """Return one column of the rows with *key*."""
        where = " AND ".join(f"{name} = %s" for name in key)
        sql = f"SELECT {column} FROM ords_metadata.{table} WHERE {where}"  # noqa: S608
        return [row[0] for row in self.sql.run(sql, tuple(key.values()))]

    def insert(self, table: str, constraint: str, values: Mapping[str, Any]) -> None:
        """Insert a row with its audit columns; any duplicate, of other sessions too, is ORA-00001 on *constraint*."""
        names = [*values, "created_by", "updated_by", "created_on", "updated_on"]
        marks = ", ".join(["%s"] * (len(values) + 2))
        sql = (
            f"INSERT INTO ords_metadata.{table} ({', '.join(names)}) VALUES ({marks}, localtimestamp, localtimestamp)"  # noqa: S608
            " ON CONFLICT DO NOTHING RETURNING 1"
        )
        if not self.sql.run(sql, (*values.values(), self.user, self.user)):
            raise violated(constraint)

    def update(self, table: str, values: Mapping[str, Any], **key: Any) -> None:
        """Change the rows with *key* and their audit columns."""
        changes = ", ".join(f"{name} = %s" for name in [*values, "updated_by"])
        where = " AND ".join(f"{name} = %s" for name in key)
        sql = f"UPDATE ords_metadata.{table} SET {changes}, updated_on = localtimestamp WHERE {where}"  # noqa: S608
        self.sql.run(sql, (*values.values(), self.user, *key.values()))

    def delete(self, table: str, **key: Any) -> bool:
        """Delete the rows with *key* and everything below; says whether there were any."""
        where = " AND ".join(f"{name} = %s" for name in key)
        sql = f"DELETE FROM ords_metadata.{table} WHERE {where} RETURNING 1"  # noqa: S608
        return bool(self.sql.run(sql, tuple(key.values())))

    def replace(
        self,
        table: str,
        constraint: str,
        key: Mapping[str, Any],
        values: Mapping[str, Any],
        child: tuple[str, str] | None = None,
    ) -> int:
        """Create the row with *key*, or replace it and what is below it, as the switches say; returns its ID.

        Args:
            child: Table and column that refer to this row, if anything lies below it.
        """
        old = self.find(table, ["id"], **key)
        if old is not None and self.settings.replace_drops_children and self.settings.ids_renewed_on_replace:
            self.delete(table, id=old["id"])
            old = None
        if old is None:
            self.insert(table, constraint, {**key, **values})
        else:
            if child is not None and self.settings.replace_drops_children:
                self.delete(child[0], **{child[1]: old["id"]})
            self.update(table, values, id=old["id"])
        found = self.find(table, ["id"], **key)
        if found is None:
            raise violated(constraint)
        return int(found["id"])


def find_schema(sql: InternalSql, settings: RepositorySettings, schema: str | None) -> dict[str, Any] | None:
    """Return the registration of *schema*: by its exact name, else folded to upper case where that is switched on."""
    columns = ("id", "parsing_schema", "type", "pattern", "status", "auto_rest_auth")
    wanted = [schema, schema.upper()] if schema and settings.fold_schema_names else [schema]
    for name in wanted:
        query = f"SELECT {', '.join(columns)} FROM ords_metadata.ords_schemas WHERE parsing_schema = %s"  # noqa: S608
        rows = sql.run(query, (name,))
        if rows:
            return dict(zip(columns, rows[0], strict=True))
    return None
