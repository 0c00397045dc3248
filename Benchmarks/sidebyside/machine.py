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
    """Builds what is to be measured, into a folder that goes away at the end."""

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
        """Starts a command that is to be measured."""
        self.started += 1
        return Running(self.path("cost"), self.path(f"cost-{self.started}"), command)

    def run(self, command, check=True):
        """What a command costs."""
        return self.start(command).end(check)

    def fresh(self, name):
        """A path at which there is no file, nor the log of one."""
        path = self.path(name)
        remove_database(path)
        return path

    def remove(self):
        shutil.rmtree(self.folder)


def remove_database(path):
    """Removes a file and what belongs to it, as far as they are there."""
    for end in "", "-wal", "-shm", ".lock":
        if os.path.exists(path + end):
            os.remove(path + end)


def build():
    """The program as the README says to build it."""
    command = "swift build -c release --static-swift-stdlib --product nshist".split()
    package = os.path.dirname(BENCHMARKS)
    subprocess.run(command, cwd=package, check=True, stdout=sys.stderr)
    return f"{package}/.build/release/nshist"


def has(tool):
    """Whether a peer is there; says so where it is not."""
    if shutil.which(tool):
        return True
    print(f"skipped: {tool} is not installed here\n", flush=True)
    return False


def words():
    """The machine in a line."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    with open("/proc/cpuinfo") as file:
        model = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return (
        f"Linux {platform.release()}, {os.cpu_count()} processors ({(model or ['unknown'])[0]}),"
        f" {memory:.0f} GiB"
    )
