"""The ingredients of AlexNet's training recipe and their effects."""

import itertools
from functools import cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots, visualize
from kerascnn._text import text as _

from ._drawing import mean_and_runs, note, parts_of, say_runs
from ._material import crops, how_measured, measured, resized, trained
from ._registry import figure

SIZE = 128  # pixels
IN_A_ROW = 7
STRONGER = 10


@figure(
    title="Data augmentation: the same photo, but never the same pixels",
    alt="A photo of a cat, randomly shifted and flipped in the first row, with its colors shifted"
    " along their principal components in the second, which is barely visible, and ten times "
    "as strongly in the third.",
    rows=("E4", "E2"),
    photos=("chelsea",),
)
def augmentations() -> Figure:
    """Augment one photo as in AlexNet's training, differently in each epoch."""
    from kerascnn.training import PadCropFlip, PrincipalColors

    image = cat(SIZE)
    move = PadCropFlip(padding=SIZE // 8)
    recolor = PrincipalColors.of(crops(32))
    stronger = PrincipalColors.of(crops(32), deviation=STRONGER * recolor.deviation)
    changed = [
        np.asarray(layer(np.repeat(image[None], IN_A_ROW, axis=0), training=True))
        for layer in (move, recolor, stronger)
    ]
    shift = 255 * np.abs(changed[1] - image).mean()
    names = (
        _("random shifts and horizontal flips"),
        _("color shifts of {shift:.1f} out of 255 on average", shift=shift),
        _("color shifts {factor} times as strong, to make them visible", factor=STRONGER),
    )
    fig = plt.figure()
    for part, name, pictures in zip(parts_of(fig, 3, 1), names, changed, strict=True):
        row = np.clip(np.concatenate([image[None], pictures]), 0, 1)
        plots.image_grid(row, columns=len(row), ax=part.subplots())
        part.suptitle(name, fontsize="medium")
    note(
        fig,
        _(
            "Crops of {size}×{size} pixels from the photo, padded by {padding} pixels; half of "
            "them are flipped. Σ a·λ·p is added to each pixel, where p and λ are the eigenvectors"
            " and eigenvalues of the color covariance and a has a standard deviation of "
            "{deviation} (Krizhevsky et al. 2012, section 4.1).",
            size=SIZE,
            padding=move.padding,
            deviation=recolor.deviation,
        ),
    )
    return fig


RATE = 0.5
UNITS, COLUMNS = 128, 16  # number shown, and per row
MASKS = 1000  # number averaged


@figure(
    title="Dropout: each training step uses a different random half of the units",
    alt="Activations of a dense layer of VGG16 for one photo, two random masks that drop about "
    "half of them and double the rest, and the mean over a thousand masks, which is nearly the "
    "same as without dropout.",
    rows=("E4", "E2"),
    photos=("chelsea",),
)
def dropout() -> Figure:
    """Drop half of a layer's activations twice and average over many masks."""
    values, masks, dropped = thinned()
    panels = [(values, None, _("without dropout"))]
    for step in (0, 1):
        title = _("step {step}: {kept} of {count} kept", step=step + 1, kept=masks[step].sum(),
                  count=UNITS)  # fmt: skip
        panels.append((dropped[step], ~masks[step], title))
    panels.append((dropped.mean(axis=0), None, _("mean of {count} steps", count=MASKS)))
    fig, axes = plt.subplots(2, 2)
    for ax, (shown, crossed, title) in zip(axes.ravel(), panels, strict=True):
        plots.number_grid(
            shown.reshape(-1, COLUMNS),
            fmt=lambda value: "",
            crossed=None if crossed is None else crossed.reshape(-1, COLUMNS),
            cmap=plots.colormap("sequential"),
            limits=(0, dropped[:2].max()),
            ax=ax,
        )
        ax.set_title(title, fontsize="medium")
    note(
        fig,
        _(
            "The first {count} of {units} units in layer {layer} of VGG16, trained on CIFAR-10, "
            "for one photo. The units that are kept are scaled by {factor:g}, so that nothing "
            "needs to change at inference; the paper halves the outputs at inference instead "
            "(Krizhevsky et al. 2012, section 4.2).",
            count=UNITS,
            units=len(full_layer()),
            layer=DROPPED,
            factor=1 / (1 - RATE),
        ),
    )
    return fig


DROPPED = "fc1"


@cache
def full_layer() -> np.ndarray:
    """Return the activations of a dense layer for one photo, (K,)."""
    model, image = trained("vgg16", "cifar10"), cat(32)[None]
    return visualize.activations(model, image, [DROPPED])[DROPPED][0]


@cache
def thinned() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return activations (K,), the masks of each step (M, K) and the masked activations (M, K)."""
    from keras import ops
    from keras.layers import Dropout

    values = full_layer()[:UNITS]
    many = np.broadcast_to(values, (MASKS, UNITS))
    # The same seed gives the same mask; ones reveal it even where an activation is 0.
    masks, dropped = (
        ops.convert_to_numpy(Dropout(RATE, seed=0)(x, training=True))
        for x in (np.ones_like(many), many)
    )
    return values, masks > 0, dropped


def cat(size: int) -> np.ndarray:
    """Return the face of a cat, (size, size, 3) in [0, 1]."""
    return resized("chelsea", size, size, (slice(0, 300), slice(75, 375)))


NORMALIZED = "block1_conv2"
SHOWN = 8  # maps
BYTE = 255


@figure(
    title="Local response normalization: strong neighbors dampen each other, but only if the values"
    " are large enough",
    alt="Activation maps of VGG16 before and after local response normalization: for pixel values "
    "from 0 to 1 it divides all activations by the same number, for pixel values from 0 to 255 "
    "it damps strong ones and keeps weak ones.",
    rows=("E4", "E2"),
    photos=("chelsea",),
)
def local_response_normalization() -> Figure:
    """Normalize activation maps with the paper's constants for pixels from 0 to 1 and 0 to 255."""
    maps, small, large = normalized()
    rows = {
        _("before"): maps,
        _("after, pixel values 0 … 1"): small,
        _("after, pixel values 0 … 255"): large,
    }
    fig = plt.figure()
    left, right = parts_of(fig, 1, 2, width_ratios=(3, 2))
    for ax, (title, shown) in zip(left.subplots(len(rows), 1), rows.items(), strict=True):
        plots.activation_grid(
            shown[..., :SHOWN], order="unit", columns=SHOWN, numbers=False, colorbar=False, ax=ax
        )
        ax.set_title(title, fontsize="medium")
    ax = right.subplots()
    for shown, marker, size in ((small, "o", 1), (large, "^", BYTE)):
        ratio = (shown / (size * np.where(maps > 0, maps, np.nan))).ravel()
        ax.plot(maps.ravel()[::4], ratio[::4], marker, markersize=2, label=f"0 … {size}")
    ax.set_xlabel(_("activation, pixel values 0 … 1"))
    ax.set_ylabel(_("after / before"))
    ax.set_ylim(0, None)
    ax.legend(title=_("pixel values"), markerscale=3, fontsize="small")
    note(
        fig,
        _(
            "Activation maps of layer {layer} of VGG16, trained on CIFAR-10, for pixel values up "
            "to 1, and {byte} times as large, as for pixel values up to {byte}; k = {k:g}, n = "
            "{n}, α = {alpha:g}, β = {beta:g} (Krizhevsky et al. 2012, section 3.3, train on raw "
            "pixel values).",
            layer=NORMALIZED,
            byte=BYTE,
            **constants(),
        ),
    )
    return fig


@cache
def normalized() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return maps (h, w, K), normalized as they are and after multiplication by 255."""
    from keras import ops

    from kerascnn.layers import LocalResponseNormalization

    layer = LocalResponseNormalization()
    model = trained("vgg16", "cifar10", include_top=False)
    maps = visualize.activations(model, cat(48)[None], [NORMALIZED])[NORMALIZED]
    small, large = (ops.convert_to_numpy(layer(x)) for x in (maps, BYTE * maps))
    return maps[0], small[0], large[0]


def constants() -> dict[str, float]:
    """Return the layer's default constants by their names in the paper."""
    from kerascnn.layers import LocalResponseNormalization

    layer = LocalResponseNormalization()
    return {"k": layer.k, "n": layer.size, "alpha": layer.alpha, "beta": layer.beta}


@figure(
    title="Without dropout or augmentation, the network learns its training images by heart and "
    "recognizes fewer others",
    alt="Left: accuracy of a small AlexNet on validation and on training images, with the "
    "full recipe and with each of seven changes: without dropout or augmentation, it knows most "
    "of its own images and fewer others; right: its validation loss over the epochs, which rises "
    "without them and falls with the full recipe.",
    rows=("E2",),
)
def alexnet_recipe() -> Figure:
    """Draw how each changed recipe ends, and how those that overfit get there."""
    result = measured("alexnet_recipe")
    others, own = 100 * result["val_accuracy"][..., -1], 100 * result["learnt"]  # (recipe, seed)
    recipes = result["recipes"].tolist()
    fig, (ax, curves) = plt.subplots(1, 2, width_ratios=(5, 4))
    dots = {}
    for row in range(len(recipes)):
        ax.plot([others[row].mean(), own[row].mean()], [row, row], color="lightgray", zorder=0)
        for of, values, color in (("others", others, "C0"), ("own", own, "C1")):
            (dots[of],) = ax.plot(values[row], [row] * values.shape[1], "o", color=color, alpha=0.7)
        points = others[row].mean() - others[0].mean()
        difference = f"{points:+.1f}".replace("-", "−") if row else _("points")
        ax.annotate(difference, (1.02, row), xycoords=("axes fraction", "data"), va="center",
                    fontsize="small")  # fmt: skip
    ax.set_yticks(range(len(recipes)), map(ingredient, recipes))
    ax.invert_yaxis()
    ax.set_xlabel(_("accuracy (%)"))
    names = (_("validation images"), _("training images"))
    ax.legend([dots["others"], dots["own"]], names, loc="lower center", bbox_to_anchor=(0.5, 1),
              ncols=2, fontsize="small")  # fmt: skip
    epochs = np.arange(1, 1 + result["val_loss"].shape[-1])
    for name, color in (("no augmentation", "C2"), ("no dropout", "C3"), ("whole recipe", "gray")):
        loss = result["val_loss"][recipes.index(name)]
        mean_and_runs(curves, epochs, loss, color=color, label=ingredient(name))
    curves.set(xlabel=_("epoch"), ylabel=_("validation loss"))
    curves.set_ylim(top=curves.get_ylim()[1] + 0.15)  # room for the legend
    curves.legend(fontsize="small", handlelength=1)
    settings = result.settings
    first, second = settings["steps"]
    note(
        fig,
        _(
            "A small AlexNet after {epochs} epochs with {images:,} CIFAR-10 images; the learning "
            "rate is divided by 10 after {first} and {second} epochs. Each recipe has the best of "
            "three rates.",
            images=settings["images"],
            epochs=settings["epochs"],
            first=first,
            second=second,
        ),
        _(
            "Tanh learns faster here; the paper found the opposite, without regularization "
            "(Figure 1). Weight decay has little effect: {steps:,} steps with a decay of {decay:g} "
            "shrink a weight by {shrunk:.0f} % in all. Normalization divides by nearly the same "
            "number everywhere, since pixel values are from 0 to 1.",
            **decay(result),
        ),
        say_runs(result),
        how_measured(result),
    )
    return fig


def decay(result) -> dict[str, float]:
    """Return the number of steps, and by how much (%) weight decay alone would shrink a weight."""
    from kerascnn import training

    whole = training.recipe("alexnet")
    settings, (rate, *_others) = result.settings, result["rate"]
    each = -(-settings["images"] // settings["batch_size"])  # steps in an epoch
    ends = [0, *settings["steps"], settings["epochs"]]
    total = sum(
        each * (end - start) * rate / 10**nth
        for nth, (start, end) in enumerate(itertools.pairwise(ends))
    )
    strength = whole.weight_decay * total / (1 - whole.momentum)
    return {
        "steps": each * settings["epochs"],
        "decay": whole.weight_decay,
        "shrunk": 100 * (1 - np.exp(-strength)),
    }


def ingredient(name: str) -> str:
    """Return the changes to the recipe in the current language."""
    return {
        "whole recipe": _("full recipe"),
        "tanh instead of ReLU": _("tanh instead of ReLU"),
        "no normalization layers": _("no normalization layers"),
        "no augmentation": _("no augmentation"),
        "no dropout": _("no dropout"),
        "no weight decay": _("no weight decay"),
        "no momentum": _("no momentum"),
        "constant rate": _("constant learning rate"),
    }[name]
