"""The page's kernels against Keras: values to 1e-4, gradients to 1e-3 of the largest."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn._graph import flatten, run
from kerascnn.explorer._export import page_data


def data_of(model):
    return page_data(model, class_names=None, title=None, lang="en", dtype="float32")


def keras_values(model, inputs):
    """What every node gives, in the order of the page."""
    graph = flatten(model)
    keys = tuple(key for node in graph.nodes for key in node.outputs)
    values = graph.evaluate([keras.ops.convert_to_tensor(x[None]) for x in inputs], run, until=keys)
    return [np.asarray(values[key])[0] for key in keys]


def assert_close(ours, theirs, tolerance, what):
    theirs = np.ravel(theirs)
    largest = max(abs(theirs).max(), 1e-6)
    assert ours.shape == theirs.shape, what
    assert abs(ours - theirs).max() <= tolerance * largest, what


def compare(script, model, seed=0):
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=x.shape[1:]).astype("float32") for x in model.inputs]
    data = data_of(model)
    ours = script(
        "return KerasCNN.load(given.model).forward(given.inputs).values",
        model=data,
        inputs=inputs,
    )
    for node, mine, theirs in zip(data["nodes"], ours, keras_values(model, inputs), strict=True):
        assert_close(mine, theirs, 1e-4, node["name"])


ZOO = {
    "lenet5": {},
    "lenet5-1998": {"variant": "1998"},
    "resnet20": {},
    "plain20": {},
    "resnet20-B": {"shortcut": "B"},
    "mlp": {},
    "linear_regression": {},
    "logistic_regression": {},
    "perceptron": {},
    "locally_connected": {},
    "neocognitron": {},
}


@pytest.mark.parametrize("name", ZOO)
def test_every_layer_of_the_small_networks(name, script):
    keras.utils.set_random_seed(0)
    compare(script, kc.models.build(name.partition("-")[0], **ZOO[name]))
