"""``make mutation``: every mutant of the guard and of the planners against their tests; writes a section of RESULTS.md.

It takes hours with the guard whole, and is no part of ``make test``. A survivor is looked at: it shows a missing
assertion, or it changes nothing, which ``equivalent_mutants.toml`` then explains.
"""

import argparse
import os
import subprocess
import sys

import mutants

PARTS = {"guard": "mutate_guard", "planners": "mutate_planners"}
INTRODUCTION = """\
Made by `make mutation`, which is no part of `make test`: the text is changed in one place, and the tests are to notice.
What changes nothing that anybody could meet is listed with its reason in `bench/equivalent_mutants.toml`."""


def section(part: str, workers: int, every: int) -> list[str]:
    """Return what a part has to say, measured in a process of its own: both run pytest within themselves."""
    code = f"import {PARTS[part]} as part; print('\\n'.join(['', '<<<', *part.section({workers}, {every})]))"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=mutants.BENCH, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return out.partition("\n<<<\n")[2].rstrip("\n").split("\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*PARTS], help="measure one part and print it")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="mutants of the planners at a time")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run one mutant in N")
    arguments = parser.parse_args()
    lines = [*INTRODUCTION.split("\n")]
    for part in PARTS:
        if arguments.only in (None, part):
            lines += ["", *section(part, arguments.workers, arguments.every)]
    if arguments.only is not None:
        print("\n".join(lines))
        return
    mutants.write_section(lines)
    print(f"written to {mutants.RESULTS}")


if __name__ == "__main__":
    main()
