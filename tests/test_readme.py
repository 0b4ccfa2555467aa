"""The README: its code runs, its links lead somewhere, its commands are those that CI runs."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

import kerascnn as kc

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def test_code_runs():
    results = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert results.attempted > 8
    assert results.failed == 0


def test_the_two_commands_stand_in_the_first_screen():
    lines = README.read_text("utf-8").splitlines()[:24]
    assert "pip install . && kerascnn figures" in lines
    assert 'pip install ".[test]" && pytest' in lines


@pytest.mark.parametrize("page", [README, *sorted((ROOT / "docs").rglob("*.md"))], ids=str)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


def test_the_gallery_shows_every_figure():
    gallery = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    for figure in kc.figures.lecture_figures().values():
        assert f"## {figure.title}\n" in gallery
        assert f"pictures/{figure.name}.png" in gallery


def test_every_method_is_in_the_table():
    table = (ROOT / "docs" / "methods.md").read_text("utf-8")
    metrics = kc.visualize.metrics
    found = {name: getattr(kc.visualize, name) for name in kc.visualize.__all__}
    found = {n: f for n, f in found.items() if f is not metrics}
    methods = {n for n, f in found.items() if "model" in inspect.signature(f).parameters}
    rows = set(re.findall(r"^\| `(?:kc\.visualize\.)?(\w+)` \|", table, re.MULTILINE))
    assert methods | set(metrics.__all__) <= rows
