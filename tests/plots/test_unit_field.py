import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn.plots import unit_field

IMAGE = np.zeros((20, 30))


def bounds(ax):
    return [patch.get_bbox().bounds for patch in ax.patches]


def test_boxes_lie_where_they_are_and_may_leave_the_image():
    ax = unit_field(IMAGE, {"a": ((-4, 6), (25, 33)), "b": ((5, 7), (1, 2))}, title="x")
    assert bounds(ax) == [(25, -4, 8, 10), (1, 5, 1, 2)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    (right, left), (bottom, top) = sorted(ax.get_xlim())[::-1], sorted(ax.get_ylim())[::-1]
    assert right >= 33 > 0 >= left
    assert bottom >= 20 > -4 >= top
    plt.close(ax.figure)


def test_the_effective_field_is_laid_over_the_image():
    heat = np.zeros((20, 30))
    heat[3, 4] = 2
    ax = unit_field(IMAGE, ((0, 5), (0, 8)), effective=heat)
    drawn = ax.images[1]
    assert drawn.get_extent() == [0, 30, 20, 0] or tuple(drawn.get_extent()) == (0, 30, 20, 0)
    assert np.unravel_index(np.argmax(drawn.get_array()), heat.shape) == (3, 4)
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"field": ((5, 0), (0, 1))}, "in increasing order"),
        ({"field": (0, 1)}, "field must be"),
        ({"field": {}}, "at least one box"),
        ({"field": ((0, 1), (0, 1)), "effective": np.ones((2, 2))}, r"size, \(20, 30\)"),
        ({"field": ((0, 1), (0, 1)), "effective": -np.ones((20, 30))}, "non-negative"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        unit_field(IMAGE, **arguments)
    plt.close("all")
