"""How do GoogLeNet's auxiliary classifiers affect the gradients? (lecture map, D7)."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import datasets, models, visualize

from ._experiment import experiment

PHOTOS = (
    "astronaut", "chelsea", "coffee", "hubble_deep_field", "immunohistochemistry", "retina",
    "rocket",
)  # fmt: skip
CLASSES = 1000


@experiment
def auxiliary_gradients(
    *,
    images: int = 8,
    size: int = 224,
    auxiliary_weight: float = 0.3,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Measure GoogLeNet's weight gradients with and without its auxiliary losses.

    The gradients are measured at initialization, for the same weights and images: once for the main
    loss only, and once for the main loss plus 0.3 times the loss of each auxiliary classifier. The
    purpose of these is to "increase the gradient signal that gets propagated back" to the lower
    layers (Szegedy et al. 2014, arXiv:1409.4842, section 5). The images are photos with random
    labels; dropout is off, so that both losses see the same maps.

    Args:
        images: Number of photo crops, each with a random label from a thousand classes.
        size: Height and width of the crops in pixels, at least 80.
        auxiliary_weight: Weight of the loss of each auxiliary classifier.
        seeds: Random seeds of weights, crops and labels.

    Returns:
        A `Result` with `norm` (losses, seed, layer), the Euclidean norm of ∂L/∂W for the kernel of
        each layer, in the order of the model and without the auxiliary classifiers; `losses` and
        `layers`, the labels of the first and last axis; `modules`, the module that each layer
        belongs to, such as "4a".

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("auxiliary_gradients")["norm"].shape
    (2, 3, 58)
    """
    losses = {"main": (1, 0, 0), "main and auxiliary": (1, *(auxiliary_weight,) * 2)}
    norm = np.zeros((len(losses), len(seeds), 0))
    for nth, seed in enumerate(seeds):
        keras.utils.set_random_seed(seed)
        model = models.build("googlenet", auxiliary=True, input_shape=(size, size, 3))
        part = labeled_photos(images, size, seed)
        for row, weights in enumerate(losses.values()):
            norms = kernel_norms(model, *part, weights)
            if not norm.size:
                norm = np.zeros((*norm.shape[:2], len(norms)))
            norm[row, nth] = list(norms.values())
    return {
        "norm": norm,
        "losses": list(losses),
        "layers": list(norms),
        "modules": [module_of(layer) for layer in norms],
    }


def labeled_photos(count, size, seed):
    """Return preprocessed photo crops (N, size, size, 3) and random labels (N,)."""
    rng = np.random.default_rng(seed)
    places = []
    for nth in range(count):
        photo = datasets.photo(PHOTOS[nth % len(PHOTOS)])
        top, left = (rng.integers(0, n - size + 1) for n in photo.shape[:2])
        places.append(photo[top : top + size, left : left + size])
    pixels = np.stack(places).astype("float32")
    pixels = keras.applications.imagenet_utils.preprocess_input(pixels, mode="caffe")
    return pixels, rng.integers(0, CLASSES, count)


def kernel_norms(model, images, labels, loss_weights):
    """Compute ‖∂L/∂W‖ of each layer by name, without the auxiliary classifiers."""

    def loss(outputs):
        each = [keras.losses.sparse_categorical_crossentropy(labels, y) for y in outputs]
        return sum(weight * one for weight, one in zip(loss_weights, each, strict=True))

    gradients = visualize.weight_gradients(model, images, loss)
    return {
        weight.path.partition("/")[0]: np.linalg.norm(gradient)
        for weight, gradient in zip(model.trainable_weights, gradients, strict=True)
        if weight.name == "kernel" and not weight.path.startswith("loss")  # loss1, loss2
    }


def module_of(layer):
    """Return the module that a layer belongs to.

    >>> [module_of(name) for name in ("conv1_7x7_s2", "inception_4a_1x1", "predictions")]
    ['conv1', '4a', 'predictions']
    """
    return layer.removeprefix("inception_").partition("_")[0]
