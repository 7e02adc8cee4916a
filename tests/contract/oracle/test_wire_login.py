"""Logging in on the wire: services, passwords, session attributes, pools, async. Source: python-oracledb [M]."""

# ruff: noqa: S608 - the texts are put together from the tests' own names

import asyncio
from typing import Any

import oracledb
import pytest


def context(connection: oracledb.Connection, *names: str) -> list[Any]:
    with connection.cursor() as cursor:
        wanted = ", ".join(f"sys_context('userenv', '{name}')" for name in names)
        return list(cursor.execute(f"select {wanted} from dual").fetchone())


def test_the_session_is_the_users(connection: oracledb.Connection, place: Any) -> None:
    assert context(connection, "session_user", "current_schema") == [place.user.upper()] * 2
    assert int(connection.version.split(".")[0]) >= 19


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"user": "oa_contract_nobody"}])
def test_a_wrong_user_or_password_is_denied_alike(place: Any, change: dict[str, str]) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-01017"):
        place.connect(**change)


def test_an_unknown_service_is_refused(place: Any) -> None:
    with pytest.raises(oracledb.OperationalError, match="DPY-6001"):
        place.connect(dsn=place.dsn.rsplit("/", 1)[0] + "/oa_contract_nowhere")


def test_a_wrong_old_password_is_refused(connection: oracledb.Connection) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-28008"):
        connection.changepassword("wrong", "Other4Tests_1")
    connection.ping()


def test_attributes_travel_with_the_next_call(connection: oracledb.Connection) -> None:
    connection.client_identifier, connection.module, connection.action = "request-1", "module-1", "action-1"
    assert context(connection, "client_identifier", "module", "action") == ["request-1", "module-1", "action-1"]
    connection.client_identifier = None
    assert context(connection, "client_identifier") == [None]


def test_the_current_schema_follows_alter_session(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("alter session set current_schema = system")
    assert connection.current_schema == "SYSTEM"
    assert context(connection, "current_schema") == ["SYSTEM"]


def test_a_pool_hands_out_working_sessions(place: Any) -> None:
    pool = oracledb.create_pool(user=place.user, password=place.password, dsn=place.dsn, min=1, max=2)
    try:
        for _ in range(3):
            with pool.acquire() as first, pool.acquire() as second:
                assert context(first, "sid") != context(second, "sid")
    finally:
        pool.close(force=True)


def test_the_async_api_works(place: Any) -> None:
    async def run() -> None:
        async with oracledb.connect_async(user=place.user, password=place.password, dsn=place.dsn) as connection:
            assert await connection.fetchone("select :1 + 1 from dual", [1]) == (2,)

    asyncio.run(run())
