"""How many images a second, on the CPU and on a GPU? (lecture map, E9)."""

import os
import time
from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import models, training

from ._experiment import experiment

SHAPE = (32, 32, 3)
CLASSES = 10
NETS = {  # name and options of each
    "LeNet-5": ("lenet5", {}),
    "ResNet-20": ("resnet20", {}),
    "VGG16, ¼ width": ("vgg16", {"width": 0.25}),
}
TASKS = ("training", "inference")


@experiment
def throughput(
    *,
    nets: Sequence[str] = tuple(NETS),
    batch_size: int = 128,
    steps: int = 20,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Measure how many images a second some nets learn from, and classify, on what there is here.

    On the CPU, and on the first GPU if there is one; images of 32x32x3, in float32. The first
    step, which compiles, does not count. Other programs that run on the machine do.

    Args:
        nets: Which: "LeNet-5", "ResNet-20", "VGG16, ¼ width".
        batch_size: Images in a step.
        steps: How many are timed, after the first.
        seeds: Of weights and images; a measurement for each.

    Returns:
        A `Result` with `images_per_second` (task, net, device, seed), `tasks`, `nets` and
        `devices`, the names of the first three axes; `kinds`, "CPU" or "GPU" for each device;
        `load`, how many programs computed or waited to in the minute before (NaN where the system
        does not say), on `cores` of the CPU.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else np.nan
    there = first_of_each_kind(training.devices().devices)
    speed = np.zeros((len(TASKS), len(nets), len(there), len(seeds)))
    for nth, seed in enumerate(seeds):  # in turns, so that what else runs disturbs all alike
        for row, net in enumerate(nets):
            for column, device in enumerate(there):
                speed[:, row, column, nth] = speeds(net, device.name, batch_size, steps, seed)
    return {
        "images_per_second": speed,
        "tasks": list(TASKS),
        "nets": list(nets),
        "devices": [device.model for device in there],
        "kinds": [kind_of(device) for device in there],
        "load": load,
        "cores": os.cpu_count(),
    }


def speeds(net, device, batch_size, steps, seed):
    """Images a second of training and of inference, of one net on one device."""
    rng = np.random.default_rng(seed)
    count = batch_size * (1 + steps)
    images = rng.random((count, *SHAPE), dtype=np.float32)
    labels = np.arange(count) % CLASSES
    name, options = NETS[net]
    with keras.device(device):
        model = models.build(name, input_shape=SHAPE, classes=CLASSES, **options)
    run = training.train(
        model,
        (images, labels),
        recipe="adam",
        epochs=1,
        batch_size=batch_size,
        seed=seed,
        devices=(device,),
        precision="float32",
        verbose=0,
    )
    batches = images.reshape(1 + steps, batch_size, *SHAPE)
    with keras.device(device):
        model.predict_on_batch(batches[0])
        began = time.perf_counter()
        for batch in batches[1:]:
            model.predict_on_batch(batch)
        seconds = time.perf_counter() - began
    return run.images_per_second, steps * batch_size / seconds


def first_of_each_kind(devices):
    """The first CPU, and the first GPU if there is one."""
    kinds = [kind_of(device) for device in devices]
    return [devices[kinds.index(kind)] for kind in ("CPU", "GPU") if kind in kinds]


def kind_of(device):
    """ "CPU" or "GPU"."""
    return device.name.partition(":")[0]
