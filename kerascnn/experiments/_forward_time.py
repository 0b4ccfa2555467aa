"""How long does a forward pass take, in deep and in wide networks? (lecture map, D11)."""

import os
import time
from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import models

from ._experiment import experiment

NETS = ("vgg16", "vgg19", "resnet152")


@experiment
def forward_time(
    *,
    nets: Sequence[str] = NETS,
    size: int = 224,
    batch_size: int = 4,
    repeats: int = 7,
    seeds: Sequence[int] = (0,),
) -> dict:
    """Measure the time of a forward pass per image on this machine's default device.

    The networks take turns, so that other programs on the machine affect all alike. The first pass,
    which includes compilation, is not counted. Weights are random: they do not affect the time.

    Args:
        nets: Architectures to measure.
        size: Height and width of the images in pixels.
        batch_size: Number of images in a pass.
        repeats: Number of passes of each network for each seed.
        seeds: Random seeds of the images.

    Returns:
        A `Result` with `seconds` (net, repeat), per image; `nets`; `cores`; and `load`, the load
        average over the last minute before the start (NaN if the system does not report it).

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("forward_time")["seconds"].shape
    (3, 7)
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else np.nan
    built = [models.build(net, input_shape=(size, size, 3)) for net in nets]
    seconds = np.zeros((len(nets), len(seeds) * repeats))
    for nth, seed in enumerate(seeds):
        images = np.random.default_rng(seed).random((batch_size, size, size, 3), dtype=np.float32)
        for model in built if nth == 0 else []:
            model.predict_on_batch(images)
        for repeat in range(nth * repeats, (nth + 1) * repeats):
            for row, model in enumerate(built):
                began = time.perf_counter()
                keras.ops.convert_to_numpy(model.predict_on_batch(images))
                seconds[row, repeat] = (time.perf_counter() - began) / batch_size
    return {"seconds": seconds, "nets": list(nets), "load": load, "cores": os.cpu_count()}
