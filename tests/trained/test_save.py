"""Files of whole models that keep the names of their classes."""

import json
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn._class_names import names_of
from kerascnn._graph import flatten
from kerascnn.cli._network import chosen
from kerascnn.trained import load, save
from kerascnn.trained._recognize import saved_with

NAMES = ("dent", "good")


@pytest.fixture(scope="module")
def model():
    return keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
    )


def test_names_are_saved_with_the_model(model, tmp_path):
    path = save(model, tmp_path / "a.keras", class_names=NAMES)
    net = load(path)
    assert net.class_names == NAMES
    assert names_of(flatten(net.model)) == NAMES  # so that a target can be given by its name
    assert chosen(None, None, str(path), None, ()).known_names() == NAMES  # before Keras starts
    again = save(net, tmp_path / "b.keras")
    assert load(again).class_names == NAMES
    assert load(again, class_names=["a", "b"]).class_names == ("a", "b")


def test_keras_reads_the_file(model, tmp_path):
    """It differs from Keras's only in its metadata."""
    model.save(tmp_path / "keras.keras")
    save(model, tmp_path / "a.keras", class_names=NAMES)
    plain = keras.saving.load_model(tmp_path / "a.keras")
    for ours, theirs in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with zipfile.ZipFile(tmp_path / "keras.keras") as theirs:
        known = json.loads(theirs.read("metadata.json"))
        with zipfile.ZipFile(tmp_path / "a.keras") as ours:
            assert ours.namelist() == theirs.namelist()
            said = json.loads(ours.read("metadata.json"))
    assert said.keys() - known.keys() == {"kerascnn"}
    assert said.keys() > known.keys()
    assert load(tmp_path / "keras.keras").class_names == ()


def test_names_of_the_data_are_saved(tmp_path):
    """`evaluate` and `train` remember them; a model without names is saved without."""
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    )
    assert load(save(model, tmp_path / "a.keras")).class_names == ()
    kc.evaluate(model, (np.zeros((2, 4, 4, 1), "float32"), np.array([0, 1])), class_names=NAMES)
    assert load(save(model, tmp_path / "a.keras")).class_names == NAMES


def test_a_trained_network_sees_the_same_after_loading(tmp_path):
    """Its preprocessing, size and format of digits are in the file."""
    photo = np.ones((60, 90, 3), "float32")
    photo[10:50, 28:33] = 0.2  # a one in dark ink on paper
    digits = load("lenet5", weights="mnist")
    caffe = replace(load("resnet20", weights="cifar10"), preprocessing=kc.weights.MODES["caffe"])
    for net in (digits, caffe):
        again = load(save(net, tmp_path / "a.keras"))
        np.testing.assert_array_equal(
            again.inputs(again.fitted(photo)), net.inputs(net.fitted(photo))
        )
        assert again.note == f"preprocessing {net.preprocessing.name}, as saved in the file"
    assert load(tmp_path / "a.keras", preprocessing="unit").preprocessing.name == "unit"


def test_a_network_without_its_classifier_is_saved_without_names(tmp_path):
    net = load("resnet20", weights="cifar10", include_top=False)
    path = save(net, tmp_path / "a.keras")
    assert keras.saving.load_model(path).output_shape[-1] == 64
    assert "class_names" not in saved_with(path)


def test_an_error_of_keras_is_not_taken_for_one_of_the_file(tmp_path):
    class Nameless(keras.layers.Layer):
        def call(self, x):
            return x

        def get_config(self):
            raise ValueError("nothing to say")

    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="nothing to say"):
        save(keras.Model(inputs, Nameless()(inputs)), tmp_path / "a.keras")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "class_names", "error", "message"),
    [
        ("a.h5", NAMES, ValueError, r"path must end in \.keras; received '.*a\.h5'"),
        ("a.keras", ("dent",), ValueError, "class_names must be 2"),
        ("none/a.keras", NAMES, OSError, "path must be a file that can be written"),
    ],
)
def test_what_cannot_be_saved(model, tmp_path, name, class_names, error, message):
    with pytest.raises(error, match=message):
        save(model, tmp_path / name, class_names=class_names)
    assert list(tmp_path.iterdir()) == []


def test_a_model_must_have_a_graph(tmp_path):
    with pytest.raises(TypeError, match=r"model must be a keras\.Model"):
        save("model", tmp_path / "a.keras")
