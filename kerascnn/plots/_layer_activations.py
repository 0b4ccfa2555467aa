"""What every layer makes of one image: maps as pictures, vectors as strips."""

import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from kerascnn._text import class_texts, shape_text
from kerascnn._text import text as _

from ._artists import canvas, claim, fitted_text
from ._check import array, pictures
from ._style import colormap
from ._table import draw_picture, outline, roomy_axes

SIDE = 5.5  # of a map in a new figure, in ems
GAP = 0.08  # between maps; the unit is a map's longer side
NUMBER, ROW = 0.2, 0.14  # room for the units' numbers above, and between the layers
STRIP, CELLS = 0.36, 128  # height of a vector, and its values in a row at most
WORDS = 0.26  # room for the classes below the scores
BESIDE = 2.3  # room for the layers' names at the left
NAMED = 3  # classes that are named


def layer_activations(
    activations: Mapping[str, np.ndarray],
    *,
    image: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    top: int = 8,
    numbers: bool = True,
    cmap: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each layer makes of one image, a row for each layer, dense layers included.

    Of maps (h, w, K) the strongest are shown, by their mean absolute value, each with its unit's
    number above it; of vectors (K,) all values, as a strip. Each layer has a scale of its own.

    Args:
        activations: layer -> (h, w, K), (1, 1, K) or (K,) outputs for one image, also with a batch
            axis of 1: what `kerascnn.visualize.activations(model, image[None], "all")` gives.
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8: the image, in the first
            row; `None` draws none.
        class_names: one text for each value of the last layer, whose largest are then named below
            its strip, or two for a single value, which is that of the second class; `None`: their
            numbers.
        top: maps of a layer that are shown, at most.
        numbers: whether each map has its unit's number above it.
        cmap: a colormap's name; viridis by default.
        ax: where to draw; `None` makes a figure, larger than usual if so many layers need it.

    Returns:
        The Axes; one unit is the longer side of a map.

    Raises:
        TypeError: something is not numbers, or `activations` is no dict.
        ValueError: no layer, another shape, outputs for several images, NaN, another count of
            names, or `top` below 1.

    >>> import matplotlib.pyplot as plt
    >>> ax = layer_activations({"conv": np.ones((1, 4, 4, 2)), "scores": [[0.2, 0.8]]},
    ...                        class_names=["cat", "dog"])
    >>> [text.get_text() for text in ax.texts][-1]
    'dog: 0.80, cat: 0.20'
    >>> plt.close(ax.figure)
    """
    layers = _checked(activations)
    if top < 1:
        raise ValueError(f"top must be 1 or more; received {top}")
    scores = list(layers.values())[-1]
    if class_names is not None and scores.shape == (1,) and len(class_names) == 2:
        class_names = class_names[1:]  # a sigmoid's value is that of the second class
    if class_names is not None and (scores.ndim != 1 or len(class_names) != len(scores)):
        raise ValueError(
            f"class_names must be one for each value of the last layer, {scores.shape}; received "
            f"{len(class_names)}"
        )
    numbered = NUMBER * numbers
    heights = [numbered + 1 if one.ndim == 3 else STRIP for one in layers.values()]
    heights += [WORDS] * (scores.ndim == 1)
    if image is not None:
        image = pictures("image", image, advice="pass the image from before preprocessing")
        heights.append(1)
    across, down = top * (1 + GAP) - GAP, sum(heights) + ROW * len(heights)
    if ax is None:
        ax = roomy_axes(SIDE * (across + BESIDE), SIDE * down)
    ax = canvas(ax)

    y = 0.0
    if image is not None:
        _name(ax, y + 0.5, _("input"), image.shape)
        draw_picture(ax, image, _within(image.shape, 0, y))
        y += 1 + ROW
    look = {"cmap": cmap or colormap("sequential")}
    for name, values in layers.items():
        low, high = min(0.0, float(values.min())), float(values.max())
        look |= {"vmin": low, "vmax": high if high > low else low + 1}
        if values.ndim == 3:
            y += numbered
            _name(ax, y + 0.5, name, values.shape)
            _draw_maps(ax, y, values, top, look, numbers)
            y += 1 + ROW
        else:
            _name(ax, y + STRIP / 2, name, values.shape)
            _draw_strip(ax, y, across, values, look)
            y += STRIP + ROW
    if scores.ndim == 1:
        words, y = _largest(scores, class_names), y - ROW / 2
        fitted_text(
            ax,
            0,
            y,
            words,
            room=(across, WORDS),
            ha="left",
            va="top",
            cap=mpl.rcParams["font.size"],
        )
        y += WORDS
    claim(ax, -BESIDE, 0, across, y)
    return ax


def _checked(activations: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs as (h, w, K) or (K,)."""
    if not isinstance(activations, Mapping):
        raise TypeError(
            "activations must be a dict from the layers' names to their outputs; received"
            f" {type(activations).__name__}"
        )
    if not activations:
        raise ValueError("activations must hold at least one layer; received none")
    checked = {}
    for name, values in activations.items():
        what = f"activations[{name!r}]"
        values = array(what, values, "(h, w, K) or (K,), the outputs for one image", (1, 2, 3, 4))
        if values.ndim in (2, 4):
            if len(values) != 1:
                raise ValueError(
                    f"{what} must be the outputs for one image; received {len(values)}: give [:1]"
                )
            values = values[0]
        if values.ndim == 3 and values.shape[:2] == (1, 1):
            values = values[0, 0]  # a vector
        checked[name] = values.astype(np.float64)
    return checked


def _name(ax: Axes, y: float, name: str, shape: tuple[int, ...]) -> None:
    """Write a layer's name and the shape of its output at the left of its row."""
    words = f"{name.rpartition('/')[2]}\n{shape_text(shape)}"
    room = (0.92 * BESIDE, 0.8 if len(shape) > 1 else STRIP + 0.5 * ROW)
    fitted_text(ax, -0.12, y, words, room=room, ha="right", cap=mpl.rcParams["font.size"])


def _draw_maps(ax, y, values, top, look, numbers) -> None:
    strength = np.abs(values).mean(axis=(0, 1))
    margin = (1 - values.shape[0] / max(values.shape[:2])) / 2
    for nth, unit in enumerate(np.argsort(-strength, kind="stable")[:top]):
        x = nth * (1 + GAP)
        draw_picture(ax, values[..., unit], _within(values.shape, x, y), **look)
        if numbers:
            middle = x + _across(values.shape) / 2
            fitted_text(ax, middle, y + margin - 0.04, str(unit), room=(1, NUMBER), va="bottom",
                        cap=0.8 * mpl.rcParams["font.size"])  # fmt: skip


def _draw_strip(ax, y, across, values, look) -> None:
    """Draw a vector, in several rows if it is long."""
    rows = math.ceil(len(values) / CELLS)
    columns = math.ceil(len(values) / rows)
    cells = np.ma.masked_all(rows * columns)
    cells[: len(values)] = values
    extent = (0, across, y + STRIP, y)
    draw_picture(ax, cells.reshape(rows, columns), extent, **look | {"interpolation": "none"})
    outline(ax, extent)


def _within(shape, x, y) -> tuple[float, float, float, float]:
    """Left, right, bottom, top of a picture whose longer side is 1."""
    height = shape[0] / max(shape[:2])
    return x, x + _across(shape), y + (1 + height) / 2, y + (1 - height) / 2


def _across(shape) -> float:
    return shape[1] / max(shape[:2])


def _largest(scores, class_names) -> str:
    names = range(len(scores)) if class_names is None else class_texts(class_names)
    order = np.argsort(-scores, kind="stable")[:NAMED]
    digits = ".2f" if scores.min() >= 0 and scores.max() <= 1 else ".3g"  # chances, or logits
    return ", ".join(f"{names[unit]}: {scores[unit]:{digits}}" for unit in order)
