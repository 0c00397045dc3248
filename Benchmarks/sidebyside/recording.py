"""Runs of `nshist record`, and what a sample of it costs."""

import os
import sqlite3
import statistics
import subprocess

from . import fakeroot

FEW, MANY = 3, 23  # Samples of two runs; their difference is what MANY - FEW samples cost.


class Recording:
    """Records the live /proc into a file of its own, again and again."""

    def __init__(self, machine, *options, interval=0.05):
        self.machine = machine
        self.file = machine.fresh("history.db")
        # A look for pins is no part of a sample, and has a line of its own.
        self.command = [machine.nshist, "record", "--db", self.file, "--interval", str(interval)]
        self.options = ["--pins-every", "off", *options]

    def run(self, samples, check=True):
        command = [*self.command, *self.options, "--samples", str(samples)]
        return self.machine.run(command, check)

    def sample(self, few=FEW, many=MANY):
        """The CPU time of a sample in ms, and the peak KiB of the longer run."""
        less, more = self.run(few), self.run(many)
        return (more.cpu - less.cpu) / (many - few) * 1000, more.memory

    def wall(self):
        """How many ms a pass took, of the samples of the last session."""
        return statistics.median(self.rows(
            "SELECT duration_ns / 1e6 FROM sample WHERE session_id ="
            " (SELECT MAX(session_id) FROM sample)"))  # fmt: skip

    def rows(self, query):
        """The first column of what a query of the file gives."""
        file = sqlite3.connect(f"file:{self.file}?mode=rw", uri=True)
        try:
            return [row[0] for row in file.execute(query)]
        finally:
            file.close()

    @property
    def size(self):
        """Bytes of the file, whose log a recorder that ended has brought into it."""
        return os.path.getsize(self.file)


def of_nothing(machine):
    """A recording of a /proc in which there is nothing."""
    root = fakeroot.make(machine.path("proc"), 0)
    return Recording(machine, "--proc-root", root, interval=0.001)


def floor(machine, *directory, passes=20):
    """The CPU time of a pass of the bare system calls, in ms: the median of some."""
    command = [machine.path("links"), str(passes), *directory]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output) / 1000
