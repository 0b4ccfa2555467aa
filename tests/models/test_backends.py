"""The models need no TensorFlow: they are built and run on the other backends."""

import importlib.util
import json
from pathlib import Path

import pytest

import kerascnn as kc

SCRIPT = """
import sys
import keras, numpy as np
import kerascnn as kc
sys.path.insert(0, {tests!r})
from conftest import RELATIVES, SMALL, label

def value(result):
    return np.asarray(keras.ops.convert_to_numpy(result))

def compiled(model):  # by JAX as a whole, since it compiles single operations for each shape
    if keras.backend.backend() != "jax":
        return model
    import jax
    return jax.jit(lambda x: model(x))

for name, architecture in kc.models.architectures().items():
    for case in architecture.cases:
        if not RELATIVES.isdisjoint({{name, label(architecture, case)}}):
            continue
        if {names!r} and name not in {names!r}:
            continue
        whole = (case.input_shape, {{}})
        shape, options = SMALL.get(label(architecture, case), SMALL.get(name, whole))
        model = architecture.builder(input_shape=shape, **options, **case.options)
        y = value(compiled(model)(np.random.default_rng(0).random((2, *shape), "float32")))
        assert y.shape[0] == 2 and np.isfinite(y).all(), name
        assert kc.describe(model).parameters == model.count_params(), name

maxima, switches = kc.layers.MaxPoolWithSwitches2D(2)(np.arange(25.0).reshape(1, 5, 5, 1))
back = kc.layers.MaxUnpool2D((5, 5))([maxima, switches])
assert value(back).sum() == value(maxima).sum()
normal = value(kc.layers.LocalResponseNormalization()(np.ones((1, 2, 2, 3), "float32")))
assert normal.shape == (1, 2, 2, 3) and (normal < 1).all()
assert "tensorflow" not in sys.modules, "TensorFlow was imported"
print("ok")
"""
FEW = ("lenet5", "neocognitron", "locally_connected")


@pytest.mark.frameworks
@pytest.mark.parametrize(("backend", "names"), [("torch", ()), ("jax", FEW)])
def test_small_models_run_without_tensorflow(run_python, backend, names):
    """All with PyTorch; with JAX, which compiles for long, the few that have our layers."""
    pytest.importorskip(backend)
    code = SCRIPT.format(tests=str(Path(__file__).parent), names=names)
    quick = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}  # compile fast, run slowly
    assert run_python(code, KERAS_BACKEND=backend, JAX_PLATFORMS="cpu", **quick) == "ok"


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


# The nets that have, between them, every layer and function of our own.
OWN = {
    "lenet5": {"variant": "1998"},
    "perceptron": {},
    "neocognitron": {},
    "fcn8s": {},
    "resnet20": {},
    "alexnet": {},
    "googlenet": {"variant": "torchvision", "auxiliary": True},
    "locally_connected": {},
}


def registered_names(config):
    """What a model's JSON names of this package: layers, initializers, functions."""
    if isinstance(config, dict):
        function = config.get("class_name") == "function"
        name = str(config.get("config" if function else "registered_name"))
        if name.startswith("kerascnn>") or str(config.get("module")).startswith("kerascnn"):
            yield name
        config = list(config.values())
    for item in config if isinstance(config, list) else ():
        yield from registered_names(item)


@pytest.mark.slow
def test_saved_models_load_where_only_the_layers_were_imported(run_python, tmp_path, no_values):
    """`import kerascnn.layers` registers every custom layer and function."""
    names = set()
    for name, options in OWN.items():
        with no_values():
            names |= {*registered_names(json.loads(kc.models.build(name, **options).to_json()))}
    assert {
        f"kerascnn>{name}" for name in ("RBFOutput", "scaled_tanh", "step", "Bilinear")
    } <= names
    kc.build_lenet5(variant="1998").save(tmp_path / "lenet5.keras")
    code = (
        "import keras, kerascnn.layers\n"
        "print(keras.saving.load_model('lenet5.keras').name)\n"
        f"for name in {sorted(names)}:\n"
        "    print(keras.saving.get_registered_object(name) is not None)\n"
    )
    assert run_python(code).split() == ["lenet5", *["True"] * len(names)]
