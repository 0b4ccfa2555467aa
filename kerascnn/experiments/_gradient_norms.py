"""Do gradients vanish in deep plain nets, and what do shortcuts change? (lecture map, D8)."""

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
    """Measure the gradient of each layer's weights in plain and residual nets for CIFAR-10.

    At the start, weights after He et al. 2015 (arXiv:1502.01852); after one pass over some images
    by the "resnet" recipe (rate 0.1, momentum 0.9); and at the start once more, in the same nets
    with their batch normalization taken out. The paper says that vanishing gradients are not what
    makes deep plain nets hard to train: with batch normalization "the backward propagated
    gradients exhibit healthy norms" (He et al. 2015, arXiv:1512.03385, section 4.1).

    The loss is the cross-entropy of one batch, with which batch normalization goes, as in training.

    Args:
        data: A data set of 32x32x3 images in ten classes.
        data_dir: A folder with the data set's file.
        depths: Of the nets: 20, 32, 44, 56 or 110.
        images: How many to train on, once.
        batch_size: Images in a step, and in the batch of the gradient: the first of the data set.
        seeds: Of weights and shuffling.

    Returns:
        A `Result` with `norm_20` and so on for each depth, (net, condition, seed, layer): the
        Euclidean norm of ∂L/∂W of the layer's kernel, layers from the input on; `nets` and
        `conditions`, the names of the first two axes; `steps`, of training.

    Raises:
        ValueError: A depth that there is not; fewer images in the data set.
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
    """‖∂L/∂W‖ of each convolution and dense layer, in the order of the model's weights."""

    def loss(outputs):
        return keras.losses.sparse_categorical_crossentropy(labels, outputs)

    gradients = visualize.weight_gradients(model, images, loss, training=True)
    return [
        np.linalg.norm(gradient)
        for weight, gradient in zip(model.trainable_weights, gradients, strict=True)
        if weight.name == "kernel"
    ]


def check_depths(depths):
    """Refuse a depth that neither the plain nets nor the ResNets for CIFAR-10 come in.

    Raises:
        ValueError: With those that there are.
    """
    for depth in depths:
        must(depth in DEPTHS, "depths", f"of {', '.join(map(str, DEPTHS))}", depth)
