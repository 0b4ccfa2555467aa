"""Classical machine learning beside deep learning (A15)."""

from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import digit_images, trained
from ._registry import figure

SHOWN = 3  # the digit that both classify
CELL, ORIENTATIONS = 4, 8  # pixels, directions from 0° to 180°


@dataclass(frozen=True)
class Paths:
    """The stages of both paths.

    Attributes:
        digit: (28, 28, 1) in [0, 1].
        histograms: HOG features, (7, 7, 8).
        maps: the outputs of LeNet-5's layers "c1" and "c3", each (h, w, K).
        scores: scores of ten classes by logistic regression on HOG and by LeNet-5.
        accuracy: accuracy of both on the test digits, from 0 to 1.
    """

    digit: np.ndarray
    histograms: np.ndarray
    maps: tuple[np.ndarray, np.ndarray]
    scores: tuple[np.ndarray, np.ndarray]
    accuracy: tuple[float, float]


def paths() -> Paths:
    """Fit a classifier to the HOG of digits and apply it and LeNet-5 to a digit."""
    from sklearn.linear_model import LogisticRegression

    from kerascnn import visualize

    data = datasets.load("digits")
    (x, labels), (tested, truth) = (
        (np.stack([hog(digit).ravel() for digit in images]), classes)
        for images, classes in (data.part("train"), data.part("test"))
    )
    classifier = LogisticRegression(max_iter=1000).fit(x, labels)
    digits, model = digit_images(SHOWN), trained()
    outputs = visualize.activations(model, digits, ["c1", "c3", "predictions"])
    histograms = hog(digits[0])
    decided = np.array(model(data.part("test")[0])).argmax(axis=1)
    return Paths(
        digits[0],
        histograms,
        (outputs["c1"][0], outputs["c3"][0]),
        (classifier.predict_proba(histograms.reshape(1, -1))[0], outputs["predictions"][0]),
        (float(classifier.score(tested, truth)), float((decided == truth).mean())),
    )


@figure(
    title="Classical methods learn only the classifier; deep networks learn the features too",
    alt="A handwritten 3 takes two paths to the scores of ten classes: by histograms of oriented "
    "gradients, which are made by hand, and a linear classifier, which is learned; and by two "
    "layers of feature maps and the classifier of LeNet-5, all of which are learned.",
    rows=("A15",),
    photos=("digits",),
    data=paths,
)
def classical_and_deep(through: Paths) -> Figure:
    """Draw the stages of a digit's classification by HOG and by LeNet-5."""
    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1)
    axes = top.subplots(1, 3, width_ratios=(1, 2.4, 1.4))
    draw_hog(axes[1], through.digit, through.histograms)
    numbers = _("{count} numbers for the directions of edges", count=through.histograms.size)
    _name(axes[1], numbers, by_hand=True)
    _ends(axes[0], axes[-1], _("classical"), through.digit, through.scores[0])

    axes = bottom.subplots(1, 4, width_ratios=(1, 1.2, 1.2, 1.4))
    for ax, maps, columns in zip(axes[1:3], through.maps, (3, 4), strict=True):
        plots.activation_grid(maps, columns=columns, numbers=False, colorbar=False, ax=ax)
        _name(ax, _("{count} feature maps", count=maps.shape[-1]))
    _ends(axes[0], axes[-1], _("deep"), through.digit, through.scores[1])
    by_hog, by_lenet = (f"{100 * accuracy:.0f}" for accuracy in through.accuracy)
    note(
        fig,
        _(
            "Test accuracy: {hog} % with histograms of oriented gradients and logistic "
            "regression, trained on {images} digits; {lenet} % with LeNet-5, trained on MNIST.",
            hog=by_hog,
            images=len(datasets.load("digits").train[0]),
            lenet=by_lenet,
        ),
    )
    return fig


def _ends(first: Axes, last: Axes, name: str, digit: np.ndarray, scores: np.ndarray) -> None:
    """Draw the first and last stage of both paths: the digit and the class scores."""
    plots.image_grid(digit[None], ax=first)
    first.set_title(name)
    colors = [plots.role_color("output" if c == SHOWN else "padding") for c in range(10)]
    last.bar(range(10), scores, color=colors)
    last.set(xticks=range(10), yticks=(0, 1), ylim=(0, 1))
    _name(last, _("classifier"))


def _name(ax: Axes, name: str, *, by_hand: bool = False) -> None:
    """Label a stage with its name and whether it is made by hand or learned."""
    how, role = (_("made by hand"), "kernel") if by_hand else (_("learned"), "window")
    ax.set_title(f"{how}:\n{name}", fontsize="medium", color=plots.role_color(role))
    ax.annotate(
        "→", (0, 0.5), (-10, 0), xycoords="axes fraction", textcoords="offset points",
        ha="right", va="center", fontsize="x-large",
    )  # fmt: skip


def hog(digit: np.ndarray) -> np.ndarray:
    """Return histograms of oriented gradients (Dalal and Triggs 2005) of a digit (28, 28, 1).

    Returns:
        (7, 7, 8): for each cell of 4×4 pixels, the strength of each direction.
    """
    from skimage import feature

    found = feature.hog(
        digit[..., 0], orientations=ORIENTATIONS, pixels_per_cell=(CELL, CELL),
        cells_per_block=(1, 1), feature_vector=False,
    )  # fmt: skip
    return found[:, :, 0, 0]


def draw_hog(ax: Axes, digit: np.ndarray, histograms: np.ndarray) -> None:
    """Draw the digit and, in each cell, a star along the edges, scaled by the bins."""
    height, width = digit.shape[:2]
    ax.imshow(0.5 * digit, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
    longest = np.maximum(histograms.max(axis=-1), 1e-9)
    for (row, column, number), value in np.ndenumerate(histograms):
        # The angle is that of the gradient, counterclockwise; the edge is perpendicular to it.
        angle = np.pi * (number + 0.5) / ORIENTATIONS
        reach = 0.48 * CELL * value / longest[row, column] * np.array([-1, 1])
        ax.plot(
            (column + 0.5) * CELL + reach * np.sin(angle),
            (row + 0.5) * CELL - reach * np.cos(angle),
            color="white", linewidth=plt.rcParams["lines.linewidth"] / 2.5, linestyle="-",
        )  # fmt: skip
    ax.set_axis_off()
