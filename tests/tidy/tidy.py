#!/usr/bin/env python3
"""tidy.py: rules of the house that a compiler does not hold. Prints `file:line: text` for each finding; exit 1 if there is one.

    tidy.py [ROOT] [--core libcore.a --codecs libcodecs.a] [--binary alertbridge] [--only NAME,...] [--cc gcc]

Each rule is a function that yields findings; selftest.py shows for each that it can fail."""
import argparse
import fnmatch
import os
import re
import subprocess
import sys

LINE_CHARACTERS_MAX = 130
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

# Tables of what the program tells, the prefix of their constants, and the start of a row.
ROWS = (("bridge/log.def", "LOG_", r"LOG\((\w+),"), ("bridge/metrics.def", "METRIC_", r"METRIC\((\w+),"))

CODE_FOLDERS = ("codecs", "bridge", "tests", "bench")
TEXT_SUFFIXES = (".c", ".h", ".def", ".py", ".sh", ".cmake", ".txt", ".md", ".yaml", ".yml", ".json", ".lua")

# Folders of tests that are rooms too. The judge of histories knows nothing of the product.
TEST_ROOMS = {"tests/proof": "proof", "tests/sim": "world", "tests/support": "support"}

# Which room may include headers of which; main.c is the door of cmd.
MAY_SEE = {
    "codecs": {"codecs"},
    "core": {"core", "codecs"},
    "base": {"base", "codecs"},
    "io": {"io", "core", "codecs", "base"},
    "sim": {"sim", "codecs", "base"},
    "worker": {"worker", "cmd", "sim", "io", "core", "codecs", "base"},
    "cmd": {"cmd", "worker", "sim", "io", "core", "codecs", "base"},
    "support": {"support"},
    "proof": {"proof", "support"},
    "world": {"world", "proof", "support", "sim", "io", "core", "codecs", "base"},
}

# Where a library's headers may be included: one place each, so that a library can be replaced by writing one file.
LIBRARIES = {
    "yyjson.h": ("codecs/json*.c", "tests/proof/history_json.c"),
    "msgpack": ("codecs/msgpack*.c",),
    "openssl/": ("codecs/crypto.c", "bridge/io/*.c"),
    "librdkafka/": ("bridge/io/kafka*.c",),
    "hiredis/": ("bridge/io/redis*.c",),
    "curl/": ("bridge/io/http*.c",),
    "yaml.h": ("bridge/config*.c", "bridge/yaml*.c"),
    "event2/": ("bridge/io/*.c", "bridge/sim/*.c", "bridge/worker/*.c", "bridge/cmd/*.c"),
    "criterion/": ("tests/proof/test_*.c", "tests/proof/tale.c"),
}

SYSTEM_HEADERS = set("""
    arpa/inet.h assert.h ctype.h dirent.h dlfcn.h errno.h fcntl.h float.h getopt.h glob.h grp.h ifaddrs.h inttypes.h libgen.h limits.h
    link.h locale.h malloc.h math.h net/if.h netdb.h netinet/in.h netinet/tcp.h poll.h pthread.h pwd.h regex.h sched.h signal.h stdarg.h stdatomic.h stdbool.h
    stddef.h stdint.h stdio.h stdlib.h string.h strings.h syslog.h termios.h threads.h time.h unistd.h wchar.h""".split())
CORE_HEADERS = set("inttypes.h limits.h stdarg.h stdbool.h stddef.h stdint.h stdio.h string.h".split())

# What the core may call beside its own and the codecs' functions: bytes in, bytes out.
CORE_CALLS = set("""
    memchr memcmp memcpy memmove memset strchr strcmp strcspn strlen strncmp strnlen strrchr strspn strstr snprintf vsnprintf
    __stack_chk_fail check_failed _GLOBAL_OFFSET_TABLE_ bcmp""".split())
CORE_CALL_PREFIXES = ("__asan_", "__ubsan_", "__sanitizer_", "__gcov_", "__msan_", "__tsan_", "__llvm_prof")

# Documents that come out of the program.
GENERATED = (
    (("help", "--docs"), "docs/cli.md"),
    (("help", "--errors"), "docs/errors.md"),
    (("help", "--metrics"), "docs/metrics.md"),
    (("config", "docs"), "docs/config.md"),
    (("config", "schema"), "docs/config.schema.json"),
    (("schema", "event"), "docs/event.schema.json"),
    (("config", "example"), "examples/bridge.yaml"),
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
# Built from halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
DOCUMENT = re.compile(r"(?<![\w/.:-])((?:[\w.-]+/)*[\w-]+\.md)\b")

ELSEWHERE = re.compile(r"(https?:/|\.\.\.)/\S+")      # addresses, and their continuation after ...


def walk(root, folders, suffixes):
    """Files below the folders ("." = the root's own files too), as paths from the root."""
    for folder in folders:
        for where, below, names in os.walk(os.path.join(root, folder)):
            below[:] = sorted(d for d in below if not d.startswith(".") and d not in ("build", "node_modules", "__pycache__"))
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(where, name), root)


def code(root, folders=CODE_FOLDERS, suffixes=(".c", ".h")):
    return walk(root, folders, suffixes)


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read().split("\n")


def room_of(path):
    """The room of a file of ours; None for bench and the other tests, which may see everything."""
    parts = path.split("/")
    if parts[0] == "tests":
        return TEST_ROOMS.get("/".join(parts[:2]))
    if parts[0] == "codecs":
        return "codecs"
    if parts[0] != "bridge":
        return None
    if len(parts) == 2:
        return "cmd" if parts[1] == "main.c" else "base"
    return parts[1]


def includes(root, path):
    for number, line in enumerate(lines(root, path), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == "<", match[2]


def rule_include_directions(root, _):
    """Includes are written from the root and go down the stairs only."""
    for path in code(root, suffixes=(".c", ".h", ".def")):
        room = room_of(path)
        if room is not None and room not in MAY_SEE:
            yield path, 1, f"folder {room} is no room; add it to MAY_SEE"
            continue
        for number, is_system, name in includes(root, path):
            if is_system:
                continue
            if not os.path.exists(os.path.join(root, name)):
                yield path, number, f'"{name}" is not written from the root, or does not exist'
            elif room is not None and room_of(name) not in MAY_SEE[room]:
                yield path, number, f"{room} may not see {room_of(name) or name.split('/')[0]}: {name}"


def library_of(name):
    for prefix in LIBRARIES:
        if name.startswith(prefix):
            return prefix
    return None


def rule_library_headers(root, _):
    """A library is included in its place only, and by no header."""
    for path in code(root, ("codecs", "bridge", "tests/proof", "tests/sim")):
        for number, is_system, name in includes(root, path):
            if not is_system:
                continue
            library = library_of(name)
            if library is None:
                if name not in SYSTEM_HEADERS and not name.startswith(("sys/", "linux/")):
                    yield path, number, f"<{name}> is no header that this house knows; add it to LIBRARIES or SYSTEM_HEADERS"
                elif room_of(path) == "core" and name not in CORE_HEADERS:
                    yield path, number, f"the core is pure and may not include <{name}>"
            elif path.endswith(".h"):
                yield path, number, f"a header may not include a library's: <{name}>"
            elif not any(fnmatch.fnmatch(path, place) for place in LIBRARIES[library]):
                yield path, number, f"<{name}> belongs in {', '.join(LIBRARIES[library]) or 'tests'} only"


def symbols(archive, *options):
    """(member, name, class, section) of each symbol of an archive."""
    output = subprocess.run(["nm", "-f", "sysv", *options, archive], capture_output=True, text=True, check=True).stdout
    member = archive
    for line in output.split("\n"):
        heading = re.match(r"(?:Undefined symbols|Symbols) from (.*):$", line)
        if heading:
            member = re.sub(r".*\[(.*)\]$", r"\1", heading[1])
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 7 and columns[0] != "Name":
            yield member, columns[0], columns[2], columns[6]


def source_of(member):
    return "bridge/core/" + re.sub(r"\.o$", "", os.path.basename(member))


def rule_core_purity(_, options):
    """The core calls no clock, heap, file, socket or thread, and holds no variable outside what it is handed."""
    if not options.core:
        return
    codecs = options.codecs or os.path.join(os.path.dirname(options.core), "libcodecs.a")
    defined = {name for _, name, _, _ in symbols(options.core, "--defined-only")}
    if os.path.exists(codecs):
        defined |= {name for _, name, _, _ in symbols(codecs, "--defined-only")}
    for member, name, _, _ in symbols(options.core, "--undefined-only"):
        plain = re.sub(r"^__(\w+)_chk$", r"\1", name)
        if name not in defined and plain not in CORE_CALLS and not name.startswith(CORE_CALL_PREFIXES):
            yield source_of(member), 1, f"the core is pure and may not call {name}"
    for member, name, _, section in symbols(options.core, "--defined-only"):
        writable = section in ("*COM*",) or re.match(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)(\.|$)", section)
        if writable and not re.match(r"__odr_asan|\.L|__gcov|__prof|__sancov", name):
            yield source_of(member), 1, f"the core holds no variables, but {name} is one ({section})"


def rule_file_length(root, _):
    for path in code(root):
        count = len(lines(root, path)) - 1
        if count > FILE_LINES_MAX:
            yield path, FILE_LINES_MAX + 1, f"{count} lines, at most {FILE_LINES_MAX}: split it by noun"


def rule_function_length(root, _):
    """A function begins where `{` stands alone at the margin and ends where `}` does."""
    for path in code(root):
        begin = None
        for number, line in enumerate(lines(root, path), 1):
            if line.rstrip() == "{":
                begin = number
            elif line.startswith("}") and begin is not None:
                if number - begin + 1 > FUNCTION_LINES_MAX:
                    yield path, begin, f"a function of {number - begin + 1} lines, at most {FUNCTION_LINES_MAX}"
                begin = None


def rule_line_length(root, _):
    for path in code(root):
        for number, line in enumerate(lines(root, path), 1):
            if len(line) > LINE_CHARACTERS_MAX:
                yield path, number, f"{len(line)} characters, at most {LINE_CHARACTERS_MAX}"


def rule_purpose_line(root, _):
    """The file says what it is for, under its own name."""
    for path in code(root):
        name = os.path.basename(path)
        if not lines(root, path)[0].startswith(f"/* {name}: "):
            yield path, 1, f'begins with "/* {name}: " and what it is for'


def rule_unfinished_words(root, _):
    for path in sorted(set(walk(root, (".",), TEXT_SUFFIXES))):
        for number, line in enumerate(lines(root, path), 1):
            match = UNFINISHED.search(line)
            if match:
                yield path, number, f"{match[1]}: finish it, or write an issue"


def rule_scripts_parse(root, _):
    """A script, with .sh or without, is one that its shell can read."""
    for path in sorted(set(walk(root, ("deploy", "tests", "bench", ".ci"), ("",)))):
        first = lines(root, path)[0]
        if first.startswith("#!") and "bash" in first:
            read = subprocess.run(["bash", "-n", os.path.join(root, path)], capture_output=True, text=True)
            for number, text in re.findall(r": line (\d+): (.*)", read.stderr)[:1]:
                yield path, int(number), text


def rule_rows_are_used(root, _):
    """A log code and a metric that are documented are also told."""
    told = "\n".join("\n".join(lines(root, path)) for path in code(root, ("bridge",), (".c",)))
    for path, prefix, row in ROWS:
        if not os.path.exists(os.path.join(root, path)):
            continue
        for number, line in enumerate(lines(root, path), 1):
            match = re.match(row, line)
            if match and not re.search(rf"\b{prefix}{match[1]}\b", told):
                yield path, number, f"nothing tells {match[1]}: take the row away until something does"


def rule_documents_exist(root, _):
    """A document that a comment or a page sends its reader to is in the tree."""
    for path in sorted(set(walk(root, (".",), TEXT_SUFFIXES)) - {"tests/tidy/selftest.py"}):
        for number, line in enumerate(lines(root, path), 1):
            for name in DOCUMENT.findall(ELSEWHERE.sub("", line)):
                beside = os.path.normpath(os.path.join(root, os.path.dirname(path), name))
                if not os.path.exists(os.path.join(root, name)) and not os.path.exists(beside):
                    yield path, number, f"sends the reader to {name}, which does not exist"


def rule_headers_alone(root, options):
    """Each header compiles as the first and only thing in a file."""
    flags = ["-std=gnu17", "-D_GNU_SOURCE", '-DALERTBRIDGE_VERSION="0"', "-I", root, "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    for path in code(root, suffixes=(".h",)):
        run = subprocess.run([options.cc, *flags, "-x", "c", "-"], input=f'#include "{path}"\n', capture_output=True, text=True)
        if run.returncode != 0:
            first = next((line for line in run.stderr.split("\n") if "error:" in line), "does not compile")
            yield path, 1, f"does not compile alone: {first.strip()}"


def rule_generated_fresh(root, options):
    """What the program can write about itself is what the tree holds."""
    if not options.binary:
        return
    for arguments, path in GENERATED:
        command = " ".join(("alertbridge",) + arguments)
        run = subprocess.run([options.binary, *arguments], capture_output=True, text=True)
        if run.returncode != 0:
            yield path, 1, f"`{command}` ends with {run.returncode}: {run.stderr.strip()[:200]}"
            continue
        if not os.path.exists(os.path.join(root, path)):
            yield path, 1, f"missing: write it with `{command} > {path}`"
            continue
        held, made = lines(root, path), run.stdout.split("\n")
        if held != made:
            number = next((i for i, (a, b) in enumerate(zip(held, made), 1) if a != b), min(len(held), len(made)))
            yield path, number, f"is not what the program says: write it again with `{command} > {path}`"


def rule_no_planted_bugs(root, options):
    """Of the bugs that a test build can plant, nothing is in the program: no name, no switch."""
    path = "codecs/mutants.def"
    if not options.binary or not os.path.exists(os.path.join(root, path)):
        return
    with open(options.binary, "rb") as file:
        words = set(re.findall(rb"\w+", file.read()))
    for number, line in enumerate(lines(root, path), 1):
        match = re.match(r"MUTANT\((\w+),", line)
        if match and match[1].encode() in words:
            yield path, number, f"{match[1]} is in {options.binary}: it was built with ALERTBRIDGE_MUTANTS"
    for word in ("mutant_plant", "mutant_planted", "ALERTBRIDGE_MUTANT"):
        if word.encode() in words:
            yield path, 1, f"{word} is in {options.binary}: it was built with ALERTBRIDGE_MUTANTS"


RULES = {name[len("rule_"):]: rule for name, rule in list(globals().items()) if name.startswith("rule_")}


def findings(root, options, only=None):
    for name, rule in RULES.items():
        if not only or name in only:
            yield from rule(root, options)


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", nargs="?", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--core", help="libcore.a, for the rule of purity")
    parser.add_argument("--codecs", help="libcodecs.a; beside libcore.a when not given")
    parser.add_argument("--binary", help="alertbridge, for the rules of generated documents and planted bugs")
    parser.add_argument("--only", help="rules to run, by comma: " + ", ".join(RULES))
    parser.add_argument("--cc", default=os.environ.get("CC", "cc"))
    options = parser.parse_args(arguments)
    unknown = set(options.only.split(",")) - set(RULES) if options.only else set()
    if unknown:
        parser.error(f"unknown rule: {', '.join(sorted(unknown))}")
    return options


def main():
    options = options_of(sys.argv[1:])
    count = 0
    if not any(code(options.root)):
        print(f"{options.root}: no sources there: nothing was looked at", file=sys.stderr)
        return 1
    for path, number, text in findings(os.path.normpath(options.root), options, options.only and set(options.only.split(","))):
        print(f"{path}:{number}: {text}")
        count += 1
    if count:
        print(f"{count} findings", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
