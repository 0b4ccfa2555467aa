"""What every method on gradients promises, whatever it computes."""

from contextlib import nullcontext

import keras
import numpy as np
import pytest
from keras import layers
from tf_keras_vis.utils.scores import CategoricalScore

import kerascnn as kc
from kerascnn.visualize._engine.compile import trace_count

see = kc.visualize

# Each as (model, images, target, **options) -> (N, …)
METHODS = {
    "saliency": see.saliency,
    "smooth_grad": lambda *a, **k: see.smooth_grad(*a, samples=3, **k),
    "integrated_gradients": lambda *a, **k: (
        see.integrated_gradients(*a, **{"steps": 3, **k}).attributions
    ),
    "expected_gradients": lambda *a, **k: (
        see.expected_gradients(*a, samples=3, baselines=starts_of(a[0]), **k).attributions
    ),
    "blur_integrated_gradients": lambda *a, **k: (
        see.blur_integrated_gradients(*a, steps=2, **k).attributions
    ),
    "gradient_times_input": lambda *a, **k: see.gradient_times_input(*a, **k).attributions,
    "deep_lift": lambda *a, **k: see.deep_lift(*a, **k).attributions,
    "lrp": lambda *a, **k: see.lrp(*a, **k).attributions,
    "guided_backprop": see.guided_backprop,
    "guided_grad_cam": see.guided_grad_cam,
    "grad_cam": see.grad_cam,
    "grad_cam_plus_plus": see.grad_cam_plus_plus,
    "layer_cam": see.layer_cam,
    "hires_cam": see.hires_cam,
}
# Report a gradient of 0, which gives an empty map
MAPS = ("guided_grad_cam", "grad_cam", "grad_cam_plus_plus", "layer_cam", "hires_cam")
RULED = ("deep_lift", "lrp")  # refuse what they have no rule for


def starts_of(model):
    """Two images of 0 and 1, for each input; of a model that is none, one."""
    inputs = getattr(model, "inputs", None) or [keras.KerasTensor((None, 2, 2, 1))]
    starts = [np.repeat(np.float32([0, 1]), np.prod(x.shape[1:])) for x in inputs]
    starts = [s.reshape(2, *x.shape[1:]) for s, x in zip(starts, inputs, strict=True)]
    return starts if len(starts) > 1 else starts[0]


every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@pytest.fixture(scope="module")
def shared():
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


@pytest.fixture(scope="module")
def nested(shared):
    outer = keras.Input((12, 8, 2))
    return keras.Model(outer, keras.Sequential([shared])(outer * 1.0))


@every_method
def test_nested_models(method, model, nested, images):
    close(method(nested, images, 1), method(model, images, 1))


@pytest.fixture(scope="module")
def probabilities(shared):
    """A model whose scores are probabilities: its softmax is not at its end."""
    return keras.Sequential([shared, layers.Rescaling(1.0)])


@pytest.mark.parametrize("name", [name for name in METHODS if name not in RULED])
def test_scores_are_logits(name, model, probabilities, images):
    """A saturated softmax has no gradient; its logits have."""
    method = METHODS[name]
    model.layers[-1].set_weights([1e4 * w for w in model.layers[-1].get_weights()])
    best = model.predict(images, verbose=0).argmax(axis=1)
    of_logits = method(model, images, best)
    silent = pytest.warns(UserWarning, match="0 everywhere") if name in MAPS else nullcontext()
    with pytest.warns(UserWarning, match="its output, not a logit, is used"), silent:
        of_probabilities = method(probabilities, images, best)
    assert np.abs(of_probabilities).max() < 1e-3 * np.abs(of_logits).max()


def of_few_digits(policy):
    """A net whose maps and gradients, at images of 0, 2 and 4, have no more than 8 binary digits.

    That is what bfloat16 keeps, so that rounding cannot hide a mistake, nor move a ReLU.
    """
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu", dtype=policy)(inputs)
    x = layers.Conv2D(6, 3, activation="relu", dtype=policy)(x)
    x = layers.GlobalAveragePooling2D(dtype=policy)(x)
    model = keras.Model(inputs, layers.Dense(4, dtype=policy)(x))
    rng = np.random.default_rng(0)
    values = [-1, 0, 0, 1], [0], [-1, 1, *[0] * 10], [0], [-1, 1], [0]
    model.set_weights(
        [rng.choice(v, w.shape) for v, w in zip(values, model.get_weights(), strict=True)]
    )
    return model


@pytest.fixture(scope="module")
def full():
    return of_few_digits("float32")


@pytest.fixture(scope="module", params=["mixed_float16", "mixed_bfloat16"])
def half(request):
    return of_few_digits(request.param)


EXACT = {  # points and noise that add no digits
    "smooth_grad": {"noise": 0.0},
    "integrated_gradients": {"steps": 2, "rule": "trapezoid"},
}


# Points that add digits, whatever the options
ROUNDED = ("expected_gradients", "blur_integrated_gradients")


@pytest.mark.parametrize("name", [name for name in METHODS if name not in ROUNDED])
def test_mixed_precision(name, full, half, rng):
    images = 2 * rng.integers(0, 3, (2, 12, 8, 2)).astype("float32")
    expected, ours = (METHODS[name](m, images, [0, 1], **EXACT.get(name, {})) for m in (full, half))
    assert np.abs(expected).max() > 0
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, expected)


@pytest.fixture(scope="module")
def faint():
    """In float16, with gradients of 1e-8 at its maps."""
    half = {"dtype": "mixed_float16"}
    inputs = keras.Input((4, 4, 1))
    ones = {"kernel_initializer": "ones"}
    x = layers.Conv2D(2, 1, activation="relu", name="maps", **ones, **half)(inputs)
    x = layers.Rescaling(2.0**-13, **half)(layers.GlobalAveragePooling2D(**half)(x))
    x = layers.Rescaling(2.0**-10, dtype="float32")(x)
    return keras.Model(inputs, layers.Dense(2, dtype="float32", **ones)(x))


@every_method
def test_small_gradients_survive_half_floats(method, faint, rng):
    """Gradients of 1e-8 at the activations are 0 in float16, unless they are scaled up."""
    assert np.abs(method(faint, 1 + rng.random((1, 4, 4, 1), "float32"), 0)).max() > 0


@every_method
def test_compiled_once(method, model, images):
    """However many images, classes and calls there are; 200 calls are in test_memory.py."""
    method(model, images)
    traces = trace_count(model)
    for i in range(12):
        method(model, images[: 1 + i % 3], i % 4)
        method(model, images[: 1 + i % 3])
    # Of all methods on this model: gradients at the images, plain and guided, and at the maps; the
    # sums of three methods, two walks back by rules, the predicted class and the score.
    assert trace_count(model) == traces <= 10


@pytest.fixture(scope="module")
def pixel():
    """The score is the ReLU of one pixel, in row 9 and column 2."""
    inputs = keras.Input((12, 8, 1))
    x = layers.Conv2D(1, 1, kernel_initializer="ones", activation="relu", name="maps")(inputs)
    return keras.Model(inputs, layers.Flatten()(layers.Cropping2D(((9, 2), (2, 5)))(x)))


@every_method
def test_rows_and_columns_are_not_swapped(method, pixel):
    image = np.linspace(1, 2, 12 * 8, dtype="float32").reshape(1, 12, 8, 1)
    # Methods whose weights are means spread the class over the whole map of this model.
    seen = np.abs(method(pixel, image, lambda y: y[:, 0])).reshape(12, 8)
    if method in (METHODS["grad_cam"], METHODS["grad_cam_plus_plus"]):
        assert np.unravel_index(seen.argmax(), seen.shape) == (11, 7)  # where A is largest
    else:
        assert np.unravel_index(seen.argmax(), seen.shape) == (9, 2)


PIXELS = (
    "saliency", "smooth_grad", "integrated_gradients", "expected_gradients", "gradient_times_input",
    "deep_lift", "lrp", "guided_backprop", "guided_grad_cam",
)  # fmt: skip


@pytest.fixture(scope="module")
def of_two_inputs():
    keras.utils.set_random_seed(0)
    one, other = keras.Input((8, 6, 1)), keras.Input((8, 6, 2))
    x = layers.Conv2D(4, 3, activation="relu")(layers.Concatenate()([one, other]))
    pooled = layers.GlobalAveragePooling2D()(x)
    return keras.Model([one, other], [layers.Dense(3)(pooled), layers.Dense(2)(pooled)])


@pytest.mark.parametrize("name", PIXELS)
def test_several_inputs_and_outputs(name, of_two_inputs, rng):
    images = [rng.random((2, 8, 6, 1), "float32"), rng.random((2, 8, 6, 2), "float32")]
    options = {"reduce": None} if name in ("saliency", "smooth_grad") else {}
    method = METHODS[name]
    first = method(of_two_inputs, images, 1, **options)
    assert [x.shape for x in first] == [x.shape for x in images]
    same = method(of_two_inputs, images, lambda outputs: outputs[0][:, 1], **options)
    other = method(of_two_inputs, images, lambda outputs: outputs[1][:, 1], **options)
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
