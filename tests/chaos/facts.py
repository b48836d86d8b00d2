"""facts.py: facts as JSON lines (tests/proof/history.h), in files whose order says who comes first within one millisecond."""

import json
import threading
import time


def now_ms():
    return time.time_ns() // 1_000_000


class Facts:
    """One file of facts. Threads may share it."""

    def __init__(self, path):
        self.path, self.file, self.lock, self.n = path, open(path, "w", encoding="utf-8", buffering=1 << 16), threading.Lock(), 0

    def add(self, fact, at=None, **fields):
        line = json.dumps({"fact": fact, "at": now_ms() if at is None else at, **fields}, separators=(",", ":"))
        with self.lock:
            self.n += 1
            self.file.write(line + "\n")

    def close(self):
        with self.lock:
            self.file.close()
