"""``AwsAccount``: prove the identity and the account."""

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.errors import Terminal
from oracleapi.ports import Backends
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.runtime.store import Key


class AwsAccountReconciler:
    kind = "AwsAccount"
    spec = AwsAccountSpec

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

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
        work.report.message = f"Acting as {caller.arn}"

    def finalize(self, work: Pass[AwsAccountSpec]) -> None:
        self._references.check_unused(self.kind, work.key.name)

    def forget(self, key: Key) -> None:
        """Nothing is remembered of an account."""
