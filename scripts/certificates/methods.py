"""Methods against captum, pytorch-grad-cam and Zennit."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

from kerascnn import visualize

from . import Certificate, nets
from .nets import CLASS, Pair, last

NETS = {
    "small net with strided, padded, normalized convolutions": nets.small,
    "AlexNet (torchvision)": nets.alexnet,
    "ResNet-18 (torchvision)": nets.resnet18,
}
STEPS = 12
SAMPLES, NOISE = 4, 0.15


def certificates() -> Iterator[Certificate]:
    """Each method on each network."""
    for net, pair in NETS.items():
        for what, (peer, function, why) in METHODS.items():
            yield Certificate("Methods", what, net, peer, partial(_compared, function, pair), why)


def _compared(function: Callable, pair: Callable) -> dict[str, tuple]:
    return function(pair())


# captum


def saliency(pair: Pair) -> dict:
    """Compare signed gradients."""
    from captum.attr import Saliency

    ours = visualize.saliency(pair.model, pair.images, CLASS, reduce=None)
    return {"gradient": (ours, last(Saliency(pair.net).attribute(pair.tensor, CLASS, abs=False)))}


def integrated_gradients(rule: str, pair: Pair) -> dict:
    """Compare one rule of integration.

    A plain baseline has equal maxima in each pooling window, of which Keras and PyTorch may choose
    different ones.
    """
    import torch
    from captum.attr import IntegratedGradients

    baseline = pair.images[:, ::-1, ::-1].copy()
    ours = visualize.integrated_gradients(
        pair.model, pair.images, CLASS, steps=STEPS, rule=rule, baseline=baseline, verbose=False
    )
    method = {"gauss_legendre": "gausslegendre", "trapezoid": "riemann_trapezoid"}[rule]
    points = STEPS + (rule == "trapezoid")
    theirs = IntegratedGradients(pair.net).attribute(
        pair.tensor,
        torch.from_numpy(baseline.transpose(0, 3, 1, 2)),
        CLASS,
        n_steps=points,
        method=method,
    )
    if rule == "trapezoid":  # captum divides by the points, not by the intervals between them
        theirs = theirs * points / STEPS
    return {rule: (ours.attributions, last(theirs))}


def guided_backprop(pair: Pair) -> dict:
    """Compare guided gradients."""
    from captum.attr import GuidedBackprop

    ours = visualize.guided_backprop(pair.model, pair.images, CLASS)
    return {"guided": (ours, last(GuidedBackprop(pair.net).attribute(pair.tensor, CLASS)))}


def deconvnet(pair: Pair) -> dict:
    """Compare the projection of a logit."""
    from captum.attr import Deconvolution

    logits = pair.model.layers[-1].name
    ours = visualize.deconvnet(pair.model, pair.images, logits, unit=CLASS)
    scores = pair.net(pair.tensor)[:, CLASS].detach().numpy()[:, None, None, None]
    theirs = last(Deconvolution(pair.net).attribute(pair.tensor, CLASS))
    return {"projection": (ours, scores * theirs)}


def smooth_grad(pair: Pair) -> dict:
    """Compare mean and variance of gradients at the same noisy images."""
    import tensorflow as tf
    import torch
    from captum.attr import NoiseTunnel, Saliency

    options = {"samples": SAMPLES, "noise": NOISE, "reduce": None, "verbose": False}
    shape = pair.images.shape[1:]
    draws = [tf.random.stateless_normal(shape, [0, i], alg="philox") for i in range(SAMPLES)]
    extents = NOISE * np.ptp(pair.images, axis=(1, 2, 3))
    noise = np.concatenate([[extent * draw for draw in draws] for extent in extents])
    noise = torch.from_numpy(noise.transpose(0, 3, 1, 2).astype("float32"))
    found = {}
    for kind, variance in (("smoothgrad", False), ("vargrad", True)):
        ours = visualize.smooth_grad(pair.model, pair.images, CLASS, variance=variance, **options)
        with mock.patch("torch.normal", return_value=noise):
            theirs = NoiseTunnel(Saliency(pair.net)).attribute(
                pair.tensor, kind, nt_samples=SAMPLES, target=CLASS, abs=False
            )
        found[kind] = ours, last(theirs)
    return found


def occlusion(steps: int, pair: Pair) -> dict:
    """Move a patch by its size, or by a part of it; the last one ends at the border."""
    from captum.attr import Occlusion

    size = pair.patch
    stride = size // steps
    ours = visualize.occlusion(
        pair.model, pair.images, CLASS, size=size, stride=stride, fill=0.5, verbose=False
    )
    theirs = Occlusion(pair.net).attribute(
        pair.tensor, (3, size, size), (3, stride, stride), baselines=0.5, target=CLASS,
        perturbations_per_eval=16,
    )  # fmt: skip
    return {"drop": (ours, last(theirs)[..., 0])}


def gradient_times_input(pair: Pair) -> dict:
    """Compare signed products."""
    from captum.attr import InputXGradient

    ours = visualize.gradient_times_input(pair.model, pair.images, CLASS).attributions
    return {"product": (ours, last(InputXGradient(pair.net).attribute(pair.tensor, CLASS)))}


# Zennit


def lrp(ours: str, theirs: str, pair: Pair) -> dict:
    """Compare a composite, with normalizations merged into the convolutions before them."""
    nets.torchvision()
    import torch
    from zennit import composites, torchvision
    from zennit.attribution import Gradient
    from zennit.canonizers import SequentialMergeBatchNorm

    low, high = float(pair.images.min()), float(pair.images.max())
    options: dict[str, Any] = {"canonizers": [SequentialMergeBatchNorm()]}
    if hasattr(pair.net, "layer1"):
        options["canonizers"] = [torchvision.ResNetCanonizer()]
    if ours == "epsilon_gamma_box":
        box = torch.ones_like(pair.tensor)
        options |= {"low": low * box, "high": high * box}
    found = visualize.lrp(
        pair.model, pair.images, CLASS, composite=ours, bounds=(low, high), verbose=False
    )
    one = torch.eye(pair.model.output_shape[-1])[[CLASS] * len(pair.images)]
    norms = [m for m in pair.net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    with Gradient(pair.net, getattr(composites, theirs)(**options)) as attributor:
        before = [norm.eps for norm in norms]
        try:
            for norm in norms:
                norm.eps = 0.0
            _scores, relevance = attributor(pair.tensor.requires_grad_(), lambda y: y * one)
        finally:
            for norm, eps in zip(norms, before, strict=True):
                norm.eps = eps
    return {ours: (found.attributions, last(relevance))}


# pytorch-grad-cam


def cam(kind: str, ours: Callable, pair: Pair, *, scale: float = 1.0, layers: int = 3) -> dict:
    """Compare maps before pytorch-grad-cam resizes and normalizes them, at some layers."""
    nets.torchvision()
    import pytorch_grad_cam

    found = {}
    for name, module in list(pair.layers.items())[:layers]:
        peer = getattr(pytorch_grad_cam, kind)(pair.net, [module])
        targets = [lambda outputs: scale * outputs[CLASS]] * len(pair.images)
        with peer:
            seen = peer.activations_and_grads
            outputs = seen(pair.tensor)
            grads = None
            if peer.uses_gradients:
                pair.net.zero_grad()
                sum(target(row) for target, row in zip(targets, outputs, strict=True)).backward()
                grads = seen.gradients[0].numpy()
            maps = seen.activations[0].numpy()
            raw = peer.get_cam_image(pair.tensor, module, targets, maps, grads, False)
        found[name] = ours(pair.model, pair.images, CLASS, name), np.maximum(raw, 0)
    return found


def grad_cam_plus_plus(pair: Pair) -> dict:
    """Compare with a large score, see the reason in the table."""
    scale = 1e4

    def ours(model: Any, images: Any, target: int, layer: str) -> np.ndarray:
        return visualize.grad_cam_plus_plus(model, images, lambda y: scale * y[:, target], layer)

    return cam("GradCAMPlusPlus", ours, pair, scale=scale)


def score_cam(pair: Pair) -> dict:
    """Compare at the first of the layers, with the same interpolation."""
    nets.torchvision()
    import torch

    def upsample(size: tuple) -> Any:
        return torch.nn.Upsample(size=size, mode="bilinear", align_corners=False)

    ours = partial(visualize.score_cam, verbose=False)
    with (
        mock.patch("torch.nn.UpsamplingBilinear2d", upsample),
        mock.patch("pytorch_grad_cam.score_cam.tqdm.tqdm", lambda x: x),
    ):
        return cam("ScoreCAM", ours, pair, layers=1)


def _hires(*arguments: Any) -> np.ndarray:
    return visualize.hires_cam(*arguments, relu=True)


WHY_MERGED = "it keeps the epsilon of a normalization that it merges; here its epsilon is set to 0"
METHODS = {
    "saliency": ("captum", saliency, ""),
    "integrated gradients, Gauss-Legendre": (
        "captum", partial(integrated_gradients, "gauss_legendre"), "",
    ),
    "integrated gradients, trapezoid": (
        "captum", partial(integrated_gradients, "trapezoid"),
        "captum's weights sum to 1 − 1/points, by which its result is divided here",
    ),
    "gradient times input": ("captum", gradient_times_input, ""),
    "guided backpropagation": ("captum", guided_backprop, ""),
    "deconvolution": (
        "captum", deconvnet,
        "ours projects the activation back, captum's the number 1: its result is multiplied by "
        "the logit; ResNet's pooling is padded with zeros in both, which matters where a window "
        "is all 0",
    ),
    "SmoothGrad and VarGrad": ("captum", smooth_grad, "with the same noise in both"),
    "occlusion, stride below the size": ("captum", partial(occlusion, 2), ""),
    "occlusion, stride at the size": ("captum", partial(occlusion, 1), ""),
    "LRP, EpsilonPlus": ("Zennit", partial(lrp, "epsilon_plus", "EpsilonPlus"), WHY_MERGED),
    "LRP, EpsilonAlpha2Beta1": (
        "Zennit", partial(lrp, "epsilon_alpha2_beta1", "EpsilonAlpha2Beta1"), WHY_MERGED,
    ),
    "LRP, EpsilonGammaBox": (
        "Zennit", partial(lrp, "epsilon_gamma_box", "EpsilonGammaBox"), WHY_MERGED,
    ),
    "Grad-CAM, three layers": (
        "pytorch-grad-cam", partial(cam, "GradCAM", visualize.grad_cam), "",
    ),
    "Grad-CAM++, three layers": (
        "pytorch-grad-cam", grad_cam_plus_plus,
        "the peer adds 1e-6 to the denominator of α, which matters for small gradients: the score "
        "is multiplied by 10,000 in both",
    ),
    "LayerCAM, three layers": (
        "pytorch-grad-cam", partial(cam, "LayerCAM", visualize.layer_cam), "",
    ),
    "HiResCAM, three layers": ("pytorch-grad-cam", partial(cam, "HiResCAM", _hires), ""),
    "Score-CAM": (
        "pytorch-grad-cam", score_cam,
        "the peer upsamples with aligned corners; here with half pixels, as Keras does",
    ),
}  # fmt: skip
