"""A load of sleeping processes, which may also change: see programs/crowd.c."""

import os
import subprocess
import threading
import time
from contextlib import contextmanager


def processes():
    """Returns how many processes run now."""
    return sum(name.isdigit() for name in os.listdir("/proc"))


class Crowd:
    """Keeps `processes` processes in `sets` namespace sets for the length of a `with` block."""

    def __init__(self, machine, processes, sets=1):
        self.command = [machine.path("crowd"), str(processes), str(sets)]

    def __enter__(self):
        self.before = processes()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("ready")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        # Init needs time to reap so many processes, and their PIDs are not free before that.
        end = time.monotonic() + 120
        while processes() > self.before + 100 and time.monotonic() < end:
            time.sleep(0.5)
        # The kernel destroys namespaces some time after their processes have gone.
        time.sleep(1)

    def expect(self, word):
        answer = self.process.stdout.readline().strip()
        if answer != word:
            raise RuntimeError(f"{self.command} said {answer!r} where {word!r} was awaited")

    def change(self, kind, count):
        """Replaces `count` processes (`replace`), or lets them change their uts namespace (`move`)."""
        self.process.stdin.write(f"{kind} {count}\n")
        self.process.stdin.flush()
        self.expect("done")

    @contextmanager
    def changing(self, kind, count, interval):
        """Changes `count` processes in each interval (in seconds) for the length of a `with` block.

        Yields the list of the numbers of changes that were made.
        """
        end = threading.Event()
        changes = []

        def work():
            due = time.monotonic()
            while not end.wait(max(0, due - time.monotonic())):
                self.change(kind, count)
                changes.append(count)
                due += interval

        worker = threading.Thread(target=work)
        if kind:
            worker.start()
        try:
            yield changes
        finally:
            end.set()
            if kind:
                worker.join()
