"""What the cluster answers, and what is said where it does not: one line, and the cure."""

import pathlib
import stat
import sys

import pytest

from support import cli_world as w


def test_kubectl_is_asked_as_the_user_would_ask_it(run: w.Run) -> None:
    kubectl = w.FakeKubectl(w.good_world())
    assert run(kubectl, "check", "--kubeconfig", "/k", "--context", "c", "-n", "hr")[0] == 0
    assert all(call[-2:] == ["--kubeconfig=/k", "--context=c"] for call in kubectl.calls)
    assert [call[:1] for call in kubectl.calls] == [["api-resources"], ["get"]]
    assert "--namespace=hr" in kubectl.calls[1]


def test_all_namespaces_and_one_exclude_each_other(run: w.Run) -> None:
    code, _, errors = run(w.good_world(), "tree", "-A", "-n", "hr")
    assert code == 2
    assert "exclude each other" in errors


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('error: context "x" does not exist\n', 'context "x" does not exist; see kubectl config get-contexts'),
        (
            "Unable to connect to the server: dial tcp: lookup x: no such host\n",
            "no such host (--kubeconfig, --context)",
        ),
        (
            "error: exec: executable aws not found\n\nIt looks like you need a plugin\n",
            "exec: executable aws not found",
        ),
        ("error: You must be logged in to the server (Unauthorized)\n", "You must be logged in"),
        ("", "kubectl failed and said nothing"),
    ],
)
def test_whatever_kubectl_refuses_is_one_line(run: w.Run, said: str, told: str) -> None:
    kubectl = w.FakeKubectl([])
    kubectl.failure = said
    code, out, errors = run(kubectl, "tree")
    assert (code, out, errors.count("\n")) == (3, "", 1)
    assert told in errors
    assert errors.startswith("error: ")


def test_a_user_who_may_list_some_kinds_sees_these_and_is_told_of_the_others(run: w.Run) -> None:
    denied = ("awsaccounts", "identityproviders", "oracledatabases", "vpclinks")
    code, out, _ = run(w.FakeKubectl(w.good_world(), denied), "tree")
    assert code == 0
    assert "OracleApi hr/hr" in out
    assert "you may not list" in out
    assert "oracledatabases" in out
    code, out, _ = run(w.FakeKubectl(w.good_world(), denied), "explain", "hr", "--as", "user:alice")
    assert (code, out.count("✔ HR_READER")) == (0, 3)
    code, out, _ = run(w.FakeKubectl([], denied), "tree")
    assert (code, "nothing here" in out, "you may not list" in out) == (0, True, True)


def test_a_user_who_may_list_nothing_is_told_whom_to_ask(run: w.Run) -> None:
    code, out, errors = run(w.FakeKubectl(w.good_world(), w.PLURALS.values()), "tree")
    assert (code, out, errors.count("\n")) == (3, "", 1)
    assert "-viewer" in errors


def test_a_cluster_without_our_kinds_is_told_from_an_empty_one(run: w.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing here" in run([], "tree")[1]
    monkeypatch.setattr(w, "PLURALS", {})
    code, _, errors = run([], "tree")
    assert (code, "install the chart" in errors) == (3, True)


def test_a_missing_or_broken_kubectl_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    from oracleapi.cli import main

    broken = tmp_path / "kubectl"
    broken.write_text("no program")
    broken.chmod(broken.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["kubectl-oracleapi", "tree"])
    for named, told in (("", "not on PATH"), (str(tmp_path / "none"), "cannot be run"), (str(broken), "cannot be run")):
        monkeypatch.setenv("KUBECTL", named)
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert (ended.value.code, told in capsys.readouterr().err) == (3, True)


def test_an_edit_that_the_operator_has_not_seen_is_not_ready(run: w.Run) -> None:
    edited = w.api()
    edited["metadata"]["generation"] = 2
    code, out, _ = run([*w.good_world()[:4], edited], "check")
    assert (code, "has not looked at the last edit yet" in out) == (1, True)


def test_what_may_come_next_is_told_to_the_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from oracleapi.cli import main

    monkeypatch.setattr("sys.argv", ["kubectl_complete-oracleapi", "ex"])
    for name in ("_KUBECTL_ORACLEAPI_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
        monkeypatch.setenv(name, "")
    with pytest.raises(SystemExit):
        main.complete()
    assert capsys.readouterr().out.split() == ["explain"]


def test_without_its_libraries_the_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the operator's image, which has no use for them."""
    from oracleapi.cli import __main__ as program

    monkeypatch.setitem(sys.modules, "typer", None)
    for name in [name for name in sys.modules if name.startswith("oracleapi.cli.") and not name.endswith("__main__")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("oracleapi.cli.main")
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert "pip install 'oracle-api-operator[cli]'" in str(ended.value.code)
