#!/usr/bin/env bash
# redis.sh: a private redis-server on a free loopback port, for tests and benchmarks.
#
#   redis.sh start DATADIR [ARGUMENT...]    in the background, without persistence unless the arguments of redis-server ask for it;
#                                           prints "PORT=n PID=n" once it answers
#   redis.sh stop PID                       ends it and waits for its end
set -euo pipefail

server=${REDIS_SERVER:-redis-server}

say() { printf 'redis.sh: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# Below the range that the system gives to outgoing connections, so that nobody takes it before Redis does.
free_port() {
    python3 - <<'PY'
import random, socket
while True:
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", random.SystemRandom().randrange(20000, 32768)))
        except OSError:
            continue
        print(s.getsockname()[1])
        break
PY
}

# Any answer will do: +PONG, or -NOAUTH where the arguments set a password.
answers() {
    local line=""
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'PING\r\n' >&9
    read -r -t 2 line <&9 || true
    exec 9>&-
    case "$line" in +PONG*|-NOAUTH*) return 0 ;; *) return 1 ;; esac
}

is_running() {
    [ -r "/proc/$1/stat" ] && ! grep -q '^[0-9]* (.*) Z' "/proc/$1/stat" 2>/dev/null
}

start() {
    local data=$1 port pid deadline=$((SECONDS + 15))
    shift
    mkdir -p "$data"
    data=$(cd "$data" && pwd)
    port=$(free_port)
    setsid "$server" --port "$port" --bind 127.0.0.1 --dir "$data" --save '' --appendonly no --daemonize no "$@" \
        >"$data/redis.log" 2>&1 </dev/null &
    pid=$!
    while [ $SECONDS -lt $deadline ] && is_running "$pid"; do
        if (answers "$port") 2>/dev/null; then
            printf 'PORT=%s PID=%s\n' "$port" "$pid"
            return 0
        fi
        sleep 0.02
    done
    kill -KILL "$pid" 2>/dev/null || true
    tail -n 20 "$data/redis.log" >&2
    fail "redis-server does not answer"
}

stop() {
    local pid=$1 deadline=$((SECONDS + 10))
    is_running "$pid" || return 0
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q redis-server || fail "process $pid is no redis-server"
    kill -TERM "$pid" 2>/dev/null || return 0
    while [ $SECONDS -lt $deadline ]; do
        is_running "$pid" || return 0
        sleep 0.02
    done
    kill -KILL "$pid" 2>/dev/null || true
}

case "${1:-}:$#" in
start:1) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
start:*) start "${@:2}" ;;
stop:2) stop "$2" ;;
*) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
