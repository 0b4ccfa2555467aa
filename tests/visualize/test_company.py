"""A made picture does not depend on what else is made in the same call."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn import visualize
from kerascnn.visualize._engine import trunk

STEPS = 24  # more only make larger what is not the same
PICTURES = np.random.default_rng(0).random((3, 32, 32, 3), "float32")


@pytest.fixture(scope="module")
def resnet():
    return kc.build_resnet20(weights="cifar10")


MADE = {
    "units": lambda net, n: visualize.maximize_activation(
        net, layer="conv3_block2_2_conv", units=[4, 0, 2][:n], steps=STEPS
    ),
    "classes": lambda net, n: visualize.maximize_activation(net, [3, 1, 9][:n], steps=STEPS),
    "pictures of a callable": lambda net, n: visualize.maximize_activation(
        net, lambda y: y[:, 2], pictures=n, steps=STEPS
    ),
    "inversions": lambda net, n: visualize.invert_features(
        net, PICTURES[:n], "conv3_block2_2_conv", steps=STEPS
    ),
    "dreams": lambda net, n: visualize.deep_dream(
        net, PICTURES[:n], "conv3_block2_2_conv", octaves=1, steps=STEPS, jitter=4
    ),
}


SOME = ("units", "dreams")  # the others are slow tests


@pytest.mark.parametrize(
    "kind", [kind if kind in SOME else pytest.param(kind, marks=pytest.mark.slow) for kind in MADE]
)
def test_alone_and_in_company(kind, resnet):
    """oneDNN rounds otherwise for a single picture, and the steps would make that visible."""
    alone, among = MADE[kind](resnet, 1), MADE[kind](resnet, 3)
    np.testing.assert_allclose(alone[0], among[0], atol=1e-3)
    assert np.abs(among[0] - among[1]).max() > 1e-2


def test_large_pictures_of_one_unit_are_kept_apart_together(resnet, monkeypatch):
    """Each is computed alone where it is large, but the two of a unit are compared."""
    monkeypatch.setattr(trunk, "WORKING_SET", 1)
    options = {"layer": "conv3_block2_2_conv", "pictures": 2, "diversity": 1.0, "steps": 2}
    two = visualize.maximize_activation(resnet, units=[4], **options)
    four = visualize.maximize_activation(resnet, units=[4, 0], **options)
    np.testing.assert_allclose(two, four[:2], atol=1e-3)
