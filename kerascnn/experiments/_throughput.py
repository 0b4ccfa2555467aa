"""How many images per second, on the CPU and on a GPU? (lecture map, E9)."""

import os
import time
from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import models, training

from ._experiment import experiment

SHAPE = (32, 32, 3)
CLASSES = 10
NETS = {  # builder and its options
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
    """Measure the throughput of training and inference on this machine, in images per second.

    The measurements use images of 32x32x3 in float32, on the CPU and on the first GPU, if there is
    one. The first step, which includes compilation, is not counted. Other programs running on the
    machine affect the results.

    Args:
        nets: Networks to measure: "LeNet-5", "ResNet-20", "VGG16, ¼ width".
        batch_size: Number of images in a batch.
        steps: Number of timed steps, after the first.
        seeds: Random seeds of weights and images, with one measurement for each.

    Returns:
        A `Result` with `images_per_second` (task, net, device, seed); `tasks`, `nets` and
        `devices`, the labels of the first three axes; `kinds`, "CPU" or "GPU" for each device;
        `load`, the load average over the last minute before the start (NaN if the system does not
        report it); and `cores`, the number of CPU cores.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("throughput")["images_per_second"].shape
    (2, 3, 1, 3)
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else np.nan
    there = first_of_each_kind(training.devices().devices)
    speed = np.zeros((len(TASKS), len(nets), len(there), len(seeds)))
    for nth, seed in enumerate(seeds):  # alternate, so that other programs affect all alike
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
    """Measure images per second of training and inference, for one network on one device."""
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
    """Return the first CPU, and the first GPU if there is one."""
    kinds = [kind_of(device) for device in devices]
    return [devices[kinds.index(kind)] for kind in ("CPU", "GPU") if kind in kinds]


def kind_of(device):
    """Return "CPU" or "GPU"."""
    return device.name.partition(":")[0]
