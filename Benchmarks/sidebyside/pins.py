"""The scan for pins, which are what keeps a namespace without a process; the recorder makes one each minute."""

from .costs import Spread
from .crowd import Crowd
from .recording import Recording


def measure(machine, report, short, rounds):
    processes, looks = 500 if short else 5000, Spread()
    with Crowd(machine, processes):
        for _ in range(rounds):
            without = Recording(machine, "--events", "off").run(3)
            # The run is short, so it makes one scan, at its beginning. Of an option that is given twice, the last one
            # counts.
            beside = Recording(machine, "--events", "off", "--pins-every", "60").run(3)
            looks.add((beside.cpu - without.cpu) * 1000)
    report.heading("Beside samples")
    report.table(
        ["", "CPU ms"],
        [[f"a look for pins, {processes:,} processes, once a minute", looks.text()]])
