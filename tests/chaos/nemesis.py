"""nemesis.py: carries out the schedule: each group of faults in a thread of its own, one fault after the other."""

import collections
import threading
import time
import traceback

from facts import now_ms
from faults import BACKEND

GROUPS = ("workers", "redis", "broker", "link", "names", "secret", "backend")
BUSY_WITHIN_S, TRIES_MAX, AIMED_TRIES, DEEDS_MAX = 10, 6, 2, 3
LOOKED_UP_WITHIN_S = 20


class Nemesis:
    """`fired` counts faults by name, `took` what was seen of them where that is another thing, `times` keeps when they were there.
    Its threads live until `over`: processes that they began end with them."""

    def __init__(self, plan, windows, arena, failures):
        self.plan, self.windows, self.failures, self.begun = plan, windows, failures, 0
        self.arena, self.fleet, self.links, self.sim = arena, arena.fleet, arena.links, arena.world.sim
        self.fired, self.took, self.times = collections.Counter(), collections.Counter(), []
        self.finished, self.over, self.quiet = [], threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def start(self):
        self.begun = time.monotonic()
        for group in GROUPS:
            threading.Thread(target=self.run, args=(group,), daemon=True).start()

    def run(self, group):
        try:
            for fault in (fault for fault in self.plan if fault.group == group):
                self.wait(group, fault.at)
                if not fault.alone:
                    self.wait(group, self.window_ends())
                self.carry_out(fault)
            if group == "workers":
                self.fleet.settle()
        except Exception:  # a harness that breaks has proved nothing
            self.failures.append(f"faults of group {group} broke off\n{traceback.format_exc()}")
        with self.lock:
            self.finished.append(group)
            if len(self.finished) == len(GROUPS):
                self.quiet.set()
        while not self.over.wait(0.02):
            if group == "workers":
                self.fleet.tick()

    def window_ends(self):
        """Of the one that is now; 0 when there is none."""
        now = time.monotonic() - self.begun
        return next((end for begin, end in self.windows if begin <= now < end), 0)

    def wait(self, group, at):
        while (left := self.begun + at - time.monotonic()) > 0:
            if group == "workers":
                self.fleet.tick()
                left = min(left, 0.02)
            time.sleep(left)

    def carry_out(self, fault):
        at, begun = now_ms(), time.monotonic() - self.begun
        done = getattr(self, "do_" + fault.group)(fault)
        told = " ".join(f"{name}={value}" for name, value in fault.arguments.items())
        with self.lock:
            self.fired[fault.name] += 1
            self.times.append((fault.name, at, max(now_ms(), at + int(1000 * self.lasts_s(fault)))))
        print(f"{begun:7.1f} s  {fault.name} {told} {done or ''}".rstrip(), flush=True)

    @staticmethod
    def lasts_s(fault):
        return fault.arguments.get("for_s", 0) if fault.group in ("workers", "link", "backend") else 0

    def deed(self, fault, act, **more):
        """Of what may come to nothing it is counted what was seen of it; once more while it came to nothing."""
        for tries in range(DEEDS_MAX):
            if tries:
                self.wait(fault.group, self.window_ends())
                self.wait_busy()
            seen = act(**fault.arguments, **more)
            if seen is None:
                return None
            if seen:
                break
        with self.lock:
            self.took[fault.name] += seen
        return f"(seen {seen} times)"

    # ---- waiting until there is something to disturb ----

    def busy(self):
        """Asked again and again: whether something was carried out since the last time."""
        seen = []

        def grew():
            seen.append(self.sim.ledger_path.stat().st_size)
            return len(seen) > 1 and seen[-1] > seen[-2]

        return grew

    def wait_busy(self):
        """A fault on a way that nobody goes shows nothing."""
        deadline, grew = time.monotonic() + BUSY_WITHIN_S, self.busy()
        while time.monotonic() < deadline and not grew():
            time.sleep(0.01)

    # ---- the groups ----

    def do_workers(self, fault):
        if fault.kind == "descriptors":
            return self.deed(fault, self.fleet.descriptors, reset=self.reset_all)
        more = {"busy": self.busy()} if fault.kind == "kill" else {}
        if fault.kind == "freeze":
            more["lasted"] = self.count_of(fault)
        if fault.alone:
            more["fit"] = self.fleet.has_work
        name = "term_twice" if fault.variant == "twice" else fault.kind
        place = getattr(self.fleet, name)(**fault.arguments, **more)
        return f"(place {place.number}, life {place.life})"

    def count_of(self, fault):
        """To be called where it has taken effect, which may be long after it began."""
        with self.lock:
            self.took[fault.name] += 0

        def count():
            with self.lock:
                self.took[fault.name] += 1

        return count

    def reset_all(self, worker):
        """All that this worker has open."""
        self.links.order(lay="reset", link=f"*.{worker}", for_s=0, apart=True)

    def do_redis(self, fault):
        return self.deed(fault, getattr(self.arena.store, fault.variant.replace("-", "_")))

    def do_secret(self, fault):
        self.wait_busy()
        return self.deed(fault, getattr(self.arena.secret_files, fault.variant))

    def do_broker(self, fault):
        return self.deed(fault, getattr(self.arena.broker, fault.variant.replace("-", "_")))

    def do_names(self, fault):
        return self.deed(fault, self.unresolved)

    def unresolved(self, for_s):
        """New lives look the backends up at once, old ones when what they know is too old: it lasts from the first look on."""
        file, deadline = self.fleet.unresolved, time.monotonic() + LOOKED_UP_WITHIN_S
        file.touch()
        while file.stat().st_size == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(for_s)
        seen = file.stat().st_size
        file.unlink()
        return seen

    def lay(self, fault, act):
        """Again while nothing came of it: in a rebalance nobody goes that way. `act(tries)` aims at more after some tries."""
        before = self.effects().get(fault.name, 0)
        for tries in range(1, TRIES_MAX + 1):
            self.wait(fault.group, self.window_ends())
            self.wait_busy()
            act(tries)
            over = time.monotonic() + fault.arguments["for_s"]
            while time.monotonic() < over:
                if self.effects().get(fault.name, 0) > before:
                    return f"(laid {tries} times)" if tries > 1 else None
                time.sleep(0.2)
        return "(nothing came of it)"

    def do_link(self, fault):
        kind, service = fault.variant.split(".")

        def act(tries):
            order = fault.arguments | {"lay": kind}
            if tries > AIMED_TRIES:
                order |= {"link": f"{service}.*"} | ({"bytes": 1} if kind == "cut" else {})
            self.links.order(**order)

        return self.lay(fault, act)

    def do_backend(self, fault):
        parameters = {"for_ms": int(1000 * fault.arguments["for_s"])} | BACKEND.get(fault.variant, {})

        def act(tries):
            p = fault.arguments["p"] if tries <= AIMED_TRIES else 1.0
            self.sim.fault(fault.variant, p=p, **parameters)

        return self.lay(fault, act)

    def heal(self):
        self.links.order(heal=True)
        self.sim.ask("DELETE", "/faults")

    # ---- what came of it ----

    def effects(self):
        """How often each fault of the proxy and of the simulators took effect."""
        backend = self.sim.stats()["faults_fired"]
        return {f"link.{name}": n for name, n in self.links.order().items()} | {
            f"backend.{name}": n for name, n in backend.items() if n
        }

    def seen(self):
        """What was seen of each fault that may come to nothing."""
        return dict(self.took) | self.effects()

    def idle(self):
        """Faults of the schedule that never took effect: laid on a link or a backend through which nothing went."""
        seen, may_be_idle = self.seen(), ("link.", "backend.")
        wanted = {fault.name for fault in self.plan}
        return sorted(
            name
            for name in wanted
            if not self.fired[name] or (not seen.get(name) and (name in self.took or name.startswith(may_be_idle)))
        )
