import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input((10, 6, 1)), layers.Conv2D(3, 3, name="conv"), layers.ReLU(name="relu")],
        name="inner",
    )
    return keras.Sequential(
        [keras.Input((10, 6, 1)), inner, layers.Dropout(0.5), layers.Flatten(name="flat")]
    )


def test_values_are_the_layers_outputs(model, rng):
    images = rng.random((2, 10, 6, 1), "float32")
    maps = kc.visualize.activations(model, images, ["conv", "relu", "flat"])
    assert list(maps) == ["inner/conv", "inner/relu", "flat"]
    expected = np.array(model.get_layer("inner").get_layer("conv")(images))
    np.testing.assert_allclose(maps["inner/conv"], expected, atol=1e-6)
    np.testing.assert_allclose(maps["inner/relu"], np.maximum(expected, 0), atol=1e-6)
    np.testing.assert_allclose(maps["flat"], np.array(model(images)), atol=1e-6)


def test_one_layer_gives_one_array(model):
    image = np.zeros((1, 10, 6, 1), "float32")
    assert kc.visualize.activations(model, image, "conv").shape == (1, 8, 4, 3)
    # The last with spatial extent: dropout passes maps on.
    assert kc.visualize.activations(model, image).shape == (1, 8, 4, 3)


def test_what_lies_behind_is_not_run(rng):
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(2, 3, name="conv")(inputs)

    class Behind(layers.Layer):
        def call(self, x):
            raise AssertionError("ran")

        def compute_output_shape(self, shape):
            return shape

    model = keras.Model(inputs, Behind()(x))
    assert kc.visualize.activations(model, rng.random((1, 6, 6, 1)), "conv").shape == (1, 4, 4, 2)


def test_batches_are_put_together(model, rng):
    images = rng.random((5, 10, 6, 1), "float32")
    np.testing.assert_allclose(
        kc.visualize.activations(model, images, "conv", batch_size=2),
        kc.visualize.activations(model, images, "conv"),
        atol=1e-7,
    )


def test_an_empty_list_is_refused(model):
    with pytest.raises(ValueError, match="at least one layer"):
        kc.visualize.activations(model, np.zeros((1, 10, 6, 1)), [])


def test_whole_numbers_go_where_whole_numbers_are_wanted():
    inputs = keras.Input((4,), dtype="int32")
    model = keras.Model(inputs, layers.Embedding(5, 2)(inputs))
    tokens = np.array([[0, 1, 2, 3]])
    assert kc.visualize.activations(model, tokens, model.layers[-1]).shape == (1, 4, 2)


def test_a_model_that_takes_whole_numbers_gets_whole_numbers():
    model = keras.Sequential(
        [keras.Input((2, 2, 1), dtype="uint8"), keras.layers.Rescaling(1 / 255, name="scale")]
    )
    images = np.full((1, 2, 2, 1), 51, np.uint8)
    np.testing.assert_allclose(kc.visualize.activations(model, images, "scale"), 0.2)
    with pytest.raises(TypeError, match=r"images must be uint8.* received float64, which"):
        kc.visualize.activations(model, images / 255, "scale")


@pytest.mark.parametrize(
    ("dtype", "least", "most", "given"),
    [
        ("uint8", 0, 255, "int32"),
        ("int8", -128, 127, "uint8"),
        ("uint16", 0, 65535, "int64"),
        ("int32", -(2**31), 2**31 - 1, "uint64"),
    ],
)
def test_whole_numbers_do_not_wrap_around(dtype, least, most, given):
    model = keras.Sequential([keras.Input((2, 2, 1), dtype=dtype), layers.Rescaling(1.0)])
    lowest, highest = np.iinfo(given).min, np.iinfo(given).max
    images = np.full((1, 2, 2, 1), most, given)
    images[0, 0, 0] = max(least, lowest)
    found = kc.visualize.activations(model, images, model.layers[-1])
    np.testing.assert_array_equal(found, images.astype("float32"))
    for wrong in (least - 1, most + 1):
        if lowest <= wrong <= highest:
            images[0, 1, 1] = wrong
            with pytest.raises(ValueError, match=rf"must be {dtype} from .* received .*{wrong}"):
                kc.visualize.activations(model, images, model.layers[-1])


def test_all_layers_that_compute_in_their_order():
    inner = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.Conv2D(3, 3, name="conv")])
    inputs = keras.Input((4, 4, 2))
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(inner(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(5, name="scores")(x))
    found = kc.visualize.activations(model, np.ones((1, 4, 4, 2), "float32"), "all")
    assert [name.rpartition("/")[2] for name in found] == ["conv", "scores"]
    assert [maps.shape for maps in found.values()] == [(1, 2, 2, 3), (1, 5)]


class Gated(keras.layers.Layer):
    """A gate, with one channel, and features."""

    def __init__(self, **options):
        super().__init__(**options)
        self.gate = keras.layers.Conv2D(1, 3, activation="sigmoid")
        self.features = keras.layers.Conv2D(4, 3, activation="relu")

    def build(self, shape):
        self.gate.build(shape)
        self.features.build(shape)

    def call(self, x):
        return self.gate(x), self.features(x)


def gated(*, named=False):
    inputs = keras.Input((8, 8, 1))
    outputs = Gated(name="two")(inputs)
    if named:
        outputs = [keras.layers.Identity(name=n)(y) for n, y in zip("ab", outputs, strict=True)]
    maps = keras.layers.GlobalAveragePooling2D()(outputs[0] * outputs[1])
    return keras.Model(inputs, keras.layers.Dense(3)(maps))


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, x: kc.visualize.activations(model, x, "two"),
        lambda model, x: kc.visualize.grad_cam(model, x, 1, model.get_layer("two")),
        lambda model, x: kc.visualize.effective_receptive_field(model, x, "two"),
        lambda model, _x: kc.visualize.maximize_activation(model, layer="two", steps=1),
    ],
)
def test_a_layer_with_several_outputs_is_no_single_one(ask):
    with pytest.raises(ValueError, match=r"'two' has 2, of shapes .*, 1\), \(.*, 4\)\. Build"):
        ask(gated(), np.ones((1, 8, 8, 1), "float32"))


def test_all_layers_show_several_outputs_where_they_have_names(rng):
    model, x = gated(named=True), rng.random((2, 8, 8, 1), "float32")
    found = kc.visualize.activations(model, x, "all")
    assert [*found][:2] == ["a", "b"]
    for name, expected in zip("ab", model.get_layer("two")(x), strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6)
    with pytest.warns(UserWarning, match="the outputs of 'two' are left out"):
        assert "two" not in kc.visualize.activations(gated(), x, "all")


def test_the_second_output_alone_is_not_the_first(rng):
    inputs = keras.Input((8, 8, 1))
    features = keras.layers.Identity(name="features")(Gated()(inputs)[1])
    scores = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(features))
    model, x = keras.Model(inputs, scores), rng.random((1, 8, 8, 1), "float32")
    assert kc.visualize.activations(model, x).shape == (1, 6, 6, 4)


def test_states_and_weights_of_attention_follow_the_output(rng):
    """They are no reason to ask, even if they are used, nor is an output that nothing uses."""
    inputs = keras.Input((8, 8, 1))
    gate = Gated(name="two")(inputs)[0]
    steps = keras.layers.Reshape((6, 6))(gate)
    kept, state, _cell = keras.layers.LSTM(
        5, return_sequences=True, return_state=True, name="lstm"
    )(steps)
    attended, weights = keras.layers.MultiHeadAttention(1, 5, name="attention")(
        kept, kept, return_attention_scores=True
    )
    sums = [keras.layers.Flatten()(y) for y in (attended, weights, state)]
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Concatenate()(sums)))
    names = ["two", "lstm", "attention"]
    found = kc.visualize.activations(model, rng.random((1, 8, 8, 1), "float32"), names)
    assert [found[name].shape for name in names] == [(1, 6, 6, 1), (1, 6, 5), (1, 6, 5)]
