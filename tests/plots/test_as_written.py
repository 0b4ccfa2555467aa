"""Names of classes, layers and metrics are shown as they are written, in every plot."""

import warnings

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
