"""Tokens at their edges: what is one, whose it is, and which names it holds. Most were found by a mutant that lived."""

# ruff: noqa: S608 - texts are made of names and values that the tests chose

from typing import Any

import oracledb
import pytest

from support.guard_requests import Change, Pool, Request, bind, faults, seen, token

ALICE: dict[str, Any] = {"sub": "alice"}


@pytest.mark.parametrize("sub", ["a", "ab", "abc", "abcd", "~~~???~~~", "öäü>>>???", "x" * 300])
def test_payloads_of_every_length_and_letter_are_read(pool: Pool, dba: oracledb.Cursor, sub: str) -> None:
    bind(dba, "User", sub)
    assert pool.ask(Request(claims={"sub": sub})).roles == {"HR_READER"}


@pytest.mark.parametrize(
    ("authorization", "allowed"),
    [
        ("bearer {}", True),
        ("Bearer {}.more", False),
        ("Basic {}", False),
        ("Bearer: {}", False),
        ("Bearer a.b", False),
        ("Bearer a", False),
        (".{}", False),
    ],
)
def test_only_a_bearer_token_of_three_parts_is_one(
    pool: Pool, dba: oracledb.Cursor, authorization: str, allowed: bool
) -> None:
    bind(dba, "User", "alice")
    header = ("Authorization", authorization.format(token(ALICE)))
    assert pool.ask(Request(claims=ALICE, without="Authorization", last=[header])).allowed is allowed
    assert faults(dba) == ([] if allowed else [("NoToken", None)])


def test_without_a_header_there_is_no_token(pool: Pool, dba: oracledb.Cursor) -> None:
    assert not pool.ask(Request(last=[("REMOTE_IDENT", "alice")])).allowed
    assert faults(dba) == [("NoToken", None)]


def test_whose_token_it_is_must_be_who_ords_says(pool: Pool, dba: oracledb.Cursor) -> None:
    bind(dba, "User", "alice")
    assert not pool.ask(Request(claims=ALICE, ident="bob")).allowed
    assert not pool.ask(Request(claims={"sub": None}, ident="alice")).allowed
    assert not pool.ask(Request(claims=ALICE, ident="")).allowed
    assert faults(dba) == [("OtherSubject", None)] * 3


def test_the_subject_may_be_another_claim_s(pool: Pool, dba: oracledb.Cursor, change: Change) -> None:
    change("update oracleapi.api set subject_claim = 'email'", "update oracleapi.api set subject_claim = 'sub'")
    bind(dba, "User", "a@b")
    answer = pool.ask(Request(claims={"sub": "1", "email": "a@b"}))
    assert (*seen(answer), answer.identifier) == (True, {"HR_READER"}, "req-1|a@b")
    assert not pool.ask(Request(claims={"sub": "a@b", "email": "c@d"})).allowed


@pytest.mark.parametrize("claim", ["email", "/profile/email", "/email/x"])
def test_who_has_no_name_in_the_token_may_come_by_another_one(
    pool: Pool, dba: oracledb.Cursor, change: Change, claim: str
) -> None:
    change(f"update oracleapi.api set subject_claim = '{claim}'", "update oracleapi.api set subject_claim = 'sub'")
    bind(dba, "Group", "x")
    answer = pool.ask(Request(claims={"sub": "1", "groups": ["x"]}))
    assert (*seen(answer), answer.identifier) == (True, {"HR_READER"}, "req-1|Anonymous")


@pytest.mark.parametrize(
    ("pointer", "claims"),
    [("/a~0b/c", {"a~b": {"c": "x"}}), ("/a~1b/c", {"a/b": {"c": "x"}}), ("/a~01b/c", {"a~1b": {"c": "x"}})],
)
def test_tildes_and_slashes_in_a_pointer_are_quoted(
    pool: Pool, dba: oracledb.Cursor, pointer: str, claims: dict[str, Any]
) -> None:
    dba.execute("update oracleapi.api set groups_claim = :p", p=pointer)
    bind(dba, "Group", "x")
    assert pool.ask(Request(claims={**ALICE, **claims})).roles == {"HR_READER"}


@pytest.mark.parametrize("value", ["text", ["b"], {"b": "text"}, {"b": ["c"]}, {"b": {}}, None])
def test_a_pointer_that_leads_nowhere_harms_no_other_name(pool: Pool, dba: oracledb.Cursor, value: Any) -> None:
    dba.execute("update oracleapi.api set groups_claim = '/a/b/c/d'")
    bind(dba, "User", "alice")
    assert pool.ask(Request(claims={**ALICE, "a": value})).roles == {"HR_READER"}
    assert faults(dba) == []


@pytest.mark.parametrize(
    "claims",
    [
        {"hasgroups": True, "groups": []},
        {"hasgroups": False},
        {"hasgroups": "true"},
        {"_claim_names": "groups"},
        {"_claim_names": ["groups"]},
        {"_claim_names": {"roles": "src1"}},
    ],
)
def test_what_says_of_no_groups_that_they_are_elsewhere_is_no_overage(
    pool: Pool, dba: oracledb.Cursor, claims: dict[str, Any]
) -> None:
    assert not pool.ask(Request(claims={**ALICE, **claims})).allowed
    assert faults(dba) == [("NoBinding", None)]


def test_hasgroups_is_about_groups_alone(pool: Pool, dba: oracledb.Cursor) -> None:
    dba.execute("update oracleapi.api set groups_claim = 'roles'")
    dba.connection.commit()
    assert not pool.ask(Request(claims={**ALICE, "hasgroups": True})).allowed
    assert faults(dba) == [("NoBinding", None)]


@pytest.mark.parametrize("scopes", ["x y", "y", " y", "x  y ", ["x", "y"]])
@pytest.mark.parametrize("claim", ["scope", "scp"])
def test_scopes_are_words_or_a_list_in_either_claim(
    pool: Pool, dba: oracledb.Cursor, claim: str, scopes: str | list[str]
) -> None:
    bind(dba, "Scope", "y")
    assert pool.ask(Request(claims={**ALICE, claim: scopes})).roles == {"HR_READER"}
    assert not pool.ask(Request(claims={**ALICE, claim: "xy y.z"})).allowed


def test_what_is_no_name_among_groups_harms_no_other(pool: Pool, dba: oracledb.Cursor) -> None:
    longest = "g" * 400
    dba.execute("insert into oracleapi.binding values ('b', 'api', '*', 'Group', :g, 'HR_READER', null)", g=longest)
    dba.connection.commit()
    groups = ["", 7, None, ["x"], {"y": 1}, "g" * 401, "ü" * 300, longest]
    assert pool.ask(Request(claims={**ALICE, "groups": groups})).roles == {"HR_READER"}
    assert not pool.ask(Request(claims={**ALICE, "groups": groups[:-1]})).allowed
