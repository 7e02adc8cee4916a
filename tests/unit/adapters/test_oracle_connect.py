"""The driver against listeners on loopback: what is told of each that it cannot use, and what it sends to it."""

import datetime
import ssl
from concurrent import futures
from typing import Any

import oracledb
import pytest
import trustme

from oracleapi.adapters.oracle import database as module
from oracleapi.adapters.oracle import unreachable
from oracleapi.adapters.oracle.database import OracleDatabase, open_database
from oracleapi.adapters.oracle.errors import translate
from oracleapi.adapters.oracle.trust import wallet_context
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Retryable
from support.listeners import listening

# the driver leaves sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CA, STRANGER = trustme.CA(), trustme.CA()
WALLET, OTHER_WALLET = (ca.cert_pem.bytes().decode() for ca in (CA, STRANGER))
USER, PASSWORD = "CANARY_USER", "canary-password"
YEAR_2020, YEAR_2021 = datetime.datetime(2020, 1, 1), datetime.datetime(2021, 1, 1)
YEAR_2090, YEAR_2091 = datetime.datetime(2090, 1, 1), datetime.datetime(2091, 1, 1)
FIELD = "OracleDatabase.spec.connection."


def certified(
    since: datetime.datetime | None = None, until: datetime.datetime | None = None, client: bool = False
) -> ssl.SSLContext:
    """Return the TLS of a listener called localhost; with *client* it asks for a certificate that its CA signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("localhost", common_name="localhost", not_before=since, not_after=until).configure_cert(context)
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        CA.configure_trust(context)
    return context


def older(context: ssl.SSLContext) -> ssl.SSLContext:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def opened(port: int, wallet: str | None = WALLET, protocol: str = "TCPS", **fields: Any) -> OracleDatabase:
    connection = Connection.model_validate(
        {"host": "localhost", "port": port, "serviceName": "X", "protocol": protocol, **fields}
    )
    trust = wallet_context(ssl.create_default_context(), wallet) if protocol == "TCPS" else None
    return open_database(connection, {"username": USER, "password": PASSWORD}, trust)


def told(database: OracleDatabase) -> str:
    """Return what is told of a database that is no such thing; it is unreachable, and tried again."""
    try:
        with pytest.raises(Retryable) as caught:
            database.facts()
    finally:
        database.close()
    assert caught.value.reason == "DatabaseUnreachable"
    assert caught.value.retry_after_s is None
    assert "canary" not in caught.value.message
    return caught.value.message


ROWS: list[tuple[str, ssl.SSLContext | None, dict[str, Any], tuple[str, ...]]] = [
    ("a CA that is not ours", certified(), {"wallet": OTHER_WALLET}, ("not believed", FIELD + "walletSecretRef")),
    ("no CA at all", certified(), {"wallet": None}, ("not believed", FIELD + "walletSecretRef")),
    ("expired", certified(YEAR_2020, YEAR_2021), {}, ("has expired", "renewed", FIELD + "walletSecretRef")),
    ("not valid yet", certified(YEAR_2090, YEAR_2091), {}, ("not valid yet", "clocks")),
    ("another DN", certified(), {"serverDn": "CN=somebody"}, (FIELD + "serverDn", "correct that field")),
    ("another host", certified(), {"host": "127.0.0.1"}, (FIELD + "host", "serverDn")),
    ("TLS to a plain port", None, {}, ("does not speak TLS", FIELD + "port", "protocol must be TCP")),
    ("plain to a TLS port", certified(), {"protocol": "TCP"}, ("before a login", FIELD + "protocol")),
    ("a client certificate wanted", certified(client=True), {}, ("client certificate", FIELD + "walletSecretRef")),
    ("the same in TLS 1.2", older(certified(client=True)), {}, ("client certificate", FIELD + "walletSecretRef")),
    ("it hangs up after TLS", certified(), {}, ("before a login", FIELD + "protocol")),
]


@pytest.mark.parametrize(("tls", "given", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_listener_that_cannot_be_used_is_told_by_its_fault_and_field(
    tls: ssl.SSLContext | None, given: dict[str, Any], words: tuple[str, ...]
) -> None:
    with listening(tls) as listener:
        message = told(opened(listener.port, **given))
    assert all(word in message for word in words), message


@pytest.mark.parametrize(("tls", "given"), [row[1:3] for row in ROWS], ids=[row[0] for row in ROWS])
def test_nothing_of_a_login_is_sent_to_it_and_it_is_asked_once(
    tls: ssl.SSLContext | None, given: dict[str, Any]
) -> None:
    """The driver's pool alone would come twice, and a refused login count twice."""
    with listening(tls) as listener:
        told(opened(listener.port, **given))
    assert len(listener.received) == 1
    assert USER.encode() not in listener.received[0].upper()
    assert b"canary" not in listener.received[0].lower()
    if given.get("protocol") != "TCP":
        assert records(listener.received[0]) <= {20, 21, 22, 23}


def records(sent: bytearray) -> set[int]:
    """Return the types of the TLS records in *sent*, 20 to 23; anything else stands for bytes that are no TLS."""
    found: set[int] = set()
    while sent:
        found.add(sent[0])
        sent = sent[5 + int.from_bytes(sent[3:5], "big") :]
    return found


def test_a_client_certificate_in_the_wallet_is_shown() -> None:
    """Then the listener gets as far as it gets here: it hangs up after TLS."""
    with listening(certified(client=True)) as listener:
        mine = CA.issue_cert("operator").private_key_and_cert_chain_pem.bytes().decode()
        assert "before a login" in told(opened(listener.port, wallet=mine + WALLET))


def test_a_client_certificate_of_another_ca_is_told() -> None:
    with listening(older(certified(client=True))) as listener:
        theirs = STRANGER.issue_cert("operator").private_key_and_cert_chain_pem.bytes().decode()
        assert "client certificate" in told(opened(listener.port, wallet=theirs + WALLET))


def test_nobody_listens() -> None:
    with listening() as listener:
        port = listener.port
    message = told(opened(port, protocol="TCP"))
    assert f"nobody listens at {FIELD}host and port" in message


def test_a_host_without_an_address() -> None:
    """The driver raises no error of its own for it."""
    message = told(opened(1521, protocol="TCP", host="nowhere.invalid"))
    assert f"{FIELD}host has no address" in message


@pytest.mark.parametrize("protocol", ["TCP", "TCPS"])
def test_a_listener_that_says_nothing_is_given_up(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And neither its end nor another database waits for it."""
    monkeypatch.setattr(module, "ANSWER_LIMIT_S", 0.1)
    with listening(silent=True) as silent, listening() as other:
        database = opened(silent.port, protocol=protocol, tcpConnectTimeoutSeconds=1)
        assert f"no answer in time; check {FIELD}host, port and protocol" in told(database)
        assert "before a login" in told(opened(other.port, protocol="TCP"))


def test_a_listener_that_fell_silent_and_speaks_again_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool that waits for the connection of before is left behind with it."""
    monkeypatch.setattr(module, "knock", lambda connect, limit_s: None)
    with listening(silent=True) as listener:
        database = opened(listener.port, protocol="TCP")
        database._parameters.set(wait_timeout=100)
        for _ in range(2):
            with pytest.raises(Retryable, match="no session"):
                database.facts()
        listener.silent = False
        assert "before a login" in told(database)


def test_closing_does_not_wait_for_a_session_that_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_LIMIT_S", 0.1)
    monkeypatch.setattr(module, "knock", lambda connect, limit_s: None)
    with listening(silent=True) as silent, futures.ThreadPoolExecutor() as threads:
        database = opened(silent.port, protocol="TCP")
        asked = threads.submit(database.facts)
        assert silent.connected.wait(10)
        database.close()
        with pytest.raises(OperatorError):
            asked.result()
        silent.hang_up()


OTHER_CODES = [
    (62, "Hostname mismatch, certificate is not valid for 'canary'.", "connection.host"),
    (64, "IP address mismatch", "connection.host"),
    (23, "certificate revoked", "certificate revoked; have it replaced"),
    (66, "EE certificate key too weak", "key too weak; have it replaced"),
    (2, "unable to get issuer certificate", "not believed"),
    (18, "self-signed certificate", "not believed"),
    (19, "self-signed certificate in certificate chain", "not believed"),
    (21, "unable to verify the first certificate", "not believed"),
]
"""Verify codes that no listener above brings about. Source: OpenSSL ``x509_vfy.h``."""


@pytest.mark.parametrize(("code", "text", "words"), OTHER_CODES)
def test_openssl_s_code_tells_what_is_wrong_with_a_certificate(code: int, text: str, words: str) -> None:
    error = ssl.SSLCertVerificationError(1, "canary")
    error.verify_code, error.verify_message = code, text
    said = unreachable.explain([unreachable.Cause(error, "")])
    assert said is not None
    assert words in said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "no answer in time"),
        (OSError(113, "No route to host"), "no way to OracleDatabase.spec.connection.host (EHOSTUNREACH)"),
        (BrokenPipeError(), "before a login"),
        (oracledb.DatabaseError(), None),
    ],
)
def test_the_class_of_a_cause_tells_what_is_wrong_with_the_way(error: Exception, words: str | None) -> None:
    said = unreachable.explain([unreachable.Cause(error, "")])
    assert said is None if words is None else words in str(said)


def test_a_session_that_breaks_later_is_no_fault_of_the_way() -> None:
    """Only where no connection came about its causes are asked."""
    details = type("Details", (), {"full_code": "DPY-4011", "message": "", "isrecoverable": True})()
    error = oracledb.DatabaseError(details)
    error.__cause__ = ConnectionResetError()
    message = translate("x", error).message
    assert "the database does not answer" in message
    assert "protocol" not in message
