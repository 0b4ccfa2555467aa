"""Residual learning: the degradation of deep plain networks, and the block that prevents it."""

from functools import cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note, runs_of, say_runs
from ._material import how_measured, measured, resized
from ._registry import figure

LINES = {"training": "--", "validation": "-"}  # training dashed, as in He et al.
TABLE_6 = {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}  # He et al.: layers, error in %
BLOCK = "conv2_block2"
MAPS = 6


@figure(
    title="Deeper is worse for plain networks, even on their training images, and better for "
    "residual ones",
    alt="Training and validation error on CIFAR-10 of plain and residual networks with 20 and 56 "
    "layers over the epochs: among the plain networks, the deeper one has far higher errors of "
    "both kinds; among the residual networks, the deeper one starts more slowly and ends with the "
    "lower training error; beside it, the test errors of He et al., which fall from 20 to 110 "
    "layers.",
    rows=("D9",),
)
def degradation() -> Figure:
    """Draw the errors of plain and residual networks of two depths (He et al. 2015, Figure 6)."""
    result = measured("degradation")
    error = 100 * result["error"]  # net, depth, part, seed, epoch
    epochs = np.arange(1, error.shape[-1] + 1)
    names = {"plain": _("plain"), "residual": _("residual")}
    parts = {"training": _("training"), "validation": _("validation")}
    fig, (*axes, paper) = plt.subplots(1, 3, width_ratios=(3, 3, 2))
    axes[1].sharey(axes[0])
    for net, ax, of_net in zip(result["nets"], axes, error, strict=True):
        for nth, (depth, of_depth) in enumerate(zip(result["depths"], of_net, strict=True)):
            for part, runs in zip(result["parts"], of_depth, strict=True):
                label = _("{depth} layers, {part}", depth=int(depth), part=parts[str(part)])
                runs_of(ax, epochs, runs, f"C{nth}")
                ax.plot(epochs, runs.mean(axis=0), LINES[str(part)], color=f"C{nth}", label=label)
        ax.set_title(names[str(net)])
        ax.set_xlabel(_("epoch"))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_ylabel(_("error (%)"))
    axes[1].tick_params(labelleft=False)
    paper.plot(range(len(TABLE_6)), TABLE_6.values(), "o-", color="C2")
    paper.set_xticks(range(len(TABLE_6)), TABLE_6)
    paper.set(xlabel=_("layers"), ylabel=_("test error, residual (%)"), ylim=(0, 10))
    paper.set_title(_("He et al. 2015"))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    final = error[..., -1].mean(axis=-1)[:, [0, -1]]  # net, depth, part
    note(
        fig,
        _(
            "Final training error with {shallow} and {deep} layers: plain {a:.1f} % and {b:.1f} "
            "%, residual {c:.1f} % and {d:.1f} %.",
            shallow=int(result["depths"][0]),
            deep=int(result["depths"][-1]),
            **dict(zip("abcd", final[..., 0].ravel(), strict=True)),
        )
        + " "
        + _(
            "The deeper residual network overfits the few images: its validation error is {b:.1f} "
            "%, that of the other {a:.1f} %.",
            **dict(zip("ab", final[1, :, 1], strict=True)),
        ),
        _(
            "{images:,} CIFAR-10 images downsampled to {size}×{size} pixels, {epochs} epochs. "
            "Right: He et al. 2015, Table 6, with 45,000 images of 32×32 pixels and 182 epochs.",
            images=result.settings["images"],
            size=result.settings["size"],
            epochs=len(epochs),
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


@figure(
    title="With zero weights, a residual block is the identity; a plain block erases everything",
    alt="Activation maps before and after two blocks whose weights are all zero: F(x) is zero in "
    "both, the residual block returns its input unchanged, and the plain block returns only "
    "zeros.",
    rows=("D8",),
    photos=("chelsea",),
)
def residual_identity() -> Figure:
    """Draw the outputs of a residual and a plain block whose weights are all zero."""
    blocks = {
        "resnet20": (_("residual block"), "ReLU(F(x) + x)"),
        "plain20": (_("plain block"), "ReLU(F(x))"),
    }
    fig, axes = plt.subplots(2, 3)
    for row, (architecture, (name, formula)) in zip(axes, blocks.items(), strict=True):
        x, inner, y = through_zero_weights(architecture)
        strongest = np.argsort(-x.mean(axis=(0, 1)))[:MAPS]
        off = _("largest difference from x: {value}", value=f"{np.abs(y - x).max():.2g}")
        panels = ((x, f"{name}: x"), (inner, "F(x)"), (y, f"{formula}\n{off}"))
        for ax, (maps, title) in zip(row, panels, strict=True):
            plots.activation_grid(
                maps[..., strongest], order="unit", columns=3, numbers=False, colorbar=False, ax=ax
            )
            ax.set_title(title, fontsize="medium")
    note(
        fig,
        _(
            "Block {block} of ResNet-20 and plain-20 with all kernels set to zero; x comes out "
            "of a ReLU, so the block's last ReLU does not change it. A network can thus be made "
            "deeper without changing what it computes, so a deeper network can be at least as "
            "good as a shallower one (He et al. 2015, section 3.1).",
            block=BLOCK,
        ),
    )
    return fig


@cache
def through_zero_weights(architecture: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the input x of a block with zero weights, F(x) and the output, each (h, w, K)."""
    import keras

    from kerascnn import models

    keras.utils.set_random_seed(0)
    image = resized("chelsea", 48, 48, (slice(0, 300), slice(75, 375)))[None]
    model = models.build(architecture, input_shape=image.shape[1:], include_top=False)
    for layer in model.layers:
        if layer.name.startswith(BLOCK) and hasattr(layer, "kernel"):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    names = ("conv2_block1_out", f"{BLOCK}_2_bn", f"{BLOCK}_out")
    looking = keras.Model(model.input, [model.get_layer(name).output for name in names])
    return tuple(maps[0] for maps in looking.predict(image, verbose=0))
