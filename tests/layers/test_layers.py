"""What all layers keep: they can be saved, work in half precision, and leave sizes open."""

import inspect

import keras
import numpy as np
import pytest

from kerascnn import layers
from kerascnn.layers import (
    AdaptiveAveragePooling2D,
    CCells,
    CropLike,
    LocallyConnected2D,
    LocalResponseNormalization,
    MaxPoolWithSwitches2D,
    MaxUnpool2D,
    RBFOutput,
    SCells,
    TableConv2D,
    TrainableSubsampling2D,
    ZeroPaddingShortcut,
)

MAPS = (7, 9, 4)
SWITCHES = np.broadcast_to(np.arange(4).reshape(1, 2, 2, 1) * 9, (2, 2, 2, 4)).astype("int32")
# A layer that is not in its default state, and the shapes of its inputs.
EXAMPLES = {
    "local_response_normalization": (
        lambda **k: LocalResponseNormalization(3, 1.0, 0.1, 0.5, "caffe", **k),
        [MAPS],
    ),
    "adaptive": (lambda **k: AdaptiveAveragePooling2D((3, 2), **k), [MAPS]),
    "zero_padding": (lambda **k: ZeroPaddingShortcut(6, 2, **k), [MAPS]),
    "subsampling": (lambda **k: TrainableSubsampling2D((2, 3), "tanh", **k), [MAPS]),
    "table": (
        lambda **k: TableConv2D([(0, 1), (3,), (1, 2, 3)], 3, layers.scaled_tanh, **k),
        [MAPS],
    ),
    "local": (lambda **k: LocallyConnected2D(5, (3, 2), 2, "same", "relu", **k), [MAPS]),
    "rbf": (lambda **k: RBFOutput([[1, -1, 1, 1], [0, 1, 0, 0]], "softmax", **k), [(4,)]),
    "s_cells": (lambda **k: SCells(6, 3, 1.5, "same", **k), [MAPS]),
    "c_cells": (lambda **k: CCells(3, 0.25, **k), [MAPS]),
    "crop": (lambda **k: CropLike((1, 2), **k), [MAPS, (3, 5, 1)]),
    "switches": (lambda **k: MaxPoolWithSwitches2D((2, 3), 2, "same", **k), [MAPS]),
    "unpool": (lambda **k: MaxUnpool2D((7, 9), **k), [(2, 2, 4), SWITCHES]),
}


@pytest.fixture(params=list(EXAMPLES))
def example(request):
    make, inputs = EXAMPLES[request.param]
    rng = np.random.default_rng(0)
    values = [x if isinstance(x, np.ndarray) else rng.random((2, *x), "float32") for x in inputs]
    return make, values[0] if len(values) == 1 else values


def arrays(outputs):
    return [np.asarray(x) for x in keras.tree.flatten(outputs)]


def test_every_layer_has_an_example():
    classes = {
        getattr(layers, name)
        for name in layers.__all__
        if inspect.isclass(getattr(layers, name))
        and issubclass(getattr(layers, name), keras.layers.Layer)
    }
    assert classes == {type(make()) for make, _inputs in EXAMPLES.values()}


def test_config_makes_the_same_layer(example):
    make, values = example
    layer = make(name="mine")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    before = arrays(layer(values))
    again(values)
    again.set_weights(layer.get_weights())
    for old, new in zip(before, arrays(again(values)), strict=True):
        np.testing.assert_array_equal(old, new)


def test_shapes_are_announced(example):
    make, values = example
    symbols = [
        keras.KerasTensor((None, *x.shape[1:]), str(x.dtype)) for x in keras.tree.flatten(values)
    ]
    layer = make()
    announced = keras.tree.flatten(layer(symbols[0] if len(symbols) == 1 else symbols))
    for symbol, array in zip(announced, arrays(layer(values)), strict=True):
        assert symbol.shape == (None, *array.shape[1:])
        assert symbol.dtype == str(array.dtype)


def test_half_precision_is_near(example):
    make, values = example
    full, half = make(), make(dtype="mixed_float16")
    full(values), half(values)
    half.set_weights(full.get_weights())
    for expected, output in zip(arrays(full(values)), arrays(half(values)), strict=True):
        assert output.dtype in ("float16", "int32")
        if output.dtype == "float16":
            np.testing.assert_allclose(output, expected, rtol=2e-2, atol=1e-2)


def test_runs_in_a_compiled_functional_model(example):
    make, values = example
    flat = keras.tree.flatten(values)
    inputs = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in flat]
    layer = make()
    outputs = layer(inputs[0] if len(inputs) == 1 else inputs)
    model = keras.Model(inputs[0] if len(inputs) == 1 else inputs, outputs)
    predicted = model.predict(values, verbose=0)
    for expected, output in zip(arrays(layer(values)), arrays(predicted), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        layers.MaxPoolWithSwitches2D(4),
        layers.TrainableSubsampling2D(4),
        layers.CCells(4),
        layers.SCells(2, 4, padding="valid"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_maps_smaller_than_the_window_are_refused(layer):
    with pytest.raises(ValueError, match=r"at least 4x4 pixels.*received 3x3"):
        layer(keras.Input((3, 3, 1)))
