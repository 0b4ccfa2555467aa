"""The table of planted faults fits the sources and the tests, so that it does not rot."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
# TOML refuses a name that comes twice.
FAULTS = tomllib.loads((ROOT / "scripts" / "planted_faults.toml").read_text("utf-8"))


def test_every_old_text_stands_once_in_its_file():
    counts = {n: (ROOT / f["file"]).read_text("utf-8").count(f["old"]) for n, f in FAULTS.items()}
    assert {name: count for name, count in counts.items() if count != 1} == {}


def test_every_fault_changes_something():
    assert [name for name, fault in FAULTS.items() if fault["old"] == fault["new"]] == []


def test_the_tests_are_there():
    paths = {test for fault in FAULTS.values() for test in fault["tests"]}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    assert all(fault["tests"] for fault in FAULTS.values())
