"""IAM through the adapter: what is asked and in which order, errors in words that help, verdicts, endpoints."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from oracleapi.adapters.aws.iam import AwsIam, parse_verdicts
from oracleapi.adapters.aws.session import Clients
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.policy import (
    AttachPolicy,
    CreatePolicy,
    DeletePolicy,
    DeleteVersion,
    DetachPolicy,
    InvokeVerdict,
    ObservedPolicy,
    PolicyAction,
    SetDocument,
    TagPolicy,
)

KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}
ARN = "arn:aws:iam::123456789012:policy/oracleapi/p"
ROLE = "arn:aws:iam::123456789012:role/callers/app"
NOW = "2026-01-01T00:00:00Z"
DOCUMENT = '{"Statement":[],"Version":"2012-10-17"}'


class One(Clients):
    """The client of IAM, the same for creates."""

    def __init__(self) -> None:
        super().__init__("eu-west-1", None, KEYS, None)
        self.iam = super().client("iam")

    def client(self, service: str, creates: bool = False) -> Any:
        assert service == "iam"
        return self.iam


@pytest.fixture
def stub() -> Iterator[Stubber]:
    clients = One()
    with Stubber(clients.iam) as stubber:
        stubber.adapter = AwsIam(clients)  # type: ignore[attr-defined]
        yield stubber
        stubber.assert_no_pending_responses()


def adapter(stub: Stubber) -> AwsIam:
    found: AwsIam = stub.adapter  # type: ignore[attr-defined]
    return found


def policy(attached: int = 0, **more: Any) -> Any:
    return {"Policy": {"Arn": ARN, "DefaultVersionId": "v10", "AttachmentCount": attached, **more}}


def observed(stub: Stubber, attached: int, tags: Any = ()) -> None:
    stub.add_response("get_policy", policy(attached, Tags=list(tags)), {"PolicyArn": ARN})
    version = {"PolicyVersion": {"Document": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D"}}
    stub.add_response("get_policy_version", version, {"PolicyArn": ARN, "VersionId": "v10"})
    versions = [{"VersionId": name} for name in ("v11", "v10", "v9", "v2")]
    stub.add_response("list_policy_versions", {"Versions": versions}, {"PolicyArn": ARN, "MaxItems": 1000})


def entities(stub: Stubber, narrowed: dict[str, str], **found: list[str]) -> None:
    lists: Any = {
        "PolicyRoles": [{"RoleName": name} for name in found.get("roles", ())],
        "PolicyUsers": [{"UserName": name} for name in found.get("users", ())],
        "PolicyGroups": [{"GroupName": name} for name in found.get("groups", ())],
    }
    asked = {"PolicyArn": ARN, "PolicyUsageFilter": "PermissionsPolicy", "MaxItems": 1000, **narrowed}
    stub.add_response("list_entities_for_policy", {**lists, "IsTruncated": False}, asked)


OURS = {"EntityFilter": "Role", "PathPrefix": "/callers/"}


def test_a_policy_is_seen_in_four_calls(stub: Stubber) -> None:
    observed(stub, 2, [{"Key": "a", "Value": "b"}])
    entities(stub, OURS, roles=["app", "web"])
    assert adapter(stub).observe_policy(ARN, "/callers/") == ObservedPolicy(
        ARN, True, {"a": "b"}, DOCUMENT, "v10", ("v2", "v9", "v11"), frozenset({"app", "web"}), ()
    )


def test_who_else_holds_it_is_asked_only_where_somebody_does(stub: Stubber) -> None:
    observed(stub, 4)
    entities(stub, OURS, roles=["app"])
    entities(stub, {}, roles=["app", "web"], users=["ann"], groups=["all"])
    found = adapter(stub).observe_policy(ARN, "/callers/")
    assert (found.attached, found.others) == (frozenset({"app"}), ("group all", "role web", "user ann"))


def test_without_a_path_no_role_is_ours(stub: Stubber) -> None:
    observed(stub, 0)
    assert adapter(stub).observe_policy(ARN, None).attached == frozenset()
    observed(stub, 1)
    entities(stub, {}, roles=["app"])
    found = adapter(stub).observe_policy(ARN, None)
    assert (found.attached, found.others) == (frozenset(), ("role app",))


@pytest.mark.parametrize("gone", ["get_policy", "get_policy_version", "list_policy_versions"])
def test_a_policy_that_is_not_there_or_goes_meanwhile_is_none(stub: Stubber, gone: str) -> None:
    if gone != "get_policy":
        stub.add_response("get_policy", policy())
    if gone == "list_policy_versions":
        stub.add_response("get_policy_version", {"PolicyVersion": {"Document": "{}"}})
    stub.add_client_error(gone, "NoSuchEntity", http_status_code=404)
    assert adapter(stub).observe_policy(ARN, "/callers/") == ObservedPolicy(ARN)


def test_a_policy_is_made_with_its_tags(stub: Stubber) -> None:
    stub.add_response(
        "create_policy",
        {"Policy": {"Arn": ARN}},
        {
            "PolicyName": "p",
            "Path": "/oracleapi/",
            "PolicyDocument": DOCUMENT,
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
        },
    )
    adapter(stub).apply(CreatePolicy(ARN, "p", "/oracleapi/", DOCUMENT, {"b": "2", "a": "1"}))


def test_a_document_counts_as_soon_as_it_is_there(stub: Stubber) -> None:
    asked = {"PolicyArn": ARN, "PolicyDocument": DOCUMENT, "SetAsDefault": True}
    stub.add_response("create_policy_version", {"PolicyVersion": {"VersionId": "v11"}}, asked)
    adapter(stub).apply(SetDocument(ARN, DOCUMENT))


def test_a_document_is_never_sent_again_by_the_client() -> None:
    """A second version of the same would push out another one."""
    clients = Clients("eu-west-1", "http://127.0.0.1:9", KEYS, None)
    sent: list[str] = []
    for creates in (False, True):
        events = clients.client("iam", creates).meta.events
        events.register("before-send.iam", lambda event_name, **_: sent.append(event_name))
    with pytest.raises(Retryable, match="no answer"):
        AwsIam(clients).apply(SetDocument(ARN, DOCUMENT))
    assert sent == ["before-send.iam.CreatePolicyVersion"]


def found_role(stub: Stubber, arn: str = ROLE) -> None:
    role = {"Path": "/", "RoleName": "app", "RoleId": "AROAAAAAAAAAAAAAA", "Arn": arn, "CreateDate": NOW}
    stub.add_response("get_role", {"Role": role}, {"RoleName": "app"})


def test_a_role_is_looked_at_before_something_is_attached_to_its_name(stub: Stubber) -> None:
    found_role(stub)
    stub.add_response("attach_role_policy", {}, {"RoleName": "app", "PolicyArn": ARN})
    adapter(stub).apply(AttachPolicy(ARN, ROLE))


def test_a_role_of_the_same_name_at_another_path_gets_nothing(stub: Stubber) -> None:
    """AttachRolePolicy takes a name: whoever wrote a path of ours before it must not reach another role."""
    found_role(stub, "arn:aws:iam::123456789012:role/admins/app")
    with pytest.raises(DependencyNotReady, match="the role of that name has another path"):
        adapter(stub).apply(AttachPolicy(ARN, ROLE))


GONE: list[tuple[PolicyAction, str]] = [
    (DetachPolicy(ARN, "app"), "detach_role_policy"),
    (DeleteVersion(ARN, "v2"), "delete_policy_version"),
    (DeletePolicy(ARN), "delete_policy"),
]


@pytest.mark.parametrize(("action", "method"), GONE, ids=lambda value: str(value)[:20])
def test_what_is_gone_already_is_done(stub: Stubber, action: PolicyAction, method: str) -> None:
    stub.add_client_error(method, "NoSuchEntity", http_status_code=404)
    adapter(stub).apply(action)


CREATE, ATTACH = CreatePolicy(ARN, "p", "/oracleapi/", DOCUMENT, {}), AttachPolicy(ARN, ROLE)
ROWS: list[tuple[PolicyAction, str, str, int, type[OperatorError], str, str]] = [
    (CREATE, "create_policy", "EntityAlreadyExists", 409, Retryable, "Conflict", "at another path than /oracleapi/"),
    (CREATE, "create_policy", "LimitExceeded", 409, Retryable, "AwsRefused", "have it raised"),
    (CREATE, "create_policy", "ConcurrentModification", 409, Retryable, "AwsUnavailable", "ConcurrentModification"),
    (CREATE, "create_policy", "MalformedPolicyDocument", 400, Terminal, "AwsRefused", "iam:CreatePolicy"),
    (CREATE, "create_policy", "AccessDenied", 403, Retryable, "AwsAccessDenied", "AWS denied iam:CreatePolicy"),
    (CREATE, "create_policy", "Throttling", 400, Retryable, "AwsThrottled", "throttled"),
    (CREATE, "create_policy", "ServiceFailure", 500, Retryable, "AwsUnavailable", "failed in AWS"),
    (SetDocument(ARN, DOCUMENT), "create_policy_version", "LimitExceeded", 409, Retryable, "Conflict", "no place"),
    (SetDocument(ARN, DOCUMENT), "create_policy_version", "NoSuchEntity", 404, Retryable, "Conflict", "looking again"),
    (TagPolicy(ARN, {"a": "b"}), "tag_policy", "NoSuchEntity", 404, Retryable, "Conflict", "looking again"),
    (TagPolicy(ARN, {"a": "b"}), "tag_policy", "LimitExceeded", 409, Retryable, "AwsRefused", "quota"),
    (DeletePolicy(ARN), "delete_policy", "DeleteConflict", 409, DependencyNotReady, "InUse", "iam:DeletePolicy"),
    (DeleteVersion(ARN, "v2"), "delete_policy_version", "DeleteConflict", 409, DependencyNotReady, "InUse", "iam:"),
    (ATTACH, "get_role", "NoSuchEntity", 404, DependencyNotReady, "DependencyNotReady", f"no role {ROLE}; create it"),
    (ATTACH, "get_role", "AccessDenied", 403, Retryable, "AwsAccessDenied", "may also mean that the role has another"),
    (ATTACH, "attach_role_policy", "LimitExceeded", 409, Retryable, "AwsRefused", "role app has as many policies"),
    (ATTACH, "attach_role_policy", "NoSuchEntity", 404, Retryable, "Conflict", "looking again"),
    (ATTACH, "attach_role_policy", "UnmodifiableEntity", 400, Terminal, "AwsRefused", "iam:AttachRolePolicy"),
    (ATTACH, "attach_role_policy", "PolicyNotAttachable", 400, Terminal, "AwsRefused", "iam:AttachRolePolicy"),
    (DetachPolicy(ARN, "app"), "detach_role_policy", "UnmodifiableEntity", 400, Terminal, "AwsRefused", "iam:Detach"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "method", "code", "status", "kind", "reason", "words"), ROWS, ids=[f"{row[1]} {row[2]}" for row in ROWS]
)
def test_an_answer_becomes_one_of_our_errors(
    stub: Stubber,
    action: PolicyAction,
    method: str,
    code: str,
    status: int,
    kind: type[OperatorError],
    reason: str,
    words: str,
) -> None:
    if method == "attach_role_policy":
        found_role(stub)
    stub.add_client_error(method, code, "no", http_status_code=status)
    with pytest.raises(kind) as caught:
        adapter(stub).apply(action)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert words in caught.value.message
    assert isinstance(caught.value.__cause__, ClientError)


class Failing:
    """A client whose every call raises *error*."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def client(self, service: str, creates: bool = False) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        def fails(*_: Any, **__: Any) -> Any:
            raise self.error

        return fails


@pytest.mark.parametrize("error", [EndpointConnectionError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")])
@pytest.mark.parametrize(
    "action", [CREATE, SetDocument(ARN, DOCUMENT), ATTACH, DeletePolicy(ARN)], ids=lambda a: a.verb
)
def test_no_answer_is_no_answer_and_never_uncertain(error: Exception, action: PolicyAction) -> None:
    """Everything here has a name of its own: looked at again, it is there or not."""
    with pytest.raises(Retryable, match="no answer to iam:") as caught:
        AwsIam(Failing(error)).apply(action)  # type: ignore[arg-type]
    assert (type(caught.value), caught.value.reason) == (Retryable, "AwsUnavailable")


def test_a_role_of_ours_that_cannot_be_assumed_is_not_taken_for_a_role_to_attach_to() -> None:
    response: Any = {"Error": {"Code": "AccessDenied", "Message": "x"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    error = ClientError(response, "AssumeRole")
    with pytest.raises(Retryable, match="AWS denied AssumeRole"):
        AwsIam(Failing(error)).apply(ATTACH)  # type: ignore[arg-type]
    with pytest.raises(Retryable, match="AWS denied AssumeRole"):
        AwsIam(Failing(error)).may_invoke(ROLE, ["r"])  # type: ignore[arg-type]


def asked(*resources: str) -> dict[str, Any]:
    return {
        "PolicySourceArn": ROLE,
        "ActionNames": ["execute-api:Invoke"],
        "ResourceArns": list(resources),
        "MaxItems": 1000,
    }


def single(resource: str, decision: str, **more: Any) -> dict[str, Any]:
    return {"EvalResourceName": resource, "EvalResourceDecision": decision, **more}


def test_each_resource_has_its_verdict(stub: Stubber) -> None:
    result = {
        "EvalActionName": "execute-api:Invoke",
        "EvalResourceName": "arn:${Partition}:execute-api:…",
        "EvalDecision": "explicitDeny",
        "ResourceSpecificResults": [
            single("r1", "allowed"),
            single("r2", "implicitDeny"),
            single("r3", "explicitDeny", MatchedStatements=[{"SourcePolicyId": "no-api"}]),
        ],
    }
    stub.add_response(
        "simulate_principal_policy",
        {"EvaluationResults": [result], "IsTruncated": False},
        asked("r1", "r2", "r3", "r4"),
    )
    assert adapter(stub).may_invoke(ROLE, ["r1", "r2", "r3", "r1", "r4"]) == {
        "r1": InvokeVerdict("allowed"),
        "r2": InvokeVerdict("implicitDeny"),
        "r3": InvokeVerdict("explicitDeny", "by no-api"),
        "r4": InvokeVerdict("unknown", "IAM said nothing of it"),
    }


def test_many_resources_are_asked_about_in_parts(stub: Stubber) -> None:
    names = [f"r{number}" for number in range(51)]
    for part in (names[:50], names[50:]):
        results = [
            {"EvalActionName": "execute-api:Invoke", "EvalDecision": "allowed", "EvalResourceName": name}
            for name in part
        ]
        stub.add_response(
            "simulate_principal_policy", {"EvaluationResults": results, "IsTruncated": False}, asked(*part)
        )
    found = adapter(stub).may_invoke(ROLE, names)
    assert found == dict.fromkeys(names, InvokeVerdict("allowed"))
    assert adapter(stub).may_invoke(ROLE, []) == {}


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ({"EvalDecision": "allowed"}, InvokeVerdict("allowed")),
        ({"EvalDecision": "allowed", "MissingContextValues": ["aws:SourceIp"]}, InvokeVerdict("allowed")),
        (
            {"EvalDecision": "implicitDeny", "MissingContextValues": ["aws:SourceVpc", "aws:SourceIp"]},
            InvokeVerdict("unknown", "its policies look at aws:SourceIp, aws:SourceVpc"),
        ),
        (
            {"EvalDecision": "explicitDeny", "MissingContextValues": ["aws:MultiFactorAuthPresent"]},
            InvokeVerdict("unknown", "its policies look at aws:MultiFactorAuthPresent"),
        ),
        (
            {
                "EvalDecision": "implicitDeny",
                "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
            },
            InvokeVerdict("implicitDeny", "its permissions boundary does not allow it"),
        ),
        ({"EvalDecision": "maybe"}, InvokeVerdict("unknown", "IAM said something else than allowed or denied")),
    ],
)
def test_a_verdict_says_what_stands_behind_it(result: dict[str, Any], verdict: InvokeVerdict) -> None:
    assert list(parse_verdicts({"EvalResourceName": "r", **result})) == [("r", verdict)]
    nested = {"ResourceSpecificResults": [{"EvalResourceName": "r", "EvalResourceDecision": result["EvalDecision"]}]}
    nested["ResourceSpecificResults"][0] |= {key: value for key, value in result.items() if key != "EvalDecision"}
    assert list(parse_verdicts({"EvalDecision": "allowed", **nested})) == [("r", verdict)]


@pytest.mark.parametrize(
    ("code", "status", "verdict"),
    [
        ("NoSuchEntity", 404, InvokeVerdict("implicitDeny", "IAM knows no such principal")),
        (
            "AccessDenied",
            403,
            InvokeVerdict("unknown", "iam:SimulatePrincipalPolicy is not granted to the operator's role"),
        ),
    ],
)
def test_a_question_that_is_not_answered_is_a_verdict(
    stub: Stubber, code: str, status: int, verdict: InvokeVerdict
) -> None:
    stub.add_client_error("simulate_principal_policy", code, http_status_code=status)
    assert adapter(stub).may_invoke(ROLE, ["r1", "r2"]) == {"r1": verdict, "r2": verdict}


@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("PolicyEvaluation", 500), ("ServiceFailure", 500)])
def test_an_account_that_is_away_is_no_verdict(stub: Stubber, code: str, status: int) -> None:
    stub.add_client_error("simulate_principal_policy", code, http_status_code=status)
    with pytest.raises(Retryable):
        adapter(stub).may_invoke(ROLE, ["r"])


@pytest.mark.parametrize(
    ("region", "endpoint", "signed_in"),
    [
        ("eu-west-1", "https://iam.amazonaws.com", "us-east-1"),
        ("us-gov-west-1", "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        ("cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ],
)
def test_iam_is_reached_at_the_endpoint_of_its_partition(region: str, endpoint: str, signed_in: str) -> None:
    client = Clients(region, None, KEYS, None).client("iam")
    assert (client.meta.endpoint_url, client._request_signer._region_name) == (endpoint, signed_in)
