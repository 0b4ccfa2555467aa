"""Heatmaps that explain a decision: Grad-CAM, ten methods side by side, and a sanity check."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import datasets, plots, visualize
from kerascnn._text import text as _

from ._drawing import note, parts_of
from ._material import digit_images, photo, trained
from ._registry import figure


@figure(
    title="Grad-CAM shows where the network finds evidence for a class",
    alt="Handwritten digits overlaid with LeNet-5's Grad-CAM heatmaps for the predicted class and "
    "for the runner-up: each class relies on different strokes.",
    rows=("F5",),
    photos=("digits",),
)
def grad_cam() -> Figure:
    """Overlay digits with the heatmaps of the two most likely classes."""
    model = trained()
    images, labels = datasets.load("digits").part("test")
    scores = visualize.activations(model, images, "predictions")
    ranked = np.argsort(-scores, axis=1)
    # Correctly classified digits with a close runner-up, for which there is evidence, too.
    margin = np.take_along_axis(scores, ranked[:, :2], axis=1) @ (1, -1)
    chosen = np.argsort(np.where(ranked[:, 0] == labels, margin, np.inf))[:40]
    heat = [visualize.grad_cam(model, images[chosen], ranked[chosen, i], "s4") for i in (0, 1)]
    # One digit per class, and none with an empty heatmap, where all evidence is negative.
    seen = [i for i in range(len(chosen)) if min(maps[i].max() for maps in heat) > 0]
    firsts = [i for n, i in enumerate(seen) if labels[chosen[i]] not in labels[chosen[seen[:n]]]][
        :4
    ]
    chosen, heat = chosen[firsts], [maps[firsts] for maps in heat]
    images, scores, ranked = images[chosen], scores[chosen], ranked[chosen]
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


@figure(
    title="Ten methods answer one question: where does the network see the class?",
    alt="A photo of a cat and what ten methods highlight in it: saliency and SmoothGrad are noisy, "
    "guided backpropagation draws edges, and occlusion and the Grad-CAM family highlight "
    "regions.",
    rows=("F5",),
    photos=("chelsea",),
)
def methods_compared() -> Figure:
    """Explain the same class of one photo with ten methods."""
    from kerascnn.models import convolutionalize

    # With its dense layers as convolutions, it takes images larger than its 32x32.
    model = convolutionalize(trained("vgg16", "cifar10"))
    image = photo("chelsea", 64, 64, (slice(0, 300), slice(75, 375)))[None]
    target = 3  # cat
    quiet: dict[str, Any] = {"verbose": False}
    layer = "block4_conv3"  # 8x8 maps; those of the last block are 4x4
    integrated = visualize.integrated_gradients(model, image, target)
    maps = {
        "saliency": visualize.saliency(model, image, target),
        "smooth_grad": visualize.smooth_grad(model, image, target, **quiet),
        "integrated_gradients": np.abs(integrated.attributions).max(axis=-1),
        "guided_backprop": visualize.guided_backprop(model, image, target),
        "guided_grad_cam": visualize.guided_grad_cam(model, image, target, layer),
        "occlusion": visualize.occlusion(model, image, target, size=12, stride=4, **quiet),
        "grad_cam": visualize.grad_cam(model, image, target, layer),
        "grad_cam_plus_plus": visualize.grad_cam_plus_plus(model, image, target, layer),
        "layer_cam": visualize.layer_cam(model, image, target, layer),
        "score_cam": visualize.score_cam(model, image, target, layer, **quiet),
    }
    fig = plt.figure()
    names = list(maps)
    for part, row in zip(parts_of(fig, 2, 1), (names[:5], names[5:]), strict=True):
        plots.compare_methods(image, {name: maps[name] for name in row}, ax=part.subplots())
    note(
        fig,
        _("VGG16, trained on CIFAR-10. All methods explain the logit of class {name}.", name="cat"),
    )
    return fig


@figure(
    title="Sanity check: a heatmap should change when the weights are randomized",
    alt="Heatmaps of a digit as the layers of LeNet-5 are randomized from the top down: saliency "
    "and Grad-CAM change, but guided backpropagation keeps drawing the digit.",
    rows=("F6",),
    photos=("digits",),
)
def sanity_check() -> Figure:
    """Randomize LeNet-5 from the top down, and compare three methods after each layer."""
    model = trained()
    images = digit_images(*range(10))
    shown = 3
    methods = {
        _("saliency"): visualize.saliency,
        "Grad-CAM": lambda *given: enlarged(visualize.grad_cam(*given, layer="c3"), images),
        _("guided backpropagation"): visualize.guided_backprop,
    }
    results = [
        visualize.randomization_test(model, images, method, verbose=False)
        for method in methods.values()
    ]
    layers = results[0].layers
    stages = [[stage[shown] for stage in (r.original, *r.maps)] for r in results]
    maps = [np.abs(np.reshape(stage, (-1, *images.shape[1:3]))) for stage in stages]
    titles = [_("as trained"), *(_("… and {layer}", layer=layer) for layer in layers)]

    fig = plt.figure()
    top, bottom = parts_of(fig, 2, 1, height_ratios=(2, 1))
    plots.compare_methods(
        np.repeat(images[shown][None], len(methods), axis=0),
        dict(zip(titles, np.stack(maps, axis=1), strict=True)),
        labels=list(methods),
        ax=top.subplots(),
    )
    ax = bottom.subplots()
    for name, result, marker in zip(methods, results, "os^", strict=True):
        values = result.absolute_correlations.T  # (N, L)
        ax.errorbar(layers, values.mean(axis=0), values.std(axis=0), marker=marker, label=name)
    ax.axhline(0, color="gray", linewidth=0.8)
    ax.set_xlabel(_("layers randomized from the top down to"), fontsize="medium")
    ax.set_ylabel(_("rank correlation"), fontsize="medium")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    note(
        fig,
        _(
            "LeNet-5. Below: mean and standard deviation over ten digits of the correlation with "
            "the original maps, in absolute values."
        ),
    )
    return fig


def enlarged(maps: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Resize maps (N, h, w) to the size of the images by bilinear interpolation."""
    from skimage.transform import resize

    return resize(maps, images.shape[:3], order=1)
