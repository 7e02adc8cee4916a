"""What passwords are made like; 300 are looked at, so that what may happen has happened."""

import string

import pytest

from oracleapi.desired.password import make_password

CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "_-.")


def made(length: int = 15) -> list[str]:
    return [make_password(length) for _ in range(300)]


def count(password: str, letters: str) -> int:
    return sum(each in letters for each in password)


@pytest.mark.parametrize("length", [15, 30])
def test_a_password_is_as_long_as_asked_for(length: int) -> None:
    assert {len(each) for each in made(length)} == {length}


def test_it_begins_with_a_letter_of_either_case() -> None:
    firsts = "".join(each[0] for each in made())
    assert firsts.isalpha()
    assert count(firsts, string.ascii_uppercase)
    assert count(firsts, string.ascii_lowercase)


def test_it_holds_letters_digits_and_three_others_only() -> None:
    assert set("".join(made())) == set("".join(CLASSES))


@pytest.mark.parametrize("letters", CLASSES)
def test_after_the_first_letter_it_has_two_of_each_class_at_least_and_more_by_chance(letters: str) -> None:
    found = [count(each[1:], letters) for each in made()]
    assert min(found) == 2
    assert max(found) > 2


@pytest.mark.parametrize("letters", CLASSES)
def test_any_place_but_the_first_may_hold_any_class(letters: str) -> None:
    rests = [each[1:] for each in made()]
    assert all(any(rest[place] in letters for rest in rests) for place in range(14))


@pytest.mark.parametrize("refused", [1, 2])
def test_where_one_was_refused_the_next_have_no_other_than_the_underscore(refused: int) -> None:
    found = [make_password(15, refused) for _ in range(300)]
    assert set("".join(found)) == {*string.ascii_letters, *string.digits, "_"}
    assert min(count(each, "_") for each in found) == 2
