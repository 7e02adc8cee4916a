"""Permission that was withdrawn from an ``OracleApi``: its API is taken off the air after a while, or left and told.

The gateway half goes first: without a stage nobody can call it. Then the modules become NOT_PUBLISHED. Nothing else is
deleted, so that permission given back needs no more than the usual pass. See docs/adr/0013-permission-lost.md.
"""

from contextlib import suppress

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.conditions import PERMISSION_LOST
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.reconcile.gateway_half import GatewayHalf
from oracleapi.reconcile.network import say as say_network
from oracleapi.reconcile.network import unknown
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.reconcile.removal import Removal
from oracleapi.reconcile.rivals import delegations_for
from oracleapi.reconcile.schema_half import SchemaHalf
from oracleapi.runtime.clock import parse_timestamp, timestamp

GRACE_S = 600.0
REFUSALS = frozenset({reasons.REF_NOT_PERMITTED, reasons.SCHEMA_NOT_ALLOWED})


class Unpublisher:
    """Acts on a pass whose references were refused."""

    def __init__(self, references: References, ways: Removal, gateway: GatewayHalf, schema: SchemaHalf) -> None:
        self._references, self._ways = references, ways
        self._gateway, self._schema = gateway, schema

    def judge(self, work: Pass[OracleApiSpec], refusal: Terminal) -> bool:
        """Note since when permission is gone, and take the API off the air when its time is over.

        Returns whether it is off the air now. A reference to what does not exist is a fault of the spec and changes
        nothing outside.
        """
        policy = self._policy(work)
        published = any(work.status.get(field) for field in ("apiId", "groups"))
        if refusal.reason not in REFUSALS or policy is None or not published:
            return False
        since = work.status.get("permissionLostTime") or timestamp(work.clock)
        work.report.fields["permissionLostTime"] = since
        left = GRACE_S - (work.clock.now() - parse_timestamp(since))
        if policy == "Keep" or work.mode == "Report":
            why = "onPermissionLost: Keep" if policy == "Keep" else "mode: Report"
            self._say(work, refusal, f"{why} leaves it published, and nothing is repaired any more")
        elif left > 0:
            self._say(
                work, refusal, f"unless it is given back, the API goes off the air after {GRACE_S / 60:.0f} minutes"
            )
            work.requeue(left)
        else:
            self._unpublish(work)
            self._say(work, refusal, "the API is off the air; it comes back with the permission")
            return True
        return False

    def given(self, work: Pass[OracleApiSpec]) -> None:
        """Note that every reference is permitted."""
        work.report.fields["permissionLostTime"] = None
        work.report.clear(PERMISSION_LOST)

    @staticmethod
    def _say(work: Pass[OracleApiSpec], refusal: Terminal, text: str) -> None:
        work.report.say(PERMISSION_LOST, True, refusal.reason, f"Permission was withdrawn: {text}")

    def _policy(self, work: Pass[OracleApiSpec]) -> str | None:
        """Return what to do by the offers that exist and refuse; of several, Unpublish wins; ``None``: none refuses."""
        namespace, find = work.key.namespace or "", self._references.find
        allows = self._references.allows
        found: list[str] = []
        with suppress(DependencyNotReady):
            database, _ = find("OracleDatabase", work.spec.database_ref.name, OracleDatabaseSpec, "")
            if not delegations_for(self._references, database, work.spec.schema_, namespace):
                found.append(database.on_permission_lost)
            link, _ = find("VpcLink", database.ords.gateway_target.vpc_link_ref.name, VpcLinkSpec, "")
            if not allows(link.allowed_namespaces, namespace):
                found.append(link.on_permission_lost)
            account, _ = find("AwsAccount", link.account_ref.name, AwsAccountSpec, "")
            if not allows(account.allowed_namespaces, namespace):
                found.append(account.on_permission_lost)
        jwt = work.spec.auth.jwt if work.spec.auth is not None else None
        if jwt is not None:
            with suppress(DependencyNotReady):
                provider, _ = find("IdentityProvider", jwt.provider_ref.name, IdentityProviderSpec, "")
                if not allows(provider.allowed_namespaces, namespace):
                    found.append(provider.on_permission_lost)
        return "Unpublish" if "Unpublish" in found else next(iter(found), None)

    def _unpublish(self, work: Pass[OracleApiSpec]) -> None:
        database, resource = self._references.find(
            "OracleDatabase", work.spec.database_ref.name, OracleDatabaseSpec, "spec.databaseRef"
        )
        gateway = self._ways.open_gateway(database)
        identity = self._gateway.find(work, gateway)
        done = identity is not None and self._gateway.unpublish(gateway, identity)
        text = "Permission was withdrawn; nobody can call the API"
        work.report.say("GatewayReady", False, reasons.UNPUBLISHED, text)
        guid = resource.get("status", {}).get("pdbGuid", "")
        done |= self._schema.unpublish(work.owner, guid, work.spec.schema_, self._ways.open_oracle(database))
        work.report.say("OrdsReady", False, reasons.UNPUBLISHED, "Permission was withdrawn; no module is published")
        say_network(work, unknown(reasons.UNPUBLISHED, text))
        work.report.fields["plan"] = None
        routes = [dict(entry) for entry in work.status.get("routes", [])]
        gone = {"state": "Withdrawn", "reason": reasons.UNPUBLISHED}
        work.report.fields["routes"] = [{**entry, **gone} for entry in routes]
        work.report.fields["routesServing"] = f"0/{len(routes)}"
        if done:
            work.event(True, reasons.UNPUBLISHED, "Permission was withdrawn, and the API was taken off the air")
