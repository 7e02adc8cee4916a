"""The sandbox's certificate authority: one root per state folder, leaf certificates on demand.

``ca.crt`` is what clients trust (``SANDBOX_CA``). The root's key stays in the state folder, mode 0600, so that every
part, a process of its own, can issue its leaf from the same root.
"""

import fcntl
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

ORGANIZATION = "oracleapi sandbox"


def distinguished_name(name: str, identity: str) -> str:
    """Return the subject of the leaf *name* whose first identity is *identity*, as Oracle's clients write it."""
    return f"CN={identity},OU={name},O={ORGANIZATION}"


@dataclass(frozen=True)
class Leaf:
    """A leaf certificate on disk: PEM chain and PEM key."""

    certificate: Path
    key: Path


class Authority:
    """Loads the root of *folder*, or makes it; safe when several parts start at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.certificate = folder / "ca.crt"
        key = folder / "ca.key"
        with (folder / "ca.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.certificate.exists():
                self._ca = trustme.CA.from_pem(self.certificate.read_bytes(), key.read_bytes())
            else:
                self._ca = trustme.CA(organization_name=ORGANIZATION)
                key.touch(mode=0o600)
                self._ca.private_key_pem.write_to_path(str(key))
                self._ca.cert_pem.write_to_path(str(self.certificate))

    def leaf(self, name: str, *identities: str) -> Leaf:
        """Issue a certificate for *identities* (host names, wildcards, addresses) and write it as ``name.crt/.key``.

        Its subject is :func:`distinguished_name`.
        """
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        issued = self._ca.issue_cert(
            *identities, common_name=identities[0], organization_name=ORGANIZATION, organization_unit_name=name
        )
        key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(key))
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return Leaf(certificate, key)

    def client_context(self) -> ssl.SSLContext:
        """A context for clients that trust this root and nothing else."""
        return ssl.create_default_context(cafile=str(self.certificate))
