"""Attacks through the whole path: handlers that want more than their caller's roles, and requests that pretend."""

import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.guarded_api import CLERK, PAYROLL, binding, guarded_lab, run
from support.lab import Lab

ANN = "arn:aws:iam::123456789012:user/ann"
READ = "execute immediate 'declare n number; begin select count(*) into n from hr.salary; end;';"


def trying(what: str, declared: str = "") -> str:
    """Return a handler that tries *what*, whatever comes of it, and then reads what its caller may not."""
    return f"declare x number; {declared} begin begin {what} exception when others then null; end; {READ} end;"


HANDLERS = {
    "set-role": trying("dbms_session.set_role('HR_PAYROLL');"),
    "set-all": trying("dbms_session.set_role('ALL');"),
    "set-statement": trying("execute immediate 'set role hr_payroll';"),
    "ask-again": trying("b := oracleapi.guard.check_request;", "b boolean;"),
    "pretend": trying(
        "n(1) := 'REMOTE_IDENT'; v(1) := 'pat'; owa.init_cgi_env(1, n, v); b := oracleapi.guard.check_request;",
        "n owa.vc_arr; v owa.vc_arr; b boolean;",
    ),
    "check": trying("oracleapi.guard.enable_for_check('HR_PAYROLL');"),
    "bind": trying("execute immediate 'update oracleapi.binding set role_name = ''HR_PAYROLL''';"),
    "grant": trying("execute immediate 'grant select on hr.salary to hr_api';"),
    "decide": "begin oracleapi.decision.note_fault('a', 'b', 'c', 'd', 'e'); end;",
    "inject": "declare n number; begin execute immediate 'select count(*) from dual where 1 = ' || :q into n; end;",
}
"""PL/SQL that a careless or a hostile author writes; the caller's role may read nothing of HR.SALARY."""
SIGNED = {"method": "GET", "auth": "IAM", "handler": {"source": "select id, amount from hr.salary"}}
OPEN = {"method": "GET", "auth": "Public", "handler": {"source": "select 1 ok from dual"}}
ROUTES: list[dict[str, Any]] = [
    *(
        {"name": name, "method": "POST", "path": f"/{name}", "scope": "hr.read", "handler": {"source": source}}
        for name, source in HANDLERS.items()
    ),
    {"name": "health", "path": "/health", **OPEN},
    {"name": "signed", "path": "/signed/{id}", **SIGNED},
    {"name": "other", "path": "/other", **SIGNED},
]


@pytest.fixture(scope="module")
def api(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    clerks = binding("clerks", "clerks", "*")
    clerks["spec"]["roleRef"] = {"name": "hr-clerk"}
    ann = binding("ann", "", "signed")
    ann["spec"]["subjects"] = [{"kind": "IamUser", "name": ANN}]
    spec = {**example["spec"], "routes": ROUTES}
    with guarded_lab(lab, {**example, "spec": spec}, (PAYROLL, CLERK, clerks, ann)) as found:
        for name in ("clerks", "ann"):
            lab.reconcile("orb", name, "hr")
        yield found


@pytest.fixture(scope="module")
def keys(lab: Lab) -> Credentials:
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    named = {"ann": {"policies": [{"Version": "2012-10-17", "Statement": [statement]}]}}
    answer = lab.http.put(f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/principals", json=named)
    made = answer.raise_for_status().json()["principals"]["ann"]
    return Credentials(made["access_key_id"], made["secret_access_key"])


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_reaches_nothing_that_the_caller_s_role_does_not(lab: Lab, api: dict[str, Any], name: str) -> None:
    token = lab.token(subject="cleo", groups=["clerks"])
    body = {"q": "1 union all select amount from hr.salary"}
    answer = lab.call("POST", f"{api['status']['endpoint']}/hr/v1/{name}", token, json=body)
    assert answer.status_code == 555, (answer.status_code, answer.text)
    # whatever it tried, the session that it leaves behind serves the next caller as if nothing had been
    assert lab.call("GET", f"{api['status']['endpoint']}/hr/v1/health").status_code == 200
    again = lab.call("POST", f"{api['status']['endpoint']}/hr/v1/inject", token, json={"q": "1"})
    assert again.status_code == 200, again.text


def gateway_key(lab: Lab, api: dict[str, Any]) -> str:
    """Return the key as a thief with ``apigateway:GET`` reads it."""
    found = lab.aws("apigatewayv2").get_integrations(ApiId=api["status"]["apiId"])["Items"]
    (header,) = {
        value
        for integration in found
        for name, value in integration.get("RequestParameters", {}).items()
        if name.lower().endswith("x-oracleapi-caller")
    }
    return str(header.split(" ")[0])


def at_ords(lab: Lab, path: str, headers: list[tuple[str, str]]) -> int:
    """Ask ORDS itself, path and headers byte for byte, repeated ones too."""
    parts = urlsplit(lab.environment["ORDS_URL"])
    context = ssl.create_default_context(cafile=lab.environment["SANDBOX_CA"])
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, timeout=20, context=context)
    try:
        connection.putrequest("GET", f"{parts.path}{path}")
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def test_straight_at_ords_nobody_is_an_iam_caller_without_the_key(lab: Lab, api: dict[str, Any]) -> None:
    path, name = "/hr_api/oa-iam/hr/v1/signed/1", "X-OracleApi-Caller"
    key = gateway_key(lab, api)
    right = f"{key} {ANN} GET /hr/v1/signed/{{id}}"
    assert at_ords(lab, path, [(name, right)]) == 200, "who has the key is the gateway: docs/threat-model.md says so"
    forged = {
        "none": [],
        "another key": [(name, right.replace(key, "A" * len(key)))],
        "no key": [(name, f" {ANN} GET /hr/v1/signed/{{id}}")],
        "a key cut short": [(name, right[1:])],
        "another route": [(name, f"{key} {ANN} GET /hr/v1/other")],
        "an unbound caller": [(name, right.replace("/ann", "/bob"))],
        "twice": [(name, right), (name, right)],
        "twice, in another spelling": [(name, right), ("X_ORACLEAPI_CALLER", right)],
        "shadowed": [(name, right), ("HTTP_X_ORACLEAPI_CALLER", right + "x")],
        "the path as a header": [(name, right), ("SCRIPT_NAME", "/ords/hr_api/oa-public/hr/v1/health")],
        "the method as a header": [(name, right), ("REQUEST_METHOD", "GET")],
    }
    met = {what: at_ords(lab, path, headers) for what, headers in forged.items()}
    assert set(met.values()) == {403}, met


SPELLINGS = (
    "oa-iam/hr/v1//signed/1",
    "oa-iam/hr/v1/%73igned/1",
    "oa-iam/hr/v1/signed/1;x=1",
    "oa-iam/hr/v1/signed%2f1",
    "oa-iam/hr/v1/signed/1/../2",
    "oa-iam/HR/v1/signed/1",
    "oa-public/hr/v1/%2e%2e/oa-iam/hr/v1/signed/1",
    "oa-probe/hr/v1/_closed",
)


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_a_path_passes_with_the_key_but_the_route_s_own(
    lab: Lab, api: dict[str, Any], path: str
) -> None:
    header = ("X-OracleApi-Caller", f"{gateway_key(lab, api)} {ANN} GET /hr/v1/signed/{{id}}")
    assert at_ords(lab, f"/hr_api/{path}", [header]) in (400, 403, 404)


def test_a_key_that_was_ended_opens_nothing_and_callers_notice_nothing(
    lab: Lab, api: dict[str, Any], keys: Credentials
) -> None:
    old = gateway_key(lab, api)
    run(lab, "update oracleapi.gateway_key set not_after = systimestamp - interval '1' second", "commit")
    path = "/hr_api/oa-iam/hr/v1/signed/1"
    assert at_ords(lab, path, [("X-OracleApi-Caller", f"{old} {ANN} GET /hr/v1/signed/{{id}}")]) == 403
    lab.reconcile("oapi", "hr", "hr")
    assert gateway_key(lab, api) != old
    url = f"{api['status']['endpoint']}/hr/v1/signed/{quote('1')}"
    request = AWSRequest("GET", url, headers={"X-OracleApi-Caller": f"{old} {ANN} GET /hr/v1/signed/{{id}}"})
    SigV4Auth(keys, "execute-api", lab.environment["AWS_REGION"]).add_auth(request)
    answer = lab.call("GET", url, headers=dict(request.headers))
    assert (answer.status_code, answer.json().get("items")) == (200, [{"id": 1, "amount": 100}]), answer.text


def test_the_key_is_in_no_place_where_somebody_looks(lab: Lab, api: dict[str, Any]) -> None:
    key = gateway_key(lab, api)
    objects = lab.kubectl("get", "oracleapis,rolebindings.oracleapi.dev,events", "-A", "-o", "json")
    told = [objects, json.dumps(lab.aws_calls())]
    assert not [text for text in told if key in text]
