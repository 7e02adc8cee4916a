"""The probe route and the closed path: what other rooms, the guard's package and the gateway know them by."""

import pytest

from oracleapi.desired.probe import (
    CLOSED_HANDLER,
    CLOSED_HANDLER_KEY,
    PROBE_GROUP,
    PROBE_HANDLER_KEY,
    PROBE_THROTTLE,
    PROBE_TIMEOUT_MS,
    has_probe,
    probe_handler,
    probe_key,
    probe_url,
)
from oracleapi.model.schema import Handler, HandlerParameter
from support import make

SPEC = make.resolved().spec


def test_the_probe_is_one_request_a_second_that_ends_in_five() -> None:
    assert (PROBE_THROTTLE.rate, PROBE_THROTTLE.burst, PROBE_TIMEOUT_MS) == (1.0, 2, 5000)


def test_it_is_a_route_below_the_base_path_in_a_module_of_its_own() -> None:
    assert probe_key(SPEC) == "GET /hr/v1/_probe"
    assert probe_url("https://abc.example.com", SPEC) == "https://abc.example.com/hr/v1/_probe"
    assert probe_url("https://abc.example.com/", SPEC) == "https://abc.example.com/hr/v1/_probe"
    assert (PROBE_GROUP.slug, PROBE_HANDLER_KEY, CLOSED_HANDLER_KEY) == (
        "oa-probe", ("_probe", "GET"), ("_closed", "GET"),
    )  # fmt: skip


def test_it_answers_with_the_request_id_that_the_database_saw() -> None:
    assert probe_handler("X-Trace") == Handler(
        "json/item",
        "select :request_id as request_id from dual",
        parameters=(HandlerParameter("X-Trace", "request_id", "HEADER", "STRING", "IN"),),
    )


def test_the_closed_path_would_serve_whoever_gets_there() -> None:
    assert CLOSED_HANDLER.source_type == "json/item"


@pytest.mark.parametrize(
    ("route", "probe", "has"),
    [
        (make.route(), True, True),
        (make.route(), False, False),
        (make.route(path="/_probe"), True, False),
        (make.route(path="/_probe", method="DELETE"), True, True),
    ],
)
def test_an_api_has_a_probe_unless_it_wants_none_or_its_place_is_taken(
    route: dict[str, object], probe: bool, has: bool
) -> None:
    assert has_probe(make.resolved(route, probe=probe).spec) is has
    assert has_probe(make.resolved(make.route("other", path="/other"), route, probe=probe).spec) is has
