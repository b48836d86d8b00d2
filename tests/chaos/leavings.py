"""leavings.py: what becomes of the folder of a run."""

import contextlib
import shutil


class Verdict:
    failed = True  # until it is known: a harness that breaks leaves what there is to see


@contextlib.contextmanager
def kept_on_failure(folder, always=False):
    """It goes when all is well, and when the run is told to end (servers.end_on_signals); else it stays, and is named."""
    verdict = Verdict()
    try:
        yield verdict
    except SystemExit:
        verdict.failed = False
        raise
    finally:
        if verdict.failed or always:
            print(f"what it left behind: {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
