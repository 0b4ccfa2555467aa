"""Nets of a hundred million weights in a moment, and small ones of every architecture."""

import keras
import numpy as np
import pytest

import kerascnn as kc

RANDOM = (
    keras.initializers.VarianceScaling,
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
)
# Near relatives of others, which only tests of whole nets build by default.
RELATIVES = {
    *(f"resnet{depth}" for depth in (34, 101, 152, 32, 44, 56, 110)),
    *(f"plain{depth}" for depth in (34, 32, 44, 56, 110)),
    *("vgg13", "vgg16", "vgg19", "fcn32s", "fcn16s", "plain18"),
    *("resnet18-v1.5", "resnet50-v1.5", "alexnet-single_tower", "googlenet-torchvision", "plain20"),
}

# What makes a net of each architecture small: (input shape, options).
NARROW = ((32, 32, 3), {"width": 1 / 16})
SMALL = {
    "alexnet": ((67, 67, 3), {"width": 1 / 16}),
    "googlenet": ((32, 32, 3), {}),
    "neocognitron": ((16, 16, 1), {}),
    "lenet5": ((32, 32, 1), {}),
    "yolov1": ((64, 64, 3), {"width": 1 / 16}),
    "unet-valid": ((188, 188, 1), {"width": 1 / 32}),
    "unet-same": ((32, 48, 1), {"width": 1 / 32}),
    "fusionnet": ((32, 32, 1), {"width": 1 / 32}),
    **dict.fromkeys(("fcn32s", "fcn16s", "fcn8s"), ((24, 40, 3), {"width": 1 / 64})),
    **dict.fromkeys(("vgg11", "vgg13", "vgg16", "vgg19"), NARROW),
    **dict.fromkeys(("plain18", "plain34"), NARROW),
    **{f"resnet{depth}": NARROW for depth in (18, 34, 50, 101, 152)},
}


def cases(*, all_are_quick):
    """Every variant of every architecture, as parameters of a test."""
    for name, architecture in kc.models.architectures().items():
        for case in architecture.cases:
            own = label(architecture, case)
            slow = not all_are_quick and not RELATIVES.isdisjoint({name, own})
            marks = [pytest.mark.slow] if slow else []
            yield pytest.param(architecture, case, marks=marks, id=own)


def label(architecture, case):
    """The name of a case in the tests: "unet-valid"."""
    return "-".join(filter(None, (architecture.name, case.variant)))


def pytest_generate_tests(metafunc):
    if {"architecture", "case"} <= set(metafunc.fixturenames):
        every = list(cases(all_are_quick="small" not in metafunc.fixturenames))
        metafunc.parametrize(("architecture", "case"), every)


@pytest.fixture
def small(architecture, case):
    """The function that builds the case's net, small."""
    whole = (case.input_shape, {})
    shape, options = SMALL.get(label(architecture, case), SMALL.get(architecture.name, whole))

    def build(**more):
        return architecture.builder(**{"input_shape": shape, **options, **case.options, **more})

    return build


def zeros(initializer, shape, dtype=None):
    return keras.ops.zeros(shape, dtype)


@pytest.fixture
def whole(architecture, case):
    """The function that builds the case's net as it is, all weights zero."""

    def build(**more):
        with pytest.MonkeyPatch.context() as patch:
            for kind in RANDOM:
                patch.setattr(kind, "__call__", zeros)
            return architecture.builder(**case.options, **more)

    return build


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.fixture
def shake():
    """The function that moves all weights a little, so that none of them is zero."""

    def move(model, seed=0):
        rng = np.random.default_rng(seed)
        for w in model.weights:
            if w.dtype.startswith("float"):
                w.assign(np.asarray(w) + rng.uniform(0.01, 0.1, w.shape))
        return model

    return move
