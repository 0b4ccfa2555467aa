"""A grid of cells with numbers in them: the picture of an array in the arithmetic figures."""

from collections.abc import Iterable, Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, is_color_like, to_hex, to_rgb
from matplotlib.patches import Rectangle

from ._artists import canvas, claim, fitted_text, number
from ._check import array
from ._style import readable_on, role_color

TINT = 0.22  # how much of a window's colour lies on its cells
INSET = 0.07  # windows that overlap are drawn this much smaller each, in cells
NUMBER_HEIGHT = 0.62  # of a cell
LABEL_HEIGHT = 0.62

Window = tuple[int, int, int, int]


def number_grid(
    values,
    *,
    ax: Axes | None = None,
    origin: tuple[float, float] = (0.0, 0.0),
    cell: float = 1.0,
    fmt="{:g}",
    label: str | None = None,
    highlight: Iterable[Window] | Mapping[Window, str] | None = None,
    hatch=None,
    crossed=None,
    corner=None,
    cmap: str | None = None,
    limits: tuple[float, float] | None = None,
    frame: str | None = None,
) -> Axes:
    """Draw a matrix as a grid of cells with the numbers in them.

    Several grids can share one Axes: give each its `origin`. One unit of the axes is one unit of
    `origin` and `cell`, and y runs downwards as the rows do. The numbers grow with the cells.

    Args:
        values: (H, W) numbers; masked cells (`numpy.ma`) stay blank.
        ax: where to draw; `None` makes a figure.
        origin: (x, y) of the upper left corner.
        cell: side of a cell.
        fmt: format string or a callable, number -> text.
        label: a name for the grid, written above it.
        highlight: windows (row, column, height, width) in cells, or a dict from such windows to a
            role ("window", "kernel", "output", …) or a colour; a window may reach beyond the grid.
        hatch: (H, W) booleans, or a width in cells all round: cells drawn as padding.
        crossed: (H, W) booleans: cells crossed out, which no window covers.
        corner: (H, W) numbers, small in the lower right corners, such as the kernel's weights
            under a window; masked cells have none.
        cmap: colour the cells by value with this colormap.
        limits: (lowest, highest) value of the colormap; the values' own by default.
        frame: a role or a colour for the grid's outline.

    Returns:
        The Axes.

    Raises:
        TypeError: `values` are not numbers.
        ValueError: wrong number of axes, NaN, masks of another shape, or an unknown role.

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
        _ring(hatch, values.shape) if isinstance(hatch, int) else _mask("hatch", hatch, values)
    )
    dropped = _mask("crossed", crossed, values)
    small = None if corner is None else np.ma.asarray(array("corner", corner, "(H, W)", 2))
    if small is not None and small.shape != values.shape:
        raise ValueError(f"corner must have the shape of values, {values.shape}; got {small.shape}")
    windows = _windows(highlight)

    ax = canvas(ax)
    x0, y0 = origin
    ground = to_hex(mpl.rcParams["axes.facecolor"])
    ink = mpl.rcParams["text.color"]
    faces = _faces(values, cmap, limits, ground)
    for top, left, height, width, color in windows:
        inside = (
            slice(max(top, 0), max(top + height, 0)),
            slice(max(left, 0), max(left + width, 0)),
        )
        for r, c in np.ndindex(rows, columns):
            if cmap is None and _within(r, inside[0]) and _within(c, inside[1]):
                faces[r, c] = _mix(faces[r, c], color, TINT)

    line = mpl.rcParams["lines.linewidth"]
    grid_line = _mix(ground, ink, 0.45)
    for r, c in np.ndindex(rows, columns):
        x, y = x0 + c * cell, y0 + r * cell
        face = faces[r, c]
        ax.add_patch(Rectangle((x, y), cell, cell, fc=face, ec=grid_line, lw=0.3 * line, zorder=1))
        if padding[r, c]:
            # a second patch: the hatch has its own, fainter colour
            ax.add_patch(
                Rectangle(
                    (x, y),
                    cell,
                    cell,
                    fc="none",
                    ec=_mix(ground, role_color("padding"), 0.55),
                    lw=0,
                    hatch="////",
                    zorder=1.1,
                    gid="padding",
                )
            )
        if dropped[r, c]:
            edge = 0.12 * cell
            for ys in ((y + edge, y + cell - edge), (y + cell - edge, y + edge)):
                ax.plot(
                    (x + edge, x + cell - edge),
                    ys,
                    color=role_color("dropped"),
                    lw=0.6 * line,
                    zorder=2.5,
                    solid_capstyle="round",
                    label="_dropped",
                )
        if not blank[r, c]:
            quiet = padding[r, c] or dropped[r, c]
            color = readable_on(face) if cmap else _mix(face, ink, 0.55 if quiet else 1.0)
            fitted_text(
                ax,
                x + cell / 2,
                y + cell / 2,
                number(values[r, c], fmt),
                room=(0.86 * cell, NUMBER_HEIGHT * cell),
                color=color,
                zorder=3,
            )
        if small is not None and not np.ma.getmaskarray(small)[r, c]:
            fitted_text(
                ax,
                x + 0.92 * cell,
                y + 0.94 * cell,
                "×" + number(small[r, c], fmt),
                room=(0.5 * cell, 0.3 * cell),
                color=role_color("kernel"),
                zorder=3,
                ha="right",
                va="bottom",
            )

    ax.add_patch(
        Rectangle(
            (x0, y0),
            columns * cell,
            rows * cell,
            fc="none",
            ec=_color(frame) if frame else ink,
            zorder=2,
            lw=(0.9 if frame else 0.45) * line,
            joinstyle="miter",
        )
    )
    for nth, (top, left, height, width, color) in enumerate(windows):
        shrink = INSET * cell * sum(_overlap(windows[nth], other) for other in windows[:nth])
        ax.add_patch(
            Rectangle(
                (x0 + left * cell + shrink, y0 + top * cell + shrink),
                width * cell - 2 * shrink,
                height * cell - 2 * shrink,
                fc="none",
                ec=color,
                lw=1.4 * line,
                zorder=4 + 0.01 * nth,
                joinstyle="round",
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
            va="bottom",
            zorder=3,
            color=_color(frame) if frame else ink,
            cap=1.3 * mpl.rcParams["font.size"],
        )
    margin = 0.08 * cell  # outlines are not cut at the edge
    claim(ax, x0 - margin, top - margin, x0 + columns * cell + margin, y0 + rows * cell + margin)
    return ax


def _ring(width: int, shape: tuple[int, int]) -> np.ndarray:
    """Mark the outermost `width` cells."""
    if width < 0 or 2 * width >= min(shape):
        raise ValueError(
            f"hatch, as a width, must leave cells inside the grid {shape}; received {width}"
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
            f"{what} must be booleans of the grid's shape {values.shape}; received"
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
                f"highlight must hold windows (row, column, height, width); received {window!r}"
            )
        result.append((*window, to_hex(_color(role))))
    return result


def _color(name: str) -> str:
    """Resolve a role; any other matplotlib colour stands for itself."""
    return name if is_color_like(name) else role_color(name)


def _faces(values, cmap, limits, ground) -> np.ndarray:
    faces = np.full(values.shape, ground, dtype=object)
    if cmap:
        low, high = limits or (values.min(), values.max())
        norm = Normalize(low, high if high > low else low + 1)
        for index, value in np.ma.ndenumerate(values):
            faces[index] = to_hex(mpl.colormaps[cmap](norm(value)))
    return faces


def _mix(under: str, over: str, amount: float) -> str:
    """Lay `over` on `under`; flat colours keep vector files free of transparency."""
    pairs = zip(to_rgb(under), to_rgb(over), strict=True)
    return to_hex([(1 - amount) * a + amount * b for a, b in pairs])


def _within(index: int, span: slice) -> bool:
    return span.start <= index < span.stop


def _overlap(one, other) -> bool:
    (r, c, h, w), (r2, c2, h2, w2) = one[:4], other[:4]
    return r < r2 + h2 and r2 < r + h and c < c2 + w2 and c2 < c + w
