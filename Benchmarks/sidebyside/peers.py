"""Other means to the same end: a simple script that records, and tools that show the present."""

import os

from .crowd import Crowd
from .machine import BENCHMARKS
from .recording import Recording

SHELL = 'for p in /proc/[0-9]*; do readlink "$p"/ns/*; done'


def measure(machine, report, short, rounds):
    processes, samples = (500, 5) if short else (5000, 20)
    report.heading(f"{processes:,} processes by other means")
    with Crowd(machine, processes):
        recording = Recording(machine, "--events", "off")
        rows = machine.fresh("rows.db")
        script = ["python3", f"{BENCHMARKS}/sidebyside/rows.py", rows]
        table = [
            recorder(
                "`nshist record --events off`", recording.run, lambda: recording.size, samples),
            recorder(
                "a row a process in SQLite, in Python",
                lambda count: machine.run([*script, str(count)]),
                lambda: os.path.getsize(rows), samples),
            listing("`lsns`", machine.run(["lsns"])),
            # The status is ignored: some processes end before `readlink` reads them.
            listing("a shell loop of `readlink`", machine.run(["sh", "-c", SHELL], check=False)),
        ]  # fmt: skip
    report.table(["", "CPU ms a sample", "peak MiB", "bytes a sample"], table)


def recorder(words, record, size, samples):
    """Returns the row of a recorder: how much more a long run costs than a short one, for each sample."""
    record(1)
    first = size()
    few, second = record(1), size()
    many, third = record(1 + samples), size()
    cpu = (many.cpu - few.cpu) / samples * 1000
    grown = ((third - second) - (second - first)) / samples
    return [words, f"{cpu:.1f}", f"{many.memory / 1024:.1f}", f"{grown:,.0f}"]


def listing(words, cost):
    return [words, f"{cost.cpu * 1000:.1f}", f"{cost.memory / 1024:.1f}", ""]
