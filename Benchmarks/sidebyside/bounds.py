"""A recorder that reaches its --max-size in a fork storm: its file, and what retention costs.

What it costs is counted from the time on at which rows are removed.
"""

import os
import signal
import subprocess
import time

from .recording import Recording
from .storm import SHELL, permitted


def measure(machine, report, short, rounds):
    seconds, size = (5, 16) if short else (600, 64)
    report.heading(f"A fork storm of {seconds} s with --max-size {size}M")
    if not permitted(machine, report):
        return
    # The metrics are those of the last sample.
    recording = Recording(machine, "--events", "on", interval=1 if short else 5)
    file, metrics = recording.file, machine.path("bounds.prom")
    recorder = subprocess.Popen(
        [*recording.command, *recording.options, "--keep", "off", "--max-size", f"{size}M",
         "--metrics-file", metrics], stderr=subprocess.DEVNULL)  # fmt: skip
    wait_for(metrics)
    shells = [
        subprocess.Popen(["/bin/sh", "-c", SHELL], stdout=subprocess.PIPE) for _ in range(2)
    ]
    began, most, before = time.monotonic(), 0, None
    while before is None or time.monotonic() < end:
        time.sleep(0.2)
        most = max(most, length(file) + length(f"{file}-wal"))
        if before is None and (short or read(metrics)["removed_rows_total"] > 0):
            before, end = read(metrics), time.monotonic() + seconds
    for shell in shells:
        shell.terminate()
    processes = sum(int(shell.communicate()[0]) for shell in shells)
    rate = processes / (time.monotonic() - began)
    costs = {name: value - before.get(name, 0) for name, value in read(metrics).items()}
    recorder.send_signal(signal.SIGINT)
    recorder.wait()
    retention = costs["retention_cpu_seconds_total"]
    own = costs["cpu_seconds_total"] - retention
    removed = costs["removed_rows_total"]
    (lost,) = recording.rows("SELECT COALESCE(SUM(records), 0) FROM event_loss")
    report.table(
        ["processes a second", "largest file and -wal / --max-size", "removed rows",
         "retention: us a row", "retention / rest of the recorder's CPU", "lost"],
        [[f"{rate:,.0f}", f"{most / (size << 20):.3f}", f"{removed:,.0f}",
          f"{retention / max(removed, 1) * 1e6:.1f}", f"{100 * retention / own:.1f} %",
          lost]])  # fmt: skip
    report.figure("a storm: largest file and -wal / --max-size", 1.1, most / (size << 20), 3)
    report.figure("a storm: retention / rest of the recorder's CPU (%)", 5,
                  100 * retention / own, 1)  # fmt: skip


def length(path):
    """The size of a file; 0 where there is none."""
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def read(path):
    """The metrics of a recorder without labels, by name."""
    with open(path) as file:
        words = [line.split() for line in file if not line.startswith("#")]
    return {name.removeprefix("nshist_"): float(value)
            for name, value in words if "{" not in name}  # fmt: skip


def wait_for(path):
    """Waits until a recorder has written its first sample."""
    for _ in range(600):
        if os.path.exists(path):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{path} did not appear")
