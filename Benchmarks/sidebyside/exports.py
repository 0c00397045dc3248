"""The export of a history through a pipe, beside the mere appending of as many bytes to a file."""

import os

from .costs import Spread
from .histories import words

BLOCK = 1 << 16
FILTERS = {"all types": [], "`--type net`": ["--type", "net"]}


def measure(machine, report, short, rounds, histories):
    report.heading("Export as CSV, read through a pipe")
    rows, rounds = [], max(1, rounds // 2)
    for memberships in histories.sizes:
        for name, options in FILTERS.items():
            # An export has a row for each membership and type. More rows would measure the disk rather than the
            # program.
            if memberships * (1 if options else 8) > 10_000_000:
                continue
            command = [machine.nshist, "export", *options, "--db", histories.path(memberships)]
            costs = [machine.run(command) for _ in range(rounds)]
            count, size = costs[0].lines - 1, costs[0].size
            appended, bare = machine.fresh("appended"), Spread()
            append = [machine.path("appends"), appended, str(BLOCK), str(size // BLOCK)]
            for _ in range(rounds):
                bare.add(machine.run(append).wall)
                os.remove(appended)
            wall = Spread(cost.wall for cost in costs)
            rate = count / wall.median
            rows.append([
                f"{words(memberships)}, {name}", f"{count:,}", f"{size / 1e6:,.0f}", wall.text(2),
                f"{rate:,.0f}", f"{max(cost.memory for cost in costs) / 1024:.1f}", bare.text(2),
            ])  # fmt: skip
            if count > 5_000_000:
                report.figure(
                    f"export of {count / 1e6:.0f}M rows, {name} (rows a second)", 1_000_000, rate,
                    0, at_least=True)  # fmt: skip
    report.table(
        ["memberships", "rows", "MB", "s", "rows a second", "peak MiB", "bare appends, s"],
        rows)  # fmt: skip
