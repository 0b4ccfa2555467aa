"""Weights of other classes: what to do is said; images that are not in [0, 1] are refused."""

import keras
import numpy as np
import pytest

import kerascnn as kc


def test_other_classes_are_told_how_to_transfer(tmp_path):
    how = r"include_top=False.*kc\.training\.transfer\(model, 25\)"
    with pytest.raises(ValueError, match=f"classes must be 10 with weights='mnist'.*{how}"):
        kc.build_lenet5(weights="mnist", classes=25)
    other = kc.build_lenet5(classes=25)
    with pytest.raises(ValueError, match=f"this model has 62,981.*{how}"):
        kc.weights.load(other, "mnist")
    ten = kc.build_lenet5()
    for name in ("a.weights.h5", "a.keras"):
        (ten.save_weights if "weights" in name else ten.save)(tmp_path / name)
        with pytest.raises(ValueError, match=f"'predictions'.*Nothing was loaded.*{how}"):
            kc.build_lenet5(weights=tmp_path / name, classes=25)


@pytest.mark.filterwarnings("ignore:Skipping nested container")  # of Keras
def test_other_classes_of_a_nested_model(tmp_path):
    def nested(classes):
        layers = [keras.Input((4, 4, 1)), keras.layers.Conv2D(1, 1), keras.layers.Flatten()]
        return kc.training.transfer(keras.Sequential(layers), classes)

    nested(10).save_weights(tmp_path / "a.weights.h5")
    how = r"Nothing was loaded.*kc\.training\.transfer\(model, 25\)"
    what = r"'predictions' differs, with \(16, 25\) in the model and \(16, 10\) in the file"
    with pytest.raises(ValueError, match=f"{what}.*{how}") as error:
        kc.weights.load(nested(25), tmp_path / "a.weights.h5")
    assert len(str(error.value)) < 500 + len(str(tmp_path))


def test_another_layer_that_differs_is_not_about_classes(tmp_path):
    kc.build_mlp(hidden=(8,)).save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match="Nothing was loaded") as error:
        kc.build_mlp(hidden=(9,), weights=tmp_path / "a.weights.h5")
    assert "transfer" not in str(error.value)


@pytest.mark.parametrize("values", [(0, 255), (-1, 1), (0, np.nan)])
@pytest.mark.parametrize("kind", [np.asarray, keras.ops.convert_to_tensor])
def test_images_outside_the_unit_range_are_refused(kind, values):
    images = np.float32(values).repeat(6).reshape(1, 2, 2, 3)
    for mode in kc.weights.MODES.values():
        with pytest.raises(ValueError, match=r"RGB in \[0, 1\] for .*'unit', 'signed', 'lecun'"):
            mode(kind(images))


def test_rounding_is_no_other_range_and_inputs_go_back():
    mode = kc.weights.MODES["caffe"]
    images = np.float32([-1e-6, 0.5, 1 + 1e-6]).repeat(4).reshape(1, 2, 2, 3)
    np.testing.assert_allclose(mode.inverse(mode(images)), images, atol=1e-6)
    assert mode(keras.Input((2, 2, 3))).shape == (None, 2, 2, 3)  # no values yet
