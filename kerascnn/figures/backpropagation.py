"""Back-propagation: by the chain rule, checked, and through a convolution (A6, A7, B13)."""

from itertools import pairwise

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

A, B, C = -2.0, 5.0, 3.0
MIDDLE = {"ha": "center", "va": "center"}


@figure(
    title="Back-propagation multiplies the gradients along the way",
    alt="A graph of f = q + c with q = a times b, for a = -2, b = 5, c = 3: the values -10 and -7 "
    "go forward; the gradients 1, 1, 5 and -2 come back.",
    rows=("A6",),
    frames=6,
)
def computational_graph(step: int | None = None) -> Figure:
    """Go through the graph of f = a·b + c, forward and back, by TensorFlow's own gradients."""
    q = A * B
    values = {"a": A, "b": B, "c": C, "q": q, "f": q + C}
    grads = dict(zip(("f", "q", "c", "a", "b"), (1.0, *_gradients()), strict=True))
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
        value = f" = {values[name]:g}".replace("-", "−") if name in seen else ""
        ax.text(x, y - 0.34, f"${name}${value}", parse_math=True, ha="center", va="bottom")
        if name in back:
            text = rf"$\partial f / \partial {name}$ = {grads[name]:g}".replace("-", "−")
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


def _gradients() -> tuple[float, ...]:
    """∂f/∂q, ∂f/∂c, ∂f/∂a and ∂f/∂b, from a small model's own back-propagation."""
    import keras

    from kerascnn import visualize

    a, b, c = (keras.Input((1,)) for _name in "abc")
    q = keras.layers.Multiply()([a, b])
    model = keras.Model([a, b, c], keras.layers.Add()([q, c]))
    inputs = [np.full((1, 1), value, "float32") for value in (A, B, C)]
    behind = keras.Input((1,)), keras.Input((1,))
    last = keras.Model(behind, keras.layers.Add()(list(behind)))
    score = lambda f: f[:, 0]  # noqa: E731
    of_a, of_b, _c = (
        float(g[0, 0]) for g in visualize.saliency(model, inputs, score, reduce=None, verbose=False)
    )
    point = [np.full((1, 1), value, "float32") for value in (A * B, C)]
    of_q, of_c = (
        float(g[0, 0]) for g in visualize.saliency(last, point, score, reduce=None, verbose=False)
    )
    return of_q, of_c, of_a, of_b


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
    """Compare the gradient of an MLP's loss with central differences, in float64."""
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
    """Write 3e-06 as 3·10⁻⁶."""
    digits, exponent = f"{number:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits}·10{raised}"


def relative_error(step: float) -> float:
    """The largest difference of both gradients of an MLP's loss, relative to the gradient."""
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
    """The cross-entropy of an MLP with tanh units, and ∂L/∂W of each layer by the chain rule."""
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


IMAGE = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], float)
KERNEL = np.array([[1, 0], [0, -1]], float)
ABOVE = np.array([[1, 2], [3, 4]], float)  # ∂L/∂h


@figure(
    title="Back through a convolution: both gradients are convolutions again",
    alt="A 3 by 3 input, a 2 by 2 kernel and the gradient of the four outputs: correlated with the "
    "input it gives the kernel's gradient, padded and with the kernel flipped the input's.",
    rows=("B13",),
)
def backward_convolution() -> Figure:
    """Compute ∂L/∂W and ∂L/∂X of a small convolution by hand, and by Keras."""
    output, of_kernel, of_image = convolution_gradients(IMAGE, KERNEL, ABOVE)
    fig, axes = plt.subplots(3, 1)
    rows = (
        (IMAGE, KERNEL, output, ("X", "W", "h"), _("forward")),
        (IMAGE, ABOVE, of_kernel, ("X", r"\partial L/\partial h", r"\partial L/\partial W"),
         _("gradient of\nthe kernel")),
        (np.pad(ABOVE, 1), KERNEL[::-1, ::-1], of_image,
         (r"\partial L/\partial h", "W", r"\partial L/\partial X"), _("gradient of\nthe input")),
    )  # fmt: skip
    for ax, (left, right, result, names, title) in zip(axes, rows, strict=True):
        origins, places = (0, 6, 11), []
        for array, at, name, frame in zip(
            (left, right, result), origins, names, (None, "kernel", "output"), strict=True
        ):
            top = (4 - len(array)) / 2
            hatch = 1 if array.shape == (4, 4) else None
            plots.number_grid(array, ax=ax, origin=(at, top), frame=frame, hatch=hatch)
            places.append(at + len(array))
            ax.text(
                at + len(array) / 2, top - 0.15, f"${name}$", parse_math=True, ha="center",
                va="bottom",
            )  # fmt: skip
        between = (places[0] + 6) / 2
        ax.text(between, 2, r"$\star$", parse_math=True, fontsize="x-large", **MIDDLE)
        ax.text((places[1] + 11) / 2, 2, "=", **MIDDLE)
        ax.text(-1, 2, title, ha="right", va="center")
        ax.set_xlim(-8, 20)
        ax.set_ylim(4.2, -0.9)
    note(fig, _("In the last row ∂L/∂h is padded with zeros, and the kernel is turned by 180°."))
    return fig


def convolution_gradients(image: np.ndarray, kernel: np.ndarray, above: np.ndarray) -> tuple:
    """The output of a convolution, and the gradients of Σ above · output by back-propagation."""
    import keras

    from kerascnn import visualize

    inputs = keras.Input((*image.shape, 1))
    conv = keras.layers.Conv2D(1, kernel.shape, use_bias=False)
    model = keras.Model(inputs, conv(inputs))
    conv.set_weights([kernel[:, :, None, None]])
    x = image[None, :, :, None].astype("float32")

    weights = above[None, :, :, None].astype("float32")
    (of_kernel,) = visualize.weight_gradients(model, x, lambda h: keras.ops.sum(weights * h))
    of_image = visualize.saliency(
        model, x, lambda h: keras.ops.sum(weights * h, axis=(1, 2, 3)), reduce=None, verbose=False
    )
    return np.array(model(x))[0, :, :, 0], np.squeeze(of_kernel), of_image[0, :, :, 0]
