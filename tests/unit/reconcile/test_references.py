"""CA bundles and wallets out of Secrets: which key is taken, and what is no certificate."""

from typing import Any

import pytest
import trustme

from oracleapi.api.common import SecretRef
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.errors import DependencyNotReady
from oracleapi.reconcile.references import References, reference_store
from support import make
from support.fakes import FakeKubernetes

PEM, OTHER_PEM = (trustme.CA().cert_pem.bytes().decode() for _ in range(2))
BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def references(**held: str) -> References:
    kube = FakeKubernetes()
    kube.secrets["trust"] = held
    return References(reference_store(), kube, allow_endpoint_override=False)


def database(ref: dict[str, str] | None) -> OracleDatabaseSpec:
    spec = next(found["spec"] for found in make.world() if found["kind"] == "OracleDatabase")
    connection: dict[str, Any] = {**spec["connection"], "protocol": "TCPS", "walletSecretRef": ref}
    return OracleDatabaseSpec.model_validate({**spec, "connection": connection})


@pytest.mark.parametrize(
    ("held", "key", "found"),
    [
        ({"ewallet.pem": PEM, "ca.crt": OTHER_PEM}, None, PEM),
        ({"ca.crt": PEM, "tls.crt": OTHER_PEM, "tls.key": "x"}, None, PEM),
        ({"ewallet.pem": PEM, "ca.crt": OTHER_PEM}, "ca.crt", OTHER_PEM),
        ({"ewallet.pem": PEM, "mine": OTHER_PEM}, "mine", OTHER_PEM),
    ],
    ids=["what Oracle's tools write", "what cert-manager writes", "the named key", "a key of one's own"],
)
def test_the_wallet_is_read_from_the_key_that_people_expect(held: dict[str, str], key: str | None, found: str) -> None:
    ref = {"name": "trust", **({"key": key} if key else {})}
    assert references(**held).database_trust(database(ref), "spec.") == found


def test_no_wallet_is_no_wallet() -> None:
    assert references().database_trust(database(None), "spec.") is None


FAULTS: list[tuple[dict[str, str], str | None, str]] = [
    ({}, None, "has no key ewallet.pem or ca.crt; add it"),
    ({"cwallet.sso": "\ufffd"}, None, "has no key ewallet.pem or ca.crt; add it"),
    ({"ca.crt": PEM}, "mine", "has no key mine; add it"),
    ({"ewallet.pem": "", "ca.crt": PEM}, None, "key ewallet.pem of Secret trust holds no PEM certificate"),
    ({"ewallet.pem": "nothing of the kind"}, None, "holds no PEM certificate (SSLError); put the CA bundle there"),
    ({"ca.crt": "\ufffd\x00"}, None, "key ca.crt of Secret trust holds no PEM certificate"),
    ({"ca.crt": BROKEN}, None, "holds a certificate that cannot be read (SSLError)"),
    ({"ca.crt": PEM + BROKEN}, None, "holds a certificate that cannot be read (SSLError)"),
]


@pytest.mark.parametrize(("held", "key", "said"), FAULTS)
def test_what_is_no_wallet_is_told_with_field_key_and_cure(held: dict[str, str], key: str | None, said: str) -> None:
    ref = {"name": "trust", **({"key": key} if key else {})}
    with pytest.raises(DependencyNotReady) as caught:
        references(**held).database_trust(database(ref), "the database's ")
    assert caught.value.reason == "CredentialsMissing"
    assert caught.value.message.startswith("the database's connection.walletSecretRef: ")
    assert said in caught.value.message


def test_a_secret_that_is_not_there_is_told() -> None:
    with pytest.raises(DependencyNotReady, match=r"spec\.connection\.walletSecretRef: Secret nowhere does not exist"):
        references().database_trust(database({"name": "nowhere"}), "spec.")


def test_remarks_between_certificates_may_be_in_any_language() -> None:
    found = references(**{"ca.crt": f"# für Zürich\n{PEM}"}).ca_bundle(SecretRef(name="trust"), "spec.caSecretRef")
    assert found is not None
    assert found.isascii()
    assert PEM in found


def test_a_bundle_is_not_looked_for_in_a_wallet() -> None:
    with pytest.raises(DependencyNotReady, match=r"spec\.caSecretRef: Secret trust has no key ca\.crt; add it"):
        references(**{"ewallet.pem": PEM}).ca_bundle(SecretRef(name="trust"), "spec.caSecretRef")
