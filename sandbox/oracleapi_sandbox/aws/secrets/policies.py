"""Resource policies: they can be validated. None can be put, since the door looks at identities' policies only."""

import json
from typing import Any

from oracleapi_sandbox.aws.access.policies import PolicyError, check
from oracleapi_sandbox.aws.secrets.context import Context, Handler, Result
from oracleapi_sandbox.aws.secrets.errors import refused


def _validate(ctx: Context, members: dict[str, Any]) -> Result:
    """Judge a policy: its syntax, and whether it lets everybody in [D; texts [U]]."""
    if "SecretId" in members:
        ctx.truth(members)
    try:
        policy = json.loads(members["ResourcePolicy"])
        check(policy)
    except (ValueError, PolicyError) as error:
        text = "This resource policy contains a syntax error."
        raise refused("MalformedPolicyDocumentException", f"{text} {error}") from None
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if not all("Principal" in statement for statement in statements):
        raise refused(
            "MalformedPolicyDocumentException", "This resource policy contains a statement without Principal."
        )
    broad = [found for found in statements if found["Effect"] == "Allow" and _everybody(found["Principal"])]
    faults = [{"CheckName": "BROAD_ACCESS", "ErrorMessage": "This resource policy grants broad access."}] * bool(broad)
    return {"PolicyValidationPassed": not faults, "ValidationErrors": faults}


def _everybody(principal: Any) -> bool:
    entries = principal.get("AWS", []) if isinstance(principal, dict) else principal
    return "*" in (entries if isinstance(entries, list) else [entries])


OPERATIONS: dict[str, Handler] = {"ValidateResourcePolicy": _validate}
