"""Methods against captum."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

from kerascnn import visualize

from . import nets
from .nets import CLASS, Pair, last

STEPS = 12
SAMPLES, NOISE = 4, 0.15


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


def expected_gradients(pair: Pair) -> dict:
    """Compare with the same draws of baselines, each once, and of places on the way."""
    import torch
    from captum.attr import GradientShap

    count, baselines = len(pair.images), nets.pictures(SAMPLES, *pair.images.shape[1:])[::-1]
    rng = np.random.default_rng(0)
    orders = [rng.permutation(SAMPLES) for _ in range(SAMPLES)]
    draws = {"choice": orders[0], "uniform": rng.random(SAMPLES, "float32")}
    ours = visualize.expected_gradients(
        pair.model, pair.images, CLASS, baselines=baselines, samples=SAMPLES, verbose=False
    )
    tensor = torch.from_numpy(baselines.transpose(0, 3, 1, 2).copy())
    fixed = {name: mock.Mock(return_value=np.tile(d, count)) for name, d in draws.items()}
    with mock.patch.multiple("numpy.random", **fixed):
        theirs = GradientShap(pair.net).attribute(pair.tensor, tensor, SAMPLES, target=CLASS)
    return {"mean": (ours.attributions, last(theirs))}


def deep_lift(pair: Pair) -> dict:
    """Compare contributions, once captum's add up: see the reasons in the table."""
    import torch
    from captum.attr import DeepLift

    def unpooled(values: Any, indices: Any, kernel: Any, stride: Any, padding: Any, size: Any):
        flat = torch.zeros(*size[:2], size[2] * size[3])
        return flat.scatter_add(2, indices.flatten(2), values.flatten(2)).reshape(size)

    baseline = pair.images[:, ::-1, ::-1].copy()
    ours = visualize.deep_lift(pair.model, pair.images, CLASS, baseline=baseline, verbose=False)
    tensor = torch.from_numpy(baseline.transpose(0, 3, 1, 2).copy())
    pools = [m for m in pair.net.modules() if isinstance(m, torch.nn.MaxPool2d)]
    copies = [p.register_forward_pre_hook(lambda _, given: given[0].clone()) for p in pools]
    with relus_in_turn(pair.net), mock.patch("torch.nn.functional.max_unpool2d", unpooled):
        theirs = DeepLift(pair.net).attribute(pair.tensor, tensor, CLASS)
    for hook in copies:
        hook.remove()
    return {"contributions": (ours.attributions, last(theirs))}


@contextmanager
def relus_in_turn(net: Any) -> Iterator[None]:
    """Give residual blocks a ReLU for each of both places where they use the same one."""
    from torch import nn

    class InTurn(nn.ModuleList):
        def forward(self, x: Any) -> Any:
            self.calls = getattr(self, "calls", 0) + 1
            return self[self.calls % 2](x)

    blocks = [m for m in net.modules() if hasattr(m, "relu") and hasattr(m, "downsample")]
    before = [block.relu for block in blocks]
    for block in blocks:
        block.relu = InTurn([nn.ReLU(), nn.ReLU()])
    try:
        yield
    finally:
        for block, relu in zip(blocks, before, strict=True):
            block.relu = relu


METHODS = {
    "saliency": (saliency, ""),
    "integrated gradients, Gauss-Legendre": (partial(integrated_gradients, "gauss_legendre"), ""),
    "integrated gradients, trapezoid": (
        partial(integrated_gradients, "trapezoid"),
        "captum's weights sum to 1 − 1/points, by which its result is divided here",
    ),
    "expected gradients": (expected_gradients, "its GradientShap, with the same draws"),
    "gradient times input": (gradient_times_input, ""),
    "DeepLIFT, rescale": (
        deep_lift,
        "captum passes a ReLU the gradient of the pooling behind it instead of its multiplier, "
        "unless it pools a copy, as here; it keeps one contribution where a pixel is the maximum "
        "of several windows, here added; it takes a ReLU once per network, so that residual "
        "blocks get two",
    ),
    "guided backpropagation": (guided_backprop, ""),
    "deconvolution": (
        deconvnet,
        "ours projects the activation back, captum's the number 1: its result is multiplied by "
        "the logit; ResNet's pooling is padded with zeros in both, which matters where a window "
        "is all 0",
    ),
    "SmoothGrad and VarGrad": (smooth_grad, "with the same noise in both"),
    "occlusion, stride below the size": (partial(occlusion, 2), ""),
    "occlusion, stride at the size": (partial(occlusion, 1), ""),
}
