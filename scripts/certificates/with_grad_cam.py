"""Class activation maps against pytorch-grad-cam."""

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

from kerascnn import visualize

from . import nets
from .nets import CLASS, Pair

LARGE = 1_000_000  # parameters


def cam(
    kind: str,
    ours: Callable,
    pair: Pair,
    *,
    scale: float = 1.0,
    layers: int = 3,
    mend: Callable | None = None,
) -> dict:
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
        found[name] = (
            ours(pair.model, pair.images, CLASS, name),
            mend(raw) if mend else np.maximum(raw, 0),
        )
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


def ablation_cam(pair: Pair) -> dict:
    """Compare drops relative to the size of the score, whose sign the peer keeps.

    Of what counts against the class, ours is 0, so that of the negative score is subtracted. In a
    large net, only the first layer, since the peer runs the whole net for each of its maps.
    """
    nets.torchvision()
    signs = np.sign(pair.net(pair.tensor)[:, CLASS].detach().numpy())[:, None, None]

    def ours(model: Any, images: Any, target: int, layer: str) -> np.ndarray:
        scores = (lambda y: y[:, target]), (lambda y: -y[:, target])
        signed = [visualize.ablation_cam(model, images, s, layer, verbose=False) for s in scores]
        return signed[0] - signed[1]

    with mock.patch("pytorch_grad_cam.ablation_cam.tqdm.tqdm", lambda x: x):
        layers = 1 if pair.model.count_params() > LARGE else 3
        return cam("AblationCAM", ours, pair, layers=layers, mend=lambda raw: signs * raw)


def eigen_cam(pair: Pair) -> dict:
    """Compare projections of maps that the peer's centering leaves alone: A beside −A."""
    nets.torchvision()
    from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

    def projected(maps: np.ndarray) -> np.ndarray:
        return get_2d_projection(np.concatenate([maps, -maps], axis=3))[..., : maps.shape[3]]

    def mend(raw: np.ndarray) -> np.ndarray:
        return raw * np.sign(raw.sum(axis=(1, 2), keepdims=True))

    with mock.patch("pytorch_grad_cam.eigen_cam.get_2d_projection", projected):
        return cam("EigenCAM", visualize.eigen_cam, pair, mend=mend)


def finer_cam(pair: Pair) -> dict:
    """Compare with constant weights of the similar classes, which the peer chooses itself.

    The peer divides by the sum of their probabilities, so that their unit does not matter.
    """
    nets.torchvision()
    from pytorch_grad_cam import FinerCAM

    def constants(logits: Any, dim: int) -> Any:
        return (logits - logits[CLASS]).exp().detach()

    found = {}
    for name, module in pair.layers.items():
        with (
            FinerCAM(pair.net, [module]) as peer,
            mock.patch("torch.softmax", constants),
        ):
            peer(pair.tensor, target_idx=CLASS)
            seen = peer.base_cam.activations_and_grads
            maps, grads = (each[0].detach().numpy() for each in (seen.activations, seen.gradients))
            raw = peer.base_cam.get_cam_image(pair.tensor, module, [], maps, grads, False)
        found[name] = visualize.finer_cam(pair.model, pair.images, CLASS, name), np.maximum(raw, 0)
    return found


METHODS = {
    "Grad-CAM, three layers": (partial(cam, "GradCAM", visualize.grad_cam), ""),
    "Grad-CAM++, three layers": (
        grad_cam_plus_plus,
        "the peer adds 1e-6 to the denominator of α, which matters for small gradients: the score "
        "is multiplied by 10,000 in both",
    ),
    "LayerCAM, three layers": (partial(cam, "LayerCAM", visualize.layer_cam), ""),
    "HiResCAM, three layers": (partial(cam, "HiResCAM", _hires), ""),
    "Finer-CAM, three layers": (
        finer_cam,
        "the peer also differentiates the weights of the similar classes, here constants, and adds "
        "1e-9 to their sum, here probabilities relative to that of the class",
    ),
    "Eigen-CAM, three layers": (
        eigen_cam,
        "the peer centers the maps first, the paper does not: it gets A beside −A, whose mean is "
        "0; and it leaves the sign open, here that of a sum above 0",
    ),
    "Ablation-CAM": (
        ablation_cam,
        "the peer divides by the score, which inverts maps where it is negative, ours by its size: "
        "the peer's maps are multiplied by the sign; ours of the negative score are subtracted",
    ),
    "Score-CAM": (
        score_cam,
        "the peer upsamples with aligned corners; here with half pixels, as Keras does",
    ),
}
