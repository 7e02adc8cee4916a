"""A lab whose database has the guard, and APIs, roles and bindings over it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import oracledb

from oracleapi.adapters.oracle.guard_install import HOOK, install_statements, uninstall_statements
from support.lab import Lab, wait_for

SALARY = {
    "name": "salary",
    "method": "GET",
    "path": "/salary",
    "scope": "hr.read",
    "handler": {"source": "select id, amount from hr.salary"},
}


def role(name: str, table: str) -> dict[str, Any]:
    """Return an OracleRole that may read one table."""
    return {
        "apiVersion": "oracleapi.dev/v1alpha1",
        "kind": "OracleRole",
        "metadata": {"name": name, "namespace": "hr"},
        "spec": {
            "databaseRef": {"name": "hr-db"},
            "deletionPolicy": "Delete",
            "grants": [{"privileges": ["SELECT"], "object": table}],
        },
    }


PAYROLL, CLERK = role("hr-payroll", "HR.SALARY"), role("hr-clerk", "HR.EMPLOYEES")
RIGHTS = (
    "grant create role to oracleapi_operator",
    "grant grant any object privilege to oracleapi_operator",
    *(
        f"grant select on sys.{name} to oracleapi_operator"
        for name in (
            "dba_roles", "dba_application_roles", "dba_tab_privs", "dba_col_privs", "dba_objects", "proxy_users",
        )
    ),
)  # fmt: skip
"""What docs/roles.md and docs/bindings.md ask for."""
REMOVE_END = json.dumps([{"op": "remove", "path": "/spec/expirationTime"}])
OFF = {
    "ords": {"guard": "Off"},
    "allowUnenforcedRoles": False,
}


def binding(name: str, group: str, route: str, **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "oracleapi.dev/v1alpha1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": "hr"},
        "spec": {
            "apiRef": {"name": "hr"},
            "roleRef": {"name": "hr-payroll"},
            "subjects": [{"kind": "Group", "name": group}],
            "routes": [route],
            **fields,
        },
    }


def run(lab: Lab, *statements: str) -> None:
    """Run statements as a DBA does."""
    known = lab.environment
    user, password = known["ORACLE_SYSTEM_USER"], known["ORACLE_SYSTEM_PASSWORD"]
    with oracledb.connect(user=user, password=password, dsn=known["ORACLE_DSN"]) as dba, dba.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def guarded_lab(lab: Lab, api: dict[str, Any], objects: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Install the guard, apply *api* and *objects*, tell ORDS to call it; yields the API, Ready.

    Schema HR_API of the examples may read HR.EMPLOYEES by itself, so roles that are not enforced are allowed.
    """
    run(
        lab,
        "create table hr.salary (id number, amount number)",
        "insert into hr.salary values (1, 100)",
        "commit",
        *install_statements("ORACLEAPI_OPERATOR"),
        *RIGHTS,
    )
    before = lab.get("odb", "hr-db")["spec"]
    delegations = [{**found, "roles": ["HR_*"], "objects": ["HR.*"]} for found in before["delegations"]]
    patch(lab, {"ords": {"guard": "Required"}, "allowUnenforcedRoles": True, "delegations": delegations})
    lab.wait_ready("odb", "hr-db")
    for found in (api, *objects):
        lab.apply(found)
    name = api["metadata"]["name"]
    wait_for("ORDS to be found without the guard", lambda: guarded(lab, name) == "GuardNotCalled")
    restart_ords(lab, HOOK)
    lab.reconcile("oapi", name, "hr")
    try:
        yield lab.wait_ready("oapi", name, "hr")
    finally:
        lab.set_oracle(ords={"pre_hook": None})
        lab.kubectl("-n", "hr", "delete", "orb,orole,oapi", "--all", "--timeout=120s")
        patch(lab, {**OFF, "delegations": before["delegations"]})
        run(lab, *uninstall_statements(), "drop table hr.salary")


@contextmanager
def check_account(lab: Lab, password: str) -> Iterator[None]:
    """Give the operator an account that parses the handlers of HR_API, as docs/bindings.md says it."""
    run(
        lab,
        f'create user oracleapi_check identified by "{password}"',
        "grant create session to oracleapi_check",
        "alter user hr_api grant connect through oracleapi_check",
        "insert into oracleapi.setting (name, value) values ('check account', 'ORACLEAPI_CHECK')",
        "commit",
    )
    lab.secret("hr-db-check", username="ORACLEAPI_CHECK", password=password)
    patch(lab, {"checkAccountSecretRef": {"name": "hr-db-check"}})
    try:
        yield
    finally:
        patch(lab, {"checkAccountSecretRef": None})
        run(
            lab,
            "delete from oracleapi.setting where name = 'check account'",
            "commit",
            "alter user hr_api revoke connect through oracleapi_check",
            "drop user oracleapi_check",
        )


def restart_ords(lab: Lab, hook: str | None) -> None:
    """Tell ORDS of the hook as a restart does: sessions that knew the packages of an earlier guard are closed."""
    page = f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/settings"
    idle_s = lab.http.get(page).json()["ords"]["pool_inactivity_timeout"]
    lab.set_oracle(ords={"pre_hook": hook, "pool_inactivity_timeout": 0.0})
    lab.call(
        "GET", f"{lab.environment['ORDS_URL']}/hr_api/oa-probe/hr/v1/_closed"
    )  # takes a session, so closes old ones
    lab.set_oracle(ords={"pool_inactivity_timeout": idle_s})


def guarded(lab: Lab, name: str) -> str:
    """Return the reason of ``Guarded`` of an API, empty where it does not say it yet."""
    conditions = lab.get("oapi", name, "hr").get("status", {}).get("conditions", [])
    return next((str(found["reason"]) for found in conditions if found["type"] == "Guarded"), "")


def database_time(lab: Lab) -> datetime:
    """Return the database's own time, which other tests may have moved ahead."""
    known = lab.environment
    user, password = known["ORACLE_SYSTEM_USER"], known["ORACLE_SYSTEM_PASSWORD"]
    query = "select to_char(systimestamp at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from dual"
    with oracledb.connect(user=user, password=password, dsn=known["ORACLE_DSN"]) as dba, dba.cursor() as cursor:
        (found,) = cursor.execute(query).fetchone()
    return datetime.fromisoformat(found)


def patch(lab: Lab, spec: dict[str, Any]) -> None:
    lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", json.dumps({"spec": spec}))


@contextmanager
def guarded_api(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run the example API with a route that only role HR_PAYROLL can read, bound to groups."""
    spec = {**example["spec"], "routes": [*example["spec"]["routes"], SALARY]}
    objects = (PAYROLL, binding("payroll", "payroll", "salary"), binding("staff", "staff", "list-employees"))
    with guarded_lab(lab, {**example, "spec": spec}, objects) as api:
        for name in ("payroll", "staff"):
            lab.reconcile("orb", name, "hr")
            lab.wait_ready("orb", name, "hr")
        yield api


def ask(lab: Lab, api: dict[str, Any], path: str, **claims: Any) -> Any:
    return lab.call("GET", f"{api['status']['endpoint']}/hr/v1{path}", lab.token(**claims) if claims else None)
