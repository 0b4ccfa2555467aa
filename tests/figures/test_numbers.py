"""The numbers that the figures of the foundations compute, by hand and by other means."""

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from kerascnn.figures import (
    backpropagation,
    dilation_and_transposition,
    kernels,
    linearity,
    pooling,
    up_sampling,
    weight_sharing,
)


def test_weights_of_a_one_dimensional_picture():
    dense, sparse, shared, two_sets, padded = weight_sharing.wirings()
    assert [w.weights for w in (dense, sparse, shared, two_sets, padded)] == [15, 9, 3, 6, 3]
    assert [w.units for w in (sparse, padded)] == [3, 5]  # zero padding keeps the five
    assert shared.edges()[:4] == [(0, 0, 0, 0), (0, 0, 1, 1), (0, 0, 2, 2), (0, 1, 1, 0)]
    assert [pixel for _m, unit, pixel, _w in padded.edges() if unit == 0] == [-1, 0, 1]


def test_the_curve_detector_of_the_lectures():
    assert (kernels.MATCHING * kernels.CURVE).sum() == 6600
    assert (kernels.OTHER * kernels.CURVE).sum() == 0


def test_both_gradients_of_a_convolution_are_convolutions():
    """By SciPy: ∂L/∂W = X ⋆ ∂L/∂h, ∂L/∂X = ∂L/∂h ∗ W."""
    x, w, above = backpropagation.IMAGE, backpropagation.KERNEL, np.array([[1, 2], [3, 4]])
    output, of_kernel, of_image = backpropagation.convolution_gradients()
    np.testing.assert_allclose(output, correlate2d(x, w, "valid"))
    np.testing.assert_allclose(of_kernel, correlate2d(x, above, "valid"))
    np.testing.assert_allclose(of_image, convolve2d(above, w, "full"))


def test_the_gradients_of_the_graph():
    """q = a·b, f = q + c with a = -2, b = 5: ∂f/∂q = ∂f/∂c = 1, ∂f/∂a = b, ∂f/∂b = a."""
    assert backpropagation.graph_gradients() == {"f": 1, "q": 1, "c": 1, "a": 5, "b": -2}
    assert backpropagation.graph_gradients(a=0.5, b=-4.0)["a"] == -4


@pytest.mark.parametrize("step", [1e-5, 1e-6])
def test_the_gradient_check_passes(step):
    assert backpropagation.relative_error(step) < 1e-6


def test_a_convolution_is_a_product_of_matrices():
    signal, weights = linearity.SIGNAL, linearity.WEIGHTS
    product = linearity.convolution_matrix(weights, len(signal)) @ signal
    np.testing.assert_array_equal(product, np.correlate(signal, weights, "valid"))
    columns = linearity.im2col(linearity.PICTURE, linearity.KERNEL.shape)
    assert columns.shape == (4, 9)
    expected = correlate2d(linearity.PICTURE, linearity.KERNEL, "valid")
    np.testing.assert_array_equal(linearity.KERNEL.ravel() @ columns, expected.ravel())


def test_slopes_of_the_activations():
    x = np.array([-2.0, 0.0, 3.0], "float32")
    curves = linearity.functions_and_slopes(x)
    s = 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(curves["sigmoid"][1], s * (1 - s), rtol=1e-5)
    np.testing.assert_allclose(curves["tanh"][1], 1 - np.tanh(x) ** 2, rtol=1e-5, atol=1e-7)
    assert curves["ReLU"][1].tolist() == [0, 0, 1]
    np.testing.assert_allclose(curves["leaky ReLU"][1], [0.1, 0.1, 1])


def test_pooled_maps_change_less_than_the_input():
    """At every shift of 1 to 8 pixels, and the less the larger the window."""
    changes = np.stack(list(pooling.changes_by_shift().values()))[:, 1:]
    assert (np.diff(changes, axis=0) < 0).all()


def test_maps_are_enlarged_as_keras_does(rng):
    import keras

    from kerascnn.layers import MaxPoolWithSwitches2D, MaxUnpool2D

    image = rng.permutation(24).reshape(4, 6)
    pooled, back, _places = up_sampling.unpooled(image)
    maxima, switches = MaxPoolWithSwitches2D(2)(image[None, ..., None].astype("float32"))
    np.testing.assert_array_equal(pooled, np.array(maxima)[0, ..., 0])
    unpooled = np.array(MaxUnpool2D((4, 6))([maxima, switches]))[0, ..., 0]
    np.testing.assert_array_equal(back, unpooled)
    double = keras.layers.UpSampling2D(2, interpolation="bilinear")(maxima)
    np.testing.assert_allclose(up_sampling.enlarged(pooled), np.array(double)[0, ..., 0], rtol=1e-6)


def test_kernels_that_the_stride_divides_write_evenly():
    odd, even = (dilation_and_transposition.writes(kernel, 2, 6) for kernel in (3, 4))
    assert set(odd[2:-2, 2:-2].ravel()) == {1, 2, 4}
    assert set(even[2:-2, 2:-2].ravel()) == {4}
