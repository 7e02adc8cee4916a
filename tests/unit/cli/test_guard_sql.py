"""What a DBA is shown is what would be run, and no password is printed."""

import re

import pytest

from oracleapi.adapters.oracle.accounts import READABLE, READABLE_23
from oracleapi.adapters.oracle.guard_install import install_statements
from oracleapi.cli.accounts import RIGHTS, account_statements
from oracleapi.cli.errors import CliError
from oracleapi.cli.guard_sql import headline, script, statements_of
from support import cli_world as w
from support.parts import ROOT


def statements(text: str) -> set[str]:
    """Return the statements of SQL in a page or script, in one spelling."""
    found = re.findall(r"(?im)^(create user|grant) ([^;]*);", text)
    return {re.sub(r"\s+", " ", " ".join(each).replace('"', "")).lower() for each in found}


def rotation_part(page: str) -> str:
    """Return what only a SecretRotation needs of the page about the database."""
    found = re.search(r"(?s)\n## Accounts that SecretRotation changes\n.*?(?=\n## )", page)
    assert found is not None
    return found[0]


def test_the_script_holds_every_statement_of_the_installer(run: w.Run) -> None:
    code, out, errors = run([], "sql", "show", "all", "--check-account", "CHECKER")
    assert (code, errors) == (0, "")
    for statement in install_statements("ORACLEAPI_OPERATOR", "CHECKER"):
        end = "\n/\n" if statement.startswith("CREATE OR REPLACE") else ";\n"
        assert f"{statement}{end}" in out
    assert 'IDENTIFIED BY "&operator_password";' in out


def test_the_guard_alone_says_nothing_of_the_account(run: w.Run) -> None:
    assert "ORDS_ADMINISTRATOR_ROLE" not in run([], "sql", "show")[1]
    assert "PACKAGE" not in run([], "sql", "show", "account")[1]


def test_the_account_has_exactly_the_rights_that_the_docs_list() -> None:
    shown = statements(script(account_statements("ORACLEAPI_OPERATOR", "&operator_password"), "ORACLEAPI_OPERATOR"))
    pages = [(ROOT / "docs" / name).read_text() for name in ("database.md", "roles.md", "bindings.md")]
    pages[0] = pages[0].replace(rotation_part(pages[0]), "")
    listed = {found for page in pages for found in statements(page) if "oracleapi_operator" in found}
    assert shown == {found for found in listed if " on oracleapi." not in found and "inherit" not in found}


def test_what_accounts_are_read_by_stands_apart_from_what_everybody_grants() -> None:
    part = rotation_part((ROOT / "docs" / "database.md").read_text())
    listed = {found for found in statements(part) if found.startswith("grant select")}
    needed = {f"grant {right} to oracleapi_operator".lower() for right in READABLE | READABLE_23}
    everybody = {f"grant {right} to oracleapi_operator".lower() for right, _ in RIGHTS}
    assert listed == needed - everybody


def test_a_password_that_would_leave_its_quotes_is_refused_and_none_is_shown() -> None:
    with pytest.raises(CliError, match="double quotes"):
        statements_of("account", "OP", None, "USERS", 'x" account unlock')
    (first, *_) = account_statements("OP", "geheim")
    assert "geheim" in first
    assert headline(first) == 'CREATE USER "OP"'
