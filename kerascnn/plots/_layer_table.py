"""The table of a network's layers as an image."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kerascnn._markup import one_line

from ._artists import LINE, canvas, claim, fitted_text, mix, text_width
from ._style import as_written

GAP = 1.5  # between columns, in ems
ROW = 1.6  # height of a row, in ems
BOLD = 1.1  # width of bold type, relative to regular type
SIZE = 11  # font size in a new figure, in points: the smallest that is legible on a slide


def layer_table(
    model: Any,
    *,
    columns: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the table that `describe` prints: one row per layer, and the totals.

    Args:
        model: a Keras model, or the result of `kerascnn.describe`.
        columns: headings, such as "Layer", "Output", "Parameters" or "MACs"; `None` shows all.
        title: title above the table; `None` uses the model's name.
        ax: Axes to draw on; `None` creates a new figure as tall as the table.

    Returns:
        The Axes; one unit is the font size.

    Raises:
        TypeError: If `model` is neither a model nor a description.
        ValueError: If a column is unknown.

    >>> import kerascnn as kc
    >>> ax = layer_table(kc.build_lenet5(), columns=["layer", "parameters"])
    >>> [text.get_text() for text in ax.texts][-2:]
    ['Total', '61,706']
    >>> plt.close(ax.figure)
    """
    cells = description_of(model, columns).cells()
    table = [list(map(one_line, row)) for row in (cells.headings, *cells.rows, cells.totals)]
    widths = [BOLD * max(map(text_width, column)) for column in zip(*table, strict=True)]
    lefts = [sum(widths[:i]) + GAP * (i + 0.5) for i in range(len(widths))]
    right, bottom = sum(widths) + GAP * len(widths), ROW * len(table)
    if ax is None:
        width, height = right + 2, bottom + 5  # ems, with a margin and the title
        figure = plt.figure(figsize=(SIZE / 72 * width, SIZE / 72 * height), layout="none")
        ax = figure.add_axes((1 / width, 1 / height, right / width, bottom / height))
    ax = canvas(ax)
    ink, ground = mpl.rcParams["text.color"], mpl.rcParams["axes.facecolor"]
    for nth, row in enumerate(table):
        top, whole = nth * ROW, nth in (0, len(table) - 1)
        if nth % 2 == 0 and not whole:
            stripe = mix(ground, ink, 0.06)
            ax.add_patch(Rectangle((0, top), right, ROW, facecolor=stripe, linewidth=0))
        for i, text in enumerate(row):
            words = i in cells.words
            fitted_text(
                ax, lefts[i] + (0 if words else widths[i]), top + ROW / 2, text,
                room=(widths[i], LINE), widest="M",
                ha="left" if words else "right", fontweight="bold" if whole else "normal",
            )  # fmt: skip
    for at in (0, ROW, bottom - ROW, bottom):
        ax.plot([0, right], [at, at], color=ink, linewidth=0.5 * mpl.rcParams["lines.linewidth"])
    claim(ax, 0, 0, right, bottom)
    as_written(ax.set_title(title or cells.title))
    return ax


def description_of(model: Any, columns: Sequence[str] | None) -> Any:
    """Return the description of a model with the selected columns."""
    if not hasattr(model, "cells"):
        from kerascnn._describe import describe  # starts Keras

        model = describe(model)
    return model.select(columns) if columns is not None else model
