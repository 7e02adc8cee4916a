"""Secrets and versions made and read: tokens, current and previous, texts and bytes, limits.

[D] API reference, or recorded on real accounts by public projects (LocalStack's snapshots, moto's verified tests).
"""

from typing import Any

import pytest

from oracleapi_sandbox.aws.secrets.values import DAY_S


def test_a_secret_is_made_and_read_by_name_arn_and_partial_arn(client: Any) -> None:
    """[D]."""
    made = client.create_secret(Name="oracleapi/hr-db", SecretString="one", Description="the account")
    assert len(made["ARN"].rpartition(":secret:oracleapi/hr-db-")[2]) == 6
    for secret_id in ("oracleapi/hr-db", made["ARN"], made["ARN"][:-7]):
        found = client.get_secret_value(SecretId=secret_id)
        assert (found["SecretString"], found["VersionId"]) == ("one", made["VersionId"])
        assert found["VersionStages"] == ["AWSCURRENT"]
        assert "SecretBinary" not in found


def test_names_that_look_like_an_arn_of_another_secret_do_not_mix(client: Any, refused: Any) -> None:
    """A partial ARN is the name, not its beginning; another Region's and another account's ARN are not found."""
    first = client.create_secret(Name="db", SecretString="one")["ARN"]
    client.create_secret(Name="db-two", SecretString="two")
    assert client.get_secret_value(SecretId=first[:-7])["SecretString"] == "one"
    for arn in (first[:-1], first.replace("eu-west-1", "us-east-1"), first.replace("123456789012", "210987654321")):
        with refused("ResourceNotFoundException"):
            client.get_secret_value(SecretId=arn)


def test_bytes_come_back_as_bytes(client: Any) -> None:
    """[D]."""
    client.create_secret(Name="raw", SecretBinary=b"\x00\xff")
    found = client.get_secret_value(SecretId="raw")
    assert found["SecretBinary"] == b"\x00\xff"
    assert "SecretString" not in found


def test_a_secret_without_a_value_has_no_version(client: Any, refused: Any) -> None:
    """[D]: no version id, nothing to read; the first put becomes current."""
    assert "VersionId" not in client.create_secret(Name="empty")
    with refused("ResourceNotFoundException", "value for staging label: AWSCURRENT"):
        client.get_secret_value(SecretId="empty")
    assert client.put_secret_value(SecretId="empty", SecretString="x")["VersionStages"] == ["AWSCURRENT"]


def test_the_first_version_is_current_whatever_labels_it_was_given(client: Any) -> None:
    """[D]."""
    client.create_secret(Name="empty")
    found = client.put_secret_value(SecretId="empty", SecretString="x", VersionStages=["AWSPENDING"])
    assert found["VersionStages"] == ["AWSCURRENT", "AWSPENDING"]


def test_creating_it_again(client: Any, refused: Any, token: Any) -> None:
    """The same token and value are answered again; another value, or another token, is refused [D]."""
    given = {"Name": "db", "SecretString": "one", "ClientRequestToken": token()}
    first, again = client.create_secret(**given), client.create_secret(**given)
    assert (first["ARN"], first["VersionId"]) == (again["ARN"], again["VersionId"])
    assert first["VersionId"] == given["ClientRequestToken"]
    text = f"You can't use ClientRequestToken {first['VersionId']} because that value is already in use for a version"
    with refused("ResourceExistsException", f"{text} of secret {first['ARN']}."):
        client.create_secret(**given | {"SecretString": "two"})
    with refused("ResourceExistsException", "The operation failed because the secret db already exists."):
        client.create_secret(Name="db", SecretString="one")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "one"


@pytest.mark.parametrize("operation", ["put_secret_value", "update_secret"])
def test_a_new_value_is_repeated_by_its_token(client: Any, refused: Any, token: Any, operation: str) -> None:
    """[D]: the same value changes nothing, another one is refused and overwrites nothing."""
    client.create_secret(Name="db", SecretString="one")
    given = {"SecretId": "db", "SecretString": "two", "ClientRequestToken": token()}
    change = getattr(client, operation)
    assert change(**given)["VersionId"] == given["ClientRequestToken"]
    client.put_secret_value(SecretId="db", SecretString="three")
    assert change(**given)["VersionId"] == given["ClientRequestToken"]
    with refused("ResourceExistsException", "already in use for a version of secret"):
        change(**given | {"SecretString": "four"})
    assert client.get_secret_value(SecretId="db")["SecretString"] == "three"
    assert client.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"] == "two"


@pytest.mark.parametrize("operation", ["put_secret_value", "update_secret"])
def test_a_new_value_becomes_current_and_the_old_one_previous(client: Any, operation: str) -> None:
    """[D]."""
    first = client.create_secret(Name="db", SecretString="one")["VersionId"]
    second = getattr(client, operation)(SecretId="db", SecretString="two")["VersionId"]
    third = getattr(client, operation)(SecretId="db", SecretString="three")["VersionId"]
    stages = client.describe_secret(SecretId="db")["VersionIdsToStages"]
    assert stages == {second: ["AWSPREVIOUS"], third: ["AWSCURRENT"]}
    assert client.get_secret_value(SecretId="db", VersionId=first)["SecretString"] == "one"


def test_update_changes_the_description_alone(client: Any) -> None:
    """[D]: without a value there is no new version."""
    client.create_secret(Name="db", SecretString="one")
    assert "VersionId" not in client.update_secret(SecretId="db", Description="new")
    found = client.describe_secret(SecretId="db")
    assert (found["Description"], len(found["VersionIdsToStages"])) == ("new", 1)


def test_a_version_that_is_not_there(client: Any, refused: Any, token: Any) -> None:
    """[D texts]."""
    made = client.create_secret(Name="db", SecretString="one")
    with refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret."):
        client.get_secret_value(SecretId="none")
    with refused("ResourceNotFoundException", "secret value for staging label: AWSPREVIOUS"):
        client.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")
    missing = token()
    with refused("ResourceNotFoundException", f"secret value for VersionId: {missing}"):
        client.get_secret_value(SecretId="db", VersionId=missing)
    with refused("InvalidRequestException", "You provided a VersionStage that is not associated to the provided"):
        client.get_secret_value(SecretId="db", VersionId=made["VersionId"], VersionStage="AWSPENDING")


def test_the_day_of_a_read_is_kept(house: Any, client: Any) -> None:
    """[D]: the date only; reading is no change."""
    client.create_secret(Name="db", SecretString="one")
    before = client.describe_secret(SecretId="db")
    assert "LastAccessedDate" not in before
    house.clock.advance(3600)
    client.get_secret_value(SecretId="db")
    after = client.describe_secret(SecretId="db")
    assert after["LastAccessedDate"].timestamp() % DAY_S == 0
    assert after["LastChangedDate"] == before["LastChangedDate"]
    (version,) = client.list_secret_version_ids(SecretId="db")["Versions"]
    assert version["LastAccessedDate"] == after["LastAccessedDate"]


def test_old_versions_without_labels_make_place(house: Any, client: Any, refused: Any) -> None:
    """A hundred versions; those of the last day stay, and then the quota is full [D]."""
    house.settings.merge({"max_secret_versions": 4})
    client.create_secret(Name="db", SecretString="0")
    for number in range(1, 4):
        client.put_secret_value(SecretId="db", SecretString=str(number))
    with refused("LimitExceededException"):
        client.put_secret_value(SecretId="db", SecretString="4")
    house.clock.advance(DAY_S)
    client.put_secret_value(SecretId="db", SecretString="4")
    found = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    values = [client.get_secret_value(SecretId="db", VersionId=entry["VersionId"])["SecretString"] for entry in found]
    assert values == ["1", "2", "3", "4"]


def test_how_many_secrets_there_may_be(house: Any, client: Any, refused: Any) -> None:
    """[U] number."""
    house.settings.merge({"max_secrets": 1})
    client.create_secret(Name="one", SecretString="1")
    with refused("LimitExceededException"):
        client.create_secret(Name="two", SecretString="2")


def test_what_is_no_value(client: Any, refused: Any) -> None:
    """Text and bytes exclude each other [D]; nothing is no new version [D]."""
    with refused("InvalidParameterException", "both"):
        client.create_secret(Name="db", SecretString="a", SecretBinary=b"a")
    client.create_secret(Name="db", SecretString="a")
    with refused("InvalidRequestException"):
        client.put_secret_value(SecretId="db")


def test_readers_lag_behind(house: Any, client: Any, refused: Any) -> None:
    """Eventually consistent [D]: a reader sees the old value, or no secret, while the writer has its answer."""
    house.settings.merge({"secret_lag_ms": 5000})
    client.create_secret(Name="db", SecretString="one")
    with refused("ResourceNotFoundException"):
        client.get_secret_value(SecretId="db")
    house.clock.advance(5)
    client.put_secret_value(SecretId="db", SecretString="two")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "one"
    house.clock.advance(4)
    assert client.get_secret_value(SecretId="db")["SecretString"] == "one"
    house.clock.advance(1)
    assert client.get_secret_value(SecretId="db")["SecretString"] == "two"
    assert len(house.engine._region("eu-west-1").entries["db"].states) <= 3
