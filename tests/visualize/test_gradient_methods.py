"""What every method on gradients promises, whatever it computes."""

import keras
import numpy as np
import pytest
from keras import layers
from tf_keras_vis.utils.scores import CategoricalScore

import kerascnn as kc
from kerascnn.visualize import _gradients

see = kc.visualize

# Each as (model, images, target, **options) -> (N, …)
METHODS = {
    "saliency": see.saliency,
    "smooth_grad": lambda *a, **k: see.smooth_grad(*a, samples=3, **k),
    "integrated_gradients": lambda *a, **k: see.integrated_gradients(*a, steps=3, **k).attributions,
    "guided_backprop": see.guided_backprop,
    "guided_grad_cam": see.guided_grad_cam,
    "grad_cam_plus_plus": see.grad_cam_plus_plus,
    "layer_cam": see.layer_cam,
    "hires_cam": see.hires_cam,
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@pytest.fixture
def model():
    """Weights of either sign, but so many positive ones that no map is empty."""
    mixed = {"kernel_initializer": keras.initializers.RandomUniform(-0.1, 0.3, seed=0)}
    return keras.Sequential(
        [
            keras.Input((12, 8, 2)),
            layers.Conv2D(6, 3, activation="relu", padding="same", name="conv", **mixed),
            layers.MaxPooling2D(2, name="maps"),
            layers.Flatten(),
            layers.Dense(8, activation="relu", **mixed),
            layers.Dropout(0.9),
            layers.Dense(4, activation="softmax", name="head", **mixed),
        ]
    )


def close(actual, expected, part=1e-4):
    assert actual.shape == expected.shape
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(actual, expected, atol=part * np.abs(expected).max())


@every_method
def test_one_by_one_is_the_batch(method, model, images):
    targets = [3, 1, 0]
    batch = method(model, images, targets)
    assert batch.dtype == np.float32
    for i, target in enumerate(targets):
        close(method(model, images[i : i + 1], target)[0], batch[i])
    close(method(model, images, targets, batch_size=2), batch)


@every_method
def test_targets(method, model, images):
    """The predicted class by default; callables and tf-keras-vis's scores name classes too."""
    predicted = model.predict(images, verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(method(model, images), method(model, images, predicted))
    each = method(model, images, [0, 1, 2])
    close(method(model, images, lambda logits: [logits[i, i] for i in range(3)]), each)
    np.testing.assert_array_equal(method(model, images, CategoricalScore([0, 1, 2])), each)


@every_method
def test_the_model_stays_as_it_is(method, model, images):
    before = [np.copy(w) for w in model.get_weights()]
    outputs = model.predict(images, verbose=0)
    config = model.get_config()
    method(model, images, 1)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_array_equal(model.predict(images, verbose=0), outputs)
    assert model.get_config() == config


@every_method
def test_nested_models(method, model, images):
    outer = keras.Input((12, 8, 2))
    nested = keras.Model(outer, keras.Sequential([model])(outer * 1.0))
    close(method(nested, images, 1), method(model, images, 1))


@every_method
def test_scores_are_logits(method, model, images):
    """A saturated softmax has no gradient; its logits have."""
    model.layers[-1].set_weights([1e4 * w for w in model.layers[-1].get_weights()])
    best = model.predict(images, verbose=0).argmax(axis=1)
    of_logits = method(model, images, best)
    of_probabilities = method(keras.Sequential([model, layers.Rescaling(1.0)]), images, best)
    assert np.abs(of_probabilities).max() < 1e-3 * np.abs(of_logits).max()


@every_method
@pytest.mark.parametrize(("name", "tolerance"), [("mixed_float16", 0.03), ("mixed_bfloat16", 0.15)])
def test_mixed_precision(method, name, tolerance, policy, rng):
    images = rng.random((2, 12, 8, 2), "float32")

    def build():
        keras.utils.set_random_seed(0)
        inputs = keras.Input((12, 8, 2))
        x = layers.Conv2D(6, 3, activation="relu")(inputs)
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, activation="relu")(x))
        return keras.Model(inputs, layers.Dense(4)(x))

    full = build()
    policy(name)
    mixed = build()
    mixed.set_weights(full.get_weights())
    ours, expected = method(mixed, images, [0, 1]), method(full, images, [0, 1])
    assert ours.dtype == np.float32
    error = np.linalg.norm(ours - expected) / np.linalg.norm(expected)
    assert error < tolerance


@every_method
def test_small_gradients_survive_half_floats(method, policy, rng):
    """Gradients of 1e-8 at the activations are 0 in float16, unless they are scaled up."""
    policy("mixed_float16")
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(2, 1, activation="relu", kernel_initializer="ones", name="maps")(inputs)
    x = layers.Rescaling(2.0**-13)(layers.GlobalAveragePooling2D()(x))
    x = layers.Rescaling(2.0**-10, dtype="float32")(x)
    model = keras.Model(inputs, layers.Dense(2, kernel_initializer="ones", dtype="float32")(x))
    assert np.abs(method(model, 1 + rng.random((1, 4, 4, 1), "float32"), 0)).max() > 0


@every_method
def test_compiled_once(method, model, images):
    """However many images, classes and calls there are."""
    method(model, images)
    traces = _gradients.trace_count(model)
    for i in range(20):
        method(model, images[: 1 + i % 3], i % 4)
        method(model, images[: 1 + i % 3])
    assert _gradients.trace_count(model) == traces <= 5


@pytest.mark.slow
@every_method
def test_200_calls_compile_nothing_new(method, model, images):
    method(model, images)
    traces = _gradients.trace_count(model)
    for i in range(200):
        method(model, images[: 1 + i % 3], i % 4)
    assert _gradients.trace_count(model) == traces


@every_method
def test_rows_and_columns_are_not_swapped(method):
    """The score is the ReLU of one pixel, in row 9 and column 2."""
    inputs = keras.Input((12, 8, 1))
    x = layers.Conv2D(1, 1, kernel_initializer="ones", activation="relu", name="maps")(inputs)
    model = keras.Model(inputs, layers.Flatten()(layers.Cropping2D(((9, 2), (2, 5)))(x)))
    image = np.linspace(1, 2, 12 * 8, dtype="float32").reshape(1, 12, 8, 1)
    # Methods whose weights are means spread the class over the whole map of this model.
    seen = np.abs(method(model, image, 0)).reshape(12, 8)
    if method in (METHODS["grad_cam_plus_plus"],):
        assert np.unravel_index(seen.argmax(), seen.shape) == (11, 7)  # where A is largest
    else:
        assert np.unravel_index(seen.argmax(), seen.shape) == (9, 2)


PIXELS = ("saliency", "smooth_grad", "integrated_gradients", "guided_backprop", "guided_grad_cam")


@pytest.mark.parametrize("name", PIXELS)
def test_several_inputs_and_outputs(name, rng):
    one, other = keras.Input((8, 6, 1)), keras.Input((8, 6, 2))
    x = layers.Conv2D(4, 3, activation="relu")(layers.Concatenate()([one, other]))
    pooled = layers.GlobalAveragePooling2D()(x)
    model = keras.Model([one, other], [layers.Dense(3)(pooled), layers.Dense(2)(pooled)])
    images = [rng.random((2, 8, 6, 1), "float32"), rng.random((2, 8, 6, 2), "float32")]
    options = {"reduce": None} if name in ("saliency", "smooth_grad") else {}
    method = METHODS[name]
    first = method(model, images, 1, **options)
    assert [x.shape for x in first] == [x.shape for x in images]
    same = method(model, images, lambda outputs: outputs[0][:, 1], **options)
    other = method(model, images, lambda outputs: outputs[1][:, 1], **options)
    for a, b, c in zip(first, same, other, strict=True):
        close(b, a)
        assert not np.allclose(c, a)


def test_an_input_that_does_not_count_has_no_gradient(rng):
    one, other = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
    outputs = [layers.Dense(2)(layers.Flatten()(x)) for x in (one, other)]
    model = keras.Model([one, other], outputs)
    images = [rng.random((2, 4, 4, 1), "float32") for _ in range(2)]
    first, second = see.saliency(model, images, 0)
    assert first.max() > 0
    assert (second == 0).all()


@every_method
def test_a_target_must_use_the_outputs(method, model, images):
    with pytest.raises(ValueError, match="target that uses the outputs"):
        method(model, images, lambda logits: np.ones(3))


@every_method
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"target": 4}, ValueError, "from 0 to 3; received 4"),
        ({"target": "cat"}, TypeError, "received 'cat'"),
        ({"target": lambda logits: logits}, ValueError, r"\(3,\); received shape \(3, 4\)"),
        ({"images": np.zeros((12, 8, 2))}, ValueError, r"images\[None\]"),
        ({"images": np.zeros((1, 12, 8, 2), "uint8")}, TypeError, "float.*received uint8"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1"),
        ({"model": "vgg16"}, TypeError, "must be a keras.Model; received str"),
    ],
)
def test_errors_teach(method, change, error, message, model, images):
    options = dict(change)
    arguments = [options.pop("model", model), options.pop("images", images)]
    with pytest.raises(error, match=message) as caught:
        method(*arguments, options.pop("target", 0), **options)
    assert "\n" not in str(caught.value)
