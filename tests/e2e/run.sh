#!/usr/bin/env bash
# run.sh: the worker's binary against a real Kafka, a real Redis and the simulators of both backends.
#
#   tests/e2e/run.sh BINARY                 every scenario, under 15 minutes
#   tests/e2e/run.sh --quick BINARY         a short one of every kind of end, under 90 seconds
#   tests/e2e/run.sh --only NAME[,..] BINARY
#   tests/e2e/run.sh --list BINARY
#
# Prints `ok NAME (secs) what was measured` or `FAIL NAME: why` for each scenario, and `N passed, N failed` as the last line.
# Everything it starts ends with it. Files of a run are kept in --keep DIR, else in a temporary folder that is removed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../support/python.sh")
exec "$python" -B "$here/runner.py" "$@"
