"""What Keras's layers and operations are said to see, against what moves them, unit by unit."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc
from kerascnn._describe.describe_model import followed
from kerascnn._graph import flatten

Input = keras.Input
CUBE = (6, 4, 3)
CONSTANT = np.ones((3, 5), "float32")

# By name: the shape of the input, and what is made of it.
OPERATIONS = {
    "softmax": (CUBE, lambda x: ops.softmax(x, axis=1)),
    "log_softmax": (CUBE, lambda x: ops.log_softmax(x, axis=-2)),
    "concatenate": (CUBE, lambda x: ops.concatenate([x, x[:, ::-1], x], axis=1)),
    "stack": (CUBE, lambda x: ops.stack([x[..., i] for i in (2, 1, 0)], axis=-1)),
    "stack, in front": (CUBE, lambda x: ops.stack([x, x[:, ::-1]], axis=1)),
    "stack, of rows": (CUBE, lambda x: ops.stack([x[:, 3], x[:, 1], x[:, 1]], axis=1)),
    "stack, of two inputs": ([CUBE, (4, 3)], lambda x, y: ops.stack([x[:, 3], y], axis=1)),
    "split": (CUBE, lambda x: ops.split(x, 3, axis=1)[2]),
    "split, at places": (CUBE, lambda x: ops.split(x, (1, 4), axis=-3)[1]),
    "unstack": (CUBE, lambda x: ops.unstack(x, axis=1)[4]),
    "take": (CUBE, lambda x: ops.take(x, [2, -1, 0, 0], axis=-1)),
    "take, in steps": (CUBE, lambda x: ops.take(x, np.array([1, 3, 5]), axis=1)),
    "take, one": (CUBE, lambda x: ops.take(x, -2, axis=1)),
    "moveaxis": (CUBE, lambda x: ops.moveaxis(x, (-1, 1), (1, 2))),
    "roll": (CUBE, lambda x: ops.roll(x, (2, -1), (1, -1))),
    "repeat": (CUBE, lambda x: ops.repeat(x, 3, axis=1)),
    "tile": (CUBE, lambda x: ops.tile(x, [1, 1, 2, 1])),
    "tile, one": ((6, 1), lambda x: ops.tile(x, [1, 3])),
    "sort": (CUBE, lambda x: ops.sort(x, axis=1)),
    "top_k": (CUBE, lambda x: ops.top_k(x, 3)[0]),
    "normalize": (CUBE, lambda x: ops.normalize(x, axis=1)),
    "argmax": (CUBE, lambda x: ops.argmax(x, axis=-1)),
    "norm": (CUBE, lambda x: ops.norm(x, axis=(1, 2), keepdims=True)),
    "glu": (CUBE, lambda x: ops.glu(x, axis=1)),
    "gray": (CUBE, lambda x: ops.image.rgb_to_grayscale(x)),
    "gray, channels first": (
        (3, 6, 4), lambda x: ops.image.rgb_to_grayscale(x, data_format="channels_first"),
    ),
    "moments": (CUBE, lambda x: ops.moments(x, axes=[1], keepdims=True)[0]),
    "moments, the second": (CUBE, lambda x: ops.moments(x, axes=[-1, 2])[1]),
    "truth": (CUBE, lambda x: ops.logical_xor(x > 0.5, x[:, :1] > 0.8)),
    "resize": (CUBE, lambda x: ops.image.resize(x, (3, 12))),
    "one_hot": (CUBE, lambda x: ops.one_hot(ops.cast(x > 0.5, "int32"), 2)),
    "dot": (CUBE, lambda x: ops.dot(x, CONSTANT)),
    "tensordot": (CUBE, lambda x: ops.tensordot(x, CONSTANT, 1)),
    "transpose": (CUBE, lambda x: ops.transpose(x, (0, 3, 1, 2))),
    "transpose, from the end": (CUBE, lambda x: ops.transpose(x, (0, -1, -3, -2))),
    "swapaxes": (CUBE, lambda x: ops.swapaxes(x, 1, -1)),
    "flip": (CUBE, lambda x: ops.flip(x, (1, -1))),
    "pad": (CUBE, lambda x: ops.pad(x, [(0, 0), (2, 1), (0, 3), (1, 0)])),
    "reflected pad": (CUBE, lambda x: ops.pad(x, [(0, 0), (2, 1), (0, 0), (0, 0)], "reflect")),
    "item": (CUBE, lambda x: x[:, -2]),
    "item, from a step": (CUBE, lambda x: x[:, 1::2, None, ..., ::-1]),
    "item, behind an ellipsis": (CUBE, lambda x: x[..., 1:]),
    "sum": (CUBE, lambda x: ops.sum(x, axis=(1, -1))),
    "max": (CUBE, lambda x: ops.max(x, axis=2, keepdims=True)),
    "mean of all": ((6,), lambda x: ops.mean(x, axis=-1, keepdims=True)),
    "einsum": (
        [CUBE, (2, 4, 3)], lambda x, y: ops.einsum("bijc,bkjc->bikc", x, y),
    ),
    "einsum, ellipsis": (
        [CUBE, (6, 5, 3)], lambda x, y: ops.einsum("...ij,...kj->...ik", x, y),
    ),
    "einsum, broadcast": (
        [(1, 4, 3), (6, 5, 3)], lambda x, y: ops.einsum("...ij,...kj->...ik", x, y),
    ),
    "einsum of one's own rows": (CUBE, lambda x: ops.einsum("bijc,bjc->bijc", x, x[:, 2])),
    "matmul": ([CUBE, (6, 3, 5)], ops.matmul),
    "matmul, broadcast": ([CUBE, (1, 3, 5)], ops.matmul),
    "a constant by matmul": (CUBE, lambda x: ops.matmul(np.ones((1, 6, 5, 4), "float32"), x)),
    "matmul by a constant": (CUBE, lambda x: ops.matmul(x, np.ones((1, 1, 3, 5), "float32"))),
    "matmul by more constants": (
        (1, 4, 3), lambda x: ops.matmul(x, np.ones((1, 6, 3, 5), "float32")),
    ),
    "dense by hand": ((3,), lambda x: ops.matmul(x, CONSTANT)),
    "broadcast": (CUBE, lambda x: x + x[:, :1] * x[:, :, :1]),
    "constant": (CUBE, lambda x: ops.maximum(x, 0.6) * np.ones((6, 1, 3), "float32")),
    "expand_dims": (CUBE, lambda x: ops.expand_dims(x, 2)),
    "squeeze": ((6, 1, 3), lambda x: ops.squeeze(x, 2)),
    "reshape": (CUBE, lambda x: ops.reshape(x, (-1, 24, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_see_what_moves_them(name, net, check_views):
    shape, build = OPERATIONS[name]
    check_views(net(shape, build))


BATCHES_MEET = {
    "mean": (CUBE, lambda x: ops.mean(x)),
    "sum": (CUBE, lambda x: ops.sum(x, axis=(0, 1))),
    "softmax": (CUBE, lambda x: ops.softmax(x, axis=None)),
    "transpose": ((6,), lambda x: ops.transpose(x)),
    "swapaxes": (CUBE, lambda x: ops.swapaxes(x, 0, 2)),
    "flip": (CUBE, lambda x: ops.flip(x, 0)),
    "flip all": (CUBE, ops.flip),
    "pad": (CUBE, lambda x: ops.pad(x, [(1, 0), (0, 0), (0, 0), (0, 0)])),
    "item": (CUBE, lambda x: x[1:, :]),
    "new axis": (CUBE, lambda x: x[None, :]),
    "einsum": (CUBE, lambda x: ops.einsum("bijc->ijbc", x)),
    "einsum, ranks": ((6,), lambda x: ops.einsum("...i,...i->...i", x, ops.expand_dims(x, 1))),
    "concatenate": (CUBE, lambda x: ops.concatenate([x, x], axis=0)),
    "stack": (CUBE, lambda x: ops.stack([x, x], axis=0)),
    "unstack": (CUBE, lambda x: ops.unstack(x, 2, axis=0)[1]),
    "take": (CUBE, lambda x: ops.take(x, [0], axis=0)),
    "sort": (CUBE, lambda x: ops.sort(x, axis=0)),
    "roll": (CUBE, lambda x: ops.roll(x, 1, axis=0)),
    "moveaxis": (CUBE, lambda x: ops.moveaxis(x, 0, 1)),
    "tile": (CUBE, lambda x: ops.tile(x, [2, 1, 1, 1])),
    "repeat": (CUBE, lambda x: ops.repeat(x, 2, axis=0)),
    "ranks": ((6,), lambda x: x + ops.expand_dims(x, 1)),
    "matmul": ((6,), lambda x: ops.matmul(x, ops.transpose(x))),
}


@pytest.mark.parametrize("name", BATCHES_MEET)
def test_nothing_is_said_where_images_of_a_batch_meet(name, net, unknown):
    shape, build = BATCHES_MEET[name]
    assert unknown(net(shape, build))


def test_nothing_is_said_of_rows_of_a_constant_table():
    indices = keras.Input((5,), dtype="int32")
    taken = ops.take(np.ones((3, 5), "float32"), indices, axis=1)
    assert kc.describe(keras.Model(indices, taken)).layers[-1].receptive_field is None


BIG = (9, 8, 3)
LAYERS = {
    "dilated": (BIG, lambda: layers.Conv2D(2, 2, dilation_rate=3)),
    "depthwise": (BIG, lambda: layers.DepthwiseConv2D(3, padding="same")),
    "depthwise, several": (BIG, lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "separable": (BIG, lambda: layers.SeparableConv2D(2, 3)),
    "maximum": (BIG, lambda: layers.MaxPooling2D((3, 2), 2, "same")),
    "transposed": (BIG, lambda: layers.Conv2DTranspose(2, 3, 2, "same")),
    "transposed, more": (
        BIG, lambda: layers.Conv2DTranspose(2, 3, 2, "same", output_padding=1),
    ),
    "transposed, valid": (BIG, lambda: layers.Conv2DTranspose(2, 2, 3)),
    "softmax inside": (BIG, lambda: layers.Conv2D(2, 3, activation="softmax")),
    "a layer inside": (BIG, lambda: layers.Conv2D(2, 3, activation=layers.LeakyReLU())),
    "a gated one inside": (BIG, lambda: layers.Conv2D(2, 3, activation="glu")),
    "up-sampling": (BIG, lambda: layers.UpSampling2D((2, 3))),
    "up-sampling, bilinear": (BIG, lambda: layers.UpSampling2D(2, interpolation="bilinear")),
    "up-sampling, steps": ((9, 2), lambda: layers.UpSampling1D(2)),
    "resizing": (BIG, lambda: layers.Resizing(6, 12, "nearest")),
    "resizing, its shape kept": (
        BIG, lambda: layers.Resizing(4, 4, "nearest", crop_to_aspect_ratio=True),
    ),
    "resizing, bilinear": (BIG, lambda: layers.Resizing(18, 8)),
    "padding": (BIG, lambda: layers.ZeroPadding2D(((1, 2), (0, 3)))),
    "cropping": (BIG, lambda: layers.Cropping2D(((1, 2), (0, 3)))),
    "cropping, centered": (BIG, lambda: layers.CenterCrop(4, 7)),
    "cropping, first enlarged": (BIG, lambda: layers.CenterCrop(12, 7)),
    "cropping, steps": ((9, 2), lambda: layers.Cropping1D((2, 1))),
    "permute": (BIG, lambda: layers.Permute((3, 1, 2))),
    "flatten": (CUBE, lambda: layers.Flatten()),
    "flatten, channels first": (CUBE, lambda: layers.Flatten(data_format="channels_first")),
    "repeat": ((5,), lambda: layers.RepeatVector(3)),
    "dense": (CUBE, lambda: layers.Dense(2)),
    "einsum": (CUBE, lambda: layers.EinsumDense("...bc,cd->...bd", (4, 2))),
    "einsum of places": (CUBE, lambda: layers.EinsumDense("nhwc,hk->nkwc", (5, 4, 3))),
    "normalization": (CUBE, lambda: layers.LayerNormalization(axis=(1, -1))),
    "groups": (CUBE, lambda: layers.GroupNormalization(1)),
    "softmax": (CUBE, lambda: layers.Softmax(axis=1)),
    "global pool": (CUBE, lambda: layers.GlobalMaxPooling2D()),
    "global pool, kept": (CUBE, lambda: layers.GlobalAveragePooling2D(keepdims=True)),
    "adaptive pool": (BIG, lambda: layers.AdaptiveAveragePooling2D((4, 3))),
    "batch normalization": (CUBE, lambda: layers.BatchNormalization()),
    "rescaling": (CUBE, lambda: layers.Rescaling(2.0)),
    "activation": (CUBE, lambda: layers.Activation("softmax")),
    "bins": ((12, 9), lambda: layers.Discretization([0.0, 0.7, 1.5])),
    "reshape": (CUBE, lambda: layers.Reshape((6, 12))),
    "reshape to columns": (CUBE, lambda: layers.Reshape((6, 4, 3, 1))),
    "time-distributed": (CUBE, lambda: layers.TimeDistributed(layers.Conv1D(2, 3))),
    "of each step": (CUBE, lambda: layers.TimeDistributed(layers.GlobalMaxPooling1D())),
    "spectral": (BIG, lambda: layers.SpectralNormalization(layers.Conv2D(2, 3))),
    "center crop": (BIG, lambda: layers.CenterCrop(5, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers_see_what_moves_them(name, net, check_views):
    shape, build = LAYERS[name]
    check_views(net(shape, build()))


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_channels_first(activation, net, check_views):
    """As with channels last between two permutations, which all processors compute.

    The softmax is that of the last axis, which holds columns.
    """

    def turned(x):
        x = layers.Conv2D(2, (3, 2), 2, "same")(layers.Permute((2, 3, 1))(x))
        return layers.Activation(activation or "linear")(layers.Permute((3, 1, 2))(x))

    first = {"data_format": "channels_first", "activation": activation}
    model = net((3, 9, 8), layers.Conv2D(2, (3, 2), 2, "same", **first))
    twin = net((3, 9, 8), turned)
    check_views(twin)
    views = []
    for one in (model, twin):
        graph = flatten(one)
        views.append(followed(one, graph, None)[1].views[graph.outputs[0]])
    assert views[0] == views[1]


def attended(**options):
    return lambda x, y: layers.MultiHeadAttention(2, 3, **options)(x, y)


SEVERAL = {
    "attention": ([(5, 4), (7, 4)], lambda x, y: layers.Attention()([x, y])),
    "additive attention": ([(5, 4), (7, 4)], lambda x, y: layers.AdditiveAttention()([x, y])),
    "heads": ([(5, 4), (7, 3)], attended()),
    "heads, of rows": ([CUBE, (6, 5, 3)], attended(attention_axes=(2,))),
    "heads, of two axes": ([(5, 4), (7, 4)], attended(output_shape=(2, 3))),
    "grouped heads": ([(5, 4), (7, 4)], lambda x, y: layers.GroupQueryAttention(3, 4, 2)(x, y)),
    "recurrent": ((6, 3), layers.LSTM(2)),
    "two ways": ((6, 3), layers.Bidirectional(layers.GRU(2, return_sequences=True))),
    "dot": ([(5, 4), (7, 4)], lambda x, y: layers.Dot(2)([x, y])),
    "dot of two axes": ([(5, 4), (4, 7)], lambda x, y: layers.Dot((2, 1))([x, y])),
    "dot of vectors": ([(4,), (4,)], lambda x, y: layers.Dot(1)([x, y])),
    "frames": ((3, 9, 2), layers.ConvLSTM1D(2, 3, padding="same")),
    "one frame": ((1, 9, 2), layers.ConvLSTM1D(2, 3, return_sequences=True)),
    "sum": ([CUBE, (1, 4, 3)], lambda x, y: layers.Add()([x, y])),
    "sum of ranks": ([CUBE, (3,)], lambda x, y: layers.Add()([x, y])),
    "product of ranks": ([CUBE, (1, 3)], lambda x, y: layers.Multiply()([x, y])),
    "side by side": ([CUBE, (2, 4, 3)], lambda x, y: layers.Concatenate(1)([x, y])),
    "masked softmax": ([(5, 4), (5, 4)], lambda x, y: layers.Softmax()(x, y > 0.7)),
    "bins, coded": ((12, 9), layers.Discretization([0.7, 1.5], output_mode="one_hot")),
    "bins, counted": ((12, 9), layers.Discretization([0.7, 1.5], output_mode="multi_hot")),
    "a model at each step": (
        (3, 9, 2), lambda x: layers.TimeDistributed(keras.Sequential([
            Input((9, 2)), layers.Conv1D(2, 3), layers.MaxPooling1D(2)]))(x),
    ),
    "a model of any size at each step": (
        (3, 9, 2), lambda x: layers.TimeDistributed(keras.Sequential([
            Input((None, 2)), layers.Conv1D(2, 3, 2, "same")]))(x),
    ),
    "a model of one value at each step": (
        (3, 9, 2), lambda x: layers.TimeDistributed(keras.Sequential([
            Input((9, 2)), layers.Cropping1D((2, 0)), layers.GlobalMaxPooling1D()]))(x),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
def test_what_meets_sees_what_moves_it(name, net, check_views):
    shapes, build = SEVERAL[name]
    check_views(net(shapes, build))


@pytest.mark.parametrize(
    "layer",
    [layers.UpSampling2D(2, interpolation="bicubic"), layers.Resizing(7, 12, "lanczos3"),
     layers.Resizing(5, 11, "bicubic")],
)  # fmt: skip
def test_kernels_see_no_less_than_what_moves_them(layer, net, check_views):
    """Some of their weights are 0, or too small to move a float."""
    check_views(net(BIG, layer), exact=False)


def test_a_layer_that_is_not_keras_own_is_measured_within_a_wrapper(net, check_views):
    class Averaged(layers.Layer):
        """It says that it has a window, and looks beyond."""

        kernel_size, strides, padding = (3,), (1,), "same"

        def call(self, x):
            return x - ops.mean(x, axis=1, keepdims=True)

        def compute_output_shape(self, shape):
            return shape

    check_views(net((2, 9, 2), layers.TimeDistributed(Averaged())))


def test_free_sizes():
    """Where a size is open, what follows of the rest is said, and what depends on it is not."""
    cases = {
        "pad": (lambda x: layers.ZeroPadding2D(1)(x), 1),
        "same": (lambda x: layers.Conv2D(2, 3, 2, "same")(x), 3),
        "transposed": (lambda x: layers.Conv2DTranspose(2, 3, 2, "same")(x), 2),
        "concatenate": (
            lambda x: layers.Concatenate()([x, layers.Conv2D(1, 5, padding="same")(x)]), 5,
        ),
        "side by side": (lambda x: layers.Concatenate(1)([x, x]), None),
        "resizing": (layers.Resizing(4, 4), None),
        "flatten": (lambda x: ops.reshape(x, (-1, 4 * 4 * 2)), None),
        "flat": (layers.Flatten(), None),
        "frames": (lambda x: layers.TimeDistributed(layers.Conv1D(2, 3))(x), (1, 3)),
        "frames of a model": (
            lambda x: layers.TimeDistributed(
                keras.Sequential([Input((None, 2)), layers.Conv1D(2, 3)])
            )(x), None,
        ),
        "adaptive": (layers.AdaptiveMaxPooling2D(2), None),
        "global": (layers.GlobalMaxPooling2D(), None),
        "item": (lambda x: x[:, -1], None),
        "slice": (lambda x: x[:, 1:], None),
        "flip": (lambda x: ops.flip(x, 1), None),
        "sum": (
            lambda x: layers.Add()([x, layers.MaxPooling2D(2)(layers.UpSampling2D(2)(x))]), 1,
        ),
    }  # fmt: skip
    for name, (build, field) in cases.items():
        x = Input((None, None, 2))
        description = kc.describe(keras.Model(x, build(x)))
        assert description.layers[-1].receptive_field == field, name


@pytest.mark.parametrize(
    "attributes",
    [{"strides": 1}, {"padding": "mirrored"}, {"kernel_size": (3, 3)}, {"strides": (2,)},
     {"data_format": "channels_first"}],
)  # fmt: skip
def test_what_looks_like_a_convolution_and_is_none(attributes, net, check_views):
    """A layer that names its window otherwise than Keras does is measured."""
    given = {"kernel_size": (3,), "strides": (1,), "padding": "same", **attributes}
    call = {"call": lambda _self, x: ops.average_pool(x, 5, 1, "same")}
    check_views(net((9, 2), type("Averaged", (layers.Layer,), {**given, **call})()))


def test_embedded_words():
    words = Input((7,), dtype="int32")
    steps = layers.Conv1D(2, 3)(layers.Embedding(10, 4)(words))
    assert kc.describe(keras.Model(words, steps)).layers[-1].receptive_field == 3
    reversible = layers.Conv1D(2, 3)(layers.ReversibleEmbedding(10, 4)(words))
    assert kc.describe(keras.Model(words, reversible)).layers[-1].receptive_field is None


def test_several_outputs():
    """Of the second one of a custom layer nothing is measured."""

    class Halves(layers.Layer):
        def call(self, x):
            return tuple(ops.split(x, 2, axis=1))

    x = Input((8, 8, 2))
    for halves, field in ((lambda x: ops.split(x, 2, axis=1), (5, 1)), (Halves(), None)):
        model = keras.Model(x, halves(layers.Conv2D(2, 3, padding="same")(x)))
        assert kc.describe(model).layers[-1].receptive_field == 3
        both = kc.describe(keras.Model(x, layers.Add()(halves(x))))
        assert both.layers[-1].receptive_field == field


def test_steps_that_are_stacked_see_their_own():
    x = Input((5, 3))
    record = kc.describe(keras.Model(x, ops.stack([x[:, t] for t in range(5)], 1))).layers[-1]
    assert (record.receptive_field, record.stride_product) == (1, 1)
    turned = keras.Model(x, layers.Conv1D(2, 2)(ops.stack([x[:, t] for t in (4, 3, 2)], 1)))
    assert kc.describe(turned).layers[-1].receptive_field == 2


def test_channels_are_reversed_in_images_of_any_size():
    """As the caffe mode of `preprocess_input` does, symbolically."""
    for first, shape in ((True, (3, None, None)), (False, (None, None, 3))):
        data_format = "channels_first" if first else "channels_last"
        x = Input(shape)
        own = keras.applications.vgg16.preprocess_input(x, data_format=data_format)
        made = layers.Conv2D(2, 3, data_format=data_format)(own)
        model = keras.Model(x, made)
        assert kc.describe(model).layers[-1].receptive_field == 3
        large = (3, 224, 160) if first else (224, 160, 3)
        assert kc.describe(model, input_shape=large).layers[-1].receptive_field == 3


def test_residuals_of_inception_resnet():
    """The scaled sum of a wide map and another, as in each block of InceptionResNetV2."""
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    x = Input((35, 35, 320))
    model = keras.Model(x, CustomScaleLayer(0.2)([x, layers.Conv2D(320, 3, padding="same")(x)]))
    record = kc.describe(model).layers[-1]
    assert (record.receptive_field, record.macs) == (3, 0)


def test_inputs_of_other_axes_meet():
    """A picture's rows and columns, and a sequence's steps: no numbers hold for both."""
    image, steps = Input((9, 8, 2)), Input((5, 2))
    model = keras.Model(
        [image, steps],
        layers.Add()([layers.GlobalMaxPooling2D()(image), layers.GlobalMaxPooling1D()(steps)]),
    )
    assert kc.describe(model).layers[-1].receptive_field is None


def test_as_many_frames_as_come():
    """The state's window is looked through once more for each frame: nobody knows how often."""
    video = Input((None, 9, 2))
    model = keras.Model(video, layers.ConvLSTM1D(2, 3)(video))
    assert kc.describe(model).layers[-1].receptive_field is None


def test_sizes_that_vanish_within_a_layer():
    frame = Input((None, 2))
    cut = layers.TimeDistributed(keras.Model(frame, frame[:, 5:]))
    video = Input((3, 4, 2))
    record = kc.describe(keras.Model(video, cut(video))).layers[-1]
    assert (record.macs, record.receptive_field) == (None, None)
