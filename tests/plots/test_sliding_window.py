import itertools
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from kerascnn import plots
from kerascnn.plots import sliding_window

# the course's example, and what it gives
IMAGE = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
KERNEL = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
OUTPUT = [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
VALUES = [[29, 15, 28, 184], [0, 100, 70, 38], [12, 12, 7, 2], [12, 12, 45, 6]]


def windows(ax):
    return [patch for patch in ax.patches if patch.get_gid() == "window"]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_formula_has_the_numbers_of_the_step():
    ax = sliding_window(IMAGE, KERNEL, OUTPUT, step=1)
    assert texts(ax)[-1] == "1·1 + 1·0 + 0·1 + 1·0 + 1·1 + 1·0 + 0·1 + 1·0 + 1·1 = 3"


def test_window_has_one_colour_in_input_and_output():
    inside, result = windows(sliding_window(IMAGE, KERNEL, OUTPUT, step=5))
    assert inside.get_bbox().bounds == (2, 1, 3, 3)
    assert result.get_bbox().size.tolist() == [1, 1]
    assert to_hex(inside.get_edgecolor()) == to_hex(result.get_edgecolor())


def test_later_values_are_blank():
    first = texts(sliding_window(IMAGE, KERNEL, OUTPUT, step=0))
    last = texts(sliding_window(IMAGE, KERNEL, OUTPUT, step=8))
    shown = texts(sliding_window(IMAGE, KERNEL, OUTPUT, step=0, show_all=True))
    assert len(last) - len(first) == 8
    assert len(shown) == len(last)


def test_all_steps_have_the_same_limits_and_sizes():
    frames = []
    for step in range(9):
        ax = sliding_window(IMAGE, KERNEL, OUTPUT, step=step)
        ax.figure.canvas.draw()
        frames.append((ax.get_xlim(), ax.get_ylim(), ax.texts[-1].get_fontsize()))
        plt.close(ax.figure)
    assert len(set(frames)) == 1


def test_names_are_in_the_picture_and_can_be_replaced():
    assert {"input", "kernel", "output"} <= set(texts(sliding_window(IMAGE, KERNEL, OUTPUT)))
    ax = sliding_window(IMAGE, KERNEL, OUTPUT, labels={"kernel": "Gabor"})
    assert "Gabor" in texts(ax)
    assert "kernel" not in texts(ax)


def test_padding_is_drawn_and_the_column_that_is_never_seen_is_crossed_out():
    image = np.ones((3, 3), np.uint8)
    ax = sliding_window(image, np.ones((2, 2)), [[1, 2], [2, 4]], stride=2, padding=1)
    assert len([p for p in ax.patches if p.get_gid() == "padding"]) == 16
    assert len([line for line in ax.lines if line.get_gid() == "dropped"]) == 2 * 9


def test_small_integers_do_not_wrap_around():
    image = np.full((2, 2), 200, np.uint8)
    kernel = np.full((2, 2), 2, np.uint8)
    ax = sliding_window(image, kernel, [[1600]])
    assert texts(ax)[-1].endswith("= 1600")


def test_poolings():
    ax = sliding_window(VALUES, "max", [[100, 184], [12, 45]], stride=2, step=1)
    assert texts(ax)[-1] == "max(28, 184, 70, 38) = 184"
    ax = sliding_window(VALUES, "mean", [[36, 80], [12, 15]], stride=2, step=0)
    assert texts(ax)[-1] == "(29 + 15 + 0 + 100) / 4 = 36"
    ax = sliding_window(np.arange(25).reshape(5, 5), "max", [[12, 14], [22, 24]], stride=2, pool=3)
    assert windows(ax)[0].get_bbox().bounds == (0, 0, 3, 3)


def test_the_output_is_computed():
    ax = sliding_window(IMAGE, KERNEL, stride=2, step=3)
    assert texts(ax)[-1].endswith("= 4")
    assert windows(ax)[0].get_bbox().bounds == (2, 2, 3, 3)
    ax = sliding_window(VALUES, "max", step=3)  # 2x2, stride 2, as Keras's
    assert texts(ax)[-1] == "max(7, 2, 45, 6) = 45"
    ax = sliding_window(VALUES, "average", pool=4)
    assert texts(ax)[-1].endswith("12 + 12 + 45 + 6) / 16 = 35.75")


@pytest.mark.parametrize("name", ["avg", "average", "mean"])
def test_names_of_the_mean(name):
    assert texts(sliding_window(VALUES, name))[-1] == "(29 + 15 + 0 + 100) / 4 = 36"


def test_fractions_stay_fractions():
    """A mean over 3x3, as floats of two sizes and as fractions."""
    for ninth in (1 / 9, np.float32(1 / 9), Fraction(1, 9)):
        ax = sliding_window(IMAGE, np.full((3, 3), ninth))
        assert texts(ax).count("1/9") == 9
        assert texts(ax)[-1].startswith("1·1/9 + 1·1/9 + ")
        assert texts(ax)[-1].endswith(" ≈ 0.667")
    binomial = np.outer([1, 2, 1], [1, 2, 1]) / 16
    assert {"1/16", "1/8", "1/4"} <= set(texts(sliding_window(IMAGE, binomial)))
    assert "0.5" in texts(sliding_window(IMAGE, [[0.5, 0.25]]))


def test_digits_are_few(rng):
    ax = sliding_window(rng.random((4, 4)), rng.normal(size=(2, 2)))
    ax.figure.canvas.draw()
    assert max(len(text.strip("×−")) for text in texts(ax)[:-1] if text[-1].isdigit()) <= 5


@pytest.mark.parametrize("side", [5, 7, 11])
def test_the_formula_can_be_read_for_any_kernel(side, rng):
    """At least half as large as the numbers in the cells, in at most four lines."""
    image, kernel = rng.integers(0, 256, (side + 2, side + 2)), rng.integers(-9, 10, (side, side))
    ax = sliding_window(image, kernel)
    ax.figure.canvas.draw()
    cell, formula = ax.texts[0].get_fontsize(), ax.texts[-1].get_fontsize()
    assert formula > 0.5 * cell
    assert texts(ax)[-1].count("\n") < 4
    assert texts(ax)[-1].endswith(f"= {np.sum(image[:side, :side] * kernel)}".replace("-", "−"))


def test_texts_do_not_overlap():
    for name in ("slides", "paper", "gray"):  # the dark ones are laid out as the slides
        with plots.style(name):
            ax = sliding_window(IMAGE, KERNEL, OUTPUT, step=4)
            ax.figure.canvas.draw()
        # digits have no descenders: the lowest part of each box is empty
        boxes = [text.get_window_extent() for text in ax.texts]
        boxes = [box.padded(-0.15 * box.height) for box in boxes]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


@pytest.mark.parametrize(
    ("kernel", "output", "options", "message"),
    [
        (KERNEL, [[4]], {}, r"output must have shape \(3, 3\)"),
        (KERNEL, np.zeros((3, 3)), {}, r"output\[0, 0\] must be 4"),
        (KERNEL, OUTPUT, {"step": 9}, "step must be 0 … 8"),
        (KERNEL, OUTPUT, {"stride": 0}, "stride"),
        ("man", OUTPUT, {}, "Did you mean"),
        ("max", OUTPUT, {"padding": 1}, "padding must be 0"),
        (np.ones((6, 1)), None, {}, "kernel must fit into the input, 5×5 .* window of 6×1"),
    ],
)
def test_bad_input(kernel, output, options, message):
    with pytest.raises(ValueError, match=message):
        sliding_window(IMAGE, kernel, output, **options)


def test_padding_in_the_words_of_keras():
    image = np.arange(25).reshape(5, 5)

    def cells(**options):
        ax = sliding_window(image, np.ones((3, 3)), show_all=True, **options)
        count = len([p for p in ax.patches if p.get_gid() == "padding"])
        plt.close(ax.figure)
        return count

    assert cells(padding="same") == cells(padding=1) == 49 - 25
    assert cells(padding="same", stride=2) == 49 - 25  # (3 − 1)·2 + 3 − 5 = 2
    assert cells(padding="valid") == 0
    for kernel, options, line in (
        (np.ones((2, 2)), {"padding": "same"}, "adds 1 rows and 1 columns"),
        (np.ones((3, 1)), {"padding": "same"}, "adds 2 rows and 0 columns"),
        (np.ones((3, 3)), {"padding": "smae"}, "Did you mean 'same'"),
        (np.ones((3, 3)), {"padding": 0.5}, "padding must be a whole number of at least 0"),
        ("max", {"stride": 0}, "pool must be a whole number of at least 1; received 0"),
        ("max", {"pool": 2, "stride": 0}, "stride must be a whole number of at least 1"),
    ):
        with pytest.raises(ValueError, match=line):
            sliding_window(image, kernel, **options)
