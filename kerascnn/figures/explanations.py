"""Heatmaps that explain a prediction: Grad-CAM, other methods, and a sanity check."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import datasets, plots, visualize
from kerascnn._text import class_texts
from kerascnn._text import text as _
from kerascnn.trained._methods import SUMS

from ._drawing import note, parts_of
from ._material import digit_images, resized, trained
from ._own import by, classifier_of, name_of, photo_for, shipped, shown_by
from ._registry import figure


def two_classes(*, photo: np.ndarray | None = None, network: Any = None) -> tuple | list:
    """Return digits or a photo, with the heatmaps of the two most likely classes."""
    if photo is None and network is None:
        return two_classes_of_digits()
    net = classifier_of(network or shipped())
    picture = photo_for(net, photo)
    first = net.explain(picture, "grad_cam")
    second = int(np.argsort(-first.probabilities)[1])
    return [first, net.explain(picture, "grad_cam", target=second)]


def two_classes_of_digits() -> tuple:
    """Return digits (N, 28, 28, 1), scores (N, 10), classes by rank (N, 10) and two heatmaps each.

    The digits are classified correctly, with a close runner-up that has evidence, too.
    """
    model = trained()
    images, labels = datasets.load("digits").part("test")
    scores = visualize.activations(model, np.asarray(images), "predictions")
    ranked = np.argsort(-scores, axis=1)
    margin = np.take_along_axis(scores, ranked[:, :2], axis=1) @ (1, -1)
    chosen = np.argsort(np.where(ranked[:, 0] == labels, margin, np.inf))[:40]
    heat = [visualize.grad_cam(model, images[chosen], ranked[chosen, i], "s4") for i in (0, 1)]
    # One digit per class, and none with an empty heatmap, where all evidence is negative.
    seen = [i for i in range(len(chosen)) if min(maps[i].max() for maps in heat) > 0]
    firsts = [i for n, i in enumerate(seen) if labels[chosen[i]] not in labels[chosen[seen[:n]]]][
        :4
    ]
    chosen, heat = chosen[firsts], [maps[firsts] for maps in heat]
    return images[chosen], scores[chosen], ranked[chosen], heat


@figure(
    title="Grad-CAM shows where the network finds evidence for a class",
    alt=lambda photo, network: (
        _(
            "Handwritten digits overlaid with LeNet-5's Grad-CAM heatmaps for the predicted class "
            "and for the runner-up: each class relies on different strokes."
        )
        if photo is None and network is None
        else _(
            "A photo, overlaid with the Grad-CAM heatmaps of {network} for the predicted class and "
            "for the runner-up.",
            network=name_of(network),
        )
    ),
    rows=("F5",),
    photos=lambda photo, network: shown_by(photo, network, "digits"),
    data=two_classes,
)
def grad_cam(
    found: tuple | list, *, photo: np.ndarray | None = None, network: Any = None
) -> Figure:
    """Overlay digits, or a photo, with the heatmaps of the two most likely classes."""
    if photo is not None or network is not None:
        return grad_cam_of_photo(found, network)
    images, scores, ranked, heat = found
    fig, axes = plt.subplots(2, len(images))
    for row, rank in zip(axes, (0, 1), strict=True):
        classes, heatmaps = ranked[:, rank], heat[rank]
        for ax, image, heatmap, c, score in zip(
            row, images, heatmaps, classes, scores, strict=True
        ):
            plots.overlay(image, heatmap, colorbar=False, ax=ax)
            ax.set_title(
                _("class {name}: {score}", name=c, score=f"{score[c]:.1%}"), fontsize="medium"
            )
    note(
        fig,
        _("LeNet-5, layer s4, gradients of the logits. Top: predicted class; bottom: runner-up."),
    )
    return fig


def grad_cam_of_photo(found: Any, network: Any) -> Figure:
    """Draw a photo and the evidence for its two most likely classes."""
    fig, axes = plt.subplots(1, 3)
    plots.image_grid(found[0].image[None], ax=axes[0])
    axes[0].set_title(_("photo"))
    for ax, one in zip(axes[1:], found, strict=True):
        plots.overlay(one.image, one.heatmap, colorbar=False, ax=ax)
        name = class_texts((network or shipped()).names)[one.target]
        ax.set_title(f"{name}: {one.probability:.1%}")
    note(fig, by(network))
    return fig


COMPARED = (  # with any network: none of these refuses a layer or needs other images
    "saliency", "gradient_times_input", "smooth_grad", "integrated_gradients",
    "blur_integrated_gradients", "guided_backprop", "guided_grad_cam", "occlusion", "eigen_cam",
    "grad_cam", "grad_cam_plus_plus", "layer_cam", "finer_cam", "ablation_cam", "score_cam",
)  # fmt: skip
ROW = 7  # methods in a row of the figure


def all_maps(
    *, photo: np.ndarray | None = None, network: Any = None
) -> tuple[np.ndarray, dict[str, np.ndarray], int]:
    """Return an image, the maps of the methods, and the class they explain."""
    if photo is not None or network is not None:
        net = classifier_of(network or shipped())
        picture = photo_for(net, photo)
        found = {method: net.explain(picture, method) for method in COMPARED}
        maps = {method: one.heatmap[None] for method, one in found.items()}
        return net.fitted(picture)[None], maps, found["saliency"].target
    from kerascnn.models import convolutionalize

    # With dense layers as convolutions, it accepts images larger than 32x32.
    model = convolutionalize(trained("vgg16", "cifar10"))
    image = resized("chelsea", 64, 64, (slice(0, 300), slice(75, 375)))[None]
    others = np.stack([resized(name, 64, 64) for name in ("astronaut", "coffee", "rocket")])
    target = 3  # cat
    quiet: dict[str, Any] = {"verbose": False}
    of_maps: dict[str, Any] = {"layer": "block4_conv3", **quiet}  # 8x8; those of the last are 4x4
    options: dict[str, dict] = {
        "saliency": {},
        "gradient_times_input": {},
        "smooth_grad": quiet,
        "integrated_gradients": quiet,
        "expected_gradients": {"baselines": others, **quiet},
        "blur_integrated_gradients": quiet,
        "deep_lift": quiet,
        "lrp": quiet,
        "guided_backprop": {},
        "guided_grad_cam": of_maps,
        "occlusion": {"size": 12, "stride": 4, **quiet},
        "rise": {"cells": 8, "probability": False, **quiet},
        "eigen_cam": of_maps,
        "grad_cam": of_maps,
        "grad_cam_plus_plus": of_maps,
        "layer_cam": of_maps,
        "hires_cam": {"relu": True, **of_maps},
        "finer_cam": of_maps,
        "ablation_cam": of_maps,
        "score_cam": of_maps,
    }
    maps = {}
    for name, more in options.items():
        found = getattr(visualize, name)(model, image, target, **more)
        maps[name] = getattr(found, "attributions", found)
    maps["integrated_gradients"] = np.abs(maps["integrated_gradients"]).max(axis=-1)
    for name in ("expected_gradients", *SUMS):
        maps[name] = maps[name].sum(axis=-1)
    maps["rise"] -= maps["rise"].min()
    return image, maps, target


@figure(
    title="One question, many answers: where does the network see the class?",
    alt=lambda photo, network: (
        _(
            "A photo of a cat and what twenty methods highlight in it: gradients are noisy, guided "
            "backpropagation draws edges, and occlusion, RISE and the Grad-CAM family highlight "
            "regions."
        )
        if photo is None and network is None
        else _(
            "A photo and what {count} methods highlight in it for the class that {network} "
            "predicts.",
            count=len(COMPARED),
            network=name_of(network),
        )
    ),
    rows=("F5",),
    photos=lambda photo, network: shown_by(photo, network, "chelsea"),
    data=all_maps,
)
def methods_compared(
    found: tuple, *, photo: np.ndarray | None = None, network: Any = None
) -> Figure:
    """Explain the same class of one photo with many methods."""
    image, maps, target = found
    fig = plt.figure()
    names = list(maps)
    rows = [names[i : i + ROW] for i in range(0, len(names), ROW)]
    for part, row in zip(parts_of(fig, len(rows), 1), rows, strict=True):
        plots.compare_methods(image, {name: maps[name] for name in row}, ax=part.subplots())
    if photo is None and network is None:
        from kerascnn.datasets import cifar10

        words = _(
            "VGG16, trained on CIFAR-10. All but Eigen-CAM explain the logit of class {name}.",
            name=class_texts(cifar10.CLASS_NAMES)[target],
        )
    else:
        net = network or shipped()
        words = _(
            "{network}. All but Eigen-CAM explain the class {name}.",
            network=net.name,
            name=class_texts(net.names)[target],
        )
    note(fig, words)
    return fig


STAGES = 5  # maximum number for a network with many layers


def randomized(*, photo: np.ndarray | None = None, network: Any = None) -> tuple:
    """Return images, the index of the one shown, and the tests of three methods."""
    if photo is None and network is None:
        model, images, shown, layers = trained(), digit_images(*range(10)), 3, None
        coarse, looked_at = images, "c3"
    else:
        net = classifier_of(network or shipped())
        coarse = net.fitted(photo_for(net, photo))[None]
        model, images, shown = net.model, net.preprocessing(coarse), 0
        looked_at = net.explained_layer(coarse[0])
        learning = [layer.name for layer in model.layers if layer.trainable_weights][::-1]
        places = np.linspace(0, len(learning) - 1, min(STAGES, len(learning))).round()
        layers = [learning[int(place)] for place in places]
    methods = {
        "saliency": visualize.saliency,
        "grad_cam": lambda *given: enlarged(visualize.grad_cam(*given, layer=looked_at), coarse),
        "guided_backprop": visualize.guided_backprop,
    }
    results = {
        name: visualize.randomization_test(model, images, method, layers=layers, verbose=False)
        for name, method in methods.items()
    }
    return coarse, shown, results


@figure(
    title="Sanity check: a heatmap should change when the weights are randomized",
    alt=lambda photo, network: (
        _(
            "Heatmaps of a digit as the layers of LeNet-5 are randomized from the top down: "
            "saliency and Grad-CAM change, but guided backpropagation keeps drawing the digit."
        )
        if photo is None and network is None
        else _(
            "Heatmaps of a photo by three methods as the layers of {network} are randomized from "
            "the top down.",
            network=name_of(network),
        )
    ),
    rows=("F6",),
    photos=lambda photo, network: shown_by(photo, network, "digits"),
    data=randomized,
)
def sanity_check(found: tuple, *, photo: np.ndarray | None = None, network: Any = None) -> Figure:
    """Randomize a network from the top down, and compare three methods after each layer."""
    images, shown, by_method = found
    methods = {
        "saliency": _("saliency"),
        "grad_cam": "Grad-CAM",
        "guided_backprop": _("guided backpropagation"),
    }
    results = list(by_method.values())
    layers = results[0].layers
    stages = [[stage[shown] for stage in (r.original, *r.maps)] for r in results]
    maps = [[strengths(one) for one in of_method] for of_method in stages]
    titles = [_("as trained"), *(_("… and {layer}", layer=layer) for layer in layers)]

    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1, height_ratios=(2, 1))
    plots.compare_methods(
        np.repeat(images[shown][None], len(methods), axis=0),
        dict(zip(titles, np.stack(maps, axis=1), strict=True)),
        labels=list(methods.values()),
        ax=top.subplots(),
    )
    ax = bottom.subplots()
    for name, result, marker in zip(methods.values(), results, "os^", strict=True):
        values = result.absolute_correlations.T  # (N, L)
        ax.errorbar(layers, values.mean(axis=0), values.std(axis=0), marker=marker, label=name)
    ax.axhline(0, color="gray", linewidth=0.8)
    ax.set_xlabel(_("layers randomized from the top down to"), fontsize="medium")
    ax.set_ylabel(_("rank correlation"), fontsize="medium")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    if photo is None and network is None:
        words = _(
            "LeNet-5. Below: mean and standard deviation over ten digits of the correlation with "
            "the original maps, in absolute values."
        )
    else:
        ax.tick_params(axis="x", labelsize="small")  # names of layers may be long
        words = _(
            "{network}. Below: the correlation with the original maps, in absolute values.",
            network=(network or shipped()).name,
        )
    note(fig, words)
    return fig


def strengths(heatmap: np.ndarray) -> np.ndarray:
    """Return the absolute values of a heatmap, (H, W) or (H, W, C); the maximum over channels."""
    absolute = np.abs(heatmap)
    return absolute if absolute.ndim == 2 else absolute.max(axis=-1)


def enlarged(maps: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Resize maps (N, h, w) to the size of the images by bilinear interpolation."""
    from skimage.transform import resize

    return resize(maps, images.shape[:3], order=1)
