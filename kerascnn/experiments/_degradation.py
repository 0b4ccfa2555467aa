"""Are deeper networks better? (lecture map, D9; He et al. 2015, arXiv:1512.03385, Figures 1, 6)."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np

from kerascnn import datasets, models, training

from ._experiment import experiment, followed
from ._gradient_norms import NETS, check_depths
from ._photographs import first_shrunk, trained

PARTS = {"training": "accuracy", "validation": "val_accuracy"}
# DEVIATION: He et al. train on 45,000 images for 182 epochs and divide the rate in steps. They
# start ResNet-110 at a tenth of the rate; in a short run, ResNet-56 needs this to learn, too. With
# a warm-up of one epoch instead of four, it learned far less in the first ones.
RECIPE = {"recipe": "resnet", "schedule": "cosine", "warmup_factor": 0.1}
WARMUP = 10  # one epoch in ten, 628 steps by default; He et al. need about 400


@experiment
def degradation(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    depths: Sequence[int] = (20, 56),
    images: int = 20_000,
    validation: int = 2000,
    size: int = 16,
    epochs: int = 40,
    batch_size: int = 128,
    precision: str | None = None,
    seeds: Sequence[int] = (0,),
    verbose: bool | str = "auto",
) -> dict:
    """Train plain networks and ResNets of two depths on CIFAR-10 and record their errors.

    A deeper plain network also has a higher error on the training images, so overfitting cannot be
    the reason (He et al. 2015, section 1). The networks, the learning rate of 0.1, momentum, weight
    decay and augmentation are those of the paper; the images are smaller and the runs much shorter.

    Args:
        data: Name of a data set of RGB images in ten classes.
        data_dir: Directory with the file of the data set.
        depths: Depths of the networks: 20, 32, 44, 56 or 110.
        images: Number of training images.
        validation: Number of validation images.
        size: Height and width to shrink the images to by averaging; must divide their size.
        epochs: Number of epochs. The learning rate warms up in the first tenth of them and then
            follows a cosine schedule.
        batch_size: Number of images in a batch.
        precision: A dtype policy, such as "mixed_bfloat16"; `None` selects the best one for the
            device.
        seeds: Random seeds of weights, shuffling and augmentation.
        verbose: Whether to show a progress bar; "auto" shows one in a terminal.

    Returns:
        A `Result` with `error` (net, depth, part, seed, epoch), from 0 to 1, where the training
        error is measured on augmented images during the epoch; `nets`, `depths` and `parts`, the
        labels of the first axes; and `precision`.

    Raises:
        ValueError: If a depth is unknown, the data set has fewer images, or `size` does not divide
            their size.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("degradation")["error"].shape
    (2, 2, 2, 1, 40)
    """
    check_depths(depths)
    loaded = datasets.load(data, data_dir=data_dir)
    train = first_shrunk("images", images, loaded.train, size)
    parts = train, first_shrunk("validation", validation, loaded.validation, size)
    error = np.zeros((len(NETS), len(depths), len(PARTS), len(seeds), epochs))
    steps = product(enumerate(NETS.values()), enumerate(depths), enumerate(seeds))
    for (row, net), (column, depth), (nth, seed) in followed(steps, verbose):
        run = trained(
            partial(models.build, f"{net}{depth}", input_shape=train[0].shape[1:]),
            parts,
            seed=seed,
            epochs=epochs,
            batch_size=batch_size,
            precision=precision,
            augment=training.PadCropFlip(padding=size // 8),
            warmup_epochs=max(1, epochs // WARMUP),
            **RECIPE,
        )
        for part, metric in enumerate(PARTS.values()):
            error[row, column, part, nth] = 1 - np.array(run.history[metric])
    return {
        "error": error,
        "nets": list(NETS),
        "depths": depths,
        "parts": list(PARTS),
        "precision": precision or "the device's",
    }
