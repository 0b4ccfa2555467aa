"""Inception modules and GoogLeNet (lecture map, D6 and D7)."""

from functools import cache, partial
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import shape_text
from kerascnn._text import text as _

from ._drawing import note
from ._registry import figure
from .depth import described

MEGA = 1e6


@cache
def module(kind: str) -> Any:
    """Return the `Description` of an Inception module on 28x28x256, "naive" or "reduced"."""
    from kerascnn import models
    from kerascnn._describe import describe

    return describe(models.build_inception_module(kind))


@figure(
    title="1×1 convolutions cut the cost of an Inception module to a third",
    alt="Two Inception modules on maps of 28 by 28 by 256: the naive one needs 854 million "
    "multiply-adds, the one that reduces channels with 1 by 1 convolutions first 271 million.",
    rows=("D6",),
)
def inception_modules() -> Figure:
    """Draw the naive and the reduced module with the multiply-adds of each convolution."""
    kinds = {"naive": _("naive"), "reduced": _("with 1×1 reductions")}
    fig, axes = plt.subplots(1, 2, width_ratios=(1, 1))
    for ax, (kind, name) in zip(axes, kinds.items(), strict=True):
        description = module(kind)
        plots.architecture(description, kind="blocks", detail="joined", legend=False, ax=ax)
        ax.set_title(
            _("{name}: {macs} M multiply-adds", name=name, macs=f"{description.macs / MEGA:.0f}"),
            fontsize="small",
        )
    costs = [
        f"{r.name.split('/')[-1].removeprefix('inception_')}: {r.macs / MEGA:.0f} M"
        for r in module("reduced").layers
        if r.macs
    ]
    note(
        fig,
        _("Multiply-adds with reductions: {costs}.", costs=", ".join(costs)),
        _(
            "Erratum: the 358 M printed in lectures counts the 3×3 convolution twice; the sum is "
            "{macs} M.", macs=f"{module('reduced').macs / MEGA:.0f}",
        ),
    )  # fmt: skip
    return fig


@figure(
    title="GoogLeNet stacks nine Inception modules and needs 7 million parameters",
    alt="GoogLeNet as blocks: three convolutions, nine Inception modules in groups of two, five "
    "and two between max pooling, global average pooling and one dense layer, with 6,998,552 "
    "parameters.",
    rows=("D7",),
    diagram=partial(described, "googlenet"),
)
def googlenet() -> Figure:
    """Draw the network; consecutive equal modules are drawn once."""
    description = described("googlenet")
    fig, ax = plt.subplots()
    plots.architecture(description, ax=ax, check=True)
    first = description.layers[0]
    note(
        fig,
        _(
            "{input} → {classes} classes, {parameters} parameters, {macs} M multiply-adds. The "
            "auxiliary heads of training are left out.",
            input=shape_text(first.output_shape),
            classes=description.layers[-1].output_shape[-1],
            parameters=f"{description.parameters:,}",
            macs=f"{description.macs / MEGA:,.0f}",
        ),
    )
    return fig
