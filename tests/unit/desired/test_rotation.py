"""A rotation's schedule, who may have its account and secret, and how the secret is read and filled."""

from typing import Any

import pytest

from oracleapi.api.oracledatabase import Connection, Delegation
from oracleapi.api.secretrotation import SecretRotationSpec
from oracleapi.desired.rotation import (
    Phase,
    account_named,
    build_schedule,
    check_account,
    check_secret,
    noted,
    phase_of,
    secret_values,
)
from oracleapi.desired.schedule import Schedule, Window
from oracleapi.errors import Terminal
from oracleapi.model.rotation import ObservedSecret
from support import make

OURS = "cluster-1/SecretRotation/hr/hr-app"


def spec(**fields: Any) -> SecretRotationSpec:
    return SecretRotationSpec.model_validate(make.rotation(**fields)["spec"])


def test_a_schedule_is_what_the_spec_says() -> None:
    found = build_schedule(
        spec(
            schedule={"cron": "0 3 * * SUN", "timeZone": "Europe/Berlin", "jitterMinutes": 7},
            windows=[{"cron": "0 2 * * *", "durationMinutes": 120}, {"cron": "0 22 * * *", "durationMinutes": 5}],
        )
    )
    windows = (Window("0 2 * * *", 120), Window("0 22 * * *", 5))
    assert found == Schedule(None, "0 3 * * SUN", "Europe/Berlin", windows, 7)
    assert build_schedule(spec(schedule={"everyDays": 9})) == Schedule(9, jitter_minutes=10)


def test_a_schedule_that_means_nothing_is_refused() -> None:
    with pytest.raises(Terminal, match='timeZone "Europe/Berln" is no IANA time zone') as caught:
        build_schedule(spec(schedule={"everyDays": 9, "timeZone": "Europe/Berln"}))
    assert caught.value.reason == "InvalidSpec"


def delegation(*accounts: str) -> Delegation:
    return Delegation.model_validate({"namespaces": {"names": ["hr"]}, "schemas": ["HR"], "accounts": accounts})


@pytest.mark.parametrize("name", ["HR_APP", "PAY_1", "PAY_"])
def test_an_account_that_any_delegation_names_may_be_rotated(name: str) -> None:
    check_account(name, [delegation(), delegation("OTHER", "HR_APP"), delegation("PAY_*")], "db", "hr")


@pytest.mark.parametrize(
    "given", [[], [delegation()], [delegation("HR_API", "HR"), delegation("HR_APP_*")], [delegation("hr_app")]]
)
def test_an_account_that_none_names_may_not(given: list[Delegation]) -> None:
    says = "no delegation of OracleDatabase db gives account HR_APP to namespace hr; ask"
    with pytest.raises(Terminal, match=says) as caught:
        check_account("HR_APP", given, "db", "hr")
    assert caught.value.reason == "AccountNotAllowed"


def secret(owner: str | None = OURS, labels: dict[str, str] | None = None, **fields: Any) -> ObservedSecret:
    """Return a secret of *owner* where each of *labels* is on a version."""
    versions = {version: frozenset({label}) for label, version in (labels or {"AWSCURRENT": "v1"}).items()}
    tags = {} if owner is None else {"oracleapi.dev/owner": owner}
    return ObservedSecret("arn:1", "hr/app", versions, tags, **fields)


BOTH = ObservedSecret("arn:1", "hr/app", {"v1": frozenset({"AWSCURRENT", "AWSPENDING"})})
"""As a rotation that is done may leave it: nobody waits for anything."""


@pytest.mark.parametrize(
    ("found", "pending"),
    [
        (secret(), ()),
        (secret(None), ()),
        (secret(), ("v2",)),
        (secret(labels={"AWSCURRENT": "v1", "AWSPENDING": "v2"}), ("v2",)),
        (BOTH, ()),
        (BOTH, ("v2",)),
        (secret(labels={"AWSCURRENT": "v1", "AWSPENDING": "v2"}), ("v4", "v2")),
    ],
)
def test_a_secret_that_only_we_write_is_taken(found: ObservedSecret, pending: tuple[str, ...]) -> None:
    check_secret(found, OURS, pending)


@pytest.mark.parametrize(
    ("found", "pending", "reason", "says"),
    [
        (secret("cluster-1/SecretRotation/hr/other"), (), "Conflict", "belongs to cluster-1/SecretRotation/hr/other"),
        (secret(rotates=True), (), "ForeignWriter", "is rotated by a rotation function (RotationEnabled), and"),
        (secret(owning_service="rds"), (), "ForeignWriter", "is rotated by AWS service rds, and two"),
        (secret(rotates=True, owning_service="rds"), (), "ForeignWriter", "is rotated by AWS service rds, and"),
        (
            secret(labels={"AWSCURRENT": "v1", "AWSPENDING": "v3"}), ("v2", "v1"), "ForeignWriter",
            "AWSPENDING of secret hr/app is on version v3, which this object did not make",
        ),
        (
            secret(labels={"AWSPENDING": "v3"}), (), "ForeignWriter",
            "--secret-id hr/app --version-stage AWSPENDING --remove-from-version-id v3)",
        ),
    ],
)  # fmt: skip
def test_a_secret_that_somebody_else_writes_is_refused(
    found: ObservedSecret, pending: tuple[str, ...], reason: str, says: str
) -> None:
    with pytest.raises(Terminal) as caught:
        check_secret(found, OURS, pending)
    assert str(caught.value).startswith(f"{reason}: spec.secret.name: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "phase"),
    [
        ({"AWSCURRENT": "old"}, "Store"),
        ({"AWSCURRENT": "old", "AWSPENDING": "new"}, "Set"),
        ({"AWSCURRENT": "new", "AWSPREVIOUS": "old"}, "Switched"),
        ({"AWSCURRENT": "third", "AWSPENDING": "new"}, "Foreign"),
        ({"AWSPENDING": "new"}, "Foreign"),
    ],
)
def test_labels_tell_how_far_a_rotation_came(labels: dict[str, str], phase: Phase) -> None:
    assert phase_of(secret(labels=labels), "new", "old") == phase


CONNECTION = Connection.model_validate({"host": "db.internal", "port": 2484, "serviceName": "PDB", "protocol": "TCPS"})


def test_a_version_has_what_aws_s_structure_and_our_readers_ask_for_and_keeps_the_rest() -> None:
    old = {"team": {"of": "theirs"}, "password": "before", "masterarn": "arn:2"}
    assert secret_values(old, CONNECTION, "HR_APP", "after") == {
        "team": {"of": "theirs"},
        "masterarn": "arn:2",
        "engine": "oracle",
        "host": "db.internal",
        "port": "2484",
        "dbname": "PDB",
        "serviceName": "PDB",
        "connectString": "tcps://db.internal:2484/PDB",
        "username": "HR_APP",
        "password": "after",
    }


@pytest.mark.parametrize("more", [{}, {"connectString": "tcps://db.internal:2484/PDB"}])
def test_where_readers_go_another_way_that_stays(more: dict[str, str]) -> None:
    theirs = {"host": "proxy.internal", "port": 1521, "dbname": "ORCL"}
    found = secret_values({**theirs, **more}, CONNECTION, "HR_APP", "after")
    assert {key: found[key] for key in theirs} == theirs
    assert found["connectString"] == "tcps://db.internal:2484/PDB"


def test_what_we_wrote_follows_the_connection() -> None:
    ours = {"host": "old.internal", "port": "1521", "dbname": "OLD", "connectString": "tcp://old.internal:1521/OLD"}
    found = secret_values(ours, CONNECTION, "HR_APP", "after")
    assert (found["host"], found["port"], found["dbname"]) == ("db.internal", "2484", "PDB")


def test_the_history_begins_with_the_latest_and_holds_ten() -> None:
    before = [{"number": number} for number in range(1, 12)]
    entry = {"number": 12, "message": "", "cause": None}
    assert noted(before, entry) == [{"number": 12}, *before[:9]]
    assert noted([], entry) == [{"number": 12}]


@pytest.mark.parametrize(
    ("username", "account"),
    [
        ("hr_app", "HR_APP"),
        ("HR_APP", "HR_APP"),
        ('"hr_App"', "hr_App"),
        ('"x"', "x"),
        ('""', '""'),
        ('"hr', '"HR'),
        ("", ""),
    ],
)
def test_a_name_is_read_as_oracle_reads_it_at_a_log_on(username: str, account: str) -> None:
    assert account_named(username) == account


def test_a_version_that_became_current_before_it_was_proven_is_still_to_be_set() -> None:
    found = secret(labels={"AWSCURRENT": "new"})
    assert phase_of(found, "new", "old", proven=False) == "Set"
    assert phase_of(found, "new", "old", proven=True) == "Switched"
