"""Random passwords."""

import secrets
import string
from typing import Any

from oracleapi_sandbox.aws.secrets.context import Context, Handler, Result
from oracleapi_sandbox.aws.secrets.errors import invalid_parameter

LENGTH = 32  # [D]
_SETS = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}


def _password(_: Context, members: dict[str, Any]) -> Result:
    """Return a password with one of each kind of character, unless the caller wants none of that [D; errors [U]]."""
    excluded = set(members.get("ExcludeCharacters", ""))
    wanted = [found for name, found in _SETS.items() if not members.get(name, False)]
    wanted += [" "] if members.get("IncludeSpace", False) else []
    kinds = [kind for found in wanted if (kind := [letter for letter in found if letter not in excluded])]
    length = members.get("PasswordLength", LENGTH)
    each = members.get("RequireEachIncludedType", True)
    if not kinds:
        raise invalid_parameter("No characters are left that the password may have.")
    if each and length < len(kinds):
        raise invalid_parameter("The password is too short to have a character of each kind.")
    letters = [secrets.choice(kind) for kind in kinds] if each else []
    everything = [letter for kind in kinds for letter in kind]
    letters += [secrets.choice(everything) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return {"RandomPassword": "".join(letters)}


OPERATIONS: dict[str, Handler] = {"GetRandomPassword": _password}
