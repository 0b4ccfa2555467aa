import gc
import os

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import settings

import kerascnn  # noqa: F401  # before TensorFlow, whose kernels it chooses

# The same examples in every run, on machines of any speed.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("fixed")

# A full collection destroys what TensorFlow has traced, one function after another, for up to a
# minute; so cycles are collected only between files, where a worker has grown and memory is scarce.
gc.disable()
GROWTH = 2**30  # bytes
SCARCE = 0.3  # of the machine's memory
_collected_at = [0]  # resident bytes


def resident() -> int:
    """The memory of this process in bytes; 0 if the system does not tell."""
    statm = Path("/proc/self/statm")
    pages = int(statm.read_text().split()[1]) if statm.exists() else 0
    return pages * os.sysconf("SC_PAGESIZE")


def available() -> float:
    """The part of the machine's memory that is available; 0 if the system does not tell."""
    file = Path("/proc/meminfo")
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    sizes = {name: int(size) for name, size, *_unit in lines}
    return sizes.get("MemAvailable:", 0) / sizes.get("MemTotal:", 1)


@pytest.fixture(scope="module", autouse=True)
def memory_is_bounded():
    """Collect garbage after a file if the process has grown and memory is scarce, or unknown.

    What a file's own tests collect does not include the garbage of other files.
    """
    gc.freeze()
    yield
    if available() < SCARCE and (not resident() or resident() > _collected_at[0] + GROWTH):
        gc.unfreeze()
        gc.collect()
        _collected_at[0] = resident()


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture
def policy():
    """Set Keras's dtype policy for one test."""
    import keras

    before = keras.mixed_precision.dtype_policy()
    yield keras.mixed_precision.set_dtype_policy
    keras.mixed_precision.set_dtype_policy(before)


@pytest.fixture(scope="session")
def no_values():
    """The context in which nets are built whose weights have shapes, but no values."""
    from kerascnn.models._without_values import without_values

    return without_values


def seed_keras():
    """Seed Python, NumPy and Keras, whose initializers take no seed from TensorFlow.

    TensorFlow's own global seed would throw away all kernels, with the functions it has compiled.
    """
    if "keras" in sys.modules:
        with mock.patch("tensorflow.random.set_seed"):
            sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def seed():
    """Weights that a test leaves to chance are the same in every run."""
    seed_keras()


def pytest_fixture_setup(fixturedef):
    """So are those of what a file shares, whichever files the worker has run before."""
    if fixturedef.scope != "function":
        seed_keras()


@pytest.fixture(autouse=True)
def close_figures():
    """Figures that a test leaves open are closed."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def run_python(tmp_path):
    """Run Python code in a fresh interpreter, outside the checkout; gives what it printed."""

    def run(code, **environment):
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    return run


def drawn_texts(figure):
    """The words that are drawn: no ticks beyond the limits, no axes that are off."""
    from matplotlib.text import Text

    drawn = []
    draw = Text.draw

    def record(self, *arguments, **options):
        if self.get_visible() and self.get_text().strip():
            drawn.append(self)
        return draw(self, *arguments, **options)

    with mock.patch.object(Text, "draw", record):
        figure.canvas.draw()
    return drawn


def overlaps(figure):
    """Pairs of words that cover each other, and words that leave the figure."""
    renderer = figure.canvas.get_renderer()
    shown = [(t, t.get_window_extent(renderer)) for t in drawn_texts(figure)]
    width, height = figure.canvas.get_width_height()
    for text, box in shown:
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1:
            yield text.get_text(), "leaves the figure"
    for (one, a), (other, b) in combinations(shown, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 0.25 * min(a.width, b.width) and down > 0.5 * min(a.height, b.height):
            yield one.get_text(), other.get_text()


@pytest.fixture(scope="session")
def texts():
    """The function that gives the words which a figure draws."""
    return drawn_texts


@pytest.fixture(scope="session")
def overlapping():
    """The function that gives the words of a figure which cover each other or leave it."""
    return overlaps


@pytest.fixture(scope="session")
def browser():
    """Chromium, for the tests of pages."""
    from kerascnn._print import BROWSERS

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def expect(browser):
    """Playwright's assertions, which wait for what does not happen at once."""
    from playwright.sync_api import expect

    return expect
