"""The fast gradient sign method (Goodfellow et al. 2015, arXiv:1412.6572, section 4)."""

import keras
import numpy as np

from ._engine.attacks import Limits, plan
from ._engine.images import Images
from ._engine.targets import Target


def fgsm(
    model: keras.Model,
    images: Images,
    labels: Target = None,
    *,
    epsilon: float,
    target: Target = None,
    limits: Limits = (0, 1),
    batch_size: int = 32,
) -> np.ndarray:
    """Change images a little, in one step, so that a model gets them wrong.

        x + ε · sign(∇_x J(x, y)), with the cross-entropy loss J

    For a model that ends in several sigmoids, J is −log of that of the class.

    Each value changes by epsilon, in the direction in which the loss rises. People hardly see such
    a change, but it adds up over thousands of pixels. `pgd` takes several steps and is stronger.

    Limitations: one step follows the slope at the original image, so a larger epsilon may be less
    successful than a smaller one. A model that withstands this attack may fail against others.

    Args:
        model: any functional or sequential `keras.Model` that classifies, with one input.
        images: (N, H, W, C) float, in the range the model was trained on.
        labels: right class of the images: an index or name, or one per image; `None`: the
            predicted class, which the attack then changes.
        epsilon: largest change of a value, in the units of the images, such as 8 / 255.
        target: class that the images are to be mistaken for, instead of `labels`: an index or
            name, or one per image.
        limits: lowest and highest value of an image; `None`: no limits, as for standardized
            images.
        batch_size: number of images per batch; smaller batches need less memory.

    Returns:
        (N, H, W, C), changed images of the same type.

    Raises:
        TypeError, ValueError: If arguments do not fit the model or each other, or if images are
            not within the limits.

    >>> import kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:8]
    >>> changed = kc.visualize.fgsm(model, images, epsilon=0.3)
    >>> bool(abs(changed - images).max() <= 0.3 + 1e-6)
    True
    """
    attack = plan(model, images, labels, target, epsilon, limits, batch_size)
    eta = attack.epsilon * attack.direction(attack.images, batch_size)  # section 4
    return attack.allowed(attack.images + eta)
