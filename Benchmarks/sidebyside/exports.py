"""The export of a history, beside the bare appends of the same bytes to a file."""

import os

from .costs import Spread
from .histories import words

BLOCK = 1 << 16


def measure(machine, report, short, rounds, histories):
    report.heading("Export as CSV, a row a membership (`--type net`)")
    rows = []
    sizes = [size for size in histories.sizes if size <= 10_000_000]
    rounds = max(1, rounds // 2)
    for memberships in sizes:
        file = histories.path(memberships)
        output = machine.fresh("export.csv")
        command = [machine.nshist, "export", "--type", "net", "--db", file, "--output", output]
        walls, bare = Spread(), Spread()
        for _ in range(rounds):
            cost = machine.run(command)
            walls.add(cost.wall)
            size = os.path.getsize(output)
            appended = machine.fresh("appended")
            blocks = str(size // BLOCK)
            bare.add(machine.run([machine.path("appends"), appended, str(BLOCK), blocks]).wall)
            os.remove(appended)
        with open(output, "rb") as lines:
            count = sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 20), b"")) - 1
        os.remove(output)
        rate = count / walls.median
        rows.append([
            words(memberships), f"{count:,}", f"{size / 1e6:,.0f}", walls.text(2), f"{rate:,.0f}",
            f"{cost.memory / 1024:.1f}", bare.text(2),
        ])  # fmt: skip
        if memberships == 10_000_000:
            report.figure("export of 10M rows (rows a second)", 1_000_000, rate, 0, at_least=True)
    report.table(
        ["memberships", "rows", "MB", "s", "rows a second", "peak MiB", "bare appends, s"],
        rows)  # fmt: skip
