#!/usr/bin/env python3
"""reliability.py: the figures of docs/reliability.md, from the logs of `tests/run.sh --full`; what stands around them is typed.

Usage: reliability.py --begin LOGS         notes in LOGS which commit is about to be tried
       reliability.py LOGS [DOCUMENT]      LOGS is the folder of the logs; a table without its log is an error

Both want a tree in which nothing but the document differs from its commit. Figures are taken only from a run of that commit in
which all passed.
"""

import datetime
import pathlib
import platform
import re
import subprocess
import sys

DOCUMENT, COMMIT = "docs/reliability.md", "commit.txt"  # the second stands among the logs


def stop(text):
    raise SystemExit(f"reliability.py: {text}")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def rows_of(log, pattern):
    """Every line that matches, as its groups."""
    rows = [found.groups() for found in map(re.compile(pattern).fullmatch, log.splitlines()) if found]
    return rows or stop(f"no line like {pattern!r} in a log")


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def number(text):
    return f"{int(text):,}"


def version(package):
    return run("dpkg-query", "-W", "-f=${Version}", package)


def commit_of_tree():
    changed = [line for line in run("git", "status", "--porcelain").splitlines() if not line.endswith(" " + DOCUMENT)]
    if changed:
        stop("the tree is not what its commit says: " + ", ".join(line.split()[-1] for line in changed[:5]))
    return run("git", "rev-parse", "--short", "HEAD")


def tried_commit(logs):
    """Of the run whose logs these are."""
    commit, begun = commit_of_tree(), (logs / COMMIT).read_text().strip()
    if commit != begun:
        stop(f"the logs are of {begun}, the tree is at {commit}")
    return commit


def verdict(logs):
    said = rows_of((logs / "verdict.log").read_text(), r"(\d+) passed, (\d+) failed")[-1]
    if int(said[0]) == 0 or int(said[1]) > 0:
        stop(f"{said[0]} passed, {said[1]} failed: no figures to be proud of")
    return f"{number(said[0])} passed, 0 failed"


def stamp(logs):
    system = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    cores = len(pathlib.Path("/proc/cpuinfo").read_text().split("processor\t")) - 1
    libraries = ", ".join(f"{name} {version(package)}" for name, package in (("librdkafka", "librdkafka1"), ("Redis", "redis-server")))
    last = rows_of((logs / "whole.log").read_text(), r"\[ *(\d+)s\] .*")[-1][0]
    return (
        f"`tests/run.sh --full` at commit {tried_commit(logs)}: {verdict(logs)}. {datetime.date.today()}, "
        f"{round(int(last) / 60)} minutes on {cores} cores, {system['PRETTY_NAME'].strip(chr(34))}, {platform.machine()}; {libraries}."
    )


def simulation(logs):
    log = (logs / "sim.log").read_text()
    sums, verdict = rows_of(log, r"(\d+ seeds, .*)")[-1][0], rows_of(log, r"(\d+ passed, \d+ failed)")[-1][0]
    faults, judged = log.split("\ninvariant ")[0].split("\nfault ")[1], log.split("\ninvariant ")[1]
    fired = [(f"`{name}`", number(n), text) for name, n, text in rows_of(faults, r"(\w+) +(\d+)  (.+)")]
    invariants = [(name, number(n), text) for name, n, text in rows_of(judged, r"(I\d+) +(\d+)  (.+)")]
    return "\n\n".join(
        (f"{sums}: {verdict}.", table(("invariant", "judged", "what it says"), invariants), table(("fault", "fired", "what it is"), fired))
    )


def fragment(name):
    return lambda logs: (logs / f"{name}.tables").read_text().strip()


def fuzz(logs):
    log = (logs / "fuzz.log").read_text()
    rows = rows_of(log, r"(ok|FAIL) +(\w+) +(\d+) executions, cov +(\d+), ft +(\d+)")
    sums = rows_of(log, r"(\d+ executions of .*)")[-1][0]
    return f"{sums}.\n\n" + table(
        ("target", "executions", "edges", "features"), [(f"`{name}`", number(n), number(cov), number(ft)) for _, name, n, cov, ft in rows]
    )


def torture(logs):
    log = (logs / "torture.log").read_text()
    kinds = rows_of(log, r"(\w+): (\d+) made to fail, (\d+) sites")
    sites = rows_of(log, r"sites of (\S+), (\w+): (\d+) of (\d+) made to fail")
    return "\n\n".join(
        (
            f"{rows_of(log, r'([0-9]+ passed, [0-9]+ failed)')[-1][0]}.",
            table(("what failed", "times", "at so many places"), [(kind, number(n), number(of)) for kind, n, of in kinds]),
            table(("room", "what", "places made to fail", "of"), sites),
        )
    )


def coverage(logs):
    rows = rows_of((logs / "coverage.log").read_text(), r"(?:ok|FAIL) +(\S+): ([\d.]+ %) of (\w+), floor (\d+ %)")
    return table(("room", "of its", "taken", "at least"), [(room, what, share, floor) for room, share, what, floor in rows])


SECTIONS = {
    "run": stamp,
    "simulation": simulation,
    "planted-bugs": fragment("mutants"),
    "chaos": fragment("chaos"),
    "fuzz": fuzz,
    "torture": torture,
    "coverage": coverage,
}


def replaced(text, name, body):
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        stop(f"{begin} or {end} is missing in the document")
    return f"{text.split(begin)[0]}{begin}\n{body}\n{end}{text.split(end)[1]}"


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    if sys.argv[1] == "--begin":
        (pathlib.Path(sys.argv[2]) / COMMIT).write_text(commit_of_tree() + "\n")
        return
    logs = pathlib.Path(sys.argv[1])
    document = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else DOCUMENT)
    text = document.read_text()
    for name, make in SECTIONS.items():
        text = replaced(text, name, make(logs))
    document.write_text(text)


if __name__ == "__main__":
    main()
