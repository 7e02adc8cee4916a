"""Password verifiers."""

import pytest

from oracleapi_sandbox.oracle.verifier import make_verifier, matches


@pytest.mark.parametrize(
    ("password", "attempt", "accepted"),
    [
        ("Secret_1", "Secret_1", True),
        ("Secret_1", "secret_1", False),
        ("Secret_1", "", False),
        ("pässwört€", "pässwört€", True),
        ("x" * 1024, "x" * 1024, True),
    ],
)
def test_only_the_password_itself_matches(password: str, attempt: str, accepted: bool) -> None:
    assert matches(make_verifier(password), attempt) is accepted


def test_two_verifiers_of_one_password_share_nothing() -> None:
    first, second = make_verifier("Secret_1"), make_verifier("Secret_1")
    assert first.salt != second.salt
    assert first.key != second.key
