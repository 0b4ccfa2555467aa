"""The speed of training and inference."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._drawing import note
from ._material import how_measured, measured
from ._registry import figure


@figure(
    title="Training and inference speed of three networks",
    alt="Bars of the images per second that LeNet-5, ResNet-20 and a narrow VGG16 process in "
    "training and in inference on each available device.",
    rows=("E9",),
)
def throughput() -> Figure:
    """Draw the images per second of each network on each device."""
    result = measured("throughput")
    speed = result["images_per_second"]  # (task, net, device, seed)
    nets, devices = result["nets"].tolist(), result["devices"].tolist()
    narrow = {"VGG16, ¼ width": _("VGG16, ¼ width")}
    colors = plots.window_colors(len(devices))
    height = 0.8 / len(devices)
    fig, axes = plt.subplots(1, 2, sharex=True, sharey=True)
    for ax, title, of_task in zip(axes, (_("training"), _("inference")), speed, strict=True):
        for nth, (device, color) in enumerate(zip(devices, colors, strict=True)):
            each = of_task[:, nth]  # (net, seed)
            middle = np.median(each, axis=1)
            y = np.arange(len(nets)) + (nth - (len(devices) - 1) / 2) * height
            spread = [middle - each.min(axis=1), each.max(axis=1) - middle]
            ax.barh(y, middle, 0.9 * height, color=color, xerr=spread, ecolor="gray", label=device)
            for place, value, most in zip(y, middle, each.max(axis=1), strict=True):
                ax.annotate(
                    f"{value:,.0f}",
                    (most, place),
                    (4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize="small",
                )
        ax.set_title(title, fontsize="medium")
        ax.set_xscale("log")
        ax.set_xlim(10, 5 * speed.max())
        ax.set_xlabel(_("images per second"))
        ax.set_yticks(range(len(nets)), [narrow.get(net, net) for net in nets])
    axes[0].invert_yaxis()
    if len(devices) > 1:
        fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    remarks = []
    if "GPU" not in result["kinds"]:
        remarks.append(
            _("No GPU was available; on a machine that has one, draw this figure with --rerun.")
        )
    if result["load"] > 1:  # a smaller load remains from the previous minute
        remarks.append(
            _(
                "The machine was shared: {load:.0f} programs ran at once on {cores} cores.",
                load=float(result["load"]) + 1,
                cores=int(result["cores"]),
            )
        )
    note(
        fig,
        _(
            "Images of 32×32 pixels in batches of {batch}, float32. Bars: median of {count} "
            "measurements; error bars: slowest and fastest.",
            batch=result.settings["batch_size"],
            count=len(result.settings["seeds"]),
        ),
        " ".join(remarks),
        how_measured(result),
    )
    return fig
