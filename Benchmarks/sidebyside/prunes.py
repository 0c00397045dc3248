"""A recorder that has to remove most of a large history: by how much its samples are delayed.

The recorder is given a copy of the history and a small --max-size. It removes rows between its
samples until the file has that size.
"""

import shutil
import signal
import sqlite3
import subprocess
import time

from .bounds import length, read, wait_for
from .costs import Spread
from .histories import words

SIZE = 64 << 20


def measure(machine, report, short, rounds, histories):
    report.heading("Samples while most of a history is removed")
    rows = []
    for memberships in histories.sizes:
        if memberships > 10_000_000:
            continue
        alone = Recorder(machine, histories.path(memberships), "off")
        alone.wait(lambda: len(alone.late.values) >= (2 if short else 30))
        pruning = Recorder(machine, histories.path(memberships), str(SIZE))
        pruning.wait(pruning.has_shrunk)
        removed = pruning.costs["removed_rows_total"]
        cpu = pruning.costs["retention_cpu_seconds_total"]
        rows.append([
            words(memberships), f"{removed:,.0f}", f"{pruning.seconds:.0f}",
            f"{cpu / max(1, removed) * 1e6:.1f}", len(pruning.late.values), alone.late.text(),
            pruning.late.text()])  # fmt: skip
        if memberships == 10_000_000:
            report.figure("a sample's delay while 10M memberships are removed, most (ms)", 20,
                          max(pruning.late.values) - alone.late.median, 1)  # fmt: skip
    report.table(
        ["memberships", "removed", "s", "CPU us a row", "samples", "ms behind the slot, alone",
         "while rows are removed"],
        rows)  # fmt: skip


class Recorder:
    """A recorder of a copy of a history, a sample a second. It is ended by `wait`."""

    def __init__(self, machine, history, size):
        self.file, self.metrics = machine.fresh("pruned.db"), machine.path(f"pruned-{size}.prom")
        shutil.copy(history, self.file)
        self.late, self.last, self.began = Spread(), 0, time.monotonic()
        # Without events, every sample is one of the schedule.
        self.process = subprocess.Popen(
            [machine.nshist, "record", "--db", self.file, "--interval", "1", "--events", "off",
             "--pins-every", "off", "--keep", "off", "--max-size", size, "--metrics-file",
             self.metrics], stderr=subprocess.DEVNULL)  # fmt: skip
        wait_for(self.metrics)

    def has_shrunk(self):
        return length(self.file) + length(f"{self.file}-wal") <= SIZE

    def wait(self, is_done):
        while not is_done():
            time.sleep(1)
            self.collect()
        self.seconds, self.costs = time.monotonic() - self.began, read(self.metrics)
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def collect(self):
        """Takes in the samples since the last call, but for the first: it has no slot."""
        file = sqlite3.connect(f"file:{self.file}?mode=rw", uri=True, timeout=10)
        try:
            rows = file.execute(
                "SELECT seq, (boot_ns - started_boot_ns) % interval_ns FROM sample"
                " JOIN session USING (session_id)"
                " WHERE end_reason IS NULL AND seq > first_seq AND seq > ? ORDER BY seq",
                (self.last,)).fetchall()  # fmt: skip
        finally:
            file.close()
        for seq, behind in rows:
            self.last = seq
            self.late.add(behind / 1e6)
