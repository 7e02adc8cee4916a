"""Secrets Manager failing in every way it is known to fail: what is said, that it is said once, and that it heals.

Faults are raised as botocore raises them and pass through the adapter's own table.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from oracleapi.adapters.aws.secretsmanager import AwsSecrets
from support import make
from support.faults import client_error
from support.small_world import SmallWorld
from support.worlds import DATABASE, resync

SECRET = "oracleapi/db"
HERE: dict[str, Any] = {"secretsManager": {"accountRef": {"name": "main"}, "secretId": SECRET}}
CANARY = "canary-password"
VALUE = f'{{"username": "op", "password": "{CANARY}"}}'

FAULTS: dict[str, tuple[Any, str, str]] = {
    "not there": (client_error("ResourceNotFoundException", 400), "CredentialsMissing", "create it"),
    "marked": (
        client_error("InvalidRequestException", 400, "marked for deletion."),
        "CredentialsMissing",
        "restore it",
    ),
    "bytes": ({"VersionId": "v1", "SecretBinary": CANARY.encode()}, "CredentialsMissing", "as SecretString"),
    "no JSON": ({"VersionId": "v1", "SecretString": CANARY}, "CredentialsMissing", "keys username and password"),
    "no password": ({"VersionId": "v1", "SecretString": f'{{"username": "{CANARY}"}}'}, "CredentialsMissing", "add it"),
    "key fails": (client_error("DecryptionFailure", 400), "AwsAccessDenied", "enable the key"),
    "key denied": (
        client_error("AccessDeniedException", 400, "Access to KMS is not allowed"),
        "AwsAccessDenied",
        "kms:",
    ),
    "denied": (client_error("AccessDeniedException", 400, "not authorized"), "AwsAccessDenied", "grant"),
    "throttled": (client_error("ThrottlingException", 400), "AwsThrottled", "throttled"),
    "500": (client_error("InternalServiceError", 500), "AwsUnavailable", "failed in AWS"),
    "not reached": (ConnectTimeoutError(endpoint_url="https://aws"), "AwsUnavailable", "no answer"),
    "expired": (client_error("ExpiredTokenException", 400), "CredentialsMissing", "credentials"),
}
"""What a read meets, the reason of ``Ready``, and a word of the cure."""


class Client:
    """GetSecretValue as *answer* says; counts."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.calls = answer, 0

    def client(self, _: str) -> "Client":
        return self

    def get_secret_value(self, **_: str) -> Any:
        self.calls += 1
        if isinstance(self.answer, ClientError):
            raise ClientError(self.answer.response, "GetSecretValue")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def failing(answer: Any) -> tuple[SmallWorld, Client]:
    """Return a world that was not started, whose database reads its account through the real adapter."""
    world, client = SmallWorld(start=False), Client(answer)
    world.backends.secret_store = AwsSecrets(client)  # type: ignore[assignment,arg-type]
    for found in make.world():
        if found["kind"] == "OracleDatabase":
            found["spec"]["credentials"] = HERE
        world.apply(found)
    return world, client


def right() -> dict[str, str]:
    return {"VersionId": "v9", "SecretString": VALUE}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_cure_and_heals(name: str) -> None:
    answer, reason, cure = FAULTS[name]
    world, client = failing(answer)
    world.settle(600)
    assert world.ready(DATABASE)[1] == reason
    assert world.ready(DATABASE)[0] in ("False", "Unknown")
    assert "credentials.secretsManager.secretId: " in world.message(DATABASE)
    assert cure in world.message(DATABASE)
    assert CANARY not in str(world.kube.objects)
    world.kube.writes.clear()
    calls = client.calls
    world.settle(3600)
    assert world.kube.writes == [], "the same fault was told again"
    assert client.calls - calls <= 3600 / 60 * 1.5, "one call for each object, not for each minute"
    client.answer = right()
    world.settle(600)
    assert world.ready(DATABASE) == ("True", "Succeeded")
    assert world.ready() == ("True", "Succeeded")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_while_everything_goes_away(name: str) -> None:
    """The gateway half goes at once, the other one waits for the credentials, and says so."""
    world, client = failing(right())
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    client.answer = FAULTS[name][0]
    world.clock.advance(400)
    for key in list(world.kube.objects):
        world.delete(*key)
    world.settle(300)
    if world.kube.objects:
        assert not world.backends.aws.apis
        assert "the gateway half is gone, the ORDS half is still there" in world.message()
    client.answer = right()
    world.settle(900)
    assert world.kube.objects == {}


def test_an_outage_of_a_day_changes_nothing_for_databases_that_are_known() -> None:
    world, client = failing(right())
    world.settle()
    client.answer = FAULTS["not reached"][0]
    world.kube.writes.clear()
    for _ in range(10):
        resync(world)
    assert world.ready(DATABASE) == ("True", "Succeeded")
    assert world.kube.writes == []
