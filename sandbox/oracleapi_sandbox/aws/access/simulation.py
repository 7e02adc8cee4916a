"""SimulatePrincipalPolicy: what the policies of a user or role say to actions on resources, nothing else asked.

ministack looks at the first resource alone and knows no missing principal. [D] IAM API reference: one result for each
action; with several resources each has a result of its own inside. Context entries are not taken.
"""

from itertools import takewhile
from uuid import uuid4
from xml.sax.saxutils import escape

from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.policies import Asked, evaluate
from oracleapi_sandbox.aws.errors import AwsError, not_implemented
from oracleapi_sandbox.aws.wire import AwsRequest, Reply

_NOT_HERE = (
    "ContextEntries.",
    "PolicyInputList.",
    "PermissionsBoundaryPolicyInputList.",
    "ResourcePolicy",
    "CallerArn",
)
_DECISIONS = {"allowed": "allowed", "implicit deny": "implicitDeny", "explicit deny": "explicitDeny"}


async def simulate(directory: Directory, request: AwsRequest) -> Reply:
    """Return the answer.

    Raises:
        AwsError: NoSuchEntity [D]; NotImplemented for members that are not looked at.
    """
    form = request.form
    if here := [name for name in form if name.startswith(_NOT_HERE)]:
        raise not_implemented(f"{here[0]} of iam:SimulatePrincipalPolicy")
    source = form.get("PolicySourceArn", "")
    caller = await directory.principal(source)
    if caller is None:
        raise AwsError(404, "NoSuchEntity", f"The principal {source} cannot be found.")
    policies = await directory.policies(caller)
    resources = _members(form, "ResourceArns") or ["*"]
    results = []
    for action in _members(form, "ActionNames"):
        keys = {"aws:principalarn": (source,)}
        said = {resource: _DECISIONS[evaluate(policies, Asked(action, resource, keys))] for resource in resources}
        results.append(_result(action, said))
    return _reply(f"<EvaluationResults>{''.join(results)}</EvaluationResults><IsTruncated>false</IsTruncated>")


def _members(form: dict[str, str], name: str) -> list[str]:
    numbered = (form.get(f"{name}.member.{number}") for number in range(1, len(form) + 1))
    return [value for value in takewhile(lambda found: found is not None, numbered) if value is not None]


def _result(action: str, said: dict[str, str]) -> str:
    first, *_ = said.items()
    each = "".join(
        f"<member><EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalResourceDecision>{decision}</EvalResourceDecision></member>"
        for resource, decision in said.items()
    )
    specific = f"<ResourceSpecificResults>{each}</ResourceSpecificResults>" if len(said) > 1 else ""
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName><EvalResourceName>{escape(first[0])}</EvalResourceName>"
        f"<EvalDecision>{first[1]}</EvalDecision>{specific}</member>"
    )


def _reply(inner: str) -> Reply:
    request_id, name = str(uuid4()), "SimulatePrincipalPolicy"
    body = (
        f'<{name}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><{name}Result>{inner}</{name}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    )
    return Reply(200, body.encode(), "text/xml", ((b"x-amzn-requestid", request_id.encode()),))
