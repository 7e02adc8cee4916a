"""The guard's rows: which paths of ORDS stand for a route, and whom a binding means on which."""

import re
from datetime import datetime
from typing import Any

import pytest

from oracleapi.api.rolebinding import RoleBindingSpec
from oracleapi.desired.guard import build_binding, build_guard, guard_route, utc
from oracleapi.model.guard import GuardApi, GuardRoute, Management
from support import make

MANAGED = Management("SetRole", "Request-Id")
ENTRY = "/ords/hr_api/oa-a-read-524c50/hr/v1"


def rows(**fields: Any) -> dict[str, GuardRoute]:
    return {row.name: row for row in build_guard(make.resolved(**fields), MANAGED).routes}


def row_of(**fields: Any) -> GuardRoute:
    api = make.resolved(make.route(**fields))
    return guard_route(api, api.spec.routes[0])


def test_an_api_s_row_says_whose_it_is_and_how_its_tokens_are_read() -> None:
    found = build_guard(make.resolved(requireBinding=True), MANAGED)
    assert found.management == MANAGED
    assert found.api == GuardApi(
        "cluster-1/OracleApi/hr/hr", "uid-hr", "HR_API", "hr/hr", True, subject_claim="sub", groups_claim="groups"
    )


def test_beside_its_routes_an_api_has_a_probe_that_asks_for_nothing_and_a_path_that_lets_nobody_in() -> None:
    own = "^/ords/hr_api/oa-probe/hr/v1"
    assert rows() == {
        "list": row_of(),
        "_probe": GuardRoute("GET", f"{own}/_probe$", "_probe", 0, "Probe"),
        "_closed": GuardRoute("GET", f"{own}/_closed$", "_closed", 0, "Closed"),
    }
    assert set(rows(probe=False)) == {"list", "_closed"}


def test_a_route_s_row_means_one_segment_by_a_variable_and_counts_them() -> None:
    found = row_of(path="/things/{id}/parts/{part}", method="DELETE")
    assert found == GuardRoute("DELETE", f"^{ENTRY}/things/[^/]+/parts/[^/]+$", "list", 2, "JWT")
    assert re.fullmatch(found.path_regexp, f"{ENTRY}/things/7/parts/a.b")
    assert not re.fullmatch(found.path_regexp, f"{ENTRY}/things/7/8/parts/9")


def test_what_a_regular_expression_would_read_otherwise_is_quoted() -> None:
    assert row_of(path="/a.b+c/d_e~f-9").path_regexp == rf"^{ENTRY}/a\.b\+c/d_e~f-9$"


@pytest.mark.parametrize(("links", "link"), [(True, "GET /ords/hr_api/oa-iam/hr/v1/things"), (False, "")])
def test_an_iam_route_s_row_holds_the_gateway_s_words_for_it_and_for_its_link(links: bool, link: str) -> None:
    api = make.resolved(make.route(auth="IAM"), links=links)
    found = guard_route(api, api.spec.routes[0])
    assert (found.auth, found.route_key, found.link_key) == ("IAM", "GET /hr/v1/things", link)


def bound(*routes: str, ended: bool = False, **fields: Any) -> set[tuple[str, str, str, str, str]]:
    people = [{"kind": "Group", "name": "readers"}, {"kind": "IamRole", "name": "arn:aws:iam::123456789012:role/p/app"}]
    spec = RoleBindingSpec.model_validate(make.binding("readers", *people, routes=list(routes), **fields)["spec"])
    owner, api = make.owner("readers", kind="RoleBinding"), make.owner()
    found = build_binding(spec, owner, api, "HR_API", "HR_READER", ["list", "add"], ended)
    assert (found.binding, found.api, found.schema, found.role) == (str(owner), str(api), "HR_API", "HR_READER")
    return {(row.route, row.kind, row.subject, row.role, row.not_after) for row in found.rows}


def test_a_binding_has_a_row_for_each_subject_on_each_route_that_is_there() -> None:
    app = "123456789012/app"
    assert bound("list", "gone") == {
        ("list", "Group", "readers", "HR_READER", ""), ("list", "IamRole", app, "HR_READER", ""),
    }  # fmt: skip
    assert {row[0] for row in bound("list", "add")} == {"list", "add"}
    assert {row[0] for row in bound("*")} == {"*"}


def test_one_that_has_ended_has_none() -> None:
    assert bound("*", ended=True) == set()


def test_rows_end_with_their_binding_in_utc() -> None:
    assert {row[4] for row in bound("*", expirationTime="2026-03-01T12:00:00.9+02:00")} == {"2026-03-01T10:00:00Z"}
    assert utc(None) == ""
    assert utc(datetime.fromisoformat("2026-03-01T00:30:00+01:00")) == "2026-02-28T23:30:00Z"
