"""Whether a secret is to get another KMS key, by the names of keys alone."""

import pytest

from oracleapi.desired.rotation import other_key

ARN = "arn:aws:kms:eu-west-1:123456789012:"


@pytest.mark.parametrize(
    ("wanted", "found", "first", "afterwards"),
    [
        ("k1", "k1", False, False),
        ("k1", f"{ARN}key/k1", False, False),
        (f"{ARN}key/k1", "k1", False, False),
        ("alias/hr", f"{ARN}alias/hr", False, False),
        ("k1", "k2", True, True),
        ("k1", f"{ARN}key/k2", True, True),
        ("alias/hr", "alias/other", True, True),
        ("alias/hr", f"{ARN}key/k1", True, False),
        ("k1", "alias/hr", True, False),
        ("alias/hr", "", True, True),
        ("k1", "", True, True),
    ],
)
def test_a_key_is_another_one_unless_its_name_or_an_answer_says_not(
    wanted: str, found: str, first: bool, afterwards: bool
) -> None:
    """Asked for once, an alias and a key are taken for one: names tell no more."""
    assert other_key(wanted, found, asked=False) is first
    assert other_key(wanted, found, asked=True) is afterwards
