"""Faults that CEL cannot see: each names the route's fault and its cure, and leaves the others alone."""

from typing import Any

import pytest

from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.checks import find_faults
from support import make


def faults(*routes: dict[str, Any]) -> dict[str, str]:
    return dict(find_faults(OracleApiSpec.model_validate(make.api_spec(*routes)), "Request-Id"))


def with_parameter(**parameter: Any) -> dict[str, Any]:
    return make.route("r", path="/a/{id}", handler={"source": "select 1 from dual", "parameters": [parameter]})


def test_a_good_api_has_no_fault() -> None:
    assert faults(make.route("a"), make.route("b", path="/things/{id}")) == {}


@pytest.mark.parametrize(
    ("routes", "name", "words"),
    [
        ([make.route("a", path="/x/{v}/{v}")], "a", "{v} twice"),
        ([make.route("a", path="/x/{v}"), make.route("b", path="/x/{w}", method="DELETE")], "b", "same variable names"),
        ([make.route("a", handler={"type": "Item", "source": "x"}, method="POST")], "a", "needs PlSql"),
        ([with_parameter(name="other", **{"in": "Path"})], "r", "has no {other}"),
        ([with_parameter(name="limit", **{"in": "Query"})], "r", "read by ORDS itself"),
        ([with_parameter(name="Request-Id", **{"in": "Header"})], "r", "set by the gateway"),
        ([with_parameter(name="authorization", **{"in": "Header"})], "r", "caller's token"),
        ([with_parameter(name="x", **{"in": "Response"})], "r", "only a PlSql handler"),
        ([with_parameter(name="x", type="ResultSet", **{"in": "Query"})], "r", "for in: Response"),
        ([with_parameter(name="x", access="Out", **{"in": "Query"})], "r", "must be In"),
    ],
)
def test_a_fault_names_its_cure(routes: list[dict[str, Any]], name: str, words: str) -> None:
    found = faults(*routes)
    assert list(found) == [name]
    assert words in found[name]


def test_two_parameters_may_not_share_a_bind() -> None:
    handler = {
        "source": "select 1 from dual",
        "parameters": [{"name": "a-b", "in": "Query"}, {"name": "A_B", "in": "Header"}],
    }
    assert "share the bind variable :a_b" in faults(make.route("r", handler=handler))["r"]
