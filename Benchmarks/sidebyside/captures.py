"""A slice of one hour out of histories of several sizes, plain and compressed."""

import os

from .costs import Spread
from .histories import words
from .subject import pick


def measure(machine, report, short, rounds, histories):
    report.heading("A slice of one hour")
    rows = []
    for memberships in histories.sizes:
        file = histories.path(memberships)
        for option in [], ["--gzip"]:
            wall, cpu, memory, size = capture(machine, file, option, rounds)
            rows.append([
                f"{words(memberships)}{', `--gzip`' if option else ''}", wall.text(0), cpu.text(0),
                f"{memory / 1024:.1f}", f"{size / 1024:,.0f}"])  # fmt: skip
            if memberships == 10_000_000 and not option:
                report.figure(
                    "`capture` of an hour out of 10M memberships (ms)", 1000, wall.median, 0)
    report.table(["memberships", "ms", "CPU ms", "peak MiB", "KiB of the slice"], rows)


def capture(machine, file, option, rounds):
    """The wall and CPU time in ms, the peak KiB and the size of the slice: of a warm file."""
    it = pick(file)
    wall, cpu, memory, size = Spread(), Spread(), 0, 0
    for number in range(1 + rounds):
        output = machine.fresh("slice.db.gz" if option else "slice.db")
        cost = machine.run([
            machine.nshist, "capture", "--since", f"@{it.moment - 1800}", "--until",
            f"@{it.moment + 1800}", "--output", output, "--db", file, *option])  # fmt: skip
        size = os.path.getsize(output)
        if number == 0:
            continue
        wall.add(cost.wall * 1000)
        cpu.add(cost.cpu * 1000)
        memory = max(memory, cost.memory)
    return wall, cpu, memory, size
