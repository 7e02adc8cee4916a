"""What a person sees, at 80 and 120 columns: each screen was looked at, and stays so."""

import pathlib
from typing import Any

import pytest

from support import cli_world as w

GOLDEN = pathlib.Path(__file__).parent / "golden"
PLAN: dict[str, Any] = {
    "hash": "3f9a1c2b",
    "summary": "1 update, 1 delete; 3 AWS calls",
    "actions": [
        {"on": "aws", "verb": "update", "object": "route GET /hr/v1/employees", "destructive": False, "calls": 1},
        {"on": "aws", "verb": "delete", "object": "route GET /hr/v1/old", "destructive": True, "calls": 2},
    ],
    "truncated": 3,
}


def waiting_api() -> w.Object:
    found = w.api(w.condition("Ready", "False", "PlanWaiting", "a plan waits"), mode="Approve")
    found["status"]["plan"] = PLAN
    return found


def broken_world() -> list[w.Object]:
    """Return a world where every command has something to tell."""
    mismatch = {"link": "OracleRole", "fault": "RoleNotGranted", "wouldSee": "555 ORA-00942"}
    faulty = w.condition("Ready", "False", "Mismatches", "OracleRole: RoleNotGranted for every caller")
    states = {"create-employee": "Refused", "pay": "Withdrawn"}
    return [
        *w.good_world()[:4],
        w.api(
            w.condition("Ready", "False", "RoutesRefused", "route create-employee: parameter x is in Path"),
            w.condition("Guarded"),
            w.condition("Protected", "False", "Unprotected", "ORDS lets callers without a token into oa-x"),
            states=states,
        ),
        w.role("hr-reader", missing=["SELECT ON HR.JOBS"]),
        w.role("hr-payer", w.condition("Ready", "Unknown", "DatabaseUnreachable", "ORA-12541: no listener")),
        w.binding("readers", "hr-reader", {"hr-readers": "Group"}),
        w.binding(
            "writers",
            "hr-payer",
            {"hr.write": "Scope"},
            faulty,
            w.condition("Bound"),
            status={"mismatches": [mismatch]},
        ),
        w.binding(
            "guests",
            "hr-reader",
            {"*": "Anonymous"},
            w.condition("Ready"),
            w.condition("Bound", "False", "Expired", "Its time is over"),
            w.condition("Expired", "True", "Expired", "It ends at 2020-01-01T00:00:00Z"),
            expirationTime="2020-01-01T00:00:00Z",
        ),
        w.rotation(
            w.condition("Ready", "False", "WaitingForConsumers", "the new password is in place; Deployment app waits"),
            w.condition("Fresh", "False", "Overdue", "The rotation that was due did not come about; see Ready"),
            w.condition("Verified"),
        ),
    ]


SCREENS: dict[str, tuple[list[w.Object], list[str], int]] = {
    "tree": (w.good_world(), ["tree"], 0),
    "tree-broken": (broken_world(), ["tree"], 0),
    "check": (w.good_world(), ["check"], 0),
    "check-broken": (broken_world(), ["check"], 1),
    "explain": (w.good_world(), ["explain", "hr"], 0),
    "explain-broken": (broken_world(), ["explain", "hr"], 0),
    "explain-as": (w.good_world(), ["explain", "hr", "--as", "group:hr-readers"], 0),
    "explain-arrives": (w.good_world(), ["explain", "hr", "--as", "User:alice", "--route", "list-employees"], 0),
    "explain-refused": (w.good_world(), ["explain", "hr", "--as", "user:eve", "--route", "list-employees"], 0),
    "explain-half": (broken_world(), ["explain", "hr", "--as", "group:hr-readers", "--route", "get-employee"], 0),
    "plan": ([*w.good_world()[:4], waiting_api()], ["plan"], 0),
    "plan-nothing": (w.good_world(), ["plan", "oapi/hr"], 0),
}


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_as_it_was_when_somebody_looked_at_it(run: w.Run, name: str, columns: int) -> None:
    objects, arguments, expected = SCREENS[name]
    code, out, errors = run(objects, *arguments, columns=columns)
    assert (code, errors) == (expected, "")
    assert all(len(line) <= columns for line in out.splitlines() if not line.startswith("kubectl "))
    w.check_golden(GOLDEN / f"{name}-{columns}.txt", out)


def test_a_terminal_gets_colours_and_a_pipe_or_no_color_does_not(run: w.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in run(w.good_world(), "tree")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[32m" in run(w.good_world(), "tree")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in run(w.good_world(), "tree")[1]


def test_texts_of_the_cluster_move_no_cursor(run: w.Run) -> None:
    evil = w.api(w.condition("Ready", "False", "Conflict", "x\x1b[2J[bold]y\r\nz"))
    for command in (["tree"], ["check"]):
        out = run([*w.good_world()[:4], evil], *command)[1]
        assert "\x1b" not in out
        assert "[bold]y" in out
