"""What both mutators share: a mutant, those that change nothing, the score, and the section of RESULTS.md."""

import pathlib
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

BENCH = pathlib.Path(__file__).resolve().parent
RESULTS = BENCH / "RESULTS.md"
HEADING = "## Mutants"
KILLED, SURVIVED, EQUIVALENT, INVALID = "killed", "survived", "equivalent", "invalid"


@dataclass(frozen=True)
class Mutant:
    """One change of one place.

    Args:
        file: The file's name.
        place: The function that holds it.
        line: Where, for people; not part of the key, for it moves.
        before: What stands there.
        after: What stands there instead.
        nth: The how manieth of the same text in the same function, from 1.
    """

    file: str
    place: str
    line: int
    before: str
    after: str
    nth: int = 1

    @property
    def key(self) -> str:
        """Return what names this mutant as long as its function is not written anew."""
        more = f" #{self.nth}" if self.nth > 1 else ""
        return f"{self.file}:{self.place}: {self.before} -> {self.after}{more}"


def numbered(found: Iterable[Mutant]) -> list[Mutant]:
    """Return *found* with the repetitions counted, so that every key is one mutant."""
    seen: Counter[str] = Counter()
    made = []
    for mutant in found:
        seen[mutant.key] += 1
        made.append(Mutant(mutant.file, mutant.place, mutant.line, mutant.before, mutant.after, seen[mutant.key]))
    return made


def measured(made: int, ran: int) -> str:
    """Return the sentence that says how many of the mutants a run took."""
    return f"{ran} of {made} mutants were run" if ran < made else f"All {made} mutants were made"


def equivalents() -> dict[str, str]:
    """Return why a mutant changes nothing that anybody could meet, by its key."""
    listed = tomllib.loads((BENCH / "equivalent_mutants.toml").read_text())["mutant"]
    return {entry["key"]: entry["reason"] for entry in listed}


def verdict(mutant: Mutant, killed: bool) -> str:
    """Return the verdict of a mutant that ran; one that tests kill is no equivalent, listed or not."""
    if killed:
        return KILLED
    return EQUIVALENT if mutant.key in equivalents() else SURVIVED


def unknown(mutants: Iterable[Mutant], files: Iterable[str]) -> list[str]:
    """Return the keys of *files* in the list of equivalents that are no mutant's: their code was written anew."""
    keys, names = {mutant.key for mutant in mutants}, tuple(f"{name}:" for name in files)
    return sorted(key for key in equivalents() if key.startswith(names) and key not in keys)


def table(verdicts: dict[Mutant, str]) -> list[str]:
    """Return the score of each file as rows; mutants that do not compile count nowhere."""
    rows = ["| file | mutants | killed | equivalent | survived |", "|---|---|---|---|---|"]
    files = sorted({mutant.file for mutant in verdicts})
    for name in [*files, "all"]:
        counts = Counter(found for mutant, found in verdicts.items() if name in ("all", mutant.file))
        ran = counts.total() - counts[INVALID]
        rows.append(f"| {name} | {ran} | {counts[KILLED]} | {counts[EQUIVALENT]} | {counts[SURVIVED]} |")
    return rows


def survivors(verdicts: dict[Mutant, str]) -> list[str]:
    return [f"{mutant.line}: {mutant.key}" for mutant, found in verdicts.items() if found == SURVIVED]


def kept_section(path: pathlib.Path = RESULTS) -> str:
    """Return the section about mutants that *path* holds, to be written again by whoever writes the file anew."""
    _, found, rest = path.read_text().partition(f"\n{HEADING}\n") if path.exists() else ("", "", "")
    return f"\n{HEADING}\n{rest}" if found else ""


def write_section(lines: list[str], path: pathlib.Path = RESULTS) -> None:
    """Put the section at the end of *path*, in the place of the one before."""
    before = path.read_text().removesuffix(kept_section(path)).rstrip("\n")
    path.write_text("\n".join([before, "", HEADING, "", *lines, ""]))
