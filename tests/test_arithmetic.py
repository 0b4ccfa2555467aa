"""The arithmetic against Keras itself, and against numbers from papers and lectures."""

from fractions import Fraction

import keras
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kerascnn import arithmetic
from kerascnn.arithmetic import ReceptiveField


@st.composite
def convolutions(draw):
    """(size, kernel, stride, dilation, padding) of a convolution that Keras takes."""
    kernel, stride = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    dilation = draw(st.integers(1, 3)) if stride == 1 else 1  # Keras refuses both at once
    padding = draw(st.sampled_from(("valid", "same")))
    least = 1 if padding == "same" else arithmetic.effective_kernel(kernel, dilation)
    return draw(st.integers(least, 16)), kernel, stride, dilation, padding


def ones_through(layer, size, weights=None):
    """What a row of ones becomes when all weights are ones: how many pixels each window sees."""
    layer.build((1, size, 1, 1))
    shape = layer.kernel.shape
    layer.set_weights([np.ones(shape) if weights is None else np.reshape(weights, shape)])
    return np.array(layer(np.ones((1, size, 1, 1), "float32")))[0, :, 0, 0]


@given(convolutions())
def test_convolution_is_keras(convolution):
    size, kernel, stride, dilation, padding = convolution
    layer = keras.layers.Conv2D(
        1, (kernel, 1), (stride, 1), padding, dilation_rate=(dilation, 1), use_bias=False
    )
    expected = layer.compute_output_shape((1, size, 1, 1))[1]
    assert arithmetic.conv_output_size(size, kernel, stride, padding, dilation) == expected
    counts = ones_through(layer, size)
    assert len(counts) == expected
    # The number of real pixels under each tap tells on which side the zeros lie.
    before, after = arithmetic.padding_sizes(size, kernel, stride, padding, dilation)
    padded = np.pad(np.ones(size), (before, after))
    taps = np.arange(kernel) * dilation
    ours = [padded[i * stride + taps].sum() for i in range(expected)]
    np.testing.assert_array_equal(counts, ours)


@given(convolutions())
def test_unseen_pixels_lie_behind_the_last_window(convolution):
    size, kernel, stride, dilation, padding = convolution
    before, _after = arithmetic.padding_sizes(size, kernel, stride, padding, dilation)
    windows = arithmetic.conv_output_size(size, kernel, stride, padding, dilation)
    extent = arithmetic.effective_kernel(kernel, dilation)
    seen = {i * stride + j - before for i in range(windows) for j in range(extent)}
    last = max(p for p in seen if p < size)
    assert arithmetic.unseen_size(size, kernel, stride, padding, dilation) == size - 1 - last


@given(st.integers(3, 12), st.integers(2, 3), st.integers(1, 3), st.sampled_from(("valid", "same")))
def test_pooling_is_keras(size, pool, stride, padding):
    layers = keras.layers.MaxPooling2D, keras.layers.AveragePooling2D
    for layer in (make((pool, 1), (stride, 1), padding) for make in layers):
        ones = np.array(layer(np.ones((1, size, 1, 1), "float32")))
        assert arithmetic.pool_output_size(size, pool, stride, padding) == ones.shape[1]
        np.testing.assert_array_equal(ones, 1)  # padded cells are left out of the average


@given(convolutions(), st.sampled_from((None, 0, 1, 2)))
def test_transposed_convolution_is_keras(convolution, output_padding):
    size, kernel, stride, dilation, padding = convolution
    assume(output_padding is None or output_padding < stride)

    def layer(kernel, dilation=1):
        return keras.layers.Conv2DTranspose(
            1, (kernel, 1), (stride, 1), padding, use_bias=False, dilation_rate=(dilation, 1),
            output_padding=None if output_padding is None else (output_padding, 0),
        )  # fmt: skip

    ours = arithmetic.transposed_output_size(
        size, kernel, stride, padding, output_padding, dilation
    )
    assert ours == layer(kernel, dilation).compute_output_shape((1, size, 1, 1))[1]
    # Keras announces a size for even kernels without output padding that TensorFlow then refuses.
    if not (padding == "same" and output_padding == 0 and kernel % 2 == 0):
        # The dilated kernel with its holes written out: some processors dilate none themselves.
        extent = arithmetic.effective_kernel(kernel, dilation)
        with_holes = np.arange(extent) % dilation == 0
        assert len(ones_through(layer(extent), size, with_holes)) == ours


def test_transposed_theory_is_not_keras():
    # Dumoulin & Visin: 3 with k = 3, s = 2, p = 1 gives 5; Keras's "same" gives 6.
    assert arithmetic.transposed_output_size(3, 3, 2, 1) == 5
    assert arithmetic.transposed_output_size(3, 3, 2, 1, output_padding=1) == 6
    assert arithmetic.transposed_output_size(3, 3, 2, "same") == 6
    assert arithmetic.transposed_output_size(3, 1, 2, "valid") == 6  # stride above kernel
    assert arithmetic.transposed_output_size(3, 1, 2, 0) == 5


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "exact", "floored", "unseen"),
    [
        (7, 3, 1, 5, 5, 0),
        (7, 3, 2, 3, 3, 0),
        (7, 3, 3, Fraction(7, 3), 2, 1),
        (7, 3, 4, 2, 2, 0),
        (227, 11, 4, 55, 55, 0),
        (224, 11, 4, Fraction(217, 4), 54, 1),
        (10, 3, 2, Fraction(9, 2), 4, 1),  # cs231n: "invalid"
    ],
)
def test_theory_beside_keras(size, kernel, stride, exact, floored, unseen):
    assert arithmetic.exact_output_size(size, kernel, stride) == exact
    assert arithmetic.conv_output_size(size, kernel, stride) == floored
    assert arithmetic.unseen_size(size, kernel, stride) == unseen


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [
        (224, 7, 2, (2, 3)),
        (6, 3, 2, (0, 1)),
        (7, 3, 1, (1, 1)),
        (4, 1, 2, (0, 0)),
        (7, 2, 1, (0, 1)),
    ],
)
def test_same_padding_is_at_the_bottom_right(size, kernel, stride, expected):
    assert arithmetic.same_padding(size, kernel, stride) == expected


def test_caffe_rounds_pools_up():
    sizes = [224]
    for _ in range(5):  # FCN's pools on VGG16: Caffe rounds up
        sizes.append(arithmetic.pool_output_size(sizes[-1], 3, 2, ceil=True))
    assert sizes == [224, 112, 56, 28, 14, 7]
    assert arithmetic.pool_output_size(55, 3, 2, ceil=True) == 27  # it fits: nothing to round


@pytest.mark.parametrize(
    ("kernel", "channels", "filters", "groups", "expected"),
    [
        (11, 3, 96, 1, 34_944),
        (5, 96, 256, 1, 614_656),
        (5, 96, 256, 2, 307_456),
        (5, 3, 10, 1, 760),
        ((7, 7), 512, 4096, 1, 102_764_544),
    ],
)
def test_parameters(kernel, channels, filters, groups, expected):
    assert arithmetic.conv_parameters(kernel, channels, filters, groups=groups) == expected


def test_macs():
    naive = [  # CS231n's naive Inception module on 28x28x256
        arithmetic.conv_macs(28, 1, 256, 128),
        arithmetic.conv_macs(28, 3, 256, 192),
        arithmetic.conv_macs(28, 5, 256, 96),
    ]
    assert naive == [25_690_112, 346_816_512, 481_689_600]
    assert arithmetic.conv_macs((55, 55), 11, 3, 96) == 55 * 55 * 96 * 363
    assert arithmetic.dense_macs(784, 10) == 7_840
    assert arithmetic.dense_parameters(784, 10, bias=False) == 7_840


def test_weights_shared_or_not():
    # Lecture A9: five features from five, three taps: dense 25 … here sparse 15 = 5·3, shared 3.
    assert arithmetic.locally_connected_parameters((5, 1), (3, 1), 1, 1, bias=False) == 15
    assert arithmetic.locally_connected_parameters(7, 3, 1024, 256) == 115_618_048  # darknet


def test_receptive_fields():
    assert arithmetic.receptive_field([(3, 1)] * 3) == 7 == arithmetic.receptive_field([(7, 1)])
    blocks = [(3, 1)] * 2 + [(2, 2)], [(3, 1)] * 3 + [(2, 2)]
    vgg16 = [*blocks[0], *blocks[0], *blocks[1], *blocks[1], *[(3, 1)] * 3]
    assert arithmetic.receptive_field(vgg16) == 196
    assert arithmetic.receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)]) == 15  # dilated
    assert arithmetic.receptive_field([]) == 1


def test_receptive_field_is_where_the_gradient_is():
    """The field of a unit, measured: the pixels that move it."""
    layers = [(5, 2, 1), (3, 1, 2), (2, 2, 1), (3, 1, 1)]
    size = 40
    x = inputs = keras.Input((size, 1))
    field = ReceptiveField()
    for kernel, stride, dilation in layers:
        before, _after = arithmetic.same_padding(x.shape[1], kernel, stride, dilation)
        field = field.window(kernel, stride, before, dilation)
        x = keras.layers.Conv1D(
            1, kernel, stride, "same", dilation_rate=dilation, kernel_initializer="ones"
        )(x)
    model = keras.Model(inputs, x)
    unit = 4
    responses = model.predict(np.eye(size)[..., None], verbose=0)[:, unit, 0]
    seen = np.flatnonzero(responses)
    start = field.start + unit * field.stride
    assert (start, start + field.size - 1) == (seen[0], seen[-1])


def test_transposed_receptive_field_is_where_the_gradient_is():
    size, kernel, stride = 8, 4, 2
    inputs = keras.Input((size, 1))
    x = keras.layers.Conv1DTranspose(1, kernel, stride, "same", kernel_initializer="ones")(inputs)
    field = ReceptiveField().transposed(kernel, stride, before=1)
    responses = keras.Model(inputs, x).predict(np.eye(size)[..., None], verbose=0)[..., 0]
    assert field.size == 2
    assert field.stride == Fraction(1, 2)
    # Neighbours share their pixels in turn: centres hold on average over one stride.
    centers = [np.flatnonzero(responses[:, unit]).mean() for unit in range(4, 8)]
    assert np.mean(centers) == np.mean(
        [float(field.center + u * field.stride) for u in range(4, 8)]
    )


def test_branches_that_meet():
    one = ReceptiveField().window(3, before=1)
    five = ReceptiveField().window(5, before=2)
    assert ReceptiveField.union([one, five]) == five
    shifted = ReceptiveField().window(3, before=0)
    union = ReceptiveField.union([one, shifted])
    assert (union.size, union.aligned) == (4, False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: arithmetic.conv_output_size(3, 5), "kernel must fit.*covers 5.*has 3"),
        (lambda: arithmetic.conv_output_size(0, 1), "size must be a whole number.*received 0"),
        (lambda: arithmetic.conv_output_size(7, 3, 0), "stride must be .* at least 1; received 0"),
        (lambda: arithmetic.conv_output_size(7, 3.0), "kernel must be a whole number.*3.0"),
        (lambda: arithmetic.conv_output_size(7, 3, padding="smae"), "Did you mean 'same'"),
        (lambda: arithmetic.conv_output_size(7, 3, padding=-1), "padding must be .*received -1"),
        (lambda: arithmetic.conv_parameters(3, 4, 6, groups=3), "groups must divide"),
        (lambda: arithmetic.transposed_output_size(3, 3, 2, 0, 2), "output_padding.*received 2"),
        (lambda: arithmetic.transposed_output_size(1, 1, 1, 2), "output of at least 1"),
    ],
)
def test_errors_teach(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numpy_numbers_are_welcome():
    assert arithmetic.conv_output_size(np.int64(7), np.int32(3)) == 5
