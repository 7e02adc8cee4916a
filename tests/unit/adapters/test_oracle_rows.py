"""Rows of the dictionary as values, and what a pool is opened with."""

from typing import Any

import pytest

from oracleapi.adapters.oracle.database import open_database, to_modules, to_privileges, to_profile, to_schema
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import Retryable, Terminal
from oracleapi.model.schema import Handler, HandlerParameter, JwtProfile, Module, ObservedSchema, Privilege


def handler_row(**fields: Any) -> tuple[Any, ...]:
    row: dict[str, Any] = {
        "name": "m", "prefix": "/oa-x/hr/v1/", "page": 25, "status": "PUBLISHED", "comments": "mark",
        "pattern": "things", "id": 7, "method": "GET", "type": "json/collection", "items": None, "source": "select 1",
    }  # fmt: skip
    return tuple((row | fields).values())


def schema_row(**fields: Any) -> tuple[Any, ...]:
    row: dict[str, Any] = {
        "alias": "hr_api", "status": "ENABLED", "guid": "A1B2", "maintained": "N", "account": "OP", "kind": "role",
        "name": "HR_API",
    }  # fmt: skip
    return tuple((row | fields).values())


def test_a_schema_tells_its_alias_and_which_database_it_is_in() -> None:
    found = to_schema("HR_API", [schema_row()])
    assert found == ObservedSchema("HR_API", True, "hr_api", True, pdb_guid="A1B2")
    assert to_schema("HR_API", [schema_row(alias=None, status=None)]).enabled is False
    assert to_schema("HR_API", []) == ObservedSchema("HR_API", exists=False)


@pytest.mark.parametrize(
    ("fields", "power"),
    [
        ({"maintained": "Y"}, "is maintained by Oracle"),
        ({"account": "HR_API"}, "is the operator's own account"),
        ({"name": "ORDS_RUNTIME_ROLE"}, "is an account that ORDS itself logs in with"),
        ({"name": "DBA"}, "holds DBA"),
        ({"name": "ORDS_ADMINISTRATOR_ROLE"}, "holds ORDS_ADMINISTRATOR_ROLE"),
        ({"kind": "privilege", "name": "SELECT ANY TABLE"}, "holds SELECT ANY TABLE"),
    ],
    ids=lambda found: found if isinstance(found, str) else "",
)
def test_what_makes_a_schema_too_powerful_is_named(fields: dict[str, Any], power: str) -> None:
    assert to_schema("HR_API", [schema_row(**fields)]).powers == (power,)


def test_powers_are_told_once_each_and_sorted() -> None:
    rows = [schema_row(kind="privilege", name=name) for name in ("DROP ANY TABLE", "ALTER ANY TABLE", "DROP ANY TABLE")]
    assert to_schema("HR_API", rows).powers == ("holds ALTER ANY TABLE", "holds DROP ANY TABLE")


def test_a_module_has_its_handlers_and_these_their_parameters() -> None:
    rows = [handler_row(), handler_row(pattern="things/:id", id=8, method="DELETE", items=3)]
    parameters = [
        (8, "b", None, "URI", "STRING", "IN"),
        (8, "a", "x", "HEADER", "INT", "IN"),
        (9, "z", "z", "URI", "STRING", "IN"),
    ]
    assert to_modules(rows, parameters) == {
        "m": Module(
            "m",
            "/oa-x/hr/v1/",
            25,
            {
                ("things", "GET"): Handler("json/collection", "select 1"),
                ("things/:id", "DELETE"): Handler(
                    "json/collection",
                    "select 1",
                    3,
                    (
                        HandlerParameter("a", "x", "HEADER", "INT", "IN"),
                        HandlerParameter("b", "", "URI", "STRING", "IN"),
                    ),
                ),
            },
            "mark",
        )
    }


@pytest.mark.parametrize("empty", [{"pattern": None}, {}], ids=["no template", "a template without handlers"])
def test_a_module_without_handlers_is_there_all_the_same(empty: dict[str, Any]) -> None:
    row = handler_row(id=None, method=None, type=None, source=None, **empty)
    assert to_modules([row], []) == {"m": Module("m", "/oa-x/hr/v1/", 25, {}, "mark")}


@pytest.mark.parametrize(
    ("prefix", "path"), [("/a/b/", "/a/b/"), ("a/b", "/a/b/"), ("/a/b", "/a/b/"), ("a/b/", "/a/b/"), (None, "//")]
)
def test_a_base_path_has_one_slash_at_either_end_however_it_is_stored(prefix: str | None, path: str) -> None:
    assert to_modules([handler_row(prefix=prefix)], [])["m"].base_path == path


def test_what_is_null_in_the_dictionary_is_empty() -> None:
    found = to_modules([handler_row(page=None, comments=None, source=None)], [])["m"]
    assert (found.items_per_page, found.comments) == (0, "")
    assert found.handlers[("things", "GET")].source == ""


def test_a_privilege_gathers_its_patterns_roles_and_modules_sorted() -> None:
    rows = [
        ("a.read", "mark", "pattern", "/x/*"),
        ("a.read", "mark", "pattern", "/x"),
        ("a.read", "mark", "role", "r"),
        ("a.read", "mark", "module", "m"),
        ("bare", None, None, None),
        ("oracle.dbtools.autorest.any", "x", "pattern", "/*"),
    ]
    assert to_privileges(rows) == {
        "a.read": Privilege("a.read", ("/x", "/x/*"), ("r",), "mark", ("m",)),
        "bare": Privilege("bare", (), (), ""),
    }


def test_a_schema_has_one_profile_or_none() -> None:
    assert to_profile([]) is None
    assert to_profile([("i", "a", "k", None)]) == JwtProfile("i", "a", "k", "")


def test_two_profiles_in_one_read_are_read_again() -> None:
    with pytest.raises(Retryable) as caught:
        to_profile([("i", "a", "k", ""), ("j", "a", "k", "")])
    assert caught.value.reason == "OracleBusy"


CONNECTION = Connection.model_validate({"host": "127.0.0.1", "port": 1, "serviceName": "X", "protocol": "TCP"})


@pytest.mark.parametrize("secret", [{}, {"username": "op"}, {"username": "op", "password": ""}, {"password": "x"}])
def test_a_secret_without_username_or_password_is_named(secret: dict[str, str]) -> None:
    with pytest.raises(Terminal) as caught:
        open_database(CONNECTION, secret)
    assert caught.value.reason == "CredentialsMissing"
    assert "has no key" in caught.value.message


def test_a_database_is_not_connected_to_before_it_is_asked() -> None:
    database = open_database(CONNECTION, {"username": "op", "password": "canary-password"})
    with pytest.raises(Retryable) as caught:
        database.facts()
    assert caught.value.reason == "DatabaseUnreachable"
    assert "canary" not in str(caught.value)
    database.close()
