"""Runs of `nshist record`, and what a sample of it costs."""

import os
import sqlite3
import statistics
import subprocess

from . import fakeroot

FEW, MANY = 3, 23  # samples of a short run and of a long one, which cost MANY - FEW samples more


class Recording:
    """A history file of its own, into which each `run` records the live /proc."""

    def __init__(self, machine, *options, interval=0.05):
        self.machine = machine
        self.file = machine.fresh("history.db")
        # Scans for pins are off: they are not part of a sample, and pins.py measures them.
        self.command = [machine.nshist, "record", "--db", self.file, "--interval", str(interval)]
        usual = [] if "--pins-every" in options else ["--pins-every", "off"]
        self.options = [*usual, *options]

    def run(self, samples, check=True):
        command = [*self.command, *self.options, "--samples", str(samples)]
        return self.machine.run(command, check)

    def sample(self, few=FEW, many=MANY):
        """Returns the CPU time of a sample in ms, and the peak of memory of the longer run in KiB."""
        less, more = self.run(few), self.run(many)
        return (more.cpu - less.cpu) / (many - few) * 1000, more.memory

    def wall(self):
        """Returns how long a sample of the last session took, in ms of the wall clock (the median)."""
        return statistics.median(self.rows(
            "SELECT duration_ns / 1e6 FROM sample WHERE session_id ="
            " (SELECT MAX(session_id) FROM sample)"))  # fmt: skip

    def rows(self, query):
        """Returns the first column of the rows of a query on the file."""
        file = sqlite3.connect(f"file:{self.file}?mode=rw", uri=True)
        try:
            return [row[0] for row in file.execute(query)]
        finally:
            file.close()

    @property
    def size(self):
        """The bytes of the file. A recorder that ends checkpoints the log into it."""
        return os.path.getsize(self.file)


def of_nothing(machine):
    """Returns a recording of a folder in the form of /proc without a process."""
    root = fakeroot.make(machine.path("proc"), 0)
    return Recording(machine, "--proc-root", root, interval=0.001)


def floor(machine, *directory, passes=20):
    """Returns the CPU time of a pass of programs/links.c in ms: the least that a sample can cost."""
    command = [machine.path("links"), str(passes), *directory]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output) / 1000
