"""``IdentityProvider``: fetch discovery and keys as both gates would, and name each failed rule."""

from oracleapi.api import reasons
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.errors import OperatorError, Terminal
from oracleapi.ports import Backends
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.runtime.store import Key


class IdentityProviderReconciler:
    kind = "IdentityProvider"
    spec = IdentityProviderSpec

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

    def reconcile(self, work: Pass[IdentityProviderSpec]) -> None:
        ca = self._references.ca_bundle(work.spec.ca_secret_ref, "spec.caSecretRef")
        try:
            found = self._backends.oidc().discover(work.spec.issuer, ca)
        except OperatorError as error:
            work.report.say("Discovered", False, error.reason, error.message)
            raise
        work.report.fields |= {
            "jwksUri": found.jwks_uri,
            "keys": found.keys,
            "algorithms": list(found.algorithms),
        }
        work.report.say("Discovered", True, reasons.SUCCEEDED, "Discovery and keys were fetched, as seen from here")
        for gate, faults in (("GatewayCompatible", found.gateway_faults), ("OrdsCompatible", found.ords_faults)):
            text = "; ".join(faults) or "Every rule that can be checked from here holds"
            work.report.say(gate, not faults, reasons.KEYS_UNUSABLE if faults else reasons.SUCCEEDED, text)
        faults = (*found.gateway_faults, *found.ords_faults)
        if faults:
            raise Terminal(reasons.KEYS_UNUSABLE, "; ".join(dict.fromkeys(faults)))
        work.report.message = f"{found.keys} usable signing key{'' if found.keys == 1 else 's'}"

    def finalize(self, work: Pass[IdentityProviderSpec]) -> None:
        self._references.check_unused(self.kind, work.key.name)

    def forget(self, key: Key) -> None:
        """Nothing is remembered of a provider."""
