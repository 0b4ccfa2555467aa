"""Generalization: training set size, overfitting, ensembles, transfer learning."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from kerascnn import plots
from kerascnn._text import class_texts
from kerascnn._text import text as _

from ._drawing import mean_and_runs, note, parts_of, runs_of, say_runs
from ._material import how_measured, measured
from ._registry import figure

ALEXNET = {1: 18.2, 5: 16.4, 7: 15.4}  # Krizhevsky et al. 2012, Table 2: networks: top-5 error (%)
MARKERS = "os^"  # one per way of learning


@figure(
    title="Fewer training images give noisier weights",
    alt="The weights of a logistic regression for the digit 3 as an image, which is smoother after "
    "4,000 training images than after 1,000, next to the test accuracy, which falls with fewer "
    "images, and the total variation, which rises.",
    rows=("A3",),
)
def training_set_size() -> Figure:
    """Draw the weights of one class for two training set sizes, and accuracy and variation."""
    result = measured("training_set_size")
    counts, parts = result["images"], result.settings["parts"]
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(3, 2))
    strongest = np.abs(result["pictures"]).max()
    axes = left.subplots(1, len(counts))
    for ax, picture, count, part in zip(axes, result["pictures"], counts, parts, strict=True):
        image = ax.imshow(picture, cmap=plots.colormap("signed"), vmin=-strongest, vmax=strongest)
        ax.set_axis_off()
        ax.set_title(_("{part} %: {count} images", part=f"{100 * part:g}", count=f"{count:,}"))
    left.colorbar(image, ax=axes, location="bottom", label=_("weight"), shrink=0.6)
    top, bottom = right.subplots(2, 1, sharex=True)
    measures = {
        top: (100 * result["accuracy"].T, _("test accuracy (%)")),
        bottom: (result["total_variation"].mean(axis=-1).T, _("total variation")),
    }
    places = np.arange(len(counts))
    for ax, (values, name) in measures.items():
        mean_and_runs(ax, places, values, color="C0", marker="o")
        ax.set_title(name, fontsize="medium")
        ax.margins(x=0.3, y=0.2)
    bottom.set_xticks(places, [f"{100 * part:g} %" for part in parts])
    note(
        fig,
        _(
            "Logistic regression on MNIST; weights of digit {shown}. Total variation: sum of the "
            "differences between neighboring weights, divided by the sum of the weights (absolute"
            " values, mean over all ten digits).",
            shown=result.settings["shown"],
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


@figure(
    title="Overfitting: the training loss keeps falling while the validation loss starts to rise",
    alt="Loss and accuracy of LeNet-5 over 40 epochs on 150 digits: the training accuracy reaches "
    "100 percent, the validation accuracy stays behind, and the validation loss falls for ten "
    "epochs and then rises.",
    rows=("E1",),
)
def overfitting() -> Figure:
    """Draw the learning curves of LeNet-5 as it overfits a few digits."""
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
            "LeNet-5, trained on {train} digits and validated on {validation} by other writers.",
            train=train,
            validation=validation,
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


@figure(
    title="An ensemble of seven networks makes fewer errors than any one of them",
    alt="Test error of seven single networks, as dots, and of their ensemble, as a diamond below "
    "them, for three training sets, and the error of ensembles of one to seven networks, which "
    "falls.",
    rows=("E5",),
)
def ensemble_of_seven() -> Figure:
    """Draw the errors of single networks and of ensembles."""
    result = measured("ensemble_of_seven")
    alone, together = 100 - 100 * result["alone"], 100 - 100 * result["together"]
    repeats = np.arange(1, len(alone) + 1)
    counts = np.arange(1, together.shape[1] + 1)
    fig, (left, right) = plt.subplots(1, 2, sharey=True)
    left.plot(repeats, alone, "o", color="C0", alpha=0.6)
    left.plot(repeats, together[:, -1], "D", color="C1")
    left.plot([], [], "o", color="C0", label=_("single network"))
    left.plot([], [], "D", color="C1", label=_("ensemble of {count}", count=counts[-1]))
    left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    left.set(xlabel=_("training set"), ylabel=_("test error (%)"), xticks=repeats)
    left.margins(x=0.2)
    mean_and_runs(right, counts, together, color="C1", marker="D")
    right.set(xlabel=_("networks in the ensemble"), xticks=counts)
    note(
        fig,
        _(
            "LeNet-5, trained on {sets} sets of {images} MNIST digits.",
            sets=len(repeats),
            images=f"{result.settings['images']:,}",
        )
        + " "
        + say_runs(result),
        _(
            "AlexNet's top-5 error: {one} % for one network, {five} % for five and {seven} % for "
            "seven, two of them pre-trained on more photos (Krizhevsky et al. 2012, Table 2).",
            one=ALEXNET[1],
            five=ALEXNET[5],
            seven=ALEXNET[7],
        ),
        how_measured(result),
    )
    return fig


@figure(
    title="Transfer learning: features learned on other classes make up for a lack of training "
    "images",
    alt="Test accuracy with 5 to 100 training images per class: a network fine-tuned from other "
    "classes is best throughout, frozen features help when images are scarce, and training from "
    "scratch overtakes them when there are more.",
    rows=("E6",),
)
def transfer_learning() -> Figure:
    """Draw the test accuracy of three ways of learning against the images per class."""
    result = measured("transfer_learning")
    names = {
        "from scratch": _("from scratch"),
        "frozen features": _("frozen features"),
        "fine-tuned": _("fine-tuned"),
    }
    counts, accuracy = result["counts"], 100 * result["accuracy"]
    fig, ax = plt.subplots()
    for nth, method in enumerate(result["methods"]):
        look = {"color": f"C{nth}", "marker": MARKERS[nth], "label": names[str(method)]}
        mean_and_runs(ax, counts, accuracy[nth].T, **look)
    base = len(result["base_classes"])
    classes = class_texts([*result["base_classes"], *result["classes"]])
    chance = 100 / len(result["classes"])
    ax.axhline(chance, color=plt.rcParams["grid.color"], zorder=0)
    ax.annotate(_("chance level"), (counts[0], chance), (0, 4), textcoords="offset points")
    ax.set_xscale("log")
    ax.set_xticks(counts, [f"{count:.0f}" for count in counts])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel=_("training images per class"), ylabel=_("test accuracy (%)"))
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.12))
    note(
        fig,
        _(
            "Features of a small network trained on {images} images of {base}; new classes: "
            "{classes}. {tests} test images.",
            images=f"{result.settings['images']:,}",
            base=", ".join(classes[:base]),
            classes=", ".join(classes[base:]),
            tests=f"{result.settings['tests']:,}",
        ),
        say_runs(result),
        how_measured(result),
    )
    return fig
