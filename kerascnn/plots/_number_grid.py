"""A grid of cells with numbers, which shows an array in the arithmetic figures."""

from collections.abc import Callable, Iterable, Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, is_color_like, to_hex
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from ._artists import canvas, claim, fitted_text, mix, text_width
from ._check import array
from ._numbers import format_for, number
from ._style import readable_on, role_color

TINT = 0.22  # opacity of a window's color on its cells
INSET = 0.07  # overlapping windows shrink by this much each, in cells
BESIDE = 0.03  # adjacent windows shrink by this much, so that both outlines show
NUMBER_HEIGHT = 0.62  # of a cell
LABEL_HEIGHT = 0.62

Window = tuple[int, int, int, int]


def number_grid(
    values: ArrayLike,
    *,
    ax: Axes | None = None,
    origin: tuple[float, float] = (0.0, 0.0),
    cell: float = 1.0,
    fmt: str | Callable[[float], str] | None = None,
    label: str | None = None,
    highlight: Iterable[Window] | Mapping[Window, str] | None = None,
    hatch: ArrayLike | int | None = None,
    crossed: ArrayLike | None = None,
    corner: ArrayLike | None = None,
    cmap: str | None = None,
    limits: tuple[float, float] | None = None,
    frame: str | None = None,
) -> Axes:
    """Draw a matrix as a grid of cells with the numbers in them.

    Several grids can share one Axes, each with its own `origin`. One unit of the Axes is one unit
    of `origin` and `cell`, and y points down like the rows. The numbers scale with the cells.

    Args:
        values: (H, W) array; masked cells (`numpy.ma`) stay blank.
        ax: Axes to draw on; `None` creates a new figure.
        origin: (x, y) of the upper left corner.
        cell: side length of a cell.
        fmt: format string, or a callable from number to text; `None` writes as many digits as
            needed, up to three.
        label: name of the grid, written above it.
        highlight: windows (row, column, height, width) in cells, or a dict from such windows to a
            role ("window", "kernel", "output", …) or a color; a window may extend beyond the grid.
        hatch: cells to draw as padding: (H, W) booleans, or the width of a border in cells.
        crossed: (H, W) booleans: cells to cross out because no window covers them.
        corner: (H, W) numbers to write small into the lower right corners, such as the kernel's
            weights under a window; masked cells have none.
        cmap: name of a colormap that colors the cells by value.
        limits: (lowest, highest) value of the colormap; by default, those of `values`.
        frame: role or color of the grid's outline.

    Returns:
        The Axes.

    Raises:
        TypeError: If `values` is not numeric.
        ValueError: If the number of axes or the shape of a mask is wrong, a value is NaN, or a role
            is unknown.

    >>> import matplotlib.pyplot as plt
    >>> ax = number_grid([[1, 2], [3, -4]], highlight=[(0, 1, 1, 1)])
    >>> [text.get_text() for text in ax.texts]
    ['1', '2', '3', '−4']
    >>> plt.close(ax.figure)
    """
    values = np.ma.asarray(array("values", values, "(H, W)", 2))
    rows, columns = values.shape
    blank = np.ma.getmaskarray(values)
    padding = (
        _ring(int(hatch), values.shape)
        if isinstance(hatch, int | np.integer)
        else _mask("hatch", hatch, values)
    )
    dropped = _mask("crossed", crossed, values)
    small = None if corner is None else np.ma.asarray(array("corner", corner, "(H, W)", 2))
    if small is not None and small.shape != values.shape:
        raise ValueError(f"corner must have the shape of values, {values.shape}; got {small.shape}")
    windows = _windows(highlight)
    fmt_small = fmt if fmt or small is None else format_for(small, fractions=True)
    fmt = fmt or format_for(values)

    ax = canvas(ax)
    x0, y0 = origin
    ground = to_hex(mpl.rcParams["axes.facecolor"])
    ink = to_hex(mpl.rcParams["text.color"])
    line = mpl.rcParams["lines.linewidth"]
    faces = _faces(values, cmap, limits, ground)
    if cmap is None:
        for *window, color in windows:
            block = faces[_inside(window, values.shape)]
            for index in np.ndindex(block.shape):
                block[index] = mix(str(block[index]), color, TINT)
    texts = np.ma.array(np.full(values.shape, "", dtype=object), mask=blank)
    for index, value in np.ma.ndenumerate(values):
        texts[index] = number(value, fmt)
    widest = max(texts.compressed(), key=text_width, default="")

    for r, c in np.ndindex(rows, columns):
        x, y, face = x0 + c * cell, y0 + r * cell, str(faces[r, c])
        ax.add_patch(
            Rectangle(
                (x, y), cell, cell, fc=face, ec=mix(ground, ink, 0.45), lw=0.3 * line, zorder=1
            )
        )
        if padding[r, c]:
            _hatch(ax, x, y, cell, mix(face, role_color("padding"), 0.5))
        if dropped[r, c]:
            _cross(ax, x, y, cell, 0.6 * line)
        if not blank[r, c]:
            quiet = padding[r, c] or dropped[r, c]
            # A number leaves space for the small one in its corner.
            center = 0.42 if small is not None and not np.ma.getmaskarray(small)[r, c] else 0.5
            fitted_text(
                ax,
                x + center * cell,
                y + center * cell,
                str(texts[r, c]),
                room=(0.76 * cell, NUMBER_HEIGHT * cell),
                widest=widest,  # one size for the whole grid
                color=readable_on(face) if cmap else mix(face, ink, 0.7 if quiet else 1.0),
                zorder=3,
            )
        if small is not None and not np.ma.getmaskarray(small)[r, c]:
            fitted_text(
                ax,
                x + 0.94 * cell,
                y + 0.95 * cell,
                "×" + number(float(small[r, c]), fmt_small),
                room=(0.6 * cell, 0.31 * cell),
                color=role_color("kernel"),
                zorder=3,
                ha="right",
                va="bottom",
            )

    outline = _color(frame) if frame else ink
    ax.add_patch(
        Rectangle(
            (x0, y0),
            columns * cell,
            rows * cell,
            fc="none",
            ec=outline,
            lw=(0.9 if frame else 0.45) * line,
            zorder=2,
        )
    )
    for nth, (row, column, height, width, color) in enumerate(windows):
        shrink = cell * BESIDE * (len(windows) > 1)
        shrink += cell * INSET * sum(_overlap(windows[nth], other) for other in windows[:nth])
        ax.add_patch(
            Rectangle(
                (x0 + column * cell + shrink, y0 + row * cell + shrink),
                width * cell - 2 * shrink,
                height * cell - 2 * shrink,
                fc="none",
                ec=color,
                lw=1.4 * line,
                zorder=4 + 0.01 * nth,
                gid="window",
            )
        )
    top = y0
    if label:
        top -= (LABEL_HEIGHT + 0.2) * cell
        fitted_text(
            ax,
            x0 + columns * cell / 2,
            y0 - 0.16 * cell,
            label,
            room=(max(columns, 3) * cell, LABEL_HEIGHT * cell),
            cap=1.3 * mpl.rcParams["font.size"],
            color=outline,
            va="bottom",
            zorder=3,
        )
    tops = [top, *(y0 + window[0] * cell for window in windows)]
    lefts = [x0, *(x0 + window[1] * cell for window in windows)]
    bottoms = [y0 + rows * cell, *(y0 + (w[0] + w[2]) * cell for w in windows)]
    rights = [x0 + columns * cell, *(x0 + (w[1] + w[3]) * cell for w in windows)]
    margin = 0.08 * cell  # so that outlines are not cut off at the edge
    claim(ax, min(lefts) - margin, min(tops) - margin, max(rights) + margin, max(bottoms) + margin)
    return ax


def _hatch(ax: Axes, x: float, y: float, cell: float, color: str) -> None:
    """Hatch a cell with a separate patch, because the hatch is fainter than the grid's lines."""
    ax.add_patch(
        Rectangle(
            (x, y), cell, cell, fc="none", ec=color, lw=0, hatch="////", zorder=1.1, gid="padding"
        )
    )


def _cross(ax: Axes, x: float, y: float, cell: float, width: float) -> None:
    near, far = 0.14 * cell, 0.86 * cell
    for ends in ((near, far), (far, near)):
        ax.plot(
            (x + near, x + far),
            (y + ends[0], y + ends[1]),
            color=role_color("dropped"),
            linestyle="-",
            linewidth=width,
            solid_capstyle="round",
            zorder=2.5,
            gid="dropped",
        )


def _ring(width: int, shape: tuple[int, int]) -> np.ndarray:
    """Return a mask of the outermost `width` cells."""
    if width < 0 or 2 * width >= min(shape):
        raise ValueError(
            f"hatch, if a width, must leave cells inside the grid {shape}; received {width}"
        )
    ring = np.ones(shape, bool)
    ring[width : shape[0] - width, width : shape[1] - width] = False
    return ring


def _mask(what: str, mask, values: np.ndarray) -> np.ndarray:
    if mask is None:
        return np.zeros(values.shape, bool)
    mask = np.asarray(mask)
    if mask.shape != values.shape or mask.dtype != bool:
        raise ValueError(
            f"{what} must be a boolean array of the grid's shape {values.shape}; received"
            f" {mask.dtype} of shape {mask.shape}"
        )
    return mask


def _windows(highlight) -> list[tuple[int, int, int, int, str]]:
    pairs = highlight.items() if isinstance(highlight, Mapping) else (highlight or ())
    result = []
    for item in pairs:
        window, role = item if isinstance(highlight, Mapping) else (item, "window")
        if len(window) != 4 or min(window[2:]) < 1:
            raise ValueError(
                f"highlight must contain windows (row, column, height, width); received {window!r}"
            )
        result.append((*window, to_hex(_color(role))))
    return result


def _color(name: str) -> str:
    """Return the color of a role; other matplotlib colors stay unchanged."""
    return name if is_color_like(name) else role_color(name)


def _faces(values, cmap, limits, ground) -> np.ndarray:
    faces = np.full(values.shape, ground, dtype=object)
    if cmap:
        low, high = limits or (values.min(), values.max())
        norm = Normalize(low, high if high > low else low + 1)
        for index, value in np.ma.ndenumerate(values):
            faces[index] = to_hex(mpl.colormaps[cmap](norm(value)))
    return faces


def _inside(window, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return the slices of the part of a window that is inside the grid."""
    top, left, height, width = window
    return (
        slice(max(top, 0), max(min(top + height, shape[0]), 0)),
        slice(max(left, 0), max(min(left + width, shape[1]), 0)),
    )


def _overlap(one, other) -> bool:
    (r, c, h, w), (r2, c2, h2, w2) = one[:4], other[:4]
    return r < r2 + h2 and r2 < r + h and c < c2 + w2 and c2 < c + w
