"""report.py: what a measurement says of itself: machine, commit, libraries; and its place in a document."""
import json
import os
import pathlib
import platform
import re
import subprocess

from place import ROOT, fail, run


def commit_of_tree():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True,
                          check=False)
    return done.stdout.strip()


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(), "system": platform.release(),
            "load_before": os.getloadavg()[0]}


def libraries(binary):
    said = json.loads(run(binary, "version", "--json"))
    found = said.get("libraries", said)
    return ", ".join(f"{name} {found[name]}" for name in ("librdkafka", "libcurl", "hiredis", "libevent") if name in found)


def write_between(path, begin, end, text):
    """Between the two marks of the document; what stands around them is typed."""
    held = path.read_text()
    if begin not in held or end not in held:
        fail(f"{path}: the marks are missing")
    head, tail = held.split(begin)[0], held.split(end)[1]
    path.write_text(f"{head}{begin}\n{text}\n{end}{tail}")


def write_json(path, result):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
