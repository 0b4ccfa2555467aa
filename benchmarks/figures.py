"""Measure how long the lecture figures take, and how much memory, as a Markdown table.

    python benchmarks/figures.py

Each row is a command of its own, in a new process, with the default options. Memory is that of the
largest process, and of all processes of the command together, read twenty times a second.
"""

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

GIB = 2**20  # of the kibibytes in /proc
INTERVAL = 0.05  # seconds
ROWS = (  # what, figures, seconds at most
    ("all figures", (), 150),
    ("one figure that needs no network: `sliding-window`", ("sliding-window",), 3),
    ("one figure that needs no network: `volume-quiz`", ("volume-quiz",), 3),
    ("one figure that needs a network: `first-layer-filters`", ("first-layer-filters",), 8),
    ("one figure that needs a network: `grad-cam`", ("grad-cam",), 8),
)
MEMORY = 2.5  # GiB at most


def family(pid):
    """The process and all that it has started."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += family(int(path.parent.name))
    return found


def resident(pid):
    """The resident memory of a process in KiB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) if found else 0


def measured(names):
    """Draw figures; return seconds, the memory of the largest process, and that of all, in GiB."""
    largest = together = 0
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        command = subprocess.Popen(
            [sys.executable, "-m", "kerascnn", "figures", *names, "--out", out],
            stdout=subprocess.DEVNULL,
        )
        while command.poll() is None:
            each = [resident(pid) for pid in family(command.pid)]
            largest, together = max(largest, *each), max(together, sum(each))
            time.sleep(INTERVAL)
        seconds = time.perf_counter() - start
    if command.returncode:
        raise SystemExit(f"kerascnn figures {' '.join(names)} failed.")
    return seconds, largest / GIB, together / GIB


def main():
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("tensorflow", "keras", "matplotlib")
    )
    print(f"Machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before; "
          f"Python {platform.python_version()}, {packages}")  # fmt: skip
    print("\n| what | measured | at most | largest process | all processes | at most |")
    print("| --- | --: | --: | --: | --: | --: |")
    for what, names, limit in ROWS:
        seconds, largest, together = measured(names)
        print(f"| {what} | {seconds:.1f} s | {limit} s | {largest:.2f} GiB | {together:.2f} GiB | "
              f"{MEMORY} GiB |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
