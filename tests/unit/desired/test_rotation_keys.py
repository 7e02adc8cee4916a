"""Keys of a secret: whether it is to get another KMS key, by their names alone; and which of its own are kept."""

from typing import Any

import pytest

from oracleapi.api.oracledatabase import Connection
from oracleapi.desired.rotation import other_key, secret_values

ARN = "arn:aws:kms:eu-west-1:123456789012:"


@pytest.mark.parametrize(
    ("wanted", "found", "first", "afterwards"),
    [
        ("k1", "k1", False, False),
        ("k1", f"{ARN}key/k1", False, False),
        (f"{ARN}key/k1", "k1", False, False),
        ("alias/hr", f"{ARN}alias/hr", False, False),
        ("k1", "k2", True, True),
        ("k1", f"{ARN}key/k2", True, True),
        ("alias/hr", "alias/other", True, True),
        ("alias/hr", f"{ARN}key/k1", True, False),
        ("k1", "alias/hr", True, False),
        ("alias/hr", "", True, True),
        ("k1", "", True, True),
    ],
)
def test_a_key_is_another_one_unless_its_name_or_an_answer_says_not(
    wanted: str, found: str, first: bool, afterwards: bool
) -> None:
    """Asked for once, an alias and a key are taken for one: names tell no more."""
    assert other_key(wanted, found, asked=False) is first
    assert other_key(wanted, found, asked=True) is afterwards


HERE, MOVED = (Connection(host=host, port=1521, service_name="HR", protocol="TCP") for host in ("db", "db-2"))
NAMED = {"host": "proxy.example.org", "port": 1531, "dbname": "HRSID"}


def written(old: dict[str, Any], connection: Connection) -> dict[str, Any]:
    return secret_values(old, connection, "HR_APP", "Only4Tests")


def test_where_readers_find_the_database_stays_as_somebody_else_wrote_it() -> None:
    first = written({**NAMED, "team": "hr"}, HERE)
    assert {key: first[key] for key in NAMED} == NAMED
    assert (first["team"], first["connectString"]) == ("hr", "tcp://db:1521/HR")
    second = written(first, MOVED)
    assert {key: second[key] for key in NAMED} == NAMED
    assert second["connectString"] == "tcp://db-2:1521/HR"


def test_what_we_wrote_follows_the_connection() -> None:
    first = written({}, HERE)
    assert (first["host"], first["port"], first["dbname"]) == ("db", "1521", "HR")
    second = written(first, MOVED)
    assert (second["host"], second["connectString"]) == ("db-2", "tcp://db-2:1521/HR")
