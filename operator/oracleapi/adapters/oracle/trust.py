"""The way to a database: its address, which certificates are believed, and which one is shown."""

import ssl
import tempfile
from typing import IO, Any

from oracleapi.adapters.oracle.verdicts import CONNECTION
from oracleapi.api import reasons
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import Terminal

CERTIFICATE, KEY = "-----BEGIN CERTIFICATE-----", "PRIVATE KEY-----"
WALLET = f"{CONNECTION}.walletSecretRef"
MISMATCH = "KEY_VALUES_MISMATCH"
"""OpenSSL's reason where a key is not that of the first certificate."""


def wallet_context(context: ssl.SSLContext, wallet: str | None) -> ssl.SSLContext:
    """Return *context* with the certificates of *wallet* believed, and its client certificate shown if it has a key.

    Args:
        wallet: PEM text as in Oracle's ``ewallet.pem``, or ``None``.

    Raises:
        Terminal: ``CredentialsMissing``, there is no certificate in it, or its key does not fit or is encrypted.
    """
    if wallet is None:
        return context
    if CERTIFICATE not in wallet:
        raise Terminal(
            reasons.CREDENTIALS_MISSING, f"the Secret of {WALLET} holds no PEM certificate; put the CA bundle there"
        )
    try:
        context.load_verify_locations(cadata=wallet)
        if KEY in wallet:
            with tempfile.NamedTemporaryFile("w") as file:  # the ssl module reads client certificates from files only
                _write(file, wallet)
                context.load_cert_chain(file.name, password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        must = "must be PEM, the key not encrypted"
        if getattr(error, "reason", None) == MISMATCH:
            must = "must begin with the certificate that its key belongs to, before those of CAs"
        raise Terminal(
            reasons.CREDENTIALS_MISSING, f"the Secret of {WALLET} cannot be read ({type(error).__name__}): it {must}"
        ) from error
    return context


def address(connection: Connection, context: ssl.SSLContext | None) -> dict[str, Any]:
    """Return where a database is and how its certificate is checked, as the driver takes it."""
    return {
        "host": connection.host,
        "port": connection.port,
        "service_name": connection.service_name,
        "protocol": connection.protocol.lower(),
        "tcp_connect_timeout": connection.tcp_connect_timeout_seconds,
        "ssl_context": context,
        "ssl_server_dn_match": True,
        "ssl_server_cert_dn": connection.server_dn,
    }


def _write(file: IO[str], text: str) -> None:
    file.write(text)
    file.flush()
