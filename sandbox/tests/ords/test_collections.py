"""Queries: the collection envelope, pages and their links, single items, values, ETags, filters."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Column, Result
from oracleapi_sandbox.ords.model import Handler, Module, Template

ORIGIN = "https://localhost:8443"


def _numbers(world: Any, count: int, pattern: str = "n/", **members: Any) -> None:
    world.database.script["numbers"] = lambda _: Result((Column("N", "NUMBER"),), ((n,) for n in range(count)))
    world.query(pattern, "numbers", **members)


def _links(document: Any) -> dict[str, str]:
    return {link["rel"]: link["href"].removeprefix(ORIGIN) for link in document["links"]}


def test_the_envelope_has_ords_keys_in_ords_order(world: Any) -> None:
    _numbers(world, 2)
    answer = world.call("/ords/hr/emp/n/")
    assert answer.header("Content-Type") == "application/json"
    assert list(answer.json) == ["items", "hasMore", "limit", "offset", "count", "links"]
    assert {key: answer.json[key] for key in ("items", "hasMore", "limit", "offset", "count")} == {
        "items": [{"n": 0}, {"n": 1}],
        "hasMore": False,
        "limit": 25,
        "offset": 0,
        "count": 2,
    }
    assert _links(answer.json) == {
        "self": "/ords/hr/emp/n/",
        "describedby": "/ords/hr/metadata-catalog/emp/n/",
        "first": "/ords/hr/emp/n/",
    }


def test_an_empty_result_is_an_empty_page(world: Any) -> None:
    _numbers(world, 0)
    document = world.get_json("/ords/hr/emp/n/")
    assert (document["items"], document["count"], document["hasMore"]) == ([], 0, False)


@pytest.mark.parametrize(
    ("query", "items", "more", "links"),
    [
        ("", 25, True, {"first": "", "next": "?offset=25"}),
        ("?offset=25", 25, True, {"first": "", "next": "?offset=50", "prev": ""}),
        ("?offset=50", 10, False, {"first": "", "prev": "?offset=25"}),
        ("?limit=10", 10, True, {"first": "?limit=10", "next": "?offset=10&limit=10"}),
        ("?limit=10&offset=15", 10, True, {"next": "?offset=25&limit=10", "prev": "?offset=5&limit=10"}),
        ("?offset=5&limit=10", 10, True, {"prev": "?limit=10"}),
        ("?limit=60", 60, False, {"first": "?limit=60"}),
        ("?offset=100", 0, False, {"prev": "?offset=75"}),
        ("?limit=5&job=a%20b&limit=7", 5, True, {"self": "?job=a%20b", "next": "?job=a%20b&offset=5&limit=5"}),
    ],
)
def test_pages_and_their_links(world: Any, query: str, items: int, more: bool, links: dict[str, str]) -> None:
    _numbers(world, 60)
    document = world.get_json(f"/ords/hr/emp/n/{query}")
    assert (document["count"], len(document["items"]), document["hasMore"]) == (items, items, more)
    found = _links(document)
    assert {rel: found[rel] for rel in links} == {rel: f"/ords/hr/emp/n/{end}" for rel, end in links.items()}
    assert ("next" in found) == more


def test_following_next_gives_every_row_once(world: Any) -> None:
    _numbers(world, 58)
    seen, target = [], "/ords/hr/emp/n/?limit=7"
    while target:
        document = world.get_json(target)
        seen += [row["n"] for row in document["items"]]
        target = _links(document).get("next", "")
    assert seen == list(range(58))


@pytest.mark.parametrize(
    ("handler_size", "module_size", "limit"), [(3, 10, 3), (None, 10, 10), (None, None, 25), (3, None, 3)]
)
def test_the_page_size_is_the_handlers_then_the_modules_then_25(
    world: Any, handler_size: int | None, module_size: int | None, limit: int
) -> None:
    world.database.script["numbers"] = lambda _: Result((Column("N", "NUMBER"),), ((n,) for n in range(60)))
    handler = Handler("GET", "json/collection", "numbers", items_per_page=handler_size)
    world.commit(modules=(Module("m", "/emp/", module_size, templates=(Template("n/", handlers=(handler,)),)),))
    document = world.get_json("/ords/hr/emp/n/")
    assert (document["limit"], document["count"]) == (limit, limit)


def test_a_page_size_of_0_turns_paging_off_up_to_the_most_rows(world: Any) -> None:
    world.settings.pagination_max_rows = 50
    _numbers(world, 60, items_per_page=0)
    document = world.get_json("/ords/hr/emp/n/")
    assert (document["count"], document["hasMore"], document["limit"]) == (50, False, 0)
    assert set(_links(document)) == {"self", "describedby"}


def test_a_limit_beyond_the_most_rows_is_cut(world: Any) -> None:
    world.settings.pagination_max_rows = 50
    _numbers(world, 60)
    document = world.get_json("/ords/hr/emp/n/?limit=1000")
    assert (document["limit"], document["count"], document["hasMore"]) == (50, 50, True)


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "limit=0", "limit=", "limit=1.5", "offset=x", "offset=-1", "page=x", "q=x", "q=[]"]
)
def test_wrong_reserved_names_are_400_before_the_handler_runs(world: Any, query: str) -> None:
    _numbers(world, 3)
    answer = world.call(f"/ords/hr/emp/n/?{query}")
    assert (answer.status, answer.json["code"]) == (400, "BadRequest")
    assert world.database.executed == []


def test_no_more_than_one_row_beyond_the_page_is_fetched(world: Any) -> None:
    fetched: list[int] = []

    def rows() -> Iterator[tuple[int, ...]]:
        for number in range(1000):
            fetched.append(number)
            yield (number,)

    world.database.script["numbers"] = lambda _: Result((Column("N", "NUMBER"),), rows())
    world.query("n/", "numbers")
    world.get_json("/ords/hr/emp/n/?limit=5&offset=10")
    assert len(fetched) == 16


def test_a_source_that_pages_itself_is_not_cut_again(world: Any) -> None:
    sql = "numbers :fetch_offset :fetch_size"
    world.database.script[sql] = lambda binds: Result(
        (Column("N", "NUMBER"),),
        ((n,) for n in range(binds["FETCH_OFFSET"].value, binds["FETCH_OFFSET"].value + binds["FETCH_SIZE"].value)),
    )
    world.query("n/", sql)
    document = world.get_json("/ords/hr/emp/n/?limit=5&offset=10")
    assert ([row["n"] for row in document["items"]], document["hasMore"]) == ([10, 11, 12, 13, 14], True)


def test_links_use_the_host_header_and_the_callers_own_path(world: Any) -> None:
    _numbers(world, 2, "n/:x")
    headers = {"Host": "api.example:444"}
    document = world.get_json("/ords/hr/emp/n/a%2Fb%20c", headers=headers)
    links = {link["rel"]: link["href"] for link in document["links"]}
    assert links["first"] == "https://api.example:444/ords/hr/emp/n/a%2Fb%20c"
    assert links["describedby"] == "https://api.example:444/ords/hr/metadata-catalog/emp/n/item"


def test_an_item_is_a_flat_object_with_a_link_to_its_collection(world: Any) -> None:
    world.rows("one :id", "ENAME JOB", ("KING", None), ("LATE", "x"))
    world.query("n/:id", "one :id", kind="json/item")
    answer = world.call("/ords/hr/emp/n/7")
    links = [{"rel": "collection", "href": f"{ORIGIN}/ords/hr/emp/n/"}]
    assert answer.json == {"ename": "KING", "job": None, "links": links}


def test_an_item_without_row_is_404(world: Any) -> None:
    world.rows("one :id", "ENAME")
    world.query("n/:id", "one :id", kind="json/item")
    assert world.call("/ords/hr/emp/n/7").status == 404


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("NUMBER", 12345678901234567890123456789012345678, "12345678901234567890123456789012345678"),
        ("NUMBER", Decimal("0.1"), "0.1"),
        ("NUMBER", Decimal("10.50"), "10.5"),
        ("NUMBER", Decimal("1E+3"), "1000"),
        ("NUMBER", Decimal("-0.0000001"), "-0.0000001"),
        ("BINARY_DOUBLE", 1.5, "1.5"),
        ("BINARY_DOUBLE", float("inf"), "null"),
        ("BOOLEAN", True, "true"),
        ("VARCHAR2", None, "null"),
        ("VARCHAR2", 'a"b\u00e9\n', '"a\\"b\u00e9\\n"'),
        ("DATE", datetime(2024, 1, 31), '"2024-01-31T00:00:00Z"'),
        ("TIMESTAMP", datetime(2024, 1, 31, 1, 2, 3, 450000), '"2024-01-31T01:02:03.45Z"'),
        ("DATE", datetime(987, 1, 31), '"0987-01-31T00:00:00Z"'),
        (
            "TIMESTAMP WITH TIME ZONE",
            datetime(2024, 1, 31, 2, tzinfo=timezone(timedelta(hours=2))),
            '"2024-01-31T00:00:00Z"',
        ),
        ("TIMESTAMP WITH TIME ZONE", datetime(2024, 1, 31, tzinfo=UTC), '"2024-01-31T00:00:00Z"'),
        ("INTERVAL DAY TO SECOND", timedelta(days=1, seconds=3661, microseconds=500000), '"P1DT1H1M1.5S"'),
        ("INTERVAL DAY TO SECOND", -timedelta(hours=1), '"-P0DT1H0M0S"'),
        ("BLOB", b"\x00\xff", '"AP8="'),
        ("CLOB", "x" * 5000, '"' + "x" * 5000 + '"'),
        ("JSON", '{"Total": 1.10, "list": [1, null]}', '{"Total":1.1,"list":[1,null]}'),
        ("VARCHAR2", '{"not": "embedded"}', '"{\\"not\\": \\"embedded\\"}"'),
        (
            "CURSOR",
            [{"ENAME": "KING", "HIRED": datetime(2024, 1, 31)}],
            '[{"ename":"KING","hired":"2024-01-31T00:00:00Z"}]',
        ),
    ],
)
def test_a_value_is_written_as_ords_writes_it(world: Any, kind: str, value: Any, text: str) -> None:
    world.rows("one", (Column("V", kind),), (value,))
    world.query("n", "one", kind="json/item")
    assert world.call("/ords/hr/emp/n").body.decode().startswith(f'{{"v":{text},"links"')


def test_column_names_are_lower_cased_unless_quoted_in_mixed_case(world: Any) -> None:
    columns = tuple(Column(name, "VARCHAR2") for name in ("EMP_ID", "firstName", "$.id", "$.boss", "$.home"))
    world.rows("all", columns, ("1", "Ann", "a/1", "2", "^/emp/"), ("2", "Bob", None, None, None))
    world.query("n/", "all")
    items = world.get_json("/ords/hr/emp/n/")["items"]
    assert items == [
        {
            "emp_id": "1",
            "firstName": "Ann",
            "links": [
                {"rel": "self", "href": f"{ORIGIN}/ords/hr/emp/n/a%2F1"},
                {"rel": "boss", "href": f"{ORIGIN}/ords/hr/emp/n/2"},
                {"rel": "home", "href": f"{ORIGIN}/ords/hr/emp/"},
            ],
        },
        {"emp_id": "2", "firstName": "Bob"},
    ]


def test_a_hash_etag_is_strong_and_answers_304(world: Any) -> None:
    _numbers(world, 3)
    first = world.call("/ords/hr/emp/n/")
    tag = first.header("ETag")
    assert tag.startswith('"')
    for sent in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = world.call("/ords/hr/emp/n/", headers={"If-None-Match": sent})
        assert (again.status, again.body, again.header("ETag")) == (304, b"", tag)
    assert world.call("/ords/hr/emp/n/", headers={"If-None-Match": '"x"'}).status == 200
    assert world.call("/ords/hr/emp/n/?limit=1").header("ETag") != tag


def test_a_query_etag_hangs_on_its_own_query(world: Any) -> None:
    world.rows("etag :id", "V", ("1",))
    world.rows("one :id", "V", ("a",))
    world.template("n/:id", Handler("GET", "json/item", "one :id"), etag_type="QUERY", etag_query="etag :id")
    tag = world.call("/ords/hr/emp/n/7").header("ETag")
    assert world.binds == {"ID": "7"}
    world.rows("one :id", "V", ("b",))
    assert world.call("/ords/hr/emp/n/7").header("ETag") == tag
    world.rows("etag :id", "V", ("2",))
    assert world.call("/ords/hr/emp/n/7").header("ETag") != tag


def test_no_etag_where_the_template_wants_none(world: Any) -> None:
    world.rows("one", "V", ("a",))
    world.template("n", Handler("GET", "json/item", "one"), etag_type="NONE")
    assert world.call("/ords/hr/emp/n").header("ETag") is None


@pytest.mark.parametrize(
    ("q", "where", "binds"),
    [
        ('{"n":7}', '"N" = :ORDS_Q0', [7]),
        ('{"name":"x\' or 1=1"}', '"name" = :ORDS_Q0', ["x' or 1=1"]),
        ('{"n":{"$gte":1,"$lt":9.5}}', '"N" >= :ORDS_Q0 AND "N" < :ORDS_Q1', [1, Decimal("9.5")]),
        ('{"n":{"$null":null},"name":{"$instr":"A"}}', '"N" IS NULL AND INSTR("name", :ORDS_Q0) > 0', ["A"]),
        (
            '{"$or":[{"n":1},{"n":{"$between":[2,3]}}]}',
            '(("N" = :ORDS_Q0) OR ("N" BETWEEN :ORDS_Q1 AND :ORDS_Q2))',
            [1, 2, 3],
        ),
    ],
)
def test_a_simple_filter_wraps_the_query_with_binds(world: Any, q: str, where: str, binds: list[Any]) -> None:
    columns = (Column("N", "NUMBER"), Column("name", "VARCHAR2"))
    world.rows("all", columns)
    world.rows("SELECT * FROM (all) WHERE " + where, columns, (1, "x"))  # noqa: S608 - a scripted text, no SQL engine
    world.query("n/", "all")
    assert world.get_json(f"/ords/hr/emp/n/?q={q.replace('%', '%25')}")["count"] == 1
    assert list(world.binds.values()) == binds


def test_a_filter_may_order(world: Any) -> None:
    world.rows("all", (Column("N", "NUMBER"),))
    world.rows('SELECT * FROM (all) ORDER BY "N" DESC', (Column("N", "NUMBER"),), (2,), (1,))
    world.query("n/", "all")
    assert world.get_json('/ords/hr/emp/n/?q={"$orderby":{"n":"DESC"}}')["count"] == 2


@pytest.mark.parametrize(
    "q",
    [
        '{"unknown":1}',
        '{"n":{"$regex":"x"}}',
        '{"$asof":1}',
        '{"n":true}',
        '{"n":[1]}',
        '{"n":{}}',
        '{"$or":[]}',
        '{"$orderby":{"n":"x"}}',
    ],
)
def test_a_filter_beyond_the_offer_is_refused(world: Any, q: str) -> None:
    world.rows("all", (Column("N", "NUMBER"),))
    world.query("n/", "all")
    answer = world.call(f"/ords/hr/emp/n/?q={q}")
    assert (answer.status, world.database.executed) == (400, [])


@pytest.mark.parametrize("kind", ["csv/query", "resource/lob", "json/query", "mle/javascript", "collection/feed"])
def test_a_source_type_that_is_not_offered_is_named(world: Any, kind: str) -> None:
    world.query("n", "select 1 from dual", kind=kind)
    answer = world.call("/ords/hr/emp/n")
    assert (answer.status, kind in answer.json["message"]) == (500, True)


def test_a_collection_source_that_is_no_query_is_500_and_rolled_back(world: Any) -> None:
    world.gives("delete from t")
    world.query("n", "delete from t")
    assert world.call("/ords/hr/emp/n").status == 500
    assert "ROLLBACK" in world.database.sessions[0].calls
