"""sim_test.py: how `alertbridge sim` ends connections, seen from a plain socket; its control address, start and stop.

Usage: sim_test.py path/to/alertbridge
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/alertbridge"
REQUEST = b"GET /credentials HTTP/1.1\r\nHost: sim\r\n\r\n"     # needs no signature


def run(*words):
    return subprocess.run([BINARY, "sim", *words], capture_output=True, text=True, timeout=10)


class Connection:
    opened = []

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=5)
        self.opened.append(self.socket)
        self.rest = b""

    def send(self, data=REQUEST):
        self.socket.sendall(data)

    def read_reply(self):
        """(status, announced length, body); the body is short when the connection ends before it."""
        while b"\r\n\r\n" not in self.rest:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.rest += data
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        self.headers, length = headers, int(headers["content-length"])
        while len(self.rest) < length:
            data = self.socket.recv(65536)
            if not data:
                break
            self.rest += data
        body, self.rest = self.rest[:length], self.rest[length:]
        return int(lines[0].split()[1]), length, body

    def is_closed(self):
        return self.socket.recv(1) == b""


class SimTest(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.NamedTemporaryFile(delete=False)
        self.sim = subprocess.Popen([BINARY, "sim", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--ledger",
                                     self.file.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        addresses = json.loads(self.sim.stdout.readline())
        self.listen, self.control = addresses["listen"], "http://" + addresses["control"]

    def tearDown(self):
        while Connection.opened:
            Connection.opened.pop().close()
        self.sim.send_signal(signal.SIGTERM)
        _, self.summary = self.sim.communicate(timeout=10)
        os.unlink(self.file.name)
        self.assertEqual(self.sim.returncode, 0, self.summary)

    def fetch(self, path, data=None, method=None):
        request = urllib.request.Request(self.control + path, data=data.encode() if data else None, method=method)
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.read().decode()

    def fault(self, **rule):
        self.fetch("/faults", json.dumps({"count": 1, **rule}))

    def exchange(self):
        connection = Connection(self.listen)
        connection.send()
        return connection, connection.read_reply()

    def test_a_connection_carries_many_requests_also_at_once(self):
        connection = Connection(self.listen)
        connection.send(REQUEST * 50)
        self.assertEqual([connection.read_reply()[0] for _ in range(50)], [200] * 50)
        for _ in range(3):
            for byte in REQUEST:
                connection.send(bytes([byte]))
            self.assertEqual(connection.read_reply()[0], 200)

    def test_connection_close_is_honoured(self):
        connection = Connection(self.listen)
        connection.send(REQUEST[:-2] + b"Connection: close\r\n\r\n")
        self.assertEqual(connection.read_reply()[0], 200)
        self.assertEqual(connection.headers["connection"], "close")
        self.assertTrue(connection.is_closed())

    def test_an_expected_continue_is_said(self):
        connection = Connection(self.listen)
        connection.send(b"POST /x HTTP/1.1\r\nHost: s\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(connection.socket.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.send(b"{}")
        self.assertEqual(connection.read_reply()[0], 404)

    def test_what_is_no_http_is_refused_and_closed(self):
        for text, status in ((b"hello\r\n\r\n", 400), (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
                             (b"X" * 70000, 431)):
            connection = Connection(self.listen)
            connection.send(text)
            self.assertEqual(connection.read_reply()[0], status)

    def test_resets_and_closes(self):
        for kind in ("reset_before", "reset_after"):
            self.fault(kind=kind)
            with self.assertRaises(ConnectionResetError):
                self.exchange()
        for kind in ("close_before", "close_after"):
            self.fault(kind=kind)
            with self.assertRaises(EOFError):
                self.exchange()
        self.fault(kind="refuse")
        with self.assertRaises(ConnectionResetError):
            self.exchange()
        self.assertEqual(self.exchange()[1][0], 200)
        stats = json.loads(self.fetch("/stats"))
        self.assertEqual((stats["sts"]["executed"], stats["sts"]["unanswered"], stats["refused_at_accept"]), (3, 4, 1))

    def test_a_hanging_call_ends_when_its_time_is_over(self):
        self.fault(kind="hang_after", ms=200)
        began = time.monotonic()
        with self.assertRaises(EOFError):
            self.exchange()
        self.assertGreater(time.monotonic() - began, 0.19)

    def test_a_delay_holds_one_connection_only(self):
        self.fault(kind="delay", ms=300)
        slow = Connection(self.listen)
        began = time.monotonic()
        slow.send(REQUEST * 2)
        while json.loads(self.fetch("/stats"))["sts"]["requests"] == 0:
            pass
        self.assertEqual(self.exchange()[1][0], 200)
        self.assertLess(time.monotonic() - began, 0.29)
        self.assertEqual([slow.read_reply()[0], slow.read_reply()[0]], [200, 200])
        self.assertGreater(time.monotonic() - began, 0.29)

    def test_bodies_cut_huge_or_of_another_length(self):
        self.fault(kind="truncate", bytes=10)
        _, (_, length, body) = self.exchange()
        self.assertEqual(len(body), 10)
        self.assertGreater(length, 10)
        self.fault(kind="huge", bytes=3000000)
        connection, (_, length, body) = self.exchange()
        self.assertEqual((length, len(body)), (3000000, 3000000))
        self.assertIn("AccessKeyId", json.loads(body))
        connection.send()
        self.assertEqual(connection.read_reply()[0], 200)
        self.fault(kind="wrong_length", bytes=-5)
        _, (_, length, body) = self.exchange()
        with self.assertRaises(json.JSONDecodeError):
            json.loads(body)

    def test_a_reply_drips(self):
        self.fault(kind="drip", bytes=100, ms=10)
        began = time.monotonic()
        connection, (status, length, body) = self.exchange()
        self.assertEqual((status, len(body)), (200, length))
        self.assertGreater(time.monotonic() - began, 0.03)
        connection.send()
        self.assertEqual(connection.read_reply()[0], 200)

    def test_connections_close_announced_or_not_and_at_idle(self):
        for kind, said in (("close", "close"), ("keepalive_close", "keep-alive"), ("idle_close", "keep-alive")):
            self.fault(kind=kind, ms=30)
            connection, (status, _, _) = self.exchange()
            self.assertEqual((status, connection.headers["connection"]), (200, said))
            self.assertTrue(connection.is_closed(), kind)

    def test_the_control_address_explains_and_clears(self):
        self.assertEqual(self.fetch("/livez"), "ok\n")
        for path, data in (("/faults", '{"kind":"nothing"}'), ("/faults", "x"), ("/knobs", '{"rate":"x"}'), ("/nowhere", None)):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.fetch(path, data)
            self.assertIn("error", json.loads(caught.exception.read()))
            caught.exception.close()
        self.fetch("/faults", '[{"kind":"delay"},{"kind":"outage"}]')
        self.assertEqual(len(json.loads(self.fetch("/faults"))), 2)
        self.fetch("/faults", method="DELETE")
        self.assertEqual(json.loads(self.fetch("/faults")), [])
        self.assertEqual(json.loads(self.fetch("/knobs", '{"rate":"5/s","users":"7"}'))["rate"], "5/s")
        self.exchange()
        self.fetch("/reset", "{}")
        self.assertEqual(json.loads(self.fetch("/stats"))["sts"]["requests"], 0)

    def test_wrong_options_are_explained(self):
        for words, code, text in (((), 64, "--listen ADDR is missing"), (("--listen", "nowhere"), 69, "HOST:PORT"),
                                  (("--listen", ":0", "--set", "x=1"), 64, "unknown knob"),
                                  (("--listen", ":0", "--fault", "x"), 64, "unknown fault"),
                                  (("--listen", ":0", "--access-key", "hidden"), 64, "ID:SECRET"),
                                  (("--listen", ":0", "--seed", "x"), 64, "not understood"),
                                  (("--listen", ":0", "more"), 64, 'unexpected "more"'),
                                  (("--listen", ":0", "--ledger", "/nowhere/file"), 74, "/nowhere/file"),
                                  (("--listen", self.listen), 69, "cannot listen")):
            done = run(*words)
            self.assertEqual(done.returncode, code, words)
            self.assertIn(text, done.stderr)
            self.assertNotIn("hidden", done.stderr)
        self.assertIn("dup_in_batch=merge_first_wins", run("--help").stdout)


if __name__ == "__main__":
    unittest.main(verbosity=1)
