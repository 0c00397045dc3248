"""Makes a large history that looks as if a recorder had written it on a busy container host, in one boot.

  Benchmarks/history.py OUTPUT.db [MEMBERSHIPS=10000000] [SEED=1]

A membership is one task in one namespace set over one interval. `nshist record` makes the file, so
that its schema is the program's own; this script fills the tables. The program is $NSHIST, or the
release build. About 500 processes run at any sample: services that run throughout, 200 containers,
their shims, and short commands. 7 of 10 processes are in one to three samples only. PIDs and inode
numbers are used again, kernel ids are not. The same number and seed always make the same file. The
rows are those that a recorder would have written: in the order of samples, with the cause and the
origin of each membership, and with the first and last sample of each namespace.
"""

import gc
import heapq
import itertools
import math
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

OUTPUT = sys.argv[1]
TOTAL = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
HERE = os.path.dirname(os.path.abspath(__file__))
NSHIST = os.environ.get("NSHIST") or f"{HERE}/../.build/release/nshist"

MS, SECOND, TICK = 10**6, 10**9, 10**7
INTERVAL = 5 * SECOND
FIRST_BOOT, FIRST_WALL = 345_600 * SECOND, 1_790_000_000 * SECOND
A_SAMPLE = 24  # memberships that begin in a sample, on average
SAMPLES = TOTAL // A_SAMPLE
PID_LIMIT, PID_LOW = 32768 * 4, 300
CONTAINERS, MOST_LIFE, LEAST_LIFE = 200, 3 * 86400 // 5, 300 // 5  # lifetimes of containers, in samples
MOVED, ELSEWHERE, WENT_ON = 1, 2, 4
HOST = 1  # the row of the first namespace set: all links lead to initial namespaces
CGROUP, IPC, MNT, NET, PID, TIME, USER, UTS = range(1, 9)
# Type, inode and kernel id of the initial namespaces on Linux 6.18. The row number of each is the number of its type.
INITIAL = [
    (CGROUP, 4026531835, 5), (IPC, 4026531839, 8), (MNT, 4026531832, 4), (NET, 4026531833, 3),
    (PID, 4026531836, 7), (TIME, 4026531834, 2), (USER, 4026531837, 6), (UTS, 4026531838, 1),
]  # fmt: skip
KERNEL_THREADS = (
    "kthreadd pool_workqueue_release kworker/R-rcu_gp kworker/R-netns kworker/0:0H-kblockd "
    "ksoftirqd/0 rcu_preempt migration/0 cpuhp/0 cpuhp/1 migration/1 ksoftirqd/1 kdevtmpfs "
    "kauditd khungtaskd oom_reaper kcompactd0 khugepaged kswapd0 jbd2/vda1-8"
).split()
SERVICES = (
    "systemd-journal systemd-udevd systemd-network systemd-resolve systemd-timesyn systemd-logind "
    "dbus-daemon cron atd rsyslogd irqbalance polkitd sshd containerd dockerd chronyd agetty "
    "node_exporter telegraf fail2ban-server unattended-upgr snapd multipathd mdadm smartd "
    "ntpd rpcbind haproxy keepalived consul vector auditd"
).split()
COMMANDS = (
    "sh bash grep awk sed cat ps curl sleep python3 ls find date head tail cut sort tr wc stat "
    "git df du ip iptables runc ssh rsync tar gzip apt logrotate perl systemctl ss hostname env "
    "id uname tee"
).split()
SERVERS = "nginx postgres redis-server java node python3 mysqld gunicorn envoy beam.smp".split()


class Container:
    """A running container: its namespaces, its processes, and the last sample in which it runs."""

    __slots__ = "set entered cgroup end pid task inner comm uid parts shim".split()


class Rows:
    """Rows of a table that are not written yet; each gets the next row number when it is added."""

    def __init__(self):
        self.last, self.rows = 0, []

    def add(self, *values):
        self.last += 1
        self.rows.append((self.last, *values))
        return self.last

    def take(self):
        taken, self.rows = self.rows, []
        return taken


class History:
    """Fills an empty history, sample by sample."""

    def __init__(self, connection):
        self.connection = connection
        self.random = random.Random(SEED)
        self.tasks, self.memberships, self.samples, self.notes = [], [], [], []
        self.namespaces, self.sets, self.cgroups, self.steps = Rows(), Rows(), Rows(), []
        self.named = Rows()  # rows of the table `container`: id and name
        self.begun = 0  # memberships that began
        self.task = 0  # the last row number of `task` that was given out
        self.pid, self.slot = 0, -1
        self.busy = [0] * (PID_LIMIT + 1)  # by PID: the last sample of the process that has it
        self.carried = []  # memberships that go on after the end of the session
        self.containers = []
        # By sample: inode numbers that become free, how many pods start, and tasks that change their set.
        self.ending, self.starting, self.moving = {}, {}, {}
        self.free, self.kernel_ids = [], itertools.count(4097)
        self.next_inode = 4026532000
        starts = [1] + [int(SAMPLES * part) for part in (0.18, 0.41, 0.77)]
        self.sessions = list(zip(starts, [start - 1 for start in starts[1:]] + [SAMPLES]))
        gaps = max(1, round(SAMPLES / 100_000))
        self.gaps = {int(SAMPLES * (n + 0.6) / gaps): 2 - n % 2 for n in range(gaps)}
        self.clock_steps = {SAMPLES // 3: 2_500 * MS, SAMPLES * 2 // 3: -7 * SECOND}
        self.lives = [self.life() for _ in range(8192)]

    def life(self):
        """Returns in how many samples after its first one a process still runs."""
        kind = self.random.random()
        if kind < 0.7:
            return self.random.randrange(3)
        if kind < 0.98:
            return 2 + int(self.random.expovariate(1 / 5))
        if kind < 0.9995:
            return 2 + int(self.random.expovariate(1 / 40))
        return self.random.randrange(500, 4000)

    def flush(self):
        insert = self.connection.executemany
        insert(
            "INSERT INTO task (task_id, space_id, pid, start_ticks, parent_pid, kernel_thread,"
            " nspid, start_wall_ns, comm, uid, cgroup_id, parent_task_id)"
            " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self.tasks)  # fmt: skip
        insert(
            "INSERT INTO membership (task_id, set_id, from_seq, until_seq, cause,"
            " origin_set_id) VALUES (?, ?, ?, ?, ?, ?)", self.memberships)  # fmt: skip
        insert(
            "INSERT INTO sample (seq, session_id, wall_ns, boot_ns, duration_ns, gap)"
            " VALUES (?, ?, ?, ?, ?, ?)", self.samples)  # fmt: skip
        insert("INSERT INTO sample_note (seq, late_ns) VALUES (?, ?)", self.notes)
        insert("INSERT INTO clock_step (seq, step_ns) VALUES (?, ?)", self.steps)
        insert(
            "INSERT INTO container (container_id, engine, id, name) VALUES (?, 'docker', ?, ?)",
            self.named.take())  # fmt: skip
        insert(
            "INSERT INTO cgroup (cgroup_id, path, unit, container_id) VALUES (?, ?, ?, ?)",
            self.cgroups.take())  # fmt: skip
        insert(
            "INSERT INTO namespace (namespace_id, boot_id, type, inode, kernel_id, initial,"
            " first_seq, last_seq, owner_id, parent_id, owner_uid)"
            " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self.namespaces.take())  # fmt: skip
        sets = self.sets.take()
        insert(
            "INSERT INTO namespace_set (set_id, links) VALUES (?, ?)",
            [(row, " ".join(map(str, parts))) for row, parts in sets])  # fmt: skip
        insert(
            "INSERT INTO namespace_set_link (set_id, link, namespace_id) VALUES (?, ?, ?)",
            [(row, link, part) for row, parts in sets for link, part in enumerate(parts)],
        )
        for written in self.tasks, self.memberships, self.samples, self.notes, self.steps:
            written.clear()

    # Namespaces

    def namespace(self, kind, first, last):
        """Adds a namespace with the lowest free inode number; returns its row."""
        inode = heapq.heappop(self.free) if self.free else self.next_inode
        self.next_inode += inode == self.next_inode
        self.ending.setdefault(last + 1, []).append(inode)
        parent = PID if kind == PID else None
        identity = kind, inode, next(self.kernel_ids), 0
        return self.namespaces.add(*identity, first, last, USER, parent, None)

    def entered(self, container):
        """Returns the set of a process that entered a container: all its namespaces but the pid namespace."""
        if not container.entered:
            parts = container.parts[:4] + [PID] + container.parts[5:]
            container.entered = self.sets.add(parts)
        return container.entered

    # Processes that are added one by one

    def place(self, comm, parent, start, end, uid=0, cgroup=1, container=None, thread=0, pid=None):
        """Adds a process that this sample reads first and that started at `start`; returns (pid, task)."""
        if pid is None:
            pid = self.pid = self.next_pid()
        self.busy[pid] = end
        self.task += 1
        nspid = str(pid)
        if container:
            container.inner += 1
            nspid += f" {container.inner}"
        self.tasks.append((
            self.task, pid, start // TICK, parent[0], thread, nspid,
            self.offset + start // TICK * TICK, comm, uid, cgroup, parent[1],
        ))  # fmt: skip
        cause, origin = (ELSEWHERE, HOST) if container else (None, None)
        self.open(self.task, container.set if container else HOST, end, cause, origin)
        return pid, self.task

    def next_pid(self):
        pid = self.pid + 1
        while pid >= PID_LIMIT or self.busy[pid] >= self.now:
            pid = pid + 1 if pid < PID_LIMIT else PID_LOW
        return pid

    def open(self, task, set_row, end, cause=None, origin=None):
        until = min(end, self.last)
        self.memberships.append((task, set_row, self.now, until, cause, origin))
        self.begun += 1
        if end > until:
            self.carried.append((task, set_row, end, cause))

    def pod(self, start, end):
        """Adds a shim and one container, or a few containers that share one net namespace."""
        shim = self.place("containerd-shim", self.systemd, start, end, cgroup=self.containerd)
        net = None
        for _ in range(self.random.choice((1, 1, 1, 1, 1, 1, 1, 2, 3, 4))):
            container = Container()
            cgroup, ipc, mnt = (self.namespace(kind, self.now, end) for kind in (CGROUP, IPC, MNT))
            net = net or self.namespace(NET, self.now, end)
            pid, uts = self.namespace(PID, self.now, end), self.namespace(UTS, self.now, end)
            container.parts = [cgroup, ipc, mnt, net, pid, pid, TIME, TIME, USER, uts]
            container.set = self.sets.add(container.parts)
            container.entered = None
            number = f"{self.random.getrandbits(256):064x}"
            container.end, container.inner, container.shim = end, 0, shim
            container.comm, container.uid = self.random.choice(SERVERS), self.random.choice(UIDS)
            named = self.named.add(number, f"{container.comm}-{self.named.last + 1}")
            unit = f"docker-{number}.scope"
            container.cgroup = self.cgroups.add(f"0::/system.slice/{unit}", unit, named)
            container.pid, container.task = self.place(
                container.comm, shim, start, end, container.uid, container.cgroup, container)
            self.containers.append(container)

    def found(self):
        """Adds what ran before the first sample: kernel threads, services and containers."""
        # The row of an initial namespace is the number of its type.
        for kind, inode, kernel_id in INITIAL:
            owner, uid = (None, 0) if kind == USER else (USER, None)
            self.namespaces.add(kind, inode, kernel_id, 1, 1, SAMPLES, owner, None, uid)
        self.sets.add([CGROUP, IPC, MNT, NET, PID, PID, TIME, TIME, USER, UTS])
        self.cgroups.add("0::/", None, None)
        scope = self.cgroups.add("0::/init.scope", "init.scope", None)
        nobody = 0, None
        self.systemd = self.place("systemd", nobody, 240 * MS, SAMPLES, cgroup=scope, pid=1)
        self.pid = 1
        kthreadd = None
        for comm in KERNEL_THREADS:
            thread = self.place(comm, kthreadd or nobody, 250 * MS, SAMPLES, thread=1)
            kthreadd = kthreadd or thread
        self.pid = PID_LOW
        self.kinds = []
        for n, name in enumerate(SERVICES):
            self.pid += self.random.randrange(20)
            unit = f"{name}.service"
            cgroup = self.cgroups.add(f"0::/system.slice/{unit}", unit, None)
            uid = self.random.choice(UIDS)
            service = self.place(name, self.systemd, (3 + n) * SECOND, SAMPLES, uid, cgroup)
            if name == "containerd":
                self.containerd = cgroup
            if name == "sshd":
                self.sshd, self.shells = service, cgroup
            # The commands that the service starts now and then.
            for _ in range(2):
                self.kinds.append((self.random.choice(COMMANDS), uid, cgroup, *service))
        self.pid = 2500
        # The longer a container lives, the more likely it is running at a given moment. So lifetimes that are
        # log-uniform at the start of containers are uniform among the running ones.
        pods, there = [], 0
        while there < CONTAINERS / 1.6:
            life = self.random.uniform(LEAST_LIFE, MOST_LIFE)
            age = life * self.random.random()
            pods.append((FIRST_BOOT - INTERVAL - int(age * INTERVAL), 1 + int(life - age)))
            there += 1
        for start, end in sorted(pods):
            self.pid += self.random.randrange(100)
            self.pod(start, min(end, SAMPLES))
            self.succeed(end)
        return FIRST_BOOT - INTERVAL

    def succeed(self, end):
        """Has another pod start soon after this end."""
        begin = end + self.random.randrange(1, 12)
        self.starting[begin] = self.starting.get(begin, 0) + 1

    # Samples

    def clock(self, number):
        """Adds the row of this sample with its times; returns the end of the sample before it."""
        before = self.boot + self.took
        late = gap = None
        self.slot += 1
        if self.now == self.sessions[number][0]:
            pause = self.random.randrange(20, 400) * SECOND if number else 0
            self.start, self.slot = self.boot + pause, 0
        elif self.now in self.gaps:
            gap = self.gaps[self.now]
            self.slot += self.random.randrange(10, 300)
        elif self.random.random() < 0.0005:
            late = self.random.randrange(501 * MS, 2000 * MS)
        jitter = late or self.random.randrange(50_000, 400_000)
        self.boot = self.start + self.slot * INTERVAL + jitter
        self.took = int(self.random.gauss(20 * MS, MS))
        if self.now in self.clock_steps:
            step = self.clock_steps[self.now]
            self.offset += step
            self.steps.append((self.now, step))
        wall = self.boot + self.offset
        self.samples.append((self.now, number + 1, wall, self.boot, self.took, gap))
        if late:
            self.notes.append((self.now, late))
        return before

    def resume(self):
        """Begins the memberships of a new session that went on after the session before it."""
        carried, self.carried = self.carried, []
        for task, set_row, end, cause in carried:
            self.open(task, set_row, end, cause and WENT_ON)

    def run(self):
        self.boot, self.took, self.offset = FIRST_BOOT, 0, FIRST_WALL - FIRST_BOOT
        for number, (first, last) in enumerate(self.sessions):
            self.last = last
            for self.now in range(first, last + 1):
                since = self.clock(number)
                if self.now == 1:
                    since = self.found()
                elif self.now == first:
                    self.resume()
                self.sample(since, len(self.sessions) - 1 - number)
            self.session(number)
        self.flush()

    def sample(self, since, sessions_left):
        now = self.now
        ended = self.ending.pop(now, None)
        if ended:
            for inode in ended:
                heapq.heappush(self.free, inode)
            self.containers = [one for one in self.containers if one.end >= now]
        for task, set_row, end in self.moving.pop(now, ()):
            self.open(task, set_row, end, MOVED, HOST)
        # No process starts in the last 20 ms before a sample, so that each start time, which is rounded to a tick, is
        # before it.
        room = self.boot - 20 * MS - since
        for _ in range(self.starting.pop(now, 0)):
            # The lifetimes are log-uniform: most containers live for minutes, some for days.
            life = LEAST_LIFE * math.exp(
                self.random.random() * math.log(MOST_LIFE / LEAST_LIFE))  # fmt: skip
            self.pod(since + room // 50, min(now + int(life), SAMPLES))
            self.succeed(now + int(life))
        left = TOTAL - self.begun - 450 * sessions_left
        count = left
        if now < SAMPLES:
            count = int(left / (SAMPLES - now + 1) * (0.5 + self.random.random()) + 0.5)
        self.arrive(now, since + room // 25, room - room // 25, max(count, 0))
        if len(self.tasks) > 200_000:
            self.flush()

    def arrive(self, now, since, room, count):
        """Adds the ordinary processes of a sample.

        Most of the time is spent here, so all names are local variables, which Python reads fastest.
        """
        getrandbits, lives, busy, kinds = self.random.getrandbits, self.lives, self.busy, self.kinds
        tasks, memberships, carried = self.tasks.append, self.memberships.append, self.carried
        containers, last, offset, pid, task = (
            self.containers, self.last, self.offset, self.pid, self.task)  # fmt: skip
        share = room / max(count, 1)
        for n in range(count):
            bits = getrandbits(64)
            # Skips some PIDs: in reality, threads get them, and processes that no sample reads.
            pid += 1 + (bits & 3)
            while pid >= PID_LIMIT or busy[pid] >= now:
                pid = pid + 1 if pid < PID_LIMIT else PID_LOW
            task += 1
            ticks = (since + int(share * (n + (bits >> 2 & 255) / 256))) // TICK
            end = now + lives[bits >> 10 & 8191]
            where = bits >> 23 & 4095
            set_row, nspid, cause, origin = HOST, str(pid), None, None
            if where < 614:
                container = containers[(bits >> 35) % len(containers)]
                if end > container.end:
                    end = container.end
                container.inner += 1
                nspid = f"{pid} {container.inner}"
                set_row, uid, cgroup = container.set, container.uid, container.cgroup
                comm = COMMANDS[bits >> 41 & 31] if where & 3 else container.comm
                if where < 20:
                    # Like `docker exec`: the shim starts the process, and it moves into the container.
                    parent_pid, parent = container.shim
                    cause, origin = ELSEWHERE, HOST
                else:
                    parent_pid, parent = container.pid, container.task
            elif where < 619:
                # Like `nsenter`: a process of the host moves into the container some samples later.
                container = containers[(bits >> 35) % len(containers)]
                moved = now + 1 + (bits & 3)
                comm, uid, cgroup = "nsenter", 0, self.shells
                parent_pid, parent = self.sshd
                end += 6
                if end > container.end:
                    end = container.end
                if moved <= end <= last:
                    busy[pid] = end
                    move = task, self.entered(container), end
                    self.moving.setdefault(moved, []).append(move)
                    end = moved - 1
            else:
                comm, uid, cgroup, parent_pid, parent = kinds[(bits >> 35) % len(kinds)]
                if end > SAMPLES:
                    end = SAMPLES
            if busy[pid] < end:
                busy[pid] = end
            tasks((
                task, pid, ticks, parent_pid, 0, nspid, offset + ticks * TICK, comm, uid, cgroup,
                parent,
            ))  # fmt: skip
            if end <= last:
                memberships((task, set_row, now, end, cause, origin))
            else:
                memberships((task, set_row, now, last, cause, origin))
                carried.append((task, set_row, end, cause))
        self.pid, self.task = pid, task
        self.begun += count

    def session(self, number):
        """Adds the row of a session that has ended."""
        first, last = self.sessions[number]
        reason = "stopped died stopped completed".split()[number]
        started = self.start - MS
        # The wall clock may have been set during the session.
        steps = sum(step for at, step in self.clock_steps.items() if first < at <= last)
        ended = self.boot + self.took + self.offset + MS if reason != "died" else None
        self.connection.execute(
            "INSERT INTO session (session_id, space_id, recorder_pid,"
            " recorder_pid_namespace_inode, program, interval_ns, identity, proc_root, hidepid,"
            " started_wall_ns, started_boot_ns, first_seq, last_seq, ended_wall_ns,"
            " end_reason) VALUES (?, 1, ?, ?, ?, ?, 'name_to_handle_at', '/proc', 0, ?, ?, ?, ?,"
            " ?, ?)",
            (number + 1, 2000 + number, INITIAL[PID - 1][1], self.program, INTERVAL,
             started + self.offset - steps, started, first, last, ended, reason),
        )  # fmt: skip


UIDS = (0, 0, 0, 33, 101, 999, 1000)


def make(path):
    """Lets the program make an empty history, from a folder in the form of /proc without a process."""
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(f"{root}/sys/kernel/random")
        with open(f"{root}/sys/kernel/random/boot_id", "w") as file:
            file.write("00000000-0000-4000-8000-000000000001\n")
        command = [NSHIST, "record", "--db", path, "--proc-root", root, "--samples", "1"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def main():
    if TOTAL < 10_000:
        sys.exit("no fewer than 10000 memberships: what is there all the time takes a few thousand")
    began = time.monotonic()
    if os.path.exists(OUTPUT):
        sys.exit(f"{OUTPUT} is there already")
    make(OUTPUT)
    connection = sqlite3.connect(OUTPUT, isolation_level=None)
    execute = connection.execute
    for pragma in "locking_mode=EXCLUSIVE journal_mode=OFF synchronous=OFF".split():
        execute(f"PRAGMA {pragma}")
    execute("PRAGMA cache_size=-1000000")
    execute("PRAGMA temp_store=MEMORY")
    history = History(connection)
    history.program = execute("SELECT program FROM session").fetchone()[0]
    indexes = execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    execute("BEGIN")
    for name, _ in indexes:
        execute(f"DROP INDEX {name}")
    execute("DELETE FROM sample")
    execute("DELETE FROM session")
    execute("DELETE FROM pin_scan")
    execute(
        "UPDATE pid_space SET pid_namespace_inode = ?, time_namespace_inode = ?, proc_root = NULL",
        (INITIAL[PID - 1][1], INITIAL[TIME - 1][1]),
    )
    # The many objects that are made here refer to each other in no cycle, so the garbage collector would find
    # nothing.
    gc.disable()
    history.run()
    execute("COMMIT")
    filled = time.monotonic()
    for _, sql in indexes:
        execute(sql)
    # Leaves the file as a recorder does: in WAL mode, with the log checkpointed and removed.
    execute("PRAGMA locking_mode=NORMAL")
    execute("PRAGMA synchronous=FULL")
    execute("PRAGMA journal_mode=WAL")
    counts = ", ".join(
        f"{execute(f'SELECT COUNT(*) FROM {table}').fetchone()[0]} {table}s"
        for table in ("membership", "task", "sample", "namespace")
    )
    connection.close()
    print(f"{counts}; {os.path.getsize(OUTPUT) / 2**20:.0f} MiB")
    print(f"{filled - began:.0f} s for rows, {time.monotonic() - filled:.0f} s for indexes")


main()
