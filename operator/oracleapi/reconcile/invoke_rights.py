"""The right of a binding's IAM callers to invoke its routes: a policy where the operator keeps it, and what IAM says.

The rows of the guard never wait for IAM: an account that cannot be asked costs a binding nothing but this.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.rolebinding import EVERY_ROUTE, IAM_KINDS, RoleBindingSpec
from oracleapi.desired.invoke import sample_arn
from oracleapi.desired.policy import Subjects, build_policy, check_exact, parse_subject, sort_subjects
from oracleapi.errors import OperatorError, OutOfBudget
from oracleapi.model.gateway import AWS_IAM, GatewayRoute
from oracleapi.model.guard import ObservedBinding
from oracleapi.model.policy import ApiStage, DesiredPolicy, PolicyAction, partition_of
from oracleapi.plan.plan import Plan
from oracleapi.plan.policy import plan_policy, plan_policy_removal
from oracleapi.ports import Backends, Iam
from oracleapi.reconcile.gate import may_write
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.policies import InvokeFault, apply_policy, find_invoke_faults, remove_policy
from oracleapi.reconcile.references import References

INVOKE_ALLOWED = "InvokeAllowed"
SETTLED_S = 30.0
"""How long IAM may take to act on what was just written; it publishes no bound."""
PRINCIPALS_SHOWN, ROUTES_SHOWN = 32, 64
"""What ``status.invokable`` holds; of an API with more IAM routes it holds nothing."""
NOBODY = Subjects((), (), ())


@dataclass(frozen=True)
class Rights:
    """What a look at IAM brought.

    Args:
        iam: The account that was looked at; ``None`` where nothing is to be done in any.
        policy: What the callers need; ``None`` where nobody is bound.
        kept: The operator keeps it; otherwise somebody else has to.
        plan: What makes it so.
        asked: ARNs of one request to each of the API's IAM routes, by route name, link routes apart.
        bound: Names of those that are bound.
        denied: Pairs of principal and route that IAM denies, as far as it could be asked.
        error: Why IAM could not be looked at.
    """

    iam: Iam | None = None
    policy: DesiredPolicy | None = None
    kept: bool = False
    plan: Plan[PolicyAction] = field(default_factory=Plan)
    subjects: Subjects = NOBODY
    asked: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    denied: frozenset[tuple[str, str]] = frozenset()
    error: OperatorError | None = None


class InvokeRights:
    """Looks and acts in the account of the API's gateway."""

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

    def look(
        self,
        work: Pass[RoleBindingSpec],
        database: OracleDatabaseSpec,
        api_id: str,
        observed: ObservedBinding,
        require_binding: bool,
        bound: bool,
    ) -> Rights:
        """Return what IAM is to be changed to.

        Args:
            api_id: Of the API in AWS; empty while there is none.
            bound: Callers are bound; otherwise nobody keeps a right.

        Raises:
            Terminal: ``InvalidSpec``, a policy would open more than is bound, or is too long.
        """
        principals = {
            found.name: parse_subject(found.name, found.kind) for found in work.spec.subjects if found.kind in IAM_KINDS
        }
        known = work.status.get("policyArn", "")
        account = self._references.account_of(database)
        if account is None or not (principals or known):
            return Rights()
        stage = ApiStage(partition_of(account.region), account.region, account.account_id, api_id)
        subjects = sort_subjects(principals.values(), stage, account.iam)
        policy, names = None, set[str]()
        asked = {name: sample_arn(stage, _route(keys[0])) for name, keys in observed.keys.items() if api_id}
        if bound and api_id:
            names = set(observed.keys) if EVERY_ROUTE in work.spec.routes else {*work.spec.routes}
            policy = build_policy(
                work.owner, stage, _routes(observed.keys.values()), _routes_of(names, observed), subjects, account.iam,
                account.tags,
            )  # fmt: skip
            if policy is not None and not require_binding:
                check_exact(policy)
        kept = policy is not None and account.iam.manage_policies
        rights = Rights(policy=policy, kept=kept, subjects=subjects, asked=asked, bound=frozenset(names))
        try:
            rights = self._planned(work, account, rights)
        except OutOfBudget:
            raise  # the pass comes again with what it needs
        except OperatorError as error:
            rights = replace(rights, error=error)
        return replace(rights, denied=self._denied(work, rights))

    def _planned(self, work: Pass[RoleBindingSpec], account: AwsAccountSpec, rights: Rights) -> Rights:
        iam = self._backends.iam(account, self._references.account_secret(account))
        rights, wanted = replace(rights, iam=iam), rights.policy
        if wanted is not None and rights.kept:
            return replace(rights, plan=plan_policy(wanted, iam.observe_policy(wanted.arn, wanted.attach_path)))
        known = work.status.get("policyArn")
        if not known:
            return rights
        observed = iam.observe_policy(known, _attach_path(work, account))
        return replace(rights, plan=plan_policy_removal(str(work.owner), observed))

    def carry_out(self, work: Pass[RoleBindingSpec], database: OracleDatabaseSpec, rights: Rights) -> None:
        """Do what was planned; what cannot be attached to one role holds up no other.

        Raises:
            OperatorError: Why something is not as it should be.
        """
        if rights.error is not None:
            raise rights.error
        if rights.iam is None:
            return
        if rights.policy is None or not rights.kept:
            self.remove(work, database)
            work.report.fields |= {"policyArn": None, "policyRolePath": None}
            return
        work.report.fields |= {"policyArn": rights.policy.arn, "policyRolePath": rights.policy.attach_path}
        if rights.plan.actions and work.status.get("policyArn") != rights.policy.arn:
            work.write_now("Making the policy of the bound IAM roles")
        for error in apply_policy(rights.iam, rights.plan).values():
            raise error

    def _denied(self, work: Pass[RoleBindingSpec], rights: Rights) -> frozenset[tuple[str, str]]:
        """Return the pairs of principal and route that IAM denies, and say it in status."""
        known = {principal.arn: principal for principal in (*rights.subjects.attached, *rights.subjects.left)}
        if rights.iam is None or not known or not rights.asked:
            work.report.clear(INVOKE_ALLOWED)
            work.report.fields |= {"missingPolicy": None, "invokable": None}
            return frozenset()
        if rights.plan.actions and may_write(work):
            work.requeue(SETTLED_S)  # IAM takes a moment to say what it was told
            return frozenset()
        try:
            faults = find_invoke_faults(rights.iam, known.values(), rights.asked.values())
        except OutOfBudget:
            raise
        except OperatorError as error:
            work.requeue(SETTLED_S)
            work.report.say(INVOKE_ALLOWED, None, error.reason, error.message)
            return frozenset()
        routes = {arn: name for name, arn in rights.asked.items()}
        denied = frozenset((found.principal.arn, routes[found.resource]) for found in faults if found.denied)
        unknown = {found.principal.arn for found in faults if not found.denied}
        shown = sorted({*known} - unknown)[:PRINCIPALS_SHOWN] if len(rights.asked) <= ROUTES_SHOWN else []
        work.report.fields["invokable"] = [
            {"subject": arn, "routes": [name for name in sorted(rights.asked) if (arn, name) not in denied]}
            for arn in shown
        ]
        self._say(work, rights, tuple(found for found in faults if routes[found.resource] in rights.bound))
        return denied

    @staticmethod
    def _say(work: Pass[RoleBindingSpec], rights: Rights, faults: tuple[InvokeFault, ...]) -> None:
        """Say in the condition what *faults* on bound routes mean, and what helps."""
        denied = [found for found in faults if found.denied]
        work.report.fields["missingPolicy"] = rights.policy.document if denied and rights.policy else None
        if denied:
            count = len({found.principal for found in denied})
            text = f"IAM does not let {denied[0].principal}{f' and {count - 1} more' if count > 1 else ''} invoke"
            cure = (
                "attach the policy status.policyArn" if rights.kept else "give them the policy in status.missingPolicy"
            )
            work.report.say(INVOKE_ALLOWED, False, reasons.INVOKE_DENIED, f"{text}; {cure}")
        elif faults:
            text = f"IAM does not say whether {faults[0].principal} may invoke: {faults[0].why}"
            work.report.say(INVOKE_ALLOWED, None, reasons.AWS_ACCESS_DENIED, text)
        else:
            work.report.say(INVOKE_ALLOWED, True, reasons.SUCCEEDED, "IAM lets every bound principal invoke")

    def remove(self, work: Pass[RoleBindingSpec], database: OracleDatabaseSpec) -> None:
        """Take the policy away. Raises as :func:`oracleapi.reconcile.policies.remove_policy`."""
        known = work.status.get("policyArn")
        account = self._references.account_of(database)
        if not known or account is None:
            return
        iam = self._backends.iam(account, self._references.account_secret(account))
        remove_policy(iam, known, str(work.owner), _attach_path(work, account))


def _attach_path(work: Pass[RoleBindingSpec], account: AwsAccountSpec) -> str | None:
    """Return the path of the roles that may be touched; where policies are kept no more, as it was then."""
    return account.iam.attach_to_role_path or work.status.get("policyRolePath")


def _route(key: str) -> GatewayRoute:
    return GatewayRoute(key, None, authorization=AWS_IAM)


def _routes(keys: Iterable[tuple[str, ...]]) -> list[GatewayRoute]:
    return [_route(key) for found in keys for key in found]


def _routes_of(names: Iterable[str], observed: ObservedBinding) -> list[str]:
    return [key for name in names for key in observed.keys.get(name, ())]
