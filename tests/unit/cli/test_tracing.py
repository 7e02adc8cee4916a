"""A trace says of each source what it holds, or why it was not read."""

import json
from datetime import datetime
from typing import Any

import oracledb
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from support import cli_world as w

ID = "JKJaX_PLvHcESHA="
GROUP = "/aws/vendedlogs/oracleapi/one/hr/hr"
LINE = json.dumps({"requestId": ID, "routeKey": "GET /hr/v1/employees", "status": "403", "authorizerError": "-"})


class FakeAws:
    """CloudWatch Logs with these groups and lines, or a fault."""

    def __init__(self, lines: dict[str, list[str]], fault: Exception | None = None) -> None:
        self.lines, self.fault, self.expected = lines, fault, ID
        self.asked: list[str | None] = []

    def client(self, _: str, region_name: str | None, config: Any) -> "FakeAws":
        self.asked.append(region_name)
        return self

    def get_paginator(self, operation: str) -> "FakeAws":
        self.operation = operation
        return self

    def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
        if self.fault is not None:
            raise self.fault
        if self.operation == "describe_log_groups":
            return [{"logGroups": []}, {"logGroups": [{"logGroupName": name} for name in self.lines]}]
        assert arguments["filterPattern"] == f'"{self.expected}"'
        events = [{"timestamp": 1795728178382, "message": line} for line in self.lines[arguments["logGroupName"]]]
        return [{"events": []}, {"events": events}]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    fake = FakeAws({GROUP: [LINE], "/aws/vendedlogs/oracleapi/one/other/hr": []})
    monkeypatch.setattr("oracleapi.cli.logs.boto3.client", fake.client)
    return fake


def sources(run: w.Run, objects: list[w.Object], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, errors = run(objects, "trace", ID, "-o", "json", *arguments)
    assert errors == ""
    return code, {found["source"]: found for found in json.loads(out)["sources"]}


def test_a_request_in_the_access_log_is_found_there(run: w.Run, aws: FakeAws) -> None:
    code, found = sources(run, w.good_world())
    assert (code, aws.asked) == (0, ["eu-west-1"])
    assert found["gateway"]["place"] == GROUP
    assert found["gateway"]["entries"] == [
        {"time": "2026-11-26T21:22:58.382Z", "routeKey": "GET /hr/v1/employees", "status": "403"}
    ]
    assert [found[name]["outcome"] for name in ("ords", "guard", "audit")] == ["NotRead"] * 3


def test_ords_is_read_where_its_database_names_a_log_group(run: w.Run, aws: FakeAws) -> None:
    aws.lines["/ords/access"] = [f"10.0.0.1 GET /ords/hr_api {ID} 403", "another line"]
    log = {"accountRef": {"name": "main"}, "logGroup": "/ords/access"}
    objects = [found for found in w.good_world() if found["kind"] != "OracleDatabase"]
    _, found = sources(run, [*objects, w.database(accessLog=log)])
    assert [entry["message"] for entry in found["ords"]["entries"]] == [f"10.0.0.1 GET /ords/hr_api {ID} 403"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (NoCredentialsError(), "set AWS_PROFILE"),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "FilterLogEvents"), "you need logs:"),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "FilterLogEvents"), "ThrottlingException"),
    ],
)
def test_logs_that_cannot_be_read_say_why(run: w.Run, aws: FakeAws, fault: Exception, told: str) -> None:
    aws.fault = fault
    code, found = sources(run, w.good_world())
    assert (code, found["gateway"]["outcome"]) == (3, "NotRead")
    assert told in found["gateway"]["why"]


def test_a_request_that_nobody_knows_ends_with_1(run: w.Run, aws: FakeAws) -> None:
    aws.lines[GROUP] = []
    code, found = sources(run, w.good_world())
    assert (code, found["gateway"]["why"]) == (1, "nothing in the last 24 h")


class FakeSession:
    """A database that answers each statement with rows or an error."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.binds: dict[str, dict[str, str]] = {}

    def __enter__(self) -> "FakeSession":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def cursor(self) -> "FakeSession":
        return self

    def execute(self, statement: str, binds: dict[str, str]) -> None:
        name = "guard" if "oracleapi.fault" in statement else "audit"
        self.binds[name] = binds
        if isinstance(self.answers[name], Exception):
            raise self.answers[name]
        self.description, self.rows = self.answers[name]

    def __iter__(self) -> Any:
        return iter(self.rows)


class OracleFault:
    full_code, message = "ORA-00942", "ORA-00942: table or view does not exist\nHelp: …"


def test_the_database_is_asked_for_the_id_and_nothing_like_it(
    run: w.Run, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ([("SEEN",), ("REASON",), ("DETAIL",)], [(datetime(2027, 1, 1), "NoBinding", None)])
    opened = FakeSession(guard=refused, audit=oracledb.DatabaseError(OracleFault()))
    monkeypatch.setattr("oracleapi.cli.sessions.oracledb.connect", lambda **_: opened)
    monkeypatch.setenv("ORACLE_PASSWORD", "x")
    _, found = sources(run, w.good_world(), "--dsn", "db:1521/pdb", "--user", "AUDITOR")
    assert found["guard"]["entries"][0]["reason"] == "NoBinding"
    assert found["audit"]["why"] == "ORA-00942: you need the role AUDIT_VIEWER"
    assert opened.binds["audit"] == {"id": ID, "beginning": "JKJaX\\_PLvHcESHA=|%"}
    assert opened.binds["guard"] == {"id": ID}


def test_without_a_password_nobody_is_asked_where_nobody_can_answer(
    run: w.Run, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORACLE_PASSWORD", raising=False)
    _, found = sources(run, w.good_world(), "--dsn", "db:1521/pdb", "--user", "AUDITOR")
    assert "set ORACLE_PASSWORD" in found["audit"]["why"]


def test_the_screen(run: w.Run, aws: FakeAws) -> None:
    code, out, _ = run(w.good_world(), "trace", ID, columns=80)
    assert code == 0
    assert f"✔ gateway  {GROUP}" in out
    assert "? ords  hr-db\n  OracleDatabase hr-db names no log group (ords.accessLog)" in out


@pytest.mark.parametrize("text", ["--sMcl9eQPc6-LE=", "-xMcl9eQPc6-LE="])
def test_an_id_may_begin_with_a_dash(run: w.Run, aws: FakeAws, text: str) -> None:
    aws.lines[GROUP] = [LINE.replace(ID, text)]
    aws.expected = text
    assert run(w.good_world(), "trace", text)[0] == 0
