"""judgement.py: the checker over the history of a run, as numbers."""

import os
import re
import shutil
import subprocess
import time


class Judgement:
    """`text`: all that it printed; `passed` and `failed` invariants; by invariant `judged`, how many things it looked at, and
    `violations`."""

    def __init__(self, judge, history, paths):
        with open(history, "wb") as out:
            for path in paths:
                with open(path, "rb") as one:
                    shutil.copyfileobj(one, out)
        begun = time.monotonic()
        child = subprocess.Popen([judge, history], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with child.stdout:
            self.text = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.took_s, self.memory_mib = time.monotonic() - begun, usage.ru_maxrss // 1024
        last = re.search(r"^(\d+) passed, (\d+) failed$", self.text, re.M)
        self.passed, self.failed = (int(last[1]), int(last[2])) if last else (0, 1)
        if not self.failed and (child.returncode or not self.passed):  # it died, or it has nothing to say
            self.failed = 1
        self.judged = {int(i): int(n) for i, n in re.findall(r"^I(\d+) +(\d+)  ", self.text, re.M)}
        self.violations = {int(i): int(n) for i, n in re.findall(r"^I(\d+) .* VIOLATED (\d+) times$", self.text, re.M)}
        names = ("executed", "repeated", "excused", "apart", "violated")
        said = re.search(
            r"^(\d+) calls carried out, (\d+) of them again, (\d+) excused by a loss of memory \((\d+) ids\), (\d+) violations$",
            self.text, re.M,
        )  # fmt: skip
        self.numbers = dict(zip(names, map(int, said.groups()))) if said else {}
