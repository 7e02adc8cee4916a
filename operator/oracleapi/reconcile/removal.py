"""Deleting an ``OracleApi``: the gateway half first, then the ORDS half; permission is not asked again."""

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable
from oracleapi.ports import Backends, Gateway, Oracle
from oracleapi.reconcile.accounts import Accounts
from oracleapi.reconcile.databases import THE_DATABASES, Databases
from oracleapi.reconcile.gateway_half import GatewayHalf
from oracleapi.reconcile.guard_half import GuardHalf
from oracleapi.reconcile.network import CORRELATION_PROVEN, NETWORK_READY
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.reconcile.schema_half import SchemaHalf


class Removal:
    """Finds the way to both sides without the permissions and checks that a pass of a living API needs."""

    def __init__(
        self,
        references: References,
        backends: Backends,
        databases: Databases,
        gateway: GatewayHalf,
        schema: SchemaHalf,
        guard: GuardHalf,
        accounts: Accounts,
    ) -> None:
        self._references, self._backends, self._accounts = references, backends, accounts
        self._databases = databases
        self._gateway, self._schema, self._guard = gateway, schema, guard

    def run(self, work: Pass[OracleApiSpec]) -> None:
        """Take both halves away; returning means that nothing is left.

        Raises:
            Retryable: One side cannot be reached; the message says what is gone, what is not, and the way out.
        """
        if work.deletion_policy == "Retain":
            return
        if self._never_began(work):
            return
        retain = "or set spec.deletionPolicy: Retain to leave it as it is"
        try:
            database, resource = self._references.find(
                "OracleDatabase", work.spec.database_ref.name, OracleDatabaseSpec, "spec.databaseRef"
            )
            if not self._gateway.remove(work, self.open_gateway(database)):
                account = self._account(database)
                self._accounts.check_absent_elsewhere(work, account.account_id, account.region)
        except OperatorError as error:
            raise Retryable(
                error.reason, f"the gateway half is still there: {error.message}; mend it, {retain}", 30.0
            ) from error
        gone = ("apiId", "endpoint", "intents", "routes", "routesServing")
        work.report.fields |= dict.fromkeys(gone)
        work.report.say("GatewayReady", False, reasons.DELETING, "The API is deleted")
        for type_ in (NETWORK_READY, CORRELATION_PROVEN):
            work.report.clear(type_)
        try:
            oracle = self.open_oracle(database)
            guid = resource.get("status", {}).get("pdbGuid") or oracle.facts().pdb_guid
            self._schema.remove(work.owner, guid, work.spec.schema_, oracle)
            self._guard.remove(work, guid, oracle)
        except OperatorError as error:
            work.report.say("OrdsReady", None, error.reason, error.message)
            raise Retryable(
                error.reason,
                f"the gateway half is gone, the ORDS half is still there: {error.message}; bring it back, {retain}",
                30.0,
            ) from error
        work.event(False, reasons.LOG_GROUP_KEPT, "The log group of the access log is kept: it is the audit trail")

    def _never_began(self, work: Pass[OracleApiSpec]) -> bool:
        """Say whether nothing was made outside: status has no trace, and an offer (which stays while it is referred
        to) was never there."""
        if any(work.status.get(field) for field in ("apiId", "intents", "groups")):
            return False
        try:
            database, _ = self._references.find(
                "OracleDatabase", work.spec.database_ref.name, OracleDatabaseSpec, "spec.databaseRef"
            )
            self._account(database)
        except DependencyNotReady:
            return True
        return False

    def _account(self, database: OracleDatabaseSpec) -> AwsAccountSpec:
        link, _ = self._references.find(
            "VpcLink", database.ords.gateway_target.vpc_link_ref.name, VpcLinkSpec, "ords.gatewayTarget.vpcLinkRef"
        )
        account, _ = self._references.find("AwsAccount", link.account_ref.name, AwsAccountSpec, "accountRef")
        return account

    def open_gateway(self, database: OracleDatabaseSpec) -> Gateway:
        account = self._account(database)
        return self._backends.gateway(account, self._references.account_secret(account))

    def open_oracle(self, database: OracleDatabaseSpec) -> Oracle:
        return self._databases.open(database, THE_DATABASES)
