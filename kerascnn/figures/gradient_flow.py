"""The flow of gradients to the first layers."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn._text import text as _

from ._drawing import note, runs_of
from ._material import how_measured, measured
from ._registry import figure

DEPTHS = {20: {"alpha": 0.4}, 56: {}}  # line options for each depth
HEADS_AFTER = ("4a", "4d")  # GoogLeNet's auxiliary classifiers


@figure(
    title="At initialization, the gradients of a deep plain network with batch normalization "
    "explode rather than vanish",
    alt="The norm of the gradient of each layer's weights: at initialization it grows five "
    "hundredfold towards the first layers in a plain network of 56 layers and fivefold in a "
    "residual one; after 20 steps, the first layers of the plain network have the smallest "
    "gradients.",
    rows=("D8",),
)
def gradient_norms() -> Figure:
    """Draw the gradient norm of each layer's weights in plain and residual networks."""
    result = measured("gradient_norms")
    titles = (
        _("at initialization"),
        _("after {count} steps", count=int(result["steps"])),
        _("at initialization, without\nbatch normalization"),
    )
    fig, axes = plt.subplots(1, 3, sharey=True)
    for condition, (ax, title) in enumerate(zip(axes, titles, strict=True)):
        for net, name in enumerate((_("plain"), _("residual"))):
            for depth, look in DEPTHS.items():
                norms = result[f"norm_{depth}"][net, condition]  # (seed, layer)
                over_seeds(
                    ax,
                    np.arange(1, depth + 1),
                    norms,
                    color=f"C{net}",
                    linestyle=("--", "-")[net],
                    label=_("{net}, {depth} layers", net=name, depth=depth),
                    **look,
                )
        ax.set_yscale("log")
        ax.set_title(title, fontsize="medium")
        ax.set_xlabel(_("layer"))
        ax.set_xticks([1, *DEPTHS])
    axes[0].set_ylabel("‖∂L/∂W‖")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    at_start, after = (
        [geometric_mean(result["norm_56"][net, condition]) for net in (0, 1)]
        for condition in (0, 1)
    )
    plain, residual = (norms[0] / norms[-2] for norms in at_start)  # the last layer is dense
    note(
        fig,
        _(
            "At initialization with 56 layers, the gradient of the first layer is {plain:.0f} "
            "times the last convolution's in the plain network and {residual:.1f} times in the "
            "residual network. After {count} steps, the plain network's first gradient is "
            "{after:.2g} times the residual network's.",
            plain=plain,
            residual=residual,
            count=int(result["steps"]),
            after=after[0][0] / after[1][0],
        ),
        _(
            "CIFAR-10, {batch} images per step, learning rate 0.1, momentum 0.9. Thick lines: "
            "geometric mean; thin lines: each of {count} runs.",
            batch=result.settings["batch_size"],
            count=len(result.settings["seeds"]),
        ),
        how_measured(result),
    )
    return fig


def over_seeds(ax: Axes, x: np.ndarray, values: np.ndarray, *, color: str, **look: Any) -> None:
    """Draw positive values (seeds, x): a thin line per seed, a thick one for the geometric mean."""
    runs_of(ax, x, values, color)
    ax.plot(x, geometric_mean(values), color=color, **look)


def geometric_mean(values: np.ndarray) -> np.ndarray:
    """Return the geometric mean of positive values over the first axis."""
    return np.exp(np.log(values).mean(axis=0))


@figure(
    title="GoogLeNet's auxiliary classifiers strengthen the gradients of the layers below them",
    alt="The norm of the gradient of each module's weights at initialization, with the main loss "
    "alone and with the auxiliary losses: the same above the second auxiliary classifier, larger "
    "below it.",
    rows=("D7",),
)
def auxiliary_gradients() -> Figure:
    """Draw the gradient norm of GoogLeNet's modules with and without the auxiliary losses."""
    result = measured("auxiliary_gradients")
    modules, norms = by_module(result)
    fig, axes = plt.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    x = np.arange(len(modules))
    looks = (("--", _("main loss alone")), ("-", _("with 0.3 times each auxiliary loss")))
    for row, (linestyle, label) in enumerate(looks):
        over_seeds(axes[0], x, norms[row], color=f"C{row}", linestyle=linestyle, label=label)
    axes[0].set_yscale("log")
    axes[0].set_yticks([3, 5, 10, 20], ["3", "5", "10", "20"])
    axes[0].minorticks_off()
    axes[0].set_ylabel("‖∂L/∂W‖")
    axes[0].legend()
    over_seeds(axes[1], x, norms[1] / norms[0], color="C1")
    axes[1].axhline(1, color="gray", linewidth=0.8)
    axes[1].set_ylabel(_("ratio"))
    axes[1].set_xticks(x, modules)
    for module in HEADS_AFTER:
        for ax in axes:
            ax.axvline(modules.index(module), color="gray", linewidth=1, linestyle=":", zorder=0.5)
    note(
        fig,
        _(
            "Dotted lines: where the auxiliary classifiers branch off. Norm over all kernels of "
            "a module, at initialization, on {images} photo crops with random labels. Thick "
            "lines: geometric mean; thin lines: each of {count} runs.",
            images=result.settings["images"],
            count=len(result.settings["seeds"]),
        ),
        how_measured(result),
    )
    return fig


def by_module(result) -> tuple[list[str], np.ndarray]:
    """Return the modules in order and the gradient norm of each, (losses, seeds, modules)."""
    of_layers = result["modules"]
    modules = list(dict.fromkeys(of_layers.tolist()))
    squares = result["norm"] ** 2
    sums = [squares[..., of_layers == module].sum(axis=-1) for module in modules]
    return modules, np.sqrt(np.stack(sums, axis=-1))
