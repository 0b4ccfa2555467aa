"""Relevance propagation against Zennit, on the same weights."""

import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import AlphaBeta, Composite, Epsilon, Gamma, WSquare, lrp

torch = pytest.importorskip("torch", reason="the torch extra is not installed")
if find_spec("torchvision"):  # Zennit imports it, which takes help beside a PyTorch without CUDA
    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
    from certificates.nets import torchvision

    torchvision()
zennit = pytest.importorskip("zennit", reason="zennit is not installed")

from torch import nn  # noqa: E402
from zennit import canonizers, composites, rules  # noqa: E402
from zennit.attribution import Gradient  # noqa: E402
from zennit.layer import Sum  # noqa: E402

pytestmark = pytest.mark.frameworks


# Small: Zennit sets the statistics of a merged normalization to 0 and 1, but not its epsilon, so
# that it still divides by √(1 + ε).
EPSILON = 1e-5


class Peer(nn.Module):
    """A convolution, a residual block with batch normalization, poolings, dense layers."""

    def __init__(self):
        super().__init__()
        self.start = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU())
        self.block = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8, eps=EPSILON), nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8, eps=EPSILON),
        )  # fmt: skip
        self.sum, self.relu = Sum(), nn.ReLU()
        self.end = nn.Sequential(
            nn.MaxPool2d(2), nn.Conv2d(8, 6, 1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(24, 10), nn.ReLU(), nn.Linear(10, 4),
        )  # fmt: skip

    def forward(self, x):
        x = self.start(x)
        x = self.relu(self.sum(torch.stack([self.block(x), x], dim=-1)))
        return self.end(x)


@pytest.fixture(scope="module")
def pair():
    """The same net in Keras and in PyTorch."""
    torch.manual_seed(0)
    peer = Peer().eval()
    for norm in (peer.block[1], peer.block[4]):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 1.5)
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    inputs = keras.Input((16, 16, 3))
    x = start = layers.Conv2D(8, 3, 2, activation="relu")(layers.ZeroPadding2D(1)(inputs))
    for activation in ("relu", "linear"):
        x = layers.BatchNormalization(epsilon=EPSILON)(layers.Conv2D(8, 3, padding="same")(x))
        x = layers.Activation(activation)(x)
    x = layers.MaxPooling2D(2)(layers.ReLU()(layers.Add()([x, start])))
    x = layers.AveragePooling2D(2)(layers.Conv2D(6, 1, activation="relu")(x))
    x = layers.Dense(10, "relu")(layers.Flatten()(layers.Permute((3, 1, 2))(x)))
    model = keras.Model(inputs, layers.Dense(4, "softmax")(x))
    modules = [m for m in peer.modules() if isinstance(m, (nn.Conv2d, nn.Linear, nn.BatchNorm2d))]
    own = [layer for layer in model.layers if layer.weights]
    for module, layer in zip(modules, own, strict=True):
        weights = [w.detach().numpy() for w in module.parameters()]
        if isinstance(module, nn.BatchNorm2d):
            weights += [module.running_mean.numpy(), module.running_var.numpy()]
        elif isinstance(module, nn.Conv2d):
            weights[0] = weights[0].transpose(2, 3, 1, 0)
        else:
            weights[0] = weights[0].T
        layer.set_weights(weights)
    return model, peer


BASE = composites.layer_map_base()
LOW, HIGH = -2.0, 3.0
SAME = {
    "epsilon_plus": (lambda: composites.EpsilonPlus, {}),
    "epsilon_alpha2_beta1": (lambda: composites.EpsilonAlpha2Beta1, {}),
    "epsilon_plus_flat": (lambda: composites.EpsilonPlusFlat, {}),
    "epsilon_gamma_box": (
        lambda: composites.EpsilonGammaBox,
        {"low": torch.full((1, 3, 16, 16), LOW), "high": torch.full((1, 3, 16, 16), HIGH)},
    ),
}


def of_all(rule):
    """A composite of Zennit with one rule for all layers with weights."""
    return lambda: (
        lambda canonizers: composites.LayerMapComposite(
            [*BASE, ((nn.Conv2d, nn.Linear), rule)], canonizers
        )
    )


ALL = {
    "epsilon": (Epsilon(0.1), rules.Epsilon(0.1)),
    "gamma": (Gamma(0.5), rules.Gamma(0.5)),
    "alpha-beta": (AlphaBeta(1.5, 0.5), rules.AlphaBeta(1.5, 0.5)),
}


def test_as_zennit(pair):
    """All composites, and single rules for all layers."""
    model, peer = pair
    images = np.random.default_rng(0).uniform(LOW, HIGH, (3, 16, 16, 3)).astype("float32")
    cases = {name: (name, made(), options) for name, (made, options) in SAME.items()}
    for name, (ours, theirs) in ALL.items():
        cases[name] = (Composite(ours, ours), of_all(theirs)(), {})
    cases["w-square"] = (
        Composite(AlphaBeta(1, 0), Epsilon(), WSquare()),
        lambda canonizers: composites.SpecialFirstLayerMapComposite(
            [*BASE, (nn.Conv2d, rules.ZPlus()), (nn.Linear, rules.Epsilon())],
            [(nn.Conv2d, rules.WSquare())],
            canonizers,
        ),
        {},
    )
    gaps = {}
    for name, (composite, made, options) in cases.items():
        ours = lrp(model, images, [0, 1, 2], composite=composite, bounds=(LOW, HIGH))
        theirs = of_zennit(
            peer, images, made(**options, canonizers=[canonizers.SequentialMergeBatchNorm()])
        )
        gaps[name] = np.abs(ours.attributions - theirs).max() / np.abs(theirs).max()
    assert max(gaps.values()) < 1e-4, gaps


def of_zennit(peer, images, composite):
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).requires_grad_()
    with Gradient(model=peer, composite=composite) as attributor:
        _output, relevance = attributor(x, lambda y: y * torch.eye(4)[[0, 1, 2]])
    return relevance.numpy().transpose(0, 2, 3, 1)
