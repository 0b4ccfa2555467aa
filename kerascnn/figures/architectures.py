"""Diagrams and tables of architectures."""

from functools import cache, partial

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import arithmetic, plots
from kerascnn._describe import Description, Layer
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure

MEGA = 1e6
ROWS = 25.5  # of the tallest stack, VGG19
LEFT_OUT = {"Flatten", "Reshape", "Dropout"}  # layers without computation


@cache
def built(name: str, **options: object) -> Description:
    """Build and describe a network, once for all figures."""
    from kerascnn import models
    from kerascnn._describe import describe
    from kerascnn.models._without_values import without_values

    with without_values():
        return describe(models.build(name, **options))


@figure(
    title="LeNet-5, layer by layer",
    alt="LeNet-5 maps a 28 by 28 digit to 10 classes through two convolutions with pooling, a "
    "third convolution and two dense layers, with 61,706 parameters in all.",
    rows=("D2",),
    diagram=partial(built, "lenet5"),
)
def lenet5() -> Figure:
    """Draw the modern version of LeNet-5."""
    description = built("lenet5")
    fig, ax = plt.subplots()
    plots.architecture(description, ax=ax)
    fig.suptitle("[CONV–POOL–CONV–POOL–CONV–FC]")
    note(fig, _totals(description))
    return fig


@figure(
    title="The original LeNet-5: which maps of S2 feed each map of C3",
    alt="A 6 by 16 table of crosses: each of the 16 maps of layer C3 is connected to three, four "
    "or all six maps of S2, and each map of S2 is used ten times.",
    rows=("D2",),
)
def lenet5_1998() -> Figure:
    """Draw the paper's Table I with the numbers of each layer next to it."""
    description = built("lenet5", variant="1998")
    from kerascnn.models.lenet import TABLE_1

    seen = np.zeros((6, len(TABLE_1)), int)
    for column, rows in enumerate(TABLE_1):
        seen[list(rows), column] = 1
    fig, (ax, table) = plt.subplots(1, 2, width_ratios=(5, 3))
    blocks = {(0, 0, 6, 6): "window", (0, 6, 6, 9): "kernel", (0, 15, 6, 1): "output"}
    plots.number_grid(seen, fmt=lambda value: "×" if value else "", highlight=blocks, ax=ax)
    for column in range(len(TABLE_1)):
        ax.text(column + 0.5, -0.2, column, ha="center", va="bottom", fontsize="x-small")
    for line in range(6):
        ax.text(-0.2, line + 0.5, line, ha="right", va="center", fontsize="x-small")
    ax.text(8, -1, _("map of C3"), ha="center", va="bottom")
    ax.text(-1, 3, _("map of S2"), ha="right", va="center", rotation=90)
    cells = [["", _("Output"), _("Parameters"), _("Connections")]]
    for r in description.layers:
        if r.connections:
            name = _("output") if r.kind == "RBFOutput" else r.name.upper()
            cells.append(
                [name, shape_text(r.output_shape), f"{r.parameters:,}", f"{r.connections:,}"]
            )
    for y, row in enumerate(cells):
        for x, cell in zip((0, 1.5, 2.7, 4), row, strict=True):
            table.text(x, y, cell, ha="right" if x else "left", va="center", fontsize="x-small")
    table.set(xlim=(0, 4), ylim=(len(cells), -1))
    table.axis("off")
    note(
        fig,
        _(
            "{parameters} trainable parameters, {connections} connections; the output codes are "
            "fixed.",
            parameters=f"{description.trainable_parameters:,}",
            connections=f"{description.connections:,}",
        ),
    )
    return fig


@figure(
    title="AlexNet, layer by layer",
    alt="AlexNet as a single tower: 227 by 227 pixels become 55 by 55 by 96, 27 by 27 by 256 and "
    "13 by 13 by 384, followed by three dense layers, with 62,378,344 parameters in all.",
    rows=("D3",),
    diagram=partial(built, "alexnet"),
)
def alexnet() -> Figure:
    """Draw AlexNet with the numbers of its first layer and an erratum."""
    description = built("alexnet")
    first = next(r for r in description.layers if r.name == "conv1")
    weights = arithmetic.conv_parameters(11, 3, 96, bias=False)
    taught = arithmetic.exact_output_size(224, 11, 4)
    convolutions = sum(r.parameters for r in description.layers if r.kind == "Conv2D")
    dense = sum(r.parameters for r in description.layers if r.kind == "Dense")
    fig, ax = plt.subplots()
    plots.architecture(description, ax=ax)
    fig.suptitle(
        _(
            "conv1: 227 → {shape}, {weights} weights + {biases} biases",
            shape=shape_text(first.output_shape),
            weights=f"{weights:,}",
            biases=first.parameters - weights,
        )
    )
    note(
        fig,
        _totals(description),
        _(
            "Errata: an input of 224 would give {columns} columns. The convolutions have "
            "{convolutions} M parameters (2.33 M in the paper's two towers) and the dense layers "
            "{dense} M, not 65 M.",
            columns=float(taught),
            convolutions=f"{convolutions / MEGA:.2f}",
            dense=f"{dense / MEGA:.1f}",
        ),
    )
    return fig


@figure(
    title="VGG16 and VGG19 go deeper than AlexNet, with 3×3 filters only",
    alt="Three stacks of layers: AlexNet has 8 weight layers and 62.4 million parameters, VGG16 "
    "has 16 and 138.4 million, and VGG19 has 19 and 143.7 million.",
    rows=("D4",),
)
def vgg16_beside_alexnet() -> Figure:
    """Stack the layers of three networks side by side, with the input at the bottom."""
    # The largest first, so that the memory of its weights is reused.
    described = {name: built(name) for name in ("vgg19", "vgg16", "alexnet")}
    fig, axes = plt.subplots(1, 3, sharey=True)
    ink = plt.rcParams["text.color"]
    # The rows and the title share the height; the letters fill half the height of a row.
    points = 72 * fig.get_figheight() / (ROWS + 4) / 2
    row = {"ha": "center", "va": "center", "fontsize": points}
    for ax, name in zip(axes, ("alexnet", "vgg16", "vgg19"), strict=True):
        description = described[name]
        rows = [r for r in description.layers if r.kind not in LEFT_OUT]
        for level, record in enumerate(rows):
            look = plots.layer_style(record.kind)
            ax.barh(level, 1, height=0.86, color=look.color, linewidth=0.4, edgecolor=ink)
            ax.text(0.5, level, _row(record), color=look.text_color, **row)
        weighted = sum(r.parameters > 0 for r in rows)
        ax.set_title(
            f"{ {'alexnet': 'AlexNet', 'vgg16': 'VGG16', 'vgg19': 'VGG19'}[name] }\n"
            + _(
                "{layers} weight layers\n{parameters} M parameters",
                layers=weighted,
                parameters=f"{description.parameters / MEGA:.1f}",
            ),
            fontsize="small",
        )
        ax.set(xlim=(0, 1), ylim=(-0.6, ROWS))
        ax.axis("off")
    return fig


@figure(
    title="VGG16: the first layers need the memory, the last ones hold the parameters",
    alt="Bars of the activations and parameters of each layer of VGG16: the first convolutions "
    "produce most of the 15.2 million activations, and the first dense layer holds most of the "
    "138,357,544 parameters.",
    rows=("D5", "D4"),
)
def vgg16_memory() -> Figure:
    """Draw the activations and parameters of each layer of VGG16 as bars with numbers."""
    description = built("vgg16")
    rows = [r for r in description.layers if r.kind not in LEFT_OUT]
    values = description.activations or 0
    fig, axes = plt.subplots(1, 2, sharey=True)
    columns = {
        _("activations (one image)"): [r.activations for r in rows],
        _("parameters"): [r.parameters for r in rows],
    }
    for ax, (heading, numbers) in zip(axes, columns.items(), strict=True):
        looks = [plots.layer_style(r.kind) for r in rows]
        colors, ink = [look.color for look in looks], plt.rcParams["text.color"]
        bars = ax.barh(range(len(rows)), numbers, color=colors, edgecolor=ink, linewidth=0.4)
        labels = [f"{n:,}" if n else "" for n in numbers]
        ax.bar_label(bars, labels=labels, padding=3, fontsize=8)
        ax.set_title(f"{heading}: {sum(numbers):,}", fontsize="small")
        ax.set(xlim=(0, 1.35 * max(numbers)), ylim=(len(rows) - 0.4, -0.6), xticks=[])
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.tick_params(length=0)
    axes[0].set_yticks(
        range(len(rows)), [f"{r.name}  {shape_text(r.output_shape)}" for r in rows], fontsize=8
    )
    note(
        fig,
        _(
            "Errata: the numbers in the widely copied memory table add up to {values} M "
            "activations, {megabytes} MB in float32, not to the 24 M and 96 MB stated there.",
            values=f"{values / MEGA:.1f}",
            megabytes=f"{values * 4 / MEGA:.0f}",
        ),
    )
    return fig


def _row(record: Layer) -> str:
    """Return the text in the row of a layer, such as "FC 4096"."""
    shape = shape_text(record.output_shape)
    if record.kind == "Conv2D":
        return f"conv {record.kernel[0]}×{record.kernel[1]}, {record.output_shape[-1]}  →  {shape}"
    if record.kind == "MaxPooling2D":
        return f"pool {record.kernel[0]}×{record.kernel[1]}  →  {shape}"
    if record.kind == "Dense":
        return f"FC {record.output_shape[-1]}"
    if record.kind == "InputLayer":
        return shape
    return f"norm  →  {shape}"


def _totals(description: Description) -> str:
    return _(
        "{parameters} parameters, {macs} multiply-adds",
        parameters=f"{description.parameters:,}",
        macs=f"{description.macs:,}",
    )
