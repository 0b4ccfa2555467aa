"""A network as a picture: volumes for a chain, blocks for a graph with branches."""

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle
from matplotlib.path import Path

from ._artists import LINE, canvas, claim, fitted_text, mix, text_width
from ._layout import WIDTH, Box, Label, Layout, layout
from ._style import as_written, layer_style

MARGIN = 1.2
SWATCH = 1.1
LIGHTER, DARKER = 0.45, 0.28  # top and side of a volume, against its front


def architecture(
    records: Any,
    *,
    kind: str | None = None,
    title: str | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network: each layer with its name, window and output shape, coloured by its kind.

    Volumes show height, width and channels in a cabinet projection, each as its square root;
    consecutive layers of one kind and shape share a label. Layers that keep the shape (activation,
    dropout) and reshapes are left out.

    Args:
        records: what `describe(model)` gives, or its `layers`: records with `name, kind,
            output_shape` (without the batch), and `inputs` and `kernel` if they have them.
        kind: "volumes" for a chain, "blocks" for any graph, from left to right; `None` chooses.
        title: a title above the picture.
        legend: whether the colours are explained below it.
        ax: where to draw; `None` makes a figure, wider than usual if the graph needs it.

    Returns:
        The Axes.

    Raises:
        TypeError: `records` are not layer records.
        ValueError: no records, an unknown kind, or volumes for a network with branches.

    >>> from types import SimpleNamespace as Record
    >>> ax = architecture([Record(name="input", kind="InputLayer", output_shape=(28, 28, 1)),
    ...                    Record(name="conv1", kind="Conv2D", output_shape=(28, 28, 6))])
    >>> [text.get_text() for text in ax.texts][2:4]
    ['28×28\\n×6', 'conv1']
    >>> plt.close(ax.figure)
    """
    plan = layout(records, kind=kind)
    if ax is None:
        width, height = mpl.rcParams["figure.figsize"]
        ax = plt.figure(figsize=(width * max(1, plan.width / WIDTH), height)).subplots()
    ax = canvas(ax)
    ink = to_hex(mpl.rcParams["text.color"])
    for edge in plan.edges:
        ax.add_patch(
            FancyArrowPatch(
                path=Path(edge.points),
                arrowstyle="-|>",
                mutation_scale=0.6 * mpl.rcParams["font.size"],
                color=mix(mpl.rcParams["axes.facecolor"], ink, 0.6),
                linewidth=0.45 * mpl.rcParams["lines.linewidth"],
                capstyle="butt",
                joinstyle="round",
                zorder=0.5,
            )
        )
    for nth, box in enumerate(plan.boxes):
        draw_box(ax, box, zorder=1 + nth / len(plan.boxes))
    for label in plan.labels:
        draw_label(ax, label)
    bottom = plan.height
    if legend:
        bottom = draw_legend(ax, plan)
    claim(ax, -MARGIN, -MARGIN, max(plan.width, WIDTH / 2) + MARGIN, bottom + MARGIN)
    if title:
        as_written(ax.set_title(title))
    return ax


def draw_box(ax: Axes, box: Box, zorder: float) -> None:
    """Draw a volume, or a block where the box has no depth."""
    look = layer_style(box.kind)
    outline = {
        "edgecolor": "#333333",
        "linewidth": 0.3 * mpl.rcParams["lines.linewidth"],
        "joinstyle": "round",
        "zorder": zorder,
    }
    x, y, right, bottom, back = box.x, box.y, box.x + box.width, box.y + box.height, box.depth
    if not back:
        ax.add_patch(
            FancyBboxPatch(
                (x, y),
                box.width,
                box.height,
                boxstyle="round,pad=0,rounding_size=0.4",
                facecolor=look.color,
                hatch=look.hatch,
                **outline,
            )
        )
        return
    top = [(x, y), (x + back, y - back), (right + back, y - back), (right, y)]
    side = [(right, y), (right + back, y - back), (right + back, bottom - back), (right, bottom)]
    ax.add_patch(Polygon(top, facecolor=mix(look.color, "white", LIGHTER), **outline))
    ax.add_patch(Polygon(side, facecolor=mix(look.color, "black", DARKER), **outline))
    ax.add_patch(
        Rectangle((x, y), box.width, box.height, facecolor=look.color, hatch=look.hatch, **outline)
    )


def draw_label(ax: Axes, label: Label) -> None:
    """Write a label into its room, in the colour that can be read on what it stands on."""
    look = layer_style(label.on) if label.on else None
    text = fitted_text(
        ax,
        label.x,
        label.y,
        label.text,
        room=(label.width, label.height),
        rotation=90 if label.upright else 0,
        color=look.text_color if look else to_hex(mpl.rcParams["text.color"]),
        zorder=3,
    )
    if look and look.hatch:  # letters cannot be read on a hatch
        text.set_bbox({"facecolor": look.color, "edgecolor": "none", "pad": 1})


def draw_legend(ax: Axes, plan: Layout) -> float:
    """Explain the colours that are used below the diagram; return where the legend ends."""
    looks = list({look.group: look for look in (layer_style(b.kind) for b in plan.boxes)}.values())
    widths = [SWATCH + 0.6 + text_width(look.label) for look in looks]
    gap = 1.6
    x = max((plan.width - sum(widths) - gap * (len(widths) - 1)) / 2, 0)
    y = plan.height + 1.4
    for look, width in zip(looks, widths, strict=True):
        ax.add_patch(
            Rectangle(
                (x, y),
                SWATCH,
                SWATCH,
                facecolor=look.color,
                hatch=look.hatch,
                edgecolor="#333333",
                linewidth=0.3 * mpl.rcParams["lines.linewidth"],
                gid="legend",
            )
        )
        fitted_text(
            ax,
            x + SWATCH + 0.6,
            y + SWATCH / 2,
            look.label,
            room=(width - SWATCH - 0.6, LINE),
            ha="left",
            va="center_baseline",
            zorder=3,
        )
        x += width + gap
    return y + SWATCH
