"""Style transfer: content, style, results, and the losses over the steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike

from kerascnn._text import text as _

from ._check import array, pictures
from ._mosaic import check_titles
from ._table import stages, steps_in_words, strip
from ._training_curves import label_ends

CURVE = 0.4  # minimum height of the loss panel, as a fraction of the figure's height


def style_strip(
    content: ArrayLike,
    style: ArrayLike,
    results: ArrayLike | Sequence,
    *,
    labels: Sequence | None = None,
    losses: Any = None,
    columns: int | None = None,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw content, style and the results after increasing numbers of steps, with the losses.

    Args:
        content: (H, W, C), C = 1 or 3, float in [0, 1] or uint8.
        style: (h, w, C), like `content`; its size may differ.
        results: (S, H, W, C), like `content`, or a list of S images, possibly with a batch axis of
            length 1.
        labels: S texts to write above the results; numbers are labeled as steps and marked in the
            loss panel.
        losses: one value per step, a dict from the name of each loss, such as "content" and
            "style", to such values, or a list with the dict that the callback of `style_transfer`
            receives at each step. The values must be 0 or more; the scale is logarithmic. Losses
            that are always 0, for example because their weight is 0, are left out.
        columns: number of images per row; `None` chooses it automatically, at most six.
        figure: Figure or SubFigure to draw on; `None` creates a new figure.

    Returns:
        The Figure or SubFigure.

    Raises:
        TypeError: If an array is not numeric, or `figure` is not a Figure or SubFigure.
        ValueError: If a shape or the number of labels is wrong, or a value is NaN or outside
            [0, 1].

    >>> photo = np.zeros((8, 12, 3))
    >>> figure = style_strip(photo, photo, photo[None], labels=[300], losses=[9.0, 4.0, 1.0])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['content', 'style', 'step 300']
    >>> plt.close(figure)

    Intermediate images and losses of `style_transfer`:

    >>> import kerascnn as kc
    >>> model = kc.build_lenet5(weights="mnist")
    >>> content, style = np.random.default_rng(0).random((2, 28, 28, 1))
    >>> results, losses = [], []
    >>> def keep(step, picture, loss):
    ...     results.append(picture)
    ...     losses.append(loss)
    >>> picture = kc.visualize.style_transfer(
    ...     model, content[None], style[None], content_layers="c3", style_layers="c1", steps=4,
    ...     callback=keep,
    ... )
    >>> figure = style_strip(content, style, results[1::2], labels=[2, 4], losses=losses)
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['content', 'style']
    >>> plt.close(figure)
    """
    images = [pictures("content", content), pictures("style", style), *stages("results", results)]
    check_titles("labels", labels, len(images) - 2)
    words = [""] * (len(images) - 2) if labels is None else steps_in_words(labels)
    curves = {} if losses is None else _curves(losses)
    if figure is not None and not isinstance(figure, Figure | SubFigure):
        raise TypeError(
            f"figure must be a Figure or SubFigure; received {type(figure).__name__}: a strip with"
            " losses needs two Axes"
        )
    panel = None
    if curves:
        top, panel = (figure or plt.figure()).subplots(2, 1, height_ratios=(1 - CURVE, CURVE))
    else:
        top = figure.subplots() if figure is not None else None
    top = strip(top, images, [_("content"), _("style"), *words], columns).ax
    if panel is not None:
        _share(top, panel)
        marks = [label for label in labels or () if not isinstance(label, str)]
        _draw_losses(panel, curves, marks)
    return top.figure


def _share(top: Axes, panel: Axes) -> None:
    """Give the losses the height that the images do not need."""
    (left, right), (bottom, up) = top.get_xlim(), top.get_ylim()
    box = top.figure.bbox
    needed = abs((bottom - up) / (right - left)) * box.width / box.height
    needed = min(needed, 1 - CURVE)
    place = panel.get_subplotspec()
    if place is not None:
        place.get_gridspec().set_height_ratios((needed, 1 - needed))


def _curves(losses) -> dict[str, np.ndarray]:
    if isinstance(losses, Sequence) and losses and isinstance(losses[0], Mapping):
        losses = {name: [step[name] for step in losses] for name in losses[0]}
    elif not isinstance(losses, Mapping):
        losses = {"loss": losses}
    curves = {
        name: array(f"losses[{name!r}]", values, "(steps,)", 1) for name, values in losses.items()
    }
    for name, values in curves.items():
        if values.min() < 0:
            raise ValueError(f"losses[{name!r}] must be 0 or more; received {values.min():g}")
    return {name: values for name, values in curves.items() if values.any()}


def _draw_losses(ax: Axes, curves: dict[str, np.ndarray], marks: Sequence) -> None:
    names = {
        "loss": _("loss"),
        "total": _("total"),
        "content": _("content"),
        "style": _("style"),
        "total_variation": _("total variation"),
    }
    ax.set_yscale("log")
    lines = []
    for name, values in curves.items():
        values = np.where(values > 0, values, np.nan)  # 0 has no logarithm
        steps = np.arange(1, len(values) + 1)
        lines += ax.plot(steps, values, label=names.get(name, name))
    for mark in marks:
        ax.axvline(
            mark,
            color=mpl.rcParams["grid.color"],
            linewidth=0.6 * mpl.rcParams["lines.linewidth"],
            zorder=0.5,
        )
    ax.set_xlabel(_("step"))
    ax.set_ylabel(_("loss"))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    low, high = ax.get_ylim()
    if high / low < 300:  # too few powers of ten to read from
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(np.inf, np.inf)))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.margins(x=0.02)
    if len(lines) > 1:
        label_ends(ax, lines)
