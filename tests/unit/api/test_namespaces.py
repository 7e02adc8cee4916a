"""Who may use an offer: label selectors mean what they mean in Kubernetes, and nothing is allowed by default."""

from typing import Any

import pytest

from oracleapi.api.common import Namespaces, most_careful

NAME = "kubernetes.io/metadata.name"


def selecting(**selector: Any) -> Namespaces:
    return Namespaces.model_validate({"selector": selector})


def asking(key: str, operator: str, *values: str) -> Namespaces:
    return selecting(matchExpressions=[{"key": key, "operator": operator, "values": list(values)}])


@pytest.mark.parametrize(
    ("allowed", "labels", "answer"),
    [
        (asking("team", "In", "hr", "sales"), {"team": "hr"}, True),
        (asking("team", "In", "hr", "sales"), {"team": "it"}, False),
        (asking("team", "In", "hr"), {}, False),
        (asking("team", "In", ""), {}, False),
        (asking("team", "In", ""), {"team": ""}, True),
        (asking("team", "NotIn", "hr"), {"team": "it"}, True),
        (asking("team", "NotIn", "hr"), {"team": "hr"}, False),
        (asking("team", "NotIn", "hr"), {}, True),
        (asking("team", "Exists"), {"team": ""}, True),
        (asking("team", "Exists"), {"teams": "hr"}, False),
        (asking("team", "DoesNotExist"), {}, True),
        (asking("team", "DoesNotExist"), {"team": ""}, False),
        (selecting(matchLabels={"team": "hr"}), {"team": "hr", "more": "x"}, True),
        (selecting(matchLabels={"team": "hr"}), {"team": "HR"}, False),
        (selecting(matchLabels={"team": "hr"}), {}, False),
        (selecting(matchLabels={"team": "hr", "stage": "prod"}), {"team": "hr"}, False),
    ],
    ids=str,
)
def test_a_selector_means_what_it_means_in_kubernetes(
    allowed: Namespaces, labels: dict[str, str], answer: bool
) -> None:
    assert allowed.allows("ns", labels) is answer


def test_labels_and_expressions_must_all_hold() -> None:
    both = selecting(matchLabels={"team": "hr"}, matchExpressions=[{"key": "dev", "operator": "DoesNotExist"}])
    assert both.allows("ns", {"team": "hr"})
    assert not both.allows("ns", {"team": "hr", "dev": ""})
    assert not both.allows("ns", {})


def test_nothing_is_allowed_by_default() -> None:
    for nobody in (Namespaces(), selecting(), selecting(matchLabels={}, matchExpressions=[])):
        assert not nobody.allows("ns", {"team": "hr"})
        assert not nobody.allows("", {})


def test_a_name_is_enough_and_is_no_pattern() -> None:
    named = Namespaces.model_validate({"names": ["hr"], "selector": {"matchLabels": {"team": "it"}}})
    assert named.allows("hr", {})
    assert named.allows("other", {"team": "it"})
    assert not named.allows("hr-2", {"team": "hr"})


def test_a_label_on_the_namespace_cannot_stand_for_another_name() -> None:
    """Its author may write ``team``, but the API server writes the name's label."""
    named = selecting(matchLabels={NAME: "hr"})
    assert not named.allows("sales", {NAME: "sales", "name": "hr", "metadata.name": "hr"})


@pytest.mark.parametrize(
    ("modes", "answer"),
    [
        ((), "Enforce"),
        ((None, None), "Enforce"),
        (("Enforce", "Approve"), "Approve"),
        (("Report", None, "Approve"), "Report"),
        (("Approve", "Enforce"), "Approve"),
    ],
)
def test_the_most_careful_mode_wins(modes: tuple[Any, ...], answer: str) -> None:
    assert most_careful(*modes) == answer
