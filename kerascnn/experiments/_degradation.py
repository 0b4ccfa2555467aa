"""Are deeper nets better? (lecture map, D9; He et al. 2015, arXiv:1512.03385, Figures 1 and 6)."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np

from kerascnn import datasets, models, training

from ._experiment import experiment, followed
from ._gradient_norms import NETS, check_depths
from ._photographs import first_shrunk, trained

PARTS = {"training": "accuracy", "validation": "val_accuracy"}
# DEVIATION: He et al. train on 45,000 images for 182 epochs, and divide the rate in steps. They
# begin at a tenth of the rate with ResNet-110; in few steps ResNet-56 does not learn otherwise.
RECIPE = {"recipe": "resnet", "schedule": "cosine", "warmup_epochs": 1, "warmup_factor": 0.1}


@experiment
def degradation(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    depths: Sequence[int] = (20, 56),
    images: int = 20_000,
    validation: int = 2000,
    size: int = 16,
    epochs: int = 10,
    batch_size: int = 128,
    precision: str | None = None,
    seeds: Sequence[int] = (0, 1),
    verbose: bool | str = "auto",
) -> dict:
    """Train plain nets and ResNets of two depths on CIFAR-10, and follow both errors.

    A deeper plain net has a higher error on the training images, too, so that over-fitting cannot
    be why (He et al. 2015, section 1). The nets are the paper's, with its rate of 0.1, momentum,
    decay and augmentation; the images are smaller and the runs far shorter.

    Args:
        data: A data set of RGB images in ten classes.
        data_dir: A folder with the data set's file.
        depths: Of the nets: 20, 32, 44, 56 or 110.
        images: How many to train on.
        validation: How many to validate on.
        size: Height and width that the images are averaged to, a divisor of theirs.
        epochs: Passes over the training images; the rate rises in the first and then falls along
            half a cosine.
        batch_size: Images in a step.
        precision: A dtype policy such as "mixed_bfloat16"; `None`: the one the device gains from.
        seeds: Of weights, shuffling and augmentation.
        verbose: Whether a progress bar is shown; "auto": on a terminal.

    Returns:
        A `Result` with `error` (net, depth, part, seed, epoch), 0 to 1, where the training error is
        that of the augmented images while the weights change; `nets`, `depths` and `parts`, the
        names along its first axes; `precision`, as it was given.

    Raises:
        ValueError: A depth that there is not; fewer images in the data set; a size that does not
            divide theirs.
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
