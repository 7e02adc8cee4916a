"""Wallets: certificates that are believed, a key that is shown, and texts that are neither."""

import ssl

import pytest
import trustme

from oracleapi.adapters.oracle.trust import wallet_context
from oracleapi.errors import Terminal

CA = trustme.CA()
PEM = CA.cert_pem.bytes().decode()


def context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def test_the_certificates_of_a_wallet_are_believed() -> None:
    assert len(wallet_context(context(), PEM).get_ca_certs()) == 1
    assert wallet_context(context(), None).get_ca_certs() == []


def test_a_wallet_with_a_key_brings_its_client_certificate() -> None:
    leaf = CA.issue_cert("client")
    wallet = leaf.private_key_and_cert_chain_pem.bytes().decode() + PEM
    assert wallet_context(context(), wallet).get_ca_certs()


@pytest.mark.parametrize(
    ("wallet", "said"),
    [
        ("", "no PEM certificate"),
        ("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n", "cannot be read"),
        (PEM + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be read"),
    ],
)
def test_what_is_no_wallet_is_told(wallet: str, said: str) -> None:
    with pytest.raises(Terminal, match=said) as caught:
        wallet_context(context(), wallet)
    assert caught.value.reason == "CredentialsMissing"
    assert "connection.walletSecretRef" in caught.value.message


def test_a_client_certificate_behind_those_of_cas_is_told() -> None:
    mine = CA.issue_cert("client").private_key_and_cert_chain_pem.bytes().decode()
    with pytest.raises(Terminal, match="must begin with the certificate that its key belongs to, before those of CAs"):
        wallet_context(context(), PEM + mine)
