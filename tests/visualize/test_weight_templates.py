"""Weight templates are the weights, pixel by pixel."""

import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc


@pytest.mark.parametrize("name", ["linear_regression", "logistic_regression", "perceptron", "mlp"])
def test_of_models_on_pixels(name):
    model = kc.models.build(name)
    templates = kc.visualize.weight_templates(model)
    dense = next(layer for layer in model.layers if isinstance(layer, layers.Dense))
    units = dense.get_weights()[0].shape[1]
    assert templates.shape == (units, 28, 28, 1)
    assert templates.dtype == np.float32


def test_a_score_is_the_sum_of_image_times_template(rng):
    model = keras.Sequential(
        [
            keras.Input((5, 3, 2)),
            layers.Rescaling(2.0),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(4, bias_initializer="ones", name="scores"),
        ]
    )
    templates = kc.visualize.weight_templates(model)
    assert templates.shape == (4, 5, 3, 2)
    images = rng.random((6, 5, 3, 2), "float32")
    scores = np.einsum("nhwc,khwc->nk", images, templates) + 1
    np.testing.assert_allclose(np.array(model(images)), scores, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(kc.visualize.weight_templates(model, "scores"), templates)


def test_images_without_channels_and_nested_models():
    inner = keras.Sequential([keras.Input((5, 3)), layers.Reshape((15,)), layers.Dense(4)])
    outer = keras.Input((5, 3))
    model = keras.Model(outer, layers.Dense(2)(inner(outer)))
    templates = kc.visualize.weight_templates(model)
    assert templates.shape == (4, 5, 3, 1)
    np.testing.assert_array_equal(templates[1].ravel(), inner.layers[-1].get_weights()[0][:, 1])


def test_layers_that_do_not_see_the_pixels():
    lenet = kc.build_lenet5()
    with pytest.raises(ValueError, match="model must have a dense layer on flattened images"):
        kc.visualize.weight_templates(lenet)
    with pytest.raises(ValueError, match="'f6' is not") as caught:
        kc.visualize.weight_templates(lenet, "f6")
    assert "\n" not in str(caught.value)
    turned = [keras.Input((5, 3, 2)), layers.Permute((2, 1, 3)), layers.Flatten(), layers.Dense(4)]
    pixelwise = [keras.Input((5, 3, 30)), layers.Dense(4)]
    vectors = [keras.Input((30,)), layers.Dense(4)]
    for stack in (turned, pixelwise, vectors):
        with pytest.raises(ValueError, match="it has none"):
            kc.visualize.weight_templates(keras.Sequential(stack))
    mlp = kc.build_mlp()
    second = [layer for layer in mlp.layers if isinstance(layer, layers.Dense)][1].name
    with pytest.raises(ValueError, match=f"'{second}' is not. Choose '.*'"):
        kc.visualize.weight_templates(mlp, second)


def test_quantized_weights_are_refused():
    model = kc.build_logistic_regression()
    model.layers[-1].quantize("int8")
    with pytest.raises(ValueError, match=r"has int8 weights\. Use the model before quantization"):
        kc.visualize.weight_templates(model)
