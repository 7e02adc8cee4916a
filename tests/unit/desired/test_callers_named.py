"""By which names callers are bound, and whom a subject of a binding stands for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from oracleapi.desired.callers import caller_of, guard_name, names_of, token_of
from oracleapi.model.line import Caller, LineApi, LineRoute, Nobody, Signature, Subject, SubjectKind, Token

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = "123456789012"
LIST, PAY = LineRoute("list", "JWT", "hr.read"), LineRoute("pay", "IAM")
API = LineApi((LIST, PAY), ACCOUNT, "iss", "aud")
USER = f"arn:aws:iam::{ACCOUNT}:user/finance/ann"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Payroll/s-1"
LONG, LONGEST = "ä" * 200 + "b", "ä" * 200


# Tokens


def test_a_token_says_who_made_it_for_whom_and_whom_it_is_of() -> None:
    found = token_of({"iss": "https://idp.example.com", "aud": "hr api", "sub": "alice"}, NOW)
    assert found == Token("https://idp.example.com", frozenset({"hr api"}), "alice", "alice")


@pytest.mark.parametrize("claims", [{}, {"iss": "", "sub": ""}, {"iss": 7, "sub": ["alice"]}])
def test_a_token_that_says_neither_is_of_nobody(claims: dict[str, Any]) -> None:
    found = token_of(claims, NOW)
    assert (found.issuer, found.subject, found.name, found.fault) == ("", "", None, None)


@pytest.mark.parametrize(
    ("expiry", "fault"),
    [
        (NOW.timestamp() - 1, "TokenExpired"),
        (int(NOW.timestamp()), "TokenExpired"),
        (NOW.timestamp() + 0.5, None),
        (str(int(NOW.timestamp())), None),
    ],
)
def test_a_token_ends_with_the_second_that_it_names(expiry: Any, fault: str | None) -> None:
    assert token_of({"exp": expiry}, NOW).fault == fault


def test_a_tokens_scopes_are_those_of_both_claims() -> None:
    assert token_of({"scope": "a b", "scp": "b c"}, NOW).scopes == {"a", "b", "c"}


# Names


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("IamRole", f"arn:aws:iam::{ACCOUNT}:role/Payroll", f"{ACCOUNT}/Payroll"),
        ("IamRole", f"arn:aws-cn:iam::{ACCOUNT}:role/finance/eu/Payroll", f"{ACCOUNT}/Payroll"),
        ("IamRole", f"arn:aws:iam::{ACCOUNT}:role/Payroll/", f"arn:aws:iam::{ACCOUNT}:role/Payroll/"),
        ("IamUser", f"arn:aws:iam::{ACCOUNT}:role/Payroll", f"arn:aws:iam::{ACCOUNT}:role/Payroll"),
        ("Group", "a/b", "a/b"),
    ],
)
def test_the_guard_knows_a_role_by_account_and_name_and_others_as_they_are(
    kind: SubjectKind, name: str, expected: str
) -> None:
    assert guard_name(kind, name) == expected


@pytest.mark.parametrize(
    ("caller", "names"),
    [
        (
            Token("iss", frozenset(), "1", "alice", frozenset({"x", "y"}), frozenset({"a"})),
            {"User": {"alice"}, "Group": {"x", "y"}, "Scope": {"a"}},
        ),
        (Token("iss", frozenset(), "1", None), {"User": set(), "Group": set(), "Scope": set()}),
        (
            Token("iss", frozenset(), "1", LONG, frozenset({LONG, LONGEST}), frozenset({LONG, LONGEST})),
            {"User": set(), "Group": {LONGEST}, "Scope": {LONGEST}},
        ),
        (Signature(SESSION), {"IamRole": {f"{ACCOUNT}/Payroll"}}),
        (Signature(f"arn:aws-us-gov:sts::{ACCOUNT}:assumed-role/Payroll/a/b"), {"IamRole": {f"{ACCOUNT}/Payroll"}}),
        (Signature(USER), {"IamUser": {USER}}),
        (Signature(f"arn:aws:sts::{ACCOUNT}:assumed-role/Payroll"), {"IamUser": {SESSION.removesuffix("/s-1")}}),
        (Nobody(), {}),
    ],
)
def test_a_caller_can_be_bound_by_the_names_that_it_comes_with(caller: Caller, names: dict[str, set[str]]) -> None:
    assert names_of(caller) == names


# Subjects


@pytest.mark.parametrize(
    ("subject", "user", "groups", "scopes"),
    [
        (Subject("User", "alice"), "alice", set(), {"hr.read"}),
        (Subject("Group", "x"), "somebody with Group x", {"x"}, {"hr.read"}),
        (Subject("Scope", "hr.write"), "somebody with Scope hr.write", set(), {"hr.write"}),
    ],
)
def test_a_subject_stands_for_a_client_that_does_everything_else_right(
    subject: Subject, user: str, groups: set[str], scopes: set[str]
) -> None:
    expected = Token("iss", frozenset({"aud"}), user, user, frozenset(groups), frozenset(scopes))
    assert caller_of(subject, API, LIST) == expected


def test_where_the_route_has_no_scope_none_is_asked_for() -> None:
    assert caller_of(Subject("User", "alice"), API, PAY).scopes == frozenset()  # type: ignore[union-attr]


def test_where_the_api_takes_any_token_the_client_s_says_nothing() -> None:
    assert caller_of(Subject("User", "alice"), LineApi((LIST,)), LIST) == Token(
        "", frozenset({""}), "alice", "alice", scopes=frozenset({"hr.read"})
    )


ROLE_ARN = f"arn:aws-cn:iam::{ACCOUNT}:role/finance/Payroll"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (Subject("Anonymous", "*"), Nobody()),
        (Subject("IamUser", USER), Signature(USER)),
        (Subject("IamUser", ROLE_ARN), Signature(ROLE_ARN)),
        (Subject("IamRole", ROLE_ARN), Signature(f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/Payroll/any")),
        (Subject("IamRole", "Payroll"), Signature("Payroll")),
    ],
)
def test_who_signs_stands_for_itself_or_for_a_session_of_the_role(subject: Subject, expected: Caller) -> None:
    assert caller_of(subject, API, PAY) == expected


def test_whom_iam_denies_a_route_must_not_invoke_that_one_alone() -> None:
    denied = LineApi((LIST, PAY), ACCOUNT, uninvokable=frozenset({(USER, "pay"), (ROLE_ARN, "list")}))
    found = [caller_of(Subject("IamUser", USER), denied, route) for route in (PAY, LIST)]
    assert found == [Signature(USER, may_invoke=False), Signature(USER)]
    assert caller_of(Subject("IamRole", ROLE_ARN), denied, LIST) == Signature(
        f"arn:aws-cn:sts::{ACCOUNT}:assumed-role/Payroll/any", may_invoke=False
    )
