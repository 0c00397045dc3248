"""A crowd of sleeping processes, as a load; also one that changes."""

import os
import subprocess
import threading
import time
from contextlib import contextmanager


def processes():
    """How many there are now."""
    return sum(name.isdigit() for name in os.listdir("/proc"))


class Crowd:
    """So many processes in so many namespace sets, as long as the block lasts."""

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
        # Init takes its time to reap so many, and their PIDs are not free before.
        end = time.monotonic() + 120
        while processes() > self.before + 100 and time.monotonic() < end:
            time.sleep(0.5)
        # The kernel takes namespaces down after the processes have gone.
        time.sleep(1)

    def expect(self, word):
        answer = self.process.stdout.readline().strip()
        if answer != word:
            raise RuntimeError(f"{self.command} said {answer!r} where {word!r} was awaited")

    def change(self, kind, count):
        """Lets `count` processes be replaced (`replace`) or change namespaces (`move`)."""
        self.process.stdin.write(f"{kind} {count}\n")
        self.process.stdin.flush()
        self.expect("done")

    @contextmanager
    def changing(self, kind, count, interval):
        """Changes so many at each interval (in seconds), as long as the block lasts."""
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
