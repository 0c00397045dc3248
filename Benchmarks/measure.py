"""Runs the floor and nshist in turn and prints medians, spread and ratio. See Benchmarks/run."""

import glob
import os
import resource
import statistics
import subprocess
import sys

WORK, ROUNDS = sys.argv[1], int(sys.argv[2])
DB = f"{WORK}/history.db"


def cpu(*command):
    """CPU seconds and peak KiB of a command; the memory is that of the largest child so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, after.ru_maxrss


def record(samples, events, pins="off"):
    command = [f"{WORK}/nshist", "record", "--db", DB, "--interval", "0.05"]
    command += ["--pins-every", pins, "--events", events]
    return cpu(*command, "--samples", str(samples))


def bare(*directory):
    command = [f"{WORK}/floor", "20", *directory]
    output = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(output.stdout) / 1000


def spread(values):
    low, high = min(values), max(values)
    return f"{statistics.median(values):.1f} ms ({low:.1f} to {high:.1f})"


def bytes_a_sample():
    """Growth of the file over 10,000 samples of a /proc that stands still."""
    root = f"{WORK}/proc"
    os.makedirs(f"{root}/sys/kernel/random", exist_ok=True)
    with open(f"{root}/sys/kernel/random/boot_id", "w") as file:
        file.write("00000000-0000-4000-8000-000000000001\n")
    database = f"{WORK}/still.db"
    command = [f"{WORK}/nshist", "record", "--db", database, "--proc-root", root]
    command += ["--interval", "1ms", "--samples", "10000"]
    sizes = []
    for _ in range(2):
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        # Closed in order: all of the write-ahead log is in the file.
        sizes.append(os.path.getsize(database))
    return (sizes[1] - sizes[0]) / 10_000


floor, least, nshist, listening, looks, memory = [], [], [], [], [], 0
for _ in range(ROUNDS):
    for events, costs in (("off", nshist), ("auto", listening)):
        few, _ = record(3, events)
        many, memory = record(23, events)
        costs.append((many - few) / 20 * 1000)
    # One look, at the beginning.
    looks.append((record(3, "off", "60")[0] - record(3, "off")[0]) * 1000)
    floor.append(bare())
    least.append(bare("ns"))
processes = len(glob.glob("/proc/[0-9]*"))
ratio, strict = (statistics.median(nshist) / statistics.median(bare) for bare in (floor, least))
print(f"kernel {os.uname().release}, {os.cpu_count()} processors, {processes} processes")
print(f"floor, CPU time a pass     {spread(floor)} holding /proc/PID")
print(f"                           {spread(least)} holding /proc/PID/ns, as nshist does")
print(f"nshist, CPU time a sample  {spread(nshist)} --events off")
print(f"                           {spread(listening)} --events auto, and little happens")
print(f"a look for pins            {spread(looks)} once a minute")
events = statistics.median(listening) / statistics.median(nshist)
print(f"ratio with events          {events:.3f}")
print(f"ratio of medians           {ratio:.2f}, and {strict:.2f} to the lower floor")
print(f"nshist, peak memory        {memory / 1024:.1f} MiB")
print(f"database a sample          {bytes_a_sample():.1f} bytes")
