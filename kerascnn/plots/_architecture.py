"""Architecture diagrams: volumes, stacks of maps, or blocks with branches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle
from matplotlib.path import Path

from ._artists import LINE, canvas, claim, fitted_text, mix, text_width
from ._diagram.certificate import certify
from ._diagram.choose import WIDTH, chosen
from ._diagram.parts import Box, Fold, Label, Layout
from ._diagram.volumes import SHIFT
from ._style import as_written, layer_style

MARGIN = 0.7
SWATCH = 1.1
LIGHTER, DARKER = 0.45, 0.28  # top and side of a volume, relative to its front


def architecture(
    model: object | Iterable,
    *,
    kind: str | None = None,
    detail: str | None = None,
    check: bool = False,
    title: str | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network: its layers with their windows and output shapes, colored by kind.

    Args:
        model: a Keras model, the result of `describe(model)`, or records with `name`, `kind`,
            `output_shape` (without the batch) and, if available, `inputs`, `kernel` and
            `parameters`.
        kind: "volumes" (a chain in cabinet projection; height, width and channels are drawn on a
            square-root scale), "lenet" (a chain as stacks of maps), "blocks" (any network, with
            branches and shortcuts; an hourglass such as U-Net is drawn as a U) or "graph" (one
            block per layer call). `None` chooses what is legible on a slide.
        detail: level of detail for `kind="blocks"`: "joined" (a convolution with its normalization
            and activation is one block), "repeats" (consecutive equal parts are drawn once, in a
            frame with their number), "models" (in addition, each nested model is one block),
            "parts" (everything between two layers that all paths go through is one block) or
            "stages" (everything with the same map size is one block). `None` chooses the first that
            fits on a slide.
        check: whether to check the diagram against the network: every layer call and every edge
            must appear exactly once or within a frame or block, and all parameters must be
            accounted for.
        title: title of the diagram.
        legend: whether to show a legend of the colors below the diagram.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes.

    Raises:
        TypeError: If `model` is neither a model nor layer records.
        ValueError: If there are no records, the kind or detail is unknown, the network has branches
            and `kind` is "volumes" or "lenet", or the diagram fails the check.

    >>> from types import SimpleNamespace as Record
    >>> ax = architecture([Record(name="input", kind="InputLayer", output_shape=(28, 28, 1)),
    ...                    Record(name="conv1", kind="Conv2D", output_shape=(28, 28, 6))])
    >>> [text.get_text() for text in ax.texts][2:4]
    ['28×28\\n×6', 'conv1']
    >>> ax.figure.clear()
    """
    calls, plan = chosen(model, kind=kind, detail=detail)
    if check:
        certify(plan, calls)
    return draw(plan, title=title, legend=legend, ax=ax)


def draw(
    plan: Layout, *, title: str | None = None, legend: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw a layout."""
    ax = canvas(ax)
    ink = to_hex(mpl.rcParams["text.color"])
    line = mix(mpl.rcParams["axes.facecolor"], ink, 0.6)
    thin = 0.45 * mpl.rcParams["lines.linewidth"]
    for fold in plan.folds:
        draw_fold(ax, fold, line, thin)
    for edge in plan.edges:
        if edge.points:
            ax.add_patch(
                FancyArrowPatch(
                    path=Path(_without_doubles(edge.points)),
                    arrowstyle="-|>",
                    mutation_scale=0.6 * mpl.rcParams["font.size"],
                    color=line,
                    linewidth=thin,
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
    sides = [x for edge in plan.edges for x, _y in edge.points]
    right = max(plan.width, WIDTH / 2, *sides, 0.0)
    ax.margins(0)
    claim(ax, min([0.0, *sides]) - MARGIN, -MARGIN, right + MARGIN, bottom + MARGIN)
    if title:
        as_written(ax.set_title(title))
    return ax


def _without_doubles(points: tuple) -> list:
    """Create a path, dropping points that repeat the one before."""
    return [point for point, _same in itertools.groupby(points)]


def draw_fold(ax: Axes, fold: Fold, color: str, thin: float) -> None:
    """Draw the frame around a repeated part."""
    ax.add_patch(
        FancyBboxPatch(
            (fold.x, fold.y),
            fold.width,
            fold.height,
            boxstyle="round,pad=0,rounding_size=0.6",
            facecolor="none",
            edgecolor=color,
            linewidth=thin,
            linestyle="--",
            zorder=0.4,
        )
    )


def draw_box(ax: Axes, box: Box, zorder: float) -> None:
    """Draw a volume, or a block if the box has no depth."""
    look = layer_style(box.kind)
    outline = {
        "edgecolor": "#333333",
        "linewidth": 0.3 * mpl.rcParams["lines.linewidth"],
        "joinstyle": "round",
        "zorder": zorder,
    }
    if box.stack:
        for nth in range(box.stack):
            ax.add_patch(
                Rectangle(
                    (box.x + SHIFT * (box.stack - 1 - nth), box.y - SHIFT * (box.stack - 1 - nth)),
                    box.width,
                    box.height,
                    facecolor=look.color,
                    hatch=look.hatch,
                    **outline,
                )
            )
        return
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
    """Write a label into its space, in a color that is legible on its background."""
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
    if label.on_line:
        text.set_bbox({"facecolor": mpl.rcParams["axes.facecolor"], "edgecolor": "none", "pad": 1})
    if look and look.hatch:  # letters are illegible on a hatch
        text.set_bbox({"facecolor": look.color, "edgecolor": "none", "pad": 1})


def draw_legend(ax: Axes, plan: Layout) -> float:
    """Draw a legend of the colors in use below the diagram; return where it ends."""
    looks = list({look.group: look for look in (layer_style(b.kind) for b in plan.boxes)}.values())
    widths = [SWATCH + 0.6 + text_width(look.label) for look in looks]
    gap = 1.6
    x = max((plan.width - sum(widths) - gap * (len(widths) - 1)) / 2, 0)
    y = plan.height + 1.0
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
