"""The activations of every layer for one image: maps as images, vectors as strips."""

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

SIDE = 5.5  # side of a map in a new figure, in ems
GAP = 0.08  # between maps; this and the following are in units of a map's longer side
NUMBER, ROW = 0.2, 0.14  # space for the units' numbers above, and between the layers
STRIP, CELLS = 0.36, 128  # height of a vector, and the maximum number of values per row
WORDS = 0.26  # space for the classes below the scores
BESIDE = 2.3  # space for the layers' names on the left
NAMED = 3  # number of classes to name


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
    """Draw the activations of each layer for one image, one row per layer, including dense layers.

    For maps (h, w, K), the ones with the largest mean absolute value are shown, each below its
    unit's number. For vectors (K,), all values are shown as a strip. Each layer has its own scale.

    Args:
        activations: dict from each layer's name to its output for one image, (h, w, K), (1, 1, K)
            or (K,), possibly with a batch axis of length 1, as returned by
            `kerascnn.visualize.activations(model, image[None], "all")`.
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8: the image to show in the
            first row; `None` shows none.
        class_names: one text for each value of the last layer, or two if the last layer has a
            single value, that of the second class. The largest values are labeled below the strip;
            `None` labels them with class numbers.
        top: maximum number of maps to show per layer.
        numbers: whether to write the unit's number above each map.
        cmap: name of a colormap; viridis by default.
        ax: Axes to draw on; `None` creates a new figure that is large enough for all layers.

    Returns:
        The Axes; one unit is the longer side of a map.

    Raises:
        TypeError: If an array is not numeric, or `activations` is not a dict.
        ValueError: If there is no layer, a shape or the number of names is wrong, the outputs are
            for several images, a value is NaN, or `top` is below 1.

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
        class_names = class_names[1:]  # a sigmoid gives the probability of the second class
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
        ax = roomy_axes(SIDE * (across + BESIDE), SIDE * down, outside=False)
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
    """Return the outputs as (h, w, K) or (K,)."""
    if not isinstance(activations, Mapping):
        raise TypeError(
            "activations must be a dict from layer names to outputs; received"
            f" {type(activations).__name__}"
        )
    if not activations:
        raise ValueError("activations must contain at least one layer; received none")
    checked = {}
    for name, values in activations.items():
        what = f"activations[{name!r}]"
        values = array(what, values, "(h, w, K) or (K,), the outputs for one image", (1, 2, 3, 4))
        if values.ndim in (2, 4):
            if len(values) != 1:
                raise ValueError(
                    f"{what} must be the outputs for one image; received {len(values)}: pass [:1]"
                )
            values = values[0]
        if values.ndim == 3 and values.shape[:2] == (1, 1):
            values = values[0, 0]  # a vector
        checked[name] = values.astype(np.float64)
    return checked


def _name(ax: Axes, y: float, name: str, shape: tuple[int, ...]) -> None:
    """Write a layer's name and output shape to the left of its row."""
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
    """Draw a vector as a strip, in several rows if it is long."""
    rows = math.ceil(len(values) / CELLS)
    columns = math.ceil(len(values) / rows)
    cells = np.ma.masked_all(rows * columns)
    cells[: len(values)] = values
    extent = (0, across, y + STRIP, y)
    draw_picture(ax, cells.reshape(rows, columns), extent, **look | {"interpolation": "none"})
    outline(ax, extent)


def _within(shape, x, y) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of an image whose longer side is 1."""
    height = shape[0] / max(shape[:2])
    return x, x + _across(shape), y + (1 + height) / 2, y + (1 - height) / 2


def _across(shape) -> float:
    return shape[1] / max(shape[:2])


def _largest(scores, class_names) -> str:
    names = range(len(scores)) if class_names is None else class_texts(class_names)
    order = np.argsort(-scores, kind="stable")[:NAMED]
    digits = ".2f" if scores.min() >= 0 and scores.max() <= 1 else ".3g"  # probabilities, or logits
    return ", ".join(f"{names[unit]}: {scores[unit]:{digits}}" for unit in order)
