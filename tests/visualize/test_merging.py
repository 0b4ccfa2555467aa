"""Batch normalizations merged into convolutions, against the model itself."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn._graph import flatten, run
from kerascnn.visualize._fast.merging import merging


def model_of(input, build):
    """Build a model whose normalizations have statistics as after a training."""
    x = keras.Input(input)
    model = keras.Model(x, build(x))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 2, weight.shape) * rng.choice([-1, 1], weight.shape))
        if weight.path.endswith("variance"):
            weight.assign(np.abs(weight))
    return model


def computed(model, images):
    """Compute the outputs, and list the nodes whose call was given another layer."""
    graph, layers = flatten(model), []

    def watch(node, args, kwargs):
        own = graph.node(node.name).operation
        layers.append((node.name, node.operation is not own))
        return run(node, args, kwargs)

    values = graph.evaluate([keras.ops.convert_to_tensor(images)], merging(graph, watch))
    normalized = [n.name for n in graph.nodes if "normalization" in n.name]
    called = [name for name, _merged in layers]
    merged = [name for name, merged in layers if merged]
    assert len([name for name in normalized if name not in called]) == len(merged)
    return np.asarray(values[graph.outputs[0]]), merged


NORMALIZED = {
    "convolution": lambda x: layers.BatchNormalization()(layers.Conv2D(3, 3, name="c")(x)),
    "no bias, no gamma, no beta": lambda x: layers.BatchNormalization(scale=False, center=False)(
        layers.Conv2D(3, 3, strides=2, use_bias=False, name="c")(x)
    ),
    "depthwise": lambda x: layers.BatchNormalization(epsilon=0.1)(
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="c")(x)
    ),
    "transposed": lambda x: layers.BatchNormalization()(
        layers.Conv2DTranspose(3, 3, strides=2, name="c")(x)
    ),
    "groups and dilation": lambda x: layers.BatchNormalization()(
        layers.Conv2D(4, 2, groups=2, dilation_rate=2, name="c")(x)
    ),
}


@pytest.mark.parametrize("name", NORMALIZED)
def test_they_are_merged_and_change_nothing(name, rng):
    model = model_of((6, 8, 2), lambda x: layers.ReLU()(NORMALIZED[name](x)))
    images = rng.normal(size=(2, 6, 8, 2)).astype("float32")
    outputs, merged = computed(model, images)
    assert merged == ["c"]
    expected = model.predict(images, verbose=0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def twice(x):
    convolution = layers.Conv2D(3, 3, padding="same", name="c")
    sides = [layers.BatchNormalization()(convolution(y)) for y in (x, -x)]
    return layers.ReLU()(sides[0] - 2 * sides[1])


def test_a_shared_convolution_has_another_normalization_at_each_call(rng):
    model = model_of((6, 8, 2), twice)
    images = rng.normal(size=(2, 6, 8, 2)).astype("float32")
    outputs, merged = computed(model, images)
    assert merged == ["c:0", "c:1"]
    np.testing.assert_allclose(outputs, model.predict(images, verbose=0), rtol=1e-4, atol=1e-4)


class Doubled(layers.Conv2D):
    """A convolution with a call of its own."""

    def call(self, inputs):
        return 2 * super().call(inputs)


def used_twice(x):
    maps = layers.Conv2D(3, 3)(x)
    return layers.Add()([layers.BatchNormalization()(maps), maps])


NOT_MERGED = {
    "behind an activation": lambda x: layers.BatchNormalization()(
        layers.Conv2D(3, 3, activation="relu")(x)
    ),
    "used by others": used_twice,
    "over rows": lambda x: layers.BatchNormalization(axis=1)(layers.Conv2D(3, 3)(x)),
    "a layer of one's own": lambda x: layers.BatchNormalization()(Doubled(3, 3)(x)),
    "half precision": lambda x: layers.BatchNormalization()(
        layers.Conv2D(3, 3, dtype="mixed_bfloat16")(x)
    ),
}


@pytest.mark.parametrize("name", NOT_MERGED)
def test_others_are_computed_as_they_are(name, rng):
    model = model_of((6, 8, 2), NOT_MERGED[name])
    images = rng.normal(size=(2, 6, 8, 2)).astype("float32")
    outputs, merged = computed(model, images)
    assert merged == []
    np.testing.assert_allclose(outputs, model(images, training=False), rtol=1e-5, atol=1e-4)
