"""A route's handler in the words of ORDS."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.schema import build_handler, build_schema, with_desired
from oracleapi.model.schema import Handler, HandlerParameter, JwtProfile, Module, ObservedSchema, Privilege
from support import make


def handler(method: str = "GET", **fields: Any) -> Handler:
    spec = make.resolved(make.route(method=method, handler={"source": "select 1 from dual", **fields})).spec
    return build_handler(spec.routes[0])


def parameter(**fields: Any) -> HandlerParameter:
    (found,) = handler("POST", parameters=[{"name": "x-y", "in": "Query", **fields}]).parameters
    return found


@pytest.mark.parametrize(
    ("method", "asked", "source_type"),
    [
        ("GET", None, "json/collection"),
        ("POST", None, "plsql/block"),
        ("GET", "Collection", "json/collection"),
        ("GET", "Item", "json/item"),
        ("GET", "PlSql", "plsql/block"),
    ],
)
def test_a_handler_is_a_query_for_get_and_a_block_for_the_rest_unless_the_spec_says_more(
    method: str, asked: str | None, source_type: str
) -> None:
    assert handler(method, **({} if asked is None else {"type": asked})).source_type == source_type


def test_a_source_begins_with_its_first_line_that_is_not_empty_indented_as_it_is() -> None:
    assert handler("POST", source="\nX := 1;\nY := X\n").source == "X := 1;\nY := X"
    assert handler(source="\n\n  select 1\n    from dual \n\n").source == "  select 1\n    from dual"


def test_a_page_has_as_many_items_as_asked_for() -> None:
    assert (handler().items_per_page, handler(itemsPerPage=7).items_per_page) == (None, 7)


def test_parameters_are_sorted_so_that_their_order_is_no_difference() -> None:
    some = [{"name": name, "in": "Query"} for name in ("b", "a")]
    assert [found.name for found in handler(parameters=some).parameters] == ["a", "b"]


def test_a_parameter_is_a_text_of_the_request_bound_by_its_name() -> None:
    assert parameter() == HandlerParameter("x-y", "x_y", "URI", "STRING", "IN")
    assert parameter(bind="other").bind == "other"


@pytest.mark.parametrize(
    ("where", "source", "access"),
    [("Query", "URI", "IN"), ("Path", "URI", "IN"), ("Header", "HEADER", "IN"), ("Response", "RESPONSE", "OUT")],
)
def test_where_a_parameter_is_tells_which_way_it_goes(where: str, source: str, access: str) -> None:
    found = parameter(**{"in": where})
    assert (found.source, found.access) == (source, access)


@pytest.mark.parametrize(("asked", "access"), [("In", "IN"), ("Out", "OUT"), ("InOut", "INOUT")])
def test_unless_the_spec_says_which_way(asked: str, access: str) -> None:
    assert parameter(**{"in": "Header"}, access=asked).access == access


@pytest.mark.parametrize(
    ("asked", "type_"),
    [
        ("String", "STRING"), ("Integer", "INT"), ("Double", "DOUBLE"), ("Boolean", "BOOLEAN"), ("Long", "LONG"),
        ("Timestamp", "TIMESTAMP"), ("ResultSet", "RESULTSET"),
    ],
)  # fmt: skip
def test_each_type_has_a_word_of_ords(asked: str, type_: str) -> None:
    assert parameter(type=asked).type == type_


def test_what_is_written_stands_beside_what_is_not_ours() -> None:
    built = build_schema(make.resolved(), (), None)
    by_hand, audit = Module("m", "/m/", 25, {}), Privilege("audit", ("/m",), ())
    found = ObservedSchema(
        "HR_API", True, "hr_api", True, {"m": by_hand}, {"audit": audit}, JwtProfile("i", "a", "k"), frozenset()
    )
    after = with_desired(found, built)
    assert after.modules == {"m": by_hand, **built.modules}
    assert after.privileges == {"audit": audit, **built.privileges}
    assert after.profile == built.profile
    assert with_desired(found, replace(built, profile=None)).profile == found.profile
