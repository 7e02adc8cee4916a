"""Everything is deleted at once while no operator runs; a new installation of the chart finishes it."""

from typing import Any

from support.lab import NAMESPACE, RELEASE, Lab, wait_for

OBJECTS = [("awsacct", "main"), ("vpcl", "private"), ("odb", "hr-db"), ("idp", "staff"), ("oapi", "hr")]


def scope(kind: str) -> tuple[str, ...]:
    return ("-n", "hr") if kind == "oapi" else ()


def test_what_was_deleted_after_an_uninstall_goes_when_the_chart_is_installed_again(
    lab: Lab, api: dict[str, Any]
) -> None:
    url = f"{api['status']['endpoint']}/hr/v1/employees/101"
    lab.helm("uninstall", RELEASE, "-n", NAMESPACE)
    lab.stop_operator()
    try:
        for kind, name in sorted(OBJECTS):  # the account first: no order of use
            lab.kubectl(*scope(kind), "delete", kind, name, "--wait=false")
        for kind, name in OBJECTS:
            found = lab.get(kind, name, "hr" if kind == "oapi" else None)
            assert found["metadata"]["deletionTimestamp"], (
                f"{kind}/{name} went without anybody who takes its things away"
            )
        assert lab.call("GET", url, lab.token()).status_code == 200, (
            "nothing may go before somebody can see to all of it"
        )
        assert lab.call("GET", url).status_code == 401
    finally:
        lab.install()
    try:
        for kind, name in OBJECTS:
            lab.gone(kind, name, "hr" if kind == "oapi" else None)
        gateway = lab.aws("apigatewayv2")
        owned = [
            item["ApiId"]
            for item in gateway.get_apis(MaxResults="500")["Items"]
            if item["ApiId"] == api["status"]["apiId"]
        ]
        assert owned == []
        wait_for("the VPC link to go", lambda: not gateway.get_vpc_links()["Items"])
        assert lab.sql("select count(*) from dba_ords_modules where name like 'oa-%'") == [(0,)]
    finally:
        lab.platform()
