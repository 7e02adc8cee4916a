"""``IdentityProvider``: fetch discovery and keys as both gates would, and name each failed rule."""

from oracleapi.api import reasons
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.errors import OperatorError, Terminal
from oracleapi.ports import Backends
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References, issuer_of_keys
from oracleapi.runtime.store import Key

NO_AUDIENCE = (
    "spec.issuer: access tokens of a Cognito user pool, or where spec.tokensCarryAudience is false, have no aud claim,"
    " and ORDS takes no token without it; have aud put into them (docs/bindings.md) and set spec.tokensCarryAudience:"
    " true, or use another provider"
)


FORGOTTEN: dict[str, None] = dict.fromkeys(("issuer", "jwksUri", "keys", "algorithms"))
"""What status no longer says of an issuer: the keys of one must never check the tokens of another."""


class IdentityProviderReconciler:
    kind = "IdentityProvider"
    spec = IdentityProviderSpec

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

    def reconcile(self, work: Pass[IdentityProviderSpec]) -> None:
        self._check_audience(work)
        ca = self._references.ca_bundle(work.spec.ca_secret_ref, "spec.caSecretRef")
        try:
            found = self._backends.oidc().discover(work.spec.issuer, ca)
        except OperatorError as error:
            work.report.say("Discovered", False, error.reason, error.message)
            if issuer_of_keys(work.resource, work.spec.issuer) != work.spec.issuer:
                work.report.fields |= FORGOTTEN
            raise
        work.report.fields |= {
            "issuer": work.spec.issuer,
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

    def _check_audience(self, work: Pass[IdentityProviderSpec]) -> None:
        """Refuse, before any API is told where its keys are, whose tokens pass the gateway and never ORDS.

        Raises:
            Terminal: ``NoAudience``.
        """
        if work.spec.lacks_audience:
            work.report.fields |= FORGOTTEN
            work.report.say("OrdsCompatible", False, reasons.NO_AUDIENCE, NO_AUDIENCE)
            raise Terminal(reasons.NO_AUDIENCE, NO_AUDIENCE)

    def finalize(self, work: Pass[IdentityProviderSpec]) -> None:
        self._references.check_unused(self.kind, work.key.name)

    def forget(self, key: Key) -> None:
        """Nothing is remembered of a provider."""
