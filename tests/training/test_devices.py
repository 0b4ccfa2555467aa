"""Which devices, which precision; and two devices that train as one does."""

import json

import keras
import numpy as np
import pytest

from kerascnn._memory import is_glibc
from kerascnn._onednn import switch_on
from kerascnn.training import devices, train
from kerascnn.training._devices import Device, Devices, in_precision

layers = keras.layers


def test_without_a_gpu_the_cpu_is_used():
    found = devices()
    if any(device.name.startswith("GPU") for device in found.devices):
        pytest.skip("there is a GPU")
    assert (found.used, found.precision, found.xla) == (("CPU:0",), "float32", False)
    lines = repr(found).splitlines()
    assert lines[:2] == ["CPU:0  CPU, will be used", "train:  one device, float32, without XLA"]
    others = ["memory"] * is_glibc() + ["oneDNN"] * (switch_on() is not None)
    assert [line.partition(":")[0] for line in lines[2:]] == others


def test_what_gpus_print():
    gpus = [Device(f"GPU:{i}", "NVIDIA H200", (9, 0), used=True) for i in range(2)]
    found = Devices((Device("CPU:0", "CPU", None, used=False), *gpus), "mixed_bfloat16", xla=False)
    assert repr(found).splitlines() == [
        "CPU:0  CPU, will not be used",
        "GPU:0  NVIDIA H200, compute capability 9.0, will be used",
        "GPU:1  NVIDIA H200, compute capability 9.0, will be used",
        "train:  each batch shared by all, mixed_bfloat16, without XLA",
    ]


def test_another_precision_spares_the_outputs_and_is_taken_back(rng):
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)], name="inner")
    image = keras.Input((4, 4, 1))
    x = layers.Flatten()(layers.Conv2D(1, 3, name="conv")(image))
    model = keras.Model(image, layers.Softmax(name="last")(inner(x)))
    images = rng.random((3, 4, 4, 1), dtype="float32")
    before = model.predict(images, verbose=0)
    with in_precision(model, "mixed_bfloat16"):
        assert model.get_layer("conv").compute_dtype == "bfloat16"
        assert inner.layers[0].compute_dtype == "bfloat16"
        assert model.get_layer("last").compute_dtype == "float32"
        inside = model(images)
        assert keras.backend.standardize_dtype(inside.dtype) == "float32"
        assert {weight.dtype for weight in model.weights} == {"float32"}
        assert 0 < np.abs(inside - before).max() < 0.05
    np.testing.assert_array_equal(model.predict(images, verbose=0), before)
    assert model.get_layer("conv").compute_dtype == "float32"


@pytest.mark.parametrize(
    ("precision", "classes", "activation"),
    [("mixed_bfloat16", 1, "sigmoid"), ("mixed_float16", 2, "softmax")],
)
def test_mixed_precision_learns(bars, make_model, precision, classes, activation):
    model = make_model(classes, activation)
    options = {"epochs": 12, "batch_size": 10, "learning_rate": 0.02, "verbose": 0}
    result = train(model, bars, precision=precision, **options)
    assert result.history["val_accuracy"][-1] > 0.9
    assert model.dtype_policy.name == "float32"


def test_what_cannot_be_used(bars, make_model):
    with pytest.raises(ValueError, match="precision must be one of 'float32'"):
        train(make_model(), bars, batch_size=16, precision="float64")
    with pytest.raises(ValueError, match="devices must be one of 'CPU:0'"):
        train(make_model(), bars, batch_size=16, devices=["TPU:7"])


TWO = """
import json, sys, warnings
import numpy as np
import tensorflow as tf
import keras
from kerascnn.training import train
warnings.simplefilter("ignore")
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
rng = np.random.default_rng(0)
def part(count):
    labels = rng.integers(0, 2, count)
    images = rng.random((count, 6, 6, 1), dtype="float32")
    return images * (1 + labels[:, None, None, None]) / 2, labels
data = part(46), part(21)  # the last batches have 6 and 5 images
def run(run_dir=None, callbacks=(), **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(3, 3, activation="relu"),
        keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")])
    result = train(model, data, recipe="alexnet", augment="none", learning_rate=0.1, epochs=3,
                   batch_size=10, verbose=0, run_dir=run_dir, callbacks=callbacks,
                   backup_seconds=0, **options)
    return result.history, model.evaluate(*data[1], verbose=0)[0] if not options else float(
        -np.log(model.predict(data[1][0], verbose=0)[range(21), data[1][1]]).mean())
class Stop(keras.callbacks.Callback):
    count = 0
    def on_train_batch_end(self, batch, logs=None):
        self.count += 1
        if self.count == 8:
            raise SystemError
both = {"devices": ["CPU:0", "CPU:1"]}
one = run()
try:
    run(sys.argv[1], [Stop()], **both)
except SystemError:
    pass
print(json.dumps([one, run(sys.argv[1], **both)]))
"""


@pytest.mark.slow
def test_two_devices_give_the_curve_of_one(run_python, tmp_path):
    """Also where they are stopped in the second epoch and go on."""
    printed = run_python(f"import sys; sys.argv[1:] = [{str(tmp_path / 'run')!r}]\n{TWO}")
    one, (history, loss) = json.loads(printed.splitlines()[-1])
    assert set(history) == set(one[0])
    for key, values in one[0].items():
        np.testing.assert_allclose(history[key], values, atol=1e-4, err_msg=key)
    assert loss == pytest.approx(one[1], abs=1e-4)  # the weights came back to the model
    assert len(set(one[0]["loss"])) == 3
