"""Names of classes, layers and metrics are shown as they are written, in every plot."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text

from kerascnn import plots
from kerascnn.plots._style import _family_with

NAMES = ["$5-$10", "$x^", "a_1 $\\frac$"]
IMAGES = np.zeros((3, 4, 4, 3))


def drawings(names):
    yield lambda: plots.confusion_matrix(np.eye(3, dtype=int), class_names=names)
    yield lambda: plots.image_grid(IMAGES, titles=names)
    yield lambda: plots.filter_grid(np.ones((3, 3, 1, 3)), titles=names)
    yield lambda: plots.training_curves({names[0]: [1.0, 2.0], f"val_{names[0]}": [2.0, 1.0]})
    yield lambda: plots.compare_methods(
        IMAGES, {name: np.zeros((3, 4, 4)) for name in names}, labels=names
    )
    yield lambda: plots.dream_strip(IMAGES, labels=names)


@pytest.mark.parametrize("nth", range(6))
@pytest.mark.parametrize("names", [NAMES, ["猫", "고양이", "ねこ"]], ids=["dollars", "CJK"])
def test_in_every_plot(nth, names):
    if names is not NAMES and not all(_family_with(letter) for letter in "猫고ね"):
        pytest.skip("no CJK font here")
    drawn = list(drawings(names))[nth]()
    figure = getattr(drawn, "figure", drawn)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of letters without a glyph
        figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_visible()]
    shown = [text for text in texts if names[0] in text.get_text()]
    assert shown
    assert not any(text.get_parse_math() for text in shown)
    plt.close(figure)


def test_letters_that_the_font_has_need_no_other():
    with plots.style("slides"):
        ax = plots.image_grid(IMAGES, titles=["é", "β", "→"])
    assert {tuple(text.get_fontfamily()) for text in ax.texts} == {("DejaVu Sans",)}


IN_LEGENDS = ["_bg", "", "$cat$"]
CURVE = SimpleNamespace(recall=np.array([0.5, 1.0]), precision=np.array([1.0, 0.5]))
LEGENDS = {
    "curves": lambda: plots.precision_recall(dict.fromkeys(IN_LEGENDS, CURVE)),
    "masks": lambda: plots.mask_overlay(
        np.zeros((1, 3, 3)), np.arange(3)[None], class_names=IN_LEGENDS, background=None
    ),
    "fields": lambda: plots.unit_field(
        np.zeros((4, 4)), {name: ((0, 1), (0, nth + 1)) for nth, name in enumerate(IN_LEGENDS)}
    ),
}


@pytest.mark.parametrize("draw", LEGENDS.values(), ids=LEGENDS)
def test_a_legend_has_every_name(draw):
    """Also those that matplotlib would leave out."""
    ax = draw()
    ax.figure.canvas.draw()
    texts = ax.get_legend().get_texts()
    assert [text.get_text() for text in texts] == IN_LEGENDS
    assert not any(text.get_parse_math() for text in texts)
    plt.close(ax.figure)


def test_a_legend_has_the_curves_of_two_calls():
    ax = plots.precision_recall({"_one": CURVE})
    plots.precision_recall({"two": CURVE}, ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["_one", "two"]
    plt.close(ax.figure)
