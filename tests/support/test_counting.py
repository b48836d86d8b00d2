#!/usr/bin/env python3
"""test_counting.py: what adds up tests takes no silence for success: programs that die, say nothing, or say less than they should."""

import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "chaos"))
sys.path.insert(0, str(ROOT / "tests"))
import reliability  # noqa: E402
from judgement import Judgement  # noqa: E402

ROWS = re.findall(r'^MUTANT\((\w+),\s*"([^"]*)",\s*"([^"]*)"\)', (ROOT / "codecs" / "mutants.def").read_text(), re.M)
OF_SEEDS = [name for name, _, caught in ROWS if caught.startswith("sim ")]
PROGRAMS = sorted({caught.split()[0] for _, _, caught in ROWS if not caught.startswith("sim ")})
CAUGHT = [f"{name:24} {7:10} {0.1:6.1f} s  I2: it shows" for name in OF_SEEDS]
CLEAN = f"{'no bug planted':24} {'clean':>10} {0.1:6.1f} s  0 of 2000 seeds"
HEALTHY_TEST = 'if [ -n "${ALERTBRIDGE_MUTANT:-}" ]; then sums="0 | Failing: 1"; else sums="1 | Failing: 0"; fi\n' \
               'echo "[====] Synthesis: Tested: 1 | Passing: $sums | Crashing: 0 "'


class Folder(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory(prefix="alertbridge-counting-")
        self.addCleanup(self.work.cleanup)
        self.folder = pathlib.Path(self.work.name)

    def program(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def run_script(self, *command):
        told = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
        last = re.fullmatch(r"(\d+) passed, (\d+) failed", (told.stdout.splitlines() or [""])[-1])
        self.assertTrue(last, told.stdout + told.stderr)
        return told.returncode, int(last[1]), int(last[2])


class Verdicts(Folder):
    def sums(self, function, text, code):
        log = self.folder / "log"
        log.write_text(text)
        return subprocess.run(["bash", "-c", f'. tests/support/count.sh; {function} "$1" "$2"', "-", str(log), str(code)],
                              cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    def test_a_program_has_to_say_what_it_counted(self):
        for text, code, expected in (
            ("3 passed, 0 failed\n", 0, "3 0"),
            ("1 passed, 0 failed\nmore\n3 passed, 0 failed\n", 0, "3 0"),
            ("3 passed, 2 failed\n", 1, "3 2"),
            ("3 passed, 2 failed\n", 0, "3 2"),
            ("3 passed, 0 failed\n", 1, "3 1"),
            ("3 passed, 0 failed\n", 137, "3 1"),
            ("0 passed, 0 failed\n", 0, "0 1"),
            ("", 0, "0 1"),
            ("", 139, "0 1"),
            ("all is well\n", 0, "0 1"),
            ("as many as 3 passed, 0 failed\n", 0, "0 1"),
        ):
            with self.subTest(text=text, code=code):
                self.assertEqual(self.sums("verdict_of", text, code), expected)

    def test_each_suite_has_to_say_what_it_counted(self):
        first = "test 1\n    Start 1: codecs\n1: [====] Synthesis: Tested: 5 | Passing: 5 | Failing: 0 | Crashing: 0 \n"
        for text, code, expected in (
            (first, 0, "5 0 0"),
            (first + "test 2\n2: 60 passed, 0 failed\n", 0, "5 0 0"),
            (first.replace("5 | Failing: 0 | Crashing: 0", "2 | Failing: 2 | Crashing: 1"), 8, "2 3 0"),
            (first + "test 2\n", 0, "5 1 1"),
            (first + "test 2\n2: Segmentation fault\n", 8, "5 1 1"),
            (first + "test 2\n2: Tested: 0 | Passing: 0 | Failing: 0 | Crashing: 0 \n", 0, "5 1 1"),
            (first, 8, "5 1 0"),
            ("No tests were found!!!\n", 0, "0 1 0"),
            ("", 0, "0 1 0"),
        ):
            with self.subTest(text=text, code=code):
                self.assertEqual(self.sums("suites_of", text, code), expected)


class PlantedBugs(Folder):
    """tests/sim/mutants.sh over programs that only look like those of its build."""

    def setUp(self):
        super().setUp()
        for program in PROGRAMS:
            self.program(f"tests/{program}", HEALTHY_TEST)
        self.listed = "\n".join(f"{name}\t{caught}\t{text}" for name, text, caught in ROWS)

    def hunt(self, lines, last, code="exit 0"):
        (self.folder / "list.txt").write_text(self.listed + "\n" if self.listed else "")
        (self.folder / "said.txt").write_text("".join(line + "\n" for line in (*lines, last) if line))
        here = self.folder
        self.program("alertbridge_sim", f'[ "$2" = list ] && exec cat "{here}/list.txt"\ncat "{here}/said.txt"\n{code}')
        return self.run_script("tests/sim/mutants.sh", "--build", self.folder)

    def all_caught(self):
        return f"{len(OF_SEEDS) + 1} passed, 0 failed"

    def test_all_bugs_are_caught(self):
        self.assertEqual(self.hunt([CLEAN, *CAUGHT], self.all_caught()), (0, len(ROWS) + 1, 0))

    def test_a_world_that_dies_before_it_speaks(self):
        for code in ("exit 0", "exit 3", "kill -KILL $$"):
            with self.subTest(code):
                exit_code, _, failed = self.hunt([], "", code)
                self.assertEqual((exit_code, failed), (1, 2))

    def test_a_world_that_dies_midway(self):
        exit_code, _, failed = self.hunt([CLEAN, *CAUGHT[:3]], "", "kill -SEGV $$")
        self.assertEqual((exit_code, failed), (1, 2))

    def test_a_bug_of_which_nothing_is_said(self):
        self.assertEqual(self.hunt([CLEAN, *CAUGHT[1:]], self.all_caught())[0::2], (1, 1))

    def test_an_exit_code_that_its_words_do_not_tell(self):
        self.assertEqual(self.hunt([CLEAN, *CAUGHT], self.all_caught(), "exit 1")[0::2], (1, 1))

    def test_a_world_that_lists_no_bugs_or_others(self):
        for listed in ("", self.listed.rpartition("\n")[0]):
            with self.subTest(listed[:20]):
                self.listed = listed
                self.assertEqual(self.hunt([CLEAN, *CAUGHT], self.all_caught()), (1, 0, 1))

    def test_test_programs_that_say_nothing(self):
        of_first = sum(caught.startswith(PROGRAMS[0] + " ") for _, _, caught in ROWS)
        self.program(f"tests/{PROGRAMS[0]}", "exit 0")
        self.assertEqual(self.hunt([CLEAN, *CAUGHT], self.all_caught())[0::2], (1, of_first))


class Fuzzing(Folder):
    def fuzz(self, text):
        self.program("tests/fuzz/fuzz_engine", text)
        return self.run_script("tests/fuzz/run.sh", "--seconds", "0", "--target", "engine", "--build", self.folder)

    def test_a_target_that_ran(self):
        self.assertEqual(self.fuzz("echo 'stat::number_of_executed_units: 7'"), (0, 1, 0))

    def test_a_target_that_ran_nothing(self):
        for text in ("exit 0", "echo 'stat::number_of_executed_units: 0'", "kill -KILL $$"):
            with self.subTest(text):
                self.assertEqual(self.fuzz(text), (1, 0, 1))


class HistoriesJudged(Folder):
    """What a chaos run hears of the checker."""

    def judge(self, text):
        return Judgement(self.program("judge", text), self.folder / "history", [])

    def test_a_checker_that_judged(self):
        heard = self.judge('printf "I0            5  sense\\nI4            0  epochs\\nI13          17  sums  VIOLATED 2 times\\n"\n'
                           'echo "1 passed, 1 failed"; exit 1')
        self.assertEqual((heard.passed, heard.failed, heard.judged), (1, 1, {0: 5, 4: 0, 13: 17}))
        self.assertEqual(heard.violations, {13: 2})

    def test_a_checker_that_dies(self):
        for text in ("exit 0", "kill -KILL $$", 'echo "20 passed, 0 failed"; kill -KILL $$', "echo 0 passed, 0 failed"):
            with self.subTest(text):
                self.assertEqual(self.judge(text).failed, 1)


class Figures(Folder):
    """tests/reliability.py: of which run the document may tell."""

    def setUp(self):
        super().setUp()
        for path in ("docs/reliability.md", "bridge/core.c"):
            self.write(path, "as committed\n")
        self.git("init", "-q")
        self.commit()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.logs = self.folder / ".git"  # where git looks for no changes
        self.write(".git/verdict.log", "812 passed, 0 failed\n")

    def git(self, *words):
        who = ("-c", "user.name=n", "-c", "user.email=n@localhost", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self):
        self.git("add", "docs", "bridge")
        self.git("commit", "-q", "--allow-empty", "-m", "all of it")

    def write(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def begin(self):
        self.write(".git/commit.txt", reliability.commit_of_tree() + "\n")

    def test_of_the_commit_that_was_tried(self):
        self.begin()
        self.write("docs/reliability.md", "figures of before\n")
        self.assertEqual(reliability.tried_commit(self.logs), reliability.commit_of_tree())
        self.assertEqual(reliability.verdict(self.logs), "812 passed, 0 failed")

    def test_not_of_a_tree_that_is_changed(self):
        self.begin()
        for path in ("bridge/core.c", "bridge/new.c", "docs/other.c"):
            with self.subTest(path):
                self.git("stash", "-q", "-u", "--keep-index")
                self.write(path, "changed\n")
                self.assertRaises(SystemExit, reliability.tried_commit, self.logs)

    def test_not_of_another_commit(self):
        self.begin()
        self.commit()
        self.assertRaises(SystemExit, reliability.tried_commit, self.logs)

    def test_not_of_a_run_in_which_something_failed(self):
        for text in ("811 passed, 1 failed\n", "0 passed, 0 failed\n", "\n"):
            with self.subTest(text):
                self.write(".git/verdict.log", text)
                self.assertRaises(SystemExit, reliability.verdict, self.logs)


if __name__ == "__main__":
    os.environ.pop("ALERTBRIDGE_MUTANT", None)
    ran = unittest.main(exit=False).result
    bad = len(ran.failures) + len(ran.errors)
    print(f"{ran.testsRun - bad} passed, {bad} failed")
    sys.exit(bad > 0 or ran.testsRun == 0)
