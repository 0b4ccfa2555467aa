"""One class: a softmax over it would always be 1."""

import keras
import pytest

import kerascnn as kc

SMALL = {
    "logistic_regression": {},
    "lenet5": {},
    "unet": {"width": 1 / 64, "padding": "same", "input_shape": (16, 16, 1)},
    "fcn8s": {"width": 1 / 64, "input_shape": (32, 32, 3)},
    "fusionnet": {"width": 1 / 64, "input_shape": (16, 16, 1)},
}


def last(model):
    return model.layers[-1].activation


@pytest.mark.parametrize("name", SMALL)
def test_it_is_a_sigmoid(name):
    assert last(kc.models.build(name, classes=1, **SMALL[name])) is keras.activations.sigmoid
    logits = kc.models.build(name, classes=1, classifier_activation=None, **SMALL[name])
    assert last(logits) is keras.activations.linear
    if name != "fusionnet":  # whose sigmoids are the paper's
        assert last(kc.models.build(name, classes=2, **SMALL[name])) is keras.activations.softmax


@pytest.mark.parametrize("softmax", ["softmax", keras.activations.softmax, "log_softmax"])
def test_a_softmax_is_refused(softmax):
    with pytest.raises(ValueError, match=r"must be 'sigmoid' or None with classes=1; received"):
        kc.build_unet(classes=1, classifier_activation=softmax)
    kc.build_lenet5(classes=1, classifier_activation=softmax, include_top=False)  # has none


def test_other_defaults_stay():
    assert last(kc.build_linear_regression(classes=1)) is keras.activations.linear


def test_weights_of_one_class_are_loaded(tmp_path):
    kc.build_lenet5(classes=1).save_weights(tmp_path / "a.weights.h5")
    model = kc.build_lenet5(classes=1, weights=tmp_path / "a.weights.h5")
    assert last(model) is keras.activations.sigmoid
