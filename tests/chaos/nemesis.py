"""nemesis.py: carries out the schedule: each group of faults in a thread of its own, one fault after the other."""

import threading
import time
import traceback

GROUPS = ("workers", "redis", "broker", "link", "backend")
BUSY_WITHIN_S, TRIES_MAX = 10, 4


class Nemesis:
    """`fired` counts faults by name. Its threads live until `end`: processes that they began end with them."""

    def __init__(self, plan, fleet, store, kafka, links, sim, failures):
        self.plan, self.fleet, self.store, self.kafka, self.links, self.sim = plan, fleet, store, kafka, links, sim
        self.failures, self.fired, self.begun = failures, {}, 0
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

    def wait(self, group, at):
        while (left := self.begun + at - time.monotonic()) > 0:
            if group == "workers":
                self.fleet.tick()
                left = min(left, 0.02)
            time.sleep(left)

    def carry_out(self, fault):
        done = getattr(self, "do_" + fault.group)(fault)
        took = time.monotonic() - self.begun
        self.fired[fault.name] = self.fired.get(fault.name, 0) + 1
        told = " ".join(f"{name}={value}" for name, value in fault.arguments.items())
        print(f"{took:7.1f} s  {fault.name} {told} {done or ''}".rstrip(), flush=True)

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

    def do_workers(self, fault):
        more = {"busy": self.busy()} if fault.kind == "kill" else {}
        place = getattr(self.fleet, fault.kind)(**fault.arguments, **more)
        return f"(place {place.number}, life {place.life})"

    def do_redis(self, fault):
        getattr(self.store, fault.variant.replace("-", "_"))(**fault.arguments)

    def do_broker(self, fault):
        getattr(self.kafka, fault.variant)()
        time.sleep(fault.arguments["for_s"])
        self.kafka.start()

    def lay(self, fault, act):
        """Again while nothing came of it: in a rebalance nobody goes that way."""
        before = self.effects().get(fault.name, 0)
        for tries in range(1, TRIES_MAX + 1):
            self.wait_busy()
            act()
            over = time.monotonic() + fault.arguments["for_s"]
            while time.monotonic() < over:
                if self.effects().get(fault.name, 0) > before:
                    return f"(laid {tries} times)" if tries > 1 else None
                time.sleep(0.2)
        return "(nothing came of it)"

    def do_link(self, fault):
        return self.lay(fault, lambda: self.links.order(lay=fault.variant, **fault.arguments))

    def do_backend(self, fault):
        parameters = {"p": fault.arguments["p"], "for_ms": int(1000 * fault.arguments["for_s"])}
        if fault.variant == "throttle":
            parameters["retry_after"] = 300
        if fault.variant.startswith("hang"):
            parameters["ms"] = 4000
        return self.lay(fault, lambda: self.sim.fault(fault.variant, **parameters))

    def heal(self):
        self.links.order(heal=True)
        self.sim.ask("DELETE", "/faults")

    def effects(self):
        """How often each fault of the proxy and of the simulators took effect."""
        backend = self.sim.stats()["faults_fired"]
        return {f"link.{name}": n for name, n in self.links.order().items()} | {
            f"backend.{name}": n for name, n in backend.items() if n
        }

    def idle(self):
        """Faults of the schedule that never took effect: laid on a link or a backend through which nothing went."""
        effects = self.effects()
        outside = ("link.", "backend.")
        wanted = {fault.name for fault in self.plan}
        return sorted(name for name in wanted if not (effects if name.startswith(outside) else self.fired).get(name))
