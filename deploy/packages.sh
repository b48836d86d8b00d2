#!/usr/bin/env bash
# Installs what building, testing and the demo need on Debian 12 or 13, as root or through sudo. Idempotent.
#
#   deploy/packages.sh          the libraries, the tools, redis-server: enough to build and for the demo
#   deploy/packages.sh --test   adds what the tests need: Java and Maven (real Kafka), clang, Python's venv, Valkey where Debian has it
set -euo pipefail

say() { printf 'packages: %s\n' "$*" >&2; }

. /etc/os-release
case "${ID:-}:${VERSION_ID:-}" in
debian:12) msgpack=libmsgpack-dev; clang_rt=libclang-rt-14-dev; jdk=openjdk-17-jdk-headless; valkey=() ;;
debian:13) msgpack=libmsgpack-c-dev; clang_rt=libclang-rt-19-dev; jdk=openjdk-21-jdk-headless; valkey=(valkey-server) ;;
*) say "this is ${PRETTY_NAME:-unknown}; Debian 12 and 13 are supported. Install the libraries of README.md by hand."; exit 1 ;;
esac

build=(build-essential ca-certificates cmake ninja-build pkg-config git
    librdkafka-dev libhiredis-dev libcurl4-openssl-dev libevent-dev "$msgpack" libyaml-dev libssl-dev libyyjson-dev
    redis-server curl)
test=(libcriterion-dev clang llvm "$clang_rt" python3 python3-venv maven "$jdk" procps "${valkey[@]}")

want=("${build[@]}")
[ "${1:-}" = --test ] && want+=("${test[@]}")

missing=()
for p in "${want[@]}"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || missing+=("$p")
done
# Any JDK from 17 on will do; do not add a second one.
if command -v java >/dev/null && command -v mvn >/dev/null; then
    kept=()
    for p in "${missing[@]}"; do
        case "$p" in openjdk-*|maven) ;; *) kept+=("$p") ;; esac
    done
    missing=(${kept[@]+"${kept[@]}"})
fi
[ ${#missing[@]} -eq 0 ] && exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { say "not root and no sudo; install: ${missing[*]}"; exit 1; }
    root=(sudo)
fi

# Debian 12 has no yyjson. That one package comes from Debian 13; the pin keeps everything else of Debian 13 away.
if [ "$VERSION_ID" = 12 ] && [ ! -e /etc/apt/sources.list.d/alertbridge-trixie.sources ]; then
    say "adding Debian 13 as a source for libyyjson only"
    "${root[@]}" tee /etc/apt/preferences.d/alertbridge-trixie >/dev/null <<'PIN'
Package: *
Pin: release n=trixie
Pin-Priority: -10

Package: libyyjson*
Pin: release n=trixie
Pin-Priority: 500
PIN
    "${root[@]}" tee /etc/apt/sources.list.d/alertbridge-trixie.sources >/dev/null <<'SRC'
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SRC
fi

say "installing ${missing[*]}"
# The shipped units of redis-server and valkey-server would start one on the default port; tests and demo start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
    trap '"${root[@]}" rm -f "$policy"' EXIT
fi
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# It would meet redis-server on the default port at the next boot.
if [[ " ${missing[*]} " == *" valkey-server "* ]] && command -v systemctl >/dev/null; then
    "${root[@]}" systemctl --quiet disable valkey-server
fi
say "done"
