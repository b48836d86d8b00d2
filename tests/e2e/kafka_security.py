"""kafka_security.py: brokers that ask who is there: SASL/PLAIN, SCRAM over TLS, client certificates; keys and passwords of one run."""

import json
import secrets
import subprocess
import time

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from commands import run
from connect import make_topic

from deliveries import bad_ones, fill
from events import stream
from servers import QUIET, Kafka, expect, free_port, tail, wait_until
from world import World

USER = "worker"
REAUTH_MS = 2000  # then a connection must prove itself again, or is closed and made anew
SESSION = {"session.timeout.ms": "4000", "heartbeat.interval.ms": "500"}

LISTENERS = """
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PLAIN:SASL_PLAINTEXT,SCRAM:SASL_SSL,MUTUAL:SSL
listeners=PLAIN://127.0.0.1:{plain},SCRAM://127.0.0.1:{scram},MUTUAL://127.0.0.1:{mutual},{open}
advertised.listeners=PLAIN://127.0.0.1:{plain},SCRAM://127.0.0.1:{scram},MUTUAL://127.0.0.1:{mutual},PLAINTEXT://127.0.0.1:@BROKER@
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.plain.sasl.enabled.mechanisms=PLAIN
listener.name.plain.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.scram.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.mutual.ssl.client.auth=required
listener.name.plain.connections.max.reauth.ms={reauth_ms}
listener.name.scram.connections.max.reauth.ms={reauth_ms}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""


def openssl(*arguments):
    ended = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    expect(ended.returncode == 0, f"openssl {arguments[0]}: {ended.stderr}")


def sign(folder, name):
    """A key of `name` and its certificate for 127.0.0.1, by the authority of this run."""
    key, request, certificate = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.crt"
    more = folder / "more.cnf"
    more.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    openssl(
        *("x509", "-req", "-in", request, "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial"),
        *("-out", certificate, "-days", "2", "-extfile", more),
    )
    (folder / f"{name}.pem").write_text(key.read_text() + certificate.read_text())


class Secured(Kafka):
    """A node with four ways in: open, SASL/PLAIN, SCRAM over TLS, and TLS with a certificate of the client."""

    def __init__(self, version, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.password = folder / "password"
        self.password.write_text(secrets.token_urlsafe(18))
        self.ports = {way: free_port() for way in ("plain", "scram", "mutual")}
        begin = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority of a test")
        openssl(*begin, "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
        for name in ("server", "client"):
            sign(folder, name)
        opened = "PLAINTEXT://127.0.0.1:@BROKER@,CONTROLLER://127.0.0.1:@CONTROLLER@"
        named = {"user": USER, "password": self.password.read_text(), "folder": folder, "open": opened, "reauth_ms": REAUTH_MS}
        super().__init__(version, folder, LISTENERS.format(**self.ports, **named))

    def start(self):
        super().start()
        client = AdminClient({"bootstrap.servers": self.brokers, **QUIET})
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096)
        wish = UserScramCredentialUpsertion(USER, info, self.password.read_bytes())
        client.alter_user_scram_credentials([wish])[USER].result(20)
        return self

    def way(self, way):
        """kafka.* of a configuration; passwords by ${file:...} only."""
        password = "${file:%s}" % self.password
        properties = {
            "plain": {"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN"},
            "scram": {"security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-256"},
            "mutual": {
                "security.protocol": "ssl",
                "ssl.certificate.location": str(self.folder / "client.crt"),
                "ssl.key.location": str(self.folder / "client.key"),
            },
        }[way]
        if way != "mutual":
            properties |= {"sasl.username": USER, "sasl.password": password}
        if way != "plain":
            properties |= {"ssl.ca.location": str(self.folder / "ca.pem"), "ssl.endpoint.identification.algorithm": "https"}
        return {"brokers": f"127.0.0.1:{self.ports[way]}", "properties": SESSION | properties}


def one_way(servers, name, kafka, way, count):
    """Consumes several megabytes, writes dead letters, commits, and proves itself again in mid-run."""
    begun = time.monotonic()
    with World(servers, f"{name}-{way}", kafka=kafka) as world:
        world.sim.fault("delay", ms=2, jitter=4)
        bad, letters = bad_ones(world)
        fill(world, count, seed=13, bad=bad)
        worker = world.worker(kafka=kafka.way(way) | {"group": world.group})
        world.executed(0.7, 40)
        time.sleep(1.5 * REAUTH_MS / 1000)
        world.produce(stream(f"{name}-{way}-more", count // 4, 14, 0))
        world.finished(40)
        world.never_doubled()
        world.dead_letters_are(letters)
        again = worker.count("AB2102")
        expect(again >= 1 or way == "mutual", "no connection was made anew: nothing is proved of that")
        refused = worker.count("AB2104")
        expect(refused == 0, f"AB2104 is said {refused} times\n{tail(worker.log)}")
        worker.leave()
        expect(kafka.password.read_bytes() not in worker.log.read_bytes(), "the password stands in the log")
        return f"{way}: {len(world.expected)} once each, {time.monotonic() - begun:.0f} s"


def refused(servers, name, kafka):
    """A wrong password, and an authority that is not known, are said and waited for."""
    with World(servers, f"{name}-not", kafka=kafka, sim=False) as world:
        (world.folder / "wrong").write_text("not-the-password")
        wrong = {
            "plain": {"sasl.password": "${file:%s}" % (world.folder / "wrong")},
            "scram": {"ssl.ca.location": str(kafka.folder / "client.crt")},
        }
        for way, properties in wrong.items():
            settings = kafka.way(way) | {"group": world.group}
            settings["properties"] |= properties
            world.worker(way, kafka=settings)
        for worker in world.workers:
            wait_until("AB2104", lambda worker=worker: worker.count("AB2104"), 15, lambda worker=worker: tail(worker.log))
            expect((worker.get("/readyz") or (0,))[0] == 503, "ready without a broker")
            worker.leave()


def deny(kafka, kind, name):
    """Everything about it, to USER alone."""
    acl = AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{USER}", "*", AclOperation.ALL, AclPermissionType.DENY)
    client = AdminClient({"bootstrap.servers": kafka.brokers, **QUIET})
    client.create_acls([acl])[acl].result(20)


def denied(servers, name, kafka):
    """What the principal may not see is told as denied, not as absent; what it may see is looked at all the same."""
    with World(servers, f"{name}-denied", kafka=kafka, sim=False) as world:
        seen, hidden, group = make_topic(world, f"{world.name}.seen"), make_topic(world, f"{world.name}.hidden"), f"{world.name}.group"
        deny(kafka, ResourceType.TOPIC, hidden)
        deny(kafka, ResourceType.GROUP, group)
        config = world.folder / "denied.yaml"
        sources = [{"name": "alerts", "topics": [seen, hidden]}]
        config.write_text(json.dumps(world.config(kafka=kafka.way("plain") | {"group": group}, sources=sources)))
        _, out, _ = run(world.binary, "check", "-c", config, "--connect", "--output", "json", seconds=90)
        found = {(c["check"], c["target"]): (c["status"], c["remedy"]) for c in json.loads(out)["checks"]}
        for check, target, right in (("topic", hidden, "Describe and Read"), ("offsets", group, "Read on group")):
            status, remedy = found.get((f"kafka.{check}", target), ("not told", ""))
            expect(status == "warn" and right in remedy, f"{check} {target}: {status}, {remedy}\n{out}")
        expect(("kafka.topic", seen) in found and found[("kafka.topic", seen)][0] != "fail", f"{seen} was not looked at\n{out}")


def security(servers, name, count=7000):
    begun = time.monotonic()
    kafka = Secured("3.9.1", servers.folder / f"{name}-kafka").start()
    told = [one_way(servers, name, kafka, way, count) for way in ("plain", "scram", "mutual")]
    refused(servers, name, kafka)
    denied(servers, name, kafka)
    kafka.stop()
    return f"{'; '.join(told)}; wrong password and unknown authority are AB2104, what is denied is told so, {time.monotonic() - begun:.0f} s"


FULL = {"kafka-security": security}
QUICK = {}
