"""Relevance propagation: rules by hand, conservation, and what passes relevance on."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn.visualize import (
    AlphaBeta,
    Composite,
    Epsilon,
    Flat,
    Gamma,
    WSquare,
    ZBox,
    lrp,
    saliency,
)

COMPOSITES = (
    "epsilon_plus", "epsilon_alpha2_beta1", "epsilon_plus_flat", "epsilon_gamma_box", "zero",
)  # fmt: skip
BOX = {"bounds": (-4, 4)}


def mixed(**options):
    wide = keras.initializers.VarianceScaling(6.0, seed=0)
    return {"use_bias": False, "kernel_initializer": wide, **options}


@pytest.fixture(scope="module")
def shared():
    """Bias-free, with all that passes relevance on: every kind of convolution, pooling, shortcut.

    Batch normalization only scales.
    """
    inputs = keras.Input((12, 8, 2))
    x = layers.ZeroPadding2D(1)(inputs)
    x = layers.Conv2D(6, 3, activation="relu", **mixed(name="conv"))(x)
    y = layers.Conv2D(6, 3, padding="same", **mixed())(x)
    y = layers.BatchNormalization(center=False, name="norm")(y)
    x = layers.ReLU()(layers.Add()([x, y]))
    inner = keras.Input((12, 8, 6))
    z = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(inner)
    z = layers.BatchNormalization(center=False)(z)
    z = layers.Activation("relu")(z)
    x = keras.Model(inner, z)(x)
    x = layers.Concatenate()([layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x)])
    x = layers.SeparableConv2D(5, 3, activation="relu", use_bias=False)(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, **mixed())(x)
    x = layers.BatchNormalization(center=False)(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(ops.relu(x))
    x = layers.Permute((2, 1, 3))(x[:, 1:, :, :])
    x = layers.Conv2D(6, 1, activation="leaky_relu", groups=2, **mixed())(x)
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
    x = layers.Dense(8, activation="relu", **mixed())(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax", **mixed())(x))


def test_lrp_0_is_gradient_times_input(model, images):
    """Without biases, whatever the net consists of: Montavon et al. 2019, section 10.2.1."""
    result = lrp(model, images, [0, 1, 2], composite="zero")
    expected = images * saliency(model, images, [0, 1, 2], reduce=None)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(
        result.attributions, expected, atol=1e-4 * np.abs(expected).max(), rtol=0
    )


@pytest.mark.parametrize("size", [(10, 6), (14, 12), (14, 6)])
@pytest.mark.parametrize("first", [(12, 8, 2), (None, None, 2)], ids=["fixed", "free"])
def test_a_center_crop_resizes_what_is_too_small(size, first, images):
    inputs = keras.Input(first)
    x = layers.Conv2D(4, 3, activation="relu", use_bias=False)(layers.CenterCrop(*size)(inputs))
    x = layers.Dense(3, use_bias=False)(layers.GlobalAveragePooling2D()(x))
    net = keras.Model(inputs, x)
    expected = images * saliency(net, images, 1, reduce=None)
    ours = lrp(net, images, 1, composite="zero").attributions
    np.testing.assert_allclose(ours, expected, atol=1e-4 * np.abs(expected).max(), rtol=0)


@pytest.fixture(scope="module")
def rectified():
    """A ReLU behind all weights, so that each unit with relevance has a positive contribution."""
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu", name="conv", **mixed())(inputs)
    x = layers.BatchNormalization(center=False)(layers.Conv2D(6, 3, **mixed())(x))
    x = layers.ReLU()(x)
    x = layers.Concatenate(name="both")([layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x)])
    x = layers.Dense(8, activation="relu", name="dense", **mixed())(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(4, activation="softmax", **mixed())(x))


@pytest.mark.parametrize("composite", COMPOSITES)
def test_relevance_is_conserved(composite, rectified, images):
    """It sums to the score."""
    scores = scores_of(rectified, images)[:, 1]
    result = lrp(rectified, images, 1, composite=composite, bounds=(-1, 1))
    assert result.attributions.shape == images.shape
    scale = np.abs(scores).max()
    np.testing.assert_allclose(result.gap, 0, atol=1e-4 * scale)
    total = result.attributions.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(total - result.gap, scores, atol=1e-4 * scale)


@pytest.mark.parametrize("layer", ["conv", "both"])
def test_at_a_layer(layer, rectified, images):
    """There it has the layer's shape, the same sum, and is 0 where the layer is."""
    result = lrp(rectified, images, 1, layer=layer)
    maps = kc.visualize.activations(rectified, images, layer)
    assert result.attributions.shape == maps.shape
    scale = np.abs(scores_of(rectified, images)).max()
    np.testing.assert_allclose(result.gap, 0, atol=1e-4 * scale)
    assert (maps == 0).any()
    assert not result.attributions[maps == 0].any()


def scores_of(model, images):
    before = keras.Model(model.input, model.layers[-1].input)
    return np.asarray(before(images)) @ model.layers[-1].get_weights()[0]


# The rules, from the table of contributions a_j w_jk of one dense layer


def in_proportion(table, bias, R, epsilon=1e-6):
    z = table.sum(axis=0) + bias
    return (table * (R / (z + np.where(z < 0, -epsilon, epsilon)))).sum(axis=1)


def positive(x):
    return np.maximum(x, 0)


def negative(x):
    return np.minimum(x, 0)


def of_gamma(a, w, b, R, gamma):
    """Favor contributions of the sign of the output."""
    z = a @ w + b
    found = 0
    for sign, part in ((1, positive), (-1, negative)):
        table = a[:, None] * w
        table = table + gamma * part(table)
        found = found + in_proportion(table, b + gamma * part(b), np.where(sign * z > 0, R, 0))
    return found


def of_alpha_beta(a, w, b, R, alpha, beta):
    table = a[:, None] * w
    return alpha * in_proportion(positive(table), positive(b), R) - beta * in_proportion(
        negative(table), negative(b), R
    )


def of_box(a, w, b, R, low, high):
    table = a[:, None] * w - low * positive(w) - high * negative(w)
    return in_proportion(table, 0 * b, R)


BY_HAND = {
    "zero": (Epsilon(0), lambda a, w, b, R: in_proportion(a[:, None] * w, b, R, 0)),
    "epsilon": (Epsilon(0.3), lambda a, w, b, R: in_proportion(a[:, None] * w, b, R, 0.3)),
    "gamma": (Gamma(0.5), lambda a, w, b, R: of_gamma(a, w, b, R, 0.5)),
    "z-plus": (AlphaBeta(1, 0), lambda a, w, b, R: of_alpha_beta(a, w, b, R, 1, 0)),
    "alpha-beta": (AlphaBeta(3, 2), lambda a, w, b, R: of_alpha_beta(a, w, b, R, 3, 2)),
    "z-B": (ZBox(), lambda a, w, b, R: of_box(a, w, b, R, -1.5, 2)),
    "w-square": (WSquare(), lambda a, w, b, R: in_proportion(w**2, b**2, R)),
    "flat": (Flat(), lambda a, w, b, R: in_proportion(np.ones_like(w), 0, R)),
}


@pytest.fixture(scope="module")
def two_layers():
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, "relu", name="first"), layers.Dense(3, name="second")]
    )
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("positive_inputs", [True, False])
@pytest.mark.parametrize("name", BY_HAND)
def test_rules_by_hand(name, positive_inputs, two_layers, rng):
    rule, by_hand = BY_HAND[name]
    x = rng.uniform(-1.5, 2, (2, 5))
    x = np.abs(x) if positive_inputs else x
    first = ZBox() if name == "z-B" else rule
    second = Epsilon(0) if name == "z-B" else rule
    composite = Composite(rule, second, first=first)
    result = lrp(
        two_layers, x.astype("float32"), lambda y: y[:, 0] - y[:, 2], composite=composite,
        bounds=(-1.5, 2),
    )  # fmt: skip
    (w1, b1, w2, b2) = map(np.float64, two_layers.get_weights())
    for image, ours in zip(x, result.attributions, strict=True):
        hidden = positive(image @ w1 + b1)
        logits = hidden @ w2 + b2
        R = logits * (1, 0, -1)
        R = (BY_HAND["zero"][1] if name == "z-B" else by_hand)(hidden, w2, b2, R)
        np.testing.assert_allclose(ours, by_hand(image, w1, b1, R), rtol=1e-3, atol=1e-4)


def test_biases_absorb_relevance():
    """z = 2·1 + 3·2 + 4 = 12: of the score, 12, the inputs get 2 and 6, the bias 4."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1), layers.Reshape((1,))])
    model.set_weights([np.array([[2.0], [3.0]]), np.array([4.0])])
    result = lrp(model, np.array([[1.0, 2.0]], "float32"), lambda y: y[:, 0], composite="zero")
    np.testing.assert_allclose(result.attributions, [[2, 6]], rtol=1e-6)
    np.testing.assert_allclose(result.gap, [-4], rtol=1e-6)


@pytest.mark.parametrize("kind", ["dense", "conv", "depthwise", "separable", "transposed"])
def test_batch_normalization_is_merged(kind, rng):
    """Each rule gives what it gives for the weights that contain it."""
    shape = (5,) if kind == "dense" else (6, 6, 3)
    layer = {
        "dense": lambda: layers.Dense(4),
        "conv": lambda: layers.Conv2D(4, 3, strides=2, padding="same"),
        "depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        "separable": lambda: layers.SeparableConv2D(4, 3),
        "transposed": lambda: layers.Conv2DTranspose(4, 3, strides=2),
    }[kind]
    ends = [layers.Flatten(), layers.Dense(3)]
    apart = keras.Sequential(
        [keras.Input(shape), layer(), layers.BatchNormalization(), layers.ReLU(), *ends]
    )
    apart.set_weights(
        [rng.uniform(0.2, 1, w.shape) * rng.choice([-1, 1], w.shape) for w in apart.get_weights()]
    )
    own, norm = apart.layers[0], apart.layers[1]
    norm.moving_variance.assign(np.abs(norm.moving_variance))
    scale = np.array(norm.gamma) / np.sqrt(np.array(norm.moving_variance) + norm.epsilon)
    merged = keras.Sequential([keras.Input(shape), layer(), layers.ReLU(), *map(twin_of, ends)])
    *kernels, bias = own.get_weights()
    shape_of = {"depthwise": (3, 2), "transposed": (4, 1)}.get(kind, (-1,))
    kernels[-1] = kernels[-1] * scale.reshape(shape_of)
    bias = (bias - np.array(norm.moving_mean)) * scale + np.array(norm.beta)
    merged.set_weights([*kernels, bias, *ends[1].get_weights()])
    x = rng.normal(size=(2, *shape)).astype("float32")
    ours, same = (
        lrp(m, x, 1, composite=Composite(Gamma(0.5), Gamma(0.5))).attributions
        for m in (apart, merged)
    )
    np.testing.assert_allclose(ours, same, atol=2e-4 * np.abs(same).max())


def twin_of(layer):
    return type(layer).from_config({**layer.get_config(), "name": None})


def test_a_gate_passes_relevance_to_its_signal(rng):
    """The channels' factors get none: Arras et al. 2017."""
    inputs = keras.Input((4, 4, 3))
    gate = layers.Dense(3, "sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(inputs))
    gated = layers.GlobalAveragePooling2D()(layers.Multiply()([inputs, gate]))
    model = keras.Model(inputs, layers.Dense(2, use_bias=False)(gated))
    x = rng.random((2, 4, 4, 3), "float32")
    result = lrp(model, x, 1, composite="zero")
    weights = model.layers[-1].get_weights()[0][:, 1]
    factors = keras.Model(inputs, gate).predict(x, verbose=0)
    np.testing.assert_allclose(result.attributions, x * factors * weights / 16, rtol=1e-4)


def test_layer_normalization_is_linear_in_its_deviation(rng):
    """Its standard deviation counts as constant: the relevance sums to the score."""
    inputs = keras.Input((6,))
    normal = layers.LayerNormalization(center=False)
    model = keras.Model(inputs, layers.Dense(2, use_bias=False)(normal(inputs)))
    x = rng.normal(size=(2, 6)).astype("float32")
    result = lrp(model, x, 0, composite="zero")
    w = model.get_weights()[1][:, 0]
    size = np.sqrt(x.var(axis=1, keepdims=True) + normal.epsilon)
    np.testing.assert_allclose(result.attributions, x * (w - w.mean()) / size, rtol=1e-3, atol=1e-4)


def test_embeddings_and_sequences(rng):
    """A word has the relevance of its vector."""
    ids = keras.Input((7,), dtype="int32")
    vectors = layers.Embedding(10, 4, name="words")(ids)
    x = layers.Conv1D(5, 3, padding="causal", activation="relu", use_bias=False)(vectors)
    model = keras.Model(ids, layers.Dense(2)(layers.GlobalMaxPooling1D()(x)))
    words = rng.integers(0, 10, (2, 7)).astype("int32")
    result = lrp(model, words, 1)
    behind = lrp(model, words, 1, layer="words")
    assert result.attributions.shape == (2, 7)
    np.testing.assert_allclose(
        result.attributions, behind.attributions.sum(axis=-1), rtol=1e-4, atol=1e-6
    )


def test_integers_as_inputs(rng):
    numbers = rng.integers(0, 4, (2, 5))
    kernel = rng.normal(size=(5, 3))
    of = {}
    for dtype in ("int32", "float32"):
        x = keras.Input((5,), dtype=dtype)
        model = keras.Model(x, layers.Dense(3, use_bias=False)(x))
        model.set_weights([kernel])
        given = numbers.astype(dtype)
        of[dtype] = kc.visualize.lrp(model, given, 1, composite=ZBox(), bounds=(0, 3)).attributions
    np.testing.assert_allclose(of["int32"], of["float32"], rtol=1e-6)


@pytest.mark.parametrize(
    "first",
    [
        lambda x: layers.Add()([x, layers.Reshape((6, 4))(x)]),
        layers.GlobalAveragePooling1D(),
        layers.MaxPooling1D(2),
        layers.BatchNormalization(),
        lambda x: keras.ops.flip(x, axis=1),
    ],
    ids=["sum", "mean", "maximum", "normalization", "copies"],
)
def test_integers_before_layers_without_weights(first, rng):
    """The relevance is that of the same numbers as floats."""
    numbers, found = rng.integers(0, 9, (2, 6, 4)), []
    for dtype in ("int32", "float32"):
        keras.utils.set_random_seed(0)
        x = keras.Input((6, 4), dtype=dtype)
        model = keras.Model(x, layers.Dense(2, use_bias=False)(layers.Flatten()(first(x))))
        found.append(lrp(model, numbers.astype(dtype), 1, composite="zero").attributions)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-6)
    assert np.abs(found[0]).max() > 0.1


def test_a_normalization_of_integers_is_refused():
    """Keras rounds their mean, so that it is not the normalization of the same floats."""
    x = keras.Input((6,), dtype="int32")
    model = keras.Model(x, layers.Dense(2)(layers.LayerNormalization(name="normal")(x)))
    with pytest.raises(ValueError, match=r"^model must normalize floats; 'normal' receives int"):
        lrp(model, np.ones((1, 6), "int32"), 0)


def test_bounds_follow_each_operation(rng):
    """The sum of x in [0, 1] and -x/2 in [-1/2, 0] is taken to be in [-1/2, 1]."""
    x, half = keras.Input((5,)), keras.Input((5,))
    model = keras.Model(x, layers.Dense(3)(layers.Add()([x, layers.Rescaling(-0.5)(x)])))
    behind = keras.Model(half, layers.Dense(3)(half))
    behind.set_weights(model.get_weights())
    numbers = rng.random((2, 5)).astype("float32")
    found = lrp(model, numbers, 1, composite=ZBox(), bounds=(0, 1))
    expected = lrp(behind, numbers / 2, 1, composite=ZBox(), bounds=(-0.5, 1))
    np.testing.assert_allclose(found.attributions, expected.attributions, rtol=1e-4, atol=1e-5)


def test_bounds_are_unknown_behind_some_layers(rng):
    ids, numbers = keras.Input((7,), dtype="int32"), keras.Input((5,))
    words = layers.GlobalAveragePooling1D()(layers.Embedding(10, 4, name="words")(ids))
    apart = layers.Subtract(name="apart")([numbers, layers.Dropout(0.5)(numbers)])
    sides = [layers.Dense(3, name=n)(h) for n, h in (("of_words", words), ("of_numbers", apart))]
    model = keras.Model([ids, numbers], layers.Add()([*sides, layers.Dense(3, name="d")(numbers)]))
    given = [rng.integers(0, 10, (2, 7)), rng.random((2, 5))]
    for name, behind in (("of_words", r"'words' \(Embedding\)"), ("of_numbers", "'apart'")):
        rules = Composite(Epsilon(), Epsilon(), layers={name: ZBox()})
        with pytest.raises(ValueError, match=f"layer '{name}' must not .* behind {behind}"):
            lrp(model, given, 0, composite=rules, bounds=(0, 300))
    rules = Composite(Epsilon(), Epsilon(), layers={"d": ZBox()})
    assert lrp(model, given, 0, composite=rules, bounds=(0, 300)).gap.shape == (2,)


def test_half_precision_is_computed_in_single(policy, rng):
    x = rng.normal(size=(2, 8, 8, 1)).astype("float32")
    found = []
    for kind in ("float32", "mixed_float16"):
        policy(kind)
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Flatten(),
                layers.Dense(3, "softmax", dtype="float32"),
            ]
        )
        found.append(lrp(model, x, 1).attributions)
    np.testing.assert_allclose(found[1], found[0], atol=1e-5 * np.abs(found[0]).max())


def test_refusals(rectified, images):
    inputs = keras.Input((6, 3))
    x = layers.LSTM(3, name="memory")(layers.MultiHeadAttention(1, 2, name="look")(inputs, inputs))
    closed = keras.Model(inputs, layers.Dense(2)(x))
    with pytest.raises(
        ValueError, match=r"rule for relevance.*'look' \(MultiHeadAttention\), 'memory' \(LSTM\)"
    ):
        lrp(closed, np.zeros((1, 6, 3), "float32"), 0)
    assert lrp(closed, np.ones((1, 6, 3), "float32"), 0, layer="memory").attributions.shape == (
        1,
        3,
    )
    with pytest.raises(ValueError, match="composite must be one of 'epsilon_plus'"):
        lrp(rectified, images, 0, composite="epsilon")
    with pytest.raises(ValueError, match=r"bounds must be the lowest .* such as \(0, 1\)"):
        lrp(rectified, images, 0, composite="epsilon_gamma_box")
    for wrong in ((1, -1), (0.2, 1), (-1, 0.5)):
        with pytest.raises(ValueError, match="bounds must enclose the images, lowest value first"):
            lrp(rectified, images, 0, composite="epsilon_gamma_box", bounds=wrong)
    with pytest.raises(ValueError, match="bounds must be finite numbers, colors"):
        lrp(rectified, images, 0, composite="epsilon_gamma_box", bounds=("dark", "light"))
    with pytest.raises(ValueError, match="bounds must be finite numbers, colors"):
        lrp(rectified, images, 0, composite="epsilon_gamma_box", bounds=(0, np.ones(3)))
    with pytest.raises(ValueError, match=r"ZBox must be that of a first layer.*'dense'"):
        lrp(
            rectified,
            images,
            0,
            composite=Composite(Epsilon(), Epsilon(), layers={"dense": ZBox()}),
        )
    with pytest.raises(ValueError, match="'both' has none"):
        lrp(
            rectified, images, 0, composite=Composite(Epsilon(), Epsilon(), layers={"both": Flat()})
        )
    with pytest.raises(ValueError, match="alpha must be beta"):
        AlphaBeta(1, 1)
    with pytest.raises(TypeError, match=r"rules must be Epsilon\(\)"):
        Composite(Epsilon(), "gamma")


@pytest.mark.parametrize("rule", [Flat(), WSquare()])
def test_padding_gets_no_relevance(rule, rng):
    """Whether a layer or a convolution puts the zeros around the image."""
    kernel, dense = rng.normal(size=(3, 3, 1, 2)), rng.normal(size=(32, 2))
    x, found = rng.normal(size=(1, 4, 4, 1)).astype("float32"), []
    for padding in ([layers.ZeroPadding2D(1)], []):
        how = "valid" if padding else "same"
        own = layers.Conv2D(2, 3, padding=how, activation="relu", use_bias=False)
        ends = [layers.Flatten(), layers.Dense(2, use_bias=False)]
        model = keras.Sequential([keras.Input((4, 4, 1)), *padding, own, *ends])
        model.set_weights([kernel, dense])
        result = lrp(model, x, 0, composite=Composite(Epsilon(), Epsilon(), rule))
        np.testing.assert_allclose(result.gap, 0, atol=1e-4)
        found.append(result.attributions)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_the_rule_of_one_layer(two_layers, rng):
    """A rule by name comes before those by type."""
    x = rng.normal(size=(1, 5)).astype("float32")
    composite = Composite(Epsilon(0), Epsilon(0), Flat(), layers={"first": Gamma(0.5)})
    (ours,) = lrp(two_layers, x, 1, composite=composite).attributions
    (w1, b1, w2, b2) = map(np.float64, two_layers.get_weights())
    hidden = positive(x[0] @ w1 + b1)
    R = BY_HAND["zero"][1](hidden, w2, b2, (hidden @ w2 + b2) * (0, 1, 0))
    np.testing.assert_allclose(ours, of_gamma(x[0], w1, b1, R, 0.5), rtol=1e-3)


@pytest.mark.parametrize("rule", [ZBox(), Flat(), WSquare()], ids=lambda rule: type(rule).__name__)
def test_the_rule_of_a_first_layer_is_that_of_a_depthwise_part(rule, rng):
    """A separable convolution equals its two parts, of which only one sees the pixels."""

    def model(*first):
        return keras.Sequential([keras.Input((6, 6, 3)), *first, layers.Flatten(), layers.Dense(2)])

    one = model(layers.SeparableConv2D(4, 3, activation="relu", name="both"))
    two = model(layers.DepthwiseConv2D(3, use_bias=False), layers.Conv2D(4, 1, activation="relu"))
    two.set_weights(one.get_weights())
    x = rng.uniform(-1, 1, (2, 6, 6, 3)).astype("float32")
    composites = [Composite(Gamma(0.25), Epsilon(), first=rule)] * 2
    if rule.needs_bounds:  # the rule of a name is that of both parts, if it can be
        composites.append(Composite(Gamma(0.25), Epsilon(), layers={"both": rule}))
    expected, *found = (
        lrp(net, x, 1, composite=composite, bounds=(-1, 1)).attributions
        for net, composite in zip((two, one, one), composites, strict=False)
    )
    for ours in found:
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)
