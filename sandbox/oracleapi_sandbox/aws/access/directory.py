"""IAM of ministack read as its administrator: roles, policies of users and roles, access keys as they are made.

What was read is kept until the next call that could change it. Groups, permission boundaries and service control
policies are not looked at.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any, Protocol
from urllib.parse import unquote

from oracleapi_sandbox.aws.access.policies import PolicyError, check
from oracleapi_sandbox.aws.access.principals import Caller, Key, Principals
from oracleapi_sandbox.aws.wire import AwsRequest, Reply

_READS = ("Get", "List", "Simulate", "Generate")


class Iam(Protocol):
    """Calls IAM as the administrator."""

    async def query(self, service: str, action: str, members: dict[str, str]) -> tuple[str | None, str]:
        """Return error code (or ``None``) and the XML."""
        ...


@dataclass(frozen=True)
class Role:
    """A role: its trust policy and how long its sessions may last."""

    arn: str
    role_id: str
    trust: Any
    longest_s: int


class Directory:
    """Reads IAM, and watches its calls go by for keys that are made and for changes."""

    def __init__(self, iam: Iam, principals: Principals) -> None:
        self._iam = iam
        self._principals = principals
        self._policies: dict[Caller, list[Any]] = {}

    async def policies(self, caller: Caller) -> list[Any]:
        """Return the identity policies of *caller*, inline and attached; those that cannot be read count as none."""
        if caller.kind == "page":
            return self._principals.policies_of(caller)
        if caller not in self._policies:
            self._policies[caller] = [policy async for policy in self._read(caller.kind, caller.name)]
        return self._policies[caller]

    async def _read(self, kind: str, name: str) -> Any:
        owner = {f"{kind}Name": name}
        for policy in await self._list(f"List{kind}Policies", owner, "member"):
            members = {**owner, "PolicyName": policy}
            for text in await self._list(f"Get{kind}Policy", members, "PolicyDocument"):
                if (document := _document(text)) is not None:
                    yield document
        for arn in await self._list(f"ListAttached{kind}Policies", owner, "PolicyArn"):
            for version in await self._list("GetPolicy", {"PolicyArn": arn}, "DefaultVersionId"):
                members = {"PolicyArn": arn, "VersionId": version}
                for text in await self._list("GetPolicyVersion", members, "Document"):
                    if (document := _document(text)) is not None:
                        yield document

    async def _list(self, action: str, members: dict[str, str], tag: str) -> list[str]:
        _, body = await self._iam.query("iam", action, members)
        return texts(body, tag)

    async def role(self, name: str) -> Role | None:
        """Return a role by name, or ``None``."""
        code, body = await self._iam.query("iam", "GetRole", {"RoleName": name})
        if code is not None:
            return None
        trust = _document(texts(body, "AssumeRolePolicyDocument")[0])
        longest = int((texts(body, "MaxSessionDuration") or ["3600"])[0])
        return Role(texts(body, "Arn")[0], texts(body, "RoleId")[0], trust or {"Statement": []}, longest)

    async def arn_of(self, kind: str, name: str) -> str | None:
        """Return the ARN of a ``role`` or ``user``, path included, or ``None`` where there is none."""
        what = kind.capitalize()
        code, body = await self._iam.query("iam", f"Get{what}", {f"{what}Name": name})
        return None if code is not None else texts(body, "Arn")[0]

    async def principal(self, arn: str) -> Caller | None:
        """Return the user, role or principal of the page with exactly this ARN, or ``None``."""
        if (page := self._principals.of_page(arn)) is not None:
            return page
        kind, _, rest = arn.rpartition(":")[2].partition("/")
        name = rest.rpartition("/")[2]
        if kind not in ("role", "user") or await self.arn_of(kind, name) != arn:
            return None
        return Caller("Role" if kind == "role" else "User", name, arn, "")

    async def resource(self, members: Mapping[str, str], account: str) -> str | None:
        """Return the ARN that a call of IAM is about, as it is or as it would be made; ``None`` for any."""
        if arn := members.get("PolicySourceArn"):
            return arn
        for kind in ("role", "user"):
            if name := members.get(f"{kind.capitalize()}Name"):
                path = members.get("Path", "/")
                return await self.arn_of(kind, name) or f"arn:aws:iam::{account}:{kind}{path}{name}"
        if name := members.get("PolicyName"):
            return f"arn:aws:iam::{account}:policy{members.get('Path', '/')}{name}"
        return members.get("PolicyArn")

    def watch(self, request: AwsRequest, operation: str, reply: Reply) -> None:
        """Learn from a call of IAM that went through."""
        if operation.startswith(_READS) or reply.status >= 400:
            return
        self._policies.clear()
        key_id = request.form.get("AccessKeyId", "")
        match operation:
            case "CreateAccessKey":
                self._learn(reply.body.decode())
            case "DeleteAccessKey":
                self._principals.drop(key_id)
            case "UpdateAccessKey" if (key := self._principals.find(key_id)) and key.caller.kind == "User":
                active = request.form.get("Status") == "Active"
                self._principals.add(Key(key.access_key_id, key.secret, key.caller, active=active))

    def _learn(self, body: str) -> None:
        name, key_id, secret = (texts(body, tag)[0] for tag in ("UserName", "AccessKeyId", "SecretAccessKey"))
        caller = Caller("User", name, f"arn:aws:iam::{self._principals.account_id}:user/{name}", f"AIDA{key_id[4:]}")
        self._principals.add(Key(key_id, secret, caller))

    def reset(self) -> None:
        self._policies.clear()


def texts(body: str, tag: str) -> list[str]:
    """Return the text of each element *tag* in an answer of IAM."""
    return [unescape(found) for found in re.findall(rf"<{tag}>([^<]*)</{tag}>", body)]


def _document(text: str) -> Any:
    try:
        found = json.loads(text if text.lstrip().startswith("{") else unquote(text))
        check(found)
    except (ValueError, PolicyError):
        return None
    return found
