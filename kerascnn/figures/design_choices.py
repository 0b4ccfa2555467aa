"""Measured design choices: stride or pooling, padding or none, activation functions."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from kerascnn._text import text as _

from ._drawing import mean_and_runs, note, say_runs
from ._material import how_measured, measured
from ._registry import figure

MARKERS = "os^D"


@figure(
    title="Stride or pooling: at the same cost, max pooling before the convolution works best",
    alt="Test accuracy on CIFAR-10 of four small networks of about the same cost: max pooling "
    "before the convolutions is best in every run, ahead of average pooling, of strided "
    "convolutions and of max pooling after convolutions with half as many filters.",
    rows=("C5",),
)
def stride_or_pooling() -> Figure:
    """Draw accuracy and cost of networks that reduce their maps in four ways."""
    result = measured("stride_or_pooling")
    names = {
        "strided convolution": _("convolution with stride 2"),
        "average pooling, convolution": _("average pooling, then convolution"),
        "max pooling, convolution": _("max pooling, then convolution"),
        "convolution, max pooling": _("convolution with half the filters,\nthen max pooling"),
    }
    rows = [
        _(
            "{name}\n{macs} M multiply-adds,\n{parameters} parameters",
            name=names[str(net)],
            macs=millions(macs),
            parameters=f"{parameters:,.0f}",
        )
        for net, macs, parameters in zip(
            result["nets"], result["macs"], result["parameters"], strict=True
        )
    ]
    fig, ax = plt.subplots()
    for row, of_net in enumerate(100 * result["accuracy"]):
        ax.plot(of_net, np.full(len(of_net), row), MARKERS[row], color=f"C{row}")
        mean, top = of_net.mean(), row - 0.3
        ax.plot([mean, mean], [top, row + 0.3], "-", color=plt.rcParams["text.color"])
        ax.annotate(f"{mean:.1f}", (mean, top), (0, 2), textcoords="offset points", ha="center")
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel=_("test accuracy (%)"), ylim=(len(rows) - 0.5, -0.8))
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.1)
    note(
        fig,
        _(
            "A convolution with stride 2 computes as many values as one after pooling; one "
            "before pooling computes four times as many. The additions and comparisons in "
            "pooling are not counted."
        ),
        how_trained(result)
        + " "
        + _(
            "Markers: {count} runs with different seeds; lines: their means.",
            count=len(result.settings["seeds"]),
        ),
        how_measured(result),
    )
    return fig


@figure(
    title="Zero padding pays off in deeper networks, whose maps would otherwise shrink to one "
    "pixel",
    alt="Height of the activation maps in a network of six convolutions, which falls only at the "
    "pooling layers with zero padding but to one pixel without it, and test accuracy against the "
    "number of convolutions: four and five do better without padding, six do better with it.",
    rows=("C8",),
)
def padding_or_none() -> Figure:
    """Draw map sizes and accuracy against depth, with and without zero padding."""
    result = measured("zero_padding")
    names = {"same": _("zero padding"), "valid": _("no padding")}
    accuracy, macs = 100 * result["accuracy"], result["macs"]  # both (depth, padding, …)
    fig, (left, right) = plt.subplots(1, 2)
    for nth, padding in enumerate(result["paddings"]):
        look = {"color": f"C{nth}", "marker": MARKERS[nth], "label": names[str(padding)]}
        left.plot(result["sizes"][nth], linestyle="-", **look)
        mean_and_runs(right, result["depths"], accuracy[:, nth].T, **look)
    layers = [_("image") if name == "image" else name for name in result["layers"]]
    left.set_xticks(range(len(layers)), layers, rotation=90)
    left.set(ylabel=_("map height (pixels)"), ylim=(0, None))
    left.legend()
    right.set_xticks(result["depths"])
    right.set(xlabel=_("number of convolutions"), ylabel=_("test accuracy (%)"))
    right.margins(x=0.1)
    note(
        fig,
        _(
            "With {depth:.0f} convolutions: {padded} M multiply-adds with padding, {bare} M "
            "without it, and {parameters} parameters either way, since the dense layer takes "
            "only the mean of each map.",
            depth=result["depths"][-1],
            padded=millions(macs[-1, 0]),
            bare=millions(macs[-1, 1]),
            parameters=f"{result['parameters'][-1, 0]:,.0f}",
        ),
        f"{how_trained(result)} {say_runs(result)}",
        how_measured(result),
    )
    return fig


@figure(
    title="Sigmoid units learn slowly; at its best learning rate, tanh keeps up with ReLU",
    alt="Training error of a network with four layers over the epochs, each at the best of three "
    "learning rates: with ReLU and with tanh it falls to a quarter in 9 to 10 epochs, with a "
    "sigmoid it stays above a third; at the largest rate, tanh has a far higher error than ReLU.",
    rows=("E3",),
)
def activations_trained() -> Figure:
    """Draw the training error over the epochs and its dependence on the learning rate."""
    result = measured("activation_functions")
    names = {"relu": "ReLU", "tanh": "tanh", "sigmoid": _("sigmoid")}
    error = 100 * result["error"]  # activation, seed, epoch
    tried = 100 * result["search"].mean(axis=-1)  # activation, rate
    target = 100 * result.settings["target"]
    epochs = np.arange(1, error.shape[-1] + 1)
    fig, (left, right) = plt.subplots(1, 2, width_ratios=(3, 2))
    for nth, activation in enumerate(result["activations"]):
        look = {"color": f"C{nth}", "marker": MARKERS[nth]}
        name, rate = names[str(activation)], result["rate"][nth]
        label = _("{name}, rate {rate:g}", name=name, rate=rate)
        mean_and_runs(left, epochs, error[nth], label=label, markersize=4, **look)
        right.plot(result["rates"], tried[nth], linestyle="-", **look)
        chosen = result["rates"] == rate
        right.plot(rate, tried[nth][chosen], linestyle="", fillstyle="none", markersize=16, **look)
    left.axhline(target, color=plt.rcParams["grid.color"], zorder=0)
    left.set(xlabel=_("epoch"), ylabel=_("training error (%)"), ylim=(0, 100))
    left.legend()
    right.set_xscale("log")
    right.set_xticks(result["rates"], [f"{rate:g}" for rate in result["rates"]])
    right.xaxis.set_minor_locator(NullLocator())
    right.set(xlabel=_("learning rate"), ylabel=_("mean error over all epochs (%)"), ylim=(0, 100))
    needed = "; ".join(
        f"{names[str(activation)]} {epochs_list(of_activation, len(epochs))}"
        for activation, of_activation in zip(result["activations"], result["needed"], strict=True)
    )
    note(
        fig,
        _(
            "Epochs needed to reach {target:g} %: {needed}. Krizhevsky et al. 2012 (Figure 1) "
            "found that ReLU needed a sixth as many epochs as tanh, in a network of four layers, "
            "too; its sizes, rates and initial weights are not given.",
            target=target,
            needed=needed,
        ),
        _(
            "CIFAR-10: {images} training images. The initial weights suit each function (He et "
            "al. 2015, Glorot & Bengio 2010). Large outlined markers: the learning rate used on "
            "the left.",
            images=f"{result.settings['images']:,}",
        )
        + " "
        + say_runs(result),
        how_measured(result),
    )
    return fig


def epochs_list(needed: np.ndarray, epochs: int) -> str:
    """Return the number of epochs of each run; NaN means that the target was not reached."""
    return ", ".join(f"> {epochs}" if np.isnan(one) else f"{one:.0f}" for one in needed)


def how_trained(result) -> str:
    """Return a note on the training and test data."""
    return _(
        "CIFAR-10: {images} training images, {epochs} epochs, {tests} test images.",
        images=f"{result.settings['images']:,}",
        epochs=result.settings["epochs"],
        tests=f"{result.settings['tests']:,}",
    )


def millions(count: float) -> str:
    """Format a count in millions."""
    return f"{count / 1e6:.2f}"
