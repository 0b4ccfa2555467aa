"""The layers of a network as volumes in perspective, with their sliding windows."""

import itertools
import math
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from ._architecture import MARGIN, draw_box, draw_label, draw_legend
from ._artists import canvas, claim, mix
from ._diagram.calls import Unit, joined, read
from ._diagram.choose import CHAINED, WIDTH
from ._diagram.parts import Box, Layout
from ._diagram.volumes import main_way, volumes
from ._style import as_written, role_color


def layer_volumes(
    records: Any,
    *,
    title: str | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the maps of a network as volumes, as in the AlexNet paper, with the sliding windows.

    Height, width and channels are drawn in cabinet projection, on a square-root scale. Each volume
    shows the window of the layer that reads it, with lines to the single value computed from it.
    Consecutive layers with the same output shape share a label. Only the main path is drawn: for a
    block with a shortcut or parallel branches, the output of the block; for an hourglass such as
    U-Net, the path down and up.

    Args:
        records: the result of `describe(model)`, or its `layers`: records with `name`, `kind`,
            `output_shape` (without the batch) and, if available, `inputs` and `kernel`.
        title: title of the plot.
        legend: whether to show a legend of the colors below the volumes.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes.

    Raises:
        TypeError: If `records` are not layer records.
        ValueError: If there are no records.

    >>> from types import SimpleNamespace as Record
    >>> ax = layer_volumes([
    ...     Record(name="input", kind="InputLayer", output_shape=(28, 28, 1)),
    ...     Record(name="conv1", kind="Conv2D", output_shape=(24, 24, 6), kernel=(5, 5)),
    ... ])
    >>> [text.get_text() for text in ax.texts][2:4]
    ['24×24\\n×6', 'conv1\\n5×5']
    >>> plt.close(ax.figure)
    """
    nodes = main_way(joined(read(records), CHAINED))
    plan = volumes(nodes, WIDTH)
    ax = canvas(plt.subplots()[1] if ax is None else ax)
    for nth, box in enumerate(plan.boxes):
        draw_box(ax, box, zorder=1 + nth / len(plan.boxes))
    for (node, box), (reader, behind) in itertools.pairwise(zip(nodes, plan.boxes, strict=True)):
        if behind.x > box.x and reader.kernel and len(node.volume) == 3:
            _draw_window(ax, node, box, reader, behind)
    _draw_turns(ax, plan)
    for label in plan.labels:
        draw_label(ax, label)
    bottom = draw_legend(ax, plan) if legend else plan.height
    ax.margins(0)
    claim(ax, -MARGIN, -MARGIN, max(plan.width, WIDTH / 2) + MARGIN, bottom + MARGIN)
    if title:
        as_written(ax.set_title(title))
    return ax


def _draw_window(ax: Axes, node: Unit, box: Box, reader: Unit, behind: Box) -> None:
    """Outline a window on the right side of a volume and connect its corners to one value."""
    rows, columns = (
        min(1.0, math.sqrt(k / n)) if n else 0.3
        for k, n in zip(reader.kernel, node.volume, strict=False)
    )
    right, middle = box.x + box.width, box.y + box.height / 2
    top = middle - box.height * rows / 2
    first, last = box.depth * (1 - columns) / 2, box.depth * (1 + columns) / 2
    corners = [
        (right + first, top - first),
        (right + last, top - last),
        (right + last, top - last + box.height * rows),
        (right + first, top - first + box.height * rows),
    ]
    color = role_color("window")
    thin = 0.4 * mpl.rcParams["lines.linewidth"]
    ax.add_patch(
        Polygon(corners, facecolor="none", edgecolor=color, linewidth=1.5 * thin, zorder=2.2)
    )
    target = (behind.x, behind.y + behind.height / 2)
    for x, y in corners[1:3]:
        ax.add_line(Line2D([x, target[0]], [y, target[1]], color=color, linewidth=thin, zorder=2.1))


def _draw_turns(ax: Axes, plan: Layout) -> None:
    """Draw the line from one row to the next."""
    ink = to_hex(mpl.rcParams["text.color"])
    for edge in plan.edges:
        if len(edge.points) > 2:
            ax.add_line(
                Line2D(
                    *zip(*edge.points, strict=True),
                    color=mix(mpl.rcParams["axes.facecolor"], ink, 0.6),
                    linewidth=0.45 * mpl.rcParams["lines.linewidth"],
                    zorder=0.5,
                )
            )
