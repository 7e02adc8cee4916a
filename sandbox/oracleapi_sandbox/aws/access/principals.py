"""Access keys and whom they belong to: the administrator, principals of the page, IAM users, role sessions."""

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from oracleapi_sandbox.aws.access.policies import PolicyError, check

Kind = Literal["root", "page", "User", "Role"]
_KEY_ALPHABET = string.ascii_uppercase + "234567"
_MEMBERS = frozenset(["policies", "account_id", "access_key_id", "secret_access_key"])


class PrincipalError(ValueError):
    """A principal of the page that cannot be made; the text names it."""


@dataclass(frozen=True)
class Caller:
    """Who calls. *name* is that of the page's principal, the IAM user or the IAM role; a session has its role's ARN."""

    kind: Kind
    name: str
    arn: str
    user_id: str
    role_arn: str | None = None

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    @property
    def principal_arn(self) -> str:
        """Return what ``aws:PrincipalArn`` holds: the role of a session [D], else the caller."""
        return self.role_arn or self.arn


@dataclass(frozen=True)
class Key:
    """An access key; temporary ones have a session token and an end (epoch seconds of the double's clock)."""

    access_key_id: str
    secret: str
    caller: Caller
    token: str | None = None
    expires: float | None = None
    active: bool = True


@dataclass(frozen=True)
class RootKey:
    """The access key of the account's administrator."""

    access_key_id: str
    secret_access_key: str


def new_key_id(prefix: str = "AKIA") -> str:
    """Return an access key id of the usual form: AKIA for keys that stay, ASIA for temporary ones."""
    return prefix + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16))


class Principals:
    """The keys of one account. Principals of the page stay over a reset: who may call is wiring, not state."""

    def __init__(self, account_id: str, root: RootKey) -> None:
        self.account_id = account_id
        caller = Caller("root", "root", f"arn:aws:iam::{account_id}:root", account_id)
        self._root = Key(root.access_key_id, root.secret_access_key, caller)
        self._page: dict[str, tuple[Key, list[Any]]] = {}
        self._made: dict[str, Key] = {}

    def find(self, access_key_id: str) -> Key | None:
        """Return the key, or ``None``."""
        keys = [self._root, *(key for key, _ in self._page.values()), *self._made.values()]
        return next((key for key in keys if key.access_key_id == access_key_id), None)

    def of_page(self, arn: str) -> Caller | None:
        """Return the principal of the page with this ARN, or ``None``."""
        return next((key.caller for key, _ in self._page.values() if key.caller.arn == arn), None)

    def policies_of(self, caller: Caller) -> list[Any]:
        """Return the policies of a principal of the page; none when it is gone."""
        return self._page[caller.name][1] if caller.name in self._page else []

    def merge(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Make, change or (with ``None``) remove principals, all or none; return those made or changed, with keys.

        A principal is ``{"policies": [...], "account_id": …, "access_key_id": …, "secret_access_key": …}``; keys that
        are not given are kept, or made. Another account than ours is for those who call published APIs from there.

        Raises:
            PrincipalError: An unknown member, or a policy that cannot be evaluated.
        """
        made = {name: self._principal(name, entry) for name, entry in changes.items() if entry is not None}
        for name in changes:
            self._page.pop(name, None)
        self._page.update(made)
        return {name: _shown(key, policies, secret=True) for name, (key, policies) in made.items()}

    def _principal(self, name: str, entry: Any) -> tuple[Key, list[Any]]:
        if not isinstance(entry, dict) or not isinstance(entry.get("policies"), list):
            raise PrincipalError(f"principal {name} needs policies, a list")
        if unknown := sorted(set(entry) - _MEMBERS):
            raise PrincipalError(f"unknown member of principal {name}: {unknown[0]}")
        for policy in entry["policies"]:
            try:
                check(policy)
            except PolicyError as error:
                raise PrincipalError(f"policy of principal {name}: {error}") from None
        before = self._page[name][0] if name in self._page else None
        key_id = entry.get("access_key_id") or (before.access_key_id if before else new_key_id())
        secret = entry.get("secret_access_key") or (before.secret if before else secrets.token_urlsafe(30))
        if not isinstance(key_id, str) or not isinstance(secret, str):
            raise PrincipalError(f"keys of principal {name} are strings")
        if (owner := self.find(key_id)) is not None and (owner.caller.kind, owner.caller.name) != ("page", name):
            raise PrincipalError(f"the access key of principal {name} belongs to {owner.caller.arn}")
        account = entry.get("account_id", self.account_id)
        if not re.fullmatch("[0-9]{12}", str(account)):
            raise PrincipalError(f"account_id of principal {name} has 12 digits")
        caller = Caller("page", name, f"arn:aws:iam::{account}:user/{name}", f"AIDA{key_id[4:]}")
        return Key(key_id, secret, caller), entry["policies"]

    def show(self) -> dict[str, Any]:
        """Return the principals of the page without their secrets."""
        return {name: _shown(key, policies, secret=False) for name, (key, policies) in self._page.items()}

    def add(self, key: Key) -> None:
        """Take in a key of an IAM user or a role session."""
        self._made[key.access_key_id] = key

    def drop(self, access_key_id: str) -> None:
        self._made.pop(access_key_id, None)

    def reset(self) -> None:
        """Forget IAM users' keys and sessions."""
        self._made.clear()


def _shown(key: Key, policies: list[Any], secret: bool) -> dict[str, Any]:
    found = {"arn": key.caller.arn, "access_key_id": key.access_key_id, "policies": policies}
    return found | ({"secret_access_key": key.secret} if secret else {})
