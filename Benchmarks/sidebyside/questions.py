"""The time of every kind of question to histories of several sizes, with the start of the program.

Each question is asked twice before it counts, so that the file is in memory. A pipe reads the answer.
"""

import os

from .costs import Spread
from .histories import words
from .subject import pick

SCREEN = 60  # lines
SAME = "same A B --at T"
SHARED = "shared A B, a day"
BARE = "one row, in C"
START = "--version"


def measure(machine, report, short, rounds, histories):
    asked = {}  # the answers, by question and number of memberships
    for memberships in histories.sizes:
        file = histories.path(memberships)
        size = os.path.getsize(file) / 2**20
        report.heading(f"Questions to {words(memberships)} memberships ({size:,.0f} MiB)")
        answers = {
            name: Answer(machine, command, rounds)
            for name, command in commands(machine, file).items()
        }
        report.table(
            ["", "ms", "peak MiB", "lines", "status"],
            [[f"`{name}`", *answer.cells()] for name, answer in answers.items()])  # fmt: skip
        for name, answer in answers.items():
            asked.setdefault(name, {})[memberships] = answer
    report.heading("How they grow with the number of memberships")
    report.table(
        ["ms"] + [words(size) for size in histories.sizes],
        [[f"`{name}`"] + [f"{answer.wall.median:.1f}" for answer in sizes.values()]
         for name, sizes in asked.items()])  # fmt: skip
    report.plot("ms", {
        name: [(words(size), answer.wall.median) for size, answer in sizes.items()]
        for name, sizes in asked.items()
    })
    judge(report, asked)


def commands(machine, file):
    """Returns the commands by the name that the tables give each question."""
    it = pick(file)
    at, later, minute = f"@{it.moment}", f"@{it.moment + 600}", f"@{it.moment + 60}"
    hour = f"--since @{it.moment - 1800} --until @{it.moment + 1800}"
    day = f"--since {at} --until @{it.moment + 86400}"
    one, other = it.crowd
    questions = {
        SAME: f"query same {it.one} {it.other} --at {at}",
        "same A B, an hour": f"query same {it.one} {it.other} {hour}",
        "same A B, all times": f"query same {it.one} {it.other}",
        SHARED: f"query shared container:{one} container:{other} {day}",
        "history A@T": f"query history {it.one}@{at}",
        "history A": f"query history {it.one}",
        "processes --at T": f"query processes --at {at}",
        "processes --at T --pid A": f"query processes --at {at} --pid {it.one}",
        "namespaces --at T": f"query namespaces --at {at}",
        "namespaces of a container": f"query namespaces --at {at} --container {it.container}",
        "tree --at T": f"query tree --at {at}",
        "tree --at T --type user": f"query tree --at {at} --type user",
        "history comm:sh, a minute": f"query history comm:sh --since {at} --until {minute}",
        "members of the host, a minute": f"query members net#3 --since {at} --until {minute}",
        "members, few": f"query members net:{it.small}",
        "members, many": f"query members net:{it.middling}",
        "peers, few": f"query peers {it.lone}@{at} --type net",
        "peers, many": f"query peers {it.other}",
        "changes, a minute": f"query changes --since {at} --until {minute}",
        "changes, ten minutes": f"query changes --since {at} --until {later}",
        "changes of A@T": f"query changes --pid {it.one}@{at}",
        "coverage --at T": f"query coverage --at {at}",
        "timeline A B, an hour": f"timeline {it.one} {it.other} {hour}",
    }
    commands = {name: [machine.nshist, *question.split(), "--db", file]
                for name, question in questions.items()}  # fmt: skip
    floors = {"true": ["true"], BARE: [machine.path("row"), file]}
    return {**floors, START: [machine.nshist, START], **commands}


class Answer:
    """What one answer takes, measured in several rounds."""

    def __init__(self, machine, command, rounds):
        costs = [machine.run(command, check=False) for _ in range(2 + rounds)][2:]
        self.wall = Spread(cost.wall * 1000 for cost in costs)
        self.memory = max(cost.memory for cost in costs)
        self.lines, self.status = costs[0].lines, costs[0].status
        # The exit statuses 0, 1 and 2 are verdicts of `same` and `shared`; higher ones are errors.
        if self.status > 2:
            raise RuntimeError(f"{command} ended with {self.status}")

    def cells(self):
        return [self.wall.text(), f"{self.memory / 1024:.1f}", f"{self.lines:,}", self.status]


def judge(report, asked):
    report.figure("`nshist --version` (ms)", 10, min(
        answer.wall.median for answer in asked[START].values()), 1)  # fmt: skip
    ten, fifty = 10_000_000, 50_000_000
    if ten in asked[SAME]:
        at = asked[SAME][ten].wall.median
        report.figure("`same --at` over 10M memberships (ms)", 15, at, 1)
        slowest, name = max(
            (answers[ten].wall.median, name) for name, answers in asked.items()
            if name not in (SAME, SHARED) and answers[ten].lines <= SCREEN)  # fmt: skip
        report.figure(
            "`shared`, two containers of 200 processes, a day of 10M memberships (ms)", 100,
            asked[SHARED][ten].wall.median, 1)  # fmt: skip
        report.figure(f"other answers of one screen, slowest: `{name}` (ms)", 30, slowest, 1)
        if fifty in asked[SAME]:
            ratio = asked[SAME][fifty].wall.median / at
            report.figure("`same --at` over 50M / over 10M", 1.3, ratio)
