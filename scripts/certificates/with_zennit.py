"""Relevance propagation against Zennit."""

from functools import partial
from typing import Any

from kerascnn import visualize

from . import nets
from .nets import CLASS, Pair, last

WHY_MERGED = "it keeps the epsilon of a normalization that it merges; here its epsilon is set to 0"


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


COMPOSITES = {
    "EpsilonPlus": "epsilon_plus",
    "EpsilonAlpha2Beta1": "epsilon_alpha2_beta1",
    "EpsilonGammaBox": "epsilon_gamma_box",
}
METHODS = {f"LRP, {n}": (partial(lrp, ours, n), WHY_MERGED) for n, ours in COMPOSITES.items()}
