"""The description of networks of all kinds, against counts by hand and against what moves them."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers, ops
from tensorflow.python.framework.test_util import IsMklEnabled

import kerascnn as kc
from kerascnn._describe import WHOLE, receptive_fields

Input = keras.Input


def chain(*parts):
    return keras.Sequential(list(parts))


def last(model, **options):
    return kc.describe(model, **options).layers[-1]


def named(model, name, **options):
    return next(r for r in kc.describe(model, **options).layers if r.name == name)


def measured(model, axis):
    """The most indices of an axis of the input, first to last, that move one value of the output.

    Each index is moved in an image of its own; weights are positive, so that nothing cancels.
    """
    rng = np.random.default_rng(0)
    for v in model.variables:
        if "float" in str(v.dtype):
            v.assign(rng.uniform(0.5, 1.5, v.shape) / max(np.prod(v.shape[:-1]), 1))
    image = rng.uniform(0.5, 1, model.input_shape[1:]).astype("float32")
    n = image.shape[axis]
    moved = np.repeat(image[None], n + 1, axis=0)
    for i in range(n):
        moved[(i, *(slice(None),) * axis, i)] += 2
    made = np.array(model(moved))
    hits = (abs(made[:n] - made[n]) > 1e-5 * abs(made[n]).max()).reshape(n, -1).T
    return max(np.ptp(np.flatnonzero(row)) + 1 for row in hits if row.any())


# Axes


def test_channels_first():
    """14·18 places, 3·9 taps, 4 filters; the pool sees all rows and columns, no channels."""
    model = chain(
        Input((3, 16, 20)),
        layers.Conv2D(4, 3, data_format="channels_first"),
        layers.GlobalAveragePooling2D(data_format="channels_first"),
    )
    convolution, pool = kc.describe(model).layers[1:]
    assert (convolution.macs, convolution.receptive_field) == (27_216, 3)
    assert pool.receptive_field == (16, 20)


def test_permuted():
    model = chain(Input((3, 16, 20)), layers.Permute((2, 3, 1)), layers.Conv2D(4, (5, 3), name="c"))
    assert named(model, "c").receptive_field == (5, 3)
    turned = chain(Input((16, 20, 3)), layers.Permute((2, 1, 3)), layers.Conv2D(4, (5, 3)))
    assert last(turned).receptive_field == (3, 5)  # in the order of the input: rows, columns
    pooled = chain(turned, layers.GlobalMaxPooling2D())
    assert last(pooled).receptive_field == (16, 20)


def test_the_global_setting():
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        model = chain(
            Input((3, 16, 20)), layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.UpSampling2D(),
            layers.ZeroPadding2D(1), layers.Flatten(), layers.Dense(5),
        )  # fmt: skip
    finally:
        keras.config.set_image_data_format(before)
    description = kc.describe(model)
    assert description.macs == 27_216 + 5 * 4 * 16 * 20
    assert [r.receptive_field for r in description.layers[1:]] == [3, 4, 4, 4, 4, (20, 24)]
    assert [r.stride_product for r in description.layers[1:5]] == [1, 2, 1, 1]


def test_axes_are_merged_and_taken_apart():
    """Patches become tokens and maps again: each sees its patch, until attention mixes them."""
    image = Input((32, 24, 3))
    patches = layers.Conv2D(8, 8, strides=8, name="patches")(image)
    tokens = layers.Dense(8, name="tokens")(layers.Reshape((12, 8))(patches))
    maps = layers.Reshape((4, 3, 8), name="maps")(tokens)
    mixed = layers.MultiHeadAttention(2, 4, name="mixed")(tokens, tokens)
    description = kc.describe(keras.Model(image, [maps, mixed]))
    found = {r.name: (r.receptive_field, r.stride_product) for r in description.layers}
    assert found["tokens"] == (8, None)
    assert found["maps"] == (8, 8)
    assert found["mixed"] == ((32, 24), None)


def test_inputs_without_pixels():
    image, vector = Input((16, 20, 3)), Input((5,))
    maps = layers.Conv2D(4, 3, name="maps")(image)
    scale = layers.Dense(4, name="scale")(vector)
    scaled = layers.Multiply(name="scaled")([maps, layers.Reshape((1, 1, 4))(scale)])
    model = keras.Model([image, vector], scaled)
    assert named(model, "scale").receptive_field is None
    assert named(model, "scaled").receptive_field == 3


# What layers see and compute


@pytest.fixture(scope="module")
def cases():
    """By name: a model, its MACs, and what its last layer sees."""
    spectral = layers.SpectralNormalization(layers.Conv2D(4, 5, padding="same"))
    steps = layers.TimeDistributed(layers.Conv2D(4, 3))
    attention = layers.MultiHeadAttention(2, 8)
    tokens, small = Input((10, 16)), (12, 9, 2)
    bilinear = layers.UpSampling2D(2, interpolation="bilinear")
    return {
        "LSTM": (chain(Input((10, 4)), layers.LSTM(8)), 3_840, 10),
        "LSTM, steps": (chain(Input((10, 4)), layers.LSTM(8, return_sequences=True)), 3_840, 10),
        "GRU": (chain(Input((10, 4)), layers.GRU(8, return_sequences=True)), 2_880, 10),
        "two ways": (chain(Input((10, 4)), layers.Bidirectional(layers.LSTM(8))), 7_680, 10),
        # four projections 16·16 of 10 tokens, 10·10 pairs of two heads of 8, twice
        "MultiHeadAttention": (
            keras.Model(tokens, attention(tokens, tokens)), 4 * 10 * 256 + 2 * 100 * 16, 10,
        ),
        "Attention": (keras.Model(tokens, layers.Attention()([tokens] * 2)), 2 * 100 * 16, 10),
        "TimeDistributed": (chain(Input((7, 12, 12, 3)), steps), 7 * 100 * 27 * 4, (1, 3, 3)),
        "SpectralNormalization": (chain(Input((12, 12, 3)), spectral), 144 * 75 * 4, 5),
        "causal": (
            chain(Input((20, 3)), layers.Conv1D(4, 3, padding="causal", dilation_rate=2)),
            20 * 9 * 4, 5,
        ),
        # four gates of 4 filters, of the frame and of the state; three steps of the state's window
        "ConvLSTM2D": (
            chain(Input((4, 24, 24, 3)), layers.ConvLSTM2D(4, 3, padding="same")),
            4 * 576 * (27 + 36) * 16, (4, 9, 9),
        ),
        "bilinear": (
            chain(Input((12, 12, 1)), layers.Conv2D(1, 3), bilinear), 900, 4,
        ),
        "nearest": (
            chain(Input((12, 12, 1)), layers.UpSampling2D(3), layers.Conv2D(1, 2)), 35 * 35 * 4, 2,
        ),
        "LayerNormalization": (
            chain(Input(small), layers.LayerNormalization(axis=[1, 2])), 0, (12, 9),
        ),
        "GroupNormalization": (chain(Input(small), layers.GroupNormalization(1)), 0, (12, 9)),
        "UnitNormalization": (chain(Input(small), layers.UnitNormalization(axis=2)), 0, (1, 9)),
        "Softmax": (chain(Input(small), layers.Softmax(axis=1)), 0, (12, 1)),
        "EinsumDense": (
            chain(Input((12, 9, 2)), layers.EinsumDense("bhwc,hk->bkwc", (5, 9, 2))),
            12 * 9 * 2 * 5, (12, 1),
        ),
        "Dot": (keras.Model(tokens, layers.Dot(axes=2)([tokens, tokens])), 10 * 10 * 16, None),
        "AdaptiveAveragePooling2D": (
            chain(Input((12, 9, 2)), layers.AdaptiveAveragePooling2D((4, 2))), 0, (3, 5),
        ),
        "Resizing": (chain(Input((10, 12, 1)), layers.Resizing(5, 18)), 0, 2),
        "Conv1DTranspose": (
            chain(Input((9, 2)), layers.Conv1D(2, 3), layers.Conv1DTranspose(2, 3, strides=2)),
            7 * 12 + 7 * 12, 4,
        ),
    }  # fmt: skip


def test_layers(cases):
    found = {name: kc.describe(model) for name, (model, *_expected) in cases.items()}
    assert {n: (d.macs, d.layers[-1].receptive_field) for n, d in found.items()} == {
        name: (macs, field) for name, (_model, macs, field) in cases.items()
    }


@pytest.mark.parametrize(
    "name", ["causal", "bilinear", "nearest", "LayerNormalization", "EinsumDense",
             "UnitNormalization", "AdaptiveAveragePooling2D", "Resizing", "Conv1DTranspose"],
)  # fmt: skip
def test_layers_see_what_moves_them(cases, name):
    model, _macs, field = cases[name]
    field = field if isinstance(field, tuple) else (field,) * (len(model.input_shape) - 2)
    assert tuple(measured(model, axis) for axis in range(len(field))) == field


def test_units_that_see_more_than_their_neighbours():
    """Twice up-sampled, a unit sees 8 or 12 pixels by its position: the larger is said."""
    image = Input((32, 1))
    x = layers.MaxPooling1D(4)(image)
    for _ in range(2):
        x = layers.Conv1DTranspose(1, 2, strides=2)(x)
        x = layers.Conv1D(1, 3, padding="same")(x)
    model = keras.Model(image, x)
    assert last(model).receptive_field == measured(model, 0) == 12
    assert last(kc.build_unet(width=1 / 16)).receptive_field == 204


def test_branches_of_different_strides():
    """Six rows stretched to ten and added to ten: the union that is largest of all ten."""
    image = Input((20, 6, 1))
    one = layers.MaxPooling2D((2, 1))(image)
    other = layers.Resizing(10, 6, "nearest")(layers.MaxPooling2D((3, 1))(image))
    model = keras.Model(image, layers.Add()([one, other]))
    record = last(model)
    assert record.receptive_field == (measured(model, 0), 1)
    assert not record.aligned


NEAR = np.abs(np.subtract.outer(np.arange(16), np.arange(16)))[None] <= 1
FRAMES, ROWS, TOKENS = (2, 12, 10, 1), (2, 1, 12, 10), (16, 4)


class NearHeads(layers.MultiHeadAttention):
    """Each step attends to itself and its neighbors."""

    def _compute_attention_mask(self, *args, **options):
        return ops.convert_to_tensor(NEAR)


class NearAttention(layers.Attention):
    """The same."""

    def _calculate_scores(self, query, key):
        return ops.where(NEAR, super()._calculate_scores(query, key), -1e9)


def both_ways(kernel=3, back=3, **options):
    """Frames forward and backward."""
    convolution = partial(layers.ConvLSTM2D, 2, padding="same", **options)
    return partial(layers.Bidirectional, convolution(kernel), backward_layer=convolution(
        back, go_backwards=True))  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "build", "field"),
    [
        # Of two frames, the window of the state is added to that of the frame.
        (FRAMES, both_ways()(), (2, 5, 5)),
        (FRAMES, both_ways(return_sequences=True)(), (2, 5, 5)),
        (FRAMES, both_ways(back=(5, 3))(), (2, 9, 5)),
        (ROWS, both_ways(data_format="channels_first")(merge_mode="sum"), (2, 5, 5)),
        (ROWS, both_ways(data_format="channels_first")(), (2, 5, 5)),
        (TOKENS, lambda x: layers.MultiHeadAttention(1, 4)(x, x, attention_mask=NEAR), 3),
        (TOKENS, lambda x: layers.MultiHeadAttention(1, 4)(x, x, use_causal_mask=True), 16),
        (TOKENS, lambda x: NearHeads(1, 4)(x, x), 3),
        (TOKENS, lambda x: NearAttention()([x, x]), 3),
        ((6, 7, 3), lambda x: layers.AdditiveAttention()([x, x]), (1, 7)),
    ],
)
def test_layers_of_steps_see_what_moves_them(shape, build, field):
    image = Input(shape)
    model = keras.Model(image, build(image))
    if shape == ROWS and not IsMklEnabled():
        pytest.skip("TensorFlow only computes channels first with oneDNN")
    assert last(model).receptive_field == field
    axes = (0, 2, 3) if shape == ROWS else range(len(shape) - 1)
    found = tuple(measured(model, axis) for axis in axes)
    assert found == (field if isinstance(field, tuple) else (field,))


def test_squeeze_and_excitation_sees_all():
    image = Input((16, 20, 3))
    maps = layers.Conv2D(4, 3, padding="same")(image)
    weights = layers.Dense(4)(layers.GlobalAveragePooling2D(keepdims=True)(maps))
    model = keras.Model(image, layers.Multiply()([maps, weights]))
    assert last(model).receptive_field == (18, 22)  # with the padding, a pixel on each side


@pytest.mark.parametrize("operation", ["roll", "flip", "crop", "mean", "transpose", "pad"])
def test_operations(operation):
    image = Input((12, 9, 2))
    x = layers.Conv2D(2, 3)(image)
    x = {
        "roll": lambda: ops.roll(x, 2, axis=1),
        "flip": lambda: x[:, ::-1] + x,
        "crop": lambda: x[:, 1:, ::2],
        "mean": lambda: ops.mean(x, axis=1),
        "pad": lambda: ops.pad(x, [(0, 0), (1, 2), (0, 0), (0, 0)]),
        "transpose": lambda: ops.transpose(x, (0, 2, 1, 3)),
    }[operation]()
    model = keras.Model(image, layers.Conv2D(2, 2)(x) if len(x.shape) == 4 else x)
    field = last(model).receptive_field
    field = field if isinstance(field, tuple) else (field, field)
    assert field == (measured(model, 0), measured(model, 1))


# Layers without a rule


class Blurred(layers.Layer):
    """The mean of windows of 3x3, by another name."""

    def call(self, x):
        return ops.average_pool(x, 3, 1, padding="same")


class FreshlyZero(layers.Layer):
    """A convolution that starts with weights of zero."""

    def build(self, shape):
        self.kernel = self.add_weight(
            shape=(5, 5, shape[-1], 2), initializer="zeros", name="kernel"
        )

    def call(self, x):
        return ops.conv(x, self.kernel, padding="same")


class LooksLikeAConvolution(layers.Layer):
    """It says that its window is 3x3, and takes the mean of the whole map away."""

    kernel_size, strides, padding = (3, 3), (1, 1), "same"

    def call(self, x):
        return x - ops.mean(x, axis=(1, 2), keepdims=True)


def centred(x):
    """An activation that is none: it takes the mean of each column away."""
    return x - ops.mean(x, 1, keepdims=True)


class Changed(layers.Conv2D):
    """A convolution and a shift over the whole map."""

    def call(self, x):
        return super().call(x) + ops.mean(x)


@pytest.mark.parametrize(
    ("layer", "field"),
    [
        (Blurred(), 3), (FreshlyZero(), 5), (LooksLikeAConvolution(), 12), (Changed(2, 3), None),
        (layers.Lambda(lambda x: x * 2), 1), (layers.Activation(lambda x: x / ops.max(x)), None),
        (layers.Conv2D(2, 3, padding="same", activation=centred), (12, 3)),
    ],
)  # fmt: skip
def test_layers_of_your_own_are_measured(layer, field):
    model = chain(Input((12, 12, 2)), layer)
    weights = [w.copy() for w in model.get_weights()]
    record = last(model)
    assert record.receptive_field == field
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_large_layers_of_your_own_are_measured_small():
    model = chain(Input((224, 160, 3)), layers.Lambda(lambda x: x * 2), Blurred())
    assert [r.receptive_field for r in kc.describe(model).layers[1:]] == [1, 3]


class Twice(layers.Layer):
    """Two convolutions, with the attributes of the first."""

    kernel_size, strides, padding = (3, 3), (1, 1), "same"

    def __init__(self, filters):
        super().__init__()
        self.both = [layers.Conv2D(filters, 3, padding="same") for _ in range(2)]

    def build(self, shape):
        for layer in self.both:
            layer.build(shape)

    def call(self, x):
        return self.both[1](self.both[0](x))


class Centered(layers.Conv2D):
    """A convolution whose kernels have a mean of 0."""

    def convolution_op(self, x, kernel):
        return super().convolution_op(x, kernel - ops.mean(kernel, (0, 1, 2)))


@pytest.mark.parametrize(
    ("layer", "shape", "field"),
    [
        (Twice(2), (12, 12, 2), 5),
        (Twice(256), (32, 32, 256), None),  # too large to be measured
        (Centered(2, 3), (12, 12, 2), 3),
        (Centered(256, 3, padding="same"), (32, 32, 256), 3),  # it is enough to test it
        (Centered(2, 3, dilation_rate=30, padding="same"), (150, 150, 8), 61),
        (layers.TimeDistributed(Centered(256, 3)), (3, 32, 32, 256), (1, 3, 3)),
    ],
)
def test_layers_that_look_like_convolutions(layer, shape, field):
    """Their window is believed where nothing beyond it has an effect."""
    assert last(chain(Input(shape), layer)).receptive_field == field


class Perceptron(layers.Layer):
    """Two dense layers from one channel to one channel, so that each value depends on one."""

    def build(self, shape):
        self.both = [layers.Dense(64), layers.Dense(1)]
        for layer, channels in zip(self.both, (1, 64), strict=True):
            layer.build((*shape[:-1], channels))

    def call(self, x):
        return self.both[1](self.both[0](x))


def test_macs_of_a_layer_of_your_own_with_weights_are_not_known():
    """They are 256 · 2 · 64, although each value depends on a single one."""
    record = last(chain(Input((16, 16, 1)), Perceptron()))
    assert (record.receptive_field, record.macs) == (1, None)


def test_unknown_macs_make_the_total_unknown():
    model = chain(Input((12, 12, 2)), layers.Conv2D(2, 3), Blurred(name="blurred"))
    description = kc.describe(model)
    assert (description.layers[-1].macs, description.macs) == (None, None)
    assert "blurred" in description.notes[-1]
    assert next(x for x in description.to_markdown().splitlines() if "Total" in x).count("–") == 1
    scaled = chain(Input((12, 12, 2)), layers.Conv2D(2, 3), layers.Lambda(lambda x: x / 255))
    assert kc.describe(scaled).macs == 100 * 18 * 2  # scaling sums no products


def test_what_is_not_known_is_not_said():
    image = Input((28 * 28,))
    model = keras.Model(image, layers.Conv2D(4, 3)(layers.Reshape((28, 28, 1))(image)))
    record = last(model)
    assert record.receptive_field is None
    assert receptive_fields(model, (28 * 28,))[record.name] is None


def test_fields_for_other_parts():
    model = chain(
        Input((12, 9, 2)),
        layers.Conv2D(2, 3, name="c"),
        layers.Flatten(name="f"),
        layers.Dense(2, name="d"),
    )
    fields = receptive_fields(model, (12, 9, 2))
    assert [f.size for f in fields["c"]] == [3, 3]
    assert fields["f"] == fields["d"] == WHOLE


# Sizes


def skip_net():
    image = Input((None, None, 3))
    half = layers.Conv2D(4, 3, strides=2, padding="same")(image)
    return keras.Model(image, layers.Concatenate(name="skip")([layers.UpSampling2D()(half), image]))


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"received \(33, 33, 3\).*'skip'.*Use 32x32 or 34x34"):
        kc.describe(skip_net(), input_shape=(33, 33, 3))
    unet = kc.build_unet(padding="same", width=1 / 16, input_shape=(None, None, 1))
    with pytest.raises(ValueError, match="Use 96x96 or 112x112"):
        kc.describe(unet, input_shape=(101, 101, 1))
    assert kc.describe(skip_net(), input_shape=np.array([34, 34, 3])).macs == 17 * 17 * 27 * 4


def test_a_constant_of_a_nested_model_sees_nothing():
    image, vector, outside = keras.Input((8, 8, 3)), keras.Input((4,)), keras.Input((8, 8, 3))
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(image), vector])
    inner = keras.Model([image, vector], layers.Dense(3)(joined))
    description = kc.describe(keras.Model(outside, inner([outside, keras.ops.ones((1, 4))])))
    assert (description.macs, description.layers[-1].receptive_field) == (7 * 3, 8)
