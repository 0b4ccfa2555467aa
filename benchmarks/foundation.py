"""Compare the basic costs of the toolkit with those of its peers, as a Markdown table.

    python benchmarks/foundation.py

The candidates alternate, so that other load on the machine affects all of them alike; ratios are
those of their medians. tf-keras-vis is called as in its documentation.
"""

import gc
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROUNDS = 9
LAYER = "block5_conv3"


def take_turns(candidates, rounds=ROUNDS, *, warm=True):
    """Return the median time of each candidate in seconds, optionally without a warm-up call."""
    seconds = {name: [] for name in candidates}
    for candidate in candidates.values():
        for _ in range(2 * warm):
            candidate()
    for _ in range(rounds):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            candidate()
            seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def process(code):
    """Return the wall-clock time of a new Python process in seconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - start


def importing():
    python = median(process("pass") for _ in range(ROUNDS))
    ours = median(process("import kerascnn") for _ in range(ROUNDS))
    yield "`import kerascnn` beyond bare Python", f"{ours - python:.3f} s", "0.15 s"


def grad_cam():
    import numpy as np
    import tensorflow as tf
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    import kerascnn as kc

    model = kc.build_vgg16()
    peer = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)
    forward = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    for count in (1, 8):
        images = np.random.default_rng(0).random((count, 224, 224, 3), "float32")
        score, tensor = CategoricalScore([5] * count), tf.constant(images)
        seconds = take_turns(
            {
                "ours": lambda x=images: kc.visualize.grad_cam(model, x, 5, LAYER),
                "peer": lambda s=score, x=images: peer(s, x, penultimate_layer=LAYER),
                "forward": lambda x=tensor: forward(x).numpy(),
            }
        )
        what = f"`grad_cam`, VGG16, 224x224, {count} image{'s' * (count > 1)}, against"
        for name, words, limit in (
            ("peer", f"tf-keras-vis {version('tf-keras-vis')}", "0.40"),
            ("forward", "one compiled forward pass", "1.5"),
        ):
            yield f"{what} {words}", f"{seconds['ours'] / seconds[name]:.2f}", limit
    yield from memory(kc, model)


def memory(kc, model):
    import numpy as np

    from kerascnn.visualize._engine.compile import trace_count

    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    small = kc.build_lenet5()
    images = np.random.default_rng(0).random((8, 28, 28, 1), "float32")

    def calls(count):
        for i in range(count):
            kc.visualize.grad_cam(small, images[: 1 + i % 8], i % 10)

    calls(20)
    before, traces = resident(), trace_count(small)
    calls(200)
    yield "RSS growth over 200 further `grad_cam` calls", f"{resident() - before:.1f} MB", "20 MB"
    yield "compiled computations afterwards, before", f"{trace_count(small)}, {traces}", "equal"


def loading():
    import kerascnn as kc

    kc.build_lenet5()
    seconds = take_turns({"load": lambda: kc.build_lenet5(weights="mnist")})["load"]
    yield '`build_lenet5(weights="mnist")`, hash verified', f"{seconds:.2f} s", "0.3 s"


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    packages = ", ".join(f"{p} {version(p)}" for p in ("tensorflow", "keras", "matplotlib"))
    return f"{names[0]}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}"


def main():
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    for part in (importing, loading, grad_cam):
        for row in part():
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
