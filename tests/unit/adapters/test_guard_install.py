"""The guard's statements: versions that can stand in for each other, and packages that a switch costs nothing."""

import re
from importlib.resources import files

import pytest

from oracleapi.adapters.oracle.guard_install import VERSION, removal_statements, texts, upgrade_statements
from support.guard_versions import offer_second_version

VERSIONS = sorted(
    found.name.split(".")[0].removeprefix("decision_")
    for found in (files("oracleapi") / "sql").iterdir()
    if found.name.startswith("decision_") and found.name.endswith(".pkb.sql")
)


def specification(version: str) -> str:
    (text,) = texts(f"decision_{version}.pks.sql")
    return text.replace(f"decision_{version}", "decision")


def test_all_versions_have_one_specification() -> None:
    assert VERSION in VERSIONS
    assert {specification(version) for version in VERSIONS} == {specification(VERSION)}


@pytest.mark.parametrize("name", ["guard", *(f"decision_{version}" for version in VERSIONS)])
def test_a_package_that_a_switch_compiles_holds_nothing_for_a_session(name: str) -> None:
    """Sessions would lose it, and callers would meet ORA-04068."""
    for part in ("pks", "pkb"):
        (text,) = texts(f"{name}.{part}.sql")
        begins = set(re.findall(r"(?m)^  (\w+)", text))
        assert begins <= {"FUNCTION", "PROCEDURE", "TYPE", "PRAGMA", "IS", "BEGIN", "END", "EXCEPTION", "e_refused"}


def test_the_synonym_moves_only_after_the_new_version_has_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    offer_second_version(monkeypatch)
    heads = [statement.partition("\n")[0] for statement in upgrade_statements("v1", "v2")]
    assert [head.partition(" AUTHID")[0] for head in heads] == [
        "CREATE OR REPLACE PACKAGE oracleapi.decision_v2",
        "CREATE OR REPLACE PACKAGE BODY oracleapi.decision_v2 AS",
        "DECLARE",
        "DECLARE",
        "CREATE OR REPLACE SYNONYM oracleapi.decision FOR oracleapi.decision_v2",
        "UPDATE oracleapi.setting SET value = 'v2' WHERE name = 'version'",
        "COMMIT",
    ]


@pytest.mark.parametrize(
    ("before", "after"), [("v1", "v1"), ("v1", "v2'; drop"), ("x", "v2"), ("v1", ""), ("V1", "v2")]
)
def test_what_is_no_other_version_is_refused(before: str, after: str) -> None:
    with pytest.raises(ValueError, match="version"):
        upgrade_statements(before, after)


def test_only_versions_are_dropped() -> None:
    with pytest.raises(ValueError, match="no version"):
        removal_statements("guard")
