"""Callers as a person names them: ``group:hr-readers``, ``anonymous``, or a token in a file. Pure but for the file."""

import base64
import binascii
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import get_args

from oracleapi.cli.errors import USAGE, CliError
from oracleapi.cli.objects import Resource, Snapshot, reference
from oracleapi.desired.callers import IAM_ROLE, token_of
from oracleapi.model.line import Subject, SubjectKind, Token

KINDS: dict[str, SubjectKind] = {kind.lower(): kind for kind in get_args(SubjectKind)}
EXAMPLES = (
    "group:hr-readers, user:alice, scope:hr.read, iamrole:arn:aws:iam::123456789012:role/payroll,"
    " iamuser:arn:aws:iam::123456789012:user/batch or anonymous"
)


def parse_subject(text: str) -> Subject:
    """Return the subject that *text* names.

    Raises:
        CliError: It is none.
    """
    word, _, name = text.partition(":")
    kind = KINDS.get(word.lower())
    if kind == "Anonymous" and name in ("", "*"):
        return Subject("Anonymous", "*")
    if kind is None or not name or kind == "Anonymous":
        raise CliError(f"--as {text}: write {EXAMPLES}", USAGE)
    if kind == "IamRole" and not IAM_ROLE.fullmatch(name):
        raise CliError(f"--as {text}: an IamRole is named by its ARN, arn:aws:iam::<account>:role/<name>", USAGE)
    return Subject(kind, name)


def read_token(path: str, snapshot: Snapshot, api: Resource, now: datetime) -> Token:
    """Return the caller that a token stands for. Its signature is not checked: that takes the provider's keys.

    Args:
        path: A file, or ``-`` for standard input.

    Raises:
        CliError: The file cannot be read, or holds no token.
    """
    text = read_text("--token", path)
    parts = text.strip().removeprefix("Bearer ").split(".")
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, binascii.Error) as error:
        raise CliError(
            f"--token {path}: holds no JSON Web Token (three parts with dots between them)", USAGE
        ) from error
    if not isinstance(claims, dict) or not isinstance(header, dict):
        raise CliError(f"--token {path}: its header or payload is no JSON object", USAGE)
    provider = snapshot.find("IdentityProvider", reference(api, "auth", "jwt", "providerRef"))
    names = (provider["spec"].get("claims") or {}) if provider else {}
    return token_of(claims, now, names.get("subject", "sub"), names.get("groups", "groups"), header)


def read_text(option: str, path: str) -> str:
    """Return what is in a file, or comes in where it is called ``-``.

    Raises:
        CliError: It cannot be read.
    """
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(
            f"{option} {path}: cannot be read ({type(error).__name__}); name a file, or - for input", USAGE
        ) from error
