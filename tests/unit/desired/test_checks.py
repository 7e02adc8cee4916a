"""Faults that CEL cannot see: each names the route's fault and its cure, and leaves the others alone."""

from typing import Any

import pytest

from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.checks import find_faults
from support import make


def faults(*routes: dict[str, Any], maximum: int | None = None) -> dict[str, str]:
    return dict(find_faults(OracleApiSpec.model_validate(make.api_spec(*routes)), "Request-Id", maximum))


def with_parameter(**parameter: Any) -> dict[str, Any]:
    return make.route("r", path="/a/{id}", handler={"source": "select 1 from dual", "parameters": [parameter]})


def setting_a_response(method: str = "GET", **handler: Any) -> dict[str, Any]:
    parameters = [{"name": "x", "in": "Response", "access": "Out"}]
    return make.route("r", method=method, handler={"source": "x", "parameters": parameters, **handler})


def asking(rate: int) -> dict[str, Any]:
    return make.route("a", throttle={"requestsPerSecond": rate, "burst": 9})


def test_a_good_api_has_no_fault() -> None:
    assert faults(make.route("a"), make.route("b", path="/things/{id}")) == {}


@pytest.mark.parametrize(
    ("routes", "name", "words"),
    [
        ([make.route("a", path="/x/{v}/{v}")], "a", "{v} twice"),
        ([make.route("a", path="/x/{v}"), make.route("b", path="/x/{w}", method="DELETE")], "b", "same variable names"),
        ([make.route("a", path="/{v}/{a}/{v}/{a}")], "a", "has the variable {v} twice"),
        (
            [make.route("a", path="/x/{v}"), make.route("b", path="/x/{v}")], "b",
            "GET /x/{v} is already route a",
        ),
        ([make.route("a", scope="oracle.dbtools.x")], "a", "scope oracle.dbtools.x begins like a privilege"),
        ([make.route("a", scope="OracleApi.x")], "a", "scope OracleApi.x begins like a privilege"),
        ([make.route("a", handler={"type": "Item", "source": "x"}, method="POST")], "a", "Item is for GET; a POST"),
        ([make.route("a", handler={"type": "Collection", "source": "x"}, method="PUT")], "a", "needs PlSql"),
        ([with_parameter(name="other", **{"in": "Path"})], "r", "has no {other}"),
        ([with_parameter(name="limit", **{"in": "Query"})], "r", "read by ORDS itself"),
        *(
            ([with_parameter(name=name, **{"in": "Query"})], "r", f"query parameter {name} is read by ORDS itself")
            for name in ("offset", "page", "q", "LIMIT")
        ),
        *(
            ([with_parameter(name=name, **{"in": "Header"})], "r", f"header {name} is set by the gateway or holds")
            for name in ("Request-Id", "request-id", "Authorization", "HOST")
        ),
        ([with_parameter(name="x", **{"in": "Response"})], "r", "only a PlSql handler"),
        ([setting_a_response(type="Item")], "r", "only a PlSql handler"),
        ([with_parameter(name="x", type="ResultSet", **{"in": "Query"})], "r", "for in: Response"),
        ([with_parameter(name="x", access="Out", **{"in": "Query"})], "r", "must be In"),
        ([with_parameter(name="id", access="InOut", **{"in": "Path"})], "r", "must be In"),
    ],
)  # fmt: skip
def test_a_fault_names_its_cure(routes: list[dict[str, Any]], name: str, words: str) -> None:
    found = faults(*routes)
    assert list(found) == [name]
    assert words in found[name]


@pytest.mark.parametrize(
    "route",
    [
        make.route("r", scope="oracles.read"),
        make.route("r", auth="Public"),
        make.route("r", path="/{v}", method="DELETE"),
        make.route("r", method="POST", handler={"type": "PlSql", "source": "x"}),
        make.route("r", handler={"type": "PlSql", "source": "x"}),
        make.route("r", handler={"type": "Item", "source": "x"}),
        setting_a_response(type="PlSql"),
        setting_a_response("POST", type="PlSql"),
        setting_a_response("POST"),
        with_parameter(name="id", **{"in": "Path"}),
        with_parameter(name="id", access="In", **{"in": "Path"}),
        with_parameter(name="limits", access="In", **{"in": "Query"}),
        with_parameter(name="limit", **{"in": "Header"}),
        with_parameter(name="host", **{"in": "Query"}),
        with_parameter(name="X-Other", access="InOut", **{"in": "Header"}),
        make.route(
            "r",
            method="POST",
            handler={"source": "x", "parameters": [{"name": "x", "in": "Response", "type": "ResultSet"}]},
        ),
        make.route(
            "r",
            method="POST",
            handler={"source": "x", "parameters": [{"name": "x", "in": "Response", "access": "Out"}]},
        ),
    ],
)
def test_what_looks_like_a_fault_and_is_none(route: dict[str, Any]) -> None:
    assert faults(route) == {}


def test_routes_of_one_path_with_other_methods_are_two() -> None:
    assert faults(make.route("a", path="/x/{v}"), make.route("b", path="/x/{v}", method="DELETE")) == {}


def test_a_route_with_a_fault_takes_no_path_from_the_others() -> None:
    assert list(faults(make.route("a", path="/x/{v}", scope="oracle.x"), make.route("b", path="/x/{w}"))) == ["a"]


def test_a_route_may_ask_for_as_many_requests_as_the_database_allows() -> None:
    assert faults(asking(5), maximum=5) == {}
    assert faults(asking(5)) == {}
    assert faults(make.route("a"), maximum=1) == {}
    assert faults(asking(6), maximum=5) == {
        "a": "throttle.requestsPerSecond is 6, the database allows a route 5; ask for no more"
    }


def test_two_parameters_may_not_share_a_bind() -> None:
    handler = {
        "source": "select 1 from dual",
        "parameters": [{"name": "a-b", "in": "Query"}, {"name": "A_B", "in": "Header"}],
    }
    assert "parameters a-b and A_B share the bind variable :a_b" in faults(make.route("r", handler=handler))["r"]


def test_a_bind_of_its_own_tells_a_parameter_from_another() -> None:
    handler = {
        "source": "select 1 from dual",
        "parameters": [{"name": "a-b", "in": "Query"}, {"name": "a_b", "in": "Header", "bind": "other"}],
    }
    assert faults(make.route("r", handler=handler)) == {}
