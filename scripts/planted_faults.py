"""Plant small faults, each in a separate copy of the package, and report which tests detect them.

    python scripts/planted_faults.py --json before.json --jobs 2
    python scripts/planted_faults.py --against before.json grad-cam

The faults are listed in planted_faults.toml by name: the text `old`, which occurs exactly once in
the file, its replacement `new`, and the `tests` that should detect the fault. Without names, all
faults are planted, which takes an hour. A fault that is missed shows where a test is needed.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLE = Path(__file__).with_suffix(".toml")
# The options in setup.cfg, but in one process that stops at the first failure.
PYTEST = (
    *("-m", "pytest", "-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider"),
    *("-o", "addopts=--import-mode=importlib --strict-markers"),
    *(("-n", "0") if find_spec("xdist") else ()),
)
PASSED, NOTHING_RAN = 0, 5  # pytest's exit codes


@dataclass(frozen=True)
class Fault:
    """A text in a file, its replacement, and the tests that should detect the fault."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    markers: str = "not slow"

    def is_asked_for(self, words: Iterable[str]) -> bool:
        """Return whether a word occurs in the name or the file, or there are no words."""
        where = f"{self.name} {self.file}".lower()
        return not words or any(word.lower() in where for word in words)

    def fits(self, tree: Path) -> bool:
        """Return whether the old text occurs exactly once in the file."""
        path = tree / self.file
        return path.is_file() and path.read_text("utf-8").count(self.old) == 1

    def plant(self, tree: Path) -> None:
        """Replace the old text."""
        path = tree / self.file
        path.write_text(path.read_text("utf-8").replace(self.old, self.new), "utf-8")


def table() -> list[Fault]:
    """Read all faults; TOML rejects duplicate names."""
    entries = tomllib.loads(TABLE.read_text("utf-8"))
    return [Fault(name, **{**e, "tests": tuple(e["tests"])}) for name, e in entries.items()]


def copy_of(tree: Path, target: Path) -> Path:
    """Copy the files that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (tree / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / name, target / name)
    return target


def first_failure(
    tree: Path, tests: Iterable[str], markers: str, limit: float
) -> tuple[str | None, float]:
    """Run tests of a tree with its own package; return the first that fails, and the seconds.

    Missing tests are left out.
    """
    began = time.monotonic()
    there = [test for test in tests if (tree / test).exists()]
    if not there:
        return None, 0.0
    process = subprocess.Popen(
        [sys.executable, *PYTEST, "-m", markers, *there],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},  # also for subprocesses of tests
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
        failure = None if process.returncode in (PASSED, NOTHING_RAN) else _failed(output)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # including subprocesses of tests
        process.communicate()
        failure = "the time limit"
    return failure, time.monotonic() - began


def _failed(output: str) -> str:
    lines = output.strip().splitlines() or ["a crash"]
    for line in lines:
        if line.startswith(("FAILED ", "ERROR ")):
            return line.partition(" ")[2].partition(" - ")[0]
    return lines[-1]


def main() -> int:
    """Plant the faults, run the tests and report the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", metavar="NAME", help="part of a fault's name or file")
    parser.add_argument("--list", action="store_true", help="list the faults and stop")
    parser.add_argument("--unharmed", action="store_true", help="run their tests without a fault")
    parser.add_argument("--tree", type=Path, default=ROOT, metavar="DIR", help="another checkout")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="faults to try at a time")
    parser.add_argument("--limit", type=float, default=600, metavar="S", help="time limit in s")
    parser.add_argument("-m", dest="markers", metavar="MARKEXPR", help="instead of 'not slow'")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file for the result")
    parser.add_argument("--against", type=Path, metavar="FILE", help="earlier result to compare")
    options = parser.parse_args()
    faults = [fault for fault in table() if fault.is_asked_for(options.words)]
    if not faults:
        parser.error(f"NAME must be part of a fault's name or file; received {options.words}.")
    if options.list:
        for fault in faults:
            print(f"{fault.name} ({fault.file})")
        return 0
    before = json.loads(options.against.read_text("utf-8")) if options.against else None
    with tempfile.TemporaryDirectory(prefix="planted-faults-") as folder:
        # A copy, so that edits in the meantime do not affect the tests.
        tree = copy_of(options.tree, Path(folder) / "unharmed")
        if astray := [fault.name for fault in faults if not fault.fits(tree)]:
            print(f"The old text must occur exactly once in the file for: {'; '.join(astray)}.")
            return 2
        tests = dict.fromkeys(test for fault in faults for test in fault.tests)
        if gone := [test for test in tests if not (tree / test).exists()]:
            print(f"Missing in {options.tree} and left out: {', '.join(gone)}.")

        def unharmed(test_and_markers: tuple[str, str]) -> tuple[str | None, float]:
            test, markers = test_and_markers
            return first_failure(tree, [test], markers, options.limit)

        def harmed(nth_and_fault: tuple[int, Fault]) -> tuple[str | None, float]:
            nth, fault = nth_and_fault
            copy = shutil.copytree(tree, Path(folder) / str(nth))
            fault.plant(copy)
            markers = options.markers or fault.markers
            result = first_failure(copy, fault.tests, markers, options.limit)
            shutil.rmtree(copy, ignore_errors=True)
            return result

        with ThreadPoolExecutor(options.jobs) as pool:
            if options.unharmed:
                each = dict.fromkeys(
                    (t, options.markers or f.markers) for f in faults for t in f.tests
                )
                return _tell_unharmed(each, pool.map(unharmed, each))
            missed = _tell(faults, pool.map(harmed, enumerate(faults)), options.json)
    print(f"{len(faults) - len(missed)} of {len(faults)} detected.")
    if before is not None:
        missed = [name for name in missed if before.get(name, {}).get("caught_by")]
        for name in missed:
            print(f"No longer detected: {name}, previously by {before[name]['caught_by']}")
    return bool(missed)


def _tell(faults: Iterable[Fault], found: Iterable, path: Path | None) -> list[str]:
    """Print the results and add them to a file; return the missed faults."""
    kept = json.loads(path.read_text("utf-8")) if path and path.is_file() else {}
    missed = []
    for fault, (failure, seconds) in zip(faults, found, strict=True):
        outcome = "MISSED" if failure is None else f"detected by {failure}"
        print(f"{fault.name}: {outcome}, {seconds:.0f} s", flush=True)
        missed += [fault.name] * (failure is None)
        kept[fault.name] = {"caught_by": failure, "seconds": round(seconds, 1)}
        if path:
            path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return missed


def _tell_unharmed(each: Iterable[tuple[str, str]], found: Iterable) -> int:
    failed = 0
    for (test, markers), (failure, seconds) in zip(each, found, strict=True):
        failed += failure is not None
        outcome = "passes" if failure is None else f"FAILS without a fault: {failure}"
        print(f"{test} ({markers}): {outcome}, {seconds:.0f} s", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
