#!/usr/bin/env python3
"""selftest.py: each rule of tidy.py finds what it is for, and is silent about the same thing done right."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

UNFINISHED_WORD = "TO" + "DO"


class House(unittest.TestCase):
    """A small tree in a folder of its own."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="tidy-")
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        return full

    def findings(self, rule, *arguments):
        options = tidy.options_of([self.root, *arguments])
        return [f"{path}:{number}: {text}" for path, number, text in tidy.findings(self.root, options, {rule})]

    def expect_one(self, rule, where, *arguments):
        found = self.findings(rule, *arguments)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(where + ": "), found[0])

    def expect_none(self, rule, *arguments):
        self.assertEqual(self.findings(rule, *arguments), [])

    def archive(self, name, members):
        """A static library of sources, as the build makes them."""
        archive = os.path.join(self.root, name)
        objects = []
        for source, text in members.items():
            path = self.write("objects/" + source, text)
            objects.append(path + ".o")
            subprocess.run(["cc", "-O1", "-fPIC", "-w", "-c", "-o", objects[-1], path], check=True)
        subprocess.run(["ar", "crs", archive, *objects], check=True)
        return archive


class Sources(House):
    def test_a_folder_without_sources_is_not_tidy(self):
        program = [sys.executable, "-B", tidy.__file__, self.root, "--only", "scripts_parse"]
        self.assertEqual(subprocess.run(program, capture_output=True).returncode, 1)
        self.write("codecs/buf.c", "")
        self.assertEqual(subprocess.run(program, capture_output=True).returncode, 0)


class ScriptsParse(House):
    def test_marks_of_a_merge_are_no_script(self):
        self.write("tests/run.sh", "#!/usr/bin/env bash\nif true; then\n<<<<<<< HEAD\n=======\nfi\n")
        self.write("deploy/fine", "#!/usr/bin/env bash\ntrue\n")
        found = self.findings("scripts_parse")
        self.assertTrue(len(found) == 1 and found[0].startswith("tests/run.sh:"), found)


class IncludeDirections(House):
    def test_core_may_not_look_at_io(self):
        self.write("bridge/io/http.h", "")
        self.write("bridge/core/engine.c", '\n#include "bridge/io/http.h"\n')
        self.expect_one("include_directions", "bridge/core/engine.c:2")

    def test_codecs_may_not_look_at_tests(self):
        self.write("tests/support/draw.h", "")
        self.write("codecs/buf.c", '#include "tests/support/draw.h"\n')
        self.expect_one("include_directions", "codecs/buf.c:1")

    def test_the_judge_of_histories_may_not_look_at_the_product(self):
        for name in ("bridge/core/engine.h", "codecs/buf.h", "bridge/log.h", "tests/sim/world.h"):
            with self.subTest(name):
                self.write(name, "")
                path = self.write("tests/proof/checker.c", f'#include "{name}"\n')
                self.expect_one("include_directions", "tests/proof/checker.c:1")
                os.remove(path)

    def test_the_world_may_look_at_the_judge_and_the_product(self):
        for name in ("bridge/core/engine.h", "bridge/sim/sim.h", "tests/proof/checker.h", "tests/support/draw.h"):
            self.write(name, "")
            self.write("tests/sim/world.c", f'#include "{name}"\n')
        self.expect_none("include_directions")

    def test_io_may_look_at_core_and_base(self):
        self.write("bridge/core/types.h", "")
        self.write("bridge/log.h", "")
        self.write("bridge/io/http.c", '#include "bridge/core/types.h"\n#include "bridge/log.h"\n')
        self.expect_none("include_directions")

    def test_base_may_not_look_at_core(self):
        self.write("bridge/core/types.h", "")
        self.write("bridge/log.c", '#include "bridge/core/types.h"\n')
        self.expect_one("include_directions", "bridge/log.c:1")

    def test_a_path_beside_the_file_is_not_from_the_root(self):
        self.write("codecs/buf.h", "")
        self.write("codecs/buf.c", '#include "buf.h"\n')
        self.expect_one("include_directions", "codecs/buf.c:1")

    def test_a_folder_that_is_no_room(self):
        self.write("bridge/extra/x.c", "")
        self.expect_one("include_directions", "bridge/extra/x.c:1")


class LibraryHeaders(House):
    def test_a_library_in_the_wrong_file(self):
        self.write("codecs/event.c", "#include <yyjson.h>\n")
        self.expect_one("library_headers", "codecs/event.c:1")

    def test_a_library_in_its_place(self):
        self.write("codecs/json.c", "#include <yyjson.h>\n")
        self.write("bridge/io/kafka_conf.c", "#include <librdkafka/rdkafka.h>\n")
        self.write("bridge/io/redis_link.c", "#include <hiredis/async.h>\n#include <event2/event.h>\n")
        self.expect_none("library_headers")

    def test_the_judge_of_histories_reads_json_in_one_place(self):
        self.write("tests/proof/history_json.c", "#include <yyjson.h>\n")
        self.write("tests/proof/test_checker.c", "#include <criterion/criterion.h>\n")
        self.expect_none("library_headers")
        self.write("tests/proof/checker.c", "#include <yyjson.h>\n")
        self.expect_one("library_headers", "tests/proof/checker.c:1")

    def test_a_header_that_includes_a_library(self):
        self.write("bridge/io/kafka.h", "#include <librdkafka/rdkafka.h>\n")
        self.expect_one("library_headers", "bridge/io/kafka.h:1")

    def test_a_library_that_nobody_knows(self):
        self.write("codecs/buf.c", "#include <glib.h>\n")
        self.expect_one("library_headers", "codecs/buf.c:1")

    def test_the_core_may_not_include_a_clock(self):
        self.write("bridge/core/engine.c", "#include <string.h>\n#include <time.h>\n")
        self.expect_one("library_headers", "bridge/core/engine.c:2")


class CorePurity(House):
    PURE = "#include <string.h>\nint other(void);\nstatic const char *const names[] = { \"a\", \"b\" };\n" \
           "const char *core(int i) { return strlen(names[i]) > 9 ? names[other()] : names[i]; }\n"

    def test_a_pure_core(self):
        core = self.archive("libcore.a", {"core.c": self.PURE})
        codecs = self.archive("libcodecs.a", {"other.c": "int other(void) { return 1; }\n"})
        self.expect_none("core_purity", "--core", core, "--codecs", codecs)

    def test_each_forbidden_call_is_found(self):
        for name in ("malloc", "free", "time", "clock_gettime", "socket", "open", "write", "getrandom", "pthread_create", "strdup",
                     "printf", "usleep", "abort"):
            with self.subTest(name):
                core = self.archive("libcore.a", {"core.c": f"void {name}(void);\nvoid core(void) {{ {name}(); }}\n"})
                self.expect_one("core_purity", "bridge/core/core.c:1", "--core", core)
                os.remove(core)

    def test_variables_are_found(self):
        for name, text in (("static", "static int n; int core(void) { return ++n; }"), ("zeroed", "int n;"), ("set", "int n = 3;"),
                           ("thread", "_Thread_local int n;")):
            with self.subTest(name):
                core = self.archive("libcore.a", {"core.c": text + "\n"})
                self.expect_one("core_purity", "bridge/core/core.c:1", "--core", core)
                os.remove(core)


class Sizes(House):
    def test_a_file_that_is_too_long(self):
        self.write("codecs/a.c", "\n" * 400)
        self.expect_none("file_length")
        self.write("codecs/b.c", "\n" * 401)
        self.expect_one("file_length", "codecs/b.c:401")

    def test_a_function_that_is_too_long(self):
        function = "int\nf(void)\n{{\n{}}}\n"
        self.write("codecs/a.c", function.format("    ;\n" * 68))
        self.expect_none("function_length")
        self.write("codecs/b.c", "\n" + function.format("    ;\n" * 69))
        self.expect_one("function_length", "codecs/b.c:4")

    def test_a_long_table_is_no_function(self):
        self.write("codecs/a.c", "static const int rows[] = {\n" + "    1,\n" * 100 + "};\n")
        self.expect_none("function_length")

    def test_a_line_that_is_too_long_counts_characters_and_not_bytes(self):
        self.write("codecs/a.c", "/* " + "\u2500" * 124 + " */\n")
        self.expect_none("line_length")
        self.write("bench/b.c", "\n" + "x" * 131 + "\n")
        self.expect_one("line_length", "bench/b.c:2")


class Words(House):
    def test_the_purpose_line(self):
        self.write("codecs/a.c", "/* a.c: what a is for. */\n")
        self.expect_none("purpose_line")
        self.write("codecs/b.c", "/* a.c: copied from a. */\n")
        self.expect_one("purpose_line", "codecs/b.c:1")

    def test_an_unfinished_word(self):
        self.write("bench/a.py", "mktemp = 'a.XX" + "XXXX'\n")
        self.expect_none("unfinished_words")
        self.write("docs/b.md", f"\n{UNFINISHED_WORD}: more\n")
        self.expect_one("unfinished_words", "docs/b.md:2")

    def test_a_document_that_does_not_exist(self):
        self.write("docs/design.md", "See [the terms](terms.md) and https://example.com/other.md, .../more.md\n")
        self.write("docs/terms.md", "")
        self.write("codecs/a.c", "/* docs/design.md, README.md */\n")
        self.write("README.md", "")
        self.expect_none("documents_exist")
        self.write("codecs/b.c", "\n/* design/gone.md, section 2 */\n")
        self.expect_one("documents_exist", "codecs/b.c:2")


class RowsAreUsed(House):
    def test_a_log_code_that_nothing_logs(self):
        self.write("bridge/log.def", "\nLOG(AB1001, INFO)\nLOG(AB1002, INFO)\n")
        self.write("bridge/run.c", "log_line(LOG_AB1001);\n")
        self.expect_one("rows_are_used", "bridge/log.def:3")
        self.write("bridge/run.c", "log_line(LOG_AB1001);\nlog_line(LOG_AB1002);\n")
        self.expect_none("rows_are_used")

    def test_a_metric_of_which_only_the_longer_name_is_told(self):
        self.write("bridge/metrics.def", "METRIC(CALLS, GAUGE)\nMETRIC(CALLS_LIMIT, GAUGE)\n")
        self.write("bridge/run.c", "tell(METRIC_CALLS_LIMIT);\n")
        self.expect_one("rows_are_used", "bridge/metrics.def:1")


class HeadersAlone(House):
    def test_a_header_that_leans_on_another(self):
        self.write("codecs/a.h", "#include <stdint.h>\nuint32_t a(void);\n")
        self.expect_none("headers_alone")
        self.write("codecs/b.h", "uint32_t b(void);\n")
        self.expect_one("headers_alone", "codecs/b.h:1")


class GeneratedFresh(House):
    def program(self, text):
        path = self.write("alertbridge", "#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path

    def hold(self, text):
        for _, path in tidy.GENERATED:
            self.write(path, text)

    def test_fresh(self):
        self.hold("one\ntwo\n")
        self.expect_none("generated_fresh", "--binary", self.program("printf 'one\\ntwo\\n'\n"))

    def test_stale(self):
        self.hold("one\nthree\n")
        found = self.findings("generated_fresh", "--binary", self.program("printf 'one\\ntwo\\n'\n"))
        self.assertEqual(len(found), len(tidy.GENERATED))
        self.assertIn(":2: ", found[0])

    def test_missing(self):
        found = self.findings("generated_fresh", "--binary", self.program("echo one\n"))
        self.assertEqual(len(found), len(tidy.GENERATED))
        self.assertIn("missing", found[0])

    def test_a_command_that_fails(self):
        self.hold("one\n")
        found = self.findings("generated_fresh", "--binary", self.program("echo one; exit 64\n"))
        self.assertEqual(len(found), len(tidy.GENERATED))


class NoPlantedBugs(House):
    def setUp(self):
        super().setUp()
        self.write("codecs/mutants.def", '/* rows */\nMUTANT(guard_off, "what", "who")\n')

    def test_a_shipped_program_has_no_name_of_one(self):
        self.expect_none("no_planted_bugs", "--binary", self.write("alertbridge", "\x7fELF guard_offer unguard_off"))

    def test_a_name_gives_it_away(self):
        self.expect_one("no_planted_bugs", "codecs/mutants.def:2", "--binary", self.write("alertbridge", "\x7fELF guard_off"))

    def test_the_switch_gives_it_away(self):
        self.expect_one("no_planted_bugs", "codecs/mutants.def:1", "--binary", self.write("alertbridge", "\x7fELF mutant_plant"))


class Whole(House):
    def test_the_program_prints_findings_and_exits_1(self):
        self.write("codecs/a.c", "int x;\n")
        run = subprocess.run([sys.executable, tidy.__file__, self.root, "--only", "purpose_line"], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stdout.split(": ")[0]), (1, "codecs/a.c:1"))
        self.write("codecs/a.c", "/* a.c: a number. */\n")
        run = subprocess.run([sys.executable, tidy.__file__, self.root, "--only", "purpose_line"], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
