"""Each figure shows the numbers of the lectures, and no word covers another.

Each is drawn once, in one language and style, which take turns.
"""

from contextlib import contextmanager
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg

import kerascnn as kc
from kerascnn import _text
from kerascnn.figures import (
    _computing,
    _material,
    architectures,
    explanations,
    filters_and_activations,
    generated_images,
    pooling,
    sliding_window,
)

EXPECTED = {  # texts that must stand in the figure: from the lecture map and its errata
    "sliding-window": ["1·1 + 1·0 + 1·1 + 0·0 + 1·1 + 1·0 + 0·1 + 0·0 + 1·1 = 4"],
    "stride": [
        "(7 − 3) / 1 + 1 = 5", "/ 2 + 1 = 3", "/ 3 + 1 = 2.33", "down to 2", "/ 4 + 1 = 2",
    ],
    "zero-padding": [
        "(3 − 1) / 2 = 1", "(5 − 1) / 2 = 2", "(7 − 1) / 2 = 3", "0 before, 1 after",
        "128×128 → 114×114", "128×128 → 128×128",
    ],
    "max-pooling": ["100", "184", "45"],
    "average-pooling": ["36", "80", "(29 + 15 + 0 + 100) / 4 = 36"],
    "lenet5": ["61,706", "28×28", "5×5"],
    "revolution-of-depth": ["8", "19", "22", "152", "16.4", "7.3", "6.7", "3.57"],
    "deeper-and-cheaper": ["15.5", "19.6", "11.3", "152"],
    "networks-compared": ["AlexNet, 8", "GoogLeNet, 22", "ResNet-152, 152"],
    "inception-modules": ["854 M", "271 M", "358 M", "28×28×256"],
    "googlenet": ["6,998,552", "224×224×3", "×5"],
    "fully-convolutional": ["28×196×1", "1×43×10"],
    "cell-segmentation": ["121,658", "40 images", "Dice 0.95"],
    "one-number": ["sum ", "ReLU: "],
    "shape-detection": ["989,824", "100 images", "mAP 0."],
    "weight-map": ["0.996", "3 runs", "64×64 pixels"],
    "skips-compared": ["outline error (pixels)", "3 runs", "blue: missed"],
    "fcn-skips": ["IoU of the cells", "3 runs", "96×96 pixels", "FCN-8s"],
    "skips-and-field": ["188×188 pixels", "8 images"],
    "yolo-grid": ["7×7 cells", "98 boxes", "7×7×16", "7×7×30"],
    "unet": ["572×572×1 → 388×388×2", "31,030,658", "Concatenate"],
    "fusionnet": ["512×512×1 → 512×512×1", "78,531,649", "Add"],
    "receptive-field": ["block5_conv3: 196×196", "196×196"],
    "layer-sequence": ["32×32×3", "32×32×48", "3×3×64", "CONV", "ReLU", "POOL", "FC"],
    "lenet5-1998": ["60,000", "340,908", "151,600", "1,516"],
    "alexnet": [
        "227 → 55×55×96", "34,848 weights + 96 biases", "62,378,344", "54.25", "3.75 M", "2.33 M",
        "58.6 M",
    ],
    "vgg16-beside-alexnet": ["8 weight", "16 weight", "138.4 M", "19 weight", "143.7 M"],
    "vgg16-memory": ["138,357,544", "102,764,544", "15.2 M activations, 61 MB", "24 M and 96 MB"],
    "overfitting": ["150 digits", "180 by other writers", "each of 5 runs", "Measured on"],
    "ensemble-of-seven": [
        "3 sets of 2,000 MNIST digits", "ensemble of 7",
        "18.2 % for one network, 16.4 % for five and 15.4 % for seven",
    ],  # Krizhevsky et al.'s, of ImageNet
    "training-set-size": ["100 %: 4,000 images", "25 %: 1,000 images", "weights of digit 3"],
    "permuted-pixels": ["each of 3 runs"],
    "transformed-digits": ["2,000 transformed", "0.4", "90"],
    "gradient-norms": ["after 20 steps", "each of 3 runs"],
    "degradation": ["20,000 CIFAR-10 images", "16×16", "45,000 images of 32×32", "A single run"],
    "residual-identity": ["largest difference from x: 0", "ReLU(F(x) + x)", "section 3.1"],
    "auxiliary-gradients": [
        "with 0.3 times each auxiliary loss", "8 photo crops", "each of 3 runs",
    ],
    "augmentations": ["1.1 out of 255 on average", "a standard deviation of 0.1", "section 4.1"],
    "dropout": ["61 of 128 kept", "mean of 1000 steps", "scaled by 2", "fc1"],
    "local-response-normalization": ["k = 2, n = 5, α = 0.0001, β = 0.75", "0 … 255"],
    "alexnet-recipe": ["5,000 CIFAR-10 images", "after 56 and 64 epochs", "5,530 steps"],
    "throughput": ["ResNet-20", "No GPU was available"],
    "first-layer-filters": ["c1: 6 × 5×5×1", "c3: 16 × 5×5×6"],
    "alexnet-filters": ["48 filters of 7×7×3", "96 filters are 11×11×3"],
    "activation-maps": ["c1: 28×28×6", "c3: 10×10×16", "predictions: 10"],
    "grad-cam": ["layer s4"],
    "deconvnet-and-patches": ["block1_conv2", "block3_conv3", "the 9 strongest patches"],
    "methods-compared": ["integrated gradients", "Score-CAM", "the logit of class cat"],
    "shortcut-accuracy": ["moved to the other class", "1,000 training images each of cat and"],
    "shortcut-mass": ["area of the tag: 3.5 %", "16 other methods"],
    "three-shortcuts": ["1,000 training images and 500 test", "ruler", "each of 3 runs"],
    "known-truth": ["gradient × input: 100%", "occlusion, 24×24", "RISE", "26% of the photo"],
    "clever-hans": ["horse: 99.6%", "cat: 66.5%", "guided backpropagation"],
    "same-picture": ["12 images of class cat", "another seed, same decision", "Finer-CAM"],
    "adversarial-images": ["changed by at most 2", "cat: 65%", "frog: 62%", "ship: 99%"],
    "sanity-check": ["as trained", "… and c1", "guided backpropagation", "over ten digits"],
    "maximized-units": ["block1_conv1", "block4_conv3", "airplane", "truck"],
    "deep-dream": ["octave 1", "octave 4", "guided"],
    "style-transfer": ["content", "style", "step 5", "step 100"],
    "feature-inversion": ["block1_conv2", "block5_conv3"],
    "stride-or-pooling": [
        "3.39 M multiply-adds, 61,162 parameters", "3.17 M", "8,000", "3 runs",
    ],
    "padding-or-none": ["conv6", "5.64 M", "2.31 M without", "41,662 parameters either way"],
    "activations-trained": ["a sixth"],
    "transfer-learning": ["8,000 images of airplane, automobile, bird", "fine-tuned", "of 3 runs"],
    "weights-by-connection": ["1,600,000,000", "4,000,000", "100", "16 MB"],
    "one-dimensional-picture": ["15 weights", "9 weights", "3 weights", "6 weights", "w₃"],
    "dense-matrix-beside-a-filter": ["529×200 = 105,800", "= 25 weights"],
    "correlation-or-convolution": ["180°"],
    "curve-detector": ["4·50·30 + 20·30 = 6600"],
    "kernels-on-a-photo": ["sharpen"],
    "kernel-size": ["36,864", "200,704"],  # 64² · 3², 64² · 7²
    "three-small-kernels": ["sees 7 pixels", "49 C² weights", "27 C² weights"],
    "computational-graph": ["∂f/∂b = 1 · a"],
    "gradient-check": ["1·10⁻⁶"],
    "gradient-descent": ["719 digits", "η = 0.5", "−‖∂L/∂w‖²", "·10⁻"],
    "pixel-values": ["10×10 pixels out of 64×43", "255 is white"],
    "weights-as-images": ["24×24×3 = 1,728 weights and one bias", "R² = 0.9", "(measured: 60)"],
    "perceptron": ["after 3 updates: all four correct", "after 4 updates: back at w = 0"],
    "mlp-capacity": ["1 hidden unit", "10 hidden units", "accuracy 100 %"],
    "classical-and-deep": ["392 numbers", "16 feature maps", "719 digits"],
    "backward-convolution": ["37", "47", "67", "77"],  # Σ x · ∂L/∂h: 1 + 4 + 12 + 20 = 37
    "filters-and-maps": ["28×28×1", "28×28×6", "784", "75 weights"],
    "volume-quiz": ["32×32×10", "= 760", "16×16×1", "16×16×64", "55×55×96", "= 34,944"],
    "translation-equivariance": ["away from the border: 0"],
    "convolution-as-a-matrix": ["im2col"],
    "linear-cascade": ["one kernel of 5×5", "·10"],
    "pooled-photo": ["64×64×3", "16×16×3"],
    "pooling-and-shifts": ["500 test digits"],
    "overlapping-and-global-pooling": ["2.76", "9"],
    "up-sampling": ["5.25", "8"],
    "dilation": ["3×3", "5×5", "9×9"],
    "transposed-convolution": ["13", "14", "10"],
    "checkerboard": ["3×3", "4×4"],
    "activation-functions": ["max(0, x) + b · min(0, x)"],
    "ganglion-cells": ["Kuffler 1953", "1.00", "0.80", "0.00"],
    "orientation-tuning": ["Hubel & Wiesel 1962", "within 8 pixels", "90"],
    "learned-orientation-tuning": ["43 of the 48 filters"],
    "neocognitron": ["input 0.69, S-cells 0.50, C-cells 0.87", "shifted by 2 pixels"],
    "channel-view": ["(3, 48, 64)", "(4, 3, 3, 3)", "(4, 1, 1)", "(4, 46, 62)"],
    "time-per-layer": ["1.85", "0.46", "4,096", "16,384", "65,536", "262,144", "1/64"],
    "connections-of-three-layers": ["64 weights", "36 weights", "9 weights"],
    "connection-weights": ["Layer c3, unit 3", "A_j = f", "ReLU"],
}  # fmt: skip


def percent(parts):
    return [f"{100 * part:.1f}" for part in np.ravel(parts)]


def times(norms):
    """By how much the first convolution's gradient exceeds the last's, over the runs."""
    return np.exp(np.log(norms[:, 0] / norms[:, -2]).mean())  # the last of all is the dense layer's


RECORDED = {  # numbers that must stand in the figure: computed here from what was measured
    "permuted-pixels": ("permuted_pixels", lambda r: percent(r["accuracy"].mean(axis=-1))),
    "transformed-digits": (
        "transformed_digits",
        lambda r: [
            "Shifted by 2 pixels: MLP {} %, LeNet-5 {} %".format(
                *percent(r["shift"].mean(axis=1)[:, 2])
            )
        ],
    ),
    "gradient-norms": (
        "gradient_norms",
        lambda r: [
            f"{times(r['norm_56'][0, 0]):.0f} times the last convolution's",
            f"{times(r['norm_56'][1, 0]):.1f} times in the residual",
        ],
    ),
    "degradation": (
        "degradation",
        lambda r: [
            "plain {} % and {} %, residual {} % and {} %".format(
                *percent(r["error"][:, :, 0, :, -1].mean(axis=-1))
            )
        ],
    ),
    "alexnet-recipe": (
        "alexnet_recipe",
        lambda r: [
            f"{100 * (final - r['val_accuracy'][0, :, -1].mean()):+.1f}".replace("-", "−")
            for final in r["val_accuracy"][1:, :, -1].mean(axis=1)
        ],
    ),
    "throughput": (
        "throughput",
        lambda r: [f"{rate:,.0f}" for rate in np.median(r["images_per_second"], axis=-1)[0, :, 0]],
    ),
    "stride-or-pooling": ("stride_or_pooling", lambda r: percent(r["accuracy"].mean(axis=-1))),
    "activations-trained": (
        "activation_functions",
        lambda r: [
            "Epochs needed to reach 25 %: ReLU {}; tanh {}; ".format(
                *(", ".join(f"{epochs:.0f}" for epochs in of_net) for of_net in r["needed"][:2])
            ),
            "> 12. Krizhevsky",  # the sigmoid
            f"tanh, rate {r['rate'][1]:g}",
        ],
    ),
}


LOOKS = list(product(kc.plots.styles(), _text.LANGUAGES))


class Said(str):
    """A translation that notes what the words which come of it are in English."""

    def format(self, **values):
        words = super().format(**values)
        english = {k: self.said.get(v, v) if isinstance(v, str) else v for k, v in values.items()}
        self.said[words] = self.english.format(**english)
        return words


def noting(table, said):
    """A string table that notes in `said` the English of what is said with it."""

    def get(message, _default):
        words = Said(table.get(message, message))
        words.english, words.said = message, said
        said[words] = message
        return words

    return SimpleNamespace(get=get)


def unspaced(words):
    return "".join(words.split())


@contextmanager
def made_small(patch):
    """Pictures that take long have fewer pixels and steps; the same things are drawn."""

    def fewer(method, **options):
        return lambda *given, **theirs: method(*given, **{**theirs, **options})

    def style_transfer(*given, steps, callback, transfer=kc.visualize.style_transfer, **options):
        made = []
        transfer(*given, steps=2, callback=lambda _step, *one: made.append(one), **options)
        for step in range(1, steps + 1):
            callback(step, *made[-1])

    def resized(name, height, width, *part):
        return _material.resized(name, max(height // 5, 32), max(width // 5, 32), *part)

    for module in (generated_images, explanations):
        patch.setattr(module, "resized", resized)
    patch.setattr(_computing, "_kept", {})
    patch.setattr(filters_and_activations, "crops", lambda size: _material.crops(size)[:40])
    for name in ("maximize_activation", "deep_dream", "invert_features"):
        method = getattr(kc.visualize, name)
        patch.setattr(kc.visualize, name, fewer(method, steps=2))
    patch.setattr(kc.visualize, "style_transfer", style_transfer)
    yield


@pytest.fixture(scope="module")
def drawn():
    """Draw each figure once for all tests; give it with its words, the English ones too."""
    names = kc.figures.names()
    cache = {}

    def draw(name):
        if name not in cache:
            cache[name] = drawn_anew(name, *LOOKS[names.index(name) % len(LOOKS)])
        return cache[name]

    return draw


def drawn_anew(name, style, lang):
    said = {}
    table = noting(_text.table(lang), said)
    with pytest.MonkeyPatch.context() as patch, made_small(patch):
        patch.setattr(_text, "table", lambda lang: table)
        try:
            figure = kc.figures.render(name, lang=lang, style=style)
        except OSError as error:
            pytest.skip(f"no Korean font here: {error}")
    plt.close(figure)  # the manager goes, the drawing stays
    FigureCanvasAgg(figure)
    return SimpleNamespace(figure=figure, said=said)


def test_every_figure_is_expected_here():
    assert set(kc.figures.names()) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_figure(name, drawn, texts, overlapping):
    """The numbers of the lectures and of the records stand in it, and no word covers another."""
    one = drawn(name)
    shown = texts(one.figure)
    one.figure.set_layout_engine("none")  # all has its place now
    words = " ".join(" ".join(text.get_text().split()) for text in shown)
    english = [said for words_, said in one.said.items() if unspaced(words_) in unspaced(words)]
    record, numbers = RECORDED.get(name, (None, None))
    expected = EXPECTED[name] + (numbers(kc.experiments.recorded(record)) if record else [])
    told = " ".join([words, *(" ".join(said.split()) for said in english)])
    assert [each for each in expected if each not in told] == []
    assert list(overlapping(one.figure)) == []


def test_every_language_and_style_is_seen():
    assert len(EXPECTED) >= 2 * len(LOOKS) == 2 * 12


@pytest.mark.parametrize("name", kc.figures.names())
def test_alt_text_is_one_sentence(name):
    one = kc.figures.lecture_figures()[name]
    assert one.alt.endswith(".")
    assert ". " not in one.alt
    assert one.function.__doc__


# The computations behind them


def test_sliding_window_computes_the_lecture():
    output = sliding_window.correlate(sliding_window.IMAGE, sliding_window.KERNEL)
    np.testing.assert_array_equal(output, [[4, 3, 4], [2, 4, 3], [2, 3, 4]])


def test_pooling_computes_the_lecture():
    np.testing.assert_array_equal(pooling.pool(pooling.FIRST, "max"), [[100, 184], [12, 45]])
    np.testing.assert_array_equal(pooling.pool(pooling.SECOND, "max"), [[6, 8], [3, 4]])
    np.testing.assert_array_equal(pooling.pool(pooling.FIRST, "mean"), [[36, 80], [12, 15]])


def test_frames_stand_still():
    """All steps have the same limits, so that the animation does not jitter."""
    one = kc.figures.lecture_figures()["sliding-window"]
    assert one.frames == 9
    with kc.plots.style("slides"):
        frames = [one.function(step=step) for step in (0, 4, 8)]
    limits = {(frame.axes[0].get_xlim(), frame.axes[0].get_ylim()) for frame in frames}
    assert len(limits) == 1
    titles = [frame.get_suptitle() for frame in frames]
    assert titles == ["Step 1 of 9", "Step 5 of 9", "Step 9 of 9"]


STEPS = {  # of the rows that the course shows step by step; A6 and B13 are in other tests
    "stride": 5, "zero-padding": 7, "max-pooling": 4, "average-pooling": 4, "up-sampling": 8,
    "transposed-convolution": 4,
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_steps_have_fixed_axes(name):
    one = kc.figures.lecture_figure(name)
    assert one.frames == STEPS[name]
    with kc.plots.style("slides"):
        frames = [one.function(step=step) for step in (0, STEPS[name] - 1)]
    first, last = (
        [(ax.get_xlim(), ax.get_ylim(), ax.get_subplotspec().get_geometry()) for ax in frame.axes]
        for frame in frames
    )
    assert first == last


def test_back_propagation_is_shown_in_six_steps_and_seventeen():
    graph, convolution = map(
        kc.figures.lecture_figure, ("computational-graph", "backward-convolution")
    )
    assert (graph.frames, convolution.frames) == (6, 4 + 4 + 9)  # h, then ∂L/∂W, then ∂L/∂X


def test_overfitting_is_real(drawn):
    """Thick lines are the means of the runs, each of which is a thin one."""
    record = kc.experiments.recorded("overfitting")
    one = drawn("overfitting")
    for ax, metric in zip(one.figure.axes, ("loss", "accuracy"), strict=True):
        lines = {one.said.get(line.get_label()): line.get_ydata() for line in ax.get_lines()}
        training, validation = lines["training"], lines["validation"]
        np.testing.assert_allclose([training, validation], record[metric].mean(axis=1))
        shown = {tuple(line.get_ydata()) for line in ax.get_lines()}
        assert shown >= {tuple(run) for part in record[metric] for run in part}
    assert training[-1] > 0.99
    assert validation[-1] < training[-1] - 0.1


def test_seven_together_are_below_each(drawn):
    left = drawn("ensemble-of-seven").figure.axes[0]
    lines = [line for line in left.get_lines() if len(line.get_xdata())]  # not the legend's
    dots = [line.get_ydata() for line in lines if line.get_marker() == "o"]
    (diamonds,) = [line.get_ydata() for line in lines if line.get_marker() == "D"]
    assert np.shape(dots) == (7, 3)
    assert np.all(diamonds < np.min(dots, axis=0))


def test_pixels_are_permuted_as_in_the_experiment(drawn):
    axes = drawn("permuted-pixels").figure.axes[:2]
    in_place, permuted = (ax.images[0].get_array() for ax in axes)
    np.testing.assert_array_equal(np.sort(in_place, axis=None), np.sort(permuted, axis=None))
    assert np.any(in_place != permuted)


def test_networks_are_described_once():
    assert architectures.built("lenet5") is architectures.built("lenet5")


def test_the_digits_of_the_figures_are_read_rightly():
    model = _material.trained()
    classes = (0, 1, 2, 3, 4)
    predicted = model.predict(_material.digit_images(*classes), verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(predicted, classes)


@pytest.mark.slow
def test_the_style_transfer_comes_to_all_steps_that_its_description_names():
    _content, _style, results = generated_images.styled()
    assert list(results) == [5, 15, 40, 100]


def test_a_style_transfer_that_ends_early_is_drawn_as_far_as_it_came(monkeypatch):
    def ends_after_60(model, content, style, *, callback, **_options):
        for step in range(1, 61):
            callback(step, content * step / 100, {})

    monkeypatch.setattr(generated_images.visualize, "style_transfer", ends_after_60)
    content, _style, results = generated_images.styled()
    assert list(results) == [5, 15, 40, 60]
    for step, picture in results.items():
        np.testing.assert_allclose(picture, content * step / 100, rtol=1e-6)
