"""The ingredients of AlexNet's training recipe and their effects."""

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
    title="What each ingredient of AlexNet's training recipe does in a short run at one learning "
    "rate",
    alt="Validation accuracy of a small AlexNet over twelve epochs in seven panels, each comparing "
    "the full recipe with one change: without momentum it hardly learns at this learning rate, "
    "without dropout or with tanh it learns faster, and the other changes make a difference of a "
    "few points only.",
    rows=("E2",),
)
def alexnet_recipe() -> Figure:
    """Draw the validation accuracy of each changed recipe and of the full recipe."""
    result = measured("alexnet_recipe")
    accuracy = 100 * result["val_accuracy"]  # (recipe, seed, epoch)
    epochs = np.arange(1, 1 + accuracy.shape[-1])
    fig, axes = plt.subplots(2, 4, sharex=True, sharey=True)
    *panels, legend = axes.ravel()
    for row, ax in enumerate(panels, start=1):
        whole = mean_and_runs(ax, epochs, accuracy[0], color="gray")
        without = mean_and_runs(ax, epochs, accuracy[row], color="C0")
        points = accuracy[row, :, -1].mean() - accuracy[0, :, -1].mean()
        title = _(
            "{name}:\n{points} points",
            name=ingredient(result["recipes"][row]),
            points=f"{points:+.1f}".replace("-", "−"),
        )
        ax.set_title(title, fontsize="small")
    for ax in axes[:, 0]:
        ax.set_ylabel(_("accuracy (%)"), fontsize="small")
    for ax in (*axes[1, :3], axes[0, 3]):
        ax.set_xlabel(_("epoch"), fontsize="small")
    axes[0, 3].tick_params(labelbottom=True)
    legend.axis("off")
    lines = {whole: _("full recipe"), without: _("with one change")}
    legend.legend(lines, lines.values(), loc="center", fontsize="small")
    settings = result.settings
    note(
        fig,
        _(
            "Validation accuracy of a small AlexNet trained on {images} CIFAR-10 images of "
            "{size}×{size} pixels for {epochs} epochs instead of 90; the differences are those "
            "of the last epoch. All runs have the same learning rate; where ReLU beat tanh, each "
            "had its own (Krizhevsky et al. 2012, section 3.1).",
            images=f"{settings['images']:,}",
            size=settings["size"],
            epochs=settings["epochs"],
        ),
        _(
            "With the full recipe, the network recognizes only {learnt:.0f} % of its own training "
            "images by then, so it cannot overfit. Dropout, augmentation and weight decay prevent "
            "overfitting; a run as short as this cannot show what they are good for.",
            learnt=100 * result["learnt"][0].mean(),
        ),
        f"{say_runs(result)} {how_measured(result)}",
    )
    return fig


def ingredient(name: str) -> str:
    """Return the changes to the recipe in the current language."""
    return {
        "tanh instead of ReLU": _("tanh instead of ReLU"),
        "no normalization layers": _("no normalization layers"),
        "no augmentation": _("no augmentation"),
        "no dropout": _("no dropout"),
        "no weight decay": _("no weight decay"),
        "no momentum": _("no momentum"),
        "constant rate": _("constant learning rate"),
    }[name]
