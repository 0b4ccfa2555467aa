"""Grad-CAM against its definition, the analytic case and tf-keras-vis."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
from tf_keras_vis.utils.scores import BinaryScore, CategoricalScore

import kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count

TINY = 1e-7  # tf-keras-vis adds it to the range before it divides


@pytest.fixture(scope="module")
def shared():
    """Convolutions, global average pooling, one dense layer; on non-square images."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((12, 8, 2)),
            layers.Conv2D(6, 3, activation="relu", padding="same", name="conv"),
            layers.MaxPooling2D(2, name="maps"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax", name="head"),
        ]
    )


def cam(model, images, target, layer):
    """The class activation map of Zhou et al. 2016, from the model's own weights."""
    maps = keras.Model(model.inputs[0], model.get_layer(layer).output)(images)
    return np.array(maps) @ model.layers[-1].get_weights()[0][:, target]


def test_equals_the_analytic_map(model, images):
    """Selvaraju 2017, section 3.1: with GAP and one dense layer, ReLU(CAM) / (H·W)."""
    ours = kc.visualize.grad_cam(model, images, target=2, layer="maps")
    expected = np.maximum(cam(model, images, 2, "maps"), 0) / (6 * 4)
    assert ours.shape == (3, 6, 4)
    assert expected.max() > 1e-3
    np.testing.assert_allclose(ours, expected, atol=1e-5 * expected.max())


def normalized(maps):
    low, high = (f(maps, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    return (maps - low) / (high - low + TINY)


@pytest.mark.parametrize(
    ("build", "layer"),
    [
        (
            lambda: kc.build_vgg16(width=1 / 16, input_shape=(64, 64, 3), classes=10),
            "block5_conv3",
        ),
        pytest.param(
            lambda: keras.applications.ResNet50(weights=None, input_shape=(96, 96, 3), classes=10),
            "conv5_block3_out",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_equals_tf_keras_vis(build, layer, rng):
    model = build()
    images, classes = rng.random((2, *model.input_shape[1:]), "float32"), [5, 7]
    peer = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)(
        CategoricalScore(classes), images, penultimate_layer=layer,
        seek_penultimate_conv_layer=False, expand_cam=False,
    )  # fmt: skip
    ours = kc.visualize.grad_cam(model, images, target=classes, layer=layer)
    assert np.ptp(peer) > 0.5
    np.testing.assert_allclose(normalized(ours), peer, atol=1e-3)


def test_scores_are_logits(model, images):
    """A saturated softmax has no gradient; its logits have."""
    model.layers[-1].set_weights([1e4 * w for w in model.layers[-1].get_weights()])
    before = np.array(model(images))
    best = before.argmax(axis=1)
    probabilities = keras.Sequential([model, layers.Rescaling(1.0)])
    silent = pytest.warns(UserWarning, match="is 0 everywhere for image 0, 1, 2")
    with pytest.warns(UserWarning, match="its output, not a logit, is used"), silent:
        of_probabilities = kc.visualize.grad_cam(probabilities, images, best, "maps")
    of_logits = kc.visualize.grad_cam(model, images, best, "maps")
    assert of_logits.max() > 1
    assert of_probabilities.max() < 1e-3 * of_logits.max()
    np.testing.assert_array_equal(np.array(model(images)), before)
    assert model.layers[-1].activation is keras.activations.softmax


def test_every_form_of_softmax_is_left_out(model, images):
    """One model that ends in all of them; a callable sees what enters each."""
    last, linear = model.layers[-1], layers.Dense(4, name="linear")
    heads = {
        "dense": last,
        "tensorflow": layers.Dense(4, activation=tf.nn.softmax),
        "nested": layers.Dense(4, activation=layers.Softmax()),
        "layer": lambda x: layers.Softmax()(linear(x)),
        "reshaped": lambda x: layers.Reshape((4,))(layers.Reshape((2, 2))(last(x))),
        "float32": lambda x: layers.Activation("linear", dtype="float32")(last(x)),
        "cast": lambda x: keras.ops.cast(last(x), "float32"),
        "functions": lambda x: keras.ops.squeeze(
            keras.ops.expand_dims(keras.ops.reshape(last(x), (-1, 4)), 1), 1
        ),
        "activation": lambda x: layers.Activation("softmax")(linear(x)),
        "operation": lambda x: keras.ops.softmax(linear(x)),
    }
    features = model.layers[-2].output
    other = keras.Model(model.inputs[0], [head(features) for head in heads.values()])
    for dense in (heads["tensorflow"], heads["nested"], linear):
        dense.set_weights(last.get_weights())
    seen = []
    ours = kc.visualize.grad_cam(
        other, images, lambda outputs: seen.extend(outputs) or sum(x[:, 1] for x in outputs)
    )
    kernel, bias = last.get_weights()
    expected = np.array(keras.Model(model.inputs[0], features)(images)) @ kernel + bias
    for head, logits in zip(heads, seen, strict=True):
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6, err_msg=head)
    np.testing.assert_allclose(
        ours, len(heads) * kc.visualize.grad_cam(model, images, 1), rtol=1e-5, atol=1e-7
    )


def test_single_sigmoid(model, images):
    """Class 1 is the logit, class 0 its negative, as in tf-keras-vis's BinaryScore."""
    inputs, features = model.inputs[0], model.layers[-2].output
    binary = keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="binary")(features))
    raw = cam(binary, images, 0, "maps") / (6 * 4)
    yes, no = (kc.visualize.grad_cam(binary, images, target, "maps") for target in (1, 0))
    np.testing.assert_allclose(yes, np.maximum(raw, 0), atol=1e-6)
    np.testing.assert_allclose(no, np.maximum(-raw, 0), atol=1e-6)
    predicted = (np.array(binary(images))[:, 0] > 0.5).astype(int)
    np.testing.assert_array_equal(
        kc.visualize.grad_cam(binary, images, None, "maps"),
        kc.visualize.grad_cam(binary, images, predicted, "maps"),
    )
    peer = Gradcam(binary, model_modifier=ReplaceToLinear(), clone=True)
    maps = peer(
        BinaryScore([False] * 3), images, penultimate_layer="maps",
        seek_penultimate_conv_layer=False, expand_cam=False, normalize_cam=False,
    )  # fmt: skip
    np.testing.assert_allclose(no, maps, atol=1e-6)


def test_targets(model, images):
    predicted = np.array(model(images)).argmax(axis=1)
    default = kc.visualize.grad_cam(model, images)
    np.testing.assert_array_equal(default, kc.visualize.grad_cam(model, images, predicted))
    each = kc.visualize.grad_cam(model, images, [0, 1, 2])
    for i in range(3):
        np.testing.assert_allclose(each[i], kc.visualize.grad_cam(model, images, i)[i], atol=1e-7)
    for score in (CategoricalScore([0, 1, 2]), lambda logits: [logits[i, i] for i in range(3)]):
        np.testing.assert_allclose(kc.visualize.grad_cam(model, images, score), each, atol=1e-7)
    difference = kc.visualize.grad_cam(
        model, images, lambda logits: logits[:, 1] - logits[:, 0], "maps"
    )
    expected = (cam(model, images, 1, "maps") - cam(model, images, 0, "maps")) / 24
    np.testing.assert_allclose(difference, np.maximum(expected, 0), atol=1e-6)


def test_scores_of_maps_are_averaged(images):
    """A segmentation network: the score of a class is its mean logit over the positions."""
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(5, 3, padding="same", name="features")(inputs)
    fully = keras.Model(inputs, layers.Conv2D(3, 1, activation="softmax", name="score")(x))
    maps = kc.visualize.activations(fully, images, "features")
    weights = fully.get_layer("score").get_weights()[0][0, 0, :, 1]
    expected = np.maximum(maps @ weights, 0) / (12 * 8)
    assert expected.max() > 1e-4
    np.testing.assert_allclose(
        kc.visualize.grad_cam(fully, images, 1, "features"), expected, atol=1e-7
    )


def test_several_inputs_and_outputs(rng):
    one, other = keras.Input((8, 8, 1)), keras.Input((8, 8, 2))
    x = layers.Concatenate(name="both")([one, other])
    x = layers.Conv2D(4, 3, name="conv")(x)
    pooled = layers.GlobalAveragePooling2D()(x)
    model = keras.Model([one, other], [layers.Dense(3)(pooled), layers.Dense(2)(pooled)])
    images = [rng.random((2, 8, 8, 1), "float32"), rng.random((2, 8, 8, 2), "float32")]
    first = kc.visualize.grad_cam(model, images, 1)
    assert first.max() > 0
    named = {t.name: x for t, x in zip(model.inputs, images, strict=True)}
    np.testing.assert_array_equal(kc.visualize.grad_cam(model, named, 1), first)
    assert first.shape == (2, 6, 6)
    same = kc.visualize.grad_cam(model, images, lambda outputs: outputs[0][:, 1])
    np.testing.assert_allclose(first, same, atol=1e-7)
    second = kc.visualize.grad_cam(model, images, lambda outputs: outputs[1][:, 1])
    assert not np.allclose(first, second)


def test_the_default_layer_is_the_last_with_spatial_extent():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, use_bias=False, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),  # after the activation, not the convolution before it
            layers.Conv2D(3, 6, name="one_by_one"),
            layers.Flatten(),
        ]
    )
    image = np.ones((1, 8, 8, 1), "float32")
    np.testing.assert_array_equal(
        kc.visualize.grad_cam(model, image, 0), kc.visualize.grad_cam(model, image, 0, "relu")
    )


@pytest.mark.parametrize("head", ["softmax", None])
def test_the_default_layer_of_a_segmentation_network_is_before_its_scores(head, rng):
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="last")(inputs)
    x = layers.Conv2D(3, 1, name="scores")(x)
    model = keras.Model(inputs, layers.Activation(head, name="end")(x) if head else x)
    image = rng.random((1, 8, 8, 1), "float32")
    np.testing.assert_array_equal(
        kc.visualize.grad_cam(model, image, 1), kc.visualize.grad_cam(model, image, 1, "last")
    )


@pytest.mark.parametrize("method", ["grad_cam", "score_cam"])
def test_the_default_layer_for_a_class_leads_to_the_first_output(method, rng):
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, activation="relu", name="shared")(inputs)
    first = layers.Conv2D(3, 3, activation="relu", name="first")(x)
    second = layers.Conv2D(3, 3, activation="relu", name="second")(layers.ReLU()(x))
    outputs = [layers.Dense(2)(layers.GlobalAveragePooling2D()(maps)) for maps in (first, second)]
    model, see = keras.Model(inputs, outputs), getattr(kc.visualize, method)
    images = rng.random((2, 8, 8, 1), "float32")
    np.testing.assert_array_equal(see(model, images, 0), see(model, images, 0, "first"))
    other = lambda outputs: outputs[1][:, 0]  # noqa: E731 (a callable sees all outputs)
    np.testing.assert_array_equal(see(model, images, other), see(model, images, other, "shared"))


def test_rows_and_columns_are_not_swapped():
    """A dot in row 9, column 2 lights up in row 9, column 2."""
    inputs = keras.Input((12, 8, 1))
    x = layers.Conv2D(1, 1, kernel_initializer="ones", activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    image = np.zeros((1, 12, 8, 1), "float32")
    image[0, 9, 2] = 1
    heatmap = kc.visualize.grad_cam(model, image, lambda y: y[:, 0], "conv")[0]
    assert np.unravel_index(heatmap.argmax(), heatmap.shape) == (9, 2)


def test_one_by_one_is_the_batch(model, images):
    batch = kc.visualize.grad_cam(model, images, [3, 1, 0])
    for i, target in enumerate([3, 1, 0]):
        one = kc.visualize.grad_cam(model, images[i : i + 1], target)
        np.testing.assert_allclose(one[0], batch[i], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(
        kc.visualize.grad_cam(model, images, [3, 1, 0], batch_size=2), batch, rtol=1e-5, atol=1e-9
    )


def test_a_map_without_evidence_is_zero_not_nan(model, images):
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([-np.abs(kernel), bias])
    assert (kc.visualize.grad_cam(model, images, 0) == 0).all()


def test_nested_models(model, images):
    outer = keras.Input((12, 8, 2))
    nested = keras.Model(outer, keras.Sequential([model])(outer * 1.0))
    expected = kc.visualize.grad_cam(model, images, 1)
    np.testing.assert_allclose(kc.visualize.grad_cam(nested, images, 1), expected, rtol=1e-5)
    base = keras.Sequential([keras.Input((12, 8, 2)), *model.layers[:1]], name="base")
    head = [layers.MaxPooling2D(2), layers.GlobalAveragePooling2D(), model.layers[-1]]
    whole = keras.Sequential([keras.Input((12, 8, 2)), base, *head])
    for layer in ("base", base):  # a nested model stands for what it puts out
        np.testing.assert_allclose(
            kc.visualize.grad_cam(whole, images, 1, layer),
            kc.visualize.grad_cam(model, images, 1, "conv"),
            rtol=1e-5,
        )
    for layer in ("conv", model.get_layer("conv")):
        np.testing.assert_allclose(
            kc.visualize.grad_cam(nested, images, 1, layer),
            kc.visualize.grad_cam(model, images, 1, "conv"),
            rtol=1e-5,
        )


def test_layers_run_as_at_inference(images):
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(4, 3, name="conv")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.9)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Dense(3)(x))
    before = [np.copy(w) for w in model.get_weights()]
    first, again = (kc.visualize.grad_cam(model, images, 0) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)  # moving statistics too


# Compiled once, and gone with the model


def test_compiled_once_for_a_shape(fresh, images):
    for n in (1, 2, 3):
        kc.visualize.grad_cam(fresh, images[:n], n)
        kc.visualize.grad_cam(fresh, images[:n])
    assert trace_count(fresh) == 1
    kc.visualize.grad_cam(fresh, images, 1, "maps")
    assert trace_count(fresh) == 2


def test_new_weights_are_seen(model, images):
    before = kc.visualize.grad_cam(model, images, 2)
    model.set_weights([2 * w for w in model.get_weights()])
    after = kc.visualize.grad_cam(model, images, 2)
    assert before.max() > 0
    np.testing.assert_allclose(after, 4 * before, rtol=1e-5)  # no biases: maps and weights doubled


def test_a_changed_model_is_compiled_anew(fresh, images):
    """Exchange the head, as for fine-tuning, then an activation."""

    def clone():
        other = keras.models.clone_model(fresh)
        other.set_weights(fresh.get_weights())
        return kc.visualize.grad_cam(other, images, 1, "conv")

    kc.visualize.grad_cam(fresh, images, 1, "conv")
    fresh.pop()
    fresh.add(layers.Dense(6, kernel_initializer="ones"))
    np.testing.assert_allclose(
        kc.visualize.grad_cam(fresh, images, 1, "conv"), clone(), rtol=1e-5, atol=1e-7
    )
    fresh.get_layer("conv").activation = keras.activations.tanh
    before = clone()  # a clone has the new activation
    np.testing.assert_allclose(
        kc.visualize.grad_cam(fresh, images, 1, "conv"), before, rtol=1e-5, atol=1e-7
    )
    assert trace_count(fresh) == 1


def test_a_quantized_model_is_compiled_again(images):
    """Its layers and their wiring are the same; what they compute is not."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((12,)), layers.Dense(5, name="head")])
    rows = images.reshape(len(images), -1)[:, :12]
    before = kc.visualize.activations(model, rows, "head")
    model.layers[-1].quantize("int8")
    after = kc.visualize.activations(model, rows, "head")
    np.testing.assert_allclose(after, np.array(model(rows)), rtol=1e-6)
    assert not np.array_equal(after, before)


def test_targets_that_are_called_leave_no_trace_behind(fresh, images):
    for _ in range(3):
        kc.visualize.grad_cam(fresh, images, lambda logits: logits[:, 0])
    assert trace_count(fresh) == 0


def test_targets_that_are_called_may_change(model, images):
    """What a callable looks up between calls is looked up anew."""
    wanted = [0]
    target = lambda logits: logits[:, wanted[0]]  # noqa: E731
    for wanted[0] in range(4):
        expected = kc.visualize.grad_cam(model, images, wanted[0])
        np.testing.assert_allclose(
            kc.visualize.grad_cam(model, images, target), expected, atol=1e-7
        )


def test_scores_of_tf_keras_vis_in_every_form(rng, model):
    images = rng.random((40, 12, 8, 2), "float32")  # more than one batch
    same = kc.visualize.grad_cam(model, images, 2)
    for score in (CategoricalScore(2), CategoricalScore([2]), CategoricalScore([2] * 40)):
        np.testing.assert_allclose(kc.visualize.grad_cam(model, images, score), same, atol=1e-6)
    classes = np.arange(40) % 4
    each = kc.visualize.grad_cam(model, images, CategoricalScore(list(classes)))
    np.testing.assert_allclose(each, kc.visualize.grad_cam(model, images, classes), atol=1e-6)


# Wrong arguments: one line, what was expected, what came, what to do


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layer": "cnov"}, ValueError, "layer must be one of .*'cnov'. Did you mean 'conv'"),
        ({"layer": "head"}, ValueError, r"must output maps.*'head' has .*\(None, 4\).*'maps'"),
        ({"layer": layers.ReLU(name="x")}, ValueError, "layer must be one of .*received 'x'"),
        ({"layer": layers.ReLU(name="conv")}, ValueError, "one of another model.*name, 'conv'"),
        ({"target": 4}, ValueError, "from 0 to 3; received 4"),
        ({"target": -1}, ValueError, "from 0 to 3; received -1"),
        (
            {"target": [0, 1]},
            ValueError,
            r"one index for each of the 3 images, \(3,\); received shape \(2,\)",
        ),
        ({"target": 1.5}, TypeError, "target must be a class index.*received 1.5"),
        ({"target": "cat"}, TypeError, "received 'cat'"),
        ({"target": [[0], [1], [2]]}, ValueError, r"\(3,\); received shape \(3, 1\)"),
        ({"target": np.eye(4)[:3]}, TypeError, r"float64 of shape \(3, 4\).*argmax"),
        ({"target": np.eye(4, dtype=int)[:3]}, ValueError, r"shape \(3, 4\).*argmax"),
        ({"target": lambda y: y[:, 7]}, ValueError, "target, .*: slice index 7 of.* bounds. Check"),
        ({"target": lambda y: y @ ops.ones((5, 1))}, ValueError, "target, .* failed on .*3,4"),
        ({"target": lambda y: np.sum(y, axis=1)}, ValueError, "with keras.ops, not with NumPy"),
        ({"target": lambda logits: logits}, ValueError, r"\(3,\); received shape \(3, 4\)"),
        ({"target": lambda logits: None}, ValueError, r"\(3,\); received None"),
        ({"target": lambda logits: np.ones(3)}, ValueError, "a target that uses the outputs"),
        ({"images": np.full((1, 12, 8, 2), 1e39)}, ValueError, "infinity"),
        ({"images": {"x": np.zeros((1, 12, 8, 2))}}, ValueError, r"names of .*received \['x'\]"),
        ({"images": np.zeros((12, 8, 2))}, ValueError, r"received \(12, 8, 2\).*images\[None\]"),
        ({"images": np.zeros((1, 12, 8, 3))}, ValueError, r"\(N, 12, 8, 2\); received"),
        ({"images": np.zeros((0, 12, 8, 2))}, ValueError, "at least one image"),
        ({"images": np.full((1, 12, 8, 2), np.nan)}, ValueError, "NaN"),
        ({"images": np.zeros((1, 12, 8, 2), "uint8")}, TypeError, "float.*received uint8"),
        ({"images": "cat.jpg"}, TypeError, "received the path 'cat.jpg'. Read the file first: np"),
        ({"images": [["cat.jpg"]]}, TypeError, "array of numbers"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1"),
        ({"model": "vgg16"}, TypeError, "must be a keras.Model; received str"),
    ],
)
def test_errors_teach(change, error, message, model, images):
    with pytest.raises(error, match=message) as caught:
        kc.visualize.grad_cam(**{"model": model, "images": images, **change})
    assert "\n" not in str(caught.value)


def test_a_layer_off_the_way_is_named(images):
    inputs = keras.Input((12, 8, 2))
    off = layers.Conv2D(2, 3, name="off")(inputs)
    on = layers.Conv2D(2, 3, name="on")(inputs)
    model = keras.Model(inputs, [layers.Flatten()(on), layers.Flatten()(off)])
    with pytest.raises(ValueError, match="does not depend on 'off'"):
        kc.visualize.grad_cam(model, images, 0, "off")
