"""Activation maximisation against a plain loop, and by what its pictures do."""

import warnings
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from tf_keras_vis.utils.scores import BinaryScore, CategoricalScore

import kerascnn as kc
from kerascnn._graph import flatten, run
from kerascnn.visualize import Moves, Penalties, Pixels, klass, unit
from kerascnn.visualize._engine.compile import trace_count
from kerascnn.visualize._engine.goals import Units, similarity
from kerascnn.visualize._engine.trunk import Trunk

with warnings.catch_warnings():  # tf-keras-vis imports a module that it calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from tf_keras_vis.activation_maximization.regularizers import Norm, TotalVariation2D

maximize = kc.visualize.maximize_activation
STILL = {"moves": None}


@pytest.fixture(scope="module")
def shared():
    """Of free size, with a softmax behind global average pooling; no unit is silent on grey."""
    keras.utils.set_random_seed(0)
    conv = partial(layers.Conv2D, kernel_size=3, bias_initializer=keras.initializers.Constant(0.5))
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            conv(6, activation="relu", padding="same", name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            conv(5, strides=2, name="deep"),
            layers.ReLU(name="relu"),
            layers.GlobalAveragePooling2D(name="gap"),
            layers.Dense(4, activation="softmax", name="head"),
        ]
    )


def response(model, layer, pictures):
    """Mean activations (N, K)."""
    maps = kc.visualize.activations(model, pictures, layer)
    return maps.reshape(len(maps), -1, maps.shape[-1]).mean(axis=1)


# The climb itself


@pytest.mark.parametrize(
    ("goal", "score"), [({"target": 2}, 2), ({"layer": "conv", "units": 4}, 4)]
)
def test_equals_a_plain_loop(goal, score, model):
    """Adam on the pixels, written out with a tape and Keras's optimiser."""
    ours = maximize(model, **goal, size=(8, 10), steps=4, parameters="pixels", seed=3, **STILL)
    noise = np.random.default_rng([3, score, 0]).standard_normal((8, 10, 3))
    picture = keras.Variable((0.5 + 0.01 * noise)[None].astype("float32"))
    optimizer = keras.optimizers.Adam(0.05, epsilon=1e-8)
    optimizer.build([picture])
    inner = keras.Model(model.inputs, model.get_layer("conv" if "layer" in goal else "gap").output)
    kernel, bias = model.layers[-1].weights
    for _ in range(4):
        with tf.GradientTape() as tape:
            outputs = inner(picture.value)
            if "layer" in goal:
                value = tf.reduce_mean(outputs[..., score])
            else:  # the logit
                value = (outputs @ kernel.value + bias.value)[0, score]
        optimizer.apply([-tape.gradient(value, picture.value)])
        picture.assign(ops.clip(picture, 0, 1))
    np.testing.assert_allclose(ours, picture.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "parameters"),
    [("conv", "pixels"), ("pool", "fourier"), ("deep", "fourier"), ("gap", "pixels")],
)
def test_each_picture_is_for_its_own_unit(layer, parameters, model):
    options = {"layer": layer, "size": 12, "learning_rate": 0.1, "parameters": parameters, **STILL}
    pictures = maximize(model, steps=20, **options)
    units = model.get_layer(layer).output.shape[-1]
    assert pictures.shape == (units, 12, 12, 3)
    assert pictures.dtype == np.float32
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    found = response(model, layer, pictures)
    noise = response(model, layer, np.random.default_rng(0).random((50, 12, 12, 3), "float32"))
    assert (np.diag(found) > noise.max(axis=0)).all()
    assert (found.max(axis=0) - np.diag(found) < 0.1 * np.abs(found).max()).all()


@pytest.fixture(scope="module")
def lenet5():
    return kc.build_lenet5(weights="mnist")


def test_classes_of_digits_are_recognised(lenet5):
    pictures = maximize(lenet5, steps=64)
    np.testing.assert_array_equal(np.array(lenet5(pictures)).argmax(axis=1), range(10))
    assert pictures.shape == (10, 28, 28, 1)


def test_scores_are_logits(model):
    """A saturated softmax has no gradient; its logits have."""
    model.layers[-1].set_weights([1e4 * w for w in model.layers[-1].get_weights()])
    scores = []
    maximize(model, 1, steps=3, size=8, callback=lambda step, images, s: scores.append(s[0]))
    assert scores[0] < scores[1] < scores[2]
    assert np.abs(scores).max() > 1  # no probability
    head = maximize(model, layer="head", units=1, size=8, steps=3)
    np.testing.assert_allclose(head, maximize(model, 1, size=8, steps=3), atol=1e-6)


def test_the_neuron_in_the_centre():
    inputs = keras.Input((None, None, 1))
    outputs = layers.Conv2D(1, 3, kernel_initializer="ones", padding="same", name="conv")(inputs)
    model = keras.Model(inputs, outputs)
    options = {"size": (9, 11), "steps": 5, "parameters": "pixels", **STILL}
    noise = maximize(model, layer="conv", **{**options, "steps": 0})
    picture = maximize(model, layer="conv", position="center", **options)
    changed = np.argwhere(np.abs(picture - noise)[0, :, :, 0] > 1e-6)
    np.testing.assert_array_equal(changed.min(axis=0), [3, 4])  # 3x3 about row 4, column 5
    np.testing.assert_array_equal(changed.max(axis=0), [5, 6])
    whole = maximize(model, layer="conv", **options)
    assert (whole > noise).all()


@pytest.mark.parametrize(
    "rectified",
    [
        lambda: [layers.Conv2D(2, 3, activation="relu", name="unit")],
        lambda: [layers.Conv2D(2, 3), layers.ReLU(), layers.MaxPooling2D(name="unit")],
        lambda: [layers.Conv2D(2, 3), layers.Activation("relu6", name="unit")],
    ],
)
def test_silent_units_are_rescued(rectified):
    """A large negative bias: the ReLU passes no gradient, but for 16 steps what pulls it up."""
    model = keras.Sequential([keras.Input((None, None, 1)), *rectified()])
    model.layers[0].set_weights([np.ones((3, 3, 1, 2), "float32"), np.array([-4.9, -9], "float32")])
    options = {"size": 8, "parameters": "pixels", "learning_rate": 0.01, **STILL}
    start = maximize(model, layer="unit", steps=0, **options)
    assert response(model, "unit", start).max() == 0
    early, late = (maximize(model, layer="unit", steps=n, **options) for n in (16, 24))
    assert response(model, "unit", early)[0, 0] > 0.5  # 9 · 0.66 - 4.9
    assert early[1].mean() > start[1].mean() + 0.1
    assert response(model, "unit", early)[1, 1] == 0
    assert late[1].mean() < early[1].mean() + 0.06  # nothing but momentum


def test_silent_units_are_rescued_under_a_penalty():
    """Which has a gradient of its own."""
    unit = layers.Conv2D(1, 3, activation="relu", name="unit")
    model = keras.Sequential([keras.Input((None, None, 1)), unit])
    unit.set_weights([np.ones((3, 3, 1, 1), "float32"), np.array([-4.9], "float32")])
    options = {"size": 8, "parameters": "pixels", "learning_rate": 0.01, **STILL}
    held = maximize(model, layer="unit", steps=16, penalties=Penalties(l2=0.1), **options)
    assert response(model, "unit", held)[0, 0] > 0.5


def test_diversity_keeps_pictures_apart(model):
    options = {"layer": "deep", "units": [1], "pictures": 3, "size": 12, "steps": 20}
    alike, apart = (maximize(model, diversity=d, **options) for d in (0.0, 10.0))

    def of(pictures):
        maps = kc.visualize.activations(model, pictures, "deep")
        return float(np.mean(similarity(ops.convert_to_tensor(maps), 3)))

    assert alike.shape == (3, 12, 12, 3)
    assert of(apart) < of(alike) - 0.05


def test_similarity_by_hand():
    """Cosines of Gram matrices: parallel maps 2 · 1, orthogonal ones 0."""
    one, other = np.zeros((2, 2, 2, 2), "float32")
    one[..., 0], other[..., 1] = 3, 5
    maps = ops.convert_to_tensor(np.stack([one, 2 * one, one, one, other, 7 * other]))
    np.testing.assert_allclose(similarity(maps, 3), [2, 2, 2, 0, 1, 1], atol=1e-6)


@pytest.mark.parametrize("name", ["l2", "total_variation"])
def test_penalties_hold_back(name, model):
    options = {"layer": "deep", "units": [0], "size": 12, "steps": 20, "parameters": "pixels"}
    free, held = (
        maximize(model, penalties=Penalties(**{name: weight}), **options) for weight in (0, 50)
    )
    measures = {
        "l2": lambda x: np.square(x - 0.5).mean(),
        "total_variation": lambda x: np.square(np.diff(x, axis=1)).mean(),
    }
    assert measures[name](held) < 0.5 * measures[name](free)


def test_blur_smooths(model):
    options = {"layer": "deep", "units": [0], "size": 12, "steps": 8}
    sharp, blurred = (maximize(model, parameters=Pixels(blur=b), **options) for b in (0, 1.0))
    assert np.abs(np.diff(blurred, axis=1)).mean() < 0.7 * np.abs(np.diff(sharp, axis=1)).mean()


@pytest.mark.parametrize("name", ["small_norm", "small_contribution"])
def test_what_matters_little_becomes_grey(model, name):
    options = {"layer": "deep", "units": [0, 1], "size": 12, "steps": 8, **STILL}
    made = maximize(model, parameters=Pixels(**{name: 30}), **options)
    free = maximize(model, parameters="pixels", **options)
    for grey, all_of_it in zip((made == 0.5).all(-1), (free == 0.5).all(-1), strict=True):
        assert 0.29 < grey.mean() < 0.5
        assert all_of_it.mean() < 0.1


# Goals that are added up


def test_a_sum_climbs_as_its_terms_say(model):
    """By a plain function of the same scores: class 1 less twice a unit in the middle."""
    goal = klass(1) - 2 * unit("deep", 3, position="center") + 0.5 * unit("conv", 0)
    middle = "unit('deep', 3, position='center')"
    assert repr(goal) == f"1 * klass(1) - 2 * {middle} + 0.5 * unit('conv', 0)"
    gained = []
    options = {"size": 8, "steps": 3, "parameters": "pixels", **STILL}
    start = maximize(model, goal, **{**options, "steps": 0})
    last = maximize(model, goal, callback=lambda *now: gained.append(now), **options)
    gap = model.get_layer("gap").output
    kernel, bias = model.layers[-1].get_weights()

    def score(images):
        deep = kc.visualize.activations(model, images, "deep")[0]
        head = np.array(keras.Model(model.inputs[0], gap)(images))[0] @ kernel[:, 1] + bias[1]
        at_center = deep[deep.shape[0] // 2, deep.shape[1] // 2, 3]
        return head - 2 * at_center + 0.5 * response(model, "conv", images)[0, 0]

    images = [start, *(now[1] for now in gained)]
    for before, (_step, _images, scores) in zip(images[:-1], gained, strict=True):
        np.testing.assert_allclose(scores[0], score(before), rtol=1e-4)
    assert score(last) > score(start)


@pytest.mark.parametrize(
    ("plain", "goal"),
    [
        ({"layer": "deep", "units": [3]}, unit("deep", 3)),
        (
            {"layer": "deep", "units": 3, "position": "center"},
            unit("deep", 3, position="center"),
        ),
        ({"target": 2}, klass(2)),
        ({"target": [2, 1], "pictures": 2}, [klass(2), klass(1)]),
    ],
)
def test_a_unit_or_class_is_the_same_however_it_is_named(plain, goal, model):
    options = {"pictures": plain.get("pictures", 1), "steps": 4}
    found = maximize(model, goal, **options)
    expected = maximize(model, **{**options, **plain})
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_sums_in_a_list_are_what_they_are_alone(model):
    goals = [klass(2), unit("deep", 1) + klass(0), -unit("conv", 5)]
    options = {"size": 8, "steps": 3}
    together = maximize(model, goals, pictures=2, **options)
    alone = maximize(model, goals[1], pictures=2, **options)
    np.testing.assert_allclose(together[2:4], alone, atol=1e-4)


def test_a_sigmoid_unit_is_two_classes():
    """Class 1 is its logit and class 0 the negative of it, in a sum as everywhere."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(3, 3, activation="relu", bias_initializer="ones"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    goals = [klass(0), klass(1), 2 * klass(1) + klass(0)]
    scores = []
    images = maximize(
        model, goals, steps=1, parameters="pixels", callback=lambda *now: scores.append(now[2]),
        **STILL,
    )  # fmt: skip
    start = maximize(model, goals, steps=0, parameters="pixels", **STILL)
    probability = np.array(model(start))[:, 0]
    logit = np.log(probability / (1 - probability))
    np.testing.assert_allclose(scores[0], logit * (-1, 1, 1), rtol=1e-4, atol=1e-5)
    after = np.array(model(images))[:, 0]
    assert after[0] < probability[0]
    assert after[1] > probability[1]
    with pytest.raises(ValueError, match="index must be from 0 to 1, the classes; received 2"):
        maximize(model, klass(2), steps=1)


def test_a_shared_layer_has_goals_for_each_of_its_calls():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 2))
    shared = layers.Conv2D(2, 3, padding="same", bias_initializer="ones", name="shared")
    model = keras.Model(inputs, shared(layers.ReLU()(shared(inputs))))
    for layer in ("shared", shared):
        with pytest.raises(ValueError, match=r"matches 'shared:0', 'shared:1'\. Choose one"):
            maximize(model, unit(layer, 1), steps=1)
    scores = []
    goals = [unit("shared:0", 1), unit("shared:1", 1)]
    keep = {"callback": lambda *now: scores.append(now[2]), "parameters": "pixels"}
    maximize(model, goals, steps=1, **keep, **STILL)
    start = maximize(model, goals, steps=0, parameters="pixels", **STILL)
    own = [response(model, f"shared:{i}", start[i : i + 1])[0, 1] for i in (0, 1)]
    np.testing.assert_allclose(scores[0], own, rtol=1e-4)


def test_a_class_index_needs_a_fixed_number_of_scores():
    inputs = keras.Input((None, None, 1))
    scores = layers.Flatten()(layers.Conv2D(1, 3)(inputs))
    model = keras.Model(inputs, scores)  # as many scores as the image has places
    image = np.ones((1, 5, 5, 1), "float32")
    assert kc.visualize.saliency(model, image).shape == (1, 5, 5)
    for method in (partial(kc.visualize.saliency, model, image), partial(maximize, model, size=5)):
        with pytest.raises(ValueError, match="whose number of scores depends on the size"):
            method(3)
    with pytest.raises(ValueError, match="whose number of scores depends on the size"):
        maximize(model, klass(3), size=5)


# What users bring along


def test_targets_that_are_called(model):
    """tf-keras-vis's scores and functions, compiled for this call alone."""
    options = {"size": 8, "steps": 3}
    expected = maximize(model, [2, 3], **options)
    both = maximize(model, CategoricalScore([2, 3]), **options)
    np.testing.assert_array_equal(both, expected)
    first = maximize(model, 2, pictures=2, **options)
    np.testing.assert_array_equal(first[0], expected[0])
    same = maximize(model, CategoricalScore(2), pictures=2, **options)
    np.testing.assert_array_equal(first, same)
    before = trace_count(model)
    score = lambda logits: logits[:, 1] - logits[:, 0]  # noqa: E731
    gained = []
    maximize(model, score, pictures=2, callback=lambda *now: gained.append(now[2]), **options)
    assert gained[0].shape == (2,)
    assert (gained[0] < gained[1]).all()
    assert (gained[1] < gained[2]).all()
    assert trace_count(model) == before


@pytest.mark.parametrize(
    ("score", "error", "message"),
    [
        (lambda y: y[:, 7], ValueError, r"target, .*: slice index 7 .* bounds\. Check"),
        (lambda y: np.sum(y, axis=1), TypeError, "target, .* keras.ops, not with NumPy"),
        (lambda y: y.numpy()[:, 0], TypeError, "target, .* keras.ops, not with NumPy"),
    ],
)
def test_a_score_that_fails_is_explained(score, error, message, model):
    with pytest.raises(error, match=message) as told:
        maximize(model, score, size=8, steps=1)
    assert "\n" not in str(told.value)


def test_one_sigmoid(model):
    binary = keras.Model(model.inputs[0], layers.Dense(1, "sigmoid")(model.get_layer("gap").output))
    no, yes = maximize(binary, size=8, steps=10)
    outputs = np.array(binary(np.stack([no, yes])))[:, 0]
    assert outputs[0] < 0.5 < outputs[1]
    peer = maximize(binary, BinaryScore([True]), size=8, steps=10)
    np.testing.assert_allclose(peer[0], yes, atol=1e-6)


def test_regularizers_of_tf_keras_vis(model):
    """They see static shapes; the total variation is ours by another name."""
    options = {"layer": "deep", "units": [0, 1], "size": 8, "steps": 5, "parameters": "pixels"}
    theirs = maximize(model, penalties=TotalVariation2D(2.0), **options)
    ours = maximize(model, penalties=Penalties(0, 2.0, "absolute"), **options)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    more = maximize(model, penalties=[TotalVariation2D(1.0), Norm(1.0)], **options)
    assert not np.allclose(more, ours)


def test_preprocessing_is_part_of_the_climb(model):
    """A network that takes -1 … 1 turned over: its pictures are turned over too."""
    options = {"target": 1, "size": 8, "steps": 6, "parameters": "pixels"}
    plain = maximize(model, **options)
    turned = keras.Model(model.inputs, model((1 - model.inputs[0]) / 2))
    assert not np.allclose(maximize(turned, **options), plain, atol=0.05)
    ours = maximize(turned, preprocessing=lambda x: 1 - 2 * x, **options)
    np.testing.assert_allclose(ours, plain, atol=1e-4)


def test_caffe_preprocessing(model):
    """BGR: what was red for the network is blue in the picture."""
    caffe = kc.weights.preprocessing("vgg16", "imagenet")
    first = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(1, 1, name="blue", use_bias=False)]
    )
    first.layers[0].set_weights([np.array([1, 0, 0], "float32").reshape(1, 1, 3, 1)])
    options = {"size": 6, "steps": 15, "parameters": "pixels", "preprocessing": caffe, **STILL}
    picture = maximize(first, layer="blue", **options)[0]
    np.testing.assert_allclose(picture.mean(axis=(0, 1)), [0.5, 0.5, 1], atol=0.01)


# Any model


def test_only_what_leads_to_the_layer_is_run():
    inputs = keras.Input((20, 20, 1))
    x = layers.Conv2D(2, 3, name="conv")(inputs)

    class Behind(layers.Layer):
        def call(self, x):
            raise AssertionError("ran")

        def compute_output_shape(self, shape):
            return shape

    model = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(Behind()(x))))
    # The size that the dense layer fixes does not bind the layers before it.
    assert maximize(model, layer="conv", size=(7, 9), steps=1).shape == (2, 7, 9, 1)
    assert maximize(model, layer="conv", steps=1).shape == (2, 20, 20, 1)


def test_of_a_convolution_only_the_wanted_filters(model):
    """Their maps are the layer's own: with strides, dilation, padding, bias and activation."""
    inputs = keras.Input((None, None, 3))
    kinds = [
        layers.Conv2D(6, 3, strides=2, padding="same", activation="tanh"),
        layers.Conv2D(6, (2, 3), dilation_rate=2, use_bias=False),
        layers.Conv2D(6, 3, groups=3, activation="relu"),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.Conv2DTranspose(6, 3, strides=2, activation="relu"),
        layers.SeparableConv2D(6, 3, activation="relu"),
    ]
    pictures = np.random.default_rng(0).random((4, 9, 8, 3), "float32")
    units = np.array([4, 0, 5, 4], "int32")
    for kind in kinds:
        whole = keras.Model(inputs, kind(inputs))
        if kind.use_bias:
            kind.bias.assign(np.linspace(-1, 1, 6))
        goal = Units(Trunk((kind.name,), 1, 0, None), "all", 1, 0.0)
        scores = goal(flatten(whole), ops.convert_to_tensor(pictures), units, run)
        expected = np.array(whole(pictures)).mean(axis=(1, 2))[np.arange(4), units]
        np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_units_of_a_dilated_convolution():
    """Behind a layer that changes nothing, all filters are computed: the pictures are the same."""
    inputs = keras.Input((8, 6, 3))
    x = layers.Conv2D(4, 3, dilation_rate=2, padding="same", name="dilated")(inputs)
    x = layers.Activation("linear", name="behind")(x)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    one, other = (
        maximize(model, layer=name, units=[1, 3], steps=2, seed=0, **STILL)
        for name in ("dilated", "behind")
    )
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_nested_models(model):
    outer = keras.Input((None, None, 3))
    nested = keras.Model(outer, keras.Sequential([model])(outer * 1.0))
    options = {"layer": "deep", "units": [1, 3], "size": 8, "steps": 4}
    np.testing.assert_allclose(maximize(nested, **options), maximize(model, **options), atol=1e-5)


def test_one_of_several_inputs_leads_to_the_layer():
    one, other = keras.Input((8, 8, 1)), keras.Input((5,))
    x = layers.Conv2D(2, 3, name="conv")(one)
    joined = layers.Concatenate(name="both")([layers.Flatten()(x), other])
    model = keras.Model([other, one], layers.Dense(2, name="head")(joined))
    assert maximize(model, layer="conv", steps=2).shape == (2, 8, 8, 1)
    with pytest.raises(ValueError, match=r"one image input.*head.*\(None, 5\), \(None, 8, 8, 1\)"):
        maximize(model, 0)


def pictures_of_c1(model, steps):
    return maximize(model, layer="c1", units=[1, 4], steps=steps)


@pytest.fixture(scope="module")
def gained(lenet5):
    """What two units of LeNet-5 respond to the start, and to what 12 steps make of it."""
    return [response(lenet5, "c1", pictures_of_c1(lenet5, n))[[0, 1], [1, 4]] for n in (0, 12)]


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(name, policy, lenet5, gained):
    policy(name)
    mixed = kc.build_lenet5(weights="mnist")
    digits = maximize(mixed, [3, 4], steps=40)
    assert digits.dtype == np.float32
    np.testing.assert_array_equal(np.array(lenet5(digits)).argmax(axis=1), [3, 4])
    start, expected = gained
    ours = response(lenet5, "c1", pictures_of_c1(mixed, 12))[[0, 1], [1, 4]]
    assert (ours - start > 0.8 * (expected - start)).all()


# The same again


def test_the_seed_decides(model):
    options = {"layer": "deep", "units": [2, 3], "size": 8, "steps": 3}
    first, again, other = (maximize(model, seed=s, **options) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_unit_has_the_same_picture_in_any_company(model):
    options = {"layer": "deep", "size": (8, 11), "steps": 5, "pictures": 2}
    every = maximize(model, **options)
    for channel in (0, 3):
        alone = maximize(model, units=channel, **options)
        np.testing.assert_allclose(alone, every[2 * channel : 2 * channel + 2], atol=1e-4)
    np.testing.assert_allclose(maximize(model, batch_size=3, **options), every, atol=1e-4)
    options["diversity"] = 1.0  # the pictures of one unit stay together
    apart = maximize(model, **options)
    np.testing.assert_allclose(maximize(model, batch_size=3, **options), apart, atol=1e-4)


def test_the_callback_sees_every_step(model):
    seen = []
    last = maximize(model, [0, 1], size=8, steps=3, callback=lambda *now: seen.append(now))
    assert [step for step, _, _ in seen] == [1, 2, 3]
    assert all(images.shape == (2, 8, 8, 3) and scores.shape == (2,) for _, images, scores in seen)
    np.testing.assert_array_equal(seen[-1][1], last)


def test_compiled_once(fresh):
    """Also where the preprocessing is another that does the same."""
    options = {"size": 8, "steps": 1}
    for seed in range(2):
        maximize(fresh, layer="conv", units=range(2, 3), seed=seed, **options)
        maximize(fresh, layer="conv", units=[0, seed], seed=seed, **options)
        signed = kc.weights.Preprocessing("signed", 2.0, -1.0)
        maximize(fresh, 0, seed=seed, preprocessing=signed, **options)
    assert trace_count(fresh) == 2
    assert fresh.layers[-1].activation is keras.activations.softmax


# Wrong arguments


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"target": 4}, ValueError, "from 0 to 3; received 4"),
        ({"target": "cat"}, TypeError, "target must be a class index.*received 'cat'"),
        ({"target": 1, "layer": "deep"}, ValueError, "target must be None"),
        ({"layer": "depe"}, ValueError, "layer must be one of .*Did you mean 'deep'"),
        ({"layer": "deep", "units": [5]}, ValueError, "units must be from 0 to 4.*received 5"),
        ({"layer": "deep", "units": []}, ValueError, "units must be from 0 to 4.*received none"),
        ({"layer": "deep", "units": 1.5}, TypeError, "units must be a channel index"),
        ({"layer": "deep", "size": 3}, ValueError, "received 3x3: .* Use 6x6"),
        ({"size": (8,)}, ValueError, r"size must be a whole number.*, or two, \(height, width\)"),
        ({"size": 0}, ValueError, "size must be a whole number of at least 1"),
        ({"steps": -1}, ValueError, "steps must be a whole number of at least 0"),
        ({"seed": 0.5}, ValueError, "seed must be a whole number"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate must be a number of at least 0"),
        ({"parameters": "fft"}, ValueError, "parameters must be one of 'fourier', 'pixels'"),
        ({"position": "middle"}, ValueError, "position must be one of 'all', 'center'"),
        ({"moves": 3}, TypeError, r"moves must be None or Moves\(jitter, scale, rotation\)"),
        ({"penalties": 3}, TypeError, "penalties must be a function; received 3"),
        ({"target": klass(4)}, ValueError, "index must be from 0 to 3, the classes; received 4"),
        ({"target": unit("deep", 5)}, ValueError, "0 to 4, the channels of 'deep'; received 5"),
        ({"target": unit("depe", 5)}, ValueError, "Did you mean 'deep'"),
        ({"diversity": 1.0}, ValueError, "diversity must be 0 for classes"),
        ({"batch_size": -1}, ValueError, "batch_size must be a whole number of at least 1"),
        ({"preprocessing": "caffe"}, ValueError, "preprocessing must be one of"),
        ({"verbose": 2}, ValueError, "verbose must be True, False or 'auto'"),
    ],
)
def test_errors_teach(change, error, message, model):
    with pytest.raises(error, match=message) as caught:
        maximize(model, **{"size": 8, "steps": 1, **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Moves(1.5), "jitter must be a whole number"),
        (lambda: Moves(scale=1), "scale must be a number from 0 to 0.9; received 1"),
        (lambda: Moves(rotation=-3), "rotation must be a number from 0 to 180; received -3"),
        (lambda: Penalties(variation="l1"), "variation must be one of 'absolute', 'squared'"),
        (lambda: Penalties(l2=-1), "l2 must be a number of at least 0; received -1"),
        (lambda: Pixels(blur=-1), "blur must be a number of at least 0; received -1"),
        (lambda: Pixels(small_contribution=101), "from 0 to 100; received 101"),
        (lambda: unit("deep", -1), "index must be a whole number of at least 0; received -1"),
        (lambda: unit("deep", 0, position="middle"), "position must be one of 'all', 'center'"),
    ],
)
def test_errors_of_options_teach(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_size_that_a_dense_layer_fixes_is_named(lenet5):
    with pytest.raises(ValueError, match=r"40x28: .*'f6'. The model's input size is 28x28"):
        maximize(lenet5, 0, size=(40, 28))


@pytest.mark.parametrize("units", [None, [0]])
def test_a_layer_without_units(units):
    inputs = keras.Input((6, 6, 1))
    x = layers.Dense(1)(layers.Flatten()(inputs))
    model = keras.Model(inputs, layers.Reshape((), name="number")(x))
    with pytest.raises(ValueError, match="'number' returns one number per image"):
        kc.visualize.maximize_activation(model, layer="number", units=units, size=6, steps=1)
