"""``VpcLink``: make it once, follow its state, keep it while it is used, and wait until AWS has really deleted it.

AWS cannot change the subnets and security groups of a link. Another spec makes another link; the one before serves
until the new one is AVAILABLE and every API has been led over (docs/adr/0014-link-replacement.md).
"""

from collections.abc import Mapping
from functools import partial

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.desired.link import build_link
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.model.drift import ABSENT, PRESENT, Drift
from oracleapi.model.link import CreateLink, DeleteLink, LinkAction, ObservedLink
from oracleapi.plan.link import Links, plan_link_removal, plan_links, sort_links
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
        apis = [key for key in self._references.dependents(self.kind, work.key.name) if key.kind == "OracleApi"]
        work.report.fields["usedBy"] = len(apis)
        desired = build_link(work.spec, work.owner, account.tags)
        links = sort_links(desired, [link for link in self._owned(work, gateway) if link.state != "DELETING"])
        users = {link.link_id: self._users(work, gateway, link, apis) for link in links.others}
        plan = plan_links(desired, links, [link for link in links.others if not users[link.link_id]])
        self._ask(work, plan, links.current)
        if links.current is not None:
            work.report.fields |= {"vpcLinkId": links.current.link_id, "state": links.current.state}
        if links.wanted is not None:
            work.report.fields["intents"] = []
        for action in plan.actions:
            if isinstance(action, CreateLink):
                link_id = create_once(work, "VpcLink", partial(gateway.create_link, action))
                if links.current is None:
                    work.report.fields |= {"vpcLinkId": link_id, "state": "PENDING"}
                work.report.fields["plan"] = None
                work.write_now("Waiting for the VPC link to become AVAILABLE")
                raise _pending(links.current)
            gateway.apply(action)
            work.report.fields["plan"] = None
        self._judge(links, users)
        if links.current is not None:
            work.report.message = f"VPC link {links.current.link_id} is {links.current.state}"
        end_approval(work)

    def _users(self, work: Pass[VpcLinkSpec], gateway: Gateway, link: ObservedLink, apis: list[Key]) -> list[str]:
        """Return whose callers still go through *link*, by a look at each API; nobody knows before the switch is told.

        An API whose publication is open may serve a deployment that its routes no longer show.
        """
        if link.link_id == work.status.get("vpcLinkId"):
            return [f"{self.kind} {work.key.name}"]
        resources = dict(self._references.of_kind("OracleApi"))
        found: list[str] = []
        for key in apis:
            api_id = resources[key].get("status", {}).get("apiId")
            if api_id is None or gateway.find_api(api_id) is None:
                continue
            stage, content = gateway.observe_stage(api_id), gateway.observe_content(api_id, detailed=False)
            held = stage is not None and not stage.auto_deploy
            leads = any(r.integration and r.integration.vpc_link_id == link.link_id for r in content.routes.values())
            if held or leads:
                found.append(str(key))
        return found

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

    @staticmethod
    def _judge(links: Links, users: Mapping[str, list[str]]) -> None:
        """Say what is not as it should be.

        Raises:
            Terminal: ``LinkFailed``.
            DependencyNotReady: ``LinkPending``, ``LinkReplacing``, ``LinkInactive``.
        """
        wanted, before = links.wanted, links.current if links.current is not links.wanted else None
        if wanted is None or wanted.state == "PENDING":
            raise _pending(before)
        if wanted.state == "FAILED":
            raise Terminal(
                reasons.LINK_FAILED,
                f"AWS could not build the link: {wanted.message or 'no message'}; check subnets and security groups,"
                f" then {'edit them' if before else 'delete this object and create it again'}{_meanwhile(before)}",
            )
        leaving = [link for link in links.others if users[link.link_id]]
        if leaving:
            link = leaving[0]
            raise DependencyNotReady(
                reasons.LINK_REPLACING,
                f"link {wanted.link_id} is in use; link {link.link_id} goes once nobody is led through it any more:"
                f" {', '.join(users[link.link_id][:5])}",
                PENDING_POLL_S,
            )
        if wanted.state == "INACTIVE":
            raise DependencyNotReady(
                reasons.LINK_INACTIVE,
                "no traffic for 60 days made the link INACTIVE; the next requests fail and wake it within minutes",
                60.0,
            )

    def finalize(self, work: Pass[VpcLinkSpec]) -> None:
        self._references.check_unused(self.kind, work.key.name)
        if work.deletion_policy == "Retain" or self._never_began(work):
            return
        _, gateway = self._account(work)
        owned = self._owned(work, gateway)
        if not owned:
            wait_out_create(work, "VpcLink")
            return
        for action in plan_link_removal(owned).actions:
            if isinstance(action, DeleteLink):
                gateway.apply(action)
        work.report.fields |= {"state": "DELETING", "intents": []}
        raise DependencyNotReady(
            reasons.DELETING, f"VPC link {owned[0].link_id} is being deleted by AWS", DELETING_POLL_S
        )

    def _never_began(self, work: Pass[VpcLinkSpec]) -> bool:
        """Say whether nothing was made: status has no trace, and the account (which stays while it is referred to)
        was never there."""
        names = {key.name for key, _ in self._references.of_kind("AwsAccount")}
        traces = [work.status.get(field) for field in ("vpcLinkId", "intents")]
        return not any(traces) and work.spec.account_ref.name not in names

    def _owned(self, work: Pass[VpcLinkSpec], gateway: Gateway) -> list[ObservedLink]:
        """Return this object's links, the one in status first."""
        links, known = gateway.list_links(wants_fresh(work)), work.status.get("vpcLinkId")
        return find_owned(work, links, _link_id, known, gateway.find_link)

    def _account(self, work: Pass[VpcLinkSpec]) -> tuple[AwsAccountSpec, Gateway]:
        account, _ = self._references.find("AwsAccount", work.spec.account_ref.name, AwsAccountSpec, "spec.accountRef")
        return account, self._backends.gateway(account, self._references.account_secret(account))

    def forget(self, key: Key) -> None:
        """Nothing is remembered of a link."""


def _link_id(link: ObservedLink) -> str:
    return link.link_id


def _pending(before: ObservedLink | None) -> DependencyNotReady:
    return DependencyNotReady(
        reasons.LINK_PENDING,
        f"the VPC link is PENDING; AWS takes some minutes{_meanwhile(before)}",
        PENDING_POLL_S,
    )


def _meanwhile(before: ObservedLink | None) -> str:
    return f"; link {before.link_id} is used meanwhile" if before is not None else ""
