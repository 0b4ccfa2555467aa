"""Metrics against Quantus, captum and pytorch-grad-cam."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

from kerascnn import visualize
from kerascnn.visualize import metrics
from kerascnn.visualize.metrics._efficient_mprt import _entropies
from kerascnn.visualize.metrics._road import impute

from . import Certificate, nets
from .nets import CLASS

NET = "small net"
SAMPLES = 6


def certificates() -> Iterator[Certificate]:
    """Each metric that a peer has."""
    for what, (peer, compare, why) in METRICS.items():
        yield Certificate("Metrics", what, NET, peer, compare, why)


def heatmaps() -> tuple[np.ndarray, np.ndarray]:
    """Make heatmaps with values above 0, and masks, (8, 12, 10) each."""
    rng = np.random.default_rng(0)
    return rng.random((8, 12, 10), "float32"), rng.random((8, 12, 10)) < 0.3


def against_quantus(name: str, ours: Callable) -> dict:
    """Compare with a metric of heatmaps, or of heatmaps and masks."""
    nets.torchvision()
    import quantus

    maps, masks = heatmaps()
    peer = getattr(quantus, name)(disable_warnings=True)
    theirs = peer.evaluate_batch(x_batch=maps, a_batch=maps.copy(), s_batch=masks)
    arguments = (maps,) if name == "Sparseness" else (maps, masks)
    return {name: (ours(*arguments), theirs)}


def entropy() -> dict:
    """Compare the complexity that Efficient MPRT is about."""
    nets.torchvision()
    from quantus.functions.complexity_func import discrete_entropy

    maps, _masks = heatmaps()
    return {"entropy": (_entropies(maps, 20), [discrete_entropy(m, m, n_bins=20) for m in maps])}


def imputation() -> dict:
    """Compare what replaces removed pixels, in the authors' code."""
    nets.torchvision()
    import torch
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer

    rng = np.random.default_rng(0)
    image, removed = rng.random((12, 10, 3), "float32"), rng.random((12, 10)) < 0.7
    imputer = NoisyLinearImputer(noise=0)
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())
    theirs = imputer(tensor, torch.from_numpy((~removed).astype("float32")))
    return {"imputed": (impute(image, removed), theirs.numpy().transpose(1, 2, 0))}


def road() -> dict:
    """Compare the score of both orders, at fractions that both round to the same pixels."""
    nets.torchvision()
    import torch
    from pytorch_grad_cam.metrics.road import ROADCombined

    pair, percentiles = nets.small(), [10, 20, 50, 80, 90]
    maps = np.random.default_rng(0).random(pair.images.shape[:3]).astype("float32")
    ours = metrics.road(
        pair.model, pair.images, maps, CLASS, fractions=[1 - p / 100 for p in percentiles],
        noise=0, probability=False, verbose=False,
    )  # fmt: skip
    targets = [lambda outputs: outputs[CLASS]] * len(maps)
    with mock.patch("torch.randn_like", torch.zeros_like):
        theirs = ROADCombined(percentiles)(pair.tensor, maps, targets, pair.net)
    return {"score": (ours.score, theirs)}


def infidelity(scale: bool) -> dict:
    """Compare with the same squares."""
    import torch
    from captum.metrics import infidelity as peer

    pair = nets.small()
    phi = visualize.saliency(pair.model, pair.images, CLASS, reduce=None)
    ours = metrics.infidelity(
        pair.model, pair.images, phi, CLASS, size=8, fill=0.3, samples=SAMPLES, scale=scale
    )
    rng, squares = np.random.default_rng(0), np.zeros((SAMPLES, *pair.images.shape[1:3], 1), bool)
    for square in squares:
        y, x = (rng.integers(n - 7) for n in square.shape[:2])
        square[y : y + 8, x : x + 8] = True

    def perturb(inputs: Any) -> tuple:
        gone = torch.from_numpy(np.tile(squares, (len(pair.images), 1, 1, 1)))
        changes = gone.permute(0, 3, 1, 2) * (inputs - 0.3)
        return changes, inputs - changes

    theirs = peer(
        pair.net, perturb, pair.tensor, torch.from_numpy(phi.transpose(0, 3, 1, 2).copy()),
        target=CLASS, n_perturb_samples=SAMPLES, normalize=scale,
    )  # fmt: skip
    return {"infidelity": (ours, theirs.numpy())}


def sensitivity() -> dict:
    """Compare with the same changes."""
    import torch
    from captum.attr import Saliency
    from captum.metrics import sensitivity_max

    pair, radius = nets.small(), 0.02
    method = partial(visualize.saliency, reduce=None)
    ours = metrics.sensitivity_max(
        pair.model, pair.images, method, target=CLASS, radius=radius, samples=SAMPLES, verbose=False
    )
    shape, extents = pair.images.shape[1:], np.ptp(pair.images, axis=(1, 2, 3))
    draws = [
        np.random.default_rng((0, i, 0)).uniform(-radius, radius, shape) for i in range(SAMPLES)
    ]
    noise = np.concatenate([[extent * draw for draw in draws] for extent in extents])
    noise = torch.from_numpy(noise.transpose(0, 3, 1, 2).astype("float32"))
    theirs = sensitivity_max(
        partial(Saliency(pair.net).attribute, target=CLASS, abs=False), pair.tensor,
        lambda inputs, _radius: inputs + noise, n_perturb_samples=SAMPLES,
    )  # fmt: skip
    return {"sensitivity": (ours, theirs.detach().numpy())}


def drop() -> dict:
    """Compare the change in probability when the image is multiplied with the scaled map."""
    nets.torchvision()
    import torch
    from pytorch_grad_cam.metrics.cam_mult_image import DropInConfidence
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

    pair = nets.small()
    maps = np.random.default_rng(0).random(pair.images.shape[:3]).astype("float32")
    low, high = (f(maps, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    scaled = ((maps - low) / (high - low))[:, None]
    classes = pair.net(pair.tensor).argmax(dim=1)
    targets = [ClassifierOutputSoftmaxTarget(int(klass)) for klass in classes]
    lost = DropInConfidence()(pair.tensor, scaled, targets, pair.net)
    whole = torch.softmax(pair.net(pair.tensor), dim=1).amax(dim=1).detach().numpy()

    def probabilities(logits: Any) -> Any:
        import keras

        chosen = keras.ops.softmax(logits)
        return keras.ops.take_along_axis(chosen, classes.numpy()[:, None], axis=1)[:, 0]

    ours = metrics.average_drop(pair.model, pair.images, maps, probabilities, verbose=False)
    return {"drop": (ours.drop, lost / whole)}


METRICS = {
    "pointing game": (
        "Quantus", partial(against_quantus, "PointingGame", metrics.pointing_game), "",
    ),
    "attribution mass": (
        "Quantus", partial(against_quantus, "RelevanceMassAccuracy", metrics.attribution_mass), "",
    ),
    "rank accuracy": (
        "Quantus", partial(against_quantus, "RelevanceRankAccuracy", metrics.rank_accuracy), "",
    ),
    "sparseness": ("Quantus", partial(against_quantus, "Sparseness", metrics.sparseness), ""),
    "Efficient MPRT, entropy": ("Quantus", entropy, ""),
    "ROAD, imputation": (
        "pytorch-grad-cam", imputation, "it contains the authors' code; without noise",
    ),
    "ROAD, score": (
        "pytorch-grad-cam", road, "without noise, for fractions that are rounded to equal counts",
    ),
    "infidelity": ("captum", partial(infidelity, False), "with the same squares"),
    "infidelity, scaled": ("captum", partial(infidelity, True), "with the same squares"),
    "sensitivity-max": ("captum", sensitivity, "with the same noise"),
    "average drop": (
        "pytorch-grad-cam", drop,
        "it does not divide by the probability; here its result is divided by it",
    ),
}  # fmt: skip
