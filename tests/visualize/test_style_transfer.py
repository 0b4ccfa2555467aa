"""Style transfer: its losses by hand and by what they must not depend on."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import kerascnn as kc
from kerascnn.visualize import _style_transfer
from kerascnn.visualize._engine.compile import trace_count
from kerascnn.visualize._style_transfer import content_loss, gram, style_loss

transfer = kc.visualize.style_transfer


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    return kc.build_vgg11(include_top=False, width=0.1)


@pytest.fixture
def content(rng):
    return rng.random((1, 24, 32, 3), "float32")


@pytest.fixture
def style(rng):
    return rng.random((1, 32, 20, 3), "float32")


SMALL = {"content_layers": "block2_conv1", "style_layers": ["block1_conv1", "block2_conv1"]}


# The losses


def test_gram_by_hand():
    maps = np.reshape([[1.0, 2], [3, 4], [5, 6]], (1, 3, 1, 2)).astype("float32")
    expected = np.array([[1 + 9 + 25, 2 + 12 + 30], [2 + 12 + 30, 4 + 16 + 36]]) / 3
    np.testing.assert_allclose(gram(ops.convert_to_tensor(maps))[0], expected)


def test_gram_is_symmetric_and_knows_no_places(rng):
    maps = rng.normal(size=(2, 5, 4, 6)).astype("float32")
    matrices = np.array(gram(ops.convert_to_tensor(maps)))
    np.testing.assert_allclose(matrices, matrices.transpose(0, 2, 1), atol=1e-6)
    assert np.linalg.eigvalsh(matrices).min() > -1e-6  # positive semi-definite
    shuffled = rng.permutation(maps.reshape(2, 20, 6), axis=1).reshape(2, 4, 5, 6)
    np.testing.assert_allclose(gram(ops.convert_to_tensor(shuffled)), matrices, atol=1e-5)


def test_style_loss_is_gatys_by_hand(rng):
    """E = Σ (G − A)² / 4N²M² with G = F Fᵀ, Eq. 3 and 4, for maps of one size."""
    F, P = rng.normal(size=(2, 12, 5)).astype("float32")
    G, A = F.T @ F, P.T @ P
    expected = ((G - A) ** 2).sum() / (4 * 5**2 * 12**2)
    ours = style_loss(*(gram(ops.reshape(ops.convert_to_tensor(x), (1, 3, 4, 5))) for x in (F, P)))
    np.testing.assert_allclose(ours, [expected], rtol=1e-5)


def test_content_loss_by_hand():
    a, b = (ops.convert_to_tensor(np.full((1, 2, 3, 4), x, "float32")) for x in (1.0, 3.5))
    np.testing.assert_allclose(content_loss(a, b), [2.5**2 / 2])


def losses_of(model, content, style, **options):
    """The losses of the content itself, or of `start`."""
    seen = []
    options = {**SMALL, "optimizer": "adam", "steps": 1, **options}
    transfer(model, content, style, callback=lambda *now: seen.append(now[2]), **options)
    return seen[0]


def test_nothing_is_lost_where_content_is_style(model, content):
    losses = losses_of(model, content, content)
    assert losses["content"] == 0
    assert losses["style"] == pytest.approx(0, abs=1e-9)


def test_losses_do_not_depend_on_the_size(rng):
    """Tiled pictures, seen by pixels, have the same losses: no edges, no change."""
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.Conv2D(4, 1, activation="relu", name="conv")(inputs))
    a, b, c = rng.random((3, 1, 6, 4, 3), "float32")
    options = {"content_layers": "conv", "style_layers": "conv"}
    losses = losses_of(model, a, b, start=c, **options)
    a, c = (np.tile(x, (1, 3, 2, 1)) for x in (a, c))
    larger = losses_of(model, a, np.tile(b, (1, 1, 5, 1)), start=c, **options)
    for name in ("content", "style"):
        assert losses[name] > 1e-7
        assert larger[name] == pytest.approx(losses[name], rel=1e-4)


def test_losses_of_resized_pictures_are_alike(model):
    """Nearly: resizing changes what the layers see, but no sum grows with the number of pixels."""
    photos = [
        tf.image.resize(kc.datasets.photo(name)[None] / 255.0, (64, 80), antialias=True)
        for name in ("coffee", "gravel")
    ]
    large = losses_of(model, *(np.clip(x, 0, 1) for x in photos))
    half = (tf.image.resize(x, (32, 40), antialias=True) for x in photos)
    small = losses_of(model, *(np.clip(x, 0, 1) for x in half))
    assert 0.4 < small["style"] / large["style"] < 2.5


def test_the_gradient_against_differences(model, content, style, rng):
    """L-BFGS is told the gradient of what the callback reports."""
    start = 0.2 + 0.6 * rng.random(content.shape, "float32")
    direction = rng.normal(size=content.shape).astype("float32")
    options = {"start": start, "style_weight": 10.0, "tv_weight": 0.1}
    told = []
    original = _style_transfer.climb_lbfgs

    def spy(gradient, point, steps, watch):
        told.append(np.array(gradient(point, 1)[1]))
        told.append([float(-ops.sum(gradient(point + h * direction, 1)[0])) for h in (1e-2, -1e-2)])
        return original(gradient, point, 0, watch=watch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_style_transfer, "climb_lbfgs", spy)
        transfer(model, content, style, steps=1, **SMALL, **options)
    slope, (above, below) = told
    assert -(slope * direction).sum() == pytest.approx((above - below) / 2e-2, rel=2e-2)


# The transfer


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_losses_fall(optimizer, model, content, style):
    seen = []
    result = transfer(
        model, content, style, optimizer=optimizer, steps=15, style_weight=100.0, **SMALL,
        callback=lambda step, picture, losses: seen.append((step, picture, losses)),
    )  # fmt: skip
    assert result.shape == content.shape
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 1
    steps, pictures, losses = zip(*seen, strict=True)
    assert steps == tuple(range(1, len(steps) + 1))
    assert len(steps) <= 15
    assert list(losses[0]) == ["content", "style", "total_variation"]
    assert sum(losses[-1].values()) < 0.7 * sum(losses[0].values())
    np.testing.assert_array_equal(pictures[-1], result)


def test_weights_say_what_is_wanted(model, content, style):
    start = {"optimizer": "adam", "steps": 10, **SMALL}
    kept = transfer(model, content, style, style_weight=0.0, **start)
    np.testing.assert_allclose(kept, content, atol=1e-6)
    styled = losses_of(
        model, content, style,
        start=transfer(model, content, style, content_weight=0.0, **start),
        content_weight=1.0, style_weight=1.0,
    )  # fmt: skip
    assert styled["style"] < 0.7 * losses_of(model, content, style, style_weight=1.0)["style"]
    smooth = transfer(model, content, style, style_weight=0.0, tv_weight=10.0, **start)
    assert np.abs(np.diff(smooth, axis=1)).mean() < 0.8 * np.abs(np.diff(content, axis=1)).mean()


def test_default_layers_are_the_papers(content, style):
    model = kc.build_vgg19(include_top=False, width=0.05)
    names = ["block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"]
    options = {"optimizer": "adam", "steps": 2}
    np.testing.assert_array_equal(
        transfer(model, content, style, **options),
        transfer(model, content, style, content_layers="block4_conv2",
                 style_layers=dict.fromkeys(names, 0.2), **options),
    )  # fmt: skip
    first = keras.Model(model.inputs, model.get_layer("block3_conv1").output)
    np.testing.assert_array_equal(  # those that there are
        transfer(first, content, style, content_layers="block2_conv2", **options),
        transfer(first, content, style, content_layers="block2_conv2", style_layers=names[:3],
                 **options),
    )  # fmt: skip


def test_pooling_is_averaged_by_default(model, content, style):
    average, most, default = (
        transfer(model, content, style, optimizer="adam", steps=2, **SMALL, **options)
        for options in ({"pooling": "average"}, {"pooling": "max"}, {})
    )
    np.testing.assert_array_equal(default, average)
    assert not np.allclose(most, average)


def test_starts(model, content, style, rng):
    options = {"steps": 0, **SMALL}
    np.testing.assert_array_equal(transfer(model, content, style, **options), content)
    picture = rng.random(content.shape, "float32")
    np.testing.assert_array_equal(
        transfer(model, content, style, start=picture, **options), picture
    )
    first, again, other = (
        transfer(model, content, style, start="noise", seed=s, **options) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_one_by_one_is_the_batch(model, rng):
    contents, styles = rng.random((2, 2, 16, 24, 3), "float32")
    options = {"optimizer": "adam", "steps": 2, "start": "noise", **SMALL}
    each = transfer(model, contents, styles, **options)
    shared = transfer(model, contents, styles[:1], **options)
    for i in range(2):
        one = transfer(model, contents[i : i + 1], styles[i : i + 1], **options)
        np.testing.assert_allclose(one[0], each[i], atol=1e-6)
    np.testing.assert_array_equal(shared[0], each[0])
    assert not np.allclose(shared[1], each[1])


def test_targets_are_computed_once(model, content, style, monkeypatch):
    """Content and style pass the network once, whatever the number of steps."""
    passes = []
    original = _style_transfer.features_of
    monkeypatch.setattr(_style_transfer, "features_of", lambda *a: passes.append(1) or original(*a))
    transfer(model, content, style, optimizer="adam", steps=7, **SMALL)
    assert len(passes) == 2


def test_preprocessing_and_nested_models(model, content, style):
    options = {"optimizer": "adam", "steps": 3, **SMALL}
    expected = transfer(model, content, style, **options)
    outer = keras.Input((None, None, 3))
    turned = keras.Model(outer, model((1 - outer) / 2))
    ours = transfer(turned, content, style, preprocessing=lambda x: 1 - 2 * x, **options)
    np.testing.assert_allclose(ours, expected, atol=1e-3)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(name, policy, model, content, style):
    policy(name)
    mixed = kc.build_vgg11(include_top=False, width=0.1)
    mixed.set_weights(model.get_weights())
    options = {"optimizer": "adam", "steps": 8, "style_weight": 100.0, **SMALL}
    before = losses_of(model, content, style, style_weight=1.0)["style"]
    full, ours = (
        losses_of(model, content, style, start=transfer(m, content, style, **options),
                  style_weight=1.0)["style"]
        for m in (model, mixed)
    )  # fmt: skip
    assert before - ours > 0.9 * (before - full) > 0


def test_compiled_once(fresh, content, style):
    for _ in range(2):
        transfer(fresh, content, style, steps=1, **SMALL)
    transfer(fresh, content, style, steps=0, preprocessing=lambda x: x, **SMALL)
    assert trace_count(fresh) == 3  # content, style, and the step


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"style_layers": "block1_cnov1"}, ValueError, "layer must be one of .*Did you mean"),
        ({"content_layers": []}, ValueError, "content_layers must name at least one layer"),
        ({"content": np.zeros((1, 8, 8, 3), "uint8")}, TypeError, "content must be float in"),
        ({"content": np.zeros((1, 1, 8, 3))}, ValueError, "content must fit.*received 1x8"),
        ({"style": np.zeros((8, 8, 3))}, ValueError, r"style\[None\]"),
        ({"style": np.zeros((3, 8, 8, 3))}, ValueError, "style must be one image"),
        ({"style": np.full((1, 8, 8, 3), 2.0)}, ValueError, "style must be in"),
        ({"start": "grey"}, ValueError, "start must be one of 'content', 'noise'"),
        ({"start": np.zeros((1, 8, 8, 3))}, ValueError, r"start must have the content's shape"),
        ({"optimizer": "sgd"}, ValueError, "optimizer must be one of 'lbfgs', 'adam'"),
        ({"pooling": "min"}, ValueError, "pooling must be one of 'max', 'average'"),
        ({"style_weight": -1}, ValueError, "style_weight must be a number of at least 0"),
        ({"tv_weight": "much"}, ValueError, "tv_weight must be a number of at least 0"),
        ({"steps": -1}, ValueError, "steps must be a whole number of at least 0"),
    ],
)
def test_errors_teach(change, error, message, model, content, style):
    given = {"model": model, "content": content, "style": style, "steps": 1, **SMALL, **change}
    with pytest.raises(error, match=message) as caught:
        transfer(**given)
    assert "\n" not in str(caught.value)


def test_networks_that_are_no_vgg_are_told_their_layers(content, style):
    inputs = keras.Input((None, None, 3))
    other = keras.Model(inputs, layers.Conv2D(2, 3, name="own")(inputs))
    with pytest.raises(ValueError, match=r"content_layers must be given.*other than VGG.*'own'"):
        transfer(other, content, style)
    with pytest.raises(ValueError, match=r"style_layers must be given.*'own'"):
        transfer(other, content, style, content_layers="own")
