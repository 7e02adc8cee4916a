"""What passwords are made of."""

import re

import pytest

from oracleapi.desired.password import make_password

SHAPES = {0: r"[A-Za-z][A-Za-z0-9_.-]*", 1: r"[A-Za-z][A-Za-z0-9_]*", 2: r"[A-Za-z][A-Za-z0-9_]*"}


@pytest.mark.parametrize("length", [15, 30])
@pytest.mark.parametrize("refused", SHAPES)
def test_a_password_has_two_of_each_class_and_begins_with_a_letter(length: int, refused: int) -> None:
    for _ in range(200):
        found = make_password(length, refused)
        assert len(found) == length
        assert re.fullmatch(SHAPES[refused], found)
        for each in ("[A-Z]", "[a-z]", "[0-9]", "[_.-]"):
            assert len(re.findall(each, found)) >= 2
