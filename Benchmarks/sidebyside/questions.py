"""Asks a history every kind of question, and prints how long each takes.

  Benchmarks/queries.py NSHIST DB [ROUNDS=11]

Each question is a whole process whose output is read through a pipe. The file is warm: each is
asked twice before it counts. What is asked about is picked from the file itself, around the sample
in its middle, so one file always gets the same questions. Memory is the peak of all rounds; it and
the time are never below those of `true`, which are the floor of this program's measuring.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import time

NSHIST, DB = sys.argv[1:3]
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 11
NET = 3  # the link
NO_SUCH_COMMAND = 64


def pick():
    """What to ask: a time, two processes, a namespace and a process in it."""
    # A reader that may not write would leave the files of the log behind.
    connection = sqlite3.connect(f"file:{DB}?mode=rw", uri=True)
    (last,) = connection.execute("SELECT MAX(sample_id) FROM sample").fetchone()
    middle = last // 2
    (wall,) = connection.execute(
        "SELECT wall_ns FROM sample WHERE sample_id = ?", (middle,)
    ).fetchone()
    # Who was there before, in and after it.
    there = connection.execute(
        "SELECT task_id, pid, from_sample, set_id, namespace_id, inode, initial"
        " FROM (SELECT * FROM membership WHERE from_sample < ?1 AND until_sample > ?1)"
        " JOIN task USING (task_id) JOIN namespace_set_link USING (set_id)"
        " JOIN namespace USING (namespace_id) WHERE link = ?2 ORDER BY task_id",
        (middle, NET),
    ).fetchall()
    sizes = {}
    for namespace in {row[4] for row in there if not row[6]}:
        (sizes[namespace],) = connection.execute(
            "SELECT COUNT(*) FROM namespace_set_link JOIN membership USING (set_id)"
            " WHERE namespace_id = ? AND link = ? AND until_sample IS NOT NULL",
            (namespace, NET),
        ).fetchone()
    connection.close()
    middling = sorted(sizes, key=lambda one: (sizes[one], one))[len(sizes) // 2]
    # The last to start on the host, and the first and last in the container.
    host = [row for row in there if row[6]][-1]
    inside = [row for row in there if row[4] == middling]
    print(
        f"at sample {middle} of {last}: {len(there)} processes, {len(sizes)} net namespaces;"
        f" the middling one had {sizes[middling]} memberships"
    )
    # Between that sample and the next.
    return wall // 10**9 + 2, host[1], inside[-1][1], inside[0][5]


def ask(command):
    """Milliseconds, peak KiB, lines and exit status of a command."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    lines = 0
    while block := process.stdout.read(1 << 16):
        lines += block.count(b"\n")
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    spent = (time.perf_counter() - began) * 1000
    return spent, usage.ru_maxrss, lines, process.returncode


def measure(name, command):
    answer = ask(command)
    if answer[3] == NO_SUCH_COMMAND:
        return print(f"{name:<58} not there")
    ask(command)
    rounds = [ask(command) for _ in range(ROUNDS)]
    times, memory, lines, statuses = zip(*rounds)
    spread = f"{min(times):.1f} to {max(times):.1f}"
    print(
        f"{name:<58} {statistics.median(times):>9.1f} {spread:>19} {max(memory) / 1024:>7.1f}"
        f" {lines[0]:>8} {statuses[0]:>3}",
        flush=True,
    )


def main():
    moment, one, other, inode = pick()
    at, later = f"@{moment}", f"@{moment + 600}"
    since, until = f"@{moment - 1800}", f"@{moment + 1800}"
    questions = [
        f"query same {one} {other}",
        f"query same {one} {other} --at {at}",
        f"query history {other}",
        f"query processes --at {at}",
        f"query namespaces --at {at}",
        f"query tree --at {at}",
        f"query members net:{inode}",
        f"query peers {other}",
        f"query changes --since {at} --until {later}",
        f"query changes --pid {other}",
        f"query coverage --at {at}",
        f"timeline {one} {other} --since {since} --until {until}",
    ]
    size = os.path.getsize(DB) / 2**20
    print(f"{size:.0f} MiB, {os.cpu_count()} processors, medians of {ROUNDS} rounds\n")
    print(f"{'':<58} {'ms':>9} {'spread':>19} {'MiB':>7} {'lines':>8} status")
    measure("true", ["true"])
    measure("--version", [NSHIST, "--version"])
    for question in questions:
        measure(question, [NSHIST, *question.split(), "--db", DB])


main()
