"""Sums what gcov counted: a table of the files of codecs and bridge/core, and the floor of each room. See tests/coverage.sh."""
import json
import pathlib
import re
import subprocess
import sys

ROOMS = {"codecs": "codecs.dir", "bridge/core": "core.dir"}
LINE_FLOOR, BRANCH_FLOOR = 95.0, 90.0


def closing(text, at):
    """The place behind the bracket that closes the one at `at`. Brackets in texts and characters are not brackets."""
    depth = 0
    for piece in re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[(){}]").finditer(text, at):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(piece[0], 0)
        if depth == 0:
            return piece.end()
    raise ValueError(f"a bracket is never closed: {text[at:at + 40]!r}")


class Source:
    """The text of a file: which lines hold check(), broken(), or a switch without default."""

    def __init__(self, path):
        text = path.read_text()
        text = re.sub(r"/\*.*?\*/", lambda comment: re.sub(r"[^\n]", " ", comment[0]), text, flags=re.S)
        self.lines = path.read_text().splitlines()
        self.checks, self.broken, self.open_switches = set(), set(), set()
        for call in re.finditer(r"\b(check|broken)\(", text):
            first, last = (text.count("\n", 0, at) + 1 for at in (call.start(), closing(text, call.end() - 1)))
            (self.checks if call[1] == "check" else self.broken).update(range(first, last + 1))
        for switch in re.finditer(r"\bswitch \(", text):
            body = text.index("{", closing(text, switch.end() - 1))
            if not re.search(r"\bdefault:", text[body:closing(text, body)]):
                self.open_switches.add(text.count("\n", 0, switch.start()) + 1)


class Count:
    """Lines and branches of a file or a room: how many there are, how many were taken."""

    def __init__(self):
        self.lines = self.lines_taken = self.branches = self.branches_taken = 0

    def add(self, other):
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def line_percent(self):
        return 100.0 * self.lines_taken / self.lines if self.lines else 0.0

    def branch_percent(self):
        """A file without branches has taken all of them; a room without any was not measured, and its lines say so."""
        return 100.0 * self.branches_taken / self.branches if self.branches else 100.0


def branch_counts(source, number, counts):
    """What counts of the branches of a line."""
    if number in source.checks or number in source.broken:
        return []
    if number in source.open_switches and 0 in counts:
        counts = list(counts)
        counts.remove(0)
    return counts


def counted(source, lines):
    """The sum of one file, and a list of what was not taken."""
    count, missing = Count(), []
    for number, (times, branches) in sorted(lines.items()):
        if number in source.broken:
            continue
        branches = branch_counts(source, number, branches)
        count.lines += 1
        count.lines_taken += times > 0
        count.branches += len(branches)
        count.branches_taken += sum(1 for taken in branches if taken)
        if not times or 0 in branches:
            what = "line" if not times else f"{branches.count(0)}/{len(branches)}"
            missing.append((number, what, source.lines[number - 1].strip()))
    return count, missing


def merge(lines, more):
    """One object's counts into those of the file: an inline function of a header is in many objects."""
    for line in more:
        times, branches = lines.get(line["line_number"], (0, []))
        new = [branch["count"] for branch in line["branches"]]
        longest = max(len(new), len(branches))
        branches = [sum(pair) for pair in zip(new + [0] * (longest - len(new)), branches + [0] * (longest - len(branches)))]
        lines[line["line_number"]] = (times + line["count"], branches)


def gather(root, build):
    """{file: {line: (times, [times of each branch])}} of the objects of the two rooms."""
    objects = [path for folder in ROOMS.values() for path in sorted((build / "CMakeFiles" / folder).rglob("*.gcno"))
               if (root / path.relative_to(build / "CMakeFiles" / folder).with_suffix("")).exists()]     # not of a source since gone
    if not objects:
        sys.exit(f"no objects of gcov in {build}")
    out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *map(str, objects)], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    files = {}
    for report in map(json.loads, out.splitlines()):
        for record in report["files"]:
            path = (pathlib.Path(report["current_working_directory"]) / record["file"]).resolve()
            if path.parent in (root / room for room in ROOMS):
                merge(files.setdefault(str(path.relative_to(root)), {}), record["lines"])
    return files


def show(name, count):
    print(f"{name:<36}{count.lines:>7}{count.line_percent():>9.1f}{count.branches:>10}{count.branch_percent():>9.1f}")


def judge(room, count):
    """One line for each measure; how many of them passed."""
    passed = 0
    for what, percent, floor in (("lines", count.line_percent(), LINE_FLOOR), ("branches", count.branch_percent(), BRANCH_FLOOR)):
        verdict = percent >= floor
        passed += verdict
        print(f"{'ok  ' if verdict else 'FAIL'} {room}: {percent:.1f} % of {what}, floor {floor:.0f} %")
    return passed


def main(build, missing):
    root = pathlib.Path(__file__).resolve().parent.parent
    files = gather(root, (root / build).resolve())
    print(f"{'file':<36}{'lines':>7}{'%':>9}{'branches':>10}{'%':>9}")
    rooms = {room: Count() for room in ROOMS}
    untaken = []
    for name in sorted(files):
        count, holes = counted(Source(root / name), files[name])
        rooms[str(pathlib.Path(name).parent)].add(count)
        untaken += [f"{name}:{number}: {what}: {text}" for number, what, text in holes]
        show(name, count)
    print()
    for room, count in rooms.items():
        show(room, count)
    print("\n".join(["", *untaken] if missing else []))
    passed = sum(judge(room, count) for room, count in rooms.items())
    print(f"{passed} passed, {2 * len(rooms) - passed} failed")
    return 0 if passed == 2 * len(rooms) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--missing" in sys.argv[2:]))
