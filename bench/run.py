"""``make bench``: every figure of this folder in one run; writes RESULTS.md.

Counts are exact and read from the doubles' own logs; times are of one run on one machine and only tell the size.
"""

import argparse
import pathlib
import platform
import shutil
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import calls  # noqa: E402  (the path is set above)
import fleet  # noqa: E402
import latency  # noqa: E402
import mutants  # noqa: E402
import rotations  # noqa: E402
import upkeep  # noqa: E402

from support.lab import Lab, running_lab  # noqa: E402

HEAD = """# What it costs, and how long it takes

Made by `make bench`. Against the doubles of the sandbox, which are not AWS and not Oracle: a real call takes longer.
Counts of calls, writes and statements are exact, from the doubles' own logs and a watch of the cluster; times are of
one run on a shared machine and only tell the size. ORDS's metadata cache is {cache} s.

Machine: {machine}, Python {python}.
"""

CACHE_S = 5
"""The default of ``metadataCacheSeconds``."""
REST_S = 600.0
FLEETS = [(20, 10, 40, False), (20, 5, 20, False), (200, 10, 40, True)]


def one_api(lab: Lab) -> list[str]:
    """Return the section about one API, in each position of the doubles' switches."""
    lines = ["## One OracleApi", "", calls.METHOD, ""]
    for position, switches in calls.POSITIONS.items():
        lab.set_aws(**{"import_keeps_mappings": True, "export_shows_mappings": True} | switches)
        begin_again(lab)
        print(position, flush=True)
        lines += calls.section(f"10 routes: {position}", calls.story(lab, 10))
    lab.set_aws(import_keeps_mappings=True, export_shows_mappings=True)
    begin_again(lab)
    for count in (100, 145):
        print(count, "routes", flush=True)
        lines += calls.section(f"{count} routes", calls.story(lab, count))
    return [*lines, f"Resident memory of the operator afterwards: {fleet.memory_mib(lab):.0f} MiB.", ""]


def begin_again(lab: Lab) -> None:
    """Start the operator anew: it learns once in its life whether exports show mappings."""
    lab.stop_operator()
    lab.start_operator()


def edits(lab: Lab) -> list[str]:
    found = latency.edits(lab, calls.api_of(10), 50)
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")
    halves = [1000 * latency.percentile(found, share) for share in (0.5, 0.99)]
    return [
        "## From an edit to the first AWS call",
        "",
        "A quiet system, 50 edits of a stage throttle; from the API server's answer until the call arrives.",
        "",
        f"p50 {halves[0]:.0f} ms, p99 {halves[1]:.0f} ms (goal: 50 and 500).",
        "",
    ]


def fleets(lab: Lab) -> list[str]:
    lines = [
        "## Many at once",
        "",
        "APIs of 10 routes in twenty namespaces, a schema each, created at once; AWS's own request quotas (10/s, burst",
        "40) are on in the double. The bound is 1.1 × (4n − b)/r. The newcomer is one more API of another namespace,",
        "applied while the others are being built (goal: 15 s).",
        "",
        fleet.HEADER,
    ]
    lab.set_aws(quotas="real")
    ships = fleet.Fleet(lab)
    for count, rate, burst, newcomer in FLEETS:
        found = ships.round(calls.api_of(10), count, rate, burst, newcomer)
        print(found.row(), flush=True)
        lines.append(found.row())
        ships.delete()
    ships.round(calls.api_of(10), 50, 10, 40)
    found_rest = fleet.rest(lab, 50, REST_S)
    print(found_rest.rows(), flush=True)
    return [
        *lines,
        "",
        "## At rest",
        "",
        "Every check is a whole one: the export of each API is read.",
        "",
        fleet.REST_HEADER,
        found_rest.rows(),
        "",
    ]


def upkeeps(lab: Lab) -> list[str]:
    return [*upkeep.failover(lab), *upkeep.drift(lab, calls.api_of(10))]


def thousand(lab: Lab) -> list[str]:
    found = fleet.suspended(lab, calls.api_of(10), 1000)
    print(found, flush=True)
    return [
        "## A thousand",
        "",
        "1,000 APIs of 10 routes, `suspend: true`: each is watched, stored and has its status written, and nothing is",
        "called. So this is the memory of the store, of the queue and of the watches, not of a thousand gateways.",
        "",
        found,
        "",
    ]


SECTIONS = {
    "one": one_api,
    "edits": edits,
    "upkeep": upkeeps,
    "rotations": rotations.section,
    "fleets": fleets,
    "thousand": thousand,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*SECTIONS], help="measure one section and print it")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "bench" / "RESULTS.md")
    arguments = parser.parse_args()
    folder, begin = pathlib.Path(tempfile.mkdtemp(prefix="oracleapi-bench-")), time.monotonic()
    machine = f"{platform.system()} {platform.machine()}"
    lines = [HEAD.format(cache=CACHE_S, machine=machine, python=platform.python_version())]
    try:
        with running_lab(folder) as lab:
            lab.platform()
            lab.cache_metadata(CACHE_S)
            for name, section in SECTIONS.items():
                if arguments.only in (None, name):
                    lines += section(lab)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.only is not None:
        print("\n".join(lines))
        return
    kept = mutants.kept_section(arguments.output)
    arguments.output.write_text("\n".join(lines) + kept)
    print(f"written to {arguments.output} after {(time.monotonic() - begin) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
