#!/usr/bin/env python3
"""test_parts.py: what a run reads of Kafka's own protocol and log: who sent which commit, and whether it was theirs to send; and
what it tells of a loss of memory, how workers that were told to leave may end, and what a run leaves behind."""

import contextlib
import io
import json
import pathlib
import shutil
import struct
import sys
import tempfile
import unittest
from unittest.mock import Mock, patch

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from broker_requests import Requests, read_commits  # noqa: E402
from exits import CutShort, told_by  # noqa: E402
from group_log import Group  # noqa: E402
from leavings import kept_on_failure  # noqa: E402
from store import Store  # noqa: E402

HEARTBEAT = 12


def text(value, flexible=False):
    data = b"" if value is None else value.encode()
    if flexible:
        return bytes([0 if value is None else len(data) + 1]) + data
    return struct.pack(">h", -1 if value is None else len(data)) + data


def commit_request(version, client, generation, topics, kind=8):
    """topics: [(name, [(partition, offset)])]; fewer than 127 of each."""
    flexible = version >= 8
    tags = b"\x00" if flexible else b""

    def count(n):
        return bytes([n + 1]) if flexible else struct.pack(">i", n)

    out = struct.pack(">hhi", kind, version, 77) + text(client) + tags
    out += text("group", flexible) + struct.pack(">i", generation) + text("member-1", flexible)
    out += text(None, flexible) if version >= 7 else b""
    out += struct.pack(">q", -1) if version <= 4 else b""
    out += count(len(topics))
    for name, partitions in topics:
        out += text(name, flexible) + count(len(partitions))
        for partition, offset in partitions:
            out += struct.pack(">iq", partition, offset) + (struct.pack(">i", -1) if version >= 6 else b"")
            out += text("begun" if partition else None, flexible) + tags
        out += tags
    out += tags
    return struct.pack(">I", len(out)) + out


TOPICS = [("events", [(0, 5), (3, 1 << 40)]), ("other", [(1, 9)])]


class CommitsOnTheirWay(unittest.TestCase):
    def test_every_version_tells_who_and_what(self):
        for version in range(2, 10):
            with self.subTest(version):
                found = read_commits(commit_request(version, "w2-7", 31, TOPICS)[4:])
                self.assertEqual({(c["client"], c["group"], c["generation"]) for c in found}, {("w2-7", "group", 31)})
                self.assertEqual([(c["topic"], c["partition"], c["offset"]) for c in found],
                                 [("events", 0, 5), ("events", 3, 1 << 40), ("other", 1, 9)])

    def test_a_version_that_nobody_knows_is_no_commit_unseen(self):
        self.assertRaises(ValueError, read_commits, commit_request(10, "w2-7", 31, TOPICS)[4:])

    def test_pieces_and_other_requests_between(self):
        stream = commit_request(7, "w1-1", 2, TOPICS) + commit_request(4, "w1-1", 2, TOPICS, HEARTBEAT) + commit_request(9, "w1-1", 3, TOPICS)
        for size in (1, 3, 64, len(stream)):
            with self.subTest(size):
                out = io.StringIO()
                requests = Requests(out)
                for at in range(0, len(stream), size):
                    requests.pass_by(stream[at : at + size])
                found = [json.loads(line) for line in out.getvalue().splitlines()]
                self.assertEqual([commit["generation"] for commit in found], [2, 2, 2, 3, 3, 3])

    def test_half_a_request_was_not_sent(self):
        out = io.StringIO()
        Requests(out).pass_by(commit_request(7, "w1-1", 2, TOPICS)[:-1])
        self.assertEqual(out.getvalue(), "")


class Told:
    def __init__(self):
        self.facts = []

    def add(self, fact, at, **fields):
        self.facts.append((fact, fields.get("worker"), fields.get("partition"), fields.get("epoch"), fields.get("offset")))


class WhoCommitted(unittest.TestCase):
    """Life 1 has both partitions in generation 1; life 2 takes partition 1 over in generation 2."""

    def committed(self, sent, *offsets):
        told = Told()
        group = Group("group", "events", {"one": 1, "two": 2}.get, sent, told)
        group.see_group(1, {"one": [("events", 0), ("events", 1)]})
        group.see_group(2, {"one": [("events", 0)], "two": [("events", 1)]})
        for offset in offsets:
            group.see_commit(1, offset)
        return [fact[1:] for fact in told.facts if fact[0] == "committed"], group.unseen

    def test_the_owner(self):
        self.assertEqual(self.committed({(1, 50): [(2, "two")]}, 50), ([(2, 1, 2, 50)], 0))

    def test_not_the_owner_but_who_sent_it(self):
        self.assertEqual(self.committed({(1, 50): [(2, "one")]}, 50), ([(1, 1, 2, 50)], 0))

    def test_both(self):
        self.assertEqual(self.committed({(1, 50): [(2, "two"), (2, "one"), (2, "two")]}, 50), ([(1, 1, 2, 50), (2, 1, 2, 50)], 0))

    def test_what_was_asked_for_in_an_older_generation_was_refused_then(self):
        self.assertEqual(self.committed({(1, 50): [(1, "one"), (2, "two")]}, 50), ([(2, 1, 2, 50)], 0))

    def test_only_in_an_older_generation(self):
        self.assertEqual(self.committed({(1, 50): [(1, "one")]}, 50), ([(1, 1, 1, 50)], 0))

    def test_nobody(self):
        self.assertEqual(self.committed({(0, 50): [(2, "two")]}, 50), ([(0, 1, 2, 50)], 1))


class Losses(unittest.TestCase):
    def test_one_loss_is_one_fact_from_its_begin_to_its_end(self):
        facts, store = [], Store.__new__(Store)
        store.facts = Mock(add=lambda fact, at, **fields: facts.append((fact, at, fields)))
        with patch("store.now_ms", side_effect=[100, 350]), store.loses("restarted"):
            self.assertEqual(facts, [])
        self.assertEqual(facts, [("forgot", 100, {"word": "restarted", "number": 250})])


class CutShortOnes(unittest.TestCase):
    def told(self, *codes):
        return told_by("".join(f'{{"level":"info","code":"{code}"}}\n' for code in codes).encode())

    def test_what_the_log_says_counts_from_the_signal_on(self):
        self.assertEqual(self.told("AB8102", "AB8201", "AB2203", "AB8203"), "partitions lost meanwhile")
        self.assertEqual(self.told("AB8201", "AB2302", "AB8203"), "a commit of an older generation")
        self.assertIsNone(self.told("AB2203", "AB2302", "AB2301", "AB4204", "AB8201", "AB8203"))

    def test_who_was_giving_back_when_the_signal_came_may_not_finish(self):
        self.assertEqual(self.told("AB2202", "AB5107", "AB8201", "AB8203"), "partitions asked back meanwhile")
        self.assertIsNone(self.told("AB2202", "AB2204", "AB2201", "AB8201", "AB8203"))

    def test_a_silent_one_needs_its_bound_or_a_broker_that_does_not_answer(self):
        broker = [("link.cut.soar", 0, 9000), ("broker.stop", 500, 900)]
        quiet, late = [("link.cut.soar", 0, 9000), ("broker.stop", 9001, 9900)], [("link.cut.kafka", 0, 4000)]
        for ended_ms, faults, explained in (
            (4999, broker, False), (8000, broker, True), (8000, quiet, False), (8000, late, True), (14000, (), True),
        ):  # fmt: skip
            with self.subTest(ended_ms=ended_ms, faults=faults):
                one = CutShort("w1-1.log", 3000, ended_ms, b'{"code":"AB8201"}', 10)
                self.assertEqual(bool(one.explained(faults)), explained)


class Leavings(unittest.TestCase):
    def stays(self, error=None, failed=False, always=False):
        folder = pathlib.Path(tempfile.mkdtemp())
        with contextlib.suppress(ValueError, SystemExit), contextlib.redirect_stdout(io.StringIO()):
            with kept_on_failure(folder, always) as verdict:
                if error:
                    raise error
                verdict.failed = failed
        stays = folder.exists()
        shutil.rmtree(folder, ignore_errors=True)
        return stays

    def test_a_folder_goes_when_all_is_well_or_the_run_is_told_to_end(self):
        self.assertFalse(self.stays())
        self.assertFalse(self.stays(SystemExit(130)))

    def test_a_folder_stays_after_a_failure_or_where_somebody_asked_for_it(self):
        self.assertTrue(self.stays(failed=True))
        self.assertTrue(self.stays(ValueError("the harness broke")))
        self.assertTrue(self.stays(always=True))
        self.assertTrue(self.stays(SystemExit(130), always=True))


if __name__ == "__main__":
    ran = unittest.main(exit=False).result
    bad = len(ran.failures) + len(ran.errors)
    print(f"{ran.testsRun - bad} passed, {bad} failed")
    sys.exit(bad > 0 or ran.testsRun == 0)
