"""Attacks on a guarded API, straight at ORDS and through the gateway: what each tries, and what came through of it."""

import base64
import hashlib
import http.client
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from oracleapi.desired.groups import scope_slug
from support.guarded_api import run
from support.lab import Lab

ANN, BOB = (f"arn:aws:iam::123456789012:user/{name}" for name in ("ann", "bob"))
CALLER = "X-OracleApi-Caller"
READ = "execute immediate 'declare n number; begin select count(*) into n from hr.salary; end;';"


def trying(what: str, declared: str = "") -> str:
    """Return a handler that tries *what*, whatever comes of it, and then reads what its caller may not."""
    return f"declare x number; {declared} begin begin {what} exception when others then null; end; {READ} end;"


PAT = base64.urlsafe_b64encode(b'{"sub": "pat", "groups": ["payroll"]}').decode().rstrip("=")
ANOTHER_S = (
    ("REQUEST_METHOD", "GET"),
    ("SCRIPT_NAME", f"/ords/hr_api/{scope_slug('hr.read')}/hr/v1"),
    ("PATH_INFO", "/salary"),
    ("REMOTE_IDENT", "pat"),
    ("Authorization", f"Bearer x.{PAT}.x"),
)
"""A request as ORDS would hand it on from a caller who may read HR.SALARY."""
HANDLERS = {
    "set-role": trying("dbms_session.set_role('HR_PAYROLL');"),
    "set-all": trying("dbms_session.set_role('ALL');"),
    "set-statement": trying("execute immediate 'set role hr_payroll';"),
    "ask-again": trying("b := oracleapi.guard.check_request;", "b boolean;"),
    "pretend": trying(
        "".join(f"n({at}) := '{name}'; v({at}) := '{value}'; " for at, (name, value) in enumerate(ANOTHER_S, 1))
        + f"owa.init_cgi_env({len(ANOTHER_S)}, n, v); b := oracleapi.guard.check_request;",
        "n owa.vc_arr; v owa.vc_arr; b boolean;",
    ),
    "check": trying("oracleapi.guard.enable_for_check('HR_PAYROLL');"),
    "bind": trying("execute immediate 'update oracleapi.binding set role_name = ''HR_PAYROLL''';"),
    "grant": trying("execute immediate 'grant select on hr.salary to hr_api';"),
    "name": trying("dbms_session.set_identifier('x|pat'); dbms_application_info.set_module('pat', 'pat');"),
    "decide": "begin oracleapi.decision.note_fault('a', 'b', 'c', 'd', 'e'); end;",
    "inject": "declare n number; begin execute immediate 'select count(*) from dual where 1 = ' || :q into n; end;",
}
"""PL/SQL that a careless or a hostile author writes; the caller's role may read nothing of HR.SALARY."""
INJECTION = {"q": "1 union all select amount from hr.salary"}
SPELLINGS = (
    "oa-iam/hr/v1//signed/1",
    "oa-iam/hr/v1/%73igned/1",
    "oa-iam/hr/v1/signed/1;x=1",
    "oa-iam/hr/v1/signed%2f1",
    "oa-iam/hr/v1/signed/1/../2",
    "oa-iam/HR/v1/signed/1",
    "oa-public/hr/v1/%2e%2e/oa-iam/hr/v1/signed/1",
    "oa-public/hr/v1/health/..;/signed/1",
    "oa-probe/hr/v1/_closed",
)
"""Paths at ORDS that lead to an IAM route, or nearly."""
TO_OTHERS = (
    "/hr/v1/health/../salary",
    "/hr/v1/health/%2e%2e/salary",
    "/hr/v1/health%2f..%2fsalary",
    "/hr/v1//salary",
    "/hr/v1/%73alary",
    "/hr/v1/salary;x=1",
    "/hr/v1/./salary",
)
TO_SIGNED = ("/hr/v1/signed/../other", "/hr/v1/signed/%2e%2e/other", "/hr/v1/signed/..%2fother", "/hr/v1/%6fther")
NASTY = (
    "x' or '1'='1",
    'clerks","HR_PAYROLL',
    "HR_PAYROLL",
    "*",
    "%",
    "payroll' --",
    "x|payroll",
    "payroll;payroll",
    "' || (select amount from hr.salary) || '",
)
"""Names that are statements, patterns or lists where somebody splices them in."""
NEAR_PAYROLL = ("x payroll", "payroll x", "payroll,clerks", "PAYROLL", "payrol", "/payroll", ["payroll", "x"], "")


@dataclass
class Attacker:
    """Somebody before the API who knows everything but secrets, and some of those: stolen tokens and keys.

    Args:
        ann, bob: Keys of IAM users; both may invoke every route, only ann is bound, to ``signed``.
    """

    lab: Lab
    api: dict[str, Any]
    ann: Credentials
    bob: Credentials

    @property
    def key(self) -> str:
        """The gateway key, as a thief with ``apigateway:GET`` reads it."""
        found = self.lab.aws("apigatewayv2").get_integrations(ApiId=self.api["status"]["apiId"])["Items"]
        (header,) = {
            value
            for integration in found
            for name, value in integration.get("RequestParameters", {}).items()
            if name.lower().endswith(CALLER.lower())
        }
        return str(header.split(" ")[0])

    def at_ords(self, path: str, headers: list[tuple[str, str]], method: str = "GET") -> int:
        """Ask ORDS itself, path and headers byte for byte, repeated ones too."""
        parts = urlsplit(self.lab.environment["ORDS_URL"])
        context = ssl.create_default_context(cafile=self.lab.environment["SANDBOX_CA"])
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, timeout=20, context=context)
        try:
            connection.putrequest(method, f"{parts.path}{path}")
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            return connection.getresponse().status
        finally:
            connection.close()

    def at_gateway(self, target: str, token: str | None = None, **headers: str) -> int:
        """Ask the gateway, the path byte for byte."""
        parts = httpx.URL(self.api["status"]["endpoint"])
        local = parts.copy_with(host="127.0.0.1", raw_path=b"/")
        sent = {"Host": parts.netloc.decode(), "Accept": "application/json", **headers}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        extensions = {"sni_hostname": parts.host, "target": target.encode()}
        return self.lab.http.get(local, headers=sent, extensions=extensions).status_code

    def signed(self, keys: Credentials, target: str, **headers: str) -> int:
        """Ask the gateway with a signature over the path as it is sent."""
        url = f"{self.api['status']['endpoint']}{target}"
        request = AWSRequest("GET", url, headers=headers)
        SigV4Auth(keys, "execute-api", self.lab.environment["AWS_REGION"]).add_auth(request)
        return self.at_gateway(target, **{**headers, **dict(request.headers)})

    def post(self, name: str, token: str, body: dict[str, str]) -> int:
        url = f"{self.api['status']['endpoint']}/hr/v1/{name}"
        return self.lab.call("POST", url, token, json=body).status_code

    def clerk(self) -> str:
        """Return the token of a caller whose role may read nothing of HR.SALARY."""
        return self.lab.token(subject="cleo", groups=["clerks"])

    def base(self, scope: str) -> str:
        """Return the path of the routes with *scope* at ORDS."""
        return "/hr_api" + next(
            str(group["basePath"]) for group in self.api["status"]["groups"] if group.get("scope") == scope
        )


Tries = Iterator[tuple[str, int]]
"""What was tried, and the status."""


def handlers(by: Attacker) -> Tries:
    """Handlers take roles, ask the guard again, pretend to be it, write its tables, grant, splice what comes in."""
    token = by.clerk()
    for name in HANDLERS:
        yield name, by.post(name, token, INJECTION)


def left_over(by: Attacker) -> Tries:
    """Whoever comes next over the same session finds no role and no name of the caller before."""
    pat, cleo = by.lab.token(subject="pat", groups=["payroll"]), by.clerk()
    nobody = by.lab.token(subject="sam", groups=["staff"])
    nexts: dict[str, Callable[[], int]] = {
        "a clerk on the same route": lambda: by.at_gateway("/hr/v1/salary", cleo),
        "a clerk's handler": lambda: by.post("grant", cleo, INJECTION),
        "somebody unbound": lambda: by.at_gateway("/hr/v1/salary", nobody),
        "anybody on a Public route that reads it": lambda: by.at_gateway("/hr/v1/peek"),
        "an unbound signature": lambda: by.signed(by.bob, "/hr/v1/signed/1"),
    }
    for what, ask in nexts.items():
        by.at_gateway("/hr/v1/salary", pat)
        yield what, ask()
    by.post("name", cleo, INJECTION)
    by.at_gateway("/hr/v1/salary", pat)
    who = by.lab.call("GET", f"{by.api['status']['endpoint']}/hr/v1/who")
    yield "the name of the caller before", 200 if "pat" in who.text else 403


def headers(by: Attacker) -> Tries:
    """Headers are forged, doubled, shadowed, and sent past the gateway that sets them."""
    path, right = "/hr_api/oa-iam/hr/v1/signed/1", f"{by.key} {ANN} GET /hr/v1/signed/{{id}}"
    pat, sam = by.lab.token(subject="pat", groups=["payroll"]), by.lab.token(subject="sam", groups=["staff"])
    forged = {
        "twice": [(CALLER, right), (CALLER, right)],
        "twice, in another spelling": [(CALLER, right), ("X_ORACLEAPI_CALLER", right)],
        "shadowed": [(CALLER, right), ("HTTP_X_ORACLEAPI_CALLER", right + "x")],
        "the path as a header": [(CALLER, right), ("SCRIPT_NAME", "/ords/hr_api/oa-public/hr/v1/health")],
        "more path as a header": [(CALLER, right), ("Path-Info", "/signed/1")],
        "the method as a header": [(CALLER, right), ("REQUEST_METHOD", "GET")],
        "a good token for a signature": [("Authorization", f"Bearer {pat}")],
        "a forged token for a signature": [("Authorization", f"Bearer {pat[:-6]}AAAAAA")],
        "a name for a signature": [("REMOTE_IDENT", "pat"), ("Remote-User", "pat")],
    }
    for what, sent in forged.items():
        yield what, by.at_ords(path, sent)
    salary, sams = f"{by.base('hr.read')}salary", ("Authorization", f"Bearer {sam}")
    for what, sent in {
        "another's name": [sams, ("REMOTE_IDENT", "pat")],
        "another's name with a dash": [sams, ("Remote-Ident", "pat")],
        "another's token after one's own": [sams, ("HTTP_AUTHORIZATION", f"Bearer {pat}")],
        "two tokens": [sams, ("Authorization", f"Bearer {pat}")],
        "another's signature": [sams, (CALLER, right)],
        "no token but a name": [("REMOTE_IDENT", "pat"), ("REMOTE_USER", "pat")],
    }.items():
        yield what, by.at_ords(salary, sent)
    for name in (CALLER, "x-oracleapi-caller", "HTTP_X_ORACLEAPI_CALLER"):
        yield f"{name} past the gateway, unbound", by.signed(by.bob, "/hr/v1/signed/1", **{name: right})
        yield f"{name} past the gateway, with a token", by.at_gateway("/hr/v1/salary", sam, **{name: right})


def keys(by: Attacker) -> Tries:
    """The gateway's key is missing, wrong, cut, old, or comes with what it was not given for."""
    path, key = "/hr_api/oa-iam/hr/v1/signed/1", by.key
    right = f"{key} {ANN} GET /hr/v1/signed/{{id}}"
    old = "o" * 43
    hashed = hashlib.sha256(old.encode()).hexdigest().upper()
    row = f"select owner, '{hashed}', systimestamp, systimestamp - interval '1' second from oracleapi.api"  # noqa: S608
    run(by.lab, f"insert into oracleapi.gateway_key (owner, key_hash, created, not_after) {row}", "commit")
    for what, value in {
        "another key": right.replace(key, "A" * len(key)),
        "an old key": right.replace(key, old),
        "no key": f" {ANN} GET /hr/v1/signed/{{id}}",
        "a key cut short": right[1:],
        "the hash of a key": right.replace(key, hashlib.sha256(key.encode()).hexdigest()),
        "nothing but the key": key,
        "another route": f"{key} {ANN} GET /hr/v1/other",
        "an unbound caller": right.replace("/ann", "/bob"),
        "a caller with a statement": right.replace("/ann", "/ann'or'1'='1"),
    }.items():
        yield what, by.at_ords(path, [(CALLER, value)])
    yield "none", by.at_ords(path, [])
    yield "none, by HEAD", by.at_ords(path, [], "HEAD")
    run(by.lab, f"delete from oracleapi.gateway_key where key_hash = '{hashed}'", "commit")  # noqa: S608


def paths(by: Attacker) -> Tries:
    """Paths are spelled so that some server on the way may take them for another one."""
    header = (CALLER, f"{by.key} {ANN} GET /hr/v1/signed/{{id}}")
    for path in SPELLINGS:
        yield f"{path} with the key", by.at_ords(f"/hr_api/{path}", [header])
    sam = by.lab.token(subject="sam", groups=["staff"])
    for path in TO_OTHERS:
        yield f"{path} by anybody", by.at_gateway(path)
        yield f"{path} by somebody unbound", by.at_gateway(path, sam)
    for path in TO_SIGNED:
        yield f"{path} with a signature for another route", by.signed(by.ann, path)


def names(by: Attacker) -> Tries:
    """Claims and headers hold statements, lists, and names that contain another's."""
    for name in NASTY:
        token = by.lab.token(subject=name, groups=[name], claims={"scp": [name]})
        yield f"called {name}", by.at_gateway("/hr/v1/salary", token)
    for groups in NEAR_PAYROLL:
        token = by.lab.token(
            subject="sam", groups=["x"], claims={"groups": [groups] if groups != "" else {"payroll": 1}}
        )
        yield f"in {groups or 'an object'}", by.at_gateway("/hr/v1/salary", token)
    sent = [("Authorization", f"Bearer {by.clerk()}"), ("Request-Id", NASTY[-1])]
    yield "a statement as the request's id", by.at_ords(f"{by.base('hr.read')}salary", sent)


def tokens(by: Attacker) -> Tries:
    """Callers come without a token, with another scope, with a forged one."""
    good = by.lab.token(subject="pat", groups=["payroll"])
    other = by.lab.token(subject="pat", groups=["payroll"], scope="hr.other")
    for what, token in {"none": None, "another scope": other, "forged": f"{good[:-6]}AAAAAA"}.items():
        yield f"{what}, at the gateway", by.at_gateway("/hr/v1/salary", token)
        sent = [] if token is None else [("Authorization", f"Bearer {token}")]
        yield f"{what}, at ORDS", by.at_ords(f"{by.base('hr.read')}salary", sent)


def ended(by: Attacker) -> Tries:
    """A binding ended a second ago; nobody told the operator."""
    token, where = by.lab.token(subject="pat", groups=["payroll"]), "where role_name = 'HR_PAYROLL'"
    run(by.lab, f"update oracleapi.binding set not_after = systimestamp - interval '1' second {where}", "commit")  # noqa: S608
    yield "a token of before", by.at_gateway("/hr/v1/salary", token)
    yield "a signature", by.signed(by.ann, "/hr/v1/signed/1")
    run(by.lab, f"update oracleapi.binding set not_after = null {where}", "commit")  # noqa: S608


ATTACKS: dict[str, Callable[[Attacker], Tries]] = {
    found.__name__: found for found in (handlers, left_over, headers, keys, paths, names, tokens, ended)
}
