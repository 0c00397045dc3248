"""A folder in the form of /proc, with processes that are all in the initial namespaces."""

import os

LINKS = {
    "cgroup": 4026531835, "ipc": 4026531839, "mnt": 4026531840, "net": 4026531999,
    "pid": 4026531836, "pid_for_children": 4026531836, "time": 4026531834,
    "time_for_children": 4026531834, "user": 4026531837, "uts": 4026531838,
}  # fmt: skip


def make(root, processes):
    """Makes the folder at `root` with processes 1 to `processes`; returns its path."""
    write(f"{root}/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000001\n")
    for pid in range(1, processes + 1):
        folder, fields = f"{root}/{pid}", "0 " * 8
        write(f"{folder}/stat", f"{pid} (sleep) S 1 1 1 0 -1 4194304 {fields}20 0 1 0 100 0 0 0\n")
        write(f"{folder}/status", f"Name:\tsleep\nUid:\t0\t0\t0\t0\nNSpid:\t{pid}\n")
        write(f"{folder}/cgroup", "0::/\n")
        os.mkdir(f"{folder}/ns")
        for link, inode in LINKS.items():
            os.symlink(f"{link.removesuffix('_for_children')}:[{inode}]", f"{folder}/ns/{link}")
    return root


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
