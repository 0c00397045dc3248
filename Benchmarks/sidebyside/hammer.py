"""The cost to the recorder of each change of a process that changes its namespaces very often.

The cost of a change must not grow with their rate, since any user can make changes without privilege.
So this part fails where a change at 50,000 a second costs more than three times one at 500 a second.
"""

import signal
import subprocess
import sys
import time

from .costs import Spread
from .recording import Recording
from .storm import permitted, spent

RATES = 500, 50_000
MOST = 3


def measure(machine, report, short, rounds):
    report.heading("A process that changes its namespaces")
    if not permitted(machine, report):
        return
    seconds = 2 if short else 5
    costs, reached = {rate: Spread() for rate in RATES}, {rate: Spread() for rate in RATES}
    for _ in range(rounds):
        for rate in RATES:
            cost, changes = once(machine, rate, seconds)
            costs[rate].add(cost)
            reached[rate].add(changes)
    report.table(
        ["changes a second", "reached", "CPU us a change"],
        [[f"{rate:,}", reached[rate].text(0), costs[rate].text(2)] for rate in RATES])
    few, many = (costs[rate].median for rate in RATES)
    if many > MOST * few:
        sys.exit(f"a change costs {many:.1f} us at {RATES[1]} a second, {few:.1f} at {RATES[0]}")


def once(machine, rate, seconds):
    """Returns the recorder's CPU time for a change in us, and how many changes a second were reached."""
    recording = Recording(machine, "--events", "on", interval=5)
    command = [*recording.command, *recording.options]
    recorder = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    before = spent(recorder.pid)
    output = subprocess.run(
        [machine.path("hammer"), str(rate), str(seconds)], check=True, capture_output=True,
        text=True).stdout  # fmt: skip
    time.sleep(1)
    cpu = spent(recorder.pid) - before
    recorder.send_signal(signal.SIGINT)
    recorder.wait()
    return cpu / int(output) * 1e6, int(output) / seconds
