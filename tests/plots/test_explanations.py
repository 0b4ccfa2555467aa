from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn import plots


def found(height=40, width=60, method="grad_cam", overlaid=True, label="cat"):
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        image=rng.random((height, width, 3)), heatmap=rng.random((5, 6)), method=method,
        label=label, probability=0.875, overlaid=overlaid,
    )  # fmt: skip


def test_a_photo_and_its_maps_have_titles():
    figure = plots.explanations([found(), found(method="occlusion")], note="by a/b")
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["cat: 87.5%", "Grad-CAM", "occlusion"]
    assert figure.get_supxlabel() == "by a/b"


@pytest.mark.parametrize(("width", "below"), [(40, False), (79, False), (81, True), (200, True)])
def test_panels_are_below_each_other_for_photos_wider_than_two_to_one(width, below):
    figure = plots.explanations([found(40, width)])
    figure.canvas.draw()
    photo, heatmap = (ax.get_position() for ax in figure.axes)
    assert (heatmap.y1 <= photo.y0) == below
    assert (heatmap.x0 >= photo.x1) != below


@pytest.mark.parametrize(("height", "width"), [(1, 300), (300, 1)])
@pytest.mark.parametrize("rows", [1, 3])
def test_the_thinnest_photos_have_panels(height, width, rows):
    """matplotlib warns, which is an error here, if nothing is left of an axes."""
    with plots.style("paper"):
        figure = plots.explanations([[found(height, width)]] * rows, note="by a/b")
        figure.canvas.draw()
    plt.close(figure)


def test_a_row_for_each_photo():
    rows = [[found(label=label), found(method="saliency", overlaid=False)] for label in "ab"]
    figure = plots.explanations(rows)
    assert len(figure.axes) == 6
    assert [figure.axes[i].get_title() for i in (0, 3)] == ["a: 87.5%", "b: 87.5%"]
    assert figure.get_figheight() > 1.5 * plots.explanations(rows[:1]).get_figheight()


def test_maps_of_places_lie_over_the_photo_and_those_of_pixels_stand_alone():
    figure = plots.explanations([found(), found(method="saliency", overlaid=False)])
    assert [len(ax.images) for ax in figure.axes] == [1, 2, 1]
    assert figure.axes[2].images[0].get_cmap().name == "gray"


@pytest.mark.parametrize(("height", "width"), [(40, 60), (300, 60), (40, 200)])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_words_cover_each_other(height, width, lang, overlapping):
    with plots.style("slides", lang=lang):
        name = "앵클부츠" if lang == "ko" else "a label_with $ and a long name"
        methods = ("grad_cam", "integrated_gradients", "guided_backprop")
        row = [found(height, width, method, label=name) for method in methods]
        figure = plots.explanations(
            row, note="computed by vgg16/cifar10 instead of the requested network"
        )
        assert list(overlapping(figure)) == []


def test_names_are_shown_as_they_are_written():
    figure = plots.explanations([found(label="a_$b$")])
    assert not figure.axes[0].title.get_parse_math()


@pytest.mark.parametrize("rows", [[], [[]], [[found()], [found(), found()]]])
def test_rows_that_do_not_match(rows):
    with pytest.raises(ValueError, match="rows must contain explanations, the same number"):
        plots.explanations(rows)
    plt.close("all")
