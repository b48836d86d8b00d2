#!/usr/bin/env bash
# From a bare Debian 12 or 13 to a running demo: installs, builds, runs `alertbridge demo`. Idempotent.
#
#   deploy/quickstart.sh [options of `alertbridge demo`]
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/packages.sh
echo "building build/release/alertbridge" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --workflow --preset release >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "the build failed; the lines above say where" >&2
    exit 70
fi
build/release/alertbridge demo "$@"
cat >&2 <<'TEXT'

That was the demo: a mock broker, both backends simulated with faults, the real worker.
Next: build/release/alertbridge config example > bridge.yaml, edit it, build/release/alertbridge check -c bridge.yaml
TEXT
