"""A year of samples within --max-size: the size of the file, and what questions to it take.

The recorder's own writer takes made-up samples as fast as it can (year/Year.swift).
"""

import os
import shutil
import subprocess
import sys
import tempfile

from . import questions
from .machine import BENCHMARKS, remove_database

GIB = 1 << 30


def measure(machine, report, short, rounds):
    days, size = (1, 16 << 20) if short else (365, GIB)
    program = build()
    with tempfile.TemporaryDirectory(dir=memory(), prefix="nshist-year-") as folder:
        file = os.path.join(folder, "year.db")
        output = subprocess.run([program, file, str(days), str(size)], check=True,
                                stdout=subprocess.PIPE, text=True).stdout  # fmt: skip
        samples, written, removed, most, cpu, retention = map(int, output.split())
        report.heading(f"{days} days of 500 processes with --max-size {size >> 20}M")
        report.table(
            ["samples", "memberships", "removed", "largest file and -wal / --max-size",
             "CPU us a sample", "of it retention"],
            [[f"{samples:,}", f"{written:,}", f"{removed:,}", f"{most / size:.3f}",
              f"{cpu / samples / 1000:.0f}", f"{100 * retention / cpu:.0f} %"]])  # fmt: skip
        report.figure("a year: largest file and -wal / --max-size", 1, most / size, 3)
        subprocess.run([machine.nshist, "db", "verify", "--db", file], check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        answers = {
            name: questions.Answer(machine, command, rounds)
            for name, command in questions.commands(machine, file).items()
        }
        report.table(
            ["", "ms", "peak MiB", "lines", "status"],
            [[f"`{name}`", *answer.cells()] for name, answer in answers.items()])  # fmt: skip
        slowest, name = max(
            (answer.wall.median, name) for name, answer in answers.items()
            if name != questions.SHARED and answer.lines <= questions.SCREEN)  # fmt: skip
        report.figure(f"a year: answers of one screen, slowest: `{name}` (ms)", 30, slowest, 1)
        remove_database(file)


def memory():
    """A folder in memory with room for the file: there six million syncs cost nothing."""
    folder = "/dev/shm"
    if os.path.isdir(folder) and shutil.disk_usage(folder).free > 2 * GIB:
        return folder
    return None


def build():
    command = "swift build -c release --static-swift-stdlib --product year".split()
    package = os.path.dirname(BENCHMARKS)
    subprocess.run(command, cwd=package, check=True, stdout=sys.stderr,
                   env={**os.environ, "NSHIST_BENCHMARKS": "1"})  # fmt: skip
    return f"{package}/.build/release/year"
