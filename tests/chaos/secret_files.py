"""secret_files.py: the key files of the SOAR targets while workers read them: rotated, and cut off in the middle of a write."""

import math
import os
import time

FIRST_KEY, SECOND_KEY = "testid:testsecret", "testid2:rotatedsecret"  # the simulator takes both at any time
RELOADS = "alertbridge_secret_reloads_total"
LOOK_S, ROTATED_WITHIN_S, CUT_WITHIN_S = 0.7, 90, 20


def write(path, text):
    """As rotations do it: beside it, then in its place."""
    part = f"{path}.part"
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.rename(part, path)


class SecretFiles:
    """The names of its deeds are those of the schedule. Workers look again when a call is refused, so some are."""

    def __init__(self, world, fleet):
        self.world, self.fleet, self.key, self.other = world, fleet, FIRST_KEY, SECOND_KEY
        self.planted = [key.partition(":")[2] for key in (FIRST_KEY, SECOND_KEY)] + ["appsecret"]

    def refuse_some(self):
        self.world.sim.fault("unauthorized", api="soar", count=2, for_ms=2000)

    def rotated(self, for_s):
        """Two files: between them the id is new and its secret is not."""
        before = self.fleet.totals(RELOADS, "ok")
        self.key, self.other = self.other, self.key
        name, _, secret = self.key.partition(":")
        write(self.world.secrets["ak"], name)
        time.sleep(for_s)
        write(self.world.secrets["sk"], secret)
        return self.seen(before, "ok", ROTATED_WITHIN_S)

    def cut(self, for_s):
        """Written in place, and nothing is in it yet. Who starts then ends with 78, and is started again."""
        before, refused = self.fleet.totals(RELOADS, "error"), self.fleet.without_secret
        self.fleet.secret_cut = (time.monotonic(), math.inf)
        os.truncate(self.world.secrets["sk"], 0)
        try:
            time.sleep(for_s)
            return self.seen(before, "error", CUT_WITHIN_S, refused)
        finally:
            write(self.world.secrets["sk"], self.key.partition(":")[2])
            self.fleet.secret_cut = (self.fleet.secret_cut[0], time.monotonic())

    def seen(self, before, result, seconds, refused=math.inf):
        """How often workers have read such a file since, or would not start without it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.refuse_some()
            time.sleep(LOOK_S)
            after = self.fleet.totals(RELOADS, result)
            grown = sum(after[life] - before.setdefault(life, after[life]) for life in after)
            if grown or self.fleet.without_secret > refused:
                return int(grown) or self.fleet.without_secret - refused
        return 0
