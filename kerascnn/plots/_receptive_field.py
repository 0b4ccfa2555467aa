"""The receptive fields of one unit in the middle of each layer, as nested squares."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from kerascnn._errors import unknown
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._artists import canvas, claim, fitted_text, mix, text_width
from ._check import pictures
from ._style import as_written, layer_style, role_color

SHOWN = 10  # maximum number of layers to name; beyond it, some in between are left out
LINES = 14  # number of text lines in the height of the image
BESIDE = 0.06  # gap between image and names, in image heights


def receptive_field(
    records: Any,
    *,
    layer: str | None = None,
    image: np.ndarray | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the receptive field of one unit in the middle of the input, layer by layer.

    Each square is the receptive field, in pixels of the input, of a unit of the layer named beside
    it, from a single pixel of the input up to `layer`. Layers with the same receptive field as the
    one before are left out. Squares that extend beyond the input cover padding.

    Args:
        records: the result of `describe(model)`, or its `layers`: records with `name`,
            `output_shape` (without the batch), `receptive_field` and, if available, `inputs`.
        layer: name of the last layer to show; `None` chooses the last one that does not see the
            entire input.
        image: (H, W) or (H, W, C) in [0, 1] to show as the input.
        title: title of the plot.
        ax: Axes to draw on; `None` creates a new figure.

    Returns:
        The Axes; one unit is one pixel of the input.

    Raises:
        TypeError: If `records` are not layer records.
        ValueError: If no layer has (H, W, C) outputs, or the layer or its receptive field is
            unknown.

    >>> from types import SimpleNamespace as Record
    >>> net = [
    ...     Record(name="input", output_shape=(28, 28, 1), receptive_field=1),
    ...     Record(name="conv1", output_shape=(24, 24, 6), receptive_field=5),
    ...     Record(name="pool1", output_shape=(12, 12, 6), receptive_field=6),
    ... ]
    >>> [text.get_text() for text in receptive_field(net).texts]
    ['pool1: 6×6', 'conv1: 5×5', 'input: 28×28']
    >>> plt.close("all")
    """
    first, fields = _fields(records, layer)
    height, width = first.output_shape[:2]
    seen = [_pair(record) for record in fields]
    high, wide = (max(n or 0, *(pair[i] for pair in seen)) for i, n in enumerate((height, width)))
    ax = canvas(plt.subplots()[1] if ax is None else ax)
    ink = to_hex(mpl.rcParams["text.color"])
    thin = 0.4 * mpl.rcParams["lines.linewidth"]
    if None not in (height, width):
        box = (-width / 2, -height / 2)
        if image is not None:
            values, (left, top) = pictures("image", image), box
            extent = (left, -left, -top, top)
            ax.imshow(values, cmap="gray", vmin=0, vmax=1, extent=extent, zorder=0)
        ax.add_patch(
            Rectangle(
                box,
                width,
                height,
                facecolor="none" if image is not None else layer_style("InputLayer").color,
                edgecolor=ink,
                linewidth=thin,
                zorder=0.5,
            )
        )
    color, ground = role_color("window"), mpl.rcParams["axes.facecolor"]
    names, ends = [], []
    for nth, (record, (h, w)) in enumerate(zip(fields, seen, strict=True)):
        shade = mix(ground, color, 0.35 + 0.65 * (nth + 1) / len(fields))
        look = {"edgecolor": shade, "linewidth": 2.5 * thin, "zorder": 2 - nth / len(fields)}
        ax.add_patch(Rectangle((-w / 2, -h / 2), w, h, facecolor="none", **look))
        names.append(f"{record.name}: {shape_text((h, w))}")
        ends.append((w / 2, -h / 2, shade))
    if None not in (height, width):
        names.insert(0, _("input") + f": {shape_text((height, width))}")
        ends.insert(0, (width / 2, height / 2, ink))
    _name(ax, names[::-1], ends[::-1], high, wide)
    if title:
        as_written(ax.set_title(title))
    return ax


def _name(ax: Axes, names: list[str], ends: Sequence, high: float, wide: float) -> None:
    """Write the names below each other, with lines to the corners of their squares."""
    line = max(high, wide) / LINES
    right = wide / 2 + BESIDE * max(high, wide)
    room = max(map(text_width, names)) * line / 1.25
    top = -line * (len(names) - 1) / 2
    for nth, (name, (x, y, color)) in enumerate(zip(names, ends, strict=True)):
        level = top + nth * line
        ax.add_line(
            Line2D(
                [x, right - 0.2 * line],
                [y, level],
                color=color,
                linewidth=0.3 * mpl.rcParams["lines.linewidth"],
                zorder=2.5,
            )
        )
        fitted_text(
            ax,
            right,
            level,
            name,
            room=(room, line),
            widest=max(names, key=text_width),
            cap=mpl.rcParams["font.size"],
            ha="left",
            zorder=3,
        )
    edge = 0.02 * max(high, wide)
    below = max(high / 2, -top) + line
    claim(ax, -wide / 2 - edge, -below, right + room, below)


def _fields(records, layer: str | None) -> tuple[Any, list]:
    """Return the input and the layers on the path to `layer` with growing receptive fields."""
    records = list(getattr(records, "layers", records))
    if not all(hasattr(r, "name") and hasattr(r, "receptive_field") for r in records):
        raise TypeError(
            "records must be layer records with receptive fields, such as the result of"
            " describe(model)"
        )
    by_name = {record.name: record for record in records}
    if layer is not None and layer not in by_name:
        raise unknown("layer", layer, by_name)
    known = [r for r in records if len(r.output_shape) == 3 and r.receptive_field is not None]
    first = next(iter(known), None)
    if first is None:
        raise ValueError(
            "records must contain layers with (H, W, C) outputs and known receptive fields"
        )
    partial = [r for r in known if getattr(r, "stride_product", 1) is not None]
    last = by_name[layer] if layer is not None else (partial or known)[-1]
    if last.receptive_field is None:
        raise ValueError(f"layer must have a known receptive field; received {layer!r}")
    way, waiting = set(), [last.name]
    while waiting:  # back to the input; records without `inputs` are a chain
        name = waiting.pop()
        if name not in way:
            way.add(name)
            inputs = getattr(by_name[name], "inputs", None)
            if inputs is None:
                inputs = [r.name for r in records[: records.index(by_name[name])]]
            waiting += [one for one in inputs if one in by_name]
    fields, largest = [], (1, 1)
    for record in records:
        if record.name in way and record.receptive_field is not None:
            pair = _pair(record)
            if record is last or (pair[0] * pair[1] > largest[0] * largest[1]):
                same = fields and pair == _pair(fields[-1])
                fields = [*fields[: -1 if same else None], record]
                largest = max(largest, pair, key=lambda p: p[0] * p[1])
    if len(fields) > SHOWN:
        kept = np.unique(np.linspace(0, len(fields) - 1, SHOWN).round().astype(int))
        fields = [fields[i] for i in kept]
    return first, fields


def _pair(record) -> tuple[float, float]:
    field = record.receptive_field
    height, width = field if isinstance(field, tuple) else (field, field)
    return _plain(height), _plain(width)


def _plain(size: Any) -> float:
    return int(size) if size == int(size) else float(size)
