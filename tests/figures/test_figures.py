"""Each figure shows the numbers of the lectures, and no word covers another."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import kerascnn as kc
from kerascnn.figures import architectures, convolution, looking_inside, pooling

EXPECTED = {  # texts that must stand in the figure: from the lecture map and its errata
    "sliding-window": ["1·1 + 1·0 + 1·1 + 0·0 + 1·1 + 1·0 + 0·1 + 0·0 + 1·1 = 4"],
    "stride": [
        "(7 − 3) / 1 + 1 = 5", "/ 2 + 1 = 3", "/ 3 + 1 = 2.33", "floors to 2", "/ 4 + 1 = 2",
    ],
    "zero-padding": [
        "(3 − 1) / 2 = 1", "(5 − 1) / 2 = 2", "(7 − 1) / 2 = 3", "0 before, 1 after",
        "128×128 → 114×114", "128×128 → 128×128",
    ],
    "max-pooling": ["100", "184", "45"],
    "average-pooling": ["36", "80", "(29 + 15 + 0 + 100) / 4 = 36"],
    "lenet5": ["61,706", "28×28", "5×5"],
    "lenet5-1998": ["60,000", "340,908", "151,600", "1,516"],
    "alexnet": [
        "227 → 55×55×96", "34,848 weights + 96 biases", "62,378,344", "54.25", "3.75 M", "2.33 M",
        "58.6 M",
    ],
    "vgg16-beside-alexnet": ["8 weighted", "16 weighted", "138.4 M", "19 weighted", "143.7 M"],
    "vgg16-memory": ["138,357,544", "102,764,544", "15.2 M values, 61 MB", "24 M and 96 MB"],
    "overfitting": ["150 digits", "180 by other writers"],
    "first-layer-filters": ["c1: 6 × 5×5×1", "c3: 16 × 5×5×6"],
    "activation-maps": ["c1: 28×28×6", "c3: 10×10×16", "predictions: 10"],
    "grad-cam": ["layer s4"],
    "deconvnet-and-patches": ["block1_conv2", "block3_conv3", "the 9 strongest patches"],
    "methods-compared": ["integrated gradients", "Score-CAM", "the logit of class cat"],
    "sanity-check": ["as trained", "… and c1", "guided backpropagation", "over ten digits"],
    "maximized-units": ["block1_conv1", "block4_conv3", "airplane", "truck"],
    "deep-dream": ["octave 1", "octave 4", "guided"],
    "style-transfer": ["content", "style", "step 5", "step 100"],
    "feature-inversion": ["block1_conv2", "block5_conv3"],
}  # fmt: skip


@pytest.fixture(scope="module")
def drawn():
    """Draw each figure once for all tests."""
    from matplotlib import pyplot as plt

    cache = {}

    def draw(name, lang="en", style="slides"):
        key = name, lang, style
        if key not in cache:
            cache[key] = kc.figures.render(name, lang=lang, style=style)
            plt.close(cache[key])  # the manager goes, the drawing stays
            FigureCanvasAgg(cache[key])
        return cache[key]

    return draw


def test_every_figure_is_expected_here():
    assert set(kc.figures.names()) >= set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_numbers_of_the_lectures(name, drawn, texts):
    words = " ".join(" ".join(t.get_text().split()) for t in texts(drawn(name)))
    for expected in EXPECTED[name]:
        assert expected in words


@pytest.mark.parametrize("name", kc.figures.names())
def test_no_word_covers_another(name, drawn, overlapping):
    assert list(overlapping(drawn(name))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", kc.figures.names())
@pytest.mark.parametrize(("lang", "style"), [("es", "slides"), ("ko", "slides"), ("en", "paper")])
def test_no_word_covers_another_elsewhere(name, lang, style, drawn, overlapping):
    try:
        figure = drawn(name, lang, style)
    except OSError as error:
        pytest.skip(f"no Korean font here: {error}")
    assert list(overlapping(figure)) == []


@pytest.mark.parametrize("name", kc.figures.names())
def test_alt_text_is_one_sentence(name):
    recipe = kc.figures.recipes()[name]
    assert recipe.alt.endswith(".")
    assert ". " not in recipe.alt
    assert recipe.function.__doc__


# The computations behind them


def test_sliding_window_computes_the_lecture():
    output = convolution.correlate(convolution.IMAGE, convolution.KERNEL)
    np.testing.assert_array_equal(output, [[4, 3, 4], [2, 4, 3], [2, 3, 4]])


def test_pooling_computes_the_lecture():
    np.testing.assert_array_equal(pooling.pool(pooling.FIRST, "max"), [[100, 184], [12, 45]])
    np.testing.assert_array_equal(pooling.pool(pooling.SECOND, "max"), [[6, 8], [3, 4]])
    np.testing.assert_array_equal(pooling.pool(pooling.FIRST, "mean"), [[36, 80], [12, 15]])


def test_frames_stand_still(drawn):
    """All steps have the same limits, so that the animation does not jitter."""
    recipe = kc.figures.recipes()["sliding-window"]
    with kc.plots.style("slides"):
        frames = [recipe.function(step=step) for step in range(recipe.frames)]
    limits = {(frame.axes[0].get_xlim(), frame.axes[0].get_ylim()) for frame in frames}
    assert len(limits) == 1
    titles = [frame.get_suptitle() for frame in frames]
    assert titles == [f"Step {i} of 9" for i in range(1, 10)]


def test_overfitting_is_real(drawn):
    training, validation = drawn("overfitting").axes[1].get_lines()[:2]
    assert training.get_ydata()[-1] > 0.99
    assert validation.get_ydata()[-1] < training.get_ydata()[-1] - 0.1


def test_networks_are_described_once():
    assert architectures.built("lenet5") is architectures.built("lenet5")


def test_the_digits_of_the_figures_are_read_rightly():
    model = looking_inside.trained()
    classes = (0, 1, 2, 3, 4)
    predicted = model.predict(looking_inside.digit_images(*classes), verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(predicted, classes)
