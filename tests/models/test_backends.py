"""The models need no TensorFlow: every small one is built and run on another backend."""

import importlib.util
import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import keras, numpy as np
import kerascnn as kc
sys.path.insert(0, {tests!r})
from conftest import RELATIVES, SMALL, label

assert keras.backend.backend() == "jax"
for name, architecture in kc.models.architectures().items():
    if name in RELATIVES:
        continue
    for case in architecture.cases:
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


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax: pip install jax")
def test_every_small_model_runs_with_jax():
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(tests=os.path.dirname(__file__))],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert result.stdout.strip() == "ok"


def test_saved_models_load_where_only_the_layers_were_imported(tmp_path):
    """`import kerascnn.layers` registers every custom layer and function."""
    import kerascnn as kc

    for name, options in (
        ("lenet5", {"variant": "1998"}),
        ("perceptron", {}),
        ("neocognitron", {}),
        ("fcn8s", {"width": 1 / 64}),
        ("resnet20", {"width": 1 / 4}),
        ("alexnet", {"variant": "torchvision", "width": 1 / 16, "input_shape": (67, 67, 3)}),
        ("locally_connected", {}),
    ):
        kc.models.build(name, **options).save(tmp_path / f"{name}.keras")
    code = (
        "import sys, pathlib, keras, kerascnn.layers\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.keras')):\n"
        "    print(keras.saving.load_model(path).name)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert len(result.stdout.split()) == 7
