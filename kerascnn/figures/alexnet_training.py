"""The ingredients of AlexNet's recipe, and what each does (lecture map, E2, E4 and E9)."""

from functools import cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots, visualize
from kerascnn._text import text as _

from ._drawing import mean_and_runs, note, say_runs
from ._material import crops, how_measured, measured, photo, trained
from ._registry import figure

SIZE = 128  # pixels
IN_A_ROW = 7
STRONGER = 10


@figure(
    title="Augmentation: the same photo, never the same pixels",
    alt="A photo of a cat, moved and mirrored at random in one row, with its colours shifted along "
    "their principal components in the next, hardly to be seen, and ten times as strongly in the "
    "third.",
)
def augmentations() -> Figure:
    """Change one photo as AlexNet's training does, anew in each epoch."""
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
        _("a photo, moved and mirrored"),
        _("colours shifted: by {shift:.1f} of 255 on average", shift=shift),
        _("colours shifted {factor} times as strongly, to see it", factor=STRONGER),
    )
    fig = plt.figure()
    for part, name, pictures in zip(fig.subfigures(3, 1), names, changed, strict=True):
        row = np.clip(np.concatenate([image[None], pictures]), 0, 1)
        plots.image_grid(row, columns=len(row), ax=part.subplots())
        part.suptitle(name, fontsize="medium")
    note(
        fig,
        _(
            "Windows of {size}×{size} out of the photo with {padding} pixels of padding, half of "
            "them mirrored. To each pixel Σ a·λ·p is added: p and λ are eigenvectors and "
            "eigenvalues of the colours' covariance, a has a deviation of {deviation} (Krizhevsky "
            "et al. 2012, section 4.1).",
            size=SIZE,
            padding=move.padding,
            deviation=recolor.deviation,
        ),
    )
    return fig


RATE = 0.5
UNITS, COLUMNS = 128, 16  # that are shown
MASKS = 1000  # to take the mean of


@figure(
    title="Dropout: each step trains another half of the units",
    alt="Activations of a dense layer of VGG16 for one photo, two random masks that "
    "cross out about half of them and double the others, and the mean over a thousand masks, "
    "which is nearly the same as without dropout.",
)
def dropout() -> Figure:
    """Drop half of real activations, twice, and take the mean over many masks."""
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
            "The first {count} of {units} units of {layer} of VGG16, trained on CIFAR-10, for one "
            "photo. What is kept counts {factor:g} times, so that nothing has to change at "
            "inference; the paper halves the outputs there instead (Krizhevsky et al. 2012, "
            "section 4.2).",
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
    """The activations of a dense layer for one photo, (K,)."""
    model, image = trained("vgg16", "cifar10"), cat(32)[None]
    return visualize.activations(model, image, [DROPPED])[DROPPED][0]


@cache
def thinned() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activations (K,), which of them are kept in each step (M, K), and what then goes on."""
    from keras import ops
    from keras.layers import Dropout

    values = full_layer()[:UNITS]
    many = np.broadcast_to(values, (MASKS, UNITS))
    # The same seed gives the same mask; of ones it shows zeros too.
    masks, dropped = (
        ops.convert_to_numpy(Dropout(RATE, seed=0)(x, training=True))
        for x in (np.ones_like(many), many)
    )
    return values, masks > 0, dropped


def cat(size: int) -> np.ndarray:
    """The face of a cat, (size, size, 3) in [0, 1]."""
    return photo("chelsea", size, size, (slice(0, 300), slice(75, 375)))


NORMALIZED = "block1_conv2"
SHOWN = 8  # maps
BYTE = 255


@figure(
    title="Local response normalization: strong neighbours dampen each other, "
    "if the numbers are large enough",
    alt="Maps of VGG16 before and after local response normalization: for pixels from 0 to 1 all "
    "are divided by the same number, for pixels from 0 to 255 strong ones are dampened and weak "
    "ones stay.",
)
def local_response_normalization() -> Figure:
    """Normalize real maps with the paper's constants, for pixels of 0 to 1 and of 0 to 255."""
    maps, small, large = normalized()
    rows = {
        _("before"): maps,
        _("after, pixels 0 … 1"): small,
        _("after, pixels 0 … 255"): large,
    }
    fig = plt.figure()
    left, right = fig.subfigures(1, 2, width_ratios=(3, 2))
    for ax, (title, shown) in zip(left.subplots(len(rows), 1), rows.items(), strict=True):
        plots.activation_grid(
            shown[..., :SHOWN], order="unit", columns=SHOWN, numbers=False, colorbar=False, ax=ax
        )
        ax.set_title(title, fontsize="medium")
    ax = right.subplots()
    for shown, marker, size in ((small, "o", 1), (large, "^", BYTE)):
        ratio = (shown / (size * np.where(maps > 0, maps, np.nan))).ravel()
        ax.plot(maps.ravel()[::4], ratio[::4], marker, markersize=2, label=f"0 … {size}")
    ax.set_xlabel(_("activation of pixels 0 … 1"))
    ax.set_ylabel(_("after / before"))
    ax.set_ylim(0, None)
    ax.legend(title=_("pixels"), markerscale=3, fontsize="small")
    note(
        fig,
        _(
            "Maps of {layer} of VGG16, trained on CIFAR-10, as they are and {byte} times as large, "
            "as of pixels up to {byte}; k = {k:g}, n = {n}, α = {alpha:g}, β = {beta:g} "
            "(Krizhevsky et al. 2012, section 3.3, who train on raw pixels).",
            layer=NORMALIZED,
            byte=BYTE,
            **constants(),
        ),
    )
    return fig


@cache
def normalized() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps (h, w, K), what normalization makes of them, and of them 255 times as large."""
    from keras import ops

    from kerascnn.layers import LocalResponseNormalization

    layer = LocalResponseNormalization()
    model = trained("vgg16", "cifar10", include_top=False)
    maps = visualize.activations(model, cat(48)[None], [NORMALIZED])[NORMALIZED]
    small, large = (ops.convert_to_numpy(layer(x)) for x in (maps, BYTE * maps))
    return maps[0], small[0], large[0]


def constants() -> dict[str, float]:
    """The constants of the layer as it is by default, by their names in the paper."""
    from kerascnn.layers import LocalResponseNormalization

    layer = LocalResponseNormalization()
    return {"k": layer.k, "n": layer.size, "alpha": layer.alpha, "beta": layer.beta}


@figure(
    title="AlexNet's recipe without one ingredient, in a short run at one rate",
    alt="Validation accuracy of a small AlexNet over twelve epochs, seven times beside that of the "
    "whole recipe: without momentum it hardly learns at this rate, without dropout or with "
    "tanh it learns faster, the others stay within a few points.",
)
def alexnet_recipe() -> Figure:
    """Draw the validation accuracy of each run beside that of the whole recipe."""
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
    lines = {whole: _("whole recipe"), without: _("with the change")}
    legend.legend(lines, lines.values(), loc="center", fontsize="small")
    settings = result.settings
    note(
        fig,
        _(
            "Validation accuracy of a small AlexNet on {images} images of CIFAR-10 of "
            "{size}×{size}, {epochs} epochs instead of 90; differences are those of the last. "
            "Dropout, augmentation and weight decay are for long runs. All at the same rate: where "
            "ReLU beat tanh, each had its own (Krizhevsky et al. 2012, section 3.1).",
            images=settings["images"],
            size=settings["size"],
            epochs=settings["epochs"],
        ),
        f"{say_runs(result)} {how_measured(result)}",
    )
    return fig


def ingredient(name: str) -> str:
    """What is taken away, in the language that is set."""
    return {
        "tanh instead of ReLU": _("tanh instead of ReLU"),
        "no normalization layers": _("no normalization layers"),
        "no augmentation": _("no augmentation"),
        "no dropout": _("no dropout"),
        "no weight decay": _("no weight decay"),
        "no momentum": _("no momentum"),
        "constant rate": _("rate not divided by 10"),
    }[name]
