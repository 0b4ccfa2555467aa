"""When explanations lie: shortcuts, Clever Hans, sanity and adversarial images."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerascnn import plots, visualize
from kerascnn._text import class_texts
from kerascnn._text import text as _
from kerascnn.datasets import cifar10
from kerascnn.plots._compare_methods import method_name

from ._drawing import mean_and_runs, note, parts_of, say_runs
from ._material import how_measured, measured, resized, trained
from ._registry import figure
from .design_choices import MARKERS

SHOWN = ("occlusion", "grad_cam", "integrated_gradients", "saliency")  # the others are gray


def two_classes(result) -> list[str]:
    """Return the translated names of the two classes of an experiment with a tag."""
    words = class_texts(cifar10.CLASS_NAMES)
    return [words[index] for index in result.settings["classes"]]


def how_planted(result) -> str:
    """Return a note on the training images with a tag."""
    first, second = two_classes(result)
    return _(
        "CIFAR-10: {images} training images each of {first} and {second}. A reliability of 70 %: "
        "the tag is on 70 % of the images of {second} and on 30 % of those of {first}.",
        images=f"{result.settings['images']:,}",
        first=first,
        second=second,
    )


@figure(
    title="Every method shows a tag that decides, with an eighth to two thirds of its heatmap",
    alt="By how much a tag raises the probability of a class, and the share of the heatmaps of "
    "twenty methods that is on the tag, against its reliability: the first rises from 0 to 98 "
    "percent, the second from about the area of the tag to between 12 and 65 percent.",
    rows=("F6",),
)
def shortcut_mass() -> Figure:
    """Draw how much a network relies on a tag, and how much of each heatmap is on the tag."""
    result = measured("shortcuts")
    x = 100 * result["reliabilities"]
    mass = 100 * result["mass"]  # method, reliability, seed
    fig, (left, right) = plt.subplots(1, 2, width_ratios=(2, 3))
    mean_and_runs(left, x, 100 * result["reliance"].T, color="C0", marker=MARKERS[0])
    left.set(xlabel=_("reliability of the tag (%)"), ylim=(-5, 105))
    left.set_ylabel(_("rise of the probability (%)"))
    left.set_title(_("what the network does"))
    names = result["methods"].tolist()
    gray = plt.rcParams["grid.color"]
    for name, of_method in zip(names, mass.mean(axis=-1), strict=True):
        if name not in SHOWN:
            right.plot(x, of_method, "-", color=gray, marker="", linewidth=1, zorder=1)
    for nth, name in enumerate(SHOWN):
        mean = mass[names.index(name)].mean(axis=-1)
        right.plot(x, mean, "-", color=f"C{nth}", marker=MARKERS[nth], label=method_name(name))
    area = 100 * result["area"]
    right.axhline(area, color=plt.rcParams["text.color"], linestyle=":")
    right.annotate(
        _("area of the tag: {area} %", area=f"{area:.1f}"),
        (x[-1], area), (0, 4), textcoords="offset points", ha="right", fontsize="small",
    )  # fmt: skip
    right.set(xlabel=_("reliability of the tag (%)"), ylim=(0, None))
    right.set_ylabel(_("attribution on the tag (%)"))
    right.set_title(_("what the heatmaps show"))
    right.legend(loc="upper left", fontsize="small")
    for ax in (left, right):
        ax.set_xticks(x)
    note(
        fig,
        _(
            "Left: by how much the tag raises the probability of {second}. Right: share of the "
            "positive attribution on the tag; gray lines: {count} other methods.",
            second=two_classes(result)[1],
            count=len(names) - len(SHOWN),
        ),
        f"{how_planted(result)} {say_runs(result)}",
        how_measured(result),
    )
    return fig


@figure(
    title="If a tag always gives the class away, a network learns nothing else",
    alt="Test accuracy against the reliability of a tag, starting at 80 percent: with the tag in "
    "place or moved elsewhere it rises to 100 percent, without the tag it falls to 50, and with "
    "the tag on the other class to 0.",
    rows=("F6",),
)
def shortcut_accuracy() -> Figure:
    """Draw the accuracy with a tag, without, elsewhere, and on the other class."""
    result = measured("shortcuts")
    conditions = {  # label and size of the markers: lines of the first two may coincide
        "elsewhere": (_("moved elsewhere"), 13),
        "with": (_("in place"), 7),
        "without": (_("removed"), 7),
        "other class": (_("moved to the other class"), 7),
    }
    order = result["conditions"].tolist()
    x, accuracy = 100 * result["reliabilities"], 100 * result["accuracy"]
    fig, ax = plt.subplots()
    for nth, (condition, (label, size)) in enumerate(conditions.items()):
        look = {"marker": MARKERS[nth], "markersize": size, "label": label}
        mean_and_runs(ax, x, accuracy[order.index(condition)].T, color=f"C{nth}", **look)
    ax.set(xlabel=_("reliability of the tag (%)"), ylabel=_("test accuracy (%)"), ylim=(-3, 103))
    ax.set_xticks(x)
    ax.legend(title=_("tag"), loc="lower left")
    note(
        fig,
        f"{how_planted(result)} {say_runs(result)}",
        how_measured(result),
    )
    return fig


@figure(
    title="A cat with the horses' tag is a horse for Clever Hans, and the heatmaps show why",
    alt="A photo of a cat with a tag in a corner, and what five methods highlight for two "
    "networks: for an honest one, the evidence for a cat is spread over the photo, and for the "
    "other, most of the evidence for a horse is at the tag.",
    rows=("F6",),
    photos=("chelsea",),
)
def clever_hans() -> Figure:
    """Draw what methods highlight in a photo with a tag, for two networks."""
    from kerascnn.experiments import _clever_hans as experiment
    from kerascnn.experiments._planting import plant

    result = measured("clever_hans")
    pictured = result["pictured"].tolist()
    side = result[f"map_{pictured[0]}"].shape[1:]
    size = result.settings["tag_size"]
    photo = plant("tag", experiment.cat((*side, 3)), tag_size=size)[0]
    kinds = (_("honest network"), _("Clever Hans"))
    names = two_classes(result)
    labels = []
    for kind, second in zip(kinds, result["probability"][:, 1, 0], strict=True):
        sure = max(second, 1 - second)
        labels.append(f"{kind}\n{names[int(second > 0.5)]}: {sure:.1%}")
    fig, ax = plt.subplots()
    maps = {name: result[f"map_{name}"] for name in pictured}
    plots.compare_methods(np.repeat(photo, 2, axis=0), maps, labels=labels, ax=ax)
    note(
        fig,
        _(
            "Two networks with the same weights at the start. In training, the tag was on half of "
            "the images of each class for the honest one, and for Clever Hans on all images of "
            "{second} and on none of {first}. Evidence for each network's decision; maps are "
            "scaled one by one.",
            first=names[0],
            second=names[1],
        ),
        how_measured(result),
    )
    return fig


@figure(
    title="Heatmaps that multiply by the image are almost as similar with random weights as with "
    "another seed",
    alt="Rank correlations of the heatmaps of twenty methods with those of a network with random "
    "weights, of one that decides differently, and of one trained from another seed: for DeepLIFT "
    "and integrated gradients the three are close together, and for Grad-CAM only the other seed "
    "is similar.",
    rows=("F6",),
)
def same_picture() -> Figure:
    """Draw how similar heatmaps are to those of three other networks."""
    result = measured("clever_hans")
    names = {
        "random weights": _("random weights"),
        "other decision": _("another decision"),
        "other seed": _("another seed, same decision"),
    }
    means = result["similarity"].mean(axis=-1)  # comparison, method
    order = np.argsort(means[0] / means[2])
    fig, ax = plt.subplots()
    rows = np.arange(len(order))
    ax.hlines(rows, means[0, order], means[2, order], color=plt.rcParams["grid.color"], zorder=0)
    for nth, (label, of_methods) in enumerate(zip(names.values(), means, strict=True)):
        ax.plot(of_methods[order], rows, MARKERS[nth], color=f"C{nth}", label=label)
    ax.set_yticks(rows, [method_name(str(result["methods"][i])) for i in order], fontsize="small")
    ax.set(xlabel=_("rank correlation with the heatmaps of an honest network"))
    fig.legend(loc="outside upper center", ncols=len(names), fontsize="medium")
    note(
        fig,
        _(
            "Means of {images} images of class {first} with the tag and {count} networks. Sorted "
            "by the ratio of the first to the third. Integrated gradients, Blur IG, "
            "gradient × input, DeepLIFT and LRP contain the image as a factor.",
            images=result["compared"],
            first=two_classes(result)[0],
            count=len(result.settings["seeds"]),
        ),
        how_measured(result),
    )
    return fig


EPSILON = 2  # of 255, for the photo; noise may change more
OF_NOISE = 32
LEVELS = 255


def attacked(*, rng: np.random.Generator) -> list[tuple]:
    """Return a photo, its adversarial image and a fooling image, with classes and heatmaps.

    Each is an image (64, 64, 3), the predicted class, its probability and a heatmap (8, 8).
    """
    from kerascnn.models import convolutionalize

    # With dense layers as convolutions, it accepts images larger than 32x32.
    model = convolutionalize(trained("vgg16", "cifar10"))
    photo = resized("chelsea", 64, 64, (slice(0, 300), slice(75, 375)))[None]
    noise = rng.random(photo.shape, "float32")
    ship = cifar10.CLASS_NAMES.index("ship")
    changed = visualize.pgd(model, photo, epsilon=EPSILON / LEVELS, verbose=False)
    fooling = visualize.pgd(
        model, noise, target=ship, epsilon=OF_NOISE / LEVELS, steps=20, verbose=False
    )
    images = np.concatenate([photo, changed, fooling])
    outputs = visualize.activations(model, images, model.layers[-1].name).mean(axis=(1, 2))
    maps = visualize.grad_cam(model, images, layer="block4_conv3")
    return list(zip(images, outputs.argmax(axis=-1), outputs.max(axis=-1), maps, strict=True))


@figure(
    title="A change too small to see turns a cat into a frog; as much random noise hardly matters",
    alt="A photo of a cat, the same photo changed too little to see, which a network calls a frog, "
    "and noise that it calls a ship, with their Grad-CAM heatmaps, next to the test accuracy: for "
    "changes of 2 out of 255 it stays at 87 percent if they are random, and falls to 20 percent by "
    "PGD.",
    rows=("F6",),
    photos=("chelsea",),
    data=attacked,
)
def adversarial_images(found: list[tuple]) -> Figure:
    """Draw an adversarial and a fooling image with their heatmaps, and accuracy by size."""
    result = measured("adversarial_images")
    words = class_texts(cifar10.CLASS_NAMES)
    headings = (
        _("photo"),
        _("changed by at most {levels}", levels=EPSILON),
        _("fooling noise"),
    )
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(3, 2))
    axes = left.subplots(2, len(found))
    for column, heading, (image, klass, sure, heatmap) in zip(axes.T, headings, found, strict=True):
        plots.image_grid(image[None], ax=column[0])
        column[0].set_title(f"{heading}\n{words[klass]}: {sure:.0%}", fontsize="medium")
        plots.overlay(image, heatmap, colorbar=False, ax=column[1])
    accuracy_by_size(right.subplots(), result)
    note(
        fig,
        _(
            "VGG16 with a quarter of its filters, trained on CIFAR-10; Grad-CAM of the predicted "
            "class. Values of pixels range from 0 to 255; the noise was changed by up to {levels}.",
            levels=OF_NOISE,
        ),
        _(
            "Right: {images} test images; random signs, one step (FGSM) and {steps} steps (PGD).",
            images=result.settings["images"],
            steps=result.settings["steps"],
        ),
        how_measured(result),
    )
    return fig


def accuracy_by_size(ax: Axes, result) -> None:
    """Draw the accuracy against the largest change of a pixel, for each attack."""
    names = {"noise": _("random"), "FGSM": "FGSM", "PGD": "PGD"}
    for nth, (attack, of_attack) in enumerate(
        zip(result["attacks"], result["accuracy"], strict=True)
    ):
        look = {"color": f"C{nth}", "marker": MARKERS[nth], "label": names[str(attack)]}
        mean_and_runs(ax, result["epsilons"], 100 * of_attack.T, **look)
    ax.set(xlabel=_("largest change of a pixel, of 255"), ylim=(-3, 103))
    ax.set_ylabel(_("test accuracy (%)"))
    ax.legend(fontsize="small")
