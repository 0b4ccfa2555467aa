"""Nets of a hundred million weights in a moment, and small ones of every architecture."""

from itertools import combinations

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.plots._diagram.certificate import certify
from kerascnn.plots._diagram.choose import chosen, fits

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
    "yolov1-paper": ((64, 64, 3), {"width": 1 / 16}),
    "yolov1-small": ((32, 48, 3), {"width": 1 / 16}),
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
        # One case after the other, so that what its tests share is built once and then dropped.
        metafunc.parametrize(("architecture", "case"), every, scope="module")


@pytest.fixture(scope="module")
def small_shape(architecture, case):
    """The input shape of the case's small net."""
    return small_net(architecture, case)[0]


@pytest.fixture(scope="module")
def small(architecture, case):
    """The function that builds the case's net, small."""
    shape, options = small_net(architecture, case)

    def build(**more):
        return architecture.builder(**{"input_shape": shape, **options, **case.options, **more})

    return build


@pytest.fixture(scope="module")
def leads_its_family(architecture, case):
    """Whether this is the first of those whose builders share a file, relatives apart."""
    leaders = {}
    for a in kc.models.architectures().values():
        for c in a.cases:
            if RELATIVES.isdisjoint({a.name, label(a, c)}):
                leaders.setdefault(a.builder.__module__, label(a, c))
    return label(architecture, case) in leaders.values()


def small_net(architecture, case):
    whole = (case.input_shape, {})
    return SMALL.get(label(architecture, case), SMALL.get(architecture.name, whole))


@pytest.fixture(scope="session")
def call():
    """Call a net, which may have no values, with these weights: the order is that of `weights`."""

    def run(model, weights, images):
        mapping = list(zip(model.weights, weights, strict=True))
        with keras.StatelessScope(mapping):
            return model(images)

    return run


@pytest.fixture(scope="session")
def shake():
    """The function that moves all weights a little, so that none of them is zero."""

    def move(model, seed=0):
        rng = np.random.default_rng(seed)
        for w in model.weights:
            if w.dtype.startswith("float"):
                w.assign(np.asarray(w) + rng.uniform(0.01, 0.1, w.shape))
        return model

    return move


@pytest.fixture(scope="session")
def random_weights():
    """Values for a net's weights that keep its maps within bounds; no two alike."""

    def draw(model, seed=0):
        rng = np.random.default_rng(seed)
        for w in model.weights:
            if len(w.shape) > 1:
                fan_in = np.prod(w.shape[:-1])
                yield rng.standard_normal(w.shape, "float32") * np.float32(fan_in**-0.5)
            else:  # variances among them
                yield rng.uniform(0.5, 1.5, w.shape).astype("float32")

    return draw


@pytest.fixture(scope="session")
def check_diagram():
    """The diagram of a description: certified, readable on a slide, no block on another."""

    def check(description):
        for kind in (None, "graph"):
            calls, plan = chosen(description, kind=kind)
            certificate = certify(plan, calls)
            assert certificate.layers == len(description.layers)
            assert certificate.parameters == description.parameters
            assert certificate.edges == sum(len(r.inputs) for r in description.layers)
            fronts = [(b.x, b.y, b.x + b.width, b.y + b.height) for b in plan.boxes]
            for (left, top, right, bottom), other in combinations(fronts, 2):
                across = right <= other[0] or other[2] <= left
                assert across or bottom <= other[1] or other[3] <= top
            if kind is None:
                assert fits(plan)

    return check
