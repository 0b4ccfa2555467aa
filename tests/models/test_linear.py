"""One layer: templates, the softmax, Rosenblatt's rule."""

import keras
import numpy as np

import kerascnn as kc


def test_linear_regression_is_an_affine_map():
    model = kc.build_linear_regression(input_shape=(2, 2, 1), classes=2)
    model.set_weights([np.array([[1, 0], [0, 1], [2, 0], [0, 2]], "float32"), np.array([0.5, -1])])
    image = np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]])
    np.testing.assert_allclose(model(image), [[1 + 2 * 3 + 0.5, 2 + 2 * 4 - 1]])


def test_known_sizes():
    binary = kc.build_logistic_regression(classes=1, classifier_activation="sigmoid")
    assert binary.count_params() == 785
    assert kc.build_mlp(hidden=(512, 512)).count_params() == 669_706
    assert kc.build_mlp(hidden=128).count_params() == 101_770


def test_perceptron_answers_0_or_1():
    model = kc.build_perceptron(input_shape=(1, 2, 1))
    model.set_weights([np.array([[1.0], [-1.0]]), np.array([0.0])])
    images = np.array([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]]).reshape(3, 1, 2, 1)
    np.testing.assert_array_equal(model(images), [[1], [0], [1]])


def test_a_step_of_gradient_descent_is_rosenblatts_rule():
    model = kc.build_perceptron(input_shape=(1, 2, 1))
    w, b, rate = np.array([[0.5], [-1.0]]), np.array([0.25]), 0.1
    model.set_weights([w, b])
    x, t = np.array([[1.0, 2.0]]), 1.0  # 0.5 - 2 + 0.25 < 0: answers 0, should answer 1
    # The squared error, so half the rate.
    model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
    model.train_on_batch(x.reshape(1, 1, 2, 1), np.array([[t]]))
    new_w, new_b = model.get_weights()
    np.testing.assert_allclose(new_w, w + 2 * rate * (t - 0) * x.T, rtol=1e-6)
    np.testing.assert_allclose(new_b, b + 2 * rate * (t - 0), rtol=1e-6)


def test_perceptron_learns_or_but_not_xor():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32").reshape(4, 1, 2, 1)
    model, right = kc.build_perceptron(input_shape=(1, 2, 1)), {}
    model.compile(keras.optimizers.SGD(0.25), "mse", jit_compile=False)
    start = model.get_weights()
    for name, t in (("or", [0, 1, 1, 1]), ("xor", [0, 1, 1, 0])):
        model.set_weights(start)
        model.fit(x, np.array(t)[:, None], batch_size=1, epochs=20, shuffle=False, verbose=0)
        right[name] = int((np.asarray(model(x))[:, 0] == t).sum())
    assert right["or"] == 4
    assert right["xor"] < 4
