#!/usr/bin/env bash
# kafka.sh: a real Apache Kafka for tests and benchmarks: one KRaft node of Maven Central's jars, on loopback, without an installation.
#
#   kafka.sh fetch VERSION [DIR]          the jars into DIR; default ${ALERTBRIDGE_CACHE:-~/.cache/alertbridge}/kafka-VERSION
#   kafka.sh start VERSION DATADIR        in the background; prints "BROKERS=127.0.0.1:PORT PID=n" once it answers
#   kafka.sh stop PID                     ends it and waits for its end
#   kafka.sh run VERSION DATADIR          in the foreground, in place of this script: for a parent that wants to own the process
#   kafka.sh wait DATADIR PID             until a node begun with `run` answers; prints BROKERS=... as above
#   kafka.sh topic BROKERS NAME PARTITIONS [KEY=VALUE...]     creates a topic with these settings
#
# DATADIR holds server.properties, the log (server.log) and the data; nothing of it is deleted here. KAFKA_JAVA_OPTIONS replaces the
# JVM's options, KAFKA_PROPERTIES names a file whose lines come after the settings below (@BROKER@ and @CONTROLLER@ in it are the two
# ports), KAFKA_VERSION picks the jars for `topic`.
set -euo pipefail

cache=${ALERTBRIDGE_CACHE:-$HOME/.cache/alertbridge}
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
java_options=${KAFKA_JAVA_OPTIONS:--Xms128m -Xmx512m -XX:+UseSerialGC}
start_seconds_max=90
stop_seconds_max=15

say() { printf 'kafka.sh: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

folder_of() {
    printf '%s/kafka-%s\n' "$cache" "$1"
}

# Everything goes to a folder beside the target and is renamed in one step: a broken fetch leaves nothing that looks whole.
fetch() {
    local version=$1 folder=${2:-$(folder_of "$1")} part
    [ -d "$folder/lib" ] && return 0
    mkdir -p "$(dirname "$folder")"
    part=$(mktemp -d "$folder.part-XXXXXX")
    write_pom "$version" >"$part/pom.xml"
    if ! mvn --batch-mode --quiet --strict-checksums -f "$part/pom.xml" "$plugin:copy-dependencies" \
            -DincludeScope=runtime -DoutputDirectory="$part/lib" >"$part/mvn.log" 2>&1; then
        tail -n 20 "$part/mvn.log" >&2
        rm -rf "$part"
        fail "Kafka $version could not be fetched"
    fi
    rm -rf "$part/mvn.log" "$part/target"
    chmod 755 "$part"
    mv -T "$part" "$folder" 2>/dev/null || rm -rf "$part"      # another one was faster
    [ -d "$folder/lib" ] || fail "$folder is in the way"
}

# 4.x logs by slf4j into log4j 2, and leaves the bridge between them to its own distribution.
write_pom() {
    local bridge=""
    case "$1" in [4-9].*) bridge="<dependency><groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>" ;; esac
    cat <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>alertbridge.tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$1</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$1</version></dependency>
    $bridge
  </dependencies>
</project>
POM
}

# Below the range that the system gives to outgoing connections, so that nobody takes them before Kafka does.
free_ports() {
    python3 - "$1" <<'PY'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", random.SystemRandom().randrange(20000, 32768)))
        held.append(s)
    except OSError:
        s.close()
print(*(s.getsockname()[1] for s in held))
PY
}

# The broker's session is short, because a node killed with -9 may not register again before it is over.
write_properties() {
    local data=$1 broker=$2 controller=$3
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$broker,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$broker
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$data/data
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=4
PROPERTIES
    [ -z "${KAFKA_PROPERTIES:-}" ] || sed "s/@BROKER@/$broker/g; s/@CONTROLLER@/$controller/g" "$KAFKA_PROPERTIES"
}

# Both logging systems are told: 3.x has reload4j, 4.x has log4j 2.
write_logging() {
    printf '%s\n' 'log4j.rootLogger=WARN, out' 'log4j.appender.out=org.apache.log4j.ConsoleAppender' \
        'log4j.appender.out.layout=org.apache.log4j.PatternLayout' 'log4j.appender.out.layout.ConversionPattern=%d %p %c %m%n' \
        >"$1/log4j.properties"
    printf '%s\n' 'status = error' 'appender.out.type = Console' 'appender.out.name = out' 'appender.out.layout.type = PatternLayout' \
        'appender.out.layout.pattern = %d %p %c %m%n' 'rootLogger.level = warn' 'rootLogger.appenderRef.out.ref = out' \
        >"$1/log4j2.properties"
}

logging_options() {
    printf '%s\n' "-Dlog4j.configuration=file:$1/log4j.properties" "-Dlog4j2.configurationFile=$1/log4j2.properties"
}

# A node that was formatted before keeps its data, its ports and its name.
prepare() {
    local lib=$1 data=$2 id ports
    mkdir -p "$data"
    [ -f "$data/server.properties" ] && return 0
    ports=$(free_ports 2)
    write_logging "$data"
    write_properties "$data" $ports >"$data/server.properties.part"
    id=K$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | cut -c 1-20)A
    # shellcheck disable=SC2046,SC2086
    java $java_options -XX:TieredStopAtLevel=1 $(logging_options "$data") -cp "$lib/*" kafka.tools.StorageTool format \
        -t "$id" -c "$data/server.properties.part" >"$data/format.log" 2>&1 || { tail -n 20 "$data/format.log" >&2; fail "format failed"; }
    mv "$data/server.properties.part" "$data/server.properties"
}

run() {
    local lib data
    lib=$(folder_of "$1")/lib
    mkdir -p "$2"
    data=$(cd "$2" && pwd)
    fetch "$1"
    prepare "$lib" "$data"
    cd "$data"
    # shellcheck disable=SC2046,SC2086
    exec java $java_options $(logging_options "$data") -cp "$lib/*" kafka.Kafka "$data/server.properties" \
        >>"$data/server.log" 2>&1 </dev/null
}

broker_port() {
    sed -n 's|^listeners=PLAINTEXT://127.0.0.1:\([0-9]*\),.*|\1|p' "$1/server.properties" 2>/dev/null | tail -n 1     # KAFKA_PROPERTIES may say it again
}

# An ApiVersions request, version 0, and its correlation id in the answer: https://kafka.apache.org/protocol
answers() {
    local got
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf '\0\0\0\012\0\022\0\0\0\0\0\007\377\377' >&9
    got=$(timeout 2 head -c 8 <&9 | od -An -tx1 | tr -d ' \n') || true
    exec 9>&-
    [ "${got:8}" = 00000007 ]
}

wait_for() {
    local data=$1 pid=$2 port deadline=$((SECONDS + start_seconds_max))
    while [ $SECONDS -lt $deadline ]; do
        port=$(broker_port "$data") || true
        if [ -n "$port" ] && (answers "$port") 2>/dev/null; then
            printf 'BROKERS=127.0.0.1:%s PID=%s\n' "$port" "$pid"
            return 0
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$data/server.log" >&2 2>/dev/null || true
    fail "Kafka in $data does not answer"
}

start() {
    fetch "$1"
    mkdir -p "$2"
    setsid "$0" run "$1" "$2" >"$2/start.log" 2>&1 </dev/null &
    local pid=$!
    wait_for "$2" "$pid" || { kill -KILL "$pid" 2>/dev/null || true; cat "$2/start.log" >&2; exit 1; }
}

is_kafka() {
    tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -q -E 'kafka\.Kafka|kafka\.sh run'
}

is_running() {
    [ -r "/proc/$1/stat" ] && ! grep -q '^[0-9]* (.*) Z' "/proc/$1/stat" 2>/dev/null
}

stop() {
    local pid=$1 deadline=$((SECONDS + stop_seconds_max))
    is_running "$pid" || return 0
    is_kafka "$pid" || fail "process $pid is no Kafka of ours"
    kill -TERM "$pid" 2>/dev/null || return 0
    while [ $SECONDS -lt $deadline ]; do
        is_running "$pid" || return 0
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

newest_fetched() {
    local found
    found=$(ls -d "$cache"/kafka-[0-9]*/lib 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] || fail "no Kafka fetched so far: kafka.sh fetch VERSION"
    printf '%s\n' "$found"
}

topic() {
    local brokers=$1 name=$2 partitions=$3 lib said settings=() setting
    shift 3
    if [ -n "${KAFKA_VERSION:-}" ]; then lib=$(folder_of "$KAFKA_VERSION")/lib; else lib=$(newest_fetched); fi
    for setting in "$@"; do settings+=(--config "$setting"); done
    # What it says (warnings about names, logging) is of interest only when it fails.
    said=$(java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$lib/*" org.apache.kafka.tools.TopicCommand \
        --bootstrap-server "$brokers" --create --topic "$name" --partitions "$partitions" --replication-factor 1 \
        ${settings[@]+"${settings[@]}"} 2>&1) || { printf '%s\n' "$said" >&2; fail "topic $name could not be created"; }
}

usage() {
    sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
    exit 64
}

case "${1:-}:$#" in
fetch:2|fetch:3) fetch "${@:2}" ;;
start:3) start "$2" "$3" ;;
stop:2) stop "$2" ;;
run:3) run "$2" "$3" ;;
wait:3) wait_for "$2" "$3" ;;
topic:*) [ $# -ge 4 ] || usage; topic "${@:2}" ;;
*) usage ;;
esac
