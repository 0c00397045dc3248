"""What a process costs, and the statistics of a figure over several rounds."""

import statistics
import subprocess
from dataclasses import dataclass


@dataclass
class Cost:
    """The cost of a process and of the children that it waited for, as programs/cost.c measured it."""

    cpu: float  # seconds, of user and system
    wall: float  # seconds
    memory: int  # peak KiB
    lines: int  # of its output
    size: int  # bytes of its output
    status: int


class Running:
    """A started process; `end` waits for it and returns its cost."""

    def __init__(self, program, file, command):
        self.command, self.file = command, file
        self.process = subprocess.Popen(
            [program, file, *command], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self, check=True):
        if self.process.wait() != 0:
            raise subprocess.CalledProcessError(self.process.returncode, self.command)
        with open(self.file) as file:
            cpu, wall, memory, lines, size, status = map(int, file.read().split())
        if check and status != 0:
            raise subprocess.CalledProcessError(status, self.command)
        return Cost(cpu / 1e6, wall / 1e6, memory, lines, size, status)


class Spread:
    """The values of a figure in several rounds."""

    def __init__(self, values=()):
        self.values = list(values)

    def add(self, value):
        self.values.append(value)

    @property
    def median(self):
        return statistics.median(self.values)

    def text(self, digits=1):
        """The median, with the lowest and the highest value in brackets."""
        if not self.values:
            return ""
        least, most = min(self.values), max(self.values)
        if len(self.values) == 1:
            return f"{least:,.{digits}f}"
        return f"{self.median:,.{digits}f} ({least:,.{digits}f} to {most:,.{digits}f})"
