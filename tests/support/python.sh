#!/usr/bin/env bash
# python.sh: prints the path of a Python with what tests/e2e/requirements.txt lists; makes it when it is not there yet.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
venv=${ALERTBRIDGE_CACHE:-$HOME/.cache/alertbridge}/e2e-venv
if ! "$venv/bin/python" -c 'import confluent_kafka, msgpack' 2>/dev/null; then
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/../e2e/requirements.txt" >&2
fi
printf '%s\n' "$venv/bin/python"
