"""The simplest recorder: in each sample, writes a row for each process into SQLite.

python3 rows.py FILE SAMPLES
"""

import os
import sqlite3
import sys
import time

LINKS = "cgroup ipc mnt net pid pid_for_children time time_for_children user uts".split()


def sample(file):
    now, rows = time.time_ns(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            links = [os.readlink(f"/proc/{pid}/ns/{link}") for link in LINKS]
        except OSError:
            continue
        rows.append((now, int(pid), *links))
    with file:
        file.executemany(f"INSERT INTO seen VALUES (?, ?{', ?' * len(LINKS)})", rows)


def main():
    file = sqlite3.connect(sys.argv[1])
    file.execute("PRAGMA journal_mode=WAL")
    file.execute(f"CREATE TABLE IF NOT EXISTS seen (wall_ns, process, {', '.join(LINKS)})")
    for _ in range(int(sys.argv[2])):
        sample(file)


main()
