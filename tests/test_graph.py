"""The flat graph computes what the model computes, wherever its layers stand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn._graph import flatten, run
from kerascnn._known import known_name
from kerascnn._rescaling import rescaling_of


def evaluate(model, *inputs):
    graph = flatten(model)
    values = graph.evaluate([keras.ops.convert_to_tensor(x) for x in inputs], run)
    return [np.array(values[key]) for key in graph.outputs]


def block(filters, name):
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(filters, 3, padding="same", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model(
        inputs, layers.Add()([x, 2.0 * layers.Conv2D(filters, 1)(inputs)]), name=name
    )


@pytest.fixture
def images(rng):
    return rng.random((2, 8, 10, 3), "float32")


def test_nested_models_and_keras_operations(images):
    outer = keras.Input((8, 10, 3))
    x = keras.Sequential([keras.Input((None, None, 3)), block(3, "inner")], name="middle")(outer)
    x = keras.ops.concatenate([x, outer / 2.0], axis=-1)
    model = keras.Model(outer, layers.Dense(4, "softmax")(layers.Flatten()(x)))
    np.testing.assert_array_equal(evaluate(model, images)[0], model(images, training=False))
    names = [node.name for node in flatten(model).nodes]
    assert "middle/inner/conv" in names
    assert flatten(model).node("conv").name == "middle/inner/conv"


@pytest.mark.parametrize("widths", [[(0, 0), (1, 2), (0, 0), (2, 1)], [(1, 0), *[(0, 0)] * 3]])
def test_padded_channels_before_a_convolution(widths, images):
    """TensorFlow's own graph fails with oneDNN, or forgets what pads the batch."""
    inputs = keras.Input((8, 10, 3))
    padded = keras.ops.pad(inputs, widths)
    conv = layers.Conv2D(4, 3, name="conv")
    model = keras.Model(inputs, conv(padded))
    expected = np.array(conv(np.pad(images, widths)))

    def computed(x):
        graph = flatten(model)
        return graph.evaluate([x], run)[graph.outputs[0]]

    np.testing.assert_allclose(tf.function(computed)(images), expected, rtol=1e-5, atol=1e-6)


def test_a_layer_of_ones_own_may_be_called_pad(images):
    class Pad(layers.Layer):
        def call(self, x):
            return x + 1

    inputs = keras.Input((8, 10, 3))
    (found,) = evaluate(keras.Model(inputs, Pad()(inputs)), images)
    np.testing.assert_allclose(found, images + 1)


def test_padding_with_a_value_of_the_graph(images):
    inputs = keras.Input((8, 10, 3))
    padded = keras.ops.pad(inputs, [(0, 0)] * 3 + [(0, 1)], constant_values=keras.ops.mean(inputs))
    model = keras.Model(inputs, padded)
    np.testing.assert_allclose(evaluate(model, images)[0], np.array(model(images)), rtol=1e-6)


def test_a_nested_model_converts_integers():
    own = keras.Input((4,))
    inner = keras.Model(own, layers.Lambda(lambda x: x / 2 - keras.ops.mean(x))(own), name="inner")
    given = keras.Input((4,), dtype="int32")
    model = keras.Model(given, inner(given))
    integers = np.array([[1, 2, 3, 5], [0, 9, 4, 7]], "int32")
    np.testing.assert_allclose(evaluate(model, integers)[0], np.array(model(integers)), rtol=1e-6)
    assert flatten(model).nodes == flatten(model).nodes  # so that it is compiled once


def as_list(z, a):
    return [z, a]


def as_dict(z, a):
    return {"z": z, "a": a}


@pytest.mark.filterwarnings("ignore:.*structure of:UserWarning")  # of Keras, but not of all
@pytest.mark.parametrize(
    ("built", "called"),
    [
        (as_list, as_dict),
        (as_list, lambda z, a: {"b": a, **as_dict(z, a)}),  # what has no name there is ignored
        (as_dict, as_dict),
        (as_dict, lambda z, a: {"A": z, **as_dict(z, a)}),  # here Keras goes by the order
        (lambda z, a: {"a": a, "z": z}, lambda z, a: (a, z)),
        (lambda z, a: [z, [a]], lambda z, a: [z, a]),
        (lambda z, a: z, lambda z, a: {"a": a, "z": z}),
    ],
)
def test_inputs_of_a_nested_model_are_found_as_keras_does(built, called, rng):
    own = [keras.Input((6,), name=name) for name in "za"]
    used = keras.tree.flatten(built(*own))
    inner = keras.Model(built(*own), layers.Dense(3)(used[0]) / keras.ops.mean(used[-1]))
    outer = [keras.Input((6,)) for _ in own]
    model = keras.Model(outer, inner(called(*outer)))
    given = list(rng.random((2, 3, 6), "float32"))
    np.testing.assert_allclose(evaluate(model, *given)[0], model(given), rtol=1e-5)


@pytest.mark.parametrize(
    ("own", "outside", "dtype"),
    [
        ((6, 6, 4), (6, 6, 4), "float16"),
        ((6, 6, 4), (6, 6, 4), "uint8"),
        ((6, 6, 1), (6, 6), "float32"),
        ((6, 6), (6, 6, 1), "float32"),
        ((6, 6), (6, 6, 1), "float16"),
    ],
)
def test_tensors_are_fitted_to_inputs_of_a_nested_model(own, outside, dtype, rng):
    """Computed in half precision, numbers such as these would be infinite."""
    inputs = keras.Input(own, dtype="float32" if dtype == "float16" else dtype)
    large = 0.5 * keras.ops.cast(inputs, "float32") if dtype == "uint8" else inputs * 9e4
    inner = keras.Model(inputs, keras.ops.mean(large, axis=[1, 2]), name="inner")
    given = keras.Input(outside)
    before = layers.Rescaling(9, dtype="float32" if dtype == "uint8" else dtype)(given)
    model = keras.Model(given, inner(before))
    images = rng.random((2, *outside), "float32")
    np.testing.assert_allclose(evaluate(model, images)[0], model(images), rtol=1e-6)
    nodes = flatten(model).nodes
    assert len({node.name for node in nodes}) == len(nodes)
    assert nodes == flatten(model).nodes  # so that it is compiled once


def test_a_shared_model_has_a_node_for_each_call(images):
    one, other = keras.Input((8, 10, 3)), keras.Input((8, 10, 3))
    shared = block(2, "twin")
    model = keras.Model([one, other], layers.Subtract()([shared(one), shared(other)]))
    flipped = images[::-1].copy()
    np.testing.assert_array_equal(
        evaluate(model, images, flipped)[0], model([images, flipped], training=False)
    )
    graph = flatten(model)
    assert graph.node("twin:1/conv").operation is graph.node("twin:0/conv").operation
    with pytest.raises(ValueError, match="matches 'twin:0/conv', 'twin:1/conv'"):
        graph.node("conv")  # which of them?


def test_dropout_and_batch_normalization_are_at_inference(images):
    model = keras.Sequential(
        [keras.Input((8, 10, 3)), layers.BatchNormalization(), layers.Dropout(0.9)]
    )
    expected = images / np.sqrt(1 + 1e-3)  # moving mean 0, moving variance 1
    np.testing.assert_allclose(evaluate(model, images)[0], expected, rtol=1e-6)


def test_several_outputs_and_keywords(images):
    inputs = keras.Input((8, 10, 3))
    query = layers.Reshape((80, 3))(inputs)
    attention, scores = layers.MultiHeadAttention(1, 2)(
        query=query, value=query, return_attention_scores=True
    )
    model = keras.Model(inputs, [attention, scores])
    for ours, keras_own in zip(evaluate(model, images), model(images), strict=True):
        np.testing.assert_allclose(ours, keras_own, atol=1e-6)


def test_only_what_is_needed_is_computed(images):
    model = block(2, "block")
    graph, computed = flatten(model), []

    def call(node, args, kwargs):
        computed.append(node.name)
        return run(node, args, kwargs)

    graph.evaluate([keras.ops.convert_to_tensor(images)], call, until=graph.node("conv").outputs)
    assert computed == ["conv"]


def test_the_model_stays_as_it_is(images):
    model = block(2, "block")
    before = {layer.name: len(layer._inbound_nodes) for layer in model.layers}
    evaluate(model, images)
    assert {layer.name: len(layer._inbound_nodes) for layer in model.layers} == before


def test_models_without_a_graph_are_refused():
    class Subclassed(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"functional or built .* Use .*model\.call\(inputs\)\)"):
        flatten(Subclassed())
    unbuilt = keras.Sequential([layers.Dense(2)])
    with pytest.raises(ValueError, match=r"Call it on an input first, such as images\[:1\]\.$"):
        flatten(unbuilt)
    unbuilt(np.ones((1, 3), "float32"))
    assert [node.name for node in flatten(unbuilt).nodes][1:] == [unbuilt.layers[0].name]


def test_the_call_of_a_subclassed_model_has_a_graph():
    """As its error says: the layers, and the weights in them, are the same."""

    class Inner(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3, activation="relu", name="inside")

        def call(self, x):
            return self.dense(x)

    class Outer(keras.Model):
        def __init__(self, opened):
            super().__init__()
            self.inner, self.head = Inner(), layers.Dense(2, name="head")
            self.opened = opened

        def call(self, x):
            return self.head(self.inner.call(x) if self.opened else self.inner(x))

    x, inputs = np.random.default_rng(0).random((2, 4), "float32"), keras.Input((4,))
    closed = Outer(opened=False)
    expected = closed(x)
    closed(inputs)  # as is often advised; it changes nothing
    with pytest.raises(ValueError, match=r"model\.call\(inputs\)\)"):
        flatten(closed)
    functional = keras.Model(inputs, closed.call(inputs))
    np.testing.assert_allclose(functional(x), expected, rtol=1e-5)
    assert [n.name for n in flatten(functional).nodes][1:] == [closed.inner.name, "head"]
    opened = keras.Model(inputs, Outer(opened=True).call(inputs))
    assert [n.name for n in flatten(opened).nodes][1:] == ["inside", "head"]

    class CallsItself(keras.Model):  # its graph is not what it computes
        def call(self, x):
            return 2 * super().call(x)

    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match=r"overrides call\(\)"):
        flatten(CallsItself(inputs, layers.Dense(2)(inputs)))
    with pytest.raises(TypeError, match="received str"):
        flatten("vgg16")


def custom(name):
    """A layer of the user's own that has the name of something else."""
    return type(name, (layers.Layer,), {"call": lambda self, x: 2 * x * x})()


@pytest.mark.parametrize("name", ["Resize", "Resizing", "UpSampling2D", "Reshape", "Cast"])
def test_a_custom_layer_with_the_name_of_one_of_keras(name, images):
    """It is treated as with any other name."""

    def results(name):
        inputs = keras.Input((8, 10, 3))
        x = layers.Conv2D(3, 1, padding="same", kernel_initializer="ones")(custom(name)(inputs))
        x = layers.GlobalAveragePooling2D()(custom(name)(x))
        x = layers.Dense(2, "softmax", kernel_initializer=keras.initializers.GlorotUniform(0))(x)
        model = keras.Model(inputs, x)
        graph = flatten(model)
        yield kc.visualize.saliency(model, images, 0)
        yield [layer.activations for layer in kc.describe(model).layers]
        yield rescaling_of(graph, graph.inputs[0]) is None
        kc.train(model, (images, np.array([0, 1])), epochs=1, batch_size=2, verbose=0)
        yield model.get_weights()[0]

    for ours, theirs in zip(results(name), results("Square"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_subclass_without_code_of_its_own_is_treated_as_its_parent(images):
    class Enlarge(layers.UpSampling2D):
        pass

    class Double(layers.Layer):
        def call(self, x):
            return 2 * x

    assert known_name(Enlarge()) == "UpSampling2D"
    assert known_name(Double()) == known_name(custom("UpSampling2D")) == ""
    inputs = keras.Input((8, 10, 3))
    layer = Enlarge(2, interpolation="bicubic", dtype="float16")
    results = evaluate(keras.Model(inputs, layer(inputs)), images)
    plain = layers.UpSampling2D(2, interpolation="bicubic")(images)
    np.testing.assert_allclose(results[0], plain, atol=2e-3)


def test_the_first_argument_of_a_call_may_be_named(images):
    """Methods that replace a layer take its input from the first place."""
    x = inputs = keras.Input((8, 10, 3))
    for layer in (
        layers.Conv2D(2, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Softmax(),
    ):
        x = layer(inputs=x)
    model = keras.Model(inputs, layers.Attention()(inputs=[x, x]))
    nodes = flatten(model).nodes[1:]
    assert all(len(node.slots[0]) == 1 and "inputs" not in node.slots[1] for node in nodes)
    np.testing.assert_allclose(evaluate(model, images)[0], model(images), atol=1e-6)
