"""The cost of writing a sample: committed to SQLite by nshist, or as bare bytes appended to a file."""

from .costs import Spread
from .recording import of_nothing

BYTES = "32"  # what a sample in which nothing changed takes in the history


def measure(machine, report, short, rounds):
    few, many = (10, 110) if short else (100, 1100)
    recorded, appended, synced = Spread(), Spread(), Spread()
    still = of_nothing(machine)
    still.run(few)
    for _ in range(rounds):
        less, more = still.run(few), still.run(many)
        recorded.add((more.cpu - less.cpu) / (many - few) * 1e6)
        for cost, options in (appended, []), (synced, ["sync"]):
            file = machine.fresh("appended")
            spent = machine.run([machine.path("appends"), file, BYTES, str(many), *options])
            cost.add(spent.cpu / many * 1e6)
    report.heading("Writing a sample in which nothing changed: CPU time in us")
    report.table(
        ["", "us"],
        [["`nshist`, of a /proc in which there is nothing", recorded.text(0)],
         [f"{BYTES} bytes appended to a file", appended.text(1)],
         ["the same, each brought to the disk", synced.text(1)]])  # fmt: skip
