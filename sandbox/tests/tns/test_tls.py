"""TCPS: the listener behind TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.common.authority import Authority, distinguished_name
from oracleapi_sandbox.oracle.ports import Column, Result

A = Column("A", "NUMBER")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def secure_site(authority: Authority, make_site: Any) -> Iterator[Any]:
    leaf = authority.leaf("listener", "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.certificate, leaf.key)
    yield from make_site(tls=context)


def dsn(site: Any) -> str:
    return f"tcps://localhost:{site.port}/FREEPDB1"


def test_a_client_that_trusts_the_root_connects(secure_site: Any, authority: Authority) -> None:
    rows = [(number, "x" * 100) for number in range(3000)]
    secure_site.database.script["select"] = lambda _s, _b: Result((A, Column("S", "VARCHAR2")), iter(rows))
    connection = secure_site.connect(dsn=dsn(secure_site), ssl_context=authority.client_context())
    with connection.cursor() as cursor:
        assert cursor.execute("select a, s from t").fetchall() == rows


def test_a_client_that_does_not_is_turned_away_by_itself(secure_site: Any) -> None:
    with pytest.raises(oracledb.OperationalError, match="DPY-6005"):
        secure_site.connect(dsn=dsn(secure_site), ssl_context=ssl.create_default_context(cadata=None))


@pytest.mark.parametrize(
    ("expected", "connects"),
    [(distinguished_name("listener", "localhost"), True), (None, True), ("CN=localhost,OU=other,O=another", False)],
)
def test_the_driver_compares_the_distinguished_name(
    secure_site: Any, authority: Authority, expected: str | None, connects: bool
) -> None:
    options = {"ssl_context": authority.client_context(), "ssl_server_dn_match": True, "ssl_server_cert_dn": expected}
    if connects:
        secure_site.connect(dsn=dsn(secure_site), **options).ping()
    else:
        with pytest.raises(oracledb.DatabaseError, match="DPY-6002"):
            secure_site.connect(dsn=dsn(secure_site), **options)


def test_a_break_arrives_while_a_statement_runs(secure_site: Any, authority: Authority) -> None:
    def answer(session: Any, _binds: Any) -> Result:
        assert session.cancelled.wait(20)
        return Result()

    secure_site.database.script["begin"] = answer
    connection = secure_site.connect(dsn=dsn(secure_site), ssl_context=authority.client_context())
    connection.call_timeout = 1000
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        cursor.execute("begin slow; end;")
    connection.call_timeout = 0
    connection.ping()


def test_killed_sessions_end(secure_site: Any, authority: Authority) -> None:
    connections = [secure_site.connect(dsn=dsn(secure_site), ssl_context=authority.client_context()) for _ in range(3)]
    thread = threading.Thread(target=secure_site.listener.kill_sessions)
    thread.start()
    thread.join()
    for connection in connections:
        with pytest.raises(oracledb.DatabaseError, match="DPY-4011"):
            connection.ping()


def test_plain_text_is_turned_away(secure_site: Any) -> None:
    with socket.create_connection(("127.0.0.1", secure_site.port)) as client:
        client.sendall(b"\x00\x4a\x00\x00\x01\x00\x00\x00" + bytes(66))
        with contextlib.suppress(ConnectionResetError):
            while client.recv(100):
                pass
