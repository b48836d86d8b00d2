"""servers.py: the processes of a run: Kafka, Redis, simulators; each ends with its parent, whatever happens to it."""

import collections
import contextlib
import ctypes
import json
import logging
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"
PR_SET_PDEATHSIG = 1
QUIET = {"log_level": 3, "logger": logging.getLogger("kafka")}  # for clients whose Kafka comes and goes
ports_given, ports_lock = collections.deque(maxlen=2000), threading.Lock()
prctl = ctypes.CDLL(None).prctl
urlopen = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # loopback is never asked of a proxy


class Failure(Exception):
    """A scenario does not hold; the text says what was seen."""


def expect(holds, text):
    if not holds:
        raise Failure(text)


def wait_until(what, condition, seconds, seen=lambda: "", every=0.05):
    """The first true value of `condition`; a failure that says what was seen when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Failure(f"{what}: not within {seconds} s {seen()}")
        time.sleep(every)


def free_port():
    """Below the range that the system gives to outgoing connections, so that nobody takes it before its owner does; and not one
    of the last given: several lanes draw at once, and who drew first may not listen yet."""
    while True:
        port = random.SystemRandom().randrange(20000, 32768)
        with ports_lock, socket.socket() as probe:
            if port in ports_given:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports_given.append(port)
            return port


def tail(path, lines=15):
    try:
        return "".join(path.read_text(errors="replace").splitlines(keepends=True)[-lines:])
    except OSError:
        return ""


def die_with_parent():
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stay_on_loopback():
    """The parts of a run meet there: nothing that it starts asks a proxy for the way."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        os.environ.pop(name, None)


def end_on_signals():
    """As at the end of the program: what was started is ended, and folders go."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))


def catches(pid, number):
    """Whether that process has a handler for the signal: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html"""
    with contextlib.suppress(OSError):
        caught = re.search(r"^SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
        return bool(int(caught[1], 16) >> (number - 1) & 1)
    return False


class Process:
    """A child with its output in files. All of them are known, so that a run can end them."""

    living = []

    def __init__(self, arguments, log, stdout=None, env=None, stderr=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as errors:
            self.child = subprocess.Popen(
                [str(a) for a in arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout or errors,
                stderr=stderr or errors,
                preexec_fn=die_with_parent,
                start_new_session=True,
                env=env,
            )
        Process.living.append(self)

    @property
    def pid(self):
        return self.child.pid

    def runs(self):
        return self.child.poll() is None

    def send(self, number):
        if self.runs():
            self.child.send_signal(number)

    def wait(self, seconds):
        """The exit code; -N for a signal."""
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"process {self.child.args[0]} did not end within {seconds} s\n{tail(self.log)}") from None
        if self in Process.living:
            Process.living.remove(self)
        return code

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait(10)

    def stop(self, seconds=20):
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except Failure:
            return self.kill()

    @classmethod
    def stop_all(cls):
        for process in reversed(list(cls.living)):
            process.stop(10)


@contextlib.contextmanager
def ended_with(shared):
    """What is begun within ends with it, however it ends; but for the parts of `shared()`, and what was there before."""
    before = list(Process.living)
    try:
        yield
    finally:
        kept = before + [part.process for part in shared()]
        for process in reversed([one for one in Process.living if one not in kept]):
            process.stop(10)


class Kafka:
    """One node; it keeps its port and its data over stop and start. `properties` come after those of kafka.sh."""

    def __init__(self, version, folder, properties=""):
        self.version, self.folder, self.process, self.brokers = version, folder, None, None
        folder.mkdir(parents=True, exist_ok=True)
        self.env = dict(os.environ)
        if properties:
            self.env["KAFKA_PROPERTIES"] = str(folder / "more.properties")
            (folder / "more.properties").write_text(properties)
        subprocess.run([SUPPORT / "kafka.sh", "fetch", version], check=True, stdout=subprocess.DEVNULL)

    def start(self):
        self.process = Process([SUPPORT / "kafka.sh", "run", self.version, self.folder], self.folder / "start.log", env=self.env)
        told = subprocess.run(
            [SUPPORT / "kafka.sh", "wait", self.folder, str(self.process.pid)], capture_output=True, text=True
        )
        expect(
            told.returncode == 0, f"Kafka {self.version} does not start\n{told.stderr}\n{tail(self.folder / 'start.log')}"
        )
        self.brokers = told.stdout.split()[0].partition("=")[2]
        return self

    def stop(self):
        self.process.stop(30)

    def kill(self):
        self.process.kill()


class Redis:
    """A server without persistence on a port of its own: a restart forgets everything."""

    def __init__(self, folder, start=True):
        self.folder, self.port, self.process = folder, free_port(), None
        folder.mkdir(parents=True, exist_ok=True)
        if start:
            self.start()

    def start(self):
        self.process = Process(
            [
                "redis-server",
                "--port",
                self.port,
                "--bind",
                "127.0.0.1",
                "--dir",
                self.folder,
                "--save",
                "",
                "--appendonly",
                "no",
                "--daemonize",
                "no",
            ],
            self.folder / "redis.log",
        )
        wait_until("redis-server answers", self.answers, 10, lambda: "\n" + tail(self.folder / "redis.log"), 0.02)
        return self

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as link:
                link.sendall(b"PING\r\n")
                return link.recv(7) == b"+PONG\r\n"
        except OSError:
            return False

    def command(self, *words):
        """What redis-cli prints."""
        told = subprocess.run(
            ["redis-cli", "-p", str(self.port), *map(str, words)], capture_output=True, text=True, timeout=30
        )
        expect(told.returncode == 0 and not told.stdout.startswith("ERR"), f"redis-cli: {told.stdout:.300} {told.stderr}")
        return told.stdout

    def stop(self):
        self.process.stop()

    def kill(self):
        self.process.kill()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"


class Sim:
    """Both backends on one address; each execution is a line of its ledger file."""

    def __init__(self, binary, folder, arguments=(), start=True):
        self.binary, self.folder, self.arguments = binary, folder, [str(a) for a in arguments]
        self.listen, self.control, self.process = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}", None
        self.ledger_path = folder / "ledger.jsonl"
        self.ledger_path.touch()
        if start:
            self.start()

    def start(self):
        self.process = Process(
            [
                self.binary,
                "sim",
                "--listen",
                self.listen,
                "--control",
                self.control,
                "--access-key",
                "testid:testsecret",
                "--app-key",
                "appkey:appsecret",
                "--org",
                "o1",
                "--ledger",
                self.ledger_path,
                *self.arguments,
            ],
            self.folder / "sim.log",
        )
        wait_until("the simulator answers", self.answers, 10, lambda: "\n" + tail(self.folder / "sim.log"), 0.02)
        return self

    def answers(self):
        try:
            return self.ask("GET", "/livez") is not None
        except OSError:
            return False

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://{self.control}{path}", method=method, data=json.dumps(body).encode() if body else None
        )
        with urlopen(request, timeout=10) as reply:
            return reply.read().decode()

    def fault(self, kind, **parameters):
        named = {
            ("for" if name == "for_ms" else "after" if name == "after_ms" else name): value
            for name, value in parameters.items()
        }
        self.ask("POST", "/faults", {"kind": kind, **named})

    def set(self, **knobs):
        self.ask("POST", "/knobs", {name: str(value) for name, value in knobs.items()})

    def stats(self):
        return json.loads(self.ask("GET", "/stats"))

    def stop(self):
        self.process.stop()
