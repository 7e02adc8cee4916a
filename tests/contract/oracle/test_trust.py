"""The way to a listener over TLS: whose certificate the operator's adapter believes, and what it must name."""

import pathlib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from oracleapi.adapters.oracle.database import open_database
from oracleapi.adapters.oracle.trust import wallet_context
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Retryable
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
        database = open_database(connection, secret, context)
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


@pytest.mark.parametrize("fields", [{"server_dn": "CN=somebody-else"}, {"host": "127.0.0.1"}], ids=str)
def test_another_name_than_the_certificates_is_told_with_its_field(
    connect: Connect, wallet: str, fields: dict[str, str]
) -> None:
    with pytest.raises(Retryable, match=r"connection\.serverDn and connection\.host") as caught:
        connect(wallet, **fields)
    assert caught.value.reason == "DatabaseUnreachable"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the driver leaves its socket open
@pytest.mark.parametrize(("protocol", "port"), [("TCPS", "port"), ("TCP", "tcps_port")])
def test_tls_at_the_wrong_port_is_unreachable(
    connect: Connect, wallet: str, part: Part, protocol: str, port: str
) -> None:
    with pytest.raises(OperatorError) as caught:
        connect(wallet, protocol=protocol, port=part.addresses[port])
    assert caught.value.reason == "DatabaseUnreachable"
