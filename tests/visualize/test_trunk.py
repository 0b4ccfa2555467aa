"""Looking at pictures up to layers, and the views of convolutions that make it fast."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn._graph import flatten, run
from kerascnn.visualize._engine import silent_units
from kerascnn.visualize._engine.compile import trace_count
from kerascnn.visualize._engine.picture_arguments import check_pictures
from kerascnn.visualize._engine.tape import value_and_gradient
from kerascnn.visualize._engine.trunk import (
    Batches,
    batches,
    check_size,
    features_of,
    gradient_of,
    trunk_of,
)
from kerascnn.visualize._fast import convolutions

TOGETHER = Batches(32, alone=False)


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, activation="relu", padding="same", name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(5, 3, name="deep"),
        ]
    )


def test_features_are_the_layers_outputs(model, rng):
    pictures = rng.random((2, 9, 12, 3), "float32")
    graph = flatten(model)
    signed = kc.weights.Preprocessing("signed", 2.0, -1.0)
    maps = features_of(
        model, graph, trunk_of(model, graph, ["conv", "deep"], signed), pictures, TOGETHER
    )
    for name, found in zip(["conv", "deep"], maps, strict=True):
        expected = kc.visualize.activations(model, 2 * pictures - 1, name)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_average_pooling_in_place_of_max(model, rng):
    pictures = rng.random((1, 8, 6, 3), "float32")
    graph = flatten(model)
    (maps,) = features_of(
        model, graph, trunk_of(model, graph, ["pool"], None, "average"), pictures, TOGETHER
    )
    conv = kc.visualize.activations(model, pictures, "conv")
    expected = conv.reshape(1, 4, 2, 3, 2, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(maps, expected, atol=1e-6)


def test_the_gradient_is_that_of_the_objective(rng):
    """Against finite differences, through preprocessing; without kinks, so that these are good."""
    smooth = [layers.Conv2D(4, 3, activation="tanh"), layers.AveragePooling2D(2)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *smooth, layers.Conv2D(5, 3, name="deep")])
    graph = flatten(model)
    trunk = trunk_of(model, graph, ["deep"], kc.weights.Preprocessing("signed", 2.0, -1.0))

    def objective(graph, pictures, weights):
        return ops.sum(trunk(graph, pictures)[0] ** 2, axis=(1, 2, 3)) * weights

    pictures, weights = rng.random((2, 8, 8, 3), "float32"), np.array([1, 3], "float32")
    step = gradient_of(model, graph, ("test", trunk), objective, [pictures, weights])
    values, slope = (np.array(x) for x in step(*map(ops.convert_to_tensor, (pictures, weights))))
    direction = rng.normal(size=pictures.shape).astype("float32")
    nearby = [pictures + sign * 1e-2 * direction for sign in (1, -1)]
    above, below = (np.array(step(*map(ops.convert_to_tensor, (x, weights)))[0]) for x in nearby)
    by_differences = (above - below) / 2e-2
    np.testing.assert_allclose((slope * direction).sum(axis=(1, 2, 3)), by_differences, rtol=2e-2)
    assert values.shape == (2,)


def test_what_is_compiled_is_kept_where_it_can_be_told_apart(fresh):
    graph, picture = flatten(fresh), np.zeros((1, 8, 8, 3), "float32")
    signed = [kc.weights.Preprocessing("signed", 2.0, -1.0) for _ in range(2)]
    for preprocessing, kept in ((signed[0], 1), (signed[1], 1), (lambda x: x, 1), (None, 2)):
        features_of(
            fresh, graph, trunk_of(fresh, graph, ["deep"], preprocessing), picture, TOGETHER
        )
        assert trace_count(fresh) == kept


def test_sizes_are_checked_before_anything_is_computed(model):
    graph = flatten(model)
    trunk = trunk_of(model, graph, ["deep"])
    shapes = check_size(model, graph, trunk, (9, 12))
    assert shapes == {"conv": (None, 9, 12, 4), "pool": (None, 4, 6, 4), "deep": (None, 2, 4, 5)}
    with pytest.raises(
        ValueError, match=r"up to deep; received 4x12: the output is empty at .deep.\. Use 6x12"
    ):
        check_size(model, graph, trunk, (4, 12))
    assert batches(shapes) == Batches(32, alone=False)
    assert batches(shapes, 1) == Batches(1, alone=False)
    assert batches({"large": (None, 512, 512, 64)}) == Batches(1, alone=True)


@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        (np.zeros((1, 4, 4, 3), "uint8"), TypeError, "float in .*uint8. Divide by 255"),
        (np.zeros((4, 4, 3)), ValueError, r"\(N, H, W, 3\); received \(4, 4, 3\).*image\[None\]"),
        (np.zeros((1, 4, 4, 1)), ValueError, r"\(N, H, W, 3\); received \(1, 4, 4, 1\)"),
        (np.zeros((0, 4, 4, 3)), ValueError, "received"),
        (np.full((1, 4, 4, 3), 255.0), ValueError, "in .0, 1.*values from 255 to 255"),
        (np.full((1, 4, 4, 3), -0.1), ValueError, "preprocessing"),
        (np.full((1, 4, 4, 3), np.nan), ValueError, "nan"),
        ("cat.jpg", TypeError, "image must be an array; received the path .cat.jpg."),
    ],
)
def test_wrong_pictures(pictures, error, message):
    with pytest.raises(error, match=message) as caught:
        check_pictures("image", pictures, 3)
    assert "\n" not in str(caught.value)


def test_pictures_a_little_out_of_range_are_clipped():
    pictures = check_pictures("image", np.array([-1e-6, 1 + 1e-6]).reshape(1, 1, 2, 1), 1)
    np.testing.assert_array_equal(pictures.ravel(), [0, 1])
    assert pictures.dtype == np.float32


# Second views of convolutions


@pytest.mark.parametrize("size", [(6, 5), (7, 8), (2, 3)])
@pytest.mark.parametrize("kernel", [(3, 3), (5, 1)])
def test_halves_are_the_whole(size, kernel, rng, monkeypatch):
    """One picture as two halves: the same maps and the same gradient."""
    monkeypatch.setattr(convolutions, "WIDE", 2)
    layer = layers.Conv2D(4, kernel, padding="same", activation="relu", name="conv")
    model = keras.Sequential([keras.Input((None, None, 3)), layer])
    layer.bias.assign(rng.normal(size=4))
    (_inputs, node) = flatten(model).nodes
    halved = []
    original = convolutions.convolve_halves
    monkeypatch.setattr(
        convolutions, "convolve_halves", lambda *a: halved.append(1) or original(*a)
    )
    picture = ops.convert_to_tensor(rng.normal(size=(1, *size, 3)), "float32")
    weights = rng.normal(size=(1, *size, 4)).astype("float32")
    (fast, fast_slope), (slow, slope) = (
        value_and_gradient(lambda x, call=call: call(node, (x,), {}) * weights, picture)
        for call in (convolutions.run_fast, run)
    )
    assert len(halved) == 1
    np.testing.assert_allclose(fast, slow, atol=1e-5)
    np.testing.assert_allclose(fast_slope, slope, atol=1e-5)
    two = ops.concatenate([picture, picture])
    convolutions.run_fast(node, (two,), {})
    assert len(halved) == 1  # only a single picture gains by it


@pytest.mark.parametrize(
    "options",
    [{"strides": 2}, {"padding": "valid"}, {"dilation_rate": 2}, {"groups": 2}, {"kernel_size": 1},
     {"kernel_size": (3, 2)}],
)  # fmt: skip
def test_other_convolutions_are_left_alone(options, rng, monkeypatch):
    monkeypatch.setattr(convolutions, "WIDE", 2)
    monkeypatch.setattr(convolutions, "convolve_halves", None)
    layer = layers.Conv2D(4, **{"kernel_size": 3, "padding": "same", **options})
    model = keras.Sequential([keras.Input((8, 8, 4)), layer])
    picture = ops.convert_to_tensor(rng.normal(size=(1, 8, 8, 4)), "float32")
    node = flatten(model).nodes[-1]
    np.testing.assert_array_equal(
        convolutions.run_fast(node, (picture,), {}), run(node, (picture,), {})
    )


@pytest.mark.parametrize("gain", [200.0, 1e-5])
def test_gradients_in_half_precision_neither_overflow_nor_vanish(gain, policy):
    """Scaled up, the gradient 200 is too much for float16; as it is, 1e-5 is all but too small."""
    policy("mixed_float16")
    layer = layers.Conv2D(1, 1, use_bias=False, name="conv")
    model = keras.Sequential([keras.Input((2, 2, 1)), layer])
    layer.kernel.assign([[[[gain]]]])
    graph = flatten(model)
    trunk = trunk_of(model, graph, ["conv"])
    images = np.ones((1, 2, 2, 1), "float32")
    step = gradient_of(model, graph, ("test",), lambda g, x: ops.sum(trunk(g, x)[0]), [images])
    value, slope = step(ops.convert_to_tensor(images))
    np.testing.assert_allclose(value, 4 * gain, rtol=1e-2)
    np.testing.assert_allclose(slope, np.full_like(images, gain), rtol=1e-2)


# Gradients of the silent


def test_redirected_gradients_by_hand():
    """Where a picture's whole gradient is stopped, what pulls up passes; elsewhere nothing new."""
    model = keras.Sequential([keras.Input((1, 3, 1)), layers.ReLU(name="relu")])
    node = flatten(model).nodes[-1]
    x = ops.reshape(ops.convert_to_tensor([[-1.0, -2, -3], [-1.0, 2, -3]]), (2, 1, 3, 1))
    upstream = np.reshape([[5.0, -7, 0], [5.0, -7, 1]], (2, 1, 3, 1)).astype("float32")
    value, slope = value_and_gradient(
        lambda x: silent_units.redirected(node, (x,), {}) * upstream, x
    )
    np.testing.assert_array_equal(np.ravel(value), [0, 0, 0, 0, -14, 0])
    np.testing.assert_array_equal(np.ravel(slope), [5, 0, 0, 0, -7, 0])


def test_an_image_that_is_left_over_has_a_copy_beside_it():
    """Where no image is computed alone; and only there."""
    images = np.arange(5.0)[:, None]
    together = list(Batches(2, alone=False).parts([images]))
    assert [count for count, _part in together] == [2, 2, 1]
    assert [np.ravel(part).tolist() for _count, (part,) in together] == [[0, 1], [2, 3], [4, 4]]
    alone = list(Batches(1, alone=True).parts([images]))
    assert [np.ravel(part).tolist() for _count, (part,) in alone] == [[0], [1], [2], [3], [4]]
