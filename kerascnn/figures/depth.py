"""What depth costs and brings (lecture map, D9)."""

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn._text import text as _

from ._layout import note
from ._material import how_measured, measured
from ._registry import figure
from ._spread import runs_of, say_runs

LINES = {"training": "--", "validation": "-"}  # as in He et al.: training dashed


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
