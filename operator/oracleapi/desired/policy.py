"""The managed policy of a ``RoleBinding``: which routes, for whom, attached to what. Pure.

Sources: API Gateway developer guide, controlling access with IAM (form of the ARNs); IAM user guide, quotas and
identifiers.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oracleapi.api import reasons
from oracleapi.api.awsaccount import Iam
from oracleapi.desired.invoke import covers, find_overlaps, invoke_arn
from oracleapi.errors import Terminal
from oracleapi.model.gateway import AWS_IAM, GatewayRoute
from oracleapi.model.ownership import Owner
from oracleapi.model.policy import ApiStage, DesiredPolicy, Principal, canonical, parse_principal

NAME_LIMIT = 128
SIZE_LIMIT = 6144
"""Characters of a managed policy, blanks not counted."""


@dataclass(frozen=True)
class Subjects:
    """Principals by what can be done for them, each sorted.

    Args:
        attached: Roles that the policy is attached to.
        left: Principals that are never touched: somebody else must let them invoke.
        foreign: Principals of another account, whom an HTTP API never lets in.
    """

    attached: tuple[Principal, ...]
    left: tuple[Principal, ...]
    foreign: tuple[Principal, ...]


def parse_subject(arn: str, kind: str) -> Principal:
    """Return the principal of a subject with *kind* ``IamRole`` or ``IamUser``.

    Raises:
        Terminal: ``InvalidSpec``.
    """
    found = parse_principal(arn)
    wanted = "role" if kind == "IamRole" else "user"
    if found is None or found.kind != wanted:
        raise Terminal(
            reasons.INVALID_SPEC,
            f"spec.subjects: {arn[:128]!r} is no ARN of a {wanted}; write arn:aws:iam::123456789012:{wanted}/name with"
            " its path, and for a session the ARN of its role",
        )
    return found


def sort_subjects(principals: Iterable[Principal], stage: ApiStage, iam: Iam) -> Subjects:
    """Return whom the policy reaches by attachment, whom it does not, and whom it cannot."""
    known = sorted(set(principals))
    ours = [found for found in known if (found.partition, found.account_id) == (stage.partition, stage.account_id)]
    attached = [found for found in ours if _may_attach(found, iam)]
    return Subjects(
        tuple(attached),
        tuple(found for found in ours if found not in attached),
        tuple(found for found in known if found not in ours),
    )


def build_policy(
    owner: Owner,
    stage: ApiStage,
    routes: Iterable[GatewayRoute],
    bound: Iterable[str],
    subjects: Subjects,
    iam: Iam,
    tags: Mapping[str, str],
) -> DesiredPolicy | None:
    """Return the policy of a binding; ``None`` where it binds no route behind IAM.

    Args:
        owner: The binding.
        routes: All of the API's gateway half, link routes among them.
        bound: Keys of those that are bound, link routes among them; what is not behind IAM needs no policy.
        tags: The account's own.

    Raises:
        Terminal: ``InvalidSpec``, more routes than a policy holds.
    """
    every, keys = tuple(routes), frozenset(bound)
    invoked = [route for route in every if route.key in keys and route.authorization == AWS_IAM]
    if not invoked:
        return None
    name = policy_name(owner)
    return DesiredPolicy(
        arn=f"arn:{stage.partition}:iam::{stage.account_id}:policy{iam.policy_path}{name}",
        name=name,
        path=iam.policy_path,
        owner=str(owner),
        uid=owner.uid,
        tags={**tags, **owner.tags()},
        document=invoke_document(stage, invoked),
        roles=tuple(found.arn for found in subjects.attached),
        attach_path=iam.attach_to_role_path if iam.manage_policies else None,
        overlaps=find_overlaps(every, invoked),
    )


def policy_name(owner: Owner) -> str:
    """Return the name of a binding's policy, unlike that of any other binding of any installation."""
    digest = hashlib.sha256(str(owner).encode()).hexdigest()[:12]
    return f"oracleapi-{owner.namespace}-{owner.name}"[: NAME_LIMIT - 13] + f"-{digest}"


def invoke_document(stage: ApiStage, routes: Iterable[GatewayRoute]) -> str:
    """Return the document that lets its holder invoke *routes*; what another ARN covers is left out.

    Raises:
        Terminal: ``InvalidSpec``, it is longer than IAM takes.
    """
    arns = sorted({invoke_arn(stage, route) for route in routes})
    least = [arn for arn in arns if not any(covers(other, arn) for other in arns)]
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": least}
    document = canonical({"Version": "2012-10-17", "Statement": [statement]})
    if len(document) > SIZE_LIMIT:
        raise Terminal(
            reasons.INVALID_SPEC,
            f"spec.routes: the policy for these routes has {len(document)} characters and IAM takes {SIZE_LIMIT};"
            " divide them between several RoleBindings, or set spec.links: false on the API, which halves it",
        )
    return document


def check_exact(policy: DesiredPolicy) -> None:
    """Refuse a policy that opens more than is bound: for an API whose guard lets callers without a binding pass.

    Raises:
        Terminal: ``InvalidSpec``.
    """
    if policy.overlaps:
        first = policy.overlaps[0]
        raise Terminal(
            reasons.INVALID_SPEC,
            f"spec.routes: in a policy of IAM the variable of {first.bound} also stands for what {first.opened} serves;"
            " bind that route too, move it to another path, or set spec.requireBinding: true on the API",
        )


def _may_attach(principal: Principal, iam: Iam) -> bool:
    within = iam.attach_to_role_path
    return iam.manage_policies and within is not None and principal.kind == "role" and principal.path.startswith(within)
