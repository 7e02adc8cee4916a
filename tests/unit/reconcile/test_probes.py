"""What ORDS's own answers say about a group's protection and about path tricks."""

import pytest

from oracleapi.desired.groups import Group, groups_of
from oracleapi.errors import Retryable
from oracleapi.ports import Answer
from oracleapi.reconcile.probes import TRICKS, find_path_trick, probe_groups
from support import make

READ = make.route("list", path="/things/{id}")
API = make.resolved(READ, make.route("open", path="/open/{x}", auth="Public"))
GROUPS = groups_of(API.spec, API.spec.routes)
PROTECTED = next(group for group in GROUPS if group.scope)


class Answers:
    """ORDS as a function of the URL."""

    def __init__(self, **answers: int) -> None:
        self.default, self.answers, self.urls = answers.pop("default", 404), answers, list[str]()

    def ask(self, url: str) -> Answer:
        self.urls.append(url)
        return Answer(next((status for part, status in self.answers.items() if part in url), self.default), None, b"")


@pytest.mark.parametrize(
    ("status", "waiting", "opened"),
    [
        (401, (), ()),
        (404, (PROTECTED.slug,), ()),
        (200, (), ((PROTECTED, 200),)),
        (403, (), ((PROTECTED, 403),)),
        (555, (), ((PROTECTED, 555),)),
        (302, (), ((PROTECTED, 302),)),
    ],
)
def test_only_401_is_protected_and_only_404_is_waited_for(
    status: int, waiting: tuple[str, ...], opened: tuple[tuple[Group, int], ...]
) -> None:
    found = probe_groups(API, Answers(default=status), GROUPS)
    assert (found.waiting, found.open) == (waiting, opened)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_ords_without_connections_proves_nothing(status: int) -> None:
    for probe in (
        lambda: probe_groups(API, Answers(default=status), GROUPS),
        lambda: find_path_trick(API, Answers(default=status)),
    ):
        with pytest.raises(Retryable) as caught:
            probe()
        assert caught.value.reason == "OrdsUnreachable"


def test_public_groups_are_not_asked() -> None:
    answers = Answers(default=401)
    probe_groups(API, answers, GROUPS)
    assert answers.urls == [f"https://ords.internal/ords/hr_api/{PROTECTED.slug}/"]


@pytest.mark.parametrize("status", [400, 404])
def test_tricks_that_stay_what_they_are_do_no_harm(status: int) -> None:
    answers = Answers(default=status)
    assert find_path_trick(API, answers) == ""
    assert len(answers.urls) == len(TRICKS)


@pytest.mark.parametrize("status", [200, 401, 403, 500, 555])
def test_any_other_answer_names_the_trick(status: int) -> None:
    answers = Answers(default=404, **{"..%2f..": status})
    assert find_path_trick(API, answers) == f"ORDS resolves '..%2f..' in a path (status {status})"


def test_a_trick_aims_from_the_public_group_at_a_protected_route() -> None:
    answers = Answers()
    find_path_trick(API, answers)
    for url, trick in zip(answers.urls, TRICKS, strict=True):
        assert url == f"https://ords.internal/ords/hr_api/oa-public/x/{trick}/{PROTECTED.slug}/hr/v1/things/0"
