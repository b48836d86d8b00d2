"""arena.py: all the parts of a run: servers, links between them, three workers, and the configuration that they share."""

from broker import PROPERTIES, Broker
from faults import WORKERS
from fleet import RESOLVED, Fleet
from links import Links
from secret_files import SECOND_KEY, SecretFiles
from servers import Kafka, free_port
from store import Store
from traffic import TARGETS
from world import World

PARTITIONS, LEASE_MS, BACK_OFF_MS, SESSION_MS = 8, 5000, 2000, 6000
AFTER_MAX_MS, REVOKE_DRAIN_MS = 5000, 5000
SENDS_MAX = {"soar": 6, "notice": 0}  # one more than max_ambiguous if nothing is said of it; 0 = no limit
TARGET_HOLDS, TARGET_KEEPS_ORDER, TARGET_DEGRADES = 1, 2, 4
POLICIES = {
    "call_timeout": "2s",
    "connect_timeout": "1s",
    "claim_lease": f"{LEASE_MS}ms",
    "retry": {"base": "100ms", "max": f"{BACK_OFF_MS}ms", "after_max": f"{AFTER_MAX_MS}ms"},
    "breaker": {"failures": 5, "every": "1s"},
}


def properties(links):
    """A listener for each worker, advertised as the link in front of it."""
    names = [f"W{i}" for i in range(1, WORKERS + 1)]
    inside = {name: free_port() for name in names}
    listeners = ",".join(f"{name}://127.0.0.1:{port}" for name, port in inside.items())
    told = ",".join(f"{name}://127.0.0.1:{links.port('kafka', i + 1)}" for i, name in enumerate(names))
    protocols = ",".join(f"{name}:PLAINTEXT" for name in names)
    text = (
        f"listeners=PLAINTEXT://127.0.0.1:@BROKER@,CONTROLLER://127.0.0.1:@CONTROLLER@,{listeners}\n"
        f"advertised.listeners=PLAINTEXT://127.0.0.1:@BROKER@,{told}\n"
        f"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,{protocols}\n{PROPERTIES}"
    )
    return text, list(inside.values())


class Servers:
    """What World asks of its servers."""

    def __init__(self, binary, folder, kafka, redis):
        self.binary, self.folder, self.kafka, self.redis = binary, folder, kafka, redis


class Url:
    def __init__(self, port):
        self.url = f"redis://127.0.0.1:{port}/0"


class Arena:
    def __init__(self, binary, folder, version, seed, facts, failures):
        self.folder, self.seed = folder, seed
        self.links = Links(folder, seed)
        text, inside = properties(self.links)
        self.kafka = Kafka(version, folder / "kafka", text).start()
        (folder / "redis").mkdir()
        self.store = Store(folder / "redis", facts)
        self.store.links = self.links
        servers = Servers(binary, folder, self.kafka, Url(self.store.first.port))
        self.world = World(servers, "chaos", PARTITIONS, sim_arguments=("--access-key", SECOND_KEY))
        sim_port = int(self.world.sim.listen.rpartition(":")[2])
        upstreams = {f"kafka.{i + 1}": port for i, port in enumerate(inside)}
        for i in range(1, WORKERS + 1):
            upstreams |= {f"redis.{i}": self.store.first.port, f"soar.{i}": sim_port, f"portal.{i}": sim_port}
        self.links.start(upstreams)
        self.fleet = Fleet(self.world, self.configure, facts, failures)
        self.broker = Broker(self.kafka, self.world, self.fleet)
        self.secret_files = SecretFiles(self.world, self.fleet)
        self.store.fleet = self.fleet

    def secrets(self):
        """Whatever was one at any time, by names that may be told."""
        named = {f"password {i} of Redis": text for i, text in enumerate(self.store.passwords, 1)}
        return named | {f"secret {i} of a key": text for i, text in enumerate(self.secret_files.planted, 1)}

    # ---- which target does what: both policies in every run, which target has which by the seed ----

    def holds(self, target):
        return (TARGETS.index(target) + self.seed) % 2 == 1

    def degrades(self, target):
        return target.startswith("portal") and (TARGETS.index(target) + self.seed // 2) % 2 == 1

    def policies(self, target):
        return {
            "on_ambiguous": "hold" if self.holds(target) else "resend",
            "on_redis_down": "degrade" if self.degrades(target) else "pause",
        }

    def tell_targets(self, facts):
        for i, target in enumerate(TARGETS):
            flags = TARGET_KEEPS_ORDER | TARGET_HOLDS * self.holds(target) | TARGET_DEGRADES * self.degrades(target)
            word = "notice" if target.startswith("portal") else "soar"
            facts.add(
                "target", 0, target=i, word=word, flags=flags, number=LEASE_MS, limit=BACK_OFF_MS, offset=AFTER_MAX_MS,
                index=SENDS_MAX[word],
            )  # fmt: skip

    # ---- the workers' configuration ----

    def target(self, template, name, worker, **more):
        service = name.partition("-")[0]
        endpoint = f"http://{RESOLVED}:{self.links.port(service, worker)}"
        own = {"name": name, "endpoint": endpoint, "allow_plain_http": True}
        return template | own | POLICIES | self.policies(name) | more

    def configure(self, worker, label):
        soar, notice = self.world.config()["targets"]
        title = {"incident.generated": {"title": {"default": "{incidentName}"}, "body": {"default": "b"}}}
        config = self.world.config(
            kafka={
                "brokers": f"127.0.0.1:{self.links.port('kafka', worker)}",
                "properties": {"session.timeout.ms": str(SESSION_MS), "heartbeat.interval.ms": "1000", "client.id": label},
            },
            redis={
                "url": f"redis://127.0.0.1:{self.links.port('redis', worker)}/0",
                "password_file": str(self.store.password_file),
            },
            targets=[
                self.target(soar, "soar-a", worker),
                self.target(soar, "soar-b", worker),
                self.target(notice, "portal-a", worker, templates=title),
                self.target(notice, "portal-b", worker),
            ],
            routes=[
                {"name": "muted", "when": {"labels": {"muted": "yes"}}, "to": "drop", "stop": True},
                {"name": "incidents", "when": {"kinds": ["incident.generated"]}, "to": "soar-a"},
                {"name": "alerts", "when": {"kinds": ["alert.generated"]}, "to": "soar-b"},
                {"name": "told", "when": {"kinds": ["incident.generated"]}, "to": "portal-a"},
                {"name": "notices", "when": {"kinds": ["notice"]}, "to": "portal-b"},
            ],
        )
        return config
