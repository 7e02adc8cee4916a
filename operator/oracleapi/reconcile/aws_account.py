"""``AwsAccount``: prove the identity and the account, and tell how often its objects are really checked."""

from collections.abc import Callable

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.errors import Terminal
from oracleapi.ports import Backends
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.runtime.store import Key

TOLD_FROM = 0.2
"""A change of the real period below this share is not told."""


class AwsAccountReconciler:
    kind = "AwsAccount"
    spec = AwsAccountSpec

    def __init__(self, references: References, backends: Backends, cycle_s: Callable[[str, str], float]) -> None:
        """Args: cycle_s: Returns how long all routine checks of an account and region take at their share of calls."""
        self._references, self._backends, self._cycle_s = references, backends, cycle_s

    def reconcile(self, work: Pass[AwsAccountSpec]) -> None:
        work.report.fields["externalId"] = work.spec.external_id(work.owner.installation)
        gateway = self._backends.gateway(work.spec, self._references.account_secret(work.spec))
        caller = gateway.caller()
        work.report.fields["callerArn"] = caller.arn
        if caller.account_id != work.spec.account_id:
            raise Terminal(
                reasons.ACCOUNT_MISMATCH,
                f"spec.accountId is {work.spec.account_id}, but the credentials belong to account {caller.account_id}",
            )
        work.report.fields["realResyncSeconds"] = self._real_resync_s(work)
        work.report.message = f"Acting as {caller.arn}"

    def _real_resync_s(self, work: Pass[AwsAccountSpec]) -> int:
        """Return the period of routine checks, longer than asked for where the budget is short.

        What was said before stays while it is right by a fifth: each new figure is a write.
        """
        cycle = self._cycle_s(work.spec.account_id, work.spec.region)
        found = max(work.spec.resync_seconds, round(cycle))
        said = work.status.get("realResyncSeconds")
        return int(said) if said and abs(found - said) <= TOLD_FROM * said else found

    def finalize(self, work: Pass[AwsAccountSpec]) -> None:
        self._references.check_unused(self.kind, work.key.name)

    def forget(self, key: Key) -> None:
        """Nothing is remembered of an account."""
