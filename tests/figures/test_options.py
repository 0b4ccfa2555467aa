"""The lecturer's own numbers: which options figures have, and what they refuse."""

import re
from typing import Literal

import numpy as np
import pytest
from matplotlib import pyplot as plt

import kerascnn as kc
from kerascnn.figures import _options


def example(
    step: int | None = None,
    *,
    count: int = 2,
    padding: _options.Whole = 0,
    share: float = 0.5,
    strides: tuple[int, ...] = (1, 2),
    mode: Literal["max", "mean"] = "max",
    kernel: np.ndarray = np.eye(2),  # noqa: B008
    signal: np.ndarray = np.ones(3),  # noqa: B008
    photo: np.ndarray | None = None,
    network: object = None,
):
    """A figure for the tests."""


KNOWN = _options.options_of(example)


def test_options_are_the_keyword_only_parameters():
    kinds = {name: option.kind for name, option in KNOWN.items()}
    assert kinds == {
        "count": "count", "padding": "count", "share": "number", "strides": "counts",
        "mode": "choice", "kernel": "array", "signal": "array", "photo": "photo",
        "network": "network",
    }  # fmt: skip
    assert KNOWN["mode"].choices == ("max", "mean")
    assert (KNOWN["count"].least, KNOWN["padding"].least) == (1, 0)


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        ("count", "3", 3),
        ("padding", "0", 0),
        ("share", "-0.25", -0.25),
        ("strides", "1,2,4", (1, 2, 4)),
        ("strides", "3", (3,)),
        ("mode", "mean", "mean"),
        ("kernel", "1,0;0.5,-1", [[1, 0], [0.5, -1]]),
        ("kernel", "7", [[7]]),
        ("signal", "1,2,3,4", [1, 2, 3, 4]),
    ],
)
def test_words_of_the_command_line(name, word, value):
    np.testing.assert_array_equal(KNOWN[name].read(word), value)


def test_whole_numbers_stay_whole(tmp_path):
    """Formulas show 3·1, not 3.0·1.0, also of a file with points."""
    (tmp_path / "k.csv").write_text("\ufeff1.0, 0\n\n0,-1\n", "utf-8")  # as spreadsheets write it
    kernel = KNOWN["kernel"].read(str(tmp_path / "k.csv"))
    assert kernel.dtype.kind == "i"
    np.testing.assert_array_equal(kernel, [[1, 0], [0, -1]])


@pytest.mark.parametrize(
    ("name", "word", "line"),
    [
        ("count", "0", "count must be a whole number of at least 1; received 0."),
        ("count", "two", "count must be a whole number; received 'two'."),
        ("padding", "-1", "padding must be a whole number of at least 0; received -1."),
        ("share", "half", "share must be a number; received 'half'."),
        ("strides", "1;2", "strides must be whole numbers separated by commas"),
        ("mode", "maximum", "mode must be one of 'max', 'mean'; received 'maximum'. Did you mean"),
        ("kernel", "1,x;0,1", "kernel must be numeric; row 1 in '1,x;0,1' has 'x'."),
        ("kernel", "1,0;1", "row 1 has 2 numbers and row 2 has 1."),
        ("kernel", "1,nan", "kernel must be finite;"),
        ("kernel", ",".join("1" * 13), "kernel must have at most 12 rows and columns"),
        ("signal", "1,2;3,4", "signal must be numbers in a row, (N,); received shape (2, 2)."),
    ],
)
def test_values_that_are_none(name, word, line):
    with pytest.raises(ValueError, match=re.escape(line)) as error:
        KNOWN[name].read(word)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"1,2\n3,four\n", "kernel must be numeric; row 2 in 'k.csv' has 'four'."),
        (b"1,2\n3\n", "rows of equal length; in 'k.csv' row 1 has 2 numbers and row 2 has 1."),
        (b"", "kernel must contain numbers; there are none in 'k.csv'."),
        (b"1,\n", "kernel must be numeric; row 1 in 'k.csv' has ''."),
        (b"\xff\xfe1", "kernel must be a CSV file in UTF-8"),
    ],
)
def test_files_with_words(content, line, tmp_path):
    (tmp_path / "k.csv").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(line)):
        KNOWN["kernel"].read(str(tmp_path / "k.csv"))


def test_a_file_that_is_not_there():
    with pytest.raises(OSError, match=r"there is no file 'k\.csv'"):
        KNOWN["kernel"].read("k.csv")


def test_values_of_another_type():
    for name, value in (("kernel", [["a"]]), ("network", "vgg16")):
        with pytest.raises(TypeError, match=f"{name} must be"):
            KNOWN[name].checked(value)
    with pytest.raises(ValueError, match="kernel must be rows of numbers"):
        KNOWN["kernel"].checked([[1, 2], [3]])
    with pytest.raises(ValueError, match="picture must be one RGB image"):
        KNOWN["photo"].checked(np.zeros((4, 4)))


def test_unknown_options_list_those_of_the_figure():
    with pytest.raises(ValueError, match=r"'sliding-window' must be one of 'image', 'kernel', .*"
                                         r"Did you mean 'stride'"):  # fmt: skip
        kc.figures.render("sliding-window", strid=2)
    with pytest.raises(ValueError, match="figure 'overfitting' has no options; received 'stride'"):
        kc.figures.render("overfitting", stride=2)


def test_an_annotation_that_no_option_has():
    def wrong(*, name: str = "x"):
        """A figure with an option that is a text."""

    with pytest.raises(TypeError, match="the option 'name' of a figure must not be"):
        _options.options_of(wrong)


# Figures with options: the numbers and words that are shown follow.


@pytest.fixture
def words(texts):
    """Draw a figure with options; give its words, alt text included."""

    def draw(name, **options):
        figure = kc.figures.render(name, **options)
        shown = " ".join(" ".join(text.get_text().split()) for text in texts(figure))
        plt.close(figure)
        return f"{shown} {' '.join(kc.figures.lecture_figure(name).words(**options))}"

    return draw


def test_sliding_window_of_other_numbers(words):
    image, kernel = np.arange(16).reshape(4, 4), np.array([[1, -1], [0, 2]])
    shown = words("sliding-window", image=image, kernel=kernel, stride=2)
    assert "0·1 + 1·(−1) + 4·0 + 5·2 = 9" in shown
    assert "A 2×2 kernel slides over a 4×4 image in 4 steps" in shown
    assert "the 2×2 output" in shown
    assert kc.figures.lecture_figure("sliding-window").steps(image=image, kernel=kernel) == 9


def test_strides_of_other_numbers(words):
    shown = words("stride", size=9, kernel=4, strides=(2, 5), padding=1)
    for part in (
        "(9 − 4 + 2·1) / 2 + 1 = 4.5",
        "(9 − 4 + 2·1) / 5 + 1 = 2.4",
        "gives 4, 2 outputs",
    ):
        assert part in shown


def test_padding_of_other_numbers(words):
    shown = words("zero-padding", size=8, kernels=(3, 4), stride=3)
    for part in ("(3 − 1) / 2 = 1", "F = 4: 1 before, 2 after", "stride 3: 1 before, 1 after"):
        assert part in shown


PHOTO = np.random.default_rng(0).random((40, 60, 3))


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("max-pooling", {"image": np.arange(9).reshape(3, 3), "stride": 1}, ["3×3", "4, 5, 7, 8"]),
        ("average-pooling", {"image": [[1, 2], [3, 6]]}, ["(1 + 2 + 3 + 6) / 4 = 3", "means 3."]),
        ("dilation", {"size": 12, "kernel": 4, "rates": (2, 3)}, ["7×7", "10×10", "16 taps"]),
        ("transposed-convolution", {"kernel": [[1, 5]], "stride": 3}, ["20", "of 4×5"]),
        ("correlation-or-convolution", {"kernel": [[1, 0], [0, 7]]}, ["7", "180°"]),
        (
            "curve-detector",
            {"kernel": [[1, 2]], "matching": [[3, 4]], "other": [[0, -1]]},
            ["4·2 + 3·1 = 11", "(−1)·2 = −2", "it is −2"],
        ),
        ("translation-equivariance", {"photo": PHOTO, "shift": 5}, ["5 pixels", "border: 0"]),
        (
            "backward-convolution",
            {"image": np.eye(3), "kernel": [[1, 2]]},
            ["A 3×3 input, a 1×2 kernel", "3×2 output"],
        ),
        ("convolution-as-a-matrix", {"signal": [1, 2, 3], "weights": [0, 1]}, ["2×3"]),
        (
            "volume-quiz",
            {"size": 224, "kernel": 7, "stride": 2, "padding": 3, "filters": 64},
            ["(224 − 7 + 2·3) / 2 + 1 = 112.5 → 112", "= 9,472", "112×112×64"],
        ),
        ("kernel-size", {"sizes": (2, 4), "channels": 10}, ["400", "1,600", "side 2, 4"]),
        ("overlapping-and-global-pooling", {"window": 2, "stride": 1}, ["6, 6, 5, 1", "2.76"]),
        ("up-sampling", {"image": [[1, 9, 0, 0], [0, 0, 5, 0]]}, ["9, 5", "8"]),
        ("checkerboard", {"kernels": (5,), "stride": 3}, ["5×5, stride 3", "1 2 4 times"]),
        ("computational-graph", {"a": 3.0, "b": -4.0}, ["$q$ = −12", "$f$ = −9", "b = −4"]),
        ("kernels-on-a-photo", {"photo": PHOTO}, ["photo"]),
        ("pooled-photo", {"photo": PHOTO}, ["128×128×3", "16×16×3"]),
        ("linear-cascade", {"photo": PHOTO}, ["one kernel of 5×5"]),
        ("zero-padding", {"photo": PHOTO}, ["128×128 → 114×114"]),
    ],
)
def test_figures_of_other_numbers(name, options, parts, words):
    shown = words(name, **options)
    assert [part for part in parts if part not in shown] == []


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("sliding-window", {"kernel": np.eye(6)}, "kernel must fit into the input"),
        ("sliding-window", {"stride": 0}, "stride must be a whole number of at least 1"),
        ("stride", {"kernel": 9}, "kernel must fit into the input"),
        ("stride", {"strides": (1, 2, 3, 4, 5, 6)}, "strides must be at most 5 numbers"),
        ("stride", {"size": 30}, "size must be at most 20"),
        ("max-pooling", {"window": 5}, "kernel must fit into the input"),
        ("correlation-or-convolution", {"kernel": [[1, 0], [0, 1]]}, "kernel must change"),
        ("curve-detector", {"kernel": np.eye(3)}, "matching must have the shape of the kernel"),
        ("backward-convolution", {"above": np.eye(3)}, "above must have the shape of the output"),
        ("convolution-as-a-matrix", {"image": np.ones((9, 9))}, "at most 16 windows"),
        ("convolution-as-a-matrix", {"weights": np.ones(9)}, "kernel must fit into the input"),
        ("volume-quiz", {"kernel": 3}, "size, that of the input, must be given"),
        ("up-sampling", {"image": np.ones((3, 4))}, "image must have an even number of rows"),
        ("translation-equivariance", {"shift": 64}, "shift must be less than half"),
    ],
)
def test_values_that_do_not_fit_write_nothing(name, options, line, tmp_path):
    with pytest.raises(ValueError, match=line) as error:
        kc.figures.draw(name, out=tmp_path / "new", **options)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "new").exists()
