"""Compare the cost of `kc.train` with Keras's `fit`, as a Markdown table.

    python benchmarks/training.py [DIRECTORY]

DIRECTORY contains mnist.npz and cifar10_jpeg.npz; without it, the files are read from KERASCNN_DATA
or downloaded by Keras. The candidates alternate; their medians are compared, in wall-clock time
and, since other processes may be running, in processor time.
"""

import os
import subprocess
import sys
import tempfile
import time
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROUNDS = 5
BATCH = 128


def clock():
    return time.perf_counter(), time.process_time()


def take_turns(candidates, rounds=ROUNDS):
    """Return the median wall-clock and processor time of each candidate, in seconds."""
    seconds = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, candidate in candidates.items():
            seconds[name].append(candidate())
    return {
        name: [median(kind) for kind in zip(*values, strict=True)]
        for name, values in seconds.items()
    }


def ratios(one, other):
    """Return the speed of the first candidate relative to the second: wall-clock, processor."""
    return ", ".join(f"{b / a:.2f}" for a, b in zip(one, other, strict=True))


def speed(data_dir):
    import keras

    import kerascnn as kc

    class Epochs(keras.callbacks.Callback):
        """Measure the epochs after the first, which includes compilation, in seconds."""

        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.began = clock()

        def on_epoch_end(self, epoch, logs=None):
            self.ended = clock()

        def seconds(self):
            return [b - a for a, b in zip(self.began, self.ended, strict=True)]

    def fit(build, data, epochs):
        timer = Epochs()
        model = build()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(*data, BATCH, epochs=epochs, verbose=0, callbacks=[timer])
        return timer.seconds()

    def train(build, data, epochs, **options):
        timer = Epochs()
        options |= {"epochs": epochs, "batch_size": BATCH, "verbose": 0, "callbacks": [timer]}
        kc.train(build(), data, **options)
        return timer.seconds()

    images, labels = kc.datasets.load("mnist", data_dir=data_dir).train
    part = images[:25600], labels[:25600]
    found = take_turns(
        {
            "fit": lambda: fit(kc.build_lenet5, part, 3),
            "train": lambda: train(kc.build_lenet5, part, 3),
        }
    )
    yield "images per second, LeNet-5 on MNIST", ratios(found["train"], found["fit"]), "≥ 0.95"

    def in_directory():
        with tempfile.TemporaryDirectory() as run_dir:
            return train(kc.build_lenet5, part, 3, run_dir=run_dir)

    found = take_turns({"without": lambda: train(kc.build_lenet5, part, 3), "with": in_directory})
    yield "time with a run directory, LeNet-5", ratios(found["without"], found["with"]), "≤ 1.03"

    images, labels = kc.datasets.load("cifar10", data_dir=data_dir).train
    part = images[:1280], labels[:1280]
    found = take_turns(
        {
            "fit": lambda: fit(kc.build_resnet20, part, 3),
            "train": lambda: train(kc.build_resnet20, part, 3, augment="pad_crop_flip"),
        },
        rounds=3,
    )
    what = "images per second, ResNet-20 on CIFAR-10, with augmentation, against `fit` without"
    yield what, ratios(found["train"], found["fit"]), "≥ 0.95"


MEMORY = """
import resource, sys
import kerascnn as kc
data = kc.datasets.load("mnist", data_dir=sys.argv[1] or None)
kc.train(kc.build_lenet5(), data, epochs=1, verbose=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory(data_dir):
    command = [sys.executable, "-c", MEMORY, data_dir or ""]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    gib = int(done.stdout.split()[-1]) / 2**20
    yield "peak resident memory, LeNet-5 on MNIST", f"{gib:.2f} GiB", "≤ 1.5 GiB"


BUFFERS = """
import resource, time
import numpy as np
import kerascnn as kc
from keras.callbacks import LambdaCallback
rng = np.random.default_rng(0)
data = rng.random((1280, 32, 32, 3), "float32"), rng.integers(0, 10, 1280)
at = []
note = LambdaCallback(on_epoch_end=lambda epoch, logs: at.append(
    (time.perf_counter(), time.process_time(),
     resource.getrusage(resource.RUSAGE_SELF).ru_minflt)))
kc.train(kc.build_resnet20(), data, epochs=3, verbose=0, callbacks=[note])
print(*(b - a for a, b in zip(at[0], at[-1])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def buffers(_):
    """What it brings to keep large buffers, which needs a process for each candidate."""

    def run(switch):
        done = subprocess.run(
            [sys.executable, "-c", BUFFERS],
            env=os.environ | {"KERASCNN_KEEP_MEMORY": switch},
            check=True,
            capture_output=True,
            text=True,
        )
        return [float(number) for number in done.stdout.split()]

    candidates = {"kept": lambda: run("1"), "given back": lambda: run("0")}
    found = take_turns(candidates, rounds=ROUNDS)
    kept, back = found["kept"], found["given back"]
    what = "time of ResNet-20, batch 128, large buffers kept against given back"
    yield what, ratios(back[:2], kept[:2]), "≤ 1"
    yield "the same: page faults", f"{kept[2] / back[2]:.3f}", "≤ 0.1"
    yield "the same: most resident memory", f"{kept[3] / back[3]:.2f}", "≤ 1.15"


def normalization(_):
    """Local response normalization and its gradient, compiled, against TensorFlow's own."""
    import tensorflow as tf

    import kerascnn as kc

    maps = tf.random.stateless_uniform((32, 27, 27, 96), (0, 0))  # AlexNet's norm1

    def timed(normalize):
        @tf.function
        def gradient(maps):
            with tf.GradientTape() as tape:
                tape.watch(maps)
                normalized = normalize(maps)
            return tape.gradient(normalized, maps, normalized)

        def seconds():
            began = clock()
            gradient(maps)
            return [now - then for now, then in zip(clock(), began, strict=True)]

        seconds()
        return seconds

    layer = kc.layers.LocalResponseNormalization
    found = take_turns(
        {
            "roots": timed(layer()),
            "power": timed(layer(beta=0.75001)),
            "peer": timed(lambda x: tf.nn.local_response_normalization(x, 2, 2, 1e-4, 0.75)),
        }
    )
    what = "time of `LocalResponseNormalization` and its gradient, 32x27x27x96, against"
    yield f"{what} tf.nn's", ratios(found["peer"], found["roots"]), "≤ 1"
    yield f"{what} a power", ratios(found["power"], found["roots"]), "≤ 0.5"


def main():
    data_dir = sys.argv[1] if len(sys.argv) > 1 else None
    print("| what | measured: wall-clock, processor | aim |\n| --- | --: | --: |", flush=True)
    for part in (normalization, buffers, memory, speed):
        for row in part(data_dir):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
