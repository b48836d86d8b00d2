#!/bin/sh
# sdk_test.sh: runs sdk_test.py with the vendor's SDK in a virtual environment that is made once.
# Usage: tests/e2e/sdk_test.sh path/to/alertbridge
set -eu
binary=${1:?path of the alertbridge binary}
here=$(dirname "$0")
venv=${ALERTBRIDGE_CACHE:-$HOME/.cache/alertbridge}/sdk-venv
if ! "$venv/bin/python" -c 'import alibabacloud_sophonsoar20220728' 2>/dev/null; then
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet alibabacloud-sophonsoar20220728==4.0.2
fi
exec "$venv/bin/python" "$here/sdk_test.py" "$binary"
