"""sites.py: the calls in the program that can be made to fail: each by its return address, as preload.c tells it."""

import collections
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
THROUGH = {"strdup": ("malloc",), "strndup": ("malloc",), "reallocarray": ("realloc",)}
ROOMS = ("codecs", "bridge/core", "bridge/io", "bridge/worker", "bridge/cmd", "bridge/sim", "bridge")
DEMANDED = ("codecs", "bridge/core", "bridge/io")

Site = collections.namedtuple("Site", "kind function file line caller room")


def functions():
    """Name -> kind of what preload.c puts itself before."""
    text = (HERE / "preload.c").read_text()
    found = {name: kind.lower() for kind, name in re.findall(r"^WRAP\((\w+), [^,]+, (\w+),", text, re.M)}
    found |= {name: "fd" for name in re.findall(r"^OPENER\((\w+)\)", text, re.M)}
    found |= {name: "alloc" for name in THROUGH}
    return found | {"curl_multi_info_read": "curl"}


def room_of(file):
    return max((room for room in ROOMS if file.startswith(room + "/")), key=len, default="")


def where(binary, addresses):
    """Address -> (function, file, line). One byte before the return address lies in the call itself."""
    told = subprocess.run(
        ["addr2line", "-f", "-e", binary],
        input="\n".join(hex(int(address, 16) - 1) for address in addresses),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    found = {}
    for address, caller, place in zip(addresses, told[::2], told[1::2]):
        file, _, number = place.split(" ")[0].rpartition(":")
        found[address] = (caller, re.sub(r"^(?:.*/)?((?:bridge|codecs)/)", r"\1", file), number)
    return found


class Sites:
    """All sites of a binary with debug information."""

    def __init__(self, binary):
        self.binary = binary
        kinds, calls, called = functions(), {}, None
        code = subprocess.run(
            ["objdump", "-d", "--no-show-raw-insn", "-j", ".text", binary], capture_output=True, text=True, check=True
        ).stdout
        for line in code.splitlines():
            address = line.split(":", 1)[0].strip()
            if called and re.fullmatch(r"[0-9a-f]+", address):
                calls[address], called = called, None
            call = re.search(r"\bcall\s+[0-9a-f]+ <(?:__interceptor_)?(\w+)(?:@plt)?>", line)
            called = call[1] if call and call[1] in kinds else called if not call else None
        self.known, self.copies = set(), collections.defaultdict(set)  # a compiler may write one call several times
        for address, (caller, file, number) in where(self.binary, calls).items():
            if file != "bridge/doors.c":
                site = Site(kinds[calls[address]], calls[address], file, int(number or 0), caller, room_of(file))
                for function in (site.function, *THROUGH.get(site.function, ())):
                    self.copies[site].add((site.kind, function, address))
                    self.known.add((site.kind, function, address))

    def text(self, kind, function, address):
        """One line about a site that was come by; a library's call stands at the line of ours that led to it."""
        caller, file, number = where(self.binary, [address])[address]
        return f"{kind} {function} at {file}:{number} ({caller})"


def excuses():
    """unreached.txt: `FILE CALLER FUNCTION reason`; `*` for any caller or function."""
    found = []
    for line in (HERE / "unreached.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            found.append(line.split(None, 3))
    return found


def excused(site, rules):
    return next(
        (
            rule
            for rule in rules
            if rule[0] == site.file and rule[1] in ("*", site.caller) and rule[2] in ("*", site.function)
        ),
        None,
    )
