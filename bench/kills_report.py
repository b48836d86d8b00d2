"""kills_report.py: the table of bench/kills."""
from place import EVENT_BYTES, PARTITIONS, TITLES
from workers import WORKERS


def lost(run):
    return f"{run['lost']:,}" + (f" (stopped with {run['lag']:,} not committed)" if run["lag"] else "")


def lines_of(result):
    yield "| job | worker | lost | doubled | announced | held | doubled without a kill | seconds |"
    yield "|---|---|---|---|---|---|---|---|"
    ours = {worker.name for worker in WORKERS if worker.announces}
    for row in result["rows"]:
        killed, is_ours = row["killed"], row["worker"] in ours
        cells = [row["job"].upper(), row["worker"], lost(killed), f"{killed['doubled']:,}"]
        cells += [f"{killed[what]:,}" if is_ours else "-" for what in ("announced", "held")]
        cells += [f"{row['calm']['doubled']:,}" if "calm" in row else "-", f"{killed['seconds']:.0f}"]
        yield f"| {' | '.join(cells)} |"


def setups(result):
    measured = {row["worker"] for row in result["rows"]}
    return [f"- **{worker.name}**: {worker.setup}." for worker in WORKERS if worker.name in measured]


LEGEND = (
    "*lost*: ids that neither reached the backend nor became a dead letter, although all offsets are committed. *doubled*: ids"
    " that it got more than once. *announced*: events of which the worker said in its log, before it sent them again, that they"
    " might come twice (AB5107). *held*: dead letters. *doubled without a kill*: the same run undisturbed, before it."
)


def circumstances(result):
    m = result["machine"]
    distinct = {row["job"]: row["killed"]["distinct"] for row in result["rows"]}
    shares = ", ".join(f"{share * 100:.1f} %" for share in result["moments"])
    titles = "; ".join(f"{TITLES[job]} ({n:,} distinct events)" for job, n in distinct.items())
    peers = f"; {result['peers']}" if result["peers"] else ""
    return (
        f"{result['events']:,} events of about {EVENT_BYTES} bytes in {PARTITIONS} partitions, 10 % of them repeats. {titles}."
        f" {result['kills']} times `kill -9`, when {shares} of the events had come (seed {result['seed']}), each followed by a"
        f" restart at once. {m['cores']} cores ({m['cpu']}) shared by Kafka {result['kafka']}, Redis {result['redis']}, the"
        f" backend and the worker; commit {result['commit']}; alertbridge with {result['libraries']}{peers}."
    )


def table(result):
    return "\n".join([*lines_of(result), "", LEGEND, "", *setups(result), "", circumstances(result)])
