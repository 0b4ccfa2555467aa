"""The loss of an MLP along its gradient, and over updates."""

import keras
import numpy as np
import pytest

from kerascnn.figures import gradient_descent


@pytest.fixture(scope="module")
def descent():
    return gradient_descent.descent()


def test_back_propagation_agrees_with_differences(descent):
    assert descent.analytic < 0
    assert abs(descent.numerical / descent.analytic - 1) < 1e-6


def test_each_of_100_updates_lowers_the_loss(descent):
    assert len(descent.losses) == 101
    assert (np.diff(descent.losses) < 0).all()
    assert descent.losses[-1] < 0.1 * descent.losses[0]


def test_too_large_a_rate_overshoots(descent):
    lowest = descent.after_one.argmin()
    assert 0 < lowest < len(descent.after_one) - 1
    after = dict(zip(gradient_descent.SLIDE.round(9), descent.after_one, strict=True))
    assert after[0.0] == pytest.approx(descent.losses[0])
    assert after[0.5] == pytest.approx(descent.losses[1])


def test_keras_takes_the_same_steps(descent):
    """Plain SGD on all digits at once, as in the figure, in float32."""
    x, labels = gradient_descent.digits()
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(16, activation="tanh", use_bias=False),
            keras.layers.Dense(10, activation="softmax", use_bias=False),
        ]
    )
    model.set_weights(gradient_descent.first_weights())
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    history = model.fit(x, labels, batch_size=len(x), epochs=5, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], descent.losses[:5], rtol=1e-4)
