import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from kerascnn import metrics
from kerascnn.plots import boxes, class_map, precision_recall, window_colors

IMAGE = np.full((10, 20, 3), 0.5)
NAMES = ["cat", "dog", "owl"]
FOUND = [[2, 0.75, 0.5, 0.5, 0.2, 0.4], [0, 0.5, 0.9, 0.05, 0.2, 0.1]]


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_boxes_lie_where_they_should_and_the_best_name_is_on_top():
    truth = [[1, 0.25, 0.5, 0.5, 1], [-1, 0, 0, 0, 0]]
    ax = boxes(IMAGE, FOUND, class_names=NAMES, truth=truth)
    places = [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in ax.patches]
    np.testing.assert_allclose(places, [(0, 0, 10, 10), (8, 3, 4, 4), (16, 0, 4, 1)])
    assert [text.get_text() for text in ax.texts] == ["owl 0.75", "cat 0.50"]
    assert ax.texts[0].zorder > ax.texts[1].zorder
    colors = [to_hex(patch.get_edgecolor()).upper() for patch in ax.patches]
    assert colors == [window_colors(3)[k] for k in (1, 2, 0)]
    assert ax.patches[0].get_linestyle() != ax.patches[1].get_linestyle()


def test_labels_without_scores():
    ax = boxes(IMAGE, np.delete(FOUND, 1, axis=1))
    assert {text.get_text() for text in ax.texts} == {"2", "0"}
    assert not boxes(IMAGE, []).patches


def test_names_stay_inside_the_image():
    for place in ([0.05, 0.05], [0.95, 0.05], [0.05, 0.95], [0.95, 0.95]):
        ax = boxes(IMAGE, [[0, 0.9, *place, 0.1, 0.1]], class_names=["a long name"])
        ax.figure.canvas.draw()
        (text,) = ax.texts
        box, room = text.get_window_extent(), ax.get_window_extent()
        assert box.x0 > room.x0 - 2
        assert box.x1 < room.x1 + 2
        assert box.y0 > room.y0 - 2
        assert box.y1 < room.y1 + 2


def test_names_of_two_boxes_at_one_place_are_both_legible():
    ax = boxes(np.zeros((64, 64)), [[0, 0.9, 0.4, 0.5, 0.3, 0.3], [1, 0.8, 0.41, 0.5, 0.3, 0.3]])
    ax.figure.canvas.draw()
    first, second = (text.get_window_extent() for text in ax.texts)
    assert not first.overlaps(second)


def test_the_class_of_each_cell():
    scores = np.zeros((2, 2, 3))
    scores[0, 1, 2] = scores[1, 0, 1] = 1
    ax = class_map(IMAGE, scores, class_names=NAMES)
    assert [text.get_text() for text in ax.texts] == ["0", "2", "1", "0"]
    np.testing.assert_allclose(ax.patches[1].get_xy(), (10, 0))
    assert to_hex(ax.patches[1].get_facecolor()).upper() == window_colors(3)[2]
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["0: cat", "1: dog", "2: owl"]
    assert len(class_map(IMAGE, [[-1, 0, -1]]).patches) == 1


def test_precision_over_recall():
    labels = [[[0, *row[2:]] for row in FOUND]]
    right = [[[0, 0.9, *FOUND[0][2:]], [0, 0.8, 0.1, 0.1, 0.1, 0.1]]]
    curve = metrics.precision_recall(labels, right, 0)
    ax = precision_recall({"cat": curve}, average=[0.5])
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xdata(), [0, 0.5, 0.5])
    np.testing.assert_allclose(line.get_ydata(), [1, 1, 0.5])
    assert ax.get_legend().get_texts()[0].get_text() == "cat 0.50"
    many = precision_recall([curve] * 8).lines  # in the colors of the boxes, each line its own
    assert [line.get_color() for line in many] == window_colors(8)
    assert len({(line.get_color(), line.get_linestyle()) for line in many}) == 8
    none = metrics.precision_recall(labels, [[]], 0)
    ax = precision_recall([curve, none], average=[0.5, np.nan])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0 0.50", "1 –"]


def test_every_look(look):
    boxes(IMAGE, FOUND, class_names=NAMES).figure.canvas.draw()
    class_map(IMAGE, [[0, 2]], class_names=NAMES).figure.canvas.draw()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: boxes(IMAGE, [[0, 1, 2]]), "found must have 5 or 6 columns"),
        (lambda: boxes(IMAGE, [[0, 1, 0.5, 0.5, -1, 1]]), "width and height of at least 0"),
        (lambda: boxes(IMAGE, [[0, 0.9, 12, 5, 8, 4]]), "received 5 to 12: divide pixels by"),
        (lambda: boxes(IMAGE, [[0.9, 0, 0.5, 0.5, 1, 1]]), "start with whole numbers, the classes"),
        (lambda: boxes(IMAGE, FOUND, class_names=["cat"]), "name each class, up to 2"),
        (lambda: boxes(IMAGE * 255, FOUND), "before preprocessing"),
        (lambda: class_map(IMAGE, [0, 1]), r"classes must be \(h, w\)"),
        (lambda: class_map(IMAGE, [[0.7, 0]]), "classes must be whole numbers"),
        (lambda: class_map(IMAGE, [[-2, 0]]), "at least -1; received -2"),
        (lambda: class_map(IMAGE, [[5]], class_names=NAMES), "up to 5"),
        (lambda: class_map(IMAGE, [[0]], alpha=3), "alpha"),
        (lambda: precision_recall([]), "at least one curve"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
