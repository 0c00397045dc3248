"""A fork storm, alone and beside each watcher: how much it is slowed, what watching costs, what is lost.

In the storm, two shells fork and exec /bin/true as fast as they can. The watchers are nshist, perf and
forkstat.
"""

import os
import re
import signal
import subprocess
import time

from .costs import Spread
from .machine import has
from .recording import Recording

SHELL = "i=0; trap 'echo $i; exit' TERM; while :; do /bin/true; i=$((i+1)); done"


def measure(machine, report, short, rounds):
    seconds = 1 if short else 5
    report.heading("A fork storm of two shells")
    kinds = [(events, source) for events, source in (("perf", "proc"), ("bpf", "bpf"))
             if permitted(machine, report, events)]  # fmt: skip
    watchers = [Nshist(machine, events, source) for events, source in kinds]
    if has("perf"):
        watchers.append(Perf(machine))
    if has("forkstat"):
        watchers.append(Forkstat(machine))
    alone = Spread()
    storm(1)
    for _ in range(rounds):
        alone.add(storm(seconds)[1])
        for watcher in watchers:
            watcher.round(seconds)
    rows = [["alone", alone.text(0), "", "", "", "", ""]]
    rows += [watcher.row(alone.median) for watcher in watchers]
    report.table(
        ["", "processes a second", "slowed by", "CPU us a process", "bytes a process",
         "seen", "lost"],
        rows)  # fmt: skip
    report.say(
        "Seen is the part of the processes that the watcher's file tells of; lost is what the"
        " kernel told it that it could not take.")  # fmt: skip
    starts(machine, report, kinds, rounds)


def starts(machine, report, kinds, rounds):
    """Measures how long a recorder takes from its start to the end of its first sample."""
    rows = []
    for events, source in [("off", "proc"), *kinds]:
        spread = Spread()
        for _ in range(rounds):
            recording = Recording(machine, "--events", events, "--source", source)
            began = time.time()
            recording.run(1)
            (end,) = recording.rows("SELECT MIN(wall_ns + duration_ns) / 1e9 FROM sample")
            spread.add((end - began) * 1000)
        rows.append([f"`--events {events} --source {source}`", spread.text(0)])
    report.heading("From the start of a recorder to the end of its first sample")
    report.table(["", "ms"], rows)


def permitted(machine, report, events="on"):
    """Whether the recorder may use these events here; reports that they are skipped where not."""
    status = Recording(machine, "--events", events).run(1, check=False).status
    if status != 0:
        report.say(f"skipped: `nshist record --events {events}` ended with {status} here")
    return status == 0


def storm(seconds):
    """Returns how many processes two shells started in these seconds, in all and a second."""
    shells = [
        subprocess.Popen(["/bin/sh", "-c", SHELL], stdout=subprocess.PIPE) for _ in range(2)
    ]
    began = time.monotonic()
    time.sleep(seconds)
    for shell in shells:
        shell.terminate()
    count = sum(int(shell.communicate()[0]) for shell in shells)
    return count, count / (time.monotonic() - began)


class Watcher:
    """A program that records the storm, once a round."""

    def __init__(self, machine):
        self.machine = machine
        self.rates, self.cpu, self.size, self.seen = (Spread() for _ in range(4))
        self.lost = 0

    def round(self, seconds):
        process = self.start()
        time.sleep(1.5)
        before = spent(process.pid)
        count, rate = storm(seconds)
        time.sleep(1)
        cpu = spent(process.pid) - before
        process.send_signal(signal.SIGINT)
        process.wait()
        seen, size, lost = self.result()
        self.rates.add(rate)
        self.cpu.add(cpu / count * 1e6)
        self.size.add(size / count)
        self.seen.add(100 * seen / count)
        self.lost += lost

    def row(self, alone):
        slowed = 100 * (alone / self.rates.median - 1)
        return [
            self.words, self.rates.text(0), f"{slowed:.1f} %", self.cpu.text(),
            self.size.text(0), f"{self.seen.median:.1f} %", self.lost,
        ]  # fmt: skip


class Nshist(Watcher):
    def __init__(self, machine, events, source):
        super().__init__(machine)
        self.options = ["--events", events, "--source", source]
        self.words = f"`nshist record {' '.join(self.options)}`"

    def start(self):
        self.recording = Recording(self.machine, *self.options, interval=5)
        command = [*self.recording.command, *self.recording.options]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def result(self):
        (lost,) = self.recording.rows("SELECT COALESCE(SUM(records), 0) FROM event_loss")
        (seen,) = self.recording.rows("SELECT COUNT(*) FROM processes WHERE comm = 'true'")
        return seen, self.recording.size, lost


class Perf(Watcher):
    words = "`perf record --namespaces -e dummy:u -a`"

    def start(self):
        self.file = self.machine.fresh("perf.data")
        command = ["perf", "record", "--namespaces", "-e", "dummy:u", "-a", "-o", self.file]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def result(self):
        records = subprocess.run(
            ["perf", "report", "-D", "-i", self.file], capture_output=True, text=True).stdout
        seen = len(re.findall(r"PERF_RECORD_COMM exec: true:", records))
        lost = sum(map(int, re.findall(r"PERF_RECORD_LOST.* lost:? ?(\d+)", records)))
        return seen, os.path.getsize(self.file), lost


class Forkstat(Watcher):
    words = "`forkstat -e fork,exec,exit`"

    def start(self):
        self.file = self.machine.fresh("forkstat.txt")
        with open(self.file, "w") as output:
            return subprocess.Popen(
                ["forkstat", "-e", "fork,exec,exit"], stdout=output, stderr=subprocess.STDOUT)

    def result(self):
        with open(self.file) as file:
            lines = file.readlines()
        # forkstat prints <unknown> for a process that exits before forkstat reads its name.
        seen = sum(bool(re.search(r" exec .*(true|<unknown>) *$", line)) for line in lines)
        # forkstat reports overflows of its socket, not how many events each of them lost.
        return seen, os.path.getsize(self.file), sum("nobufs" in line for line in lines)


def spent(pid):
    """Returns the CPU seconds of a process so far: the sum over its threads, exact to the nanosecond."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9
