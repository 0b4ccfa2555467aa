"""Compare the cost of perturbation methods with tf-keras-vis, as a Markdown table.

    python benchmarks/perturbation.py
    python benchmarks/perturbation.py rise score_cam

Score-CAM uses all 512 maps of VGG16's last block. Each candidate runs in a separate process, to
measure its peak memory; they alternate, and ratios are those of their medians. Occlusion alternates
with the same number of forward passes. tf-keras-vis is called as in its documentation.
"""

import os
import subprocess
import sys
from importlib.metadata import version
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from foundation import machine, take_turns

LAYER = "block5_conv3"
CLASS = 5

# Time of one call in seconds, and the increase of the process's peak memory in MB.
ALONE = """
import resource, time
import keras
import numpy as np
import kerascnn as kc

keras.utils.set_random_seed(0)
model = kc.build_vgg16()
images = np.random.default_rng(0).random((1, 224, 224, 3), "float32")
{prepare}
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
before, start = peak(), time.perf_counter()
{call}
print(time.perf_counter() - start, peak() - before)
"""

CALL = f"kc.visualize.score_cam(model, images, {CLASS}, {LAYER!r}, verbose=False{{more}})"
CANDIDATES = {
    "ours": ("", CALL.format(more="")),
    "ablation": ("", CALL.format(more="").replace("score_cam", "ablation_cam")),
    "bfloat16": ("", CALL.format(more=", precision='mixed_bfloat16'")),
    "peer": (
        "from tf_keras_vis.scorecam import Scorecam\n"
        "from tf_keras_vis.utils.model_modifiers import ReplaceToLinear\n"
        "from tf_keras_vis.utils.scores import CategoricalScore\n"
        "peer = Scorecam(model, model_modifier=ReplaceToLinear(), clone=False)",
        f"peer(CategoricalScore([{CLASS}]), images, penultimate_layer={LAYER!r})",
    ),
}


def alone(prepare, call):
    code = ALONE.format(prepare=prepare, call=call)
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )  # fmt: skip
    return [float(n) for n in result.stdout.split()[-2:]]


def score_cam(rounds=3):
    runs = {name: [] for name in CANDIDATES}
    for _ in range(rounds):
        for name, candidate in CANDIDATES.items():
            runs[name].append(alone(*candidate))
    medians = {
        name: [median(values) for values in zip(*measured, strict=True)]
        for name, measured in runs.items()
    }
    peer, peer_peak = medians["peer"]
    what = "`score_cam`, VGG16, 224x224, 512 maps, against tf-keras-vis " + version("tf-keras-vis")
    for name, words in (("ours", ""), ("bfloat16", ", convolutions in bfloat16")):
        ours, our_peak = medians[name]
        yield f"{what}{words}: time", f"{ours / peer:.2f} ({ours:.0f} s, {peer:.0f} s)", "0.70"
        peaks = f"{our_peak / peer_peak:.2f} ({our_peak:.0f} MB, {peer_peak:.0f} MB)"
        yield f"{what}{words}: peak memory", peaks, "0.25"
    ours = medians["ablation"][0]
    what = "`ablation_cam`, VGG16, 224x224, 512 maps, against Score-CAM of tf-keras-vis: time"
    yield what, f"{ours / peer:.2f} ({ours:.0f} s, {peer:.0f} s)", "0.45"


def occlusion(rounds=3):
    import numpy as np
    import tensorflow as tf

    import kerascnn as kc

    model = kc.build_vgg16()
    images = np.random.default_rng(0).random((1, 224, 224, 3), "float32")
    forward = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    batch = tf.constant(np.repeat(images, 16, axis=0))

    def passes():
        for start in range(0, 196, 16):
            forward(batch[: 196 - start]).numpy()

    seconds = take_turns(
        {
            "ours": lambda: kc.visualize.occlusion(model, images, CLASS, size=16, stride=16),
            "passes": passes,
        },
        rounds,
    )
    ratio = seconds["ours"] / seconds["passes"]
    what = "`occlusion`, VGG16, 224x224, 14x14 positions, against 196 compiled forward passes"
    yield f"{what} in batches of 16", f"{ratio:.2f}", "1.1"


def rise(rounds=1, masks=1000):
    import numpy as np
    import tensorflow as tf

    import kerascnn as kc

    model = kc.build_vgg16()
    images = np.random.default_rng(0).random((1, 224, 224, 3), "float32")
    forward = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    batch = tf.constant(np.repeat(images, 16, axis=0))

    def passes():
        for start in range(0, masks, 16):
            forward(batch[: masks - start]).numpy()

    def ours(count=masks):
        kc.visualize.rise(model, images, CLASS, masks=count, verbose=False)

    forward(batch), ours(16)
    seconds = take_turns({"ours": ours, "passes": passes}, rounds, warm=False)
    what = f"`rise`, VGG16, 224x224, {masks} masks, against {masks} compiled forward passes in"
    yield f"{what} batches of 16", f"{seconds['ours'] / seconds['passes']:.2f}", "1.1"


def main():
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    names = sys.argv[1:]
    for part in (occlusion, rise, score_cam):
        if names and part.__name__ not in names:
            continue
        for row in part():
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
