"""The processes and namespaces that the questions are about, picked from the history by fixed rules.

So a history always gets the same questions.
"""

import sqlite3
from dataclasses import dataclass

NET = 3  # the link
CROWD, DAY = 200, 86400 // 5  # processes; samples


@dataclass
class Subject:
    """Processes and namespaces that were there around the sample in the middle of the history."""

    moment: int  # seconds since 1970, between that sample and the next
    one: int  # PID of the process of the host that started last
    other: int  # PID of the process that started last in the container of median size
    middling: int  # inode of the network of that container
    lone: int  # PID of the process that started first in the container of fewest memberships
    small: int  # inode of the network of that container
    container: str  # the id of the container of median size
    crowd: tuple[str, str]  # ids of the two containers with nearest to CROWD processes in the DAY after


def pick(path):
    # Opens the file for writing: a reader that may not write would leave the -wal and -shm files behind.
    connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True)
    try:
        return pick_from(connection.execute)
    finally:
        connection.close()


def pick_from(execute):
    # Retention may have removed the beginning.
    before, last = execute("SELECT MIN(seq) - 1, MAX(seq) FROM sample").fetchone()
    middle = before + (last - before) // 2
    (wall,) = execute("SELECT wall_ns FROM sample WHERE seq = ?", (middle,)).fetchone()
    # The processes that were there before, in and after the sample in the middle.
    there = execute(
        "SELECT namespace_id, inode, initial, pid, task_id"
        " FROM (SELECT * FROM membership WHERE from_seq < ?1 AND until_seq > ?1)"
        " JOIN task USING (task_id) JOIN namespace_set_link USING (set_id)"
        " JOIN namespace USING (namespace_id) WHERE link = ?2 ORDER BY task_id",
        (middle, NET),
    ).fetchall()
    sizes = {
        namespace: execute(
            "SELECT COUNT(*) FROM namespace_set_link JOIN membership USING (set_id)"
            " WHERE namespace_id = ? AND link = ? AND until_seq IS NOT NULL",
            (namespace, NET),
        ).fetchone()[0]
        for namespace in {row[0] for row in there if not row[2]}
    }  # fmt: skip
    by_size = sorted(sizes, key=lambda one: (sizes[one], one))
    host = [row for row in there if row[2]]
    small = [row for row in there if row[0] == by_size[0]]
    middling = [row for row in there if row[0] == by_size[len(by_size) // 2]]
    first = {row[0]: row[4] for row in reversed(there)}
    crowds = {
        namespace: execute(
            "SELECT COUNT(*) FROM namespace_set_link JOIN membership USING (set_id)"
            " WHERE namespace_id = ? AND link = ? AND from_seq < ? AND until_seq >= ?",
            (namespace, NET, middle + DAY, middle),
        ).fetchone()[0]
        for namespace in sizes
    }  # fmt: skip
    crowded = sorted(sizes, key=lambda one: (abs(crowds[one] - CROWD), one))[:2]
    return Subject(
        moment=wall // 10**9 + 2, one=host[-1][3],
        other=middling[-1][3], middling=middling[0][1],
        lone=small[0][3], small=small[0][1], container=container(execute, middling[-1][4]),
        crowd=tuple(container(execute, first[namespace]) for namespace in crowded))  # fmt: skip


def container(execute, task):
    """Returns the id of the container that a process is in."""
    return execute(
        "SELECT id FROM task JOIN cgroup USING (cgroup_id) JOIN container USING (container_id)"
        " WHERE task_id = ?", (task,)).fetchone()[0]  # fmt: skip
