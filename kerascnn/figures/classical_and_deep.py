"""Classical machine learning beside deep learning (A15)."""

from functools import cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._drawing import note
from ._material import digit_images, trained
from ._registry import figure

SHOWN = 3  # the digit that goes through both
CELL, ORIENTATIONS = 4, 8  # pixels, directions from 0° to 180°


@figure(
    title="Classical methods learn only the classifier, deep networks the features too",
    alt="A handwritten 3 takes two paths to the scores of ten classes: by histograms of oriented "
    "gradients, which are made by hand, and a linear classifier, which is learned; and by two "
    "layers of feature maps and the classifier of LeNet-5, all of which are learned.",
    rows=("A15",),
)
def classical_and_deep() -> Figure:
    """Classify a digit by HOG and a linear classifier, and by LeNet-5; draw all stages."""
    from kerascnn import visualize

    digits = digit_images(SHOWN)
    histograms = hog(digits[0])
    classifier, by_hog = linear_on_hog()
    outputs = visualize.activations(trained(), digits, ["c1", "c3", "predictions"])
    fig = plt.figure()
    for part, name in zip(fig.subfigures(2, 1), (_("classical"), _("deep")), strict=True):
        first, *stages, last = part.subplots(
            1, 3 if part is fig.subfigs[0] else 4,
            width_ratios=(1, 2.4, 1.4) if part is fig.subfigs[0] else (1, 1.2, 1.2, 1.4),
        )  # fmt: skip
        plots.image_grid(digits, ax=first)
        first.set_title(name)
        if part is fig.subfigs[0]:
            draw_hog(stages[0], digits[0], histograms)
            _name(
                stages[0],
                _("{count} numbers for the directions of edges", count=histograms.size),
                by_hand=True,
            )
            scores = classifier.predict_proba(histograms.reshape(1, -1))[0]
        else:
            for ax, layer, columns in zip(stages, ("c1", "c3"), (3, 4), strict=True):
                maps = outputs[layer][0]
                plots.activation_grid(maps, columns=columns, numbers=False, colorbar=False, ax=ax)
                _name(ax, _("{count} feature maps", count=maps.shape[-1]))
            scores = outputs["predictions"][0]
        colors = [plots.role_color("output" if c == SHOWN else "padding") for c in range(10)]
        last.bar(range(10), scores, color=colors)
        last.set(xticks=range(10), yticks=(0, 1), ylim=(0, 1))
        _name(last, _("classifier"))
    note(
        fig,
        _(
            "Test accuracy: {hog} % with histograms of oriented gradients and logistic "
            "regression, trained on {images} digits; {lenet} % with LeNet-5, trained on MNIST.",
            hog=f"{100 * by_hog:.0f}",
            images=len(datasets.load("digits").train[0]),
            lenet=f"{100 * lenet_accuracy():.0f}",
        ),
    )
    return fig


def _name(ax: Axes, name: str, *, by_hand: bool = False) -> None:
    """Name a stage, and say whether a person or the data decided what it computes."""
    how, role = (_("made by hand"), "kernel") if by_hand else (_("learned"), "window")
    ax.set_title(f"{how}:\n{name}", fontsize="medium", color=plots.role_color(role))
    ax.annotate(
        "→", (0, 0.5), (-10, 0), xycoords="axes fraction", textcoords="offset points",
        ha="right", va="center", fontsize="x-large",
    )  # fmt: skip


def hog(digit: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs 2005) of a digit (28, 28, 1).

    Returns:
        (7, 7, 8): for each cell of 4×4 pixels, how much there is of each direction.
    """
    from skimage import feature

    found = feature.hog(
        digit[..., 0], orientations=ORIENTATIONS, pixels_per_cell=(CELL, CELL),
        cells_per_block=(1, 1), feature_vector=False,
    )  # fmt: skip
    return found[:, :, 0, 0]


def draw_hog(ax: Axes, digit: np.ndarray, histograms: np.ndarray) -> None:
    """Draw the digit, and in each cell a star: along edges, as long as the bins relative to it."""
    height, width = digit.shape[:2]
    ax.imshow(0.5 * digit, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
    longest = np.maximum(histograms.max(axis=-1), 1e-9)
    for (row, column, number), value in np.ndenumerate(histograms):
        # The angle is that of the gradient, counter-clockwise; the edge is at right angles to it.
        angle = np.pi * (number + 0.5) / ORIENTATIONS
        reach = 0.48 * CELL * value / longest[row, column] * np.array([-1, 1])
        ax.plot(
            (column + 0.5) * CELL + reach * np.sin(angle),
            (row + 0.5) * CELL - reach * np.cos(angle),
            color="white", linewidth=plt.rcParams["lines.linewidth"] / 2.5, linestyle="-",
        )  # fmt: skip
    ax.set_axis_off()


@cache
def linear_on_hog():
    """Logistic regression on the HOG of the training digits, and its accuracy on the test ones."""
    from sklearn.linear_model import LogisticRegression

    data = datasets.load("digits")
    (x, labels), (tested, truth) = (
        (np.stack([hog(digit).ravel() for digit in images]), classes)
        for images, classes in (data.train, data.test)
    )
    classifier = LogisticRegression(max_iter=1000).fit(x, labels)
    return classifier, classifier.score(tested, truth)


@cache
def lenet_accuracy() -> float:
    """The share of the test digits that LeNet-5 classifies correctly."""
    images, labels = datasets.load("digits").test
    return float((np.array(trained()(images)).argmax(axis=1) == labels).mean())
