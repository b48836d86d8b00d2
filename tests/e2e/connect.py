"""connect.py: check --connect through the binary, on a real Kafka, a real Redis and the simulators of both backends."""

import json
import socket
import time

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from commands import run
from servers import QUIET, Redis, expect, free_port
from world import World

SECONDS_MAX = 30
SECRETS = ("testsecret", "appsecret", "wrong-secret", "redis-password")


class Checked:
    """One run as JSON: its exit code, and what was found."""

    def __init__(self, code, out, errors, took):
        self.code, self.out, self.errors, self.took = code, out, errors, took
        self.checks = json.loads(out)["checks"]

    def found(self, check, target=None):
        return [c for c in self.checks if c["check"] == check and target in (None, c["target"])]

    def not_passed(self):
        return [(c["check"], c["target"], c["status"]) for c in self.checks if c["status"] != "pass"]


def say(redis, *words):
    """One command to Redis; the first line of the answer."""
    with socket.create_connection(("127.0.0.1", redis.port), 5) as link:
        link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in map(str.encode, words)))
        return link.recv(4096).decode().split("\r\n")[0]


def make_topic(world, topic, partitions=1, **settings):
    client = AdminClient({"bootstrap.servers": world.kafka.brokers, **QUIET})
    config = {name.replace("_", "."): str(value) for name, value in settings.items()}
    client.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].result(20)
    return topic


class Connect:
    def __init__(self, world):
        self.world, self.n, self.slowest = world, 0, 0
        self.topic = make_topic(world, f"{world.name}.kept", 3, retention_ms=12 * 3600 * 1000)

    def write(self, config):
        self.n += 1
        path = self.world.folder / f"connect{self.n}.yaml"
        path.write_text(json.dumps(config))
        return path

    def config(self, **changes):
        return self.world.config(**{"sources": [{"name": "alerts", "topics": [self.topic]}]} | changes)

    def check(self, env=None, **changes):
        path, begun = self.write(self.config(**changes)), time.monotonic()
        told = run(self.world.binary, "check", "-c", path, "--connect", "--output", "json", env=env, seconds=SECONDS_MAX + 30)
        checked = Checked(*told, time.monotonic() - begun)
        self.slowest = max(self.slowest, checked.took)
        expect(checked.took < SECONDS_MAX, f"took {checked.took:.1f} s")
        shown = [secret for secret in SECRETS if secret in checked.out + checked.errors]
        expect(not shown, f"secrets are shown: {shown}")
        return checked

    def expect(self, what, code, check, status, text, target=None, **changes):
        """The exit code, and one finding of that check with that status and text; a remedy where something is to be done."""
        checked = self.check(**changes)
        found = [c for c in checked.found(check, target) if c["status"] == status and text in c["detail"]]
        expect(
            checked.code == code and found and (status == "pass" or found[0]["remedy"]),
            f"{what}: exit {checked.code}, not {code}, or no {status} of {check} with {text!r}:\n"
            + json.dumps(checked.checks, indent=1),
        )
        return checked

    def secret(self, name, text):
        path = self.world.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)


def all_pass(connect, world, redis):
    checked = connect.check()
    expect(checked.code == 0 and not checked.not_passed(), f"exit {checked.code}, not all pass: {checked.not_passed()}")
    wanted = {"kafka.brokers", "kafka.topic", "kafka.retention", "kafka.offsets", "kafka.dead_letter", "kafka.windows"}
    wanted |= {"redis.connection", "redis.version", "redis.role", "redis.eviction", "redis.persistence", "redis.canary"}
    wanted |= {"target.credentials", "target.playbook", "target.templates", "target.clock"}
    expect({c["check"] for c in checked.checks} == wanted, f"looked at {sorted({c['check'] for c in checked.checks})}")
    expect(all(set(c) == {"check", "target", "status", "detail", "remedy"} for c in checked.checks), "a row's members")
    expect("checking redis" in checked.errors, f"progress: {checked.errors}")
    code, out, errors = run(world.binary, "check", "-c", connect.write(connect.config()), "--connect", "-q")
    expect(code == 0 and out.startswith("ok:") and "pass  kafka.brokers" in out, f"as text: exit {code}\n{out}{errors}")
    expect("0 warn, 0 fail" in out and "checking" not in errors, f"as text: {out}{errors}")


def touches_nothing(connect, world, redis):
    """No topic, key, group or execution comes of it, also where topics are missing."""
    client = AdminClient({"bootstrap.servers": world.kafka.brokers, **QUIET})
    connect.expect(
        "a missing topic", 78, "kafka.topic", "fail", "does not exist", sources=[{"name": "a", "topics": ["none.such"]}]
    )
    connect.expect(
        "no dead-letter topic", 78, "kafka.dead_letter", "fail", "does not exist", dead_letter={"topic": "none.dead"}
    )
    topics = client.list_topics(timeout=10).topics
    expect(not {"none.such", "none.dead"} & topics.keys(), "a look made a topic")
    groups = {group.group_id for group in client.list_consumer_groups().result(10).valid}
    expect(world.group not in groups, f"the group was made: {groups}")
    expect(say(redis, "DBSIZE") == ":0", f"keys in Redis: {say(redis, 'DBSIZE')}")
    expect(len(world.ledger.read()) == 0, f"something was sent: {list(world.ledger.times)}")


def kafka(connect, world):
    dead = make_topic(world, f"{world.name}.short", retention_ms=3600000, max_message_bytes=1000)
    checked = connect.expect(
        "dead letters forgotten", 0, "kafka.dead_letter", "warn", "keeps records 1h", dead_letter={"topic": dead}
    )
    sizes = [c for c in checked.found("kafka.dead_letter") if "takes records of 1000 bytes" in c["detail"]]
    expect(len(sizes) == 1, f"sizes: {checked.found('kafka.dead_letter')}")
    forever = {"sources": [{"name": "alerts", "topics": [world.topic]}]}
    connect.expect("kept for ever", 0, "kafka.retention", "warn", "for ever", **forever)
    connect.expect(
        "a pattern",
        0,
        "kafka.pattern",
        "pass",
        "1 topic",
        sources=[{"name": "alerts", "topics": [f"^{world.name}\\.kep"]}],
    )
    connect.expect(
        "a pattern for nothing", 0, "kafka.pattern", "warn", "no topic", sources=[{"name": "alerts", "topics": ["^none\\."]}]
    )
    connect.expect(
        "a pattern of the dead letters",
        78,
        "kafka.dead_letter",
        "fail",
        "parked again",
        sources=[{"name": "alerts", "topics": [f"^{world.name}\\."]}],
    )
    consumer = world.consumer(world.group)
    try:
        consumer.commit(offsets=[TopicPartition(connect.topic, 0, 0)], asynchronous=False)
        checked = connect.expect("one committed", 0, "kafka.offsets", "pass", "committed 1 of 3 partitions")
        expect("committed offsets" in checked.found("redis.canary")[0]["detail"], f"canary: {checked.found('redis.canary')}")
        consumer.commit(offsets=[TopicPartition(connect.topic, 2, 500)], asynchronous=False)
        checked = connect.expect("out of range", 78, "kafka.offsets", "fail", "partition 2")
        expect("--reset-offsets" in checked.found("kafka.offsets")[0]["remedy"], "the remedy of an offset out of range")
        consumer.commit(offsets=[TopicPartition(connect.topic, 2, 0)], asynchronous=False)
    finally:
        consumer.close()
    away = {"kafka": {"brokers": f"127.0.0.1:{free_port()}"}}
    checked = connect.expect("no broker", 69, "kafka.brokers", "fail", "no broker answers", **away)
    expect(checked.found("target.credentials")[0]["status"] == "pass", "the rest is looked at all the same")


def redis_server(connect, redis):
    url = {"url": redis.url}
    say(redis, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    connect.expect("eviction", 0, "redis.eviction", "warn", "allkeys-lru", redis=url)
    say(redis, "CONFIG", "SET", "maxmemory-policy", "noeviction")
    say(redis, "CONFIG", "SET", "appendonly", "no")
    connect.expect("no persistence", 0, "redis.persistence", "warn", "none", redis=url)
    say(redis, "REPLICAOF", "127.0.0.1", "1")
    connect.expect("a replica", 78, "redis.role", "fail", "slave", redis=url)
    say(redis, "REPLICAOF", "NO", "ONE")
    say(redis, "CONFIG", "SET", "requirepass", "redis-password")
    right, wrong = connect.secret("rp", "redis-password\n"), connect.secret("wp", "wrong-secret\n")
    connect.expect("no password", 77, "redis.connection", "fail", "refused", redis=url)
    connect.expect("a wrong password", 77, "redis.connection", "fail", "AUTH", redis=url | {"password_file": wrong})
    connect.expect("the right password", 0, "redis.connection", "pass", "reached", redis=url | {"password_file": right})
    connect.expect(
        "no Redis", 69, "redis.connection", "fail", "cannot be reached", redis={"url": f"redis://127.0.0.1:{free_port()}"}
    )
    connect.expect("memory", 0, "redis.memory", "warn", "NO REDIS", redis={"url": "memory:"})


def silent_redis(connect):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        connect.expect("a Redis that is silent", 69, "redis.connection", "fail", "in time", redis={"url": url})


def backends(connect, world):
    sim, wrong = world.sim, connect.secret("wrong", "wrong-secret")
    keys = {"access_key_id_file": world.secrets["ak"], "access_key_secret_file": wrong}
    credentials = ("target.credentials", "fail")
    connect.expect("a wrong secret", 77, *credentials, "SignatureDoesNotMatch", "soar-prod", soar={"credentials": keys})
    keys = {"access_key_id_file": wrong, "access_key_secret_file": world.secrets["sk"]}
    connect.expect("an unknown key", 77, *credentials, "InvalidAccessKeyId", "soar-prod", soar={"credentials": keys})
    keys = {"app_key_file": world.secrets["apk"], "app_secret_file": wrong}
    connect.expect("a wrong appSecret", 77, *credentials, "code 1003", "portal", notice={"credentials": keys})
    gone = f"http://127.0.0.1:{free_port()}"
    connect.expect("no SOAR", 69, *credentials, "cannot connect", "soar-prod", soar={"endpoint": gone})
    connect.expect("no portal", 69, *credentials, "cannot connect", "portal", notice={"endpoint": gone})
    elsewhere = f"http://{sim.control}"
    connect.expect("another server", 78, *credentials, "HTTP 404", "portal", notice={"endpoint": elsewhere})
    other = {"playbook_uuid": "11111111-97ca-435d-8c20-000000000000"}
    connect.expect("an unknown playbook", 78, "target.playbook", "fail", "not known", soar=other)
    other = {"playbook_uuid": "22222222-97ca-435d-8c20-000000000000"}
    connect.expect("a playbook that is off", 0, "target.playbook", "warn", "switched off", soar=other)
    sim.set(permission="deny_describe")
    connect.expect("no right", 0, "target.playbook", "warn", "NoPermission")
    checked = connect.expect("no right", 0, "target.templates", "warn", "NoPermission")
    expect(checked.found("target.credentials", "soar-prod")[0]["status"] == "pass", "the key itself is accepted")
    sim.set(permission="allow", clock_offset=-120000)
    connect.expect("a clock that is off", 0, "target.clock", "warn", "ahead", "soar-prod")
    sim.set(clock_offset=3600000)
    connect.expect("a clock that is far off", 77, *credentials, "InvalidTimeStamp", "soar-prod")
    sim.set(clock_offset=0)
    sim.fault("hang_before", ms=60000, api="soar")
    connect.expect("a silent SOAR", 69, *credentials, "no answer", "soar-prod")
    sim.ask("POST", "/reset", {})


def chain(connect, world):
    """Keys of the default chain: who gave them is told, and who did not."""
    nobody = {
        "HOME": str(world.folder),
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        "ALIBABA_CLOUD_STS_ENDPOINT": f"http://{world.sim.listen}",
    }
    token = connect.secret("web-token", "a.b.c")
    role = {
        "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r",
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/p",
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE": token,
    }
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "testid", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "testsecret"}
    gone = {"ALIBABA_CLOUD_STS_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    for what, env, code, status, text in (
        ("the environment's key", keys, 0, "pass", "from environment"),
        ("a role's key", role, 0, "pass", "from oidc"),
        ("a wrong key of the environment", keys | {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong-secret"}, 77, "fail", "Signature"),
        ("no STS", role | gone, 69, "fail", "no key"),
        ("nobody", {}, 69, "fail", "no provider"),
    ):
        checks = ("target.credentials", status, text, "soar-prod")
        connect.expect(what, code, *checks, soar={"credentials": {}}, env=nobody | env)


def connect(servers, name):
    """check --connect: everything passes; then each thing that may be wrong is found, with its exit code and a remedy."""
    playbooks = ["c5c88b5e-97ca-435d-8c20-000000000000", "-22222222-97ca-435d-8c20-000000000000"]
    arguments = [word for playbook in playbooks for word in ("--playbook", playbook)]
    folder = servers.folder / f"{name}-redis"
    redis = Redis(folder)
    try:
        say(redis, "CONFIG", "SET", "appendonly", "yes")
        with World(servers, name, partitions=1, redis=redis, sim_arguments=arguments) as world:
            checks = Connect(world)
            all_pass(checks, world, redis)
            touches_nothing(checks, world, redis)
            kafka(checks, world)
            backends(checks, world)
            chain(checks, world)
            redis_server(checks, redis)
            silent_redis(checks)
            return f"{checks.n} runs, the slowest {checks.slowest:.1f} s; exits 0, 69, 77, 78; nothing touched, no secret shown"
    finally:
        redis.stop()


FULL = {"connect": connect}
QUICK = {}
