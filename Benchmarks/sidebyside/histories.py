"""The histories that the questions are asked of: history.py makes each once, in a folder of the caller."""

import os
import subprocess
import sys

from .machine import BENCHMARKS

SIZES = [10_000, 1_000_000, 10_000_000, 50_000_000]
SHORT_SIZES = [10_000, 100_000]


def words(memberships):
    """Returns a number of memberships as "10k" or "1M"."""
    thousands = memberships // 1000
    return f"{thousands}k" if thousands < 1000 else f"{thousands // 1000}M"


class Histories:
    """Histories of the sizes asked for, each made when it is first needed."""

    def __init__(self, machine, folder, sizes):
        self.machine, self.sizes = machine, sizes
        self.folder = folder or machine.folder
        os.makedirs(self.folder, exist_ok=True)

    def path(self, memberships):
        path = os.path.join(self.folder, f"history-{words(memberships)}.db")
        if not os.path.exists(path):
            print(f"making {path}", file=sys.stderr, flush=True)
            # Renames the file only when it is complete, so that a later run can trust a history that it finds.
            unfinished = f"{path}-{os.getpid()}"
            subprocess.run(
                [sys.executable, f"{BENCHMARKS}/history.py", unfinished, str(memberships)],
                check=True, stdout=sys.stderr, env={**os.environ, "NSHIST": self.machine.nshist},
            )  # fmt: skip
            os.rename(unfinished, path)
        return path
