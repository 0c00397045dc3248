"""Samples of processes that do not change: by the bare system calls (the floor), by nshist, and by lsns."""

import glob

from .costs import Spread
from .crowd import Crowd
from .recording import Recording, floor

LOADS = [
    (500, 1), (500, 100), (5000, 1), (5000, 100), (5000, 1000), (20000, 1), (20000, 100),
    (20000, 1000),
]  # fmt: skip
SHORT_LOADS = [(500, 10)]
JUDGED = (5000, 1)  # the load whose figures have targets


def measure(machine, report, short, rounds):
    report.heading("A sample in which nothing changes: CPU time in ms")
    rows = []
    for load in SHORT_LOADS if short else LOADS:
        with Crowd(machine, *load):
            rows.append(still(machine, report, load, rounds))
    header = ["processes in sets", "floor", "floor, `ns` held", "nshist", "with events", "ratio"]
    report.table(header + ["wall", "peak MiB", "`lsns`", "ratio"], rows)
    report.say(
        "The floor lists `/proc` and reads ten links of each process on a held `/proc/PID`, or on a"
        " held `/proc/PID/ns`. The ratios are `nshist` to the first floor, and `lsns` to `nshist`."
        " Wall is how long a pass of `nshist` took.")  # fmt: skip


def still(machine, report, load, rounds):
    """Returns a row of the table. Each round measures everything in turn."""
    bare, held, quiet, listening, listing = (Spread() for _ in range(5))
    rounds = max(1, rounds // 2) if load[0] > 10_000 else rounds
    for _ in range(rounds):
        recording = Recording(machine, "--events", "off")
        cost, _ = recording.sample()
        quiet.add(cost)
        wall = recording.wall()
        cost, memory = Recording(machine, "--events", "auto").sample()
        listening.add(cost)
        bare.add(floor(machine))
        held.add(floor(machine, "ns"))
        listing.add(machine.run(["lsns"]).cpu * 1000)
    ratio, lsns = quiet.median / bare.median, listing.median / quiet.median
    if load == JUDGED:
        report.figure("a sample of 5,000 processes / floor", 1.2, ratio)
        report.figure("the same with events / floor", 1.2, listening.median / bare.median)
        report.figure("one `lsns` / that sample", 10, lsns, at_least=True)
        report.figure("peak memory, 5,000 processes, events (MB)", 30, memory * 1024 / 1e6)
    processes = len(glob.glob("/proc/[0-9]*"))
    return [
        f"{processes:,} in {load[1]:,}", bare.text(), held.text(), quiet.text(), listening.text(),
        f"{ratio:.2f}", f"{wall:,.1f}", f"{memory / 1024:.1f}", listing.text(), f"{lsns:.1f}",
    ]  # fmt: skip
