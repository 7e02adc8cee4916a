"""STS as far as role sessions need it: GetCallerIdentity and AssumeRole, with sessions that end by the double's clock.

Trust policies are evaluated, ``sts:ExternalId`` included. Session policies, session tags and MFA are refused as not
implemented, and so is every other operation that hands out credentials.
"""

import re
import secrets
from datetime import UTC, datetime
from uuid import uuid4
from xml.sax.saxutils import escape

from oracleapi_sandbox.aws.access.directory import Directory, Role
from oracleapi_sandbox.aws.access.policies import Asked, evaluate, trusts
from oracleapi_sandbox.aws.access.principals import Caller, Key, Principals, new_key_id
from oracleapi_sandbox.aws.access.refusals import refusal
from oracleapi_sandbox.aws.errors import AwsError, not_implemented
from oracleapi_sandbox.aws.wire import AwsRequest, Reply
from oracleapi_sandbox.common.clock import Clock

_ROLE = re.compile(r"^arn:aws:iam::(?P<account>\d{12}):role/(?P<path>(?:[^/]+/)*)(?P<name>[\w+=,.@-]{1,64})$")
_SESSION = re.compile(r"^[\w+=,.@-]{2,64}$")
_SHORTEST_S, _LONGEST_S, _CHAINED_S = 900, 43_200, 3600  # [D] API reference, role chaining
_NOT_HERE = ("Policy", "PolicyArns.", "Tags.", "TransitiveTagKeys.", "SerialNumber", "TokenCode", "ProvidedContexts.")


class Sts:
    """Answers the operations of STS that are about who one is."""

    def __init__(self, account_id: str, principals: Principals, directory: Directory, clock: Clock) -> None:
        self._account_id = account_id
        self._principals = principals
        self._directory = directory
        self._clock = clock

    async def answer(self, request: AwsRequest, operation: str, caller: Caller) -> Reply:
        """Return the answer to *operation*.

        Raises:
            AwsError: ValidationError, AccessDenied with AWS's text [D], or NotImplemented.
        """
        if operation == "GetCallerIdentity":
            inner = f"<Arn>{escape(caller.arn)}</Arn><UserId>{escape(caller.user_id)}</UserId>"
            return _reply(operation, f"{inner}<Account>{self._account_id}</Account>")
        if operation == "AssumeRole":
            return await self._assume_role(request, caller)
        raise not_implemented(f"sts:{operation}")

    async def _assume_role(self, request: AwsRequest, caller: Caller) -> Reply:
        form = request.form
        if here := [name for name in form if name.startswith(_NOT_HERE)]:
            raise not_implemented(f"{here[0]} of sts:AssumeRole")
        arn, session = form.get("RoleArn", ""), form.get("RoleSessionName", "")
        if not _SESSION.match(session):
            raise _invalid("roleSessionName", session, r"Member must satisfy regular expression pattern: [\w+=,.@-]*")
        text = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        role = await self._trusting(arn, session, form.get("ExternalId"), caller)
        if role is None:
            raise refusal(request, "denied", text)
        seconds = _duration(form.get("DurationSeconds", "3600"), role, chained=caller.kind == "Role")
        name = role.arn.rpartition("/")[2]
        assumed = f"arn:aws:sts::{self._account_id}:assumed-role/{name}/{session}"
        who = Caller("Role", name, assumed, f"{role.role_id}:{session}", role.arn)
        expires = self._clock.now() + seconds
        key = Key(new_key_id("ASIA"), secrets.token_urlsafe(30), who, secrets.token_urlsafe(64), expires)
        self._principals.add(key)
        return _reply("AssumeRole", _session_xml(key))

    async def _trusting(self, arn: str, session: str, external_id: str | None, caller: Caller) -> Role | None:
        """Return the role if *caller* may assume it; one that is not there is denied alike [D]."""
        found = _ROLE.match(arn)
        role = await self._directory.role(found["name"]) if found and found["account"] == self._account_id else None
        if role is None or role.arn != arn:
            return None
        keys = {"sts:rolesessionname": (session,), "aws:principalarn": (caller.principal_arn,)}
        keys |= {"sts:externalid": (external_id,)} if external_id is not None else {}
        asked = Asked("sts:AssumeRole", arn, keys)
        decision, by_name = trusts(role.trust, {caller.arn, caller.principal_arn}, self._account_id, asked)
        if decision != "allowed" or caller.kind == "root":
            return role if decision == "allowed" else None
        identity = evaluate(await self._directory.policies(caller), asked)
        return role if identity == "allowed" or (by_name and identity == "implicit deny") else None


def _duration(text: str, role: Role, chained: bool) -> int:
    seconds = int(text) if text.isdigit() else 0
    if seconds < _SHORTEST_S:
        raise _invalid("durationSeconds", text, "Member must have value greater than or equal to 900")
    if seconds > _LONGEST_S:
        raise _invalid("durationSeconds", text, "Member must have value less than or equal to 43200")
    if chained and seconds > _CHAINED_S:
        chain = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise AwsError(400, "ValidationError", chain)
    if seconds > role.longest_s:
        text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError(400, "ValidationError", text)
    return seconds


def _invalid(member: str, value: str, constraint: str) -> AwsError:
    text = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    return AwsError(400, "ValidationError", text)


def _session_xml(key: Key) -> str:
    assert key.expires is not None
    until = datetime.fromtimestamp(key.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    credentials = (
        f"<AccessKeyId>{key.access_key_id}</AccessKeyId><SecretAccessKey>{key.secret}</SecretAccessKey>"
        f"<SessionToken>{key.token}</SessionToken><Expiration>{until}</Expiration>"
    )
    who = f"<AssumedRoleId>{key.caller.user_id}</AssumedRoleId><Arn>{escape(key.caller.arn)}</Arn>"
    return f"<Credentials>{credentials}</Credentials><AssumedRoleUser>{who}</AssumedRoleUser>"


def _reply(operation: str, inner: str) -> Reply:
    request_id = str(uuid4())
    name = f"{operation}Response"
    body = (
        f'<{name} xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{operation}Result>{inner}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}>"
    )
    return Reply(200, body.encode(), "text/xml", ((b"x-amzn-requestid", request_id.encode()),))
