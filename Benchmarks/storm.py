#!/usr/bin/env python3
"""A fork storm, recorded and not: how much it is slowed, what a recorder costs, and what is lost.

    Benchmarks/storm.py NSHIST [ROUNDS [SECONDS]]

Two shells fork and exec /bin/true as fast as they can. First in turn, unrecorded and recorded, for
ROUNDS rounds of some seconds each: the ratio of the medians is what a storm is slowed by. Then for
SECONDS (a minute), recorded: the events lost, the recorder's CPU time an event, and the bytes of
database a process.
"""

import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

SHELL = "i=0; trap 'echo $i; exit' TERM; while :; do /bin/true; i=$((i+1)); done"


def storm(seconds):
    """How many processes two shells start in so many seconds."""
    shells = [
        subprocess.Popen(["/bin/sh", "-c", SHELL], stdout=subprocess.PIPE) for _ in range(2)
    ]
    began = time.monotonic()
    time.sleep(seconds)
    for shell in shells:
        shell.terminate()
    count = sum(int(shell.communicate()[0]) for shell in shells)
    return count / (time.monotonic() - began)


def cpu_of(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Recorder:
    """A recorder beside the storm."""

    def __init__(self, nshist, folder):
        self.path = os.path.join(folder, "history.db")
        self.process = subprocess.Popen(
            [nshist, "record", "--events", "on", "--db", self.path],
            stderr=open(os.path.join(folder, "messages"), "w"))
        self.messages = os.path.join(folder, "messages")
        time.sleep(1.5)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


def compare(nshist, rounds):
    """Storms in turn; gives both medians."""
    alone, beside = [], []
    storm(1)
    for _ in range(rounds):
        alone.append(storm(5))
        with tempfile.TemporaryDirectory() as folder:
            recorder = Recorder(nshist, folder)
            beside.append(storm(5))
            recorder.end()
    return alone, beside


def minute(nshist, seconds):
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(nshist, folder)
        before = cpu_of(recorder.process.pid)
        rate = storm(seconds)
        time.sleep(1.5)
        cpu = cpu_of(recorder.process.pid) - before
        memory = [
            line for line in open(f"/proc/{recorder.process.pid}/status")
            if line.startswith("VmHWM")
        ][0].split()[1]
        recorder.end()
        file = sqlite3.connect(f"file:{recorder.path}?mode=ro", uri=True)
        lost = file.execute("SELECT COUNT(*), SUM(records) FROM event_loss").fetchone()
        numbered = file.execute("SELECT SUM(length(offsets) / 6) FROM event_batch").fetchone()[0]
        briefs = file.execute("SELECT COUNT(*) FROM brief").fetchone()[0]
        size = os.path.getsize(recorder.path)
        wrong = file.execute("SELECT SUM(disagreements) FROM sample").fetchone()[0]
        return rate, cpu, lost, numbered, briefs, size, int(memory), wrong


def main():
    nshist = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    alone, beside = compare(nshist, rounds)
    a, b = statistics.median(alone), statistics.median(beside)
    print(f"processes a second, alone    {a:8.0f}   ({min(alone):.0f} to {max(alone):.0f})")
    print(f"processes a second, recorded {b:8.0f}   ({min(beside):.0f} to {max(beside):.0f})")
    print(f"slowed by                    {100 * (a / b - 1):8.1f} %")
    rate, cpu, lost, numbered, briefs, size, memory, wrong = minute(nshist, seconds)
    # Each tells of a fork, its namespaces, an exec and an exit.
    records = 4 * rate * seconds
    print(f"{seconds} s of it: {rate:.0f} processes a second, about {records:.0f} records")
    print(f"losses                       {lost[0]:8d}   ({lost[1] or 0} records)")
    print(f"disagreements                {wrong or 0:8d}")
    print(f"recorder's CPU a record      {1e6 * cpu / records:8.1f} us   ({cpu:.2f} s)")
    print(f"bytes a process              {size / max(1, briefs):8.1f}   ({briefs} processes)")
    print(f"peak memory                  {memory / 1024:8.1f} MiB")


if __name__ == "__main__":
    main()
