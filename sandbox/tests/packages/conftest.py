"""A database with the repository in a real PostgreSQL, and sessions that call the packages as the interpreter does."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.postgres import Postgres
from oracleapi_sandbox.oracle.packages import registry, repository, views
from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.ports import Bind, OracleError, Package, Result
from oracleapi_sandbox.ords.model import Snapshot


class Internal:
    """InternalSql on a plain connection."""

    def __init__(self, connection):
        self._connection = connection

    def run(self, sql, params=()):
        numbers = itertools.count(1)
        parts = sql.split("%s")
        text = parts[0] + "".join(f"${next(numbers)}{part}" for part in parts[1:])
        return [tuple(row) for row in self._connection.run(text, params).rows]


class FakeSession:
    """A session and its SqlRunner in one: a PostgreSQL transaction with the rights of an ORDS administrator or not."""

    def __init__(self, database, user, *, administrator):
        self.connection = database.connect()
        self.database, self.administrator = database, administrator
        self.session = SimpleNamespace(user=user, current_schema=user)
        self.sql = Internal(self.connection)
        self.connection.run("BEGIN")

    def call(self, name: str, **arguments: Any) -> Any:
        """Call PACKAGE.SUBPROGRAM by named arguments; a failure leaves the transaction as it was."""
        package, _, subprogram = name.partition(".")
        body = self._overload(package, subprogram, set(arguments)).body
        self.connection.run("SAVEPOINT statement")
        try:
            return body(self, **{key.lower(): value for key, value in arguments.items()})
        except OracleError:
            self.connection.run("ROLLBACK TO statement")
            raise

    def _overload(self, package, subprogram, given):
        found = self.resolve_package(None, package)
        if found is None:
            raise OracleError(6550, f"PLS-00201: identifier '{package}.{subprogram}' must be declared")
        for each in found.subprograms:
            formal = {argument.name.lower(): argument for argument in each.arguments}
            needed = {name for name, argument in formal.items() if argument.default is ...}
            if each.name == subprogram and needed <= given <= set(formal):
                return each
        raise OracleError(6550, f"PLS-00306: wrong number or types of arguments in call to '{subprogram}'")

    def resolve_package(self, owner: str | None, name: str) -> Package | None:
        settings = self.database.settings
        if registry.required_role(name, settings) != "PUBLIC" and not self.administrator:
            return None
        return next(each for each in registry.supplied_packages(settings) if each.name == name)

    def run(self, sql: str, binds: Mapping[str, Bind]) -> Result:
        assert "ALL_USERS" in sql
        name = binds["NAME"].value
        return Result(rows=iter([(name,)] if name in self.database.users else []))

    @contextmanager
    def internal(self) -> Iterator[Internal]:
        yield self.sql

    def run_as_definer(self, owner: str, sql: str, *, autonomous: bool = False) -> None:
        self.database.definer_statements.append((owner, sql))
        if not autonomous:
            self.commit()

    def commit(self):
        self.connection.run("COMMIT")
        self.connection.run("BEGIN")

    def rollback(self):
        self.connection.run("ROLLBACK")
        self.connection.run("BEGIN")

    def view(self, name: str, *columns: str) -> list[tuple[Any, ...]]:
        """Read columns of a dictionary view as this session's schema sees it."""
        found = {each.name: each for each in views.dictionary_views(f"'{self.session.current_schema}'::varchar")}
        items = ", ".join(f'"{column}"' for column in columns)
        return self.sql.run(f"SELECT {items} FROM ({found[name].sql}) AS v ORDER BY {items}")  # noqa: S608


class Ords:
    """A fresh repository with users HR, SALES and OPERATOR; only HR is enabled, under the alias ``hr``."""

    def __init__(self, pool: "Pool"):
        self._pool = pool
        self._taken = []
        self.settings = RepositorySettings()
        self.users = {"HR", "SALES", "OPERATOR", "SYS", "SYSTEM"}
        self.definer_statements: list[tuple[str, str]] = []
        internal = Internal(self.connect())
        internal.run("DELETE FROM ords_metadata.ords_schemas")
        self.operator = self.session("OPERATOR", administrator=True)
        self.operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_schema="HR")
        self.definer_statements.clear()

    def connect(self):
        connection = self._pool.take()
        self._taken.append(connection)
        return connection

    def session(self, user: str, *, administrator: bool = False) -> FakeSession:
        return FakeSession(self, user, administrator=administrator)

    def snapshot(self) -> Snapshot:
        return repository.load_snapshot(Internal(self.connect()))

    def close(self):
        for connection in self._taken:
            self._pool.give_back(connection)


class Pool:
    """Connections that tests hand on to each other, without an open transaction."""

    def __init__(self, server: Postgres):
        self._server = server
        self._idle = []

    def take(self):
        return self._idle.pop() if self._idle else self._server.connect()

    def give_back(self, connection):
        connection.script("ROLLBACK")
        self._idle.append(connection)

    def close(self):
        for connection in self._idle:
            connection.close()


@pytest.fixture(scope="session")
def pool(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    pool = Pool(server)
    connection = pool.take()
    repository.install(Internal(connection))
    pool.give_back(connection)
    yield pool
    pool.close()
    server.close()


@pytest.fixture
def ords(pool):
    ords = Ords(pool)
    yield ords
    ords.close()


@pytest.fixture
def operator(ords):
    return ords.operator
