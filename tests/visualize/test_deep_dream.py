"""DeepDream against the notebook's loop, written out with a tape, and by what must stay equal."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn.visualize._deep_dream import edges, match, octave_sizes
from kerascnn.visualize._engine.compile import trace_count

dream = kc.visualize.deep_dream


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, activation="relu", padding="same", name="conv"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(5, 3, activation="relu", padding="same", name="deep"),
        ]
    )


@pytest.fixture(scope="module")
def pointwise():
    """Each pixel by itself: rolled, cut or whole, its gradient is the same."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, layers.Conv2D(4, 1, activation="tanh", name="conv")(inputs))


@pytest.fixture
def images(rng):
    return 0.3 + 0.4 * rng.random((2, 14, 20, 3), "float32")


def notebooks_octave(model, layer, base, detail, steps, step_size=1.5):
    """One octave without jitter: src.data += step_size / mean|g| · g, then clipped."""
    features = keras.Model(model.inputs, model.get_layer(layer).output)
    picture = np.clip(base + detail, 0, 1)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            x = tf.constant(picture)
            tape.watch(x)
            objective = 0.5 * tf.reduce_sum(features(x) ** 2)
        g = tape.gradient(objective, x).numpy()
        picture = np.clip(picture + step_size / 255 / np.abs(g).mean() * g, 0, 1)
    return picture


def test_equals_the_notebook(model, images):
    """The gradient is the activation itself; the detail of all octaves is carried on."""
    image, detail = images[:1], np.zeros((1, 1, 1, 3), "float32")
    for size in octave_sizes(image.shape[1:3], 3, 1.4):
        base = tf.image.resize(image, size, antialias=True).numpy()
        expected = notebooks_octave(
            model, "deep", base, tf.image.resize(detail, size).numpy(), 3
        )  # fmt: skip
        detail = expected - base
    ours = dream(model, image, "deep", octaves=3, steps=3, jitter=0)
    assert np.abs(ours - image).mean() > 3 / 255
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_jitter_is_rolled_back(pointwise, images):
    still, moved = (dream(pointwise, images, "conv", octaves=2, steps=4, jitter=j) for j in (0, 9))
    np.testing.assert_allclose(moved, still, atol=1e-5)


def test_jitter_blurs_where_pixels_fall(model, images):
    still, moved = (dream(model, images, "deep", octaves=1, steps=4, jitter=j) for j in (0, 9))
    assert not np.allclose(moved, still, atol=1e-3)


def test_tiles_make_up_the_whole(pointwise, images):
    pointwise, images = keras.models.clone_model(pointwise), images[:, :8, :11]
    whole = dream(pointwise, images, "conv", octaves=2, steps=2)
    for tile in (1, 5, 40):
        tiled = dream(pointwise, images, "conv", octaves=2, steps=2, tile=tile)
        np.testing.assert_allclose(tiled, whole, atol=1e-5)
    assert trace_count(pointwise) == 1  # for every octave and tile


def test_tiles_are_nearly_equal():
    for length in range(1, 60):
        for tile in (1, 7, 16):
            parts = np.diff(edges(length, tile))
            assert parts.sum() == length
            assert parts.max() <= tile
            assert np.ptp(parts) <= 1


def test_octaves():
    assert octave_sizes((100, 50), 4, 2.0) == [(12, 6), (25, 12), (50, 25), (100, 50)]
    assert octave_sizes((100, 50), 1, 1.4) == [(100, 50)]


def test_without_steps_nothing_changes(model, images):
    np.testing.assert_array_equal(dream(model, images, "deep", steps=0), images)


def test_a_step_is_so_many_levels(pointwise):
    grey = np.full((1, 8, 8, 3), 0.5, "float32")
    changed = dream(pointwise, grey, "conv", octaves=1, steps=1, step_size=3.0)
    np.testing.assert_allclose(np.abs(changed - grey).mean(), 3 / 255, rtol=1e-4)


def test_results_stay_in_range(model, images):
    result = dream(model, images, "deep", octaves=1, steps=5, step_size=60)
    assert result.dtype == np.float32
    assert result.min() == 0
    assert result.max() == 1


def test_the_layer_responds_more(model, images):
    before, after = (
        (kc.visualize.activations(model, x, "deep") ** 2).mean()
        for x in (images, dream(model, images, "deep", octaves=2))
    )
    assert after > 1.3 * before


def test_layers_have_weights(model, images):
    options = {"octaves": 1, "steps": 2, "jitter": 0}
    conv, deep = (dream(model, images, layer, **options) for layer in ("conv", "deep"))
    assert not np.allclose(conv, deep)
    weighted = dream(model, images, {"conv": 3.0, "deep": 0.0}, **options)
    np.testing.assert_allclose(weighted, conv, atol=1e-6)
    np.testing.assert_array_equal(dream(model, images, ["deep"], **options), deep)
    both = dream(model, images, ["conv", model.get_layer("deep")], **options)
    assert not np.allclose(both, conv)
    assert not np.allclose(both, deep)
    equal = dream(model, images, {"conv": 2.0, "deep": 2.0}, **options)
    np.testing.assert_allclose(equal, both, atol=1e-5)


def test_match_by_hand():
    maps = np.reshape([[1.0, 0], [0, 2]], (1, 1, 2, 2)).astype("float32")
    guide = np.array([[3.0, 0], [1, 1]], "float32")
    # Place 1: max(3, 1); place 2: max(0, 2); by the number of places and channels.
    np.testing.assert_allclose(match(maps, guide), [(3 + 2) / 2 / 2])


def test_a_guide_draws_its_colour():
    """Grey takes after the guide: red features are made stronger, not all."""
    layer = layers.Conv2D(3, 1, activation="tanh", name="conv")
    coloured = keras.Sequential([keras.Input((None, None, 3)), layer])
    layer.set_weights([np.eye(3, dtype="float32")[None, None], np.zeros(3, "float32")])
    grey = np.full((1, 12, 12, 3), 0.5, "float32")
    red = np.zeros((1, 5, 5, 3), "float32")
    red[..., 0] = 1
    result = dream(coloured, grey, "conv", octaves=2, guide=red).mean(axis=(0, 1, 2))
    np.testing.assert_allclose(result[1:], 0.5, atol=1e-4)
    assert result[0] > 0.6


def test_one_by_one_is_the_batch(model, images):
    batch = dream(model, images, "deep", octaves=2, steps=3)
    for i in range(2):
        one = dream(model, images[i : i + 1], "deep", octaves=2, steps=3)
        np.testing.assert_allclose(one[0], batch[i], atol=1e-4)


def test_the_seed_decides(model, images):
    first, again, other = (
        dream(model, images, "deep", octaves=1, steps=2, seed=s) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_rows_and_columns_are_not_swapped(model, images):
    assert dream(model, images, "deep", steps=1).shape == images.shape
    dot = np.full((1, 16, 12, 3), 0.5, "float32")
    dot[0, 11, 3] = 1
    changed = np.abs(dream(model, dot, "conv", octaves=1, steps=1, jitter=0) - dot).sum(axis=-1)[0]
    smooth = np.median(changed)
    far = np.argwhere(np.abs(changed - smooth) > 1e-3)[:, :]
    inner = far[(far > 1).all(axis=1) & (far[:, 0] < 14) & (far[:, 1] < 10)]  # not at the edges
    assert np.abs(inner - [11, 3]).max() <= 2


def test_frames_of_time_distributed(images):
    """Keras takes the batch size for the number of frames where that is unknown to a trace."""
    inputs = keras.Input((14, 20, 3))
    rows = layers.TimeDistributed(layers.Conv1D(4, 3, activation="tanh"), name="rows")(inputs)
    model = keras.Model(inputs, rows)
    ours = dream(model, images[:1], "rows", octaves=1, steps=2, jitter=0)
    expected = notebooks_octave(model, "rows", images[:1], 0, steps=2)
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    errors = []
    kc.visualize.invert_features(
        model, images[:1], "rows", steps=1, callback=lambda *now: errors.append(now[2]), seed=3
    )
    noise = np.random.default_rng(3).standard_normal((1, 14, 20, 3))
    gap = model(0.5 + 0.01 * noise.astype("float32")) - model(images[:1])
    expected = np.sum(np.square(gap)) / np.sum(np.square(model(images[:1])))
    np.testing.assert_allclose(errors[0], [expected], rtol=1e-4)


def test_a_layer_that_must_know_its_size(images):
    """Keras's adaptive pooling cannot be traced for any size."""
    inputs = keras.Input((14, 20, 3))
    maps = layers.Conv2D(4, 3, activation="tanh")(inputs)
    model = keras.Model(inputs, layers.AdaptiveAveragePooling2D(3, name="pooled")(maps))
    ours = dream(model, images[:1], "pooled", octaves=1, steps=2, jitter=0)
    expected = notebooks_octave(model, "pooled", images[:1], 0, steps=2)
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    assert dream(model, images, "pooled", octaves=2, steps=1).shape == images.shape
    for method in (kc.visualize.invert_features, kc.visualize.style_transfer):
        layer = {"layer": "pooled"} if method is kc.visualize.invert_features else {
            "style": images[1:], "content_layers": "pooled", "style_layers": "pooled"
        }  # fmt: skip
        assert method(model, images[:1], steps=1, **layer).shape == (1, 14, 20, 3)


def test_the_callback_sees_every_step(model, images):
    seen = []
    last = dream(model, images, "deep", octaves=2, steps=2, callback=lambda *now: seen.append(now))
    assert {scores.dtype for _, _, scores in seen} == {np.dtype("float32")}
    assert [(step, x.shape[1:3]) for step, x, _ in seen] == [
        (1, (10, 14)), (2, (10, 14)), (3, (14, 20)), (4, (14, 20)),
    ]  # fmt: skip
    np.testing.assert_array_equal(seen[-1][1], last)
    maps = kc.visualize.activations(model, seen[2][1], "deep")
    np.testing.assert_allclose(seen[3][2], (maps**2).mean(axis=(1, 2, 3)) / 2, rtol=0.1)


def test_preprocessing_and_nested_models(model, images):
    options = {"octaves": 1, "steps": 2, "jitter": 3}
    expected = dream(model, images, "deep", **options)
    outer = keras.Input((None, None, 3))
    turned = keras.Model(outer, model((1 - outer) / 2))
    np.testing.assert_allclose(
        dream(turned, images, "deep", preprocessing=lambda x: 1 - 2 * x, **options),
        expected,
        atol=1e-4,
    )


@pytest.fixture(scope="module")
def full():
    keras.utils.set_random_seed(0)
    return kc.build_vgg11(include_top=False, width=0.1)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(name, policy, full, images):
    policy(name)
    mixed = kc.build_vgg11(include_top=False, width=0.1)
    mixed.set_weights(full.get_weights())
    options = {"octaves": 1, "steps": 2, "jitter": 0}
    expected, ours = (dream(m, images, "block2_conv1", **options) for m in (full, mixed))
    assert ours.dtype == np.float32
    moved, should = (ours - images).ravel(), (expected - images).ravel()
    assert moved @ should > 0.98 * np.linalg.norm(moved) * np.linalg.norm(should)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layers": "depe"}, ValueError, "layer must be one of .*Did you mean 'deep'"),
        ({"layers": []}, ValueError, "layers must name at least one layer"),
        ({"layers": {"deep": -1}}, ValueError, "layers, as weights, must be a number"),
        ({"images": np.zeros((1, 8, 8, 3), "uint8")}, TypeError, "images must be float in"),
        ({"images": np.full((1, 8, 8, 3), 255.0)}, ValueError, "from 255 to 255"),
        ({"images": np.zeros((8, 8, 3))}, ValueError, r"images\[None\]"),
        ({"images": np.zeros((1, 2, 2, 3))}, ValueError, "smallest octave.*1x1: .*Use 2x2"),
        ({"tile": 1}, ValueError, "smallest octave or tile, must fit.*received 1x1"),
        ({"octaves": 0}, ValueError, "octaves must be a whole number of at least 1"),
        ({"octave_scale": 1}, ValueError, "octave_scale must be above 1; received 1"),
        ({"steps": 1.5}, ValueError, "steps must be a whole number"),
        ({"step_size": -1}, ValueError, "step_size must be a number of at least 0"),
        ({"jitter": -1}, ValueError, "jitter must be a whole number of at least 0"),
        ({"guide": np.zeros((1, 8, 8, 1))}, ValueError, "guide must have the shape"),
        ({"guide": np.zeros((1, 1, 8, 3))}, ValueError, "guide must fit.*received 1x8"),
    ],
)
def test_errors_teach(change, error, message, model, images):
    given = {"model": model, "images": images, "layers": "deep", "steps": 1, **change}
    with pytest.raises(error, match=message) as caught:
        dream(**given)
    assert "\n" not in str(caught.value)


def test_guides_that_need_too_much_memory(model):
    large = np.zeros((1, 200, 200, 3), "float32")
    with pytest.raises(ValueError, match=r"guide must be smaller.*'conv'.*200x200.*40000"):
        dream(model, large, "conv", guide=large, octaves=1)
