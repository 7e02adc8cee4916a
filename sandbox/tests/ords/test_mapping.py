"""From the URL to the handler: aliases, base paths, patterns, priorities, methods, and path tricks."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi_sandbox.ords.model import Handler, Module, RestSchema, Template
from oracleapi_sandbox.ords.patterns import compile_pattern

SQL = "select 1 from dual"


@pytest.mark.parametrize(
    ("pattern", "path", "variables"),
    [
        ("employees", "employees", {}),
        ("employees", "employees/", None),
        ("employees/", "employees/", {}),
        ("employees", "Employees", None),
        ("employees/:id", "employees/7", {"id": "7"}),
        ("employees/:id", "employees/", None),
        ("employees/:id", "employees/7/8", None),
        ("employees/:id?", "employees/", {"id": None}),
        ("employees/:id?", "employees/7", {"id": "7"}),
        ("employees/:id?", "employees", None),
        ("lines/:order,:line", "lines/12,3", {"order": "12", "line": "3"}),
        ("lines/:order,:line", "lines/12", None),
        (":a/x/:b", "1/x/2", {"a": "1", "b": "2"}),
        ("report-:year.csv", "report-2026.csv", {"year": "2026"}),
        ("files/:path*", "files/a/b/c", {"path": "a/b/c"}),
        ("files/:path*", "files/", {"path": None}),
        ("files/{path}", "files/a/b", {"path": "a/b"}),
        ("files/{path}/meta", "files/a/b/meta", {"path": "a/b"}),
        ("a.b", "axb", None),
    ],
)
def test_a_pattern_binds_its_variables(pattern: str, path: str, variables: dict[str, str | None] | None) -> None:
    assert compile_pattern(pattern).match(path) == variables


@pytest.mark.parametrize(
    ("specific", "general"),
    [
        ("employees/me", "employees/:id"),
        ("employees/:id", "employees/:id?"),
        ("employees/e:id", "employees/:id"),
        ("files/:name", "files/:path*"),
        ("files/a/:path*", "files/:path*"),
        ("files/:name", "files/{path}"),
    ],
)
def test_the_more_specific_pattern_comes_first(specific: str, general: str) -> None:
    assert compile_pattern(specific).ranks < compile_pattern(general).ranks


def _named(world: Any, pattern: str, name: str, **members: Any) -> None:
    """Add a template whose only row holds *name*."""
    world.rows(name, "WHO", (name,))
    world.template(pattern, Handler("GET", "json/item", name), **members)


def _who(world: Any, path: str) -> Any:
    answer = world.call(path)
    return answer.json["who"] if answer.status == 200 else answer.status


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_most_specific_template_answers_whatever_the_order(world: Any, order: tuple[int, int]) -> None:
    for index in order:
        _named(world, ("employees/me", "employees/:id")[index], ("literal", "variable")[index])
    assert _who(world, "/ords/hr/emp/employees/me") == "literal"
    assert _who(world, "/ords/hr/emp/employees/7") == "variable"


def test_a_higher_priority_beats_the_more_specific_pattern(world: Any) -> None:
    _named(world, "employees/me", "literal")
    _named(world, "employees/:id", "variable", priority=5)
    assert _who(world, "/ords/hr/emp/employees/me") == "variable"


def test_a_dot_is_the_base_path_itself(world: Any) -> None:
    _named(world, ".", "root")
    assert _who(world, "/ords/hr/emp/") == "root"
    assert _who(world, "/ords/hr/emp") == 404


@pytest.mark.parametrize(
    ("base", "path"), [("emp", "/ords/hr/emp/x"), ("/a/b/", "/ords/hr/a/b/x"), ("/", "/ords/hr/x")]
)
def test_base_paths_get_their_slashes(world: Any, base: str, path: str) -> None:
    _named(world, "x", "found", base=base)
    assert _who(world, path) == "found"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/ords/hr/emp/unknown", "Not Found"),
        ("/ords/HR/emp/x", "could not be mapped to any database"),
        ("/ords/nobody/emp/x", "could not be mapped to any database"),
        ("/ords/hr", "could not be mapped to any database"),
        ("/ords/off/emp/x", "could not be mapped to any database"),
        ("/other/hr/emp/x", "Not Found"),
        ("/ordsx/hr/emp/x", "Not Found"),
        ("/", "Not Found"),
        ("/ords/hr/_/db-api/stable/", "Not Found"),
        ("/ords/hr/metadata-catalog/", "Not Found"),
        ("/ords/hr/oauth/token", "Not Found"),
    ],
)
def test_what_is_not_there_is_404(world: Any, path: str, message: str) -> None:
    _named(world, "x", "found")
    _named(world, ":rest*", "shadow", base="/_/")
    world.others["off"] = replace(world.schema, parsing_schema="OFF", pattern="off", enabled=False)
    answer = world.call(path)
    assert answer.status == 404
    assert answer.json["code"] == "NotFound"
    assert message in answer.json["message"]


def test_an_alias_may_have_several_segments(world: Any) -> None:
    _named(world, "x", "found")
    world.others["a/b"] = replace(world.schema, pattern="a/b")
    world.commit()
    assert _who(world, "/ords/a/b/emp/x") == "found"
    assert _who(world, "/ords/a%2fb/emp/x") == 404


def test_the_session_is_the_parsing_schemas_through_the_runtime_user(world: Any) -> None:
    _named(world, "x", "found")
    world.others["people"] = RestSchema("PEOPLE_DATA", "people", modules=world.schema.modules)
    world.commit()
    assert _who(world, "/ords/people/emp/x") == "found"
    assert [(session.user, session.proxy_user) for session in world.database.sessions] == [
        ("PEOPLE_DATA", "ORDS_PUBLIC_USER")
    ]


def test_an_unpublished_module_is_404(world: Any) -> None:
    template = Template("x", handlers=(Handler("GET", "json/item", SQL),))
    world.commit(modules=(Module("m", "/emp/", status="NOT_PUBLISHED", templates=(template,)),))
    assert world.call("/ords/hr/emp/x").status == 404


def test_a_method_without_handler_is_405_with_allow(world: Any) -> None:
    world.template("x", Handler("GET", "json/item", SQL), Handler("DELETE", "plsql/block", "begin null; end;"))
    answer = world.call("/ords/hr/emp/x", "PUT")
    assert (answer.status, answer.header("Allow")) == (405, "DELETE, GET, HEAD, OPTIONS")
    assert answer.json["code"] == "MethodNotAllowed"


@pytest.mark.parametrize(("head_as_get", "status"), [(True, 200), (False, 405)])
def test_head_runs_the_get_handler_unless_switched_off(world: Any, head_as_get: bool, status: int) -> None:
    _named(world, "x", "found")
    world.settings.head_as_get = head_as_get
    answer = world.call("/ords/hr/emp/x", "HEAD")
    assert (answer.status, answer.body) == (status, b"")
    assert int(answer.header("Content-Length")) > 0


def test_the_root_leads_to_the_landing_page_without_a_database(world: Any) -> None:
    answer = world.call("/ords/")
    assert (answer.status, answer.header("Location")) == (302, "/ords/_/landing")
    assert world.call("/ords/_/landing").status == 200
    assert world.database.sessions == []


@pytest.mark.parametrize(
    ("setting", "path", "keep", "apply"),
    [
        ("encoded_slash", "/ords/hr/emp/items/a%2fb", "item a/b", "nested a b"),
        ("encoded_slash", "/ords/hr/emp/items/a%2Fb", "item a/b", "nested a b"),
        ("dot_segments", "/ords/hr/emp/items/%2e%2e", "item ..", 404),
        ("dot_segments", "/ords/hr/emp/other/%2E%2e/items/7", 404, "item 7"),
        ("dot_segments", "/ords/hr/emp/./items/7", 404, "item 7"),
        ("double_slash", "/ords/hr/emp//items/7", 404, "item 7"),
        ("path_parameters", "/ords/hr/emp/items;v=1/7", 404, "item 7"),
        ("path_parameters", "/ords/hr/emp/items/7;x", "item 7;x", "item 7"),
    ],
)
def test_path_tricks_follow_their_switch(world: Any, setting: str, path: str, keep: Any, apply: Any) -> None:
    for pattern, sql in (("items/:id", "item"), ("items/:a/:b", "nested")):
        world.rows(f"{sql} :id :a :b", "WHO", (sql,))
        world.template(pattern, Handler("GET", "json/item", f"{sql} :id :a :b"))

    def seen() -> Any:
        who = _who(world, path)
        return who if who in (400, 404) else " ".join([who, *filter(None, world.binds.values())])

    assert seen() == keep
    setattr(world.settings, setting, "apply")
    assert seen() == apply
    setattr(world.settings, setting, "reject")
    assert seen() == 400


@pytest.mark.parametrize("path", ["/ords/hr/emp/%zz", "/ords/hr/emp/%", "/ords/hr/emp/%00", "/ords/hr/emp/%ff"])
def test_a_broken_escape_is_400(world: Any, path: str) -> None:
    _named(world, ":any*", "found")
    assert _who(world, path) == 400


def test_segments_are_decoded_once(world: Any) -> None:
    world.rows("s :id", "WHO", ("x",))
    world.template("r\u00e9sum\u00e9/:id", Handler("GET", "json/item", "s :id"))
    assert world.call("/ords/hr/emp/r%C3%A9sum%C3%A9/a%2520b+c").status == 200
    assert world.binds == {"ID": "a%20b+c"}


def test_metadata_shows_after_the_cache_time_and_never_before_the_commit(world: Any) -> None:
    world.settings.metadata_cache_seconds = 5
    assert world.call("/ords/hr/emp/x").status == 404
    _named(world, "x", "found")
    world.clock.advance(4.9)
    assert _who(world, "/ords/hr/emp/x") == 404
    world.clock.advance(0.1)
    assert _who(world, "/ords/hr/emp/x") == "found"


def test_metadata_is_read_only_after_a_commit(world: Any) -> None:
    for _ in range(3):
        world.call("/ords/hr/emp/x")
    assert world.loads == 1
    world.commit()
    world.call("/ords/hr/emp/x")
    assert world.loads == 2


def test_a_failed_read_of_the_metadata_is_500_and_tried_again(world: Any) -> None:
    world.settings.metadata_cache_seconds = 5
    _named(world, "x", "found")
    schema, world.schema = world.schema, None
    assert world.call("/ords/hr/emp/x").status == 500
    world.schema = schema
    assert _who(world, "/ords/hr/emp/x") == "found"
