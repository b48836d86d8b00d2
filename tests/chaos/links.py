"""links.py: the proxy as the run sees it: a port for each worker and service, faults by order."""

import json
import pathlib
import subprocess
import sys
import threading

from faults import SERVICES, WORKERS
from servers import Process, die_with_parent, free_port

PROXY = pathlib.Path(__file__).resolve().parent / "proxy.py"


class Links:
    """Ports are known from the begin: Kafka advertises them. `start` once the services have theirs."""

    def __init__(self, folder, seed):
        self.folder, self.seed, self.lock, self.process = folder, seed, threading.Lock(), None
        self.commits = folder / "commits.jsonl"  # what workers were seen to send
        self.ports = {f"{service}.{i}": free_port() for service in SERVICES for i in range(1, WORKERS + 1)}

    def port(self, service, worker):
        return self.ports[f"{service}.{worker}"]

    def start(self, upstreams):
        """upstreams: link name -> port."""
        wanted = {name: (port, upstreams[name]) for name, port in self.ports.items()}
        with open(self.folder / "proxy.log", "ab") as errors:
            self.child = subprocess.Popen(
                [sys.executable, "-B", PROXY, str(self.seed), json.dumps(wanted), str(self.commits)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        self.process = Known(self.child, self.folder / "proxy.log")
        self.child.stdout.readline()

    def order(self, **order):
        """Answers how often each fault took effect so far, as `fault.service`."""
        with self.lock:
            self.child.stdin.write(json.dumps(order) + "\n")
            self.child.stdin.flush()
            return json.loads(self.child.stdout.readline())


class Known(Process):
    """A process with pipes, ended with the others."""

    def __init__(self, child, log):
        self.child, self.log = child, log
        Process.living.append(self)
