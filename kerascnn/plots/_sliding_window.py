"""One step of a convolution or a pooling, with its numbers."""

from collections.abc import Callable, Mapping
from fractions import Fraction

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from kerascnn._checks import check_count
from kerascnn._errors import unknown
from kerascnn._text import text as _

from ._artists import canvas, claim, fitted_text, text_height, text_width
from ._check import array
from ._number_grid import LABEL_HEIGHT, number_grid
from ._numbers import format_for, is_near, number
from ._style import role_color

Pair = tuple[int, ...]

GAP = 1.5  # between the grids, in cells
LINE_WIDTH = 3.6  # of the formula, in ems per cell of the drawing's width …
LINES = 4  # … and its number of lines; the middle of longer formulas is left out
SPELLED = 4  # terms before the omission
CORNERS = 24  # in cells; in wider drawings, the weights under the window are too small to read

REDUCTIONS = {"max": np.max, "mean": np.mean, "avg": np.mean, "average": np.mean}


def sliding_window(
    image: ArrayLike,
    kernel: ArrayLike | str,
    output: ArrayLike | None = None,
    *,
    step: int = 0,
    stride: int | None = None,
    padding: int | str = 0,
    pool: int | None = None,
    show_all: bool = False,
    fmt: str | Callable[[float], str] | None = None,
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw input, kernel and output side by side, with one window marked and its formula below.

    The window has the same color in the input and in the output. Values that later steps compute
    are blank, and cells that no window covers are crossed out. All steps of an example have the
    same limits and sizes, so they can serve as frames of an animation.

    Args:
        image: (H, W) numbers, without padding.
        kernel: (h, w) numbers, not flipped (cross-correlation, as in Keras); or "max", "mean",
            "avg" or "average" for pooling.
        output: (H', W') output of the layer, which is checked; `None` computes it.
        step: index of the output value, counted row by row from 0.
        stride: distance between windows, in cells; `None` means 1, or the side of the window for
            pooling.
        padding: number of rows and columns of zeros on each side (0 for pooling); or "valid"
            (none) or "same" (as in Keras, if it is the same number on each side).
        pool: side of a pooling window; `None` means the stride, or 2.
        show_all: whether to show the values of later steps as well.
        fmt: format string or callable for the numbers; `None` writes fractional weights as
            fractions and other numbers with as many digits as needed, up to three. If anything is
            rounded, the result is preceded by "≈".
        labels: dict of words to show in place of its keys "input", "kernel" and "output".
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If `output` does not match the window, stride and padding, the window is larger
            than the input, or the step does not exist.

    >>> import matplotlib.pyplot as plt
    >>> ax = sliding_window([[1, 2, 3]], [[1, -1]], step=1)
    >>> ax.texts[-1].get_text()
    '2·1 + 3·(−1) = −1'
    >>> plt.close(ax.figure)
    """
    image = _wide(array("image", image, "(H, W)", 2))
    pooling = isinstance(kernel, str)
    if pooling:
        if kernel not in REDUCTIONS:
            raise unknown("kernel, if a pooling,", kernel, REDUCTIONS)
        pool = check_count("pool", next(n for n in (pool, stride, 2) if n is not None))
        stride = pool if stride is None else stride
        height = width = pool
    else:
        kernel = _wide(array("kernel", kernel, "(h, w)", 2))
        height, width = kernel.shape
        stride = 1 if stride is None else stride
    stride = check_count("stride", stride)
    padding = _padding(padding, image.shape, (height, width), stride)
    if pooling and padding:
        raise ValueError(f"padding must be 0 with a pooling; received {padding}")
    padded = np.pad(image, padding)
    if height > padded.shape[0] or width > padded.shape[1]:
        raise ValueError(
            f"kernel must fit into the input, {padded.shape[0]}×{padded.shape[1]} with padding;"
            f" received a window of {height}×{width}"
        )
    patches = np.lib.stride_tricks.sliding_window_view(padded, (height, width))[::stride, ::stride]
    if isinstance(kernel, str):
        values = REDUCTIONS[kernel](patches, axis=(2, 3))
    else:
        values = np.sum(patches * kernel, axis=(2, 3))
    if output is not None:
        _check_output(output, values, f"{image.shape} with a window {height}×{width}, stride"
                      f" {stride}, padding {padding}")  # fmt: skip
    if not 0 <= step < values.size:
        raise ValueError(f"step must be 0 … {values.size - 1}; received {step}")
    covered = np.zeros(padded.shape, bool)
    for row, column in np.ndindex(values.shape):
        covered[stride * row :, stride * column :][:height, :width] = True

    words = {"input": _("input"), "kernel": _("kernel"), "output": _("output")} | dict(labels or {})
    row, column = divmod(step, values.shape[1])
    window = (row * stride, column * stride, height, width)
    shown = np.ma.array(values, mask=False)
    if not show_all:
        shown.mask = np.arange(values.size).reshape(values.shape) > step

    # the grids are side by side, centered on one line
    ax = canvas(ax)
    rows = max(padded.shape[0], values.shape[0], 0 if pooling else height)
    total = padded.shape[1] + (0 if pooling else GAP + width) + GAP + values.shape[1]
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
        corner=weights if total <= CORNERS else None,
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
            fmt=fmt or format_for(kernel, fractions=True),
            frame="kernel",
            label=words["kernel"],
        )
        x += GAP + width
        _sign(ax, x + GAP / 2, rows / 2, "=")
    number_grid(
        shown,
        ax=ax,
        origin=(x + GAP, (rows - values.shape[0]) / 2),
        fmt=fmt or format_for(values),
        frame="output",
        label=words["output"],
        highlight=[(row, column, 1, 1)],
    )
    formulas = _formulas(patches, kernel, values, fmt, LINE_WIDTH * total)
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


def _padding(given: int | str, size: Pair, window: Pair, stride: int) -> int:
    """Return the number of zeros on each side, including for "valid" and "same"."""
    if not isinstance(given, str):
        return check_count("padding", given, 0)
    if given not in ("valid", "same"):
        raise unknown("padding, if not a number,", given, ("valid", "same"))
    if given == "valid":
        return 0
    lacking = [
        max(0, (-(-n // stride) - 1) * stride + k - n) for n, k in zip(size, window, strict=True)
    ]
    if lacking[0] != lacking[1] or lacking[0] % 2:
        raise ValueError(
            f"padding must be a number here: 'same' adds {lacking[0]} rows and {lacking[1]} columns"
            " in total, which cannot be split evenly"
        )
    return lacking[0] // 2


def _check_output(given, values: np.ndarray, of: str) -> None:
    given = array("output", given, "(H', W')", 2)
    if given.shape != values.shape:
        raise ValueError(f"output must have shape {values.shape}, for {of}; received {given.shape}")
    wrong = np.argwhere(~np.isclose(values, given, rtol=1e-4, atol=1e-6))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"output[{row}, {column}] must be {values[row, column]:g}, the value for this window;"
            f" received {given[row, column]:g}: is the kernel flipped, or is there a bias?"
        )


def _wide(values: np.ndarray) -> np.ndarray:
    """Widen small integers, because products of uint8 would wrap around."""
    return values.astype(np.result_type(values, np.int64))


def _sign(ax: Axes, x: float, y: float, sign: str) -> None:
    fitted_text(ax, x, y, sign, room=(0.9, 0.9))


def _formulas(patches, kernel, values, fmt, room: float) -> list[str]:
    """Return the formula of each step with its numbers, all with the same number of lines.

    Args:
        patches: (H', W', h, w) values that the window covers.
        kernel: (h, w) weights, or the name of a pooling.
        values: (H', W') results.
        fmt: format of all numbers, or `None`.
        room: width of a line, in ems.
    """
    of_input, of_output = (fmt or format_for(numbers) for numbers in (patches, values))
    rounded = _is_rounded(patches, of_input)
    if isinstance(kernel, str):
        start, joint = ("max(", ", ") if kernel == "max" else ("(", " + ")
        end = ")" if kernel == "max" else f") / {patches[0, 0].size}"
        write = number if kernel == "max" else _term
        terms = [[write(v, of_input) for v in patch.flat] for patch in _each(patches)]
    else:
        of_kernel = fmt or format_for(kernel, fractions=True)
        rounded = rounded or _is_rounded(kernel, of_kernel)
        start, joint, end = "", " + ", ""
        terms = [
            [
                f"{number(v, of_input)}·{_term(k, of_kernel)}"
                for v, k in zip(patch.flat, kernel.flat, strict=True)
            ]
            for patch in _each(patches)
        ]
    widest = max(text_width(term + joint) for one in terms for term in one)
    width, count = patches.shape[-1], len(terms[0])
    in_line = max(1, int(room // widest))
    if in_line < count:
        in_line = max(in_line // width * width, min(in_line, width))
    formulas = []
    for one, value in zip(terms, values.flat, strict=True):
        if count > LINES * in_line:
            one = [*one[: max(1, min(SPELLED, in_line - 3))], "…", one[-1]]
        parts = [one[i : i + in_line] for i in range(0, len(one), in_line)]
        text = (joint.rstrip() + "\n").join(joint.join(part) for part in parts)
        sign = "≈" if rounded or _is_rounded(value, of_output) else "="
        formulas.append(f"{start}{text}{end} {sign} {number(value, of_output)}")
    return formulas


def _each(patches: np.ndarray) -> np.ndarray:
    return patches.reshape(-1, *patches.shape[2:])


def _is_rounded(values, fmt) -> bool:
    """Return whether formatting rounds any of the numbers."""
    values = np.unique(values)
    try:
        written = [float(Fraction(number(v, fmt).replace("−", "-"))) for v in values]
    except ValueError:  # a custom format
        return False
    return not is_near(values, written)


def _term(value, fmt) -> str:
    """Put a negative number in parentheses."""
    return f"({number(value, fmt)})" if value < 0 else number(value, fmt)
