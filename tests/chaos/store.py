"""store.py: a Redis server with a replica, and what can happen to them. What may lose memory is told to the history."""

import os
import secrets
import signal
import socket
import time

from servers import Process, free_port, tail, wait_until


class Line:
    """One connection; commands as words, replies as they are."""

    def __init__(self, port, password):
        self.socket = socket.create_connection(("127.0.0.1", port), 2)
        self.socket.settimeout(5)
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


class Server:
    def __init__(self, folder, name, password):
        self.folder, self.name, self.port, self.password, self.process = folder, name, free_port(), password, None
        self.config = folder / f"{name}.conf"
        lines = ("port %d" % self.port, "bind 127.0.0.1", f"dir {folder}", 'save ""', "appendonly no", "daemonize no",
                 f"requirepass {password}", f"masterauth {password}", "repl-diskless-sync-delay 0")  # fmt: skip
        self.config.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        log = self.folder / f"{self.name}.log"
        self.process = Process(["redis-server", self.config], log)
        wait_until(f"{self.name} answers", self.answers, 10, lambda: "\n" + tail(log), 0.02)

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
        self.folder, self.facts, self.password = folder, facts, "planted-" + secrets.token_hex(12)
        self.password_file = folder / "redis-password"
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, self.password.encode())
        os.close(descriptor)
        self.first, self.second = (Server(folder, name, self.password) for name in ("redis-a", "redis-b"))
        self.follow()
        self.links = None

    def follow(self):
        self.second.ask("REPLICAOF", "127.0.0.1", self.first.port)

    def forgot(self, how):
        self.facts.add("forgot", word=how)

    # ---- what can happen, by the names of the schedule ----

    def flush(self, for_s):
        self.forgot("flushed")
        self.first.ask("FLUSHALL")
        self.forgot("flushed")

    def restart(self, for_s):
        self.forgot("restarted")
        self.first.process.kill()
        time.sleep(for_s)
        self.first.start()
        self.forgot("restarted")

    def failover(self, for_s, behind=False):
        self.forgot("failed over")
        if behind:  # what is written from here on is lost
            self.second.ask("REPLICAOF", "NO", "ONE")
            time.sleep(for_s)
        self.first.process.kill()
        if not behind:
            time.sleep(for_s)
            self.second.ask("REPLICAOF", "NO", "ONE")
        self.first, self.second = self.second, self.first
        self.links.order(link="redis.*", upstream=self.first.port)
        self.forgot("failed over")
        self.second.start()
        self.follow()

    def failover_behind(self, for_s):
        self.failover(for_s, behind=True)

    def frozen(self, for_s):
        self.first.process.send(signal.SIGSTOP)
        time.sleep(for_s)
        self.first.process.send(signal.SIGCONT)

    def full(self, for_s):
        """Out of memory: writes are refused, nothing is evicted."""
        self.first.ask("CONFIG", "SET", "maxmemory", "1")
        time.sleep(for_s)
        self.first.ask("CONFIG", "SET", "maxmemory", "0")
