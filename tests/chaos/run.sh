#!/usr/bin/env bash
# run.sh: three workers, a real Kafka, a real Redis with a replica, the simulators of both backends, a proxy on every way between
# them, and a schedule of faults that follows from a seed. At the end the checker judges what happened.
#
#   tests/chaos/run.sh [--minutes 6] [--seed 1] [--rate EVENTS_A_SECOND] [--kafka 3.9.1] [--folder DIR | --keep DIR] BINARY
#   tests/chaos/run.sh --seed 7 --plan BINARY       only prints the schedule
#   tests/chaos/run.sh --only redis,kill BINARY     faults of these kinds only, to look at them
#   tests/chaos/run.sh --full [--minutes 58] [--seed 1] [--rate 315] [--folder DIR] [--markdown FILE] BINARY
#                                                   half of the time on Kafka 3.9.1, half on 4.1.1: a million events in an hour
#
# The judge is alertbridge_judge beside BINARY. Prints each fault as it happens, how often each fired, how long recoveries took, the
# judge's findings and `N passed, N failed` as the last line. It works in --folder, which is gone at the end, but for a failed run,
# which names it; with --keep it stays.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
e2e=$here/../e2e
python=$("$here/../support/python.sh")
program=runner.py arguments=()
for argument in "$@"; do
    if [ "$argument" = --full ]; then program=full.py; else arguments+=("$argument"); fi
done
PYTHONPATH=$here:$e2e exec "$python" -B "$here/$program" "${arguments[@]}"
