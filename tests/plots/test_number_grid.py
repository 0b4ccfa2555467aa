import numpy as np
import pytest
from matplotlib.colors import to_hex

from kerascnn import plots
from kerascnn.plots import number_grid


def numbers(ax):
    """Return text -> position of its middle."""
    return {text.get_text(): text.get_position() for text in ax.texts}


def windows(ax):
    return [patch for patch in ax.patches if patch.get_gid() == "window"]


def test_numbers_stand_in_their_cells():
    ax = number_grid([[1, 2, 3], [4, 5, -6]], origin=(10, 20), cell=2)
    assert numbers(ax) == {
        "1": (11, 21),
        "2": (13, 21),
        "3": (15, 21),
        "4": (11, 23),
        "5": (13, 23),
        "−6": (15, 23),
    }
    assert ax.yaxis_inverted()  # row 0 on top


def test_numbers_keep_to_their_cells_and_share_one_size():
    ax = number_grid([[1, 184], [-1234, 0]])
    ax.figure.canvas.draw()
    width = abs(np.subtract(*ax.transData.transform([(0, 0), (1, 0)])[:, 0]))
    assert all(text.get_window_extent().width < width for text in ax.texts)
    assert len({round(text.get_fontsize(), 6) for text in ax.texts}) == 1
    small = ax.texts[0].get_fontsize()
    ax.figure.set_size_inches(20, 15)
    ax.figure.canvas.draw()
    assert ax.texts[0].get_fontsize() > 2 * small  # they grow with the figure


def test_masked_cells_are_blank():
    values = np.ma.array([[1.0, np.nan]], mask=[[False, True]])
    assert list(numbers(number_grid(values))) == ["1"]
    assert not number_grid(np.ma.masked_all((7, 7))).texts


def test_window_is_outlined_and_tinted():
    ax = number_grid(np.zeros((4, 4)), highlight=[(1, 2, 2, 2)])
    (window,) = windows(ax)
    assert window.get_bbox().bounds == (2, 1, 2, 2)
    assert to_hex(window.get_edgecolor()) == plots.role_color("window").lower()
    cells = [patch for patch in ax.patches if patch.get_width() == 1]
    tinted = {(p.get_y(), p.get_x()) for p in cells if to_hex(p.get_facecolor()) != "#ffffff"}
    assert tinted == {(1, 2), (1, 3), (2, 2), (2, 3)}


def test_windows_have_their_own_colours_and_overlapping_ones_both_show():
    ax = number_grid(np.zeros((3, 3)), highlight={(0, 0, 2, 2): "kernel", (0, 1, 2, 2): "#ff0000"})
    first, second = windows(ax)
    assert to_hex(first.get_edgecolor()) == plots.role_color("kernel").lower()
    assert to_hex(second.get_edgecolor()) == "#ff0000"
    assert second.get_height() < first.get_height()


def test_a_window_beyond_the_grid_is_in_view():
    ax = number_grid(np.zeros((3, 3)), highlight=[(0, 2, 3, 3)])
    assert ax.get_xlim()[1] >= 5


def test_padding_is_hatched_and_dropped_cells_are_crossed_out():
    crossed = np.zeros((5, 5), bool)
    crossed[:, 4] = True
    ax = number_grid(np.zeros((5, 5)), hatch=1, crossed=crossed)
    hatched = [patch for patch in ax.patches if patch.get_gid() == "padding"]
    assert len(hatched) == 16
    assert all(patch.get_hatch() for patch in hatched)
    lines = [line for line in ax.lines if line.get_gid() == "dropped"]
    assert len(lines) == 2 * 5
    assert all(4 < x < 5 for line in lines for x in line.get_xdata())


def test_cells_coloured_by_value_have_readable_numbers():
    ax = number_grid([[0, 255]], cmap="gray", limits=(0, 255))
    assert [text.get_color() for text in ax.texts] == ["white", "black"]


def test_weights_in_the_corners_and_a_label():
    corner = np.ma.array([[3.0, 0.0]], mask=[[False, True]])
    ax = number_grid([[1, 2]], corner=corner, label="입력", fmt=lambda v: f"{v:.0f}!")
    assert [text.get_text() for text in ax.texts] == ["1!", "×3!", "2!", "입력"]


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        ([1, 2], {}, ValueError, r"\(H, W\)"),
        ([[1], [1, 2]], {}, ValueError, "unequal"),
        ([[]], {}, ValueError, "empty"),
        ([["a"]], {}, TypeError, "numbers"),
        ([[np.nan]], {}, ValueError, "1 NaN"),
        ([[1]], {"highlight": [(0, 0, 0, 1)]}, ValueError, "highlight"),
        ([[1]], {"highlight": {(0, 0, 1, 1): "windw"}}, ValueError, "Did you mean 'window'"),
        ([[1]], {"hatch": np.zeros((2, 2), bool)}, ValueError, "hatch"),
        ([[1]], {"hatch": 1}, ValueError, "inside the grid"),
        ([[1]], {"crossed": [[1]]}, ValueError, "boolean array"),
        ([[1]], {"corner": [[1, 2]]}, ValueError, "corner"),
    ],
)
def test_bad_input(values, options, error, message):
    with pytest.raises(error, match=message):
        number_grid(values, **options)
