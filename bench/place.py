"""place.py: where a measurement takes place: a real Kafka, a real Redis and the sink, and the two jobs' topics and settings."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

from redis_meter import Redis

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUPPORT = ROOT / "tests" / "support"
KAFKA_VERSION = "3.9.1"
PARTITIONS = 4
IN_FLIGHT = 64
EVENT_BYTES = 480
KINDS = {"j1": "incident.generated,alert.generated", "j2": "notice"}
TITLES = {"j1": "J1: one event a POST, 64 in flight", "j2": "J2: at most 100 events a POST, 50 ms linger"}

WORKER = """\
kafka:
  brokers: {brokers}
  group: {group}
redis: {{url: "redis://127.0.0.1:{redis}/0"{journal}}}
sources:
  - {{name: bench, topics: [{topic}], format: json}}
targets:
  - {target}
routes:
  - {{name: all, when: {{kinds: [{kinds}]}}, to: backend}}
dead_letter: {{topic: {topic}.dead}}
admin: {{listen: "127.0.0.1:{admin}"}}
log: {{level: warning}}
"""
TARGETS = {
    "j1": "{{name: backend, kind: soar, endpoint: 'http://127.0.0.1:{sink}', concurrency: {in_flight}, rate_limit: 1000000/s,"
          " playbook_uuid: c5c88b5e-97ca-435d-8c20-000000000000, node_name: notify_message, component_name: NotifyMessage,"
          " action_name: notifyByMessageCenter,"
          " credentials: {{access_key_id_file: {id}, access_key_secret_file: {secret}}}}}",
    "j2": "{{name: backend, kind: notice, endpoint: 'http://127.0.0.1:{sink}', concurrency: {in_flight}, org_id: o1,"
          " app_id: bench, batch: {{max_messages: 100, linger: 50ms}},"
          " credentials: {{app_key_file: {id}, app_secret_file: {secret}}}}}",
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def fail(text):
    sys.exit(f"bench/{pathlib.Path(sys.argv[0]).stem}: {text}")


def run(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done.stdout


def settings_of(text):
    return dict(word.split("=", 1) for word in text.split())


def free_port():
    """Below the range that the system gives to outgoing connections, so that nobody takes it before its owner does."""
    while True:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", random.SystemRandom().randrange(20000, 32768)))
            except OSError:
                continue
            return s.getsockname()[1]


def get(url, body=None):
    with urllib.request.urlopen(url, body, timeout=10) as reply:
        return reply.read().decode()


class Place:
    """Kafka, Redis and the sink, in a folder that goes when they end."""

    def __init__(self, binary, sink):
        self.binary, self.sink_program = binary, sink

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # an end like others: what was started is ended
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="alertbridge-bench-"))
        self.pids, self.sink = {}, None
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        say(f"Kafka {KAFKA_VERSION}, Redis and the sink are started")
        kafka = settings_of(run(SUPPORT / "kafka.sh", "start", KAFKA_VERSION, self.folder / "kafka"))
        self.brokers, self.pids["kafka.sh"] = kafka["BROKERS"], kafka["PID"]
        redis = settings_of(run(SUPPORT / "redis.sh", "start", self.folder / "redis"))
        self.redis, self.pids["redis.sh"] = Redis(int(redis["PORT"])), redis["PID"]
        self.sink = subprocess.Popen([self.sink_program, "0"], stdout=subprocess.PIPE, text=True)
        self.sink_port = settings_of(self.sink.stdout.readline())["PORT"]
        for name, text in (("id", "benchmark-key"), ("secret", "benchmark-secret")):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o600)

    def __exit__(self, *_):
        if self.sink:
            self.sink.kill()
            self.sink.wait()
        for script, pid in self.pids.items():
            subprocess.run([str(SUPPORT / script), "stop", pid], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def sink_says(self, path="/stats", body=None):
        return json.loads(get(f"http://127.0.0.1:{self.sink_port}{path}", body))

    def topic(self, name, partitions=PARTITIONS):
        os.environ["KAFKA_VERSION"] = KAFKA_VERSION
        run(SUPPORT / "kafka.sh", "topic", self.brokers, name, partitions)

    def fill(self, job, events, seed, *options):
        """A topic of events for the job, and how many distinct ones there are."""
        topic = f"bench.{job}"
        self.topic(topic)
        self.topic(topic + ".dead", 1)
        said = run(self.binary, "produce", "--quiet", "--brokers", self.brokers, "--topic", topic, "--events", events,
                   "--format", "json", "--kinds", KINDS[job], "--duplicates", "10%", "--seed", seed, "--size", EVENT_BYTES,
                   *options)
        filled = json.loads(said)
        if filled["written"] != events:
            fail(f"only {filled['written']} of {events} events were written")
        return topic, filled["distinct"]

    def worker_command(self, job, topic, group, admin, journal=""):
        """The worker's command line for the job; `journal` is put behind redis.url."""
        target = TARGETS[job].format(sink=self.sink_port, in_flight=IN_FLIGHT, id=self.folder / "id",
                                     secret=self.folder / "secret")
        text = WORKER.format(brokers=self.brokers, group=group, redis=self.redis.port, topic=topic, admin=admin, target=target,
                             kinds=KINDS[job], journal=journal)
        file = self.folder / f"{group}.yaml"
        file.write_text(text)
        return [self.binary, "run", "-c", file]
