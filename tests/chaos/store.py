"""store.py: a Redis server with a replica, and what can happen to them. What may lose memory is told to the history."""

import contextlib
import re
import secrets
import signal
import socket
import threading
import time

from facts import now_ms
from secret_files import write
from servers import Process, free_port, tail, wait_until

BUSY_SHARE = 0.3  # of the time: it takes a whole processor
SCRIPTS_WITHIN_S = 45  # somebody meets another's claim
MET_WITHIN_S = 15  # whoever works asks it many times a second


class Line:
    """One connection; commands as words, replies as they are."""

    def __init__(self, port, password):
        self.socket = socket.create_connection(("127.0.0.1", port), 2)
        self.socket.settimeout(20)
        self.file = self.socket.makefile("rb")
        self.ask("AUTH", password)

    def ask(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line:
            raise OSError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind in b"+:":
            return rest
        if kind == b"-":
            raise OSError(rest.decode())
        n = int(rest)
        if n < 0:
            return None
        if kind == b"*":
            return [self.reply() for _ in range(n)]
        return self.file.read(n + 2)[:-2]

    def close(self):
        self.file.close()
        self.socket.close()


def new_password():
    return "planted-" + secrets.token_hex(12)


class Server:
    def __init__(self, folder, name, password):
        self.folder, self.name, self.port, self.password, self.process = folder, name, free_port(), password, None
        self.config, self.data = folder / f"{name}.conf", folder / name
        self.data.mkdir()
        self.configure()
        self.start()

    def configure(self):
        lines = (f"port {self.port}", "bind 127.0.0.1", f"dir {self.data}", 'save ""', "appendonly no", "daemonize no",
                 f"requirepass {self.password}", f"masterauth {self.password}", "repl-diskless-sync-delay 0")  # fmt: skip
        self.config.write_text("\n".join(lines) + "\n")

    def start(self):
        log = self.folder / f"{self.name}.log"
        self.process = Process(["redis-server", self.config], log)
        wait_until(f"{self.name} answers", self.answers, 60, lambda: "\n" + tail(log), 0.02)

    def errors(self, name):
        """How often it answered so since its start."""
        found = re.search(rb"^errorstat_%s:count=(\d+)" % name.encode(), self.ask("INFO", "errorstats"), re.M)
        return int(found[1]) if found else 0

    def answers(self):
        try:
            return self.ask("PING") == b"PONG"
        except OSError:
            return False

    def ask(self, *words):
        line = Line(self.port, self.password)
        try:
            return line.ask(*words)
        finally:
            line.close()


class Store:
    def __init__(self, folder, facts):
        self.folder, self.facts, self.passwords = folder, facts, [new_password()]
        self.password_file = folder / "redis-password"
        write(self.password_file, self.password)
        self.first, self.second = (Server(folder, name, self.password) for name in ("redis-a", "redis-b"))
        self.follow()
        self.links = self.fleet = None
        self.back = []  # ms at which it could be used again

    @property
    def password(self):
        return self.passwords[-1]

    def follow(self):
        self.second.ask("REPLICAOF", "127.0.0.1", self.first.port)

    @contextlib.contextmanager
    def loses(self, how):
        """Its memory, once, at a moment between begin and end: one fact, for it excuses one execution of an id and no more."""
        begun = now_ms()
        yield
        self.facts.add("forgot", begun, word=how, number=now_ms() - begun)

    def returned(self):
        self.back.append(now_ms())

    @staticmethod
    def last(for_s, met):
        """A fault lasts so long, and on until somebody has met it."""
        deadline = time.monotonic() + for_s + MET_WITHIN_S
        time.sleep(for_s)
        while time.monotonic() < deadline and not met():
            time.sleep(0.1)

    # ---- what can happen, by the names of the schedule ----

    def flush(self, for_s):
        with self.loses("flushed"):
            self.first.ask("FLUSHALL")

    def restart(self, for_s):
        with self.loses("restarted"):
            self.first.process.kill()
            time.sleep(for_s)
            self.first.start()
        self.returned()

    def failover(self, for_s):
        """The way leads to the replica before it is one no more: READONLY for so long."""
        with self.loses("failed over"):
            self.first.process.kill()
            self.swap()
            time.sleep(for_s)
            self.first.ask("REPLICAOF", "NO", "ONE")
        self.returned()
        self.restore()

    def failover_behind(self, for_s):
        """What is written once the replica is on its own is lost."""
        with self.loses("failed over"):
            self.second.ask("REPLICAOF", "NO", "ONE")
            time.sleep(for_s)
            self.first.process.kill()
            self.swap()
        self.returned()
        self.restore()

    def swap(self):
        self.first, self.second = self.second, self.first
        self.links.order(link="redis.*", upstream=self.first.port)

    def restore(self):
        self.second.start()
        self.follow()

    def frozen(self, for_s):
        self.first.process.send(signal.SIGSTOP)
        time.sleep(for_s)
        self.first.process.send(signal.SIGCONT)
        self.returned()

    def full(self, for_s):
        """Out of memory: writes are refused, nothing is evicted."""
        before = self.first.errors("OOM")
        self.first.ask("CONFIG", "SET", "maxmemory", "1")
        self.last(for_s, lambda: self.first.errors("OOM") > before)
        self.first.ask("CONFIG", "SET", "maxmemory", "0")
        self.returned()
        return self.first.errors("OOM") - before

    def misconfigured(self, for_s):
        """A snapshot cannot be written, for a folder is in its place; so nothing else may be."""
        before = self.first.errors("MISCONF")
        snapshot = self.first.data / "dump.rdb"
        snapshot.unlink(missing_ok=True)  # of a time when it was the replica
        snapshot.mkdir()
        self.first.ask("CONFIG", "SET", "save", "3600 1")
        wait_until("a snapshot has failed", self.snapshot_failed, 20, every=0.1)
        self.last(for_s, lambda: self.first.errors("MISCONF") > before)
        self.first.ask("CONFIG", "SET", "save", "")
        snapshot.rmdir()
        self.returned()
        return self.first.errors("MISCONF") - before

    def snapshot_failed(self):
        try:
            self.first.ask("BGSAVE")
        except OSError:  # another one is at work, for the replica
            pass
        return b"rdb_last_bgsave_status:err" in self.first.ask("INFO", "persistence")

    def busy(self, for_s):
        """A script that does not end: everybody else is refused."""
        before = self.first.errors("BUSY")
        self.first.ask("CONFIG", "SET", "busy-reply-threshold", "50")
        runaway = threading.Thread(target=self.run_away, args=(self.first,), daemon=True)
        runaway.start()
        time.sleep(BUSY_SHARE * for_s)
        wait_until("the script is ended", lambda: self.end_script(runaway), 20)
        self.returned()
        return self.first.errors("BUSY") - before

    @staticmethod
    def run_away(server):
        try:
            server.ask("EVAL", "while true do end", 0)
        except OSError:  # killed, as it should be
            pass

    def end_script(self, runaway):
        try:
            self.first.ask("SCRIPT", "KILL")
        except OSError:  # it has not begun, or is over
            pass
        return not runaway.is_alive()

    def scripts_flushed(self, for_s):
        before = self.first.errors("NOSCRIPT")
        self.first.ask("SCRIPT", "FLUSH")
        deadline = time.monotonic() + SCRIPTS_WITHIN_S
        while time.monotonic() < deadline and self.first.errors("NOSCRIPT") == before:
            time.sleep(0.1)
        return self.first.errors("NOSCRIPT") - before

    def change(self, server, password):
        """Also for its next start; whoever is connected has to say it anew."""
        server.ask("CONFIG", "SET", "masterauth", password)
        server.ask("CONFIG", "SET", "requirepass", password)
        server.password = password
        server.configure()
        server.ask("CLIENT", "KILL", "TYPE", "normal")

    def password_changed(self, for_s):
        """The workers' file is late. How often they were refused."""
        mark = self.fleet.mark()
        self.passwords.append(new_password())
        for server in (self.second, self.first):
            self.change(server, self.password)
        self.last(for_s, lambda: self.fleet.said("WRONGPASS", mark))
        write(self.password_file, self.password)
        self.returned()
        return self.fleet.said("WRONGPASS", mark)
