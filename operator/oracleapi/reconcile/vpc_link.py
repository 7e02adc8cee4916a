"""``VpcLink``: make it once, follow its state, keep it while it is used, and wait until AWS has really deleted it."""

from functools import partial

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.desired.link import build_link
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.model.drift import ABSENT, PRESENT, Drift
from oracleapi.model.link import CreateLink, DeleteLink, LinkAction, ObservedLink
from oracleapi.plan.link import plan_link
from oracleapi.plan.plan import Plan
from oracleapi.plan.preview import preview
from oracleapi.ports import Backends, Gateway
from oracleapi.reconcile.creates import create_once, find_owned, wait_out_create, wants_fresh
from oracleapi.reconcile.gate import end_approval, may_write, propose, tell_drift, tell_repair
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.runtime.store import Key

PENDING_POLL_S = 5.0
DELETING_POLL_S = 10.0


class VpcLinkReconciler:
    kind = "VpcLink"
    spec = VpcLinkSpec

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

    def reconcile(self, work: Pass[VpcLinkSpec]) -> None:
        account, gateway = self._account(work)
        apis = sum(key.kind == "OracleApi" for key in self._references.dependents(self.kind, work.key.name))
        work.report.fields["usedBy"] = apis
        observed = self._find(work, gateway)
        plan = plan_link(build_link(work.spec, work.owner, account.tags), observed)
        self._ask(work, plan, observed)
        for action in plan.actions:
            if isinstance(action, CreateLink):
                link_id = create_once(work, "VpcLink", partial(gateway.create_link, action))
                work.report.fields |= {"vpcLinkId": link_id, "state": "PENDING", "plan": None}
                work.write_now("Waiting for the VPC link to become AVAILABLE")
                raise DependencyNotReady(
                    reasons.LINK_PENDING, "the VPC link is PENDING; AWS takes some minutes", PENDING_POLL_S
                )
        if observed is not None:
            work.report.fields |= {"vpcLinkId": observed.link_id, "state": observed.state, "intents": []}
            self._judge(work, observed)
        end_approval(work)

    @staticmethod
    def _ask(work: Pass[VpcLinkSpec], plan: Plan[LinkAction], observed: ObservedLink | None) -> None:
        """Put the plan into status and ask the gate; a link that was there and is gone is drift."""
        known = work.status.get("vpcLinkId")
        lost = observed is None and known is not None and not plan.empty
        drift = (Drift(f"VPC link {known}", "existence", PRESENT, ABSENT),) if lost else ()
        if may_write(work):
            work.report.note_drift(drift)
            tell_repair(work)
            if plan.empty and work.settled:
                work.report.fields.setdefault("drift", None)
        else:
            tell_drift(work, drift)
        propose(work, preview(plan.actions, drift))

    def _judge(self, work: Pass[VpcLinkSpec], observed: ObservedLink) -> None:
        if observed.state == "PENDING":
            raise DependencyNotReady(
                reasons.LINK_PENDING, "the VPC link is PENDING; AWS takes some minutes", PENDING_POLL_S
            )
        if observed.state == "FAILED":
            raise Terminal(
                reasons.LINK_FAILED,
                f"AWS could not build the link: {observed.message or 'no message'}; check subnets and security groups,"
                " then delete this object and create it again",
            )
        if observed.state == "INACTIVE":
            raise DependencyNotReady(
                reasons.LINK_INACTIVE,
                "no traffic for 60 days made the link INACTIVE; the next requests fail and wake it within minutes",
                60.0,
            )
        work.report.message = f"VPC link {observed.link_id} is {observed.state}"

    def finalize(self, work: Pass[VpcLinkSpec]) -> None:
        self._references.check_unused(self.kind, work.key.name)
        if work.deletion_policy == "Retain" or self._never_began(work):
            return
        _, gateway = self._account(work)
        observed = self._find(work, gateway)
        if observed is None:
            wait_out_create(work, "VpcLink")
            return
        for action in plan_link(None, observed).actions:
            if isinstance(action, DeleteLink):
                gateway.apply(action)
        work.report.fields |= {"state": "DELETING", "intents": []}
        raise DependencyNotReady(
            reasons.DELETING, f"VPC link {observed.link_id} is being deleted by AWS", DELETING_POLL_S
        )

    def _never_began(self, work: Pass[VpcLinkSpec]) -> bool:
        """Say whether nothing was made: status has no trace, and the account (which stays while it is referred to)
        was never there."""
        names = {key.name for key, _ in self._references.of_kind("AwsAccount")}
        traces = [work.status.get(field) for field in ("vpcLinkId", "intents")]
        return not any(traces) and work.spec.account_ref.name not in names

    def _find(self, work: Pass[VpcLinkSpec], gateway: Gateway) -> ObservedLink | None:
        """Return this object's link; one that is being deleted only where there is no other."""
        links, known = gateway.list_links(wants_fresh(work)), work.status.get("vpcLinkId")
        living = [link for link in links if link.state != "DELETING"]
        owned = find_owned(work, living, _link_id, known)
        return owned or find_owned(work, links, _link_id, known, gateway.find_link)

    def _account(self, work: Pass[VpcLinkSpec]) -> tuple[AwsAccountSpec, Gateway]:
        account, _ = self._references.find("AwsAccount", work.spec.account_ref.name, AwsAccountSpec, "spec.accountRef")
        return account, self._backends.gateway(account, self._references.account_secret(account))

    def forget(self, key: Key) -> None:
        """Nothing is remembered of a link."""


def _link_id(link: ObservedLink) -> str:
    return link.link_id
