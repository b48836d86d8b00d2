#!/usr/bin/env bash
# run.sh: the n-th allocation, open, read, write, Redis reply, curl code or order to Kafka fails inside the program as it is
# shipped; what then happens is judged, and a later start must finish the work.
#
#   tests/torture/run.sh [--seed N] [--every K] [--lanes N] BINARY     every n (or one in K); 20 minutes
#   tests/torture/run.sh --quick [--seed N] BINARY                     each site once, and one n in 200; 2 minutes
#   tests/torture/run.sh --fault KIND:N:[FUNCTION@HEX]:once|sticky[:HOW]... [--store redis|memory | --command NAME] [--keep DIR] BINARY
#                                                                      as a failed run told it
#
# BINARY is best one with ASan and UBSan. Prints what was reached and what was not, and `N passed, N failed` as the last line.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
e2e=$here/../e2e
python=$("$here/../support/python.sh")
PYTHONPATH=$here:$e2e exec "$python" -B "$here/torture.py" "$@"
