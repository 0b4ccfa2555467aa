"""The loss of an MLP and its update rule (A7)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure
from .backpropagation import loss_and_gradients, power

SIZES = (64, 16, 10)  # units: 8×8 pixels, hidden, classes
RATE = 0.5
UPDATES = 100
SLIDE = np.linspace(-0.5, 4, 46)  # learning rates tried for the first update
H = 1e-4  # step of the numerical slope

Weights = list[np.ndarray]


@dataclass(frozen=True)
class Descent:
    """The losses of gradient descent.

    Attributes:
        after_one: (len(SLIDE),) losses after one update with each learning rate.
        losses: (UPDATES + 1,) losses before and after each update with RATE.
        analytic: ∂L/∂η of the first update at η = 0, by back-propagation: −‖∂L/∂w‖².
        numerical: the same by central differences.
    """

    after_one: np.ndarray
    losses: np.ndarray
    analytic: float
    numerical: float


def descent() -> Descent:
    """Train an MLP on digits by w ← w − η ∂L/∂w in float64."""
    x, labels = digits()
    start = first_weights()
    loss, grads = loss_and_gradients(start, x, labels)

    def after(rate: float) -> float:
        return loss_and_gradients(updated(start, grads, rate), x, labels)[0]

    weights, losses = updated(start, grads, RATE), [loss]
    for _update in range(UPDATES):
        loss, slopes = loss_and_gradients(weights, x, labels)
        losses.append(loss)
        weights = updated(weights, slopes, RATE)
    return Descent(
        np.array([after(rate) for rate in SLIDE]),
        np.array(losses),
        -sum(float((grad**2).sum()) for grad in grads),
        (after(H) - after(-H)) / (2 * H),
    )


@figure(
    title="Gradient descent: each update lowers the loss",
    alt="Left: the loss of an MLP after one update falls with the learning rate, at first along "
    "the slope from back-propagation, and rises again when the rate is too large; right: the loss "
    "falls over 100 updates.",
    rows=("A7",),
    data=descent,
)
def gradient_descent(trained: Descent) -> Figure:
    """Draw the loss after one update with several learning rates and over many updates."""
    loss, losses = trained.losses[0], trained.losses
    fig, (left, right) = plt.subplots(1, 2)
    ink, accent = plt.rcParams["text.color"], plots.role_color("window")
    left.plot(SLIDE, trained.after_one, label=_("loss after one update"))
    tangent = np.array([-0.5, 1.6])
    left.plot(tangent, loss + trained.analytic * tangent, color=ink, linestyle="--",
              label=_("slope by back-propagation"))  # fmt: skip
    left.plot([0, RATE], losses[:2], "o", color=accent, linestyle="none", zorder=3)
    left.annotate("", (RATE, losses[1]), (0, loss),
                  arrowprops={"arrowstyle": "->", "color": accent})  # fmt: skip
    left.annotate(f"η = {RATE:g}", (RATE, losses[1]), (8, 6), textcoords="offset points",
                  color=accent)  # fmt: skip
    left.set(xlabel=_("learning rate η"), ylabel=_("loss L"), ylim=(1.7, 2.6))
    left.legend(loc="upper right")
    right.plot(losses, color=accent)
    right.set(xlabel=_("updates, η = {rate}", rate=f"{RATE:g}"), ylabel=_("loss L"), ylim=0)
    fig.suptitle(
        r"$w \leftarrow w - \eta\,\frac{\partial L}{\partial w}$     "
        r"$L = -\frac{1}{N} \sum_i \log p_i$", parse_math=True,
    )  # fmt: skip
    note(
        fig,
        _(
            "MLP of 64, 16 and 10 units on {images} digits; pᵢ: probability of the correct class. "
            "Slope at η = 0: −‖∂L/∂w‖² = {slope}; relative error of the numerical slope: {error}.",
            images=len(digits()[0]),
            slope=f"{trained.analytic:.3f}".replace("-", "−"),
            error=power(abs(trained.numerical / trained.analytic - 1)),
        ),
    )
    return fig


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return training digits as rows of 64 pixels in [0, 1], and their labels."""
    images, labels = datasets.load("digits", raw=True).train
    return np.array(images, np.float64).reshape(len(labels), -1), labels


def first_weights() -> Weights:
    """Return random weights of both layers."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((a, b)) / np.sqrt(a) for a, b in pairwise(SIZES)]


def updated(weights: Weights, grads: Weights, rate: float) -> Weights:
    """Return the weights after one update: w − η ∂L/∂w."""
    return [w - rate * grad for w, grad in zip(weights, grads, strict=True)]
