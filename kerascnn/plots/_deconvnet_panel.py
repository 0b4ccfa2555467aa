"""What excites units most: reconstructions beside image patches (Zeiler & Fergus 2013)."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from kerascnn._text import text as _

from ._check import color_layout, pictures
from ._mosaic import CRISP, check_titles, lay_out
from ._ranges import around_grey
from ._style import as_written
from ._table import GAP, table

PATCH = 2.2  # minimum side of a patch in a new figure, in ems
WORDS = 1.2  # space for a unit's number and the gap, as a fraction of a patch's longer side
BETWEEN = 0.22  # between the two halves, as a fraction of a patch's longer side


def deconvnet_panel(
    patches: ArrayLike,
    reconstructions: ArrayLike,
    *,
    units: Sequence | None = None,
    title: str | None = None,
    columns: int | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw reconstructions (left) and image patches (right) for each of several units.

    As in Zeiler & Fergus 2013, Fig. 2: the patches that excite a unit most, and the structure in
    them that excites it, projected down to pixels. Each reconstruction is scaled by its own largest
    absolute value, with mid-gray for 0, so contrast does not indicate the strength of the
    activation.

    Args:
        patches: (U, count, h, w, C) or (U, count, h, w), C = 1 or 3, float in [0, 1] or uint8:
            `count` patches for each of U units.
        reconstructions: arrays of the same layout, in any range; C may differ.
        units: U numbers or texts to write above the units; `None` writes none.
        title: title of the panel, such as the layer's name.
        columns: number of units per row; `None` chooses it automatically.
        legend: whether to write a line below that tells the two halves apart.
        ax: Axes to draw on; `None` creates a new figure that is large enough.

    Returns:
        The Axes.

    Raises:
        TypeError: If an array is not numeric.
        ValueError: If a shape or the number of `units` is wrong, a value is NaN, or patches are
            outside [0, 1].

    >>> import matplotlib.pyplot as plt
    >>> patches = np.random.default_rng(0).random((2, 9, 5, 5, 3))
    >>> ax = deconvnet_panel(patches, patches - 0.5, units=[4, 17], title="conv2")
    >>> [text.get_text() for text in ax.texts][:2]
    ['unit 4', 'unit 17']
    >>> plt.close(ax.figure)
    """
    patches = pictures("patches", patches, "U, count")
    reconstructions = color_layout("reconstructions", reconstructions, "U, count")
    if patches.shape[:4] != reconstructions.shape[:4]:
        raise ValueError(
            "reconstructions must be of the same units, count and size as the patches,"
            f" {patches.shape[:4]}; received shape {reconstructions.shape}"
        )
    check_titles("units", units, len(patches))
    across = tuple(range(2, reconstructions.ndim))
    limits = np.abs(reconstructions.astype(np.float64)).max(axis=across, keepdims=True)
    reconstructions = around_grey(reconstructions, limits)

    pairs = [_pair(*halves) for halves in zip(reconstructions, patches, strict=True)]
    size = pairs[0].shape[:2]
    if columns is None:
        columns = _columns(len(pairs), size, patches.shape[2:4])
    if columns < 1:
        raise ValueError(f"columns must be 1 or more; received {columns}")
    columns = min(columns, len(pairs))
    words = [""] * len(pairs) if units is None else [_words(unit) for unit in units]
    above = [words[start : start + columns] for start in range(0, len(pairs), columns)]
    height, width = patches.shape[2:4]
    places = table(ax, size, above, side=PATCH * max(size) / max(height, width))
    crisp = {"interpolation": "none"} if max(height, width) <= CRISP else {}
    for nth, pair in enumerate(pairs):
        places.show(nth // columns, nth % columns, pair, **crisp)
    if legend:
        places.note(_("left: reconstructions, right: image patches"))
    if title:
        as_written(places.ax.set_title(title))
    return places.ax


def _columns(count: int, pair: tuple[int, int], patch: tuple[int, int]) -> int:
    """Choose the number of columns that gives the largest images in 16:9."""
    height = pair[0] + WORDS * max(patch)
    width = pair[1] + GAP * max(pair)
    sizes = {
        c: min(16 / (c * width), 9 / (math.ceil(count / c) * height)) for c in range(1, count + 1)
    }
    return max(sizes, key=lambda columns: sizes[columns])


def _pair(reconstructions: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """Place the reconstructions and patches of one unit side by side in one RGBA image."""
    columns = math.ceil(math.sqrt(len(patches)))
    left, right = (
        lay_out(_in_color(half), columns, titles=False).pixels
        for half in (reconstructions, patches)
    )
    gap = np.zeros((len(left), math.ceil(BETWEEN * max(patches.shape[1:3])), 4), np.float32)
    return np.hstack([left, gap, right])


def _in_color(pictures: np.ndarray) -> np.ndarray:
    return pictures if pictures.ndim == 4 else np.repeat(pictures[..., None], 3, axis=-1)


def _words(unit) -> str:
    return unit if isinstance(unit, str) else _("unit {unit}", unit=unit)
