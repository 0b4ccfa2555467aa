"""One step of a convolution or a pooling, with the numbers put in."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from kerascnn._errors import unknown
from kerascnn._text import text as _

from ._artists import canvas, claim, fitted_text, number, text_height, text_width
from ._check import array
from ._number_grid import LABEL_HEIGHT, number_grid
from ._style import role_color

GAP = 1.5  # between the grids, in cells
TERMS_IN_A_LINE = 9  # of the formula: a 3x3 window fits

REDUCTIONS = {"max": np.max, "mean": np.mean}


def sliding_window(
    image,
    kernel,
    output,
    *,
    step: int = 0,
    stride: int = 1,
    padding: int = 0,
    pool: int | None = None,
    show_all: bool = False,
    fmt="{:g}",
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw input, kernel and output side by side, one window marked, and its formula beneath.

    The window has the same colour in the input and in the output. Values that later steps will
    compute are blank, and cells that no window covers are crossed out. All steps of one example
    have the same limits and sizes, so that they make frames without jitter.

    Args:
        image: (H, W) numbers, without its padding.
        kernel: (h, w) numbers, laid on the window as they are (cross-correlation, as in Keras); or
            "max" or "mean" for a pooling.
        output: (H', W') numbers: what the layer gives. It is checked, not computed.
        step: index of the output value, row by row from 0.
        stride: distance of the windows, in cells.
        padding: rows and columns of zeros on each side (a pooling has none).
        pool: side of a pooling's window; the stride by default.
        show_all: show also the values of later steps.
        fmt: format string or callable for the numbers.
        labels: words to show in place of "input", "kernel", "output" (their keys).
        ax: where to draw; `None` makes a figure.

    Returns:
        The Axes.

    Raises:
        TypeError: something is not numbers.
        ValueError: `output` is not what this window, stride and padding give, or there is no
            such step.

    >>> import matplotlib.pyplot as plt
    >>> ax = sliding_window([[1, 2, 3]], [[1, -1]], [[-1, -1]], step=1)
    >>> ax.texts[-1].get_text()
    '2·1 + 3·(−1) = −1'
    >>> plt.close(ax.figure)
    """
    image = _wide(array("image", image, "(H, W)", 2))
    output = array("output", output, "(H', W')", 2)
    if stride < 1 or padding < 0:
        raise ValueError(
            f"stride must be 1 or more and padding 0 or more; received {stride} and {padding}"
        )
    pooling = isinstance(kernel, str)
    if pooling:
        if kernel not in REDUCTIONS:
            raise unknown("kernel, as a pooling,", kernel, REDUCTIONS)
        height = width = pool or stride
    else:
        kernel = _wide(array("kernel", kernel, "(h, w)", 2))
        height, width = kernel.shape
    if pooling and padding:
        raise ValueError(f"padding must be 0 with a pooling; received {padding}")
    padded = np.pad(image, padding)
    expected = tuple(
        (size - window) // stride + 1
        for size, window in zip(padded.shape, (height, width), strict=True)
    )
    if output.shape != expected:
        raise ValueError(
            f"output must have shape {expected}, for {image.shape} with a window {height}×{width},"
            f" stride {stride}, padding {padding}; received {output.shape}"
        )
    if not 0 <= step < output.size:
        raise ValueError(f"step must be 0 … {output.size - 1}; received {step}")

    formulas = []
    covered = np.zeros(padded.shape, bool)
    for index in np.ndindex(output.shape):
        top, left = index[0] * stride, index[1] * stride
        window = np.s_[top : top + height, left : left + width]
        covered[window] = True
        patch = padded[window]
        value = REDUCTIONS[kernel](patch) if pooling else np.sum(patch * kernel)
        if not np.isclose(value, output[index], rtol=1e-4, atol=1e-6):
            raise ValueError(
                f"output[{index[0]}, {index[1]}] must be {value:g}, which the window gives;"
                f" received {output[index]:g}: is the kernel flipped, or is there a bias?"
            )
        formulas.append(_formula(patch, kernel, value, fmt))

    words = {"input": _("input"), "kernel": _("kernel"), "output": _("output")} | dict(labels or {})
    row, column = divmod(step, output.shape[1])
    window = (row * stride, column * stride, height, width)
    shown = np.ma.array(output, mask=False)
    if not show_all:
        shown.mask = np.arange(output.size).reshape(output.shape) > step

    # the grids stand side by side, centred on one line
    ax = canvas(ax)
    rows = max(padded.shape[0], output.shape[0], 0 if pooling else height)
    weights = np.ma.masked_all(padded.shape)
    if not pooling:
        weights[window[0] : window[0] + height, window[1] : window[1] + width] = kernel
    number_grid(
        padded,
        ax=ax,
        origin=(0, (rows - padded.shape[0]) / 2),
        fmt=fmt,
        label=words["input"],
        highlight=[window],
        hatch=padding or None,
        crossed=~covered,
        corner=weights,
    )
    x = padded.shape[1]
    if pooling:
        _sign(ax, x + GAP / 2, rows / 2, "→")
    else:
        _sign(ax, x + GAP / 2, rows / 2, "∗")
        number_grid(
            kernel,
            ax=ax,
            origin=(x + GAP, (rows - height) / 2),
            fmt=fmt,
            frame="kernel",
            label=words["kernel"],
        )
        x += GAP + width
        _sign(ax, x + GAP / 2, rows / 2, "=")
    number_grid(
        shown,
        ax=ax,
        origin=(x + GAP, (rows - output.shape[0]) / 2),
        fmt=fmt,
        frame="output",
        label=words["output"],
        highlight=[(row, column, 1, 1)],
    )
    total = x + GAP + output.shape[1]
    widest = max(formulas, key=text_width)
    lines = text_height(widest)
    fitted_text(
        ax,
        total / 2,
        rows + 0.45,
        formulas[step],
        room=(total, 0.75 * lines),
        widest=widest,
        va="top",
        color=role_color("window"),
        cap=1.25 * mpl.rcParams["font.size"],
    )
    claim(ax, 0, -LABEL_HEIGHT, total, rows + 0.55 + 0.75 * lines)
    return ax


def _wide(values: np.ndarray) -> np.ndarray:
    """Widen small integers: products of uint8 would wrap around."""
    return values.astype(np.result_type(values, np.int64))


def _sign(ax: Axes, x: float, y: float, sign: str) -> None:
    fitted_text(ax, x, y, sign, room=(0.9, 0.9))


def _formula(patch, kernel, value, fmt) -> str:
    """Write the formula of one step with its numbers, one line for each nine terms at most."""
    result = number(value, fmt)
    if isinstance(kernel, str):
        if kernel == "max":
            return f"max({', '.join(number(v, fmt) for v in patch.flat)}) = {result}"
        return f"({' + '.join(_term(v, fmt) for v in patch.flat)}) / {patch.size} = {result}"
    rows = [
        " + ".join(f"{number(v, fmt)}·{_term(k, fmt)}" for v, k in zip(*pair, strict=True))
        for pair in zip(patch, kernel, strict=True)
    ]
    joint = " + " if patch.size <= TERMS_IN_A_LINE else " +\n"
    return f"{joint.join(rows)} = {result}"


def _term(value, fmt) -> str:
    """Put a negative number into brackets."""
    return f"({number(value, fmt)})" if value < 0 else number(value, fmt)
