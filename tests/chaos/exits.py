"""exits.py: why a worker that was told once to leave did so before all was finished (exit 75): something must explain it."""

import re

LAST_COMMIT_S = 2  # so long the answer to it is waited for
DRAINING, ASKED_BACK, GIVEN_BACK = "AB8201", "AB2202", ("AB2201", "AB2203", "AB2204")
WHY = {
    ASKED_BACK: "partitions asked back meanwhile",
    "AB2203": "partitions lost meanwhile",
    "AB2301": "a commit failed",
    "AB2302": "a commit of an older generation",
    "AB4204": "done marks not written",
}
# Faults that may keep a commit from its answer, and how long after their end: a coordinator that comes back reads its log first.
OF_KAFKA = {r"broker\..*": 10_000, r"link\..*\.kafka": 1000}


def told_by(log):
    """What its log (bytes) says of it; None where it says nothing."""
    asked_back = drains = False
    for code in re.findall(r'"code":"(AB\d{4})"', log.decode(errors="replace")):
        if code == DRAINING:
            if asked_back:
                return WHY[ASKED_BACK]
            drains = True
        elif drains and code in WHY:
            return WHY[code]
        asked_back = code == ASKED_BACK or (asked_back and code not in GIVEN_BACK)
    return None


class CutShort:
    """One such end, from the signal on. `why`: as far as it is told by itself."""

    def __init__(self, name, begun_ms, ended_ms, log, drain_s):
        self.name, self.begun_ms, self.ended_ms = name, begun_ms, ended_ms
        self.why = told_by(log)
        if not self.why and self.took_s >= drain_s:
            self.why = "shutdown.drain passed"

    @property
    def took_s(self):
        return (self.ended_ms - self.begun_ms) / 1000

    def explained(self, faults):
        """faults: (name, begin ms, end ms) of what was done around it. Why, or None."""
        if self.why or self.took_s < LAST_COMMIT_S:
            return self.why
        for name, begin, end in faults:
            after = max((ms for pattern, ms in OF_KAFKA.items() if re.fullmatch(pattern, name)), default=None)
            if after is not None and begin <= self.ended_ms and end + after >= self.begun_ms:
                return f"{name}, and no answer to the last commit"
        return None
