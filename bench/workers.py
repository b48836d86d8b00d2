"""workers.py: who is killed by bench/kills: this worker and others, each set up to do the same two jobs.

Each keeps the ids that it delivered in the same Redis for 24 hours, has 64 calls under way, gives a call 5 s, repeats a failed
one without end, begins at the start of the topic and commits each second what the backend acknowledged. The session with Kafka
is 6 s where that is an option, so that a run does not wait long for the dead one to be given up."""
import collections
import functools
import json

from place import IN_FLIGHT, ROOT, fail, free_port, run

BUILD = ROOT / "bench" / "peers" / "build.sh"

# command(place, job, topic, group) -> arguments. `announces`: it says in its log what it sends again in doubt. `peer`: what
# build.sh calls it.
Worker = collections.namedtuple("Worker", "name jobs setup command announces peer")


@functools.lru_cache
def built(name):
    """Where it is; the first time it is fetched and built."""
    return run(BUILD, name).strip()


# ---- this one ----


def alertbridge(*settings):
    def command(place, job, topic, group):
        shared = ("kafka.properties.session.timeout.ms=6000", "kafka.properties.heartbeat.interval.ms=2000",
                  "targets[0].call_timeout=5s", "targets[0].claim_lease=12s")
        said = [part for setting in shared + settings for part in ("--set", setting)]
        return place.worker_command(job, topic, group, free_port()) + ["--log-format", "json"] + said

    return command


# ---- Bento: https://warpstreamlabs.github.io/bento/docs/ ----


def http_client(place, **settings):
    return {
        "url": f"http://127.0.0.1:{place.sink_port}/floor", "verb": "POST", "headers": {"Content-Type": "application/json"},
        "timeout": "5s", "retries": 0, "max_in_flight": IN_FLIGHT, **settings}


def bento_around(place, topic, group, processors, output):
    return {
        "http": {"enabled": False}, "logger": {"level": "WARN"},
        "input": {"kafka_franz": {
            "seed_brokers": [place.brokers], "topics": [topic], "consumer_group": group, "start_from_oldest": True,
            "checkpoint_limit": 4096, "commit_period": "1s"}},
        "pipeline": {"threads": 2, "processors": processors},
        "cache_resources": [{"label": "seen", "redis": {
            "url": f"redis://127.0.0.1:{place.redis.port}", "prefix": "bento:", "default_ttl": "24h"}}],
        "output": output}


BATCHES = {"count": 100, "period": "50ms"}
ONE_BODY = {"processors": [{"archive": {"format": "json_array"}}, {"mapping": "root.messages = this"}]}


def bento_dedupe(place, job, topic, group):
    """The `dedupe` processor, wrapped as its page says: it adds the id to the cache when it first sees it, before the output; an
    endless `retry` around the output keeps what failed from coming back to it. A message is not dropped when Redis fails."""
    dedupe = {"dedupe": {"cache": "seen", "key": '${! json("id") }', "drop_on_err": False}}
    batching = {"batching": BATCHES | ONE_BODY} if job == "j2" else {}
    output = {"retry": {"max_retries": 0, "output": {"http_client": http_client(place, **batching)},
                        "backoff": {"initial_interval": "100ms", "max_interval": "5s", "max_elapsed_time": "0s"}}}
    return bento_around(place, topic, group, [dedupe], output)


def bento_mark_after(place, job, topic, group):
    """No `dedupe`: the id is looked up on the way in, and written by a second output after the first has its 2xx
    (`fan_out_sequential` repeats each of its outputs until it succeeds). Nothing is marked that was not delivered."""
    look_up = {"branch": {
        "request_map": "root = this.id",
        "processors": [{"cache": {"resource": "seen", "operator": "get", "key": "${! content() }"}},
                       {"catch": [{"mapping": 'root = ""'}]}],
        "result_map": "meta seen = content().string()"}}
    drop = {"mapping": 'root = if @seen != "" { deleted() }'}
    mark = {"cache": {"target": "seen", "key": '${! json("id") }', "max_in_flight": IN_FLIGHT}}
    post = {"http_client": http_client(place)} | (ONE_BODY if job == "j2" else {})
    batching = {"batching": BATCHES} if job == "j2" else {}
    output = {"broker": {"pattern": "fan_out_sequential", "outputs": [post, mark]} | batching}
    return bento_around(place, topic, group, [look_up, drop], output)


def bento(settings):
    def command(place, job, topic, group):
        file = place.folder / f"{group}.yaml"
        file.write_text(json.dumps(settings(place, job, topic, group), indent=1))   # JSON is YAML
        return [built("bento"), "-c", file]

    return command


# ---- Parallel Consumer ----


def parallel_consumer(place, job, topic, group):
    return ["java", "-Xmx512m", "-cp", built("parallel"), "ParallelConsumer", job, place.brokers, topic, group, place.redis.port,
            f"http://127.0.0.1:{place.sink_port}/floor"]


WORKERS = (
    Worker("alertbridge", ("j1", "j2"), "an event is claimed in Redis, sent, and marked as done after the backend's"
           " acknowledgement; what a dead worker may have sent is announced in the log and sent again (the portal of J2 filters"
           " repeats of a messageId for each user; the backend here counts them)",
           alertbridge(), True, None),
    Worker("alertbridge-hold", ("j1",), "`on_ambiguous: hold`: what a dead worker may have sent becomes a dead letter for a"
           " person to decide", alertbridge("targets[0].on_ambiguous=hold"), True, None),
    Worker("bento-dedupe", ("j1", "j2"), "its `dedupe` processor on a Redis cache inside an endless `retry`, as its documentation"
           " describes: the id is marked before the output; that this gives up at-least-once is said there",
           bento(bento_dedupe), False, "bento"),
    Worker("bento-mark-after", ("j1", "j2"), "the cache is read on the way in, and written by a second output in sequence after"
           " the backend's 2xx", bento(bento_mark_after), False, "bento"),
    Worker("parallel-consumer", ("j1", "j2"), "ordered by key; the id is read from Redis before the call, and written after its"
           " 2xx", parallel_consumer, False, "parallel"),
)


def chosen(names):
    """The workers of these names; None = all."""
    if names is None:
        return WORKERS
    found = tuple(worker for worker in WORKERS if worker.name in names)
    if len(found) != len(names):
        fail(f"the workers are: {', '.join(worker.name for worker in WORKERS)}")
    return found


def peers_of(workers):
    """The versions of those that are not of this house, built now rather than in mid-run."""
    names = dict.fromkeys(worker.peer for worker in workers if worker.peer)
    for name in names:
        built(name)
    return "; ".join(run(BUILD, "version", name).strip() for name in names)
