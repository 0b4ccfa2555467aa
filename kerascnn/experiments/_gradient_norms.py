"""Do gradients vanish in deep plain networks, and do shortcuts help? (lecture map, D8)."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import datasets, models, training, visualize

from ._experiment import experiment, first, must
from ._without import without

NETS = {"plain": "plain", "residual": "resnet"}
DEPTHS = (20, 32, 44, 56, 110)
CONDITIONS = ("at the start", "after training", "without batch normalization")


@experiment
def gradient_norms(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    depths: Sequence[int] = (20, 56),
    images: int = 1280,
    batch_size: int = 64,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Measure the weight gradients of each layer in plain and residual networks for CIFAR-10.

    The gradients are measured at initialization (He et al. 2015, arXiv:1502.01852), after one epoch
    on some images with the "resnet" recipe (rate 0.1, momentum 0.9), and at initialization without
    batch normalization. According to the paper, vanishing gradients are not the reason why deep
    plain networks are hard to train: with batch normalization, "the backward propagated gradients
    exhibit healthy norms" (He et al. 2015, arXiv:1512.03385, section 4.1).

    The loss is the cross-entropy of one batch; batch normalization uses the statistics of this
    batch, as in training.

    Args:
        data: Name of a data set of 32x32x3 images in ten classes.
        data_dir: Directory with the file of the data set.
        depths: Depths of the networks: 20, 32, 44, 56 or 110.
        images: Number of images to train on for one epoch.
        batch_size: Number of images in a batch. The gradients are those of the first images of the
            data set.
        seeds: Random seeds of weights and shuffling.

    Returns:
        A `Result` with `norm_20` and so on for each depth, (net, condition, seed, layer): the
        Euclidean norm of ∂L/∂W for the kernel of each layer, in order from the input; `nets` and
        `conditions`, the labels of the first two axes; `steps`, the number of training steps.

    Raises:
        ValueError: If a depth is unknown or the data set has fewer images.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("gradient_norms")["norm_56"].shape
    (2, 3, 3, 56)
    """
    check_depths(depths)
    part = first("images", images, datasets.load(data, data_dir=data_dir).train)
    batch = first("batch_size", batch_size, part)
    norms = {depth: np.zeros((len(NETS), 3, len(seeds), depth)) for depth in depths}
    for depth, norm in norms.items():
        for row, name in enumerate(NETS.values()):
            for nth, seed in enumerate(seeds):
                keras.utils.set_random_seed(seed)
                model = models.build(f"{name}{depth}")
                bare = without(model, keras.layers.BatchNormalization)
                norm[row, 0, nth] = kernel_norms(model, *batch)
                norm[row, 2, nth] = kernel_norms(bare, *batch)
                training.train(
                    model,
                    part,
                    recipe="resnet",
                    epochs=1,
                    batch_size=batch_size,
                    seed=seed,
                    verbose=0,
                )
                norm[row, 1, nth] = kernel_norms(model, *batch)
    return {
        **{f"norm_{depth}": norm for depth, norm in norms.items()},
        "nets": list(NETS),
        "conditions": list(CONDITIONS),
        "steps": -(-len(part[1]) // batch_size),
    }


def kernel_norms(model, images, labels):
    """Compute ‖∂L/∂W‖ for each convolution and dense layer, in the order of the weights."""

    def loss(outputs):
        return keras.losses.sparse_categorical_crossentropy(labels, outputs)

    gradients = visualize.weight_gradients(model, images, loss, training=True)
    return [
        np.linalg.norm(gradient)
        for weight, gradient in zip(model.trainable_weights, gradients, strict=True)
        if weight.name == "kernel"
    ]


def check_depths(depths):
    """Check that plain networks and ResNets for CIFAR-10 exist with these depths.

    Raises:
        ValueError: If a depth is unknown.
    """
    for depth in depths:
        must(depth in DEPTHS, "depths", f"among {', '.join(map(str, DEPTHS))}", depth)
