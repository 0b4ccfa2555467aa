"""Back-propagation: chain rule, gradient check, and convolutions (A6, A7, B13)."""

from itertools import pairwise

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import Panels, note
from ._operations import correlate
from ._registry import figure

A, B, C = -2.0, 5.0, 3.0
MIDDLE = {"ha": "center", "va": "center"}


def graph_gradients(*, a: float = A, b: float = B, c: float = C) -> dict[str, float]:
    """Return ∂f/∂f, ∂f/∂q, ∂f/∂c, ∂f/∂a and ∂f/∂b from the gradients of a small model."""
    import keras

    from kerascnn import visualize

    inputs = [keras.Input((1,)) for _name in "abc"]
    q = keras.layers.Multiply()(inputs[:2])
    model = keras.Model(inputs, keras.layers.Add()([q, inputs[2]]))
    behind = keras.Input((1,)), keras.Input((1,))
    last = keras.Model(behind, keras.layers.Add()(list(behind)))

    def gradients(model: keras.Model, *values: float) -> list[float]:
        point = [np.full((1, 1), value, "float32") for value in values]
        score = lambda f: f[:, 0]  # noqa: E731
        found = visualize.saliency(model, point, score, reduce=None, verbose=False)
        return [float(gradient[0, 0]) for gradient in found]

    of_a, of_b, _c = gradients(model, a, b, c)
    of_q, of_c = gradients(last, a * b, c)
    return {"f": 1.0, "q": of_q, "c": of_c, "a": of_a, "b": of_b}


def number(value: float) -> str:
    """Format a number with a minus sign that is as wide as a plus."""
    return f"{value:g}".replace("-", "−")


def graph_said(a: float, b: float, c: float) -> str:
    """Return the alt text."""
    values = {"a": a, "b": b, "c": c, "q": a * b, "f": a * b + c}
    return _(
        "A graph of f = q + c with q = a times b, for a = {a}, b = {b}, c = {c}: the values {q} "
        "and {f} go forward; the gradients 1, 1, {b} and {a} come back.",
        **{name: number(value) for name, value in values.items()},
    )


@figure(
    title="Back-propagation multiplies the gradients along the way",
    alt=graph_said,
    rows=("A6",),
    frames=6,
    data=graph_gradients,
)
def computational_graph(
    grads: dict[str, float],
    step: int | None = None,
    *,
    a: float = A,
    b: float = B,
    c: float = C,
) -> Figure:
    """Draw the graph of f = a·b + c with values and gradients, computed by TensorFlow."""
    values = {"a": a, "b": b, "c": c, "q": a * b, "f": a * b + c}
    order = [("value", "q"), ("value", "f"), ("grad", "f"), ("grad", "q"), ("grad", "a")]
    shown = order if step is None else order[:step]
    seen = {name for kind, name in shown if kind == "value"} | {"a", "b", "c"}
    back = {name for kind, name in shown if kind == "grad"}
    back |= {"c"} if "q" in back else set()
    back |= {"b"} if "a" in back else set()

    fig, ax = plt.subplots()
    ax.set_axis_off()
    ax.set_xlim(-0.6, 10.8)
    ax.set_ylim(6.6, -0.9)
    for name, x, y in (("a", 0, 0), ("b", 0, 3), ("c", 0, 6), ("q", 5, 1.5), ("f", 10, 3.75)):
        value = f" = {number(values[name])}" if name in seen else ""
        ax.text(x, y - 0.34, f"${name}${value}", parse_math=True, ha="center", va="bottom")
        if name in back:
            text = rf"$\partial f / \partial {name}$ = {number(grads[name])}"
            ax.text(
                x, y + 0.34, text, parse_math=True, ha="center", va="top",
                color=plots.role_color("window"),
            )  # fmt: skip
    for symbol, x, y in (("×", 3, 1.5), ("+", 8, 3.75)):
        _operation(ax, symbol, x, y)
    for start, end in (
        ((0.5, 0), (2.72, 1.3)), ((0.5, 3), (2.72, 1.7)), ((3.35, 1.5), (4.5, 1.5)),
        ((5.5, 1.5), (7.72, 3.5)), ((0.5, 6), (7.72, 4.0)), ((8.35, 3.75), (9.5, 3.75)),
    ):  # fmt: skip
        ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": _ink()})
    note(
        fig,
        _("Forward: q = a·b, f = q + c. Back: ∂f/∂a = ∂f/∂q · ∂q/∂a = 1 · b, ∂f/∂b = 1 · a."),
    )
    return fig


def _operation(ax: Axes, symbol: str, x: float, y: float) -> None:
    ax.scatter(
        [x], [y], s=900, facecolor=plt.rcParams["axes.facecolor"], edgecolor=_ink(), zorder=2
    )
    ax.text(x, y, symbol, ha="center", va="center", zorder=3)


def _ink() -> str:
    return plt.rcParams["text.color"]


STEPS = np.logspace(-12, 0, 25)


@figure(
    title="Gradient check: the slope agrees with back-propagation to a millionth",
    alt="On logarithmic axes the relative error of central differences falls with the step, to "
    "less than a millionth, and rises again where rounding takes over.",
    rows=("A7",),
)
def gradient_check() -> Figure:
    """Compare the gradient of an MLP's loss with central differences in float64."""
    errors = [relative_error(step) for step in STEPS]
    best = int(np.argmin(errors))
    fig, ax = plt.subplots()
    ax.loglog(STEPS, errors, marker="o", markersize=plt.rcParams["lines.markersize"] * 0.7)
    ax.axhline(1e-6, linestyle=":", color=_ink())
    ax.annotate(
        _("h = {step}: {error}", step=power(STEPS[best]), error=power(errors[best])),
        (STEPS[best], errors[best]), (STEPS[best], errors[best] * 1000),
        ha="center", arrowprops={"arrowstyle": "->", "color": _ink()},
    )  # fmt: skip
    ax.text(
        1e-7, 1.3e-6, _("usual threshold: {error}", error=power(1e-6)), va="bottom", ha="center",
        fontsize="small",
    )  # fmt: skip
    ax.set_xlabel(_("step h"))
    ax.set_ylabel(_("relative error"))
    note(
        fig,
        _("MLP of 6, 5 and 3 units in float64: (L(w + h) − L(w − h)) / 2h compared with ∂L/∂w."),
    )
    return fig


def power(number: float) -> str:
    """Format 3e-06 as 3·10⁻⁶."""
    digits, exponent = f"{number:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits}·10{raised}"


def relative_error(step: float) -> float:
    """Return the largest difference between both gradients, relative to the gradient."""
    sizes = (6, 5, 3)
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((a, b)) for a, b in pairwise(sizes)]
    x, labels = rng.standard_normal((8, sizes[0])), rng.integers(0, sizes[-1], 8)
    _loss, analytic = loss_and_gradients(weights, x, labels)
    numerical = []
    for layer, w in enumerate(weights):
        slopes = np.zeros_like(w)
        for place in np.ndindex(w.shape):
            around = []
            for sign in (1, -1):
                moved = [v.copy() for v in weights]
                moved[layer][place] += sign * step
                around.append(loss_and_gradients(moved, x, labels)[0])
            slopes[place] = (around[0] - around[1]) / (2 * step)
        numerical.append(slopes)
    ours, theirs = (np.concatenate([g.ravel() for g in grads]) for grads in (analytic, numerical))
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())


def loss_and_gradients(
    weights: list[np.ndarray], x: np.ndarray, labels: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """Return the cross-entropy of an MLP with tanh units, and ∂L/∂W by the chain rule."""
    first, second = weights
    hidden = np.tanh(x @ first)
    logits = hidden @ second
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    each = np.arange(len(x))
    loss = -np.log(p[each, labels]).mean()
    p[each, labels] -= 1  # ∂L/∂logits
    p /= len(x)
    return loss, [x.T @ ((p @ second.T) * (1 - hidden**2)), hidden.T @ p]


IMAGE = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
KERNEL = np.array([[1, 0], [0, -1]])
APART = 2  # cells between the grids, plus one after the kernels


def gradient_above(
    image: np.ndarray, kernel: np.ndarray, above: np.ndarray | None = None
) -> np.ndarray:
    """Return the gradient of the outputs, ∂L/∂h; by default 1, 2, ….

    Raises:
        ValueError: If it does not have the shape of the output.
    """
    shape = correlate(image, kernel).shape
    if above is None:
        return np.arange(1, 1 + np.prod(shape)).reshape(shape)
    if above.shape != shape:
        raise ValueError(
            f"above must have the shape of the output, {shape_text(shape)}; received "
            f"{shape_text(above.shape)}."
        )
    return above


def convolution_gradients(
    *, image: np.ndarray = IMAGE, kernel: np.ndarray = KERNEL, above: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the output of a convolution and the gradients of Σ above · output."""
    above = gradient_above(image, kernel, above)
    import keras

    from kerascnn import visualize

    inputs = keras.Input((*image.shape, 1))
    conv = keras.layers.Conv2D(1, kernel.shape, use_bias=False)
    model = keras.Model(inputs, conv(inputs))
    conv.set_weights([kernel[:, :, None, None].astype("float32")])
    x = image[None, :, :, None].astype("float32")

    weights = above[None, :, :, None].astype("float32")
    (of_kernel,) = visualize.weight_gradients(model, x, lambda h: keras.ops.sum(weights * h))
    of_image = visualize.saliency(
        model, x, lambda h: keras.ops.sum(weights * h, axis=(1, 2, 3)), reduce=None, verbose=False
    )
    return np.array(model(x))[0, :, :, 0], of_kernel[:, :, 0, 0], np.asarray(of_image)[0, :, :, 0]


def backward_said(image: np.ndarray, kernel: np.ndarray) -> str:
    """Return the alt text."""
    return _(
        "A {image} input, a {kernel} kernel and the gradient of the {output} output: correlated "
        "with the input, the output's gradient gives that of the kernel; padded and correlated "
        "with the flipped kernel, it gives that of the input.",
        image=shape_text(image.shape),
        kernel=shape_text(kernel.shape),
        output=shape_text(correlate(image, kernel).shape),
    )


@figure(
    title="Back through a convolution: both gradients are again convolutions",
    alt=backward_said,
    rows=("B13",),
    frames=lambda image, kernel: correlate(image, kernel).size + kernel.size + image.size,
    data=convolution_gradients,
)
def backward_convolution(
    results: tuple[np.ndarray, ...],
    step: int | None = None,
    *,
    image: np.ndarray = IMAGE,
    kernel: np.ndarray = KERNEL,
    above: np.ndarray | None = None,
) -> Figure:
    """Compute h, ∂L/∂W and ∂L/∂X of a small convolution."""
    above = gradient_above(image, kernel, above)
    around = [(side - 1, side - 1) for side in kernel.shape]
    border = np.pad(np.zeros(above.shape, bool), around, constant_values=True)
    operands = (
        (image, kernel, ("X", "W", "h"), _("forward"), None),
        (image, above, ("X", r"\partial L/\partial h", r"\partial L/\partial W"),
         _("gradient of\nthe kernel"), None),
        (np.pad(above, around), kernel[::-1, ::-1],
         (r"\partial L/\partial h", "W", r"\partial L/\partial X"),
         _("gradient of\nthe input"), border),
    )  # fmt: skip
    lefts, rights = [row[0] for row in operands], [row[1] for row in operands]
    second = max(left.shape[1] for left in lefts) + APART
    third = second + max(right.shape[1] for right in rights) + APART + 1
    tallest = max(len(array) for array in (*lefts, *rights, *results))
    widest = third + max(result.shape[1] for result in results)

    fig, axes = plt.subplots(3, 1)
    done = 0
    for ax, (left, right, names, title, hatch), result in zip(axes, operands, results, strict=True):
        known = result.size if step is None else min(max(step + 1 - done, 0), result.size)
        current = step is not None and done <= step < done + result.size
        place = divmod(known - 1, result.shape[1])
        done += result.size
        hidden = np.arange(result.size).reshape(result.shape) >= known
        marked = [(*place, *right.shape)] if current else None
        cell = {(*place, 1, 1): "window"} if current else None
        panels: Panels = (
            (left, 0, {"highlight": marked, "hatch": hatch}),
            (right, second, {"frame": "kernel"}),
            (np.ma.array(result, mask=hidden), third, {"frame": "output", "highlight": cell}),
        )
        for (array, at, look), name in zip(panels, names, strict=True):
            top = (tallest - len(array)) / 2
            plots.number_grid(array, ax=ax, origin=(at, top), **look)
            ax.text(
                at + array.shape[1] / 2, top - 0.15, f"${name}$", parse_math=True, ha="center",
                va="bottom",
            )  # fmt: skip
        middle = tallest / 2
        ends = (left.shape[1] + second) / 2, (second + right.shape[1] + third) / 2
        ax.text(ends[0], middle, r"$\star$", parse_math=True, fontsize="x-large", **MIDDLE)
        ax.text(ends[1], middle, "=", **MIDDLE)
        ax.text(-1, middle, title, ha="right", va="center")
        ax.set_xlim(-8, widest + 6)
        ax.set_ylim(tallest + 0.2, -0.9)
    note(fig, _("In the last row, ∂L/∂h is padded with zeros and the kernel is rotated by 180°."))
    return fig
