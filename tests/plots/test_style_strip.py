import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn.plots import style_strip

CONTENT, STYLE = np.zeros((6, 8, 3)), np.ones((9, 5, 3))
RESULTS = np.full((3, 6, 8, 3), 0.5)
LOSSES = {"content": [9.0, 4.0, 2.0, 1.0], "style": [100.0, 50.0, 20.0, 10.0]}


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_content_and_style_then_the_results():
    figure = style_strip(CONTENT, STYLE, RESULTS, labels=[1, 2, "last"])
    (ax,) = figure.axes
    assert words(ax) == ["content", "style", "step 1", "step 2", "last"]
    assert [image.get_array().flat[0] for image in ax.images] == [0, 1, 0.5, 0.5, 0.5]
    left, right, bottom, top = ax.images[1].get_extent()
    assert (bottom - top) / (right - left) == pytest.approx(9 / 5)  # the style undistorted


def test_losses_on_a_logarithmic_scale_with_the_steps_marked():
    figure = style_strip(CONTENT, STYLE, RESULTS, labels=[1, 3, "last"], losses=LOSSES)
    _strip, ax = figure.axes
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")
    assert words(ax) == ["content", "style"]  # at the ends of their lines, the lower one first
    content, style, *marks = ax.lines
    assert content.get_xdata().tolist() == [1, 2, 3, 4]
    assert content.get_ydata().tolist() == LOSSES["content"]
    assert style.get_ydata().tolist() == LOSSES["style"]
    assert [line.get_xdata()[0] for line in marks] == [1, 3]


def test_one_loss_needs_no_name():
    figure = style_strip(CONTENT, STYLE, RESULTS, losses=[3, 2, 0])
    assert words(figure.axes[1]) == []
    figure.canvas.draw()  # a loss of 0 on a logarithmic scale


def test_the_losses_as_a_callback_gives_them():
    steps = [{name: values[i] for name, values in LOSSES.items()} for i in range(4)]
    figure = style_strip(CONTENT, STYLE, list(RESULTS[:, None]), losses=steps)
    content, style = figure.axes[1].lines
    assert content.get_ydata().tolist() == LOSSES["content"]
    assert style.get_ydata().tolist() == LOSSES["style"]


@pytest.mark.filterwarnings("error")
def test_losses_of_zero_are_left_out():
    figure = style_strip(
        CONTENT, STYLE, RESULTS, losses={**LOSSES, "total_variation": [0.0, 0.0, 0.0, 0.0]}
    )
    figure.canvas.draw()
    assert words(figure.axes[1]) == ["content", "style"]
    assert len(figure.axes[1].lines) == 2
    assert len(style_strip(CONTENT, STYLE, RESULTS, losses=[0, 0]).axes) == 1
    figure = style_strip(CONTENT, STYLE, RESULTS, losses={**LOSSES, "total": [0.0, 3, 2, 0]})
    figure.canvas.draw()
    assert sorted(words(figure.axes[1])) == ["content", "style", "total"]


def test_draws_into_a_figure_or_a_part_of_one():
    figure = plt.figure()
    part = figure.subfigures(1, 2)[0]
    assert style_strip(CONTENT, STYLE, RESULTS, losses=[2, 1], figure=part) is part
    assert len(part.axes) == 2
    assert style_strip(CONTENT, STYLE, [RESULTS[0]], figure=plt.figure()).axes


def test_no_word_covers_another(look, overlapping):
    losses = {**LOSSES, "total": [110, 55, 22.1, 11], "total_variation": [9, 9.9, 10, 10.2]}
    figure = style_strip(CONTENT, STYLE, RESULTS, labels=[1, 2, 4], losses=losses)
    assert list(overlapping(figure)) == []


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"labels": ["a"]}, ValueError, "labels must be one for each of 3"),
        ({"losses": [1, np.nan]}, ValueError, "NaN"),
        ({"losses": {"style": [-1.0]}}, ValueError, r"losses\['style'\] must be 0 or more"),
        ({"losses": [1, 2], "figure": "axes"}, TypeError, "Figure or SubFigure; received str"),
        ({"results": RESULTS[0]}, ValueError, r"pass results\[None\]"),
        ({"content": CONTENT + 255}, ValueError, "divide by 255"),
    ],
)
def test_bad_input(options, error, message):
    arguments = {"content": CONTENT, "style": STYLE, "results": RESULTS} | options
    with pytest.raises(error, match=message):
        style_strip(**arguments)
