"""The progress bar: what it counts, and when it is shown."""

import keras
import pytest
from keras import layers

import kerascnn as kc
from kerascnn import _progress
from kerascnn._progress import progress

OF_IMAGES = (
    "activations", "deconvnet", "grad_cam", "grad_cam_plus_plus", "guided_backprop",
    "guided_grad_cam", "hires_cam", "layer_cam", "saliency",
)  # fmt: skip


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(2, 3, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(_progress, "PATIENCE", -1)


@pytest.mark.parametrize("method", OF_IMAGES)
def test_images_are_counted(method, model, images, capsys):
    method = getattr(kc.visualize, method)
    method(model, images, batch_size=2, verbose=True)
    shown = capsys.readouterr().err
    assert "Images" in shown
    assert "100%" in shown
    for verbose in (False, "auto"):  # this is no terminal
        method(model, images, verbose=verbose)
        assert capsys.readouterr().err == ""
    with pytest.raises(ValueError, match="verbose must be True, False or 'auto'; received 2"):
        method(model, images, verbose=2)


def test_a_bar_within_another_is_not_shown(capsys):
    with progress("outer", 2, verbose=True) as advance:
        for _ in range(2):
            with progress("inner", 1, verbose=True) as advance_inner:
                advance_inner()
            advance()
    shown = capsys.readouterr().err
    assert "outer" in shown
    assert "inner" not in shown
    with progress("next", 1, verbose=True) as advance:
        advance()
    assert "next" in capsys.readouterr().err
