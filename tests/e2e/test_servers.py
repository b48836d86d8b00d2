#!/usr/bin/env python3
"""test_servers.py: the processes of a scenario end with it, those of all stay."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
from servers import Failure, Process, ended_with  # noqa: E402


class Part:
    def __init__(self):
        self.process = Process(["sleep", "60"], os.devnull)


class WhatAScenarioBegan(unittest.TestCase):
    def tearDown(self):
        Process.stop_all()

    def test_ends_with_it_although_it_fails(self):
        before, shared, own = Part(), [], []
        with self.assertRaises(Failure), ended_with(lambda: shared):
            shared.append(Part())
            own.extend([Part(), Part()])
            own[0].process.stop()
            raise Failure("it does not hold")
        self.assertEqual([part.process.runs() for part in (before, *shared, *own)], [True, True, False, False])
        self.assertEqual(Process.living, [before.process, shared[0].process])

    def test_a_part_that_all_share_may_have_been_begun_anew(self):
        shared = Part()
        with ended_with(lambda: [shared]):
            shared.process.stop()
            shared.process = Part().process
        self.assertTrue(shared.process.runs())


if __name__ == "__main__":
    ran = unittest.main(exit=False).result
    bad = len(ran.failures) + len(ran.errors)
    print(f"{ran.testsRun - bad} passed, {bad} failed")
    sys.exit(bad > 0 or ran.testsRun == 0)
