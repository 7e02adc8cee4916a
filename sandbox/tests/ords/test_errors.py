"""Error bodies in their formats, and the access journal."""

import re
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Column, OracleError, Result


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Accept": "application/json"}, "json"),
        ({"Accept": "application/problem+json"}, "json"),
        ({"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, "html"),
        ({"Accept": "application/json;q=0.5, text/html"}, "html"),
        ({"Accept": "text/html;q=0.5, application/json"}, "json"),
        ({"Accept": "*/*", "User-Agent": "curl/8.5.0"}, "json"),
        ({"Accept": "*/*", "X-Requested-With": "XMLHttpRequest"}, "json"),
        ({"Accept": "*/*", "Origin": "https://localhost:8443"}, "json"),
        ({"Accept": "*/*"}, "fallback"),
        (
            {
                "Accept": "application/json",
                "Origin": "https://evil.example",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            "html",
        ),
    ],
)
@pytest.mark.parametrize("fallback", ["json", "html"])
def test_the_auto_format_follows_the_request(world: Any, headers: dict[str, str], kind: str, fallback: str) -> None:
    world.settings.error_fallback_format = fallback
    answer = world.call("/ords/hr/none", headers=headers)
    expected = {"json": "application/problem+json", "html": "text/html"}[fallback if kind == "fallback" else kind]
    assert (answer.status, answer.header("Content-Type")) == (404, expected)


@pytest.mark.parametrize(("chosen", "kind"), [("json", "application/problem+json"), ("html", "text/html")])
def test_a_fixed_format_ignores_the_request(world: Any, chosen: str, kind: str) -> None:
    world.settings.error_response_format = chosen
    for accept in ("application/json", "text/html"):
        assert world.call("/ords/hr/none", headers={"Accept": accept}).header("Content-Type") == kind


def test_a_problem_names_its_request_by_ecid(world: Any) -> None:
    body = world.call("/ords/hr/none").json
    assert list(body) == ["code", "title", "message", "type", "instance"]
    assert (body["code"], body["title"]) == ("NotFound", "Not Found")
    assert body["type"] == "tag:oracle.com,2020:error/NotFound"
    ecid = re.fullmatch(r"tag:oracle\.com,2020:ecid/([\w-]{22})", body["instance"])
    assert ecid is not None
    assert ecid[1] == world.journal.entries()[-1]["ecid"]


def test_the_html_page_escapes_and_names_the_ecid(world: Any) -> None:
    world.settings.error_response_format = "html"
    world.fails("q", 20001, "<script>")
    world.query("e", "q")
    answer = world.call("/ords/hr/emp/e")
    page = answer.body.decode()
    assert (answer.status, "<script>" in page, "&lt;script&gt;" in page) == (555, False, True)
    assert world.journal.entries()[-1]["ecid"] in page


def test_a_failed_query_is_555_with_the_databases_word(world: Any) -> None:
    world.fails("q", 942, "table or view does not exist")
    world.query("e", "q")
    answer = world.call("/ords/hr/emp/e")
    assert (answer.status, answer.json["title"]) == (555, "User Defined Resource Error")
    assert "SQL Error Code 942, Error Message: ORA-00942: table or view does not exist" in answer.json["cause"]
    assert answer.json["action"]


def test_an_error_while_rows_are_read_is_555(world: Any) -> None:
    def rows() -> Any:
        yield (1,)
        raise OracleError(1476, "divisor is equal to zero")

    world.database.script["q"] = lambda _: Result((Column("N", "NUMBER"),), rows())
    world.query("e", "q")
    assert world.call("/ords/hr/emp/e").status == 555


def test_a_fault_of_the_double_itself_is_500_without_details(world: Any) -> None:
    world.query("e", "not scripted")
    answer = world.call("/ords/hr/emp/e")
    assert (answer.status, answer.json["message"]) == (500, "Internal Server Error")
    assert "ROLLBACK" in world.database.sessions[0].calls


def test_the_journal_tells_each_request_and_no_token(world: Any) -> None:
    world.rows("q", "V", ("x",))
    world.query("e/:id", "q")
    world.profile()
    world.protect("hr.read", "/emp/*")
    headers = world.bearer() | {"Request-Id": "abc-1"}
    world.call("/ords/hr/emp/e/%37?access_token=secret", headers=headers)
    entry = world.journal.entries()[0]
    assert {key: entry[key] for key in entry if key not in ("seq", "ms", "ecid")} == {
        "time": world.clock.now(),
        "method": "GET",
        "path": "/ords/hr/emp/e/%37",
        "status": 200,
        "alias": "hr",
        "module": "m0",
        "template": "e/:id",
        "request_id": "abc-1",
        "user": "ann",
    }
    assert entry["ms"] >= 0
    assert "secret" not in str(entry)
    assert headers["Authorization"].split()[1] not in str(entry)


def test_the_trace_header_has_a_settable_name(world: Any) -> None:
    world.settings.trace_header_name = "X-Correlation"
    world.call("/ords/hr/none", headers={"Request-Id": "no", "X-Correlation": "yes"})
    assert world.journal.entries()[0]["request_id"] == "yes"


def test_a_refused_request_is_in_the_journal_without_user(world: Any) -> None:
    world.rows("q", "V", ("x",))
    world.query("e", "q")
    world.profile()
    world.protect("hr.read", "/emp/*")
    world.call("/ords/hr/emp/e", headers=world.bearer(scope="other"))
    entry = world.journal.entries()[0]
    assert (entry["status"], entry["user"], entry["module"]) == (401, None, "m0")
