"""The machine at hand, and the programs that are measured on it."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile

from .costs import Running

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = {"links": [], "appends": [], "row": ["-lsqlite3"], "crowd": [], "cost": [], "hammer": []}


class Machine:
    """Builds the measured programs in a temporary folder, and runs them."""

    def __init__(self, nshist=None):
        self.folder = tempfile.mkdtemp(prefix="nshist-benchmark-")
        self.nshist = self.path("nshist")
        shutil.copy(nshist or build(), self.nshist)
        for name, libraries in PROGRAMS.items():
            source = f"{BENCHMARKS}/programs/{name}.c"
            subprocess.run(
                ["gcc", "-O2", "-Wall", "-o", self.path(name), source, *libraries], check=True)
        self.started = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, command):
        """Starts a command whose cost is measured."""
        self.started += 1
        return Running(self.path("cost"), self.path(f"cost-{self.started}"), command)

    def run(self, command, check=True):
        """Runs a command to its end and returns its cost."""
        return self.start(command).end(check)

    def fresh(self, name):
        """Returns a path in the folder; removes the file there, with its log and lock."""
        path = self.path(name)
        remove_database(path)
        return path

    def remove(self):
        shutil.rmtree(self.folder)


def remove_database(path):
    """Removes a history with its -wal, -shm and lock files, where they exist."""
    for end in "", "-wal", "-shm", ".lock":
        if os.path.exists(path + end):
            os.remove(path + end)


def build():
    """Builds the program as the README says; returns its path."""
    command = "swift build -c release --static-swift-stdlib --product nshist".split()
    package = os.path.dirname(BENCHMARKS)
    subprocess.run(command, cwd=package, check=True, stdout=sys.stderr)
    return f"{package}/.build/release/nshist"


def has(tool):
    """Whether a peer is installed; prints that it is skipped where it is not."""
    if shutil.which(tool):
        return True
    print(f"skipped: {tool} is not installed here\n", flush=True)
    return False


def words():
    """Describes the machine in one line."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    with open("/proc/cpuinfo") as file:
        model = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return (
        f"Linux {platform.release()}, {os.cpu_count()} processors ({(model or ['unknown'])[0]}),"
        f" {memory:.0f} GiB"
    )
