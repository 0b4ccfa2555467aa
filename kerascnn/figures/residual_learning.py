"""Why deep plain networks fail, and what a residual block changes (lecture map, D8 and D9)."""

from functools import cache

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note, runs_of, say_runs
from ._material import how_measured, measured, photo
from ._registry import figure

LINES = {"training": "--", "validation": "-"}  # as in He et al.: training dashed
BLOCK = "conv2_block2"
MAPS = 6


@figure(
    title="Degradation: a deeper plain net is worse on the training images, too",
    alt="Training and validation error of plain nets and residual nets of 20 and 56 layers over "
    "the epochs on CIFAR-10: among the plain nets the deeper is far worse in both; with shortcuts "
    "both are better, and the deeper is behind by less.",
)
def degradation() -> Figure:
    """Draw the errors of plain nets and ResNets of two depths, as He et al. 2015, Figure 6."""
    result = measured("degradation")
    error = 100 * result["error"]  # net, depth, part, seed, epoch
    epochs = np.arange(1, error.shape[-1] + 1)
    names = {"plain": _("plain"), "residual": _("residual")}
    parts = {"training": _("training"), "validation": _("validation")}
    fig, axes = plt.subplots(1, 2, sharey=True)
    for net, ax, of_net in zip(result["nets"], axes, error, strict=True):
        for nth, (depth, of_depth) in enumerate(zip(result["depths"], of_net, strict=True)):
            for part, runs in zip(result["parts"], of_depth, strict=True):
                label = _("{depth} layers, {part}", depth=int(depth), part=parts[str(part)])
                runs_of(ax, epochs, runs, f"C{nth}")
                ax.plot(epochs, runs.mean(axis=0), LINES[str(part)], color=f"C{nth}", label=label)
        ax.set_title(names[str(net)])
        ax.set_xlabel(_("epoch"))
        ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes[0].set_ylabel(_("error (%)"))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    final = error[:, :, 0, :, -1].mean(axis=-1)  # net, depth
    note(
        fig,
        _(
            "Training error at the end, {shallow} and {deep} layers: plain {a:.1f} % and "
            "{b:.1f} %, residual {c:.1f} % and {d:.1f} %.",
            shallow=int(result["depths"][0]),
            deep=int(result["depths"][-1]),
            **dict(zip("abcd", final[:, [0, -1]].ravel(), strict=True)),
        ),
        _(
            "{images:,} images of CIFAR-10, averaged to {size}x{size} pixels, {epochs} epochs; "
            "He et al. 2015 (Figure 6) take 45,000 of 32x32 and 182.",
            images=result.settings["images"],
            size=result.settings["size"],
            epochs=len(epochs),
        )
        + " "
        + say_runs(result),
        _(
            "In so few steps the deeper residual net is behind, too; after 64,000 it is ahead: "
            "6.97 % against 8.75 % test error (Table 6)."
        ),
        how_measured(result),
    )
    return fig


@figure(
    title="A residual block with zero weights is the identity, a plain one erases everything",
    alt="Maps that go into two blocks whose weights are all zero: F(x) is zero in both, the "
    "residual block puts out the same maps, the plain block nothing.",
)
def residual_identity() -> Figure:
    """Set all weights of a block to zero, and see what comes out."""
    blocks = {
        "resnet20": (_("residual block"), "ReLU(F(x) + x)"),
        "plain20": (_("plain block"), "ReLU(F(x))"),
    }
    fig, axes = plt.subplots(2, 3)
    for row, (architecture, (name, formula)) in zip(axes, blocks.items(), strict=True):
        x, inner, y = through_zero_weights(architecture)
        strongest = np.argsort(-x.mean(axis=(0, 1)))[:MAPS]
        off = _("largest difference to x: {value}", value=f"{np.abs(y - x).max():.2g}")
        panels = ((x, f"{name}: x"), (inner, "F(x)"), (y, f"{formula}\n{off}"))
        for ax, (maps, title) in zip(row, panels, strict=True):
            plots.activation_grid(
                maps[..., strongest], order="unit", columns=3, numbers=False, colorbar=False, ax=ax
            )
            ax.set_title(title, fontsize="medium")
    note(
        fig,
        _(
            "Block {block} of ResNet-20 and of plain-20, with kernels of zero; x comes out of a "
            "ReLU, so that the last one leaves it as it is. A deeper net can so be no worse than "
            "a shallower one (He et al. 2015, section 3.1).",
            block=BLOCK,
        ),
    )
    return fig


@cache
def through_zero_weights(architecture: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The maps x into a block, F(x) and the maps out of it, each (h, w, K), with zero weights."""
    import keras

    from kerascnn import models

    keras.utils.set_random_seed(0)
    image = photo("chelsea", 48, 48, (slice(0, 300), slice(75, 375)))[None]
    model = models.build(architecture, input_shape=image.shape[1:], include_top=False)
    for layer in model.layers:
        if layer.name.startswith(BLOCK) and hasattr(layer, "kernel"):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    names = ("conv2_block1_out", f"{BLOCK}_2_bn", f"{BLOCK}_out")
    looking = keras.Model(model.input, [model.get_layer(name).output for name in names])
    return tuple(maps[0] for maps in looking.predict(image, verbose=0))
