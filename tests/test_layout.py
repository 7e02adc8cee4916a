"""The folder ``operator/`` never hides the standard library, and rooms import only rooms below them."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "operator"
(PACKAGE,) = (found.parent for found in FOLDER.glob("*/__init__.py"))


def test_operator_folder_holds_no_python_file_of_its_own() -> None:
    assert list(FOLDER.glob("*.py")) == []
    assert not (ROOT / "tests" / "operator").exists()


def test_stdlib_operator_is_found_from_the_repository_root() -> None:
    code = "import operator; operator.itemgetter; print(operator.__file__)"
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert not pathlib.Path(out.stdout.strip()).is_relative_to(ROOT)


def test_no_room_or_module_carries_a_stdlib_name() -> None:
    names = {PACKAGE.name, *(found.stem for found in PACKAGE.rglob("*.py"))} - {"__init__", "__main__"}
    assert names.isdisjoint(sys.stdlib_module_names)


def test_rooms_import_only_rooms_below_them() -> None:
    command = [str(pathlib.Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert out.returncode == 0, out.stdout


def test_no_file_names_a_package_registry_or_a_machine_path() -> None:
    dot = "[.]"
    words = [f"pypi{dot}org", f"pythonhosted{dot}org", f"npmjs{dot}org", f"proxy{dot}golang{dot}org"]
    words += [f"repo1?{dot}maven", f"deb{dot}debian{dot}org"]
    out = subprocess.run(["git", "grep", "-nIE", "|".join(words), "--", "."], cwd=ROOT, capture_output=True, text=True)
    assert out.stdout == ""
