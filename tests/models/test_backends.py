"""The models need no TensorFlow: every small one is built and run on another backend."""

import importlib.util
from pathlib import Path

import pytest

import kerascnn as kc

SCRIPT = """
import sys
import keras, numpy as np
import kerascnn as kc
sys.path.insert(0, {tests!r})
from conftest import RELATIVES, SMALL, label

assert keras.backend.backend() == "jax"
for name, architecture in kc.models.architectures().items():
    for case in architecture.cases:
        if not RELATIVES.isdisjoint({{name, label(architecture, case)}}):
            continue
        whole = (case.input_shape, {{}})
        shape, options = SMALL.get(label(architecture, case), SMALL.get(name, whole))
        model = architecture.builder(input_shape=shape, **options, **case.options)
        y = np.asarray(model(np.random.default_rng(0).random((2, *shape), "float32")))
        assert y.shape[0] == 2 and np.isfinite(y).all(), name
        assert kc.describe(model).parameters == model.count_params(), name

maxima, switches = kc.layers.MaxPoolWithSwitches2D(2)(np.arange(25.0).reshape(1, 5, 5, 1))
back = kc.layers.MaxUnpool2D((5, 5))([maxima, switches])
assert np.asarray(back).sum() == np.asarray(maxima).sum()
local = kc.layers.LocallyConnected2D(2, 3)(np.ones((1, 5, 5, 1)))
assert "tensorflow" not in sys.modules, "TensorFlow was imported"
print("ok")
"""


@pytest.mark.frameworks
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax: pip install jax")
def test_every_small_model_runs_with_jax(run_python):
    code = SCRIPT.format(tests=str(Path(__file__).parent))
    quick = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}  # compile fast, run slowly
    assert run_python(code, KERAS_BACKEND="jax", JAX_PLATFORMS="cpu", **quick) == "ok"


QUICK = """
import sys
import keras, numpy as np, torch
sys.path.insert(0, {scripts!r})
from _torch import quicken

images = np.random.default_rng(0).normal(3, 2, (8, 6, 4, 5)).astype("float32")
results = []
for change in (lambda: None, quicken):
    change()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((6, 4, 5)),
        keras.layers.Conv2D(3, 3, strides=(2, 1), padding="same", activation="relu"),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.MaxPooling2D(2, padding="same"),
        keras.layers.Conv2D(64, 1),
        keras.layers.Conv2D(4, 3, padding="same", use_bias=False),
        keras.layers.Conv2D(2, 1, activation="sigmoid"),
    ])
    maps = model(images, training=True)
    maps.square().sum().backward()
    gradients = [weight.value.grad for weight in model.trainable_weights]
    results.append([each.detach().numpy() for each in (maps, *gradients)])
    results[-1] += [weight.numpy() for weight in model.non_trainable_weights]
composed, fused = results
n = 8 * 3 * 4  # values of a channel; PyTorch keeps the variance that is divided by n - 1
fused[-1] = 0.9 + (fused[-1] - 0.9) * (n - 1) / n
assert len(composed) == 1 + 9 + 2
operations, rest = set(), [maps.grad_fn]
while rest:
    operation = rest.pop()
    operations.add(operation.name())
    rest += [each for each, _ in operation.next_functions if each]
assert {{"ConvolutionBackward", "ConvolutionBackward0"}} <= operations  # the deep, and the others
for a, b in zip(composed, fused):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
print("ok")
"""


@pytest.mark.frameworks
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_quick_pytorch_computes_the_same(run_python):
    scripts = Path(__file__).parents[2] / "scripts"
    assert run_python(QUICK.format(scripts=str(scripts)), KERAS_BACKEND="torch") == "ok"


SAVED = {
    "lenet5": {"variant": "1998"},
    "perceptron": {},
    "neocognitron": {},
    "fcn8s": {"width": 1 / 64},
    "resnet20": {"width": 1 / 4},
    "alexnet": {"width": 1 / 16, "input_shape": (67, 67, 3)},
    "googlenet": {"auxiliary": True, "variant": "torchvision"},
    "locally_connected": {},
}


def test_saved_models_load_where_only_the_layers_were_imported(run_python, tmp_path):
    """`import kerascnn.layers` registers every custom layer and function."""
    for name, options in SAVED.items():
        kc.models.build(name, **options).save(tmp_path / f"{name}.keras")
    code = (
        "import pathlib, keras, kerascnn.layers\n"
        "for path in pathlib.Path().glob('*.keras'):\n"
        "    print(keras.saving.load_model(path).name)\n"
    )
    assert set(run_python(code).split()) == set(SAVED)
