"""Convolution as a linear and equivariant operation and a matrix product (B15, B18, B19)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, datasets, plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import Panels, note
from ._material import gray_square
from ._operations import correlate
from ._registry import figure
from .backpropagation import power

SHIFT = 24  # pixels
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


@figure(
    title="Shift, then convolve = convolve, then shift",
    alt="A photo that is shifted and then convolved, and convolved and then shifted: away from the "
    "border both pictures are the same.",
    rows=("B15",),
    photos=("camera",),
)
def translation_equivariance(
    *, photo: np.ndarray | None = None, kernel: np.ndarray = SOBEL, shift: int = SHIFT
) -> Figure:
    """Compare both orders on a photo; the difference away from the border is 0."""
    gray = datasets.photo("camera")[100:356:2, 130:386:2, 0] / 255
    if photo is not None:
        gray = gray_square(photo, 128)
    if shift >= gray.shape[1] // 2:
        raise ValueError(
            f"shift must be less than half the photo's {gray.shape[1]} pixels; received {shift}."
        )
    moved = shifted(gray, shift)
    first = correlate(moved, kernel)
    convolved = correlate(gray, kernel)
    last = shifted(convolved, shift)
    inside = np.abs(first - last)[:, shift + kernel.shape[1] - 1 :]
    fig, axes = plt.subplots(2, 3)
    rows = (
        ((_("photo"), gray), (_("shifted"), moved), (_("then convolved"), first)),
        ((_("photo"), gray), (_("convolved"), convolved), (_("then shifted"), last)),
    )
    for row, of_row in zip(axes, rows, strict=True):
        for ax, (name, picture) in zip(row, of_row, strict=True):
            strongest = min(np.abs(convolved).max(), 2)
            low, high = (0, 1) if picture.min() >= 0 else (-strongest, strongest)
            ax.imshow(picture, cmap="gray", vmin=low, vmax=high)
            ax.set_title(name, fontsize="medium")
            ax.set_axis_off()
    note(
        fig,
        _(
            "Shifted by {shift} pixels. Largest difference away from the border: {difference:g}.",
            shift=shift,
            difference=float(inside.max()),
        ),
    )
    return fig


def shifted(picture: np.ndarray, pixels: int) -> np.ndarray:
    """Shift to the right, inserting zeros on the left."""
    return np.pad(picture, ((0, 0), (pixels, 0)))[:, :-pixels]


SIGNAL = np.array([2, 1, 3, 0, 1])
WEIGHTS = np.array([1, -1, 2])
PICTURE = np.arange(1, 17).reshape(4, 4)
KERNEL = np.array([[1, 0], [0, -1]])
WINDOWS = 16  # maximum number of legible columns of im2col


def multiplied(
    signal: np.ndarray, weights: np.ndarray, image: np.ndarray, kernel: np.ndarray
) -> str:
    """Return the alt text."""
    rows = arithmetic.conv_output_size(len(signal), len(weights))
    return _(
        "A signal of {signal} values convolved by a matrix of {matrix} whose rows hold the kernel, "
        "shifted; and an image of {image} whose {count} windows become the columns of a matrix "
        "(im2col).",
        signal=len(signal),
        matrix=f"{rows}×{len(signal)}",
        image=shape_text(image.shape),
        count=correlate(image, kernel).size,
    )


@figure(
    title="A convolution is a matrix product with few, repeated weights",
    alt=multiplied,
    rows=("B18",),
)
def convolution_as_a_matrix(
    *,
    signal: np.ndarray = SIGNAL,
    weights: np.ndarray = WEIGHTS,
    image: np.ndarray = PICTURE,
    kernel: np.ndarray = KERNEL,
) -> Figure:
    """Draw a 1-D convolution as a matrix and a 2-D convolution as a product by im2col."""
    matrix = convolution_matrix(weights, len(signal))
    correlate(image, kernel)  # raises an error if the kernel does not fit
    windows = im2col(image, kernel.shape)
    product = kernel.ravel() @ windows
    if windows.shape[1] > WINDOWS:
        raise ValueError(
            f"image must have at most {WINDOWS} windows, each of which becomes a column; received "
            f"{shape_text(image.shape)} with {windows.shape[1]}."
        )
    fig, axes = plt.subplots(2, 1, height_ratios=(len(signal), max(6, len(windows))))
    ax = axes[0]
    height, width = matrix.shape
    inside = np.ma.masked_equal(convolution_matrix(np.ones_like(weights), len(signal)), 0)
    blank = np.ma.array(matrix, mask=inside.mask)
    band = {(row, row, 1, len(weights)): "kernel" for row in range(height)}
    middle = width / 2
    panels: Panels = (
        (blank, 0, {"highlight": band, "label": _("matrix of the kernel")}),
        (signal[:, None], width + 1.5, {"label": _("signal")}),
        ((matrix @ signal)[:, None], width + 4.5, {"frame": "output", "label": _("output")}),
    )
    for array, at, look in panels:
        plots.number_grid(array, ax=ax, origin=(at, middle - len(array) / 2), **look)
    for x, sign in ((width + 0.75, "·"), (width + 3.5, "=")):
        ax.text(x, middle, sign, ha="center", va="center")
    ax.set_xlim(-9, width + 15)
    ax.set_ylim(width + 0.2, -1.2)

    ax = axes[1]
    flat = kernel.reshape(1, -1)
    second = image.shape[1] + 2
    third = second + flat.shape[1] + 1.5
    fourth = third + windows.shape[1] + 1.5
    tallest = max(len(image), len(windows), 1)
    middle = tallest / 2 + 0.5
    column = [(0, 0, len(windows), 1)]
    panels: Panels = (
        (image, 0, {"highlight": [(0, 0, *kernel.shape)], "label": _("image")}),
        (flat, second, {"frame": "kernel", "label": _("kernel")}),
        (windows, third, {"highlight": column, "label": _("im2col: a column for each window")}),
        (product[None], fourth, {"frame": "output", "label": _("output")}),
    )
    for array, at, look in panels:
        plots.number_grid(array, ax=ax, origin=(at, middle - len(array) / 2), **look)
    for x, sign in ((second - 1, "→"), (third - 0.75, "·"), (fourth - 0.75, "=")):
        ax.text(x, middle, sign, ha="center", va="center")
    ax.set_ylim(tallest + 1.2, -1.2)
    return fig


def convolution_matrix(kernel: np.ndarray, size: int) -> np.ndarray:
    """Return the matrix whose product with a signal is the convolution without padding."""
    rows = arithmetic.conv_output_size(size, len(kernel))
    return np.stack([np.pad(kernel, (i, rows - 1 - i)) for i in range(rows)])


def im2col(image: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """Return the windows of an image (H, W) as columns: (h·w, windows)."""
    views = np.lib.stride_tricks.sliding_window_view(image, window)
    return views.reshape(-1, window[0] * window[1]).T


@figure(
    title="Without a non-linearity, two layers are one",
    alt="Two kernels in sequence give the same image as one kernel, their convolution; with a "
    "ReLU between them, the image is different.",
    rows=("B19",),
    photos=("camera",),
)
def linear_cascade(*, photo: np.ndarray | None = None) -> Figure:
    """Compare two convolutions with their equivalent, and with a ReLU in between."""
    gray = datasets.photo("camera")[60:316:2, 100:356:2, 0] / 255
    if photo is not None:
        gray = gray_square(photo, 128)
    first = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 4
    second = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4
    both = joined(first, second)
    twice = correlate(correlate(gray, first), second)
    once = correlate(gray, both)
    bent = correlate(np.maximum(correlate(gray, first), 0), second)
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
    """Return the kernel that is equivalent to two kernels in sequence: their convolution."""
    from scipy.signal import convolve2d

    return convolve2d(first, second)


X = np.linspace(-5, 5, 201, dtype="float32")
LEAK = 0.1


def functions_and_slopes(x: np.ndarray = X) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the values and slopes of four activations at x, (N,), as computed by Keras."""
    import keras

    from kerascnn import visualize

    layers = {
        "sigmoid": keras.layers.Activation("sigmoid"),
        "tanh": keras.layers.Activation("tanh"),
        "ReLU": keras.layers.ReLU(),
        "leaky ReLU": keras.layers.LeakyReLU(LEAK),
    }
    found = {}
    for name, layer in layers.items():
        inputs = keras.Input((1,))
        model = keras.Model(inputs, layer(inputs))
        # For a sigmoid at the end, the score would be its logit, so another layer follows it.
        model = keras.Model(inputs, keras.layers.Rescaling(1.0)(model(inputs)))
        slopes = visualize.saliency(
            model, x[:, None], lambda y: y[:, 0], reduce=None, verbose=False, batch_size=len(x)
        )
        found[name] = np.array(model(x[:, None]))[:, 0], np.asarray(slopes)[:, 0]
    return found


@figure(
    title="Activation functions and their slopes",
    alt="Curves of sigmoid, tanh, ReLU and leaky ReLU, and of their slopes: the sigmoid's is at "
    "most a quarter, the ReLU's is 0 or 1.",
    rows=("B19",),
    data=functions_and_slopes,
)
def activation_functions(curves: dict[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw four activation functions and their slopes, as computed by Keras."""
    words = {"sigmoid": _("sigmoid"), "leaky ReLU": _("leaky ReLU")}
    fig, axes = plt.subplots(1, 2)
    for name, (y, slope) in curves.items():
        dashed = {"linestyle": (0, (3, 2)), "zorder": 3} if name == "ReLU" else {}
        axes[0].plot(X, y, label=words.get(name, name), **dashed)
        axes[1].plot(X, slope, **dashed)
    axes[0].set_ylim(-1.5, 3)
    axes[0].set_title(_("function"))
    axes[1].set_title(_("slope"))
    axes[1].set_ylim(-0.1, 1.15)
    for ax in axes:
        ax.set_xlabel("x")
    axes[0].legend(loc="upper left")
    note(fig, _("Leaky ReLU: max(0, x) + b · min(0, x), here with b = 0.1. Sigmoid: slope ≤ 1/4."))
    return fig
