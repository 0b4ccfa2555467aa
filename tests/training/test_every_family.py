"""One call trains a net of every family: classes, classes of pixels, boxes."""

import numpy as np
import pytest

import kerascnn as kc

THIN = {"width": 0.0625}
CLASSES = {"classes": 3}
SAME = {"input_shape": (32, 32, 1), "padding": "same"}
NETS = {
    "linear_regression": CLASSES,
    "logistic_regression": CLASSES,
    "mlp": CLASSES,
    "locally_connected": CLASSES,
    "neocognitron": CLASSES,
    "lenet5": CLASSES,
    "alexnet": CLASSES | THIN | {"variant": "cifar", "input_shape": (32, 32, 3)},
    "vgg16": CLASSES | THIN | {"input_shape": (32, 32, 3)},
    "googlenet": CLASSES | {"input_shape": (80, 80, 3), "auxiliary": True},
    "plain20": CLASSES | {"input_shape": (16, 16, 3)},
    "resnet18": CLASSES | THIN | {"input_shape": (32, 32, 3)},
    "resnet20": CLASSES | {"input_shape": (16, 16, 3)},
    "fcn8s": CLASSES | THIN | {"input_shape": (64, 64, 3)},
    "unet": CLASSES | THIN | SAME,
    "fusionnet": THIN | {"input_shape": (32, 32, 1), "classes": 1},
    "yolov1": CLASSES | THIN | {"input_shape": (64, 64, 3)},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_trains(name, rng):
    model = kc.models.build(name, **NETS[name])
    before = model.get_weights()
    images = rng.random((6, *model.input_shape[1:]), dtype="float32")
    output = model.output_shape[0] if isinstance(model.output_shape, list) else model.output_shape
    if name == "yolov1":
        labels = np.tile(np.array([2, 0.5, 0.5, 0.2, 0.2], "float32"), (6, 1, 1))
    elif len(output) == 4:
        labels = (images[..., 0] > 0.5).astype(int)
    else:
        labels = np.arange(6) % 3
    result = kc.train(model, (images, labels), epochs=2, batch_size=3, verbose=0)
    assert np.isfinite(result.history["loss"]).all()
    assert ("accuracy" in result.history) == (name != "yolov1")
    moved = [np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert np.mean(moved) > 0.5  # frozen or dead parts stay
