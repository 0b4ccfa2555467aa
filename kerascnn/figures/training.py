"""Training (lecture map, E1 and E5)."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._text import text as _

from ._layout import note
from ._material import how_measured, measured
from ._registry import figure
from ._spread import mean_and_runs, runs_of, say_runs

ALEXNET = {1: 18.2, 5: 16.4, 7: 15.4}  # Krizhevsky et al. 2012, Table 2: nets, top-5 error in %


@figure(
    title="Over-fitting: the training loss falls on, the validation loss turns and rises",
    alt="Loss and accuracy of LeNet-5 over 40 epochs on 150 digits: training reaches 100 percent, "
    "validation stays behind, and its loss falls for ten epochs and then rises.",
)
def overfitting() -> Figure:
    """Draw LeNet-5's curves while it learns a few digits by heart."""
    result = measured("overfitting")
    metrics = ("loss", "accuracy")
    mean = {
        prefix + metric: result[metric][part].mean(axis=0)
        for metric in metrics
        for part, prefix in enumerate(("", "val_"))
    }
    fig, axes = plt.subplots(1, 2)
    for ax, metric in zip(axes, metrics, strict=True):
        for part, values in enumerate(result[metric]):  # (run, epoch)
            runs_of(ax, np.arange(1, values.shape[1] + 1), values, f"C{part}")
        ax.set_prop_cycle(None)
    plots.training_curves(mean, metrics=metrics, ax=axes)
    train, validation = result["images"]
    note(
        fig,
        _(
            "LeNet-5 on {train} digits, validated on {validation} by other writers.",
            train=train,
            validation=validation,
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


@figure(
    title="Seven networks together err less than each of them",
    alt="Test error of seven networks alone, as dots, and of their mean, as a diamond below them, "
    "for three training sets, and the error of the mean of one to seven networks, which falls.",
)
def ensemble_of_seven() -> Figure:
    """Draw the errors of networks alone, and of the mean of their probabilities."""
    result = measured("ensemble_of_seven")
    alone, together = 100 - 100 * result["alone"], 100 - 100 * result["together"]
    repeats = np.arange(1, len(alone) + 1)
    counts = np.arange(1, together.shape[1] + 1)
    fig, (left, right) = plt.subplots(1, 2, sharey=True)
    left.plot(repeats, alone, "o", color="C0", alpha=0.6)
    left.plot(repeats, together[:, -1], "D", color="C1")
    left.plot([], [], "o", color="C0", label=_("each alone"))
    left.plot([], [], "D", color="C1", label=_("all {count} together", count=counts[-1]))
    left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    left.set(xlabel=_("training set"), ylabel=_("test error (%)"), xticks=repeats)
    left.margins(x=0.2)
    mean_and_runs(right, counts, together, color="C1", marker="D")
    right.set(xlabel=_("networks averaged"), xticks=counts)
    note(
        fig,
        _(
            "LeNet-5 on {sets} sets of {images} digits of MNIST.",
            sets=len(repeats),
            images=f"{result.settings['images']:,}",
        )
        + " "
        + say_runs(result),
        _(
            "AlexNet's top-5 error: {one} % alone, {five} % five, {seven} % seven, two of them "
            "trained on more photos (Krizhevsky et al. 2012, Table 2).",
            one=ALEXNET[1],
            five=ALEXNET[5],
            seven=ALEXNET[7],
        ),
        how_measured(result),
    )
    return fig
