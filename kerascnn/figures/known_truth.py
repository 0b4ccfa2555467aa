"""Known truth: heatmaps of a model whose evidence is known, and shortcuts of three kinds."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from kerascnn import plots, visualize
from kerascnn._text import text as _
from kerascnn.plots._compare_methods import method_name

from ._drawing import note
from ._material import how_measured, measured, resized
from ._registry import figure
from .misleading_explanations import two_classes

SIZE = 64
CENTER, RADII = (30, 33), (17, 20)  # of the ellipse, vertical and horizontal, in pixels
SMALL, LARGE = 8, 24  # patches of occlusion, in pixels


def evidence() -> np.ndarray:
    """Return the pixels that the model looks at: an ellipse, booleans (64, 64)."""
    y, x = (
        (np.arange(SIZE) - center) / radius for center, radius in zip(CENTER, RADII, strict=True)
    )
    return y[:, None] ** 2 + x**2 <= 1


def heatmaps(photo: np.ndarray) -> dict[str, np.ndarray]:
    """Explain the mean of the pixels in the ellipse; return heatmaps (1, 64, 64) by name."""
    import keras

    linear = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input(photo.shape), keras.layers.Flatten(), linear])
    inside = np.repeat(evidence()[..., None], photo.shape[-1], axis=-1)
    linear.set_weights([inside.reshape(-1, 1) / inside.sum()])

    def explained(method, **options):
        return method(model, photo[None], lambda scores: scores[:, 0], **options)

    def occluded(size):
        return explained(visualize.occlusion, size=size, stride=size // 4, fill=0.0)

    products = explained(visualize.gradient_times_input).attributions
    rise = explained(visualize.rise, cells=6, masks=1000, probability=False)
    return {
        "gradient_times_input": np.sum(products, axis=-1),
        "small": occluded(SMALL),
        "large": occluded(LARGE),
        "rise": rise - rise.min(),  # its values mean only an order
    }


def graded(*, rng: np.random.Generator) -> tuple[np.ndarray, dict, dict]:
    """Return a photo (64, 64, 3), and heatmaps (64, 64) and the mass in the ellipse by name."""
    photo = resized("chelsea", SIZE, SIZE, (slice(0, 300), slice(75, 375)))
    maps = heatmaps(photo) | {"random": rng.random((1, SIZE, SIZE), "float32")}
    mass = {n: visualize.metrics.attribution_mass(m, evidence()[None]) for n, m in maps.items()}
    return photo, {n: m[0] for n, m in maps.items()}, {n: m.item() for n, m in mass.items()}


@figure(
    title="Where the evidence is known, heatmaps can be graded: from exact to chance",
    alt="A photo of a cat with an ellipse around the pixels that a linear model looks at, and five "
    "heatmaps with the share that is inside: all of gradient times input, most of occlusion by a "
    "small patch, about half of occlusion by a large patch and of RISE, and a quarter of a random "
    "map, which is the area of the ellipse.",
    rows=("F6",),
    photos=("chelsea",),
    data=graded,
)
def known_truth(found: tuple[np.ndarray, dict, dict]) -> Figure:
    """Draw heatmaps of a model that looks at an ellipse, and how much of them is inside."""
    photo, maps, mass = found
    names = {
        "gradient_times_input": method_name("gradient_times_input"),
        "small": _("occlusion, {size}×{size} pixels", size=SMALL),
        "large": _("occlusion, {size}×{size} pixels", size=LARGE),
        "rise": method_name("rise"),
        "random": _("random map"),
    }
    fig, ((first, *others), last) = plt.subplots(2, 3)
    plots.image_grid(photo[None], ax=first)
    first.set_title(_("the model sees the ellipse"))
    for ax, (name, label) in zip((*others, *last), names.items(), strict=True):
        plots.overlay(photo, maps[name], colorbar=False, ax=ax)
        ax.set_title(f"{label}: {mass[name]:.0%}")
    (row, column), (height, width) = CENTER, RADII
    for ax in fig.axes:
        look = {"fill": False, "edgecolor": "white", "linewidth": 2}
        ax.add_patch(Ellipse((column, row), 2 * width, 2 * height, **look))
    note(
        fig,
        _(
            "The score is the mean of all pixels in the ellipse, so that the contribution of each "
            "pixel is known: gradient × input computes just that, and so do integrated gradients "
            "and DeepLIFT from black. Percentages: share of the positive attribution inside; the "
            "ellipse covers {area} of the photo.",
            area=f"{evidence().mean():.0%}",
        ),
    )
    return fig


@figure(
    title="If a tag, a ruler or the light gives the class away, a network learns just that",
    alt="Test accuracy of networks trained with a tag, a ruler or a color cast: if the shortcut "
    "means nothing, accuracy hardly depends on it; if it always gives the class away, accuracy is "
    "nearly 100 percent with it, about 50 without it and near 0 with it on the other class.",
    rows=("F6",),
)
def three_shortcuts() -> Figure:
    """Draw the accuracy with, without and with a misleading shortcut, for three kinds."""
    result = measured("three_shortcuts")
    kinds = {"tag": _("tag"), "ruler": _("ruler"), "color cast": _("color cast")}
    conditions = {
        "with": _("in place"),
        "without": _("removed"),
        "other class": _("moved to the other class"),
    }
    order = result["conditions"].tolist()
    accuracy = 100 * result["accuracy"]  # shortcut, reliability, condition, seed
    fig, axes = plt.subplots(1, len(kinds), sharey=True)
    places = np.arange(accuracy.shape[1])
    width = 0.8 / len(conditions)
    for ax, shortcut, of_shortcut in zip(axes, result["shortcuts"], accuracy, strict=True):
        for nth, (condition, label) in enumerate(conditions.items()):
            runs = of_shortcut[:, order.index(condition)]  # reliability, seed
            x = places + (nth - 1) * width
            ax.bar(x, runs.mean(axis=-1), width, color=f"C{nth}", label=label)
            ax.plot(x, runs, ".", color=plt.rcParams["text.color"], markersize=4)
        ax.set_title(kinds[str(shortcut)])
        ax.set_xticks(places, [f"{100 * r:g} %" for r in result["reliabilities"]])
    axes[1].set_xlabel(_("reliability of the shortcut"))
    axes[0].set(ylabel=_("test accuracy (%)"), ylim=(0, 103))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    first, second = two_classes(result)
    note(
        fig,
        _(
            "CIFAR-10: {images} training images and {tests} test images each of {first} and "
            "{second}. With a reliability of 50 %, the shortcut is in half of the images of each "
            "class, and with 100 %, in all of {second} and in none of {first}.",
            images=f"{result.settings['images']:,}",
            tests=f"{result.settings['tests']:,}",
            first=first,
            second=second,
        ),
        _("Bars: mean; dots: each of {count} runs.", count=len(result.settings["seeds"]))
        + " "
        + how_measured(result),
    )
    return fig
