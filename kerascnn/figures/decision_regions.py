"""Decision boundaries: the line of a perceptron and the regions of MLPs (A4, A5)."""

from dataclasses import dataclass
from itertools import cycle

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

CORNERS = np.array([(-1, 1), (1, 1), (1, -1), (-1, -1)])  # in the order of learning
AND = np.array([-1, 1, -1, -1])
XOR = np.array([1, -1, 1, -1])
REACH = 2.0  # the plane is drawn from −REACH to REACH
MARKERS = {1: "o", -1: "s"}


@dataclass(frozen=True)
class Learned:
    """The course of the perceptron's learning rule on four corners.

    Attributes:
        weights: (updates + 1, 3) w₁, w₂ and b, from the initial zeros to the last ones.
        converged: whether all four outputs are correct at the end; otherwise, the last weights have
            occurred before, and the rule cycles.
    """

    weights: np.ndarray
    converged: bool


def learn(targets: np.ndarray) -> Learned:
    """Apply Rosenblatt's rule to the corners in turn: w ← w + t·x if the output is wrong."""
    inputs = np.column_stack([CORNERS, np.ones(4, int)])
    history, seen, right = [np.zeros(3, int)], set(), 0
    order = cycle(range(4))
    nth = next(order)
    while right < 4 and (nth, *history[-1]) not in seen:
        seen.add((nth, *history[-1]))
        right += 1
        if output(history[-1], inputs[nth]) != targets[nth]:
            history.append(history[-1] + targets[nth] * inputs[nth])
            right = 0
        nth = next(order)
    return Learned(np.array(history), converged=right == 4)


def output(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the perceptron's outputs: 1 where w·x + b ≥ 0, else −1."""
    return np.where(x @ weights >= 0, 1, -1)


@figure(
    title="A perceptron learns AND, but no line separates XOR",
    alt="Four points with the outputs of AND and of XOR: for AND the perceptron's line separates "
    "the outputs after 3 updates; for XOR each line has points on the wrong side, and after 4 "
    "updates the weights are zero again.",
    rows=("A4",),
)
def perceptron() -> Figure:
    """Apply the perceptron's rule to AND and XOR and draw the line after each update."""
    across = np.linspace(-REACH, REACH, 401)
    x1, x2 = np.meshgrid(across, across)
    plane = np.stack([x1, x2, np.ones_like(x1)], axis=-1).reshape(-1, 3)
    fig, axes = plt.subplots(1, 2)
    for ax, name, targets in zip(axes, ("AND", "XOR"), (AND, XOR), strict=True):
        learned = learn(targets)
        updates = len(learned.weights) - 1
        for nth, weights in enumerate(learned.weights[1:], 1):
            last = learned.converged and nth == updates
            if weights[:2].any():  # if all are zero, there is no line
                _line(ax, weights, str(nth), last)
            if last:
                above = output(weights, plane).reshape(len(across), -1)
                ax.contourf(
                    across, across, above, levels=(0, 2), colors=[plots.role_color("output")],
                    alpha=0.2,
                )  # fmt: skip
        _corners(ax, targets)
        ax.set_title(name)
        below = (
            _("after {count} updates: all four correct", count=updates)
            if learned.converged
            else _("after {count} updates: back at w = 0", count=updates)
        )
        ax.set_xlabel(f"$x_1$\n{below}", parse_math=True)
        ax.set_ylabel("$x_2$", parse_math=True)
    axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    note(
        fig,
        _(
            "Output 1 if w₁x₁ + w₂x₂ + b ≥ 0, else −1. Update after each wrong output, with the "
            "target t: w\u00a0←\u00a0w\u00a0+\u00a0t·x, b\u00a0←\u00a0b\u00a0+\u00a0t. The "
            "lines are numbered by update."
        ),
    )
    return fig


def _line(ax: Axes, weights: np.ndarray, label: str, last: bool) -> None:
    """Draw the line w·x + b = 0 with its number at the border of the plane."""
    *direction, bias = weights
    normal = np.array(direction) / np.dot(direction, direction)
    along = np.array([normal[1], -normal[0]])
    along = along / np.abs(along).max()
    start, end = (-bias * normal + sign * 2 * REACH * along for sign in (-1.0, 1.0))
    color = plots.role_color("output") if last else plt.rcParams["text.color"]
    width = plt.rcParams["lines.linewidth"] * (1.5 if last else 0.6)
    ax.plot([start[0], end[0]], [start[1], end[1]], color=color, linewidth=width, zorder=1,
            linestyle="-" if last else "--")  # fmt: skip
    inside = np.linspace(np.asarray(start), np.asarray(end), 801)
    inside = inside[np.abs(inside).max(axis=1) < 0.9 * REACH]
    x, y = map(float, inside[-1])
    ax.text(
        x, y, label, color=color, ha="center", va="center",
        bbox={"facecolor": plt.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip


def _corners(ax: Axes, targets: np.ndarray) -> None:
    for target, color in zip((1, -1), plots.window_colors(2), strict=True):
        ax.plot(
            *CORNERS[targets == target].T, MARKERS[target], color=color, linestyle="none",
            markersize=1.6 * plt.rcParams["lines.markersize"], label=f"{target}".replace("-", "−"),
        )  # fmt: skip
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    ax.set_xticks((-1, 1), ("−1", "1"))
    ax.set_yticks((-1, 1), ("−1", "1"))


HIDDEN = (1, 3, 10)
POINTS, TURNS, NOISE = 300, 1.5, 0.08
SPAN = 3.5  # the plane is drawn from −SPAN to SPAN
ACROSS = np.linspace(-SPAN, SPAN, 201)


def spirals() -> tuple[np.ndarray, np.ndarray]:
    """Return points (N, 2) on two noisy spirals, and the spiral of each, 0 or 1."""
    rng = np.random.default_rng(0)
    radius = np.sqrt(rng.uniform(0.02, 1, POINTS))
    labels = np.arange(POINTS) % 2
    angle = 2 * np.pi * TURNS * radius + np.pi * labels
    points = 3 * radius * np.stack([np.cos(angle), np.sin(angle)])
    return points.T + rng.normal(0, NOISE, (POINTS, 2)), labels


@dataclass(frozen=True)
class Regions:
    """The decision regions of an MLP.

    Attributes:
        probability: (ACROSS, ACROSS) probability of class 1 over the plane.
        accuracy: fraction of the points that are classified correctly.
    """

    probability: np.ndarray
    accuracy: float


def fitted(hidden: int, points: np.ndarray, labels: np.ndarray):
    """Fit an MLP of scikit-learn with one hidden layer of tanh units to the points."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    net = MLPClassifier(
        (hidden,), activation="tanh", solver="lbfgs", alpha=0.01, max_iter=300, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 300 steps are enough for the figure
        return net.fit(points, labels)


def regions() -> list[Regions]:
    """Fit MLPs with different numbers of hidden units and compute their decision regions."""
    points, labels = spirals()
    plane = np.stack(np.meshgrid(ACROSS, ACROSS), axis=-1)
    nets = [fitted(hidden, points, labels) for hidden in HIDDEN]
    return [
        Regions(
            net.predict_proba(plane.reshape(-1, 2))[:, 1].reshape(plane.shape[:2]),
            float(net.score(points, labels)),
        )
        for net in nets
    ]


@figure(
    title="More hidden units, more complex decision regions",
    alt="Two noisy spirals and the decision regions of three MLPs: one hidden unit divides the "
    "plane with a line, three bend it, ten follow both spirals, and the accuracy rises to 100 "
    "percent.",
    rows=("A5",),
    data=regions,
)
def mlp_capacity(decided: list[Regions]) -> Figure:
    """Draw the decision regions of MLPs with 1, 3 and 10 hidden units for two spirals."""
    points, labels = spirals()
    colors = plots.window_colors(2)
    fig, axes = plt.subplots(1, len(HIDDEN))
    for ax, hidden, by_net in zip(axes, HIDDEN, decided, strict=True):
        look = {"levels": (0, 0.5, 1), "colors": colors, "alpha": 0.25}
        ax.contourf(ACROSS, ACROSS, by_net.probability, **look)
        border = {"levels": (0.5,), "colors": plt.rcParams["text.color"]}
        ax.contour(ACROSS, ACROSS, by_net.probability, **border)
        for label, color in enumerate(colors):
            ax.plot(
                *points[labels == label].T, "os"[label], color=color, linestyle="none",
                markersize=0.4 * plt.rcParams["lines.markersize"],
            )  # fmt: skip
        ax.set(xlim=(-SPAN, SPAN), ylim=(-SPAN, SPAN), aspect="equal", xticks=(), yticks=())
        ax.set_title(_("{count} hidden units", count=hidden) if hidden > 1 else _("1 hidden unit"))
        ax.set_xlabel(_("accuracy {percent} %", percent=f"{100 * by_net.accuracy:.0f}"))
    note(
        fig,
        _(
            "{count} training points on two spirals; one hidden layer of tanh units, a sigmoid "
            "on top.",
            count=POINTS,
        ),
    )
    return fig
