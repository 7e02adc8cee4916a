"""The way to a listener: whose certificate the operator's adapter believes, what it must name, how often it logs in.

Certificates that no sandbox has, and what is sent to a listener: unit/adapters/test_oracle_connect.py.
"""

import pathlib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import oracledb
import pytest
import trustme

from oracleapi.adapters.oracle.database import OracleDatabase, open_database
from oracleapi.adapters.oracle.trust import wallet_context
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import Retryable
from support.parts import Part, start_part

STRANGER = trustme.CA().cert_pem.bytes().decode()
Connect = Callable[..., None]


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    part = start_part("oracle", tmp_path_factory.mktemp("oracle"))
    yield part
    part.stop()


@pytest.fixture
def connect(part: Part) -> Connect:
    """Opens a database over TLS with a wallet, and reads its version."""
    known = part.addresses

    def connect(wallet: str | None, **fields: Any) -> None:
        given = {"host": "localhost", "port": known["tcps_port"], "service_name": known["service_name"], **fields}
        connection = Connection.model_validate({"protocol": "TCPS", **given})
        context = wallet_context(ssl.create_default_context(), wallet)
        secret = {"username": known["system_user"], "password": known["system_password"]}
        database = open_database(connection, secret, context if connection.protocol == "TCPS" else None)
        try:
            database.facts()
        finally:
            database.close()

    return connect


@pytest.fixture
def wallet(part: Part) -> str:
    return (pathlib.Path(part.state) / "ca" / "ca.crt").read_text()


def test_a_listener_whose_root_is_believed_is_reached(connect: Connect, wallet: str) -> None:
    connect(wallet)


@pytest.mark.parametrize("given", [None, STRANGER], ids=["no wallet", "the wallet of somebody else"])
def test_a_root_that_is_not_believed_is_told_with_its_field(connect: Connect, given: str | None) -> None:
    with pytest.raises(Retryable, match=r"connection\.walletSecretRef") as caught:
        connect(given)
    assert caught.value.reason == "DatabaseUnreachable"
    assert "not believed" in caught.value.message


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"server_dn": "CN=somebody-else"}, r"spec\.connection\.serverDn"), ({"host": "127.0.0.1"}, r"connection\.host")],
    ids=["DN", "host"],
)
def test_another_name_than_the_certificates_is_told_with_its_field(
    connect: Connect, wallet: str, fields: dict[str, str], named: str
) -> None:
    with pytest.raises(Retryable, match=named) as caught:
        connect(wallet, **fields)
    assert caught.value.reason == "DatabaseUnreachable"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the driver leaves its socket open
@pytest.mark.parametrize(
    ("protocol", "port", "named"),
    [("TCPS", "port", "does not speak TLS"), ("TCP", "tcps_port", r"spec\.connection\.protocol, TCP or TCPS")],
)
def test_another_protocol_than_the_port_s_is_told_with_its_field(
    connect: Connect, wallet: str, part: Part, protocol: str, port: str, named: str
) -> None:
    with pytest.raises(Retryable, match=named) as caught:
        connect(wallet, protocol=protocol, port=part.addresses[port])
    assert caught.value.reason == "DatabaseUnreachable"


def test_a_service_that_the_listener_does_not_know_is_told_with_its_field(connect: Connect, wallet: str) -> None:
    with pytest.raises(Retryable, match=r"spec\.connection\.serviceName.*DPY-6001") as caught:
        connect(wallet, service_name="NOWHERE")
    assert caught.value.reason == "DatabaseUnreachable"


def account(part: Part, profile: str, days: int = 180) -> dict[str, str]:
    """Make an account that three wrong passwords lock and whose password expires after *days*."""
    known, found = part.addresses, {"username": f"OF_{profile}", "password": "Only4Tests_1"}
    with (
        oracledb.connect(user=known["system_user"], password=known["system_password"], dsn=known["dsn"]) as system,
        system.cursor() as cursor,
    ):
        limits = f"failed_login_attempts 3 password_life_time {days} password_grace_time 7"
        cursor.execute(f"create profile {profile} limit {limits}")
        cursor.execute(f'create user {found["username"]} identified by "{found["password"]}" profile {profile}')
        cursor.execute(f"grant create session, ords_administrator_role to {found['username']}")
    return found


def opened(part: Part, secret: dict[str, str]) -> OracleDatabase:
    known = part.addresses
    where = {"host": "localhost", "port": known["port"], "service_name": known["service_name"], "protocol": "TCP"}
    return open_database(Connection.model_validate(where), secret)


def test_a_wrong_password_does_not_lock_the_account(part: Part) -> None:
    """Two logins are sent, whatever is asked, and the third is the right one."""
    right = account(part, "LOCKS")
    wrong = opened(part, {**right, "password": "wrong"})
    for _ in range(5):
        with pytest.raises(Retryable) as caught:
            wrong.facts()
        assert caught.value.reason == "LoginDenied"
    wrong.close()
    mended = opened(part, right)
    assert "SELECT on SYS.DBA_USERS" in mended.facts().missing
    mended.close()


def test_a_password_that_expires_soon_logs_in(part: Part) -> None:
    """ORA-28002 is a warning of the driver, ORA-28001 a refused login."""
    secret = account(part, "SHORT", days=1)
    for days, refused in ((2, False), (8, True)):
        httpx.post(f"{part.addresses['admin_url']}/_sandbox/clock", json={"advance_seconds": days * 86400})
        database = opened(part, secret)
        if refused:
            with pytest.raises(Retryable, match=r"the password has expired.*ORA-28001"):
                database.facts()
        else:
            assert database.facts().missing
        database.close()
