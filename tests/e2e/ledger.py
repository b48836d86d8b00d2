"""ledger.py: what the backends carried out."""

import collections
import json


class Ledger:
    """Read from the simulator's file as it grows.

    Its keys stand in the order of first executions: (message id, user) at the portal, and at SOAR the member `soar_key`."""

    def __init__(self, path, soar_key="subject"):
        self.path, self.soar_key, self.at, self.rest = path, soar_key, 0, b""
        self.times = collections.defaultdict(list)  # key -> times of execution, ms
        self.content = collections.defaultdict(set)

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.at)
            new = file.read()
        self.at += len(new)
        *lines, self.rest = (self.rest + new).split(b"\n")
        for line in lines:
            entry = json.loads(line)
            key = (entry["id"], entry["user"]) if entry["api"] == "notice" else entry.get(self.soar_key, "-")
            self.times[key].append(entry["time"])
            self.content[key].add(entry["hash"])
        return self

    def __len__(self):
        return len(self.times)

    def doubled(self, notice):
        return {key: times for key, times in self.times.items() if len(times) > 1 and isinstance(key, tuple) == notice}
