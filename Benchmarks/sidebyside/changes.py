"""Samples of a crowd that changes: how much more they cost, and what a change takes in the file."""

from .costs import Spread
from .crowd import Crowd
from .recording import FEW, MANY, Recording, floor

# For each load: its name in the table, the command to the crowd, the part of the crowd that changes in each interval,
# and the interval in seconds.
LOADS = [
    ("nothing changes", None, 0, 0.5),
    ("1 % replaced", "replace", 0.01, 0.5),
    ("1 % moved", "move", 0.01, 0.5),
    ("all replaced", "replace", 1, 3),
    ("all moved", "move", 1, 3),
]


def measure(machine, report, short, rounds):
    processes, rounds = 500 if short else 5000, (rounds + 1) // 2
    report.heading(f"A sample of {processes:,} processes of which some change")
    loads = [Load(*load) for load in (LOADS[:3] if short else LOADS)]
    if short:
        for load in loads:
            load.interval, load.many = 0.15, FEW + 5
    bare = Spread()
    with Crowd(machine, processes) as crowd:
        for _ in range(rounds):
            bare.add(floor(machine))
            for load in loads:
                load.round(machine, crowd, processes)
    report.table(
        ["", "CPU ms", "/ floor", "bytes a change", "with events: CPU ms", "/ floor",
         "bytes a change"],
        [load.row(bare.median) for load in loads])  # fmt: skip
    report.say(f"The floor, with nothing changing, took {bare.text()} ms in the same rounds.")
    for load in loads:
        if load.part == 0.01 and not short:
            ratio = load.costs["off"].median / bare.median
            report.figure(f"a sample of 5,000 processes, {load.words} / floor", 1.5, ratio)


class Load:
    """One kind of change, and what samples of it cost without events (`off`) and with them (`auto`)."""

    def __init__(self, words, kind, part, interval):
        self.words, self.kind, self.part, self.interval = words, kind, part, interval
        self.many = MANY if interval < 1 else FEW + 8
        self.costs = {"off": Spread(), "auto": Spread()}
        self.sizes = {"off": Spread(), "auto": Spread()}

    def round(self, machine, crowd, processes):
        few, many = FEW, self.many
        for events, cost in self.costs.items():
            recording = Recording(machine, "--events", events, interval=self.interval)
            recording.run(1)
            runs = []
            for samples in few, many:
                size = recording.size
                count = round(processes * self.part)
                with crowd.changing(self.kind, count, self.interval) as changes:
                    spent = recording.run(samples).cpu
                runs.append((spent, recording.size - size, sum(changes)))
            spent, grown, changed = (more - less for less, more in zip(*runs))
            cost.add(spent / (many - few) * 1000)
            if changed > 0:
                self.sizes[events].add(grown / changed)

    def row(self, bare):
        cells = [self.words]
        for events, cost in self.costs.items():
            cells += [cost.text(), f"{cost.median / bare:.2f}", self.sizes[events].text(0)]
        return cells
