"""process.py: how a worker starts, ends and answers: exit codes, the admin port, and metrics that add up."""

import fcntl
import http.client
import json
import os
import re
import signal
import socket
import threading
import time

from deliveries import fill
from servers import Failure, Process, Redis, catches, expect, tail, urlopen, wait_until
from world import World

METRICS_DEF = __import__("pathlib").Path(__file__).resolve().parents[2] / "bridge" / "metrics.def"


def ended_before_begun(world):
    """SIGTERM while it waits for its configuration, which is a pipe that nobody writes into."""
    pipe = world.folder / "silent.yaml"
    os.mkfifo(pipe)
    worker = Process([world.binary, "run", "--config", pipe], world.folder / "silent.log")
    wait_until("the handler is there", lambda: catches(worker.pid, signal.SIGTERM), 10, every=0.005)
    worker.send(signal.SIGTERM)
    code = worker.wait(5)
    expect(code == 0, f"SIGTERM before the configuration was read ended in {code}\n{tail(worker.log)}")


def soon_ended(servers, name):
    """SIGTERM at every moment of a start ends in exit 0."""
    with World(servers, name, partitions=2) as world:
        ended_before_begun(world)
        fill(world, 2000)
        delays = [0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 0.8]
        for delay in delays:
            worker = world.worker()
            wait_until("the first log line", lambda: worker.count("AB8101"), 10, every=0.005)
            time.sleep(delay)
            worker.leave()
            expect(
                worker.count("AB8201") == 1 and worker.count("AB8202") == 1,
                f"the log does not tell of the drain\n{tail(worker.log)}",
            )
        last = world.worker()
        world.finished(30)
        world.never_doubled()
        last.leave()
        return f"{len(delays)} starts ended within 0.03 to 0.8 s, each with exit 0; 0 lost, 0 doubled"


def second_sigterm(servers, name):
    """The second SIGTERM does not wait for the call under way."""
    with World(servers, name, partitions=1) as world:
        fill(world, 200, repeats=0)
        world.sim.fault("hang_before", ms=8000)
        worker = world.worker(
            soar={"call_timeout": "9s", "claim_lease": "30s"}, notice={"call_timeout": "9s", "claim_lease": "30s"}
        )
        wait_until(
            "calls are under way", lambda: worker.get("/metrics") and worker.metric("alertbridge_calls_inflight") > 1, 20
        )
        worker.send(signal.SIGTERM)
        time.sleep(0.5)
        expect(worker.runs(), "the first SIGTERM did not wait for the calls under way")
        begun = time.monotonic()
        worker.send(signal.SIGTERM)
        code = worker.wait(5)
        took = time.monotonic() - begun
        expect(
            code == 75 and took < 2.5,
            f"second SIGTERM: exit {code} after {took:.1f} s, not 75 within 2.5 s\n{tail(worker.log)}",
        )
        said_once(worker)
        world.sim.ask("DELETE", "/faults")
        last = world.worker(soar={"claim_lease": "6s"})
        world.finished(60)
        world.never_doubled(soar=False)
        last.leave()
        return f"exit 75 after {took:.1f} s; the next worker delivered all {len(world.expected)}"


def unread_log(servers, name):
    """A log that nobody reads holds up what must be announced; it does not hold up the end of the process."""
    with World(servers, name, partitions=1) as world:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        world.sim.fault("reset_after", p=0.6, api="soar")
        config = world.config(soar={"max_ambiguous": "unlimited", "breaker": {"failures": 1000}})
        (world.folder / "unread.yaml").write_text(json.dumps(config))
        fill(world, 600, repeats=0)
        worker = Process(
            [world.binary, "run", "-c", world.folder / "unread.yaml"], world.folder / "unread.log", stderr=writing
        )
        os.close(writing)
        wait_until("the log is full", lambda: in_poll(worker.pid), 30)
        worker.send(signal.SIGTERM)
        time.sleep(0.5)
        begun = time.monotonic()
        worker.send(signal.SIGTERM)
        code, took = worker.wait(10), time.monotonic() - begun
        os.close(reading)
        expect(code == 75 and took < 6, f"second SIGTERM with a log that is full: exit {code} after {took:.1f} s")
        return f"exit 75 {took:.1f} s after the second SIGTERM"


def in_poll(pid):
    """It stands in poll(2), not in epoll: three times in a row."""
    for _ in range(3):
        with open(f"/proc/{pid}/syscall") as file:
            if int(file.read().split()[0].replace("running", "-1")) not in (7, 271):
                return False
        time.sleep(0.3)
    return True


def late_drain(servers, name):
    """A drain that does not end within its bound is exit 75."""
    with World(servers, name, partitions=1) as world:
        fill(world, 50, repeats=0)
        world.sim.fault("hang_before", ms=30000)
        worker = world.worker(
            soar={"call_timeout": "14s", "claim_lease": "40s"},
            notice={"call_timeout": "14s", "claim_lease": "40s"},
            shutdown={"drain": "2s"},
        )
        wait_until(
            "calls are under way", lambda: worker.get("/metrics") and worker.metric("alertbridge_calls_inflight") > 1, 20
        )
        took = worker.leave(75)
        expect(1.5 < took < 10, f"the drain of 2 s ended after {took:.1f} s")
        said_once(worker)
        return f"exit 75 after {took:.1f} s with a drain of 2 s"


def said_once(worker):
    expect(worker.count("AB8203") == 1, f"AB8203 is said {worker.count('AB8203')} times\n{tail(worker.log)}")


def drain_without_redis(servers, name):
    """Redis is gone until shutdown.drain has passed: what was acknowledged is committed, and the end says 75."""
    redis = Redis(servers.folder / f"{name}-redis")
    with World(servers, name, partitions=1, redis=redis) as world:
        fill(world, 50, repeats=0)
        world.sim.fault("delay", ms=1500)
        worker = world.worker(notice={"on_redis_down": "pause"}, shutdown={"drain": "4s"})
        wait_until(
            "calls are under way", lambda: worker.get("/metrics") and worker.metric("alertbridge_calls_inflight") > 1, 20
        )
        redis.stop()
        took = worker.leave(75)
        expect(3.5 < took < 12, f"the drain of 4 s ended after {took:.1f} s")
        expect(worker.count("AB4204") > 0, f"no mark is missing: nothing was acknowledged\n{tail(worker.log)}")
        said_once(worker)
        return f"exit 75 after {took:.1f} s with a drain of 4 s, {worker.count('AB4204')} lines of marks that are missing"


def refused_starts(servers, name):
    with World(servers, name, partitions=1, sim=False) as world:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            worker = world.worker(admin={"listen": "127.0.0.1:%d" % taken.getsockname()[1]})
            code = worker.wait(10)
            expect(code == 69 and worker.count("AB7102") == 1, f"admin port taken: exit {code}\n{tail(worker.log)}")
        for section in (
            {"no_such_section": {}},
            {"redis": {"url": "http://x"}},
            {"kafka": {"properties": {"no.such": "1"}}},
        ):
            worker = world.worker(**section)
            code = worker.wait(10)
            expect(code == 78, f"configuration with {section}: exit {code}\n{tail(worker.log)}")
        gone = Process([servers.binary, "run", "-c", world.folder / "none.yaml"], world.folder / "none.log")
        code = gone.wait(10)
        expect(code == 66, f"no such file: exit {code}\n{tail(gone.log)}")
        return "admin port taken 69, bad configuration 78, no file 66"


def warnings(servers, name):
    """What check warns of stands in the log of run in the log's own form: each line of stderr is JSON."""
    with World(servers, name, partitions=1, sim=False) as world:
        worker = world.worker(stall={"after": "6m"}, scaling={"assumed_rate": "10/s"})
        wait_until("it has begun", lambda: worker.count("AB8101"), 20)
        told = [line["error"] for line in worker.lines("AB1101")]
        expect(len(told) == 2 and "stall" in " ".join(told) and "scaling" in " ".join(told), f"warnings: {told}")
        expect(all(".yaml" in text and "; " in text for text in told), f"a warning without its place or remedy: {told}")
        text = [line for line in worker.log.read_bytes().splitlines() if not line.startswith(b"{")]
        expect(not text, f"lines that are not JSON: {text[:3]}")
        worker.leave()
        return f"{len(told)} warnings as lines of the log"


# ---- admin port ----


class Scraper(threading.Thread):
    """Asks for /metrics each 200 ms and keeps what does not add up."""

    def __init__(self, worker):
        super().__init__(daemon=True)
        self.worker, self.ended, self.scrapes, self.distinct, self.wrong, self.slowest = (
            worker,
            threading.Event(),
            0,
            set(),
            [],
            0.0,
        )

    def run(self):
        while not self.ended.wait(0.2):
            begun = time.monotonic()
            try:
                metrics = self.worker.metrics()
            except Failure:
                continue
            self.slowest = max(self.slowest, time.monotonic() - begun)
            opened, ended, open_ = (
                sum(v for _, v in metrics["alertbridge_deliveries_" + n])
                for n in ("opened_total", "terminal_total", "inflight")
            )
            self.scrapes += 1
            self.distinct.add((opened, ended))
            if opened != ended + open_:
                self.wrong.append(f"opened {opened:.0f}, terminal {ended:.0f} + in flight {open_:.0f}")


def declared():
    """Names of metrics.def; without those that may have no sample when nothing of their kind happened."""
    names = re.findall(r'^METRIC\(\w+, "(\w+)", (\w+)', METRICS_DEF.read_text(), re.M)
    may_be_absent = {"alertbridge_credential_expiry_timestamp_seconds", "alertbridge_clock_skew_seconds"}
    return {name: kind for name, kind in names if name not in may_be_absent}


def admin(servers, name):
    with World(servers, name) as world:
        world.sim.fault("delay", ms=10, jitter=10)
        fill(world, 15000)
        worker = world.worker()
        wait_until("/livez answers", lambda: worker.get("/livez"), 10)
        worker.ready()
        scraper = Scraper(worker)
        scraper.start()
        for path, code in (("/livez", 200), ("/startupz", 200), ("/readyz", 200), ("/version", 200), ("/none", 404)):
            got = worker.get(path)
            expect(got and got[0] == code, f"{path} answered {got}, not {code}")
        world.executed(0.8)
        world.sim.fault("hang_before", ms=1500)
        time.sleep(0.5)
        seen = draining(world, worker)
        scraper.ended.set()
        scraper.join()
        expect(not scraper.wrong, f"{len(scraper.wrong)} of {scraper.scrapes} scrapes do not add up: {scraper.wrong[:3]}")
        expect(len(scraper.distinct) >= 4, f"only {len(scraper.distinct)} different scrapes")
        world.sim.ask("DELETE", "/faults")
        last = world.worker()
        world.finished(60)
        world.never_doubled()
        told = totals(world, last)
        return f"{scraper.scrapes} scrapes add up, slowest {scraper.slowest * 1000:.0f} ms; {seen}; {told}"


def draining(world, worker):
    """While it drains: alive, not ready, metrics still told, and the state says so."""
    worker.send(signal.SIGTERM)
    wait_until("the drain begins", lambda: worker.count("AB8201"), 5, every=0.01)
    live, ready = worker.get("/livez"), worker.get("/readyz")
    expect(live and live[0] == 200, f"/livez while draining: {live}")
    expect(ready and ready[0] == 503 and "draining" in ready[1], f"/readyz while draining: {ready}")
    wait_until("the state is draining", lambda: worker.metric("alertbridge_state", 'state="draining"') == 1, 3)
    code = worker.wait(15)
    expect(code == 0, f"exit {code} after the drain\n{tail(worker.log)}")
    return "while draining /livez 200 and /readyz 503"


def totals(world, worker):
    """At rest the metrics say what was seen outside; every declared metric is there, with its type."""
    wait_until("nothing is in flight", lambda: worker.metric("alertbridge_deliveries_inflight") == 0, 10)
    time.sleep(1.2)  # rendered at most once a second
    metrics, text = worker.metrics(), worker.get("/metrics")[1]
    committed = sum(value for _, value in metrics["alertbridge_kafka_committed_offset"])
    expect(committed == sum(world.ends()), f"committed offsets {committed}, log ends {world.ends()}")
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    missing = [
        m
        for m, kind in declared().items()
        if types.get(m) != kind.lower() or not (metrics.get(m) or metrics.get(m + "_count"))
    ]
    expect(not missing, f"declared in metrics.def and not told by /metrics: {', '.join(sorted(missing))}")
    worker.leave()
    return f"{len(types)} metrics"


def unkind_clients(servers, name):
    """Wrong methods, long headers, many and slow connections do not disturb the worker."""
    with World(servers, name, partitions=1) as world:
        fill(world, 2000)
        worker = world.worker().ready()
        host, port = worker.admin.split(":")
        link = http.client.HTTPConnection(host, int(port), timeout=5)
        link.request("POST", "/metrics", b"x")
        expect(link.getresponse().status in (405, 413), "POST /metrics was not refused")
        link.close()
        held = []
        for _ in range(100):
            one = socket.create_connection((host, int(port)), 5)
            one.sendall(b"GET /livez HTTP/1.1\r\n")
            held.append(one)
        long = socket.create_connection((host, int(port)), 5)
        try:
            long.sendall(b"GET /livez HTTP/1.1\r\nX: " + b"x" * 100000)
        except OSError:
            pass
        long.close()
        world.finished(30)
        for one in held:
            one.close()
        wait_until("/livez answers again", lambda: worker.get("/livez"), 15)
        with urlopen(f"http://{worker.admin}/livez", timeout=5) as reply:
            expect(reply.status == 200, "/livez")
        world.never_doubled()
        worker.leave()
        return "POST, 100 half requests and a header of 100 kB: work went on, /livez answers"


FULL = {
    "sigterm-at-start": soon_ended,
    "second-sigterm": second_sigterm,
    "unread-log": unread_log,
    "late-drain": late_drain,
    "drain-without-redis": drain_without_redis,
    "refused-starts": refused_starts,
    "warnings": warnings,
    "admin": admin,
    "unkind-clients": unkind_clients,
}
QUICK = {}
