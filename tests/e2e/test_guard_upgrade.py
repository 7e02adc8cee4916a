"""Versions of the guard change under load: callers through the gateway, callers of ORDS, and a schema without guard."""

from collections.abc import Iterator
from typing import Any

import httpx
import oracledb
import pytest

from oracleapi.adapters.oracle.guard_install import removal_statements, upgrade_statements
from support.guard_versions import MARK, offer_second_version
from support.guarded_api import guarded_api, run
from support.lab import Lab, wait_for
from support.load import Caller, Load
from support.ords import call

RATE = 50.0
"""Requests a second."""
ROUNDS = 3
ROWS = [{"id": 1, "amount": 100}]
PLAIN = {"p_schema": "PLAIN_API"}
MODULE = {**PLAIN, "p_module_name": "plain"}
TEMPLATE = {**MODULE, "p_pattern": "one"}
SECOND = f"{MARK}salary"


@pytest.fixture(scope="module")
def guarded(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with guarded_api(lab, example) as api:
        yield api


@pytest.fixture(scope="module")
def plain(lab: Lab) -> Iterator[str]:
    """The address of a handler in a schema that the guard does not know."""
    run(
        lab,
        "create user plain_api no authentication",
        "grant create session to plain_api",
        "alter user plain_api grant connect through ords_public_user",
    )
    with lab.database() as connection:
        call(
            connection,
            "ORDS_ADMIN.ENABLE_SCHEMA",
            **PLAIN,
            p_url_mapping_type="BASE_PATH",
            p_url_mapping_pattern="plain",
            p_auto_rest_auth=False,
        )
        call(connection, "ORDS_ADMIN.DEFINE_MODULE", **MODULE, p_base_path="/plain/")
        call(connection, "ORDS_ADMIN.DEFINE_TEMPLATE", **TEMPLATE)
        call(connection, "ORDS_ADMIN.DEFINE_HANDLER", **TEMPLATE, p_source="select 1 id from dual")
        connection.commit()
    url = f"{lab.environment['ORDS_URL']}/plain/plain/one"
    wait_for("ORDS to serve the handler", lambda: lab.call("GET", url).status_code == 200)
    yield url
    with lab.database() as connection:
        call(connection, "ORDS_ADMIN.DELETE_MODULE", **MODULE)
        call(connection, "ORDS_ADMIN.ENABLE_SCHEMA", p_enabled=False, **PLAIN)
        connection.commit()  # the user stays: ORDS keeps its sessions


@pytest.fixture(params=[False, True], ids=["packages are freed", "packages stay the session's"])
def reinitialised(switches: Lab, plain: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """What REINITIALIZE, which ORDS calls between requests, leaves of packages [U]."""
    switches.set_oracle(database={"reinitialize_keeps_packages": request.param})
    yield
    # ORDS closes what it holds: sessions with packages of this guard would refuse for the next one
    switches.set_oracle(database={"reinitialize_keeps_packages": False}, ords={"pool_inactivity_timeout": 0.0})
    switches.call("GET", plain)


def items(wanted: list[dict[str, Any]]) -> Any:
    def told(answer: httpx.Response) -> str | None:
        return "rows" if answer.status_code == 200 and answer.json().get("items") == wanted else None

    return told


def refused(answer: httpx.Response) -> str | None:
    """Return the route that a refusal names: the second version marks it."""
    if answer.status_code != 403 or "amount" in answer.text or answer.json().get("message") != "no binding":
        return None
    return str(answer.json()["route"])


def callers(lab: Lab, api: dict[str, Any], plain: str) -> list[Caller]:
    base = next(group["basePath"] for group in api["status"]["groups"] if group.get("scope") == "hr.read")
    gateway, ords = f"{api['status']['endpoint']}/hr/v1/salary", f"{lab.environment['ORDS_URL']}/hr_api{base}salary"
    pat, sam = lab.token(subject="pat", groups=["payroll"]), lab.token(subject="sam", groups=["staff"])
    return [
        Caller("pat", lambda: lab.call("GET", gateway, pat), items(ROWS)),
        Caller("plain", lambda: lab.call("GET", plain), items([{"id": 1}])),
        Caller("sam", lambda: lab.call("GET", gateway, sam), refused),
        Caller("pat at ORDS", lambda: lab.call("GET", ords, pat), items(ROWS)),
        Caller("plain", lambda: lab.call("GET", plain), items([{"id": 1}])),
        Caller("sam at ORDS", lambda: lab.call("GET", ords, sam), refused),
    ]


def failures(lab: Lab) -> list[tuple[str, str]]:
    """Return what the guard failed with, for the reader of a failed test."""
    known = lab.environment
    user, password = known["ORACLE_SYSTEM_USER"], known["ORACLE_SYSTEM_PASSWORD"]
    with oracledb.connect(user=user, password=password, dsn=known["ORACLE_DSN"]) as dba, dba.cursor() as cursor:
        cursor.execute("select reason, detail from oracleapi.fault where reason = 'GuardFailed'")
        return [(str(reason), str(detail)) for reason, detail in cursor]


@pytest.mark.usefixtures("reinitialised")
def test_versions_come_and_go_and_no_caller_is_told_anything_wrong(
    lab: Lab, guarded: dict[str, Any], plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_second_version(monkeypatch)
    good = [("pat", "rows"), ("pat at ORDS", "rows"), ("plain", "rows")]
    first, second = ([(name, word) for name in ("sam", "sam at ORDS")] for word in ("salary", SECOND))
    with Load(callers(lab, guarded, plain), RATE) as load:
        load.pass_by(*good, *first)
        for _ in range(ROUNDS):
            run(lab, *upgrade_statements("v1", "v2"))
            load.pass_by(*good, *second)
            run(lab, *upgrade_statements("v2", "v1"))
            load.pass_by(*good, *first)
            run(lab, *removal_statements("v2"))
            load.pass_by(*good, *first)
    assert load.wrong == [], failures(lab)
    assert set(load.told) == {*good, *first, *second}
