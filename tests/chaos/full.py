"""full.py: the full form: one run after the other on each version of Kafka, their counts added up, and a table of them."""

import argparse
import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from leavings import kept_on_failure
from recovery import row_text, told
from schedule import REST_S
from servers import die_with_parent, end_on_signals

RUNNER = pathlib.Path(__file__).resolve().parent / "runner.py"
KAFKAS = ("3.9.1", "4.1.1")
# Of all runs together, in an hour; fewer minutes, fewer of each.
FLOORS = {"kill -9": 300, "SIGSTOP beyond the lease": 60, "Redis lost its memory": 60, "broker restarts": 30}
EVENTS, MINUTES = 1_000_000, 58
BOUNDS_S = {"takeover": 12, "Redis": 1, "SIGTERM": 10}
LOST, SHOWN_TWICE, EXECUTED_TWICE = 1, 6, 7  # invariants


def run(options, kafka, seed, folder):
    """Its figures; None where it came to none, or where its exit code says otherwise than they do."""
    summary = folder / f"summary-{kafka}.json"
    summary.unlink(missing_ok=True)  # of a run before, which may have failed
    arguments = [
        sys.executable, "-B", RUNNER, "--minutes", options.minutes / len(KAFKAS), "--seed", seed, "--rate", options.rate,
        "--kafka", kafka, "--summary", summary, "--folder", folder / f"kafka-{kafka}", options.binary,
    ]  # fmt: skip
    child = subprocess.Popen([str(argument) for argument in arguments], preexec_fn=die_with_parent)
    try:
        child.wait()
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            child.wait()
    found = json.loads(summary.read_text()) if summary.exists() else None
    return None if found and child.returncode and not found["failed"] else found


def total(runs, name):
    """Of a figure, or of figures by name."""
    if all(isinstance(one.get(name, 0), int) for one in runs):
        return sum(one.get(name, 0) for one in runs)
    found = collections.Counter()
    for one in runs:
        found.update({key: value or 0 for key, value in one.get(name, {}).items()})
    return dict(found)


def recoveries(runs):
    names = dict.fromkeys(name for one in runs for name in one.get("recovery", {}))
    for name in names:
        bound_s = next(bound for word, bound in BOUNDS_S.items() if word in name)
        yield name, told([value for one in runs for value in one["recovery"].get(name, [])], bound_s)


def by_group(runs):
    """(fault, how often, how often it was seen to work), the faults of one kind beneath each other."""
    fired, seen = total(runs, "fired"), total(runs, "seen")
    for name in sorted(fired):
        yield name, fired[name], seen.get(name) or None


def figures(runs, minutes):
    """The rows of the summary."""
    counts, violations = total(runs, "counts"), total(runs, "violations")
    yield "Kafka", ", ".join(one["kafka"] for one in runs)
    yield "minutes", f"{minutes:.0f}"
    yield "events", f"{total(runs, 'events'):,}"
    yield "calls carried out", f"{total(runs, 'executed'):,}"
    for name, n in counts.items():
        yield name, f"{n:,}"
    yield "faults in all", f"{sum(total(runs, 'fired').values()):,}"
    yield "ended by a known assertion of librdkafka", f"{total(runs, 'rdkafka_aborts'):,}"
    yield "second executions announced (journaled before the re-send)", f"{total(runs, 'announced'):,}"
    yield "second executions seen", f"{total(runs, 'repeated'):,}"
    yield "of these excused by nothing but a loss of Redis's memory", f"{total(runs, 'excused'):,}"
    yield "lost", f"{violations.get(str(LOST), 0):,}"
    twice = sum(violations.get(str(i), 0) for i in (SHOWN_TWICE, EXECUTED_TWICE))
    yield "shown or carried out twice unannounced, and not excused", f"{twice:,}"
    yield "violations of the invariants", f"{total(runs, 'violated'):,}"
    yield "the checker", f"{max(one.get('judge_s', 0) for one in runs):g} s, {max(one.get('judge_mib', 0) for one in runs)} MiB"


def markdown(runs, minutes, command):
    lines = [f"Made by `{command}`.", "", "| | |", "|---|---:|"]
    lines += [f"| {name} | {value} |" for name, value in figures(runs, minutes)]
    lines += ["", "| recovery | n | p50 s | p99 s | max s | within |", "|---|---:|---:|---:|---:|---:|"]
    for name, row in recoveries(runs):
        if row["n"]:
            lines.append(
                f"| {name} | {row['n']} | {row['p50']} | {row['p99']} | {row['max']} | {row['within']} in {row['bound']} s |"
            )
    lines += ["", "| fault | times | seen to take effect |", "|---|---:|---:|"]
    lines += [f"| `{name}` | {n} | {'' if seen is None else seen} |" for name, n, seen in by_group(runs)]
    lines += [f"| {name} | {n} | |" for name, n in sorted(total(runs, "inputs").items())]
    lines += ["", "| invariant | judged |", "|---|---:|"]
    lines += [f"| I{i} | {n:,} |" for i, n in sorted((int(i), n) for i, n in total(runs, "judged").items()) if i > 0]
    lines += ["", "| dead letters | |", "|---|---:|"]
    lines += [f"| {reason} | {n} |" for reason, n in sorted(total(runs, "letters").items())]
    return "\n".join(lines) + "\n"


def seconds_of_faults(minutes):
    return len(KAFKAS) * max(20, 60 * minutes / len(KAFKAS) - REST_S)


def missed(runs, share):
    """What is below its floor."""
    counts = total(runs, "counts") | {"events": total(runs, "events")}
    floors = FLOORS | {"events": EVENTS}
    return [f"{name} {counts.get(name, 0)} of {int(n * share)}" for name, n in floors.items() if counts.get(name, 0) < int(n * share)]


def parse():
    parser = argparse.ArgumentParser(prog="run.sh --full")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of both runs together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=315, help="events a second")
    parser.add_argument("--folder", type=pathlib.Path, help="where it works; what a failed run leaves behind stays there")
    parser.add_argument("--markdown", type=pathlib.Path, help="the figures as tables")
    parser.add_argument("binary", type=pathlib.Path)
    return parser.parse_args()


def conduct(options, folder):
    """Both runs, and what is said of them: passed, failed."""
    begun = time.monotonic()
    found = [run(options, kafka, options.seed + i, folder) for i, kafka in enumerate(KAFKAS)]
    runs, minutes = [one for one in found if one], (time.monotonic() - begun) / 60
    passed, failed = (sum(one.get(word, 0) for one in runs) for word in ("passed", "failed"))
    failed += len(KAFKAS) - len(runs)
    print("\nin all")
    for name, value in figures(runs, minutes) if runs else ():
        print(f"{name:60s} {value:>20s}")
    for name, row in recoveries(runs):
        print(row_text(name, row))
    below = missed(runs, min(1, seconds_of_faults(options.minutes) / seconds_of_faults(MINUTES)))
    print(f"FAIL too few: {', '.join(below)}" if below else "ok as many as it takes")
    passed, failed = passed + (not below), failed + bool(below)
    if options.markdown and runs:
        options.markdown.write_text(markdown(runs, minutes, f"tests/chaos/run.sh --full --seed {options.seed}"))
    return passed, failed


def main():
    options = parse()
    end_on_signals()
    folder = options.folder or pathlib.Path(tempfile.mkdtemp(prefix="alertbridge-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.absolute()
    with kept_on_failure(folder) as verdict:
        passed, failed = conduct(options, folder)
        verdict.failed = failed > 0
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ["PYTHONUNBUFFERED"] = "1"
    sys.exit(main())
