"""The size of a history on the disk, and the size of a day beside that of atop."""

import os

from .crowd import Crowd
from .machine import has
from .recording import Recording, of_nothing


def measure(machine, report, short, rounds):
    report.heading("Size of the file")
    sample = a_still_sample(machine, 1_000 if short else 10_000)
    report.figure("database a sample with nothing changed (bytes)", 40, sample, 1)
    processes = 500 if short else 5000
    empty = of_nothing(machine)
    empty.run(1)
    size = empty.size
    with Crowd(machine, processes):
        full = Recording(machine, "--events", "off")
        full.run(1)
        process = (full.size - size) / int(full.rows("SELECT COUNT(*) FROM membership")[0])
    report.table(
        ["", "bytes"],
        [["an empty history", f"{size:,}"],
         ["a sample with nothing changed", f"{sample:.1f}"],
         ["a process that a sample met first", f"{process:.0f}"]])  # fmt: skip
    day(machine, report, short)


def a_still_sample(machine, samples):
    """Returns how much a sample of an unchanging /proc lets the file grow, in bytes."""
    recording = of_nothing(machine)
    recording.run(samples)
    size = recording.size
    recording.run(samples)
    return (recording.size - size) / samples


def day(machine, report, short):
    """Runs nshist and atop side by side on one crowd: five changes a second, a sample a second.

    A day of one change a second and a sample each five seconds would hold as much, in five times the
    time. Replacing a process makes two changes: one process ends and another starts.
    """
    if not has("atop"):
        return
    seconds = 5 if short else 60
    rows = []
    for kind, words in ("move", "moved"), ("replace", "replaced"):
        costs = {"nshist": [], "atop": []}
        with Crowd(machine, 500) as crowd:
            for samples in 2, 2 + seconds:
                with crowd.changing(kind, 1, 0.2):
                    for name, cost in side_by_side(machine, samples).items():
                        costs[name].append(cost)
        days = {}
        for name, (few, many) in costs.items():
            cpu, grown = ((more - less) / seconds for less, more in zip(few[:2], many[:2]))
            days[name] = grown * 86_400 / 5
            rows.append([
                f"{name}, five {words}", f"{cpu * 1000:.1f}", f"{many[2] / 1024:.1f}",
                f"{grown:,.0f}", f"{days[name] / 1e6:.1f}",
            ])  # fmt: skip
        ratio = days["nshist"] / days["atop"]
        report.figure(f"a day of one {words} a second / that of `atop -w`", 0.1, ratio, 3)
    report.say("500 processes, of which five change in each sample, `nshist` with events:")
    report.table(["", "CPU ms a sample", "peak MiB", "bytes a sample", "MB a day at 5 s"], rows)


def side_by_side(machine, samples):
    """Returns the CPU seconds, file bytes and peak KiB of both recorders, at a sample a second."""
    recording, raw = Recording(machine, interval=1), machine.fresh("atop.raw")
    commands = {
        "nshist": [*recording.command, "--samples", str(samples)],
        "atop": ["atop", "-w", raw, "1", str(samples)],
    }
    running = {name: machine.start(command) for name, command in commands.items()}
    costs = {name: process.end() for name, process in running.items()}
    sizes = {"nshist": recording.size, "atop": os.path.getsize(raw)}
    return {name: (cost.cpu, sizes[name], cost.memory) for name, cost in costs.items()}
