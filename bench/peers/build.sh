#!/usr/bin/env bash
# build.sh: other workers to stand beside this one, fetched and built outside the tree. Nothing of them is part of it.
#
#   build.sh bento       Bento (https://github.com/warpstreamlabs/bento), of the parts that bento.go names; prints the program
#   build.sh parallel    Confluent's Parallel Consumer (https://github.com/confluentinc/parallel-consumer) with
#                        ParallelConsumer.java; prints the class path
#   build.sh version bento|parallel
#
# They go to ${ALERTBRIDGE_CACHE:-~/.cache/alertbridge}, and are built again only when the version or our source changed. Bento
# needs Go and some minutes, Parallel Consumer a JDK of 17 or later and Maven.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${ALERTBRIDGE_CACHE:-$HOME/.cache/alertbridge}
bento=1.20.0 parallel=0.5.3.3 jedis=5.2.0
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1

say() { printf 'build.sh: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# build NAME SOURCE: calls build_NAME in a folder that takes its place in one step, so that a broken build leaves nothing.
build() {
    local folder=$cache/$1 source=$2 part
    if ! cmp -s "$source" "$folder/$(basename "$source")"; then
        say "$1 is built"
        mkdir -p "$cache"
        part=$(mktemp -d "$folder.part-XXXXXX")
        chmod 755 "$part"
        cp "$source" "$part"
        if ! (cd "$part" && "build_${1%%-*}") >"$part/build.log" 2>&1; then
            tail -n 20 "$part/build.log" >&2
            rm -rf "$part"
            fail "$1 could not be built"
        fi
        rm -rf "$folder"
        mv -T "$part" "$folder"
    fi
    printf '%s\n' "$folder"
}

# The sums of all modules are held against the checksum database by the go command itself.
build_bento() {
    go mod init peer &&
    go get "github.com/warpstreamlabs/bento@v$bento" &&
    GOFLAGS=-mod=mod go build -trimpath -ldflags '-s -w' -o bento .
}

build_parallel() {
    cat >pom.xml <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>alertbridge.bench</groupId><artifactId>peer</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>io.confluent.parallelconsumer</groupId>
      <artifactId>parallel-consumer-core</artifactId><version>$parallel</version></dependency>
    <dependency><groupId>redis.clients</groupId><artifactId>jedis</artifactId><version>$jedis</version></dependency>
  </dependencies>
</project>
POM
    mvn --batch-mode --quiet --strict-checksums "$plugin:copy-dependencies" -DincludeScope=runtime -DoutputDirectory=lib &&
    javac -Xlint:all,-processing -cp 'lib/*' -d classes ParallelConsumer.java
}

case "${1:-}:${2:-}" in
version:bento) printf 'Bento %s, %s\n' "$bento" "$(go env GOVERSION)" ;;
version:parallel) printf 'Parallel Consumer %s, jedis %s, Java %s\n' "$parallel" "$jedis" "$(javac -version | cut -d' ' -f2)" ;;
bento:) folder=$(build "bento-$bento" "$here/bento.go"); printf '%s/bento\n' "$folder" ;;
parallel:)
    folder=$(build "parallel-$parallel" "$here/ParallelConsumer.java")
    printf '%s/classes:%s/lib/*\n' "$folder" "$folder" ;;
*) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
