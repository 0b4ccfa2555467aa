"""Figures compute, then draw: the data of a figure once, whatever is drawn of it."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import kerascnn as kc
from kerascnn._text import text
from kerascnn.figures import _computing, _registry

LOOKS = [("en", "slides"), ("es", "slides"), ("en", "dark")]


@pytest.fixture
def counted(monkeypatch):
    """Register a figure with costly data for one test; gives the list of its computations."""
    kc.figures.lecture_figures()
    monkeypatch.setattr(_registry, "_figures", dict(_registry._figures))
    monkeypatch.setattr(_computing, "_kept", {})
    computations = []

    def numbers(rng, *, count: int = 3, kernel: np.ndarray = np.eye(2)):  # noqa: B008
        computations.append((count, text("loss")))
        return rng.random(count) * kernel.sum()

    @kc.figures.figure(title="Costly", alt="Numbers.", rows=("A1",), frames=2, data=numbers)
    def costly(data, step=None, *, count: int = 3, label: int = 1):
        """Draw the numbers."""
        fig, ax = plt.subplots()
        ax.plot(data, label=f"{count} {label}")
        return fig

    return computations


def curve(**options):
    figure = kc.figures.render("costly", **options)
    return figure.axes[0].get_lines()[0].get_ydata().tolist()


def test_data_are_computed_once_for_all_languages_and_styles(counted):
    curves = [curve(lang=lang, style=style) for lang, style in LOOKS]
    assert curves[0] == curves[1] == curves[2]
    assert counted == [(3, "loss")]  # in no language but English


def test_frames_share_the_data(counted, tmp_path):
    report = kc.figures.draw("costly", out=tmp_path, formats="png")
    assert report.failed == {}
    assert (tmp_path / "costly-2.png").is_file()
    assert len(counted) == 1


def test_other_numbers_are_computed_for_themselves(counted):
    first = curve()
    assert curve(kernel=2 * np.eye(2)) == [2 * value for value in first]
    assert len(curve(count=5)) == 5
    assert curve(kernel=np.array([[1.0, 0], [0, 1]])) == first
    assert curve(label=2) == first  # what only the drawing takes computes nothing again
    assert [count for count, _word in counted] == [3, 3, 5]


def test_rerun_computes_again(counted):
    curve()
    curve(rerun=True)
    curve()
    assert len(counted) == 2


def test_options_of_data_are_those_of_the_figure(counted):
    assert list(kc.figures.lecture_figure("costly").options) == ["count", "label", "kernel"]


def test_defaults_must_agree():
    def data(*, count: int = 3):
        """Compute."""

    def drawing(data, *, count: int = 4):
        """Draw."""

    with pytest.raises(TypeError, match="count must have the same default"):
        kc.figures.figure(title="A", alt="A.", rows=("A1",), data=data)(drawing)
