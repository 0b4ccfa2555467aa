"""Convolution is linear, equivariant and a matrix product (lecture map, B15, B18, B19)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import datasets, plots
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure
from .backpropagation import power
from .convolution import correlate

SHIFT = 24  # pixels


@figure(
    title="Shift, then convolve = convolve, then shift",
    alt="A photo that is shifted and then convolved, and convolved and then shifted: away from the "
    "border both pictures are the same.",
    rows=("B15",),
    photos=("camera",),
)
def translation_equivariance() -> Figure:
    """Compare both orders on a photo; the difference away from the border is 0."""
    photo = datasets.photo("camera")[100:356:2, 130:386:2, 0] / 255
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    first = correlate(shifted(photo), kernel)
    convolved = correlate(photo, kernel)
    last = shifted(convolved)
    inside = np.abs(first - last)[:, SHIFT + 1 :]
    fig, axes = plt.subplots(2, 3)
    rows = (
        ((_("photo"), photo), (_("shifted"), shifted(photo)), (_("then convolved"), first)),
        (
            (_("photo"), photo),
            (_("convolved"), correlate(photo, kernel)),
            (_("then shifted"), last),
        ),
    )
    for row, of_row in zip(axes, rows, strict=True):
        for ax, (name, picture) in zip(row, of_row, strict=True):
            limit = 1 if picture.min() >= 0 else 2
            ax.imshow(picture, cmap="gray", vmin=0 if limit == 1 else -limit, vmax=limit)
            ax.set_title(name, fontsize="medium")
            ax.set_axis_off()
    note(
        fig,
        _(
            "Shifted by {shift} pixels. Largest difference away from the border: {difference:g}.",
            shift=SHIFT,
            difference=float(inside.max()),
        ),
    )
    return fig


def shifted(picture: np.ndarray) -> np.ndarray:
    """Shift to the right; zeros come in at the left."""
    return np.pad(picture, ((0, 0), (SHIFT, 0)))[:, :-SHIFT]


SIGNAL = np.array([2, 1, 3, 0, 1])
WEIGHTS = np.array([1, -1, 2])
PICTURE = np.arange(1, 17).reshape(4, 4)
KERNEL = np.array([[1, 0], [0, -1]])


@figure(
    title="A convolution is a matrix product with few, repeated weights",
    alt="A signal of 5 values convolved by a matrix of 3 by 5 whose rows hold the kernel, shifted; "
    "and an image of 4 by 4 whose nine windows become the columns of a matrix (im2col).",
    rows=("B18",),
)
def convolution_as_a_matrix() -> Figure:
    """Write a 1-D convolution as a matrix, and a 2-D one as the product of im2col."""
    matrix = convolution_matrix(WEIGHTS, len(SIGNAL))
    windows = im2col(PICTURE, KERNEL.shape)
    product = KERNEL.ravel() @ windows
    fig, axes = plt.subplots(2, 1, height_ratios=(5, 6))
    ax = axes[0]
    blank = np.ma.masked_equal(matrix, 0)
    band = {(row, row, 1, len(WEIGHTS)): "kernel" for row in range(len(matrix))}
    plots.number_grid(blank, ax=ax, origin=(0, 1), highlight=band, label=_("matrix of the kernel"))
    plots.number_grid(SIGNAL[:, None], ax=ax, origin=(6.5, 0), label=_("signal"))
    plots.number_grid((matrix @ SIGNAL)[:, None], ax=ax, origin=(9.5, 1), frame="output",
                      label=_("output"))  # fmt: skip
    for x, sign in ((5.75, "·"), (8.5, "=")):
        ax.text(x, 2.5, sign, ha="center", va="center")
    ax.set_xlim(-9, 20)
    ax.set_ylim(5.2, -1.2)

    ax = axes[1]
    plots.number_grid(PICTURE, ax=ax, origin=(0, 0.5), highlight=[(0, 0, 2, 2)], label=_("image"))
    plots.number_grid(KERNEL.reshape(1, -1), ax=ax, origin=(6, 2), frame="kernel",
                      label=_("kernel"))  # fmt: skip
    plots.number_grid(windows, ax=ax, origin=(11.5, 0.5), highlight=[(0, 0, 4, 1)],
                      label=_("im2col: a column for each window"))  # fmt: skip
    plots.number_grid(product[None], ax=ax, origin=(22, 2), frame="output", label=_("output"))
    for x, sign in ((5, "→"), (10.75, "·"), (21.25, "=")):
        ax.text(x, 2.5, sign, ha="center", va="center")
    ax.set_ylim(5.2, -1.2)
    return fig


def convolution_matrix(kernel: np.ndarray, size: int) -> np.ndarray:
    """The matrix whose product with a signal is the convolution, without padding."""
    rows = size - len(kernel) + 1
    return np.stack([np.pad(kernel, (i, rows - 1 - i)) for i in range(rows)])


def im2col(image: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """The windows of an image (H, W), each as a column: (h·w, windows)."""
    views = np.lib.stride_tricks.sliding_window_view(image, window)
    return views.reshape(-1, window[0] * window[1]).T


@figure(
    title="Without a non-linearity, two layers are one",
    alt="Two kernels one after the other give the same picture as one kernel, their convolution; "
    "with a ReLU between them the picture is another.",
    rows=("B19",),
    photos=("camera",),
)
def linear_cascade() -> Figure:
    """Compare two linear convolutions with the one that does the same, and with a ReLU between."""
    photo = datasets.photo("camera")[60:316:2, 100:356:2, 0] / 255
    first = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 4
    second = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4
    both = joined(first, second)
    twice = correlate(correlate(photo, first), second)
    once = correlate(photo, both)
    bent = correlate(np.maximum(correlate(photo, first), 0), second)
    fig, axes = plt.subplots(1, 3)
    named = {
        _("3×3, then 3×3"): twice,
        _("one kernel of 5×5"): once,
        _("3×3, ReLU, 3×3"): bent,
    }
    limit = np.abs(twice).max() / 2
    for ax, (name, picture) in zip(axes, named.items(), strict=True):
        ax.imshow(picture, cmap="gray", vmin=-limit, vmax=limit)
        ax.set_title(name)
        ax.set_axis_off()
    difference = np.abs(twice - once).max()
    note(
        fig,
        _(
            "Largest difference of the first two: {small}, rounding; of the first and the third: "
            "{large}.",
            small=power(difference),
            large=f"{np.abs(twice - bent).max():.2f}",
        ),
    )
    return fig


def joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The kernel that does what two do one after the other: their convolution."""
    from scipy.signal import convolve2d

    return convolve2d(first, second)


@figure(
    title="Activation functions and their slopes",
    alt="Curves of sigmoid, tanh, ReLU and leaky ReLU, and of their slopes: the sigmoid's is at "
    "most a quarter, the ReLU's is 0 or 1.",
    rows=("B19",),
)
def activation_functions() -> Figure:
    """Draw four activation functions and their gradients, by Keras and its gradients."""
    x = np.linspace(-5, 5, 201, dtype="float32")
    curves = functions_and_slopes(x)
    fig, axes = plt.subplots(1, 2)
    for name, (y, slope) in curves.items():
        dashed = {"linestyle": (0, (3, 2)), "zorder": 3} if name == "ReLU" else {}
        axes[0].plot(x, y, label=name, **dashed)
        axes[1].plot(x, slope, label=name, **dashed)
    axes[0].set_ylim(-1.5, 3)
    axes[0].set_title(_("function"))
    axes[1].set_title(_("slope"))
    axes[1].set_ylim(-0.1, 1.15)
    for ax in axes:
        ax.set_xlabel("x")
    axes[0].legend(loc="upper left")
    note(fig, _("Leaky ReLU: max(0, x) + b · min(0, x), here with b = 0.1. Sigmoid: slope ≤ 1/4."))
    return fig


def functions_and_slopes(x: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Values and slopes at x, (N,), of four activations, by Keras and back-propagation."""
    import keras

    from kerascnn import visualize

    layers = {
        _("sigmoid"): keras.layers.Activation("sigmoid"),
        "tanh": keras.layers.Activation("tanh"),
        "ReLU": keras.layers.ReLU(),
        _("leaky ReLU"): keras.layers.LeakyReLU(0.1),
    }
    found = {}
    for name, layer in layers.items():
        inputs = keras.Input((1,))
        model = keras.Model(inputs, layer(inputs))
        # Of a sigmoid at the end the score would be its logit: so something stands behind it.
        model = keras.Model(inputs, keras.layers.Rescaling(1.0)(model(inputs)))
        slopes = visualize.saliency(
            model, x[:, None], lambda y: y[:, 0], reduce=None, verbose=False, batch_size=len(x)
        )
        found[name] = np.array(model(x[:, None]))[:, 0], slopes[:, 0]
    return found
