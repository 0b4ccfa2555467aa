"""The optimizers that a recipe can name."""

import keras

from ._muon import Muon, normalized_kernels
from ._sgd import CoupledDecaySGD


def make_optimizer(recipe, model):
    """The optimizer of a recipe for a model, at its first learning rate."""
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(recipe.learning_rate)
    options = {"momentum": recipe.momentum, "kernel_decay": recipe.weight_decay}
    if recipe.optimizer == "sgd":
        return CoupledDecaySGD(recipe.learning_rate, **options)
    return Muon(recipe.learning_rate, **options, kernels=normalized_kernels(model))


def check_optimizer(recipe, model):
    """Refuse an optimizer that a model has nothing for.

    Raises:
        ValueError: Muon, and no convolution before a batch normalization, or no graph to see it.
    """
    if recipe.optimizer == "muon" and not normalized_kernels(model):
        raise ValueError(
            "optimizer 'muon' is for convolutions before a batch normalization; "
            f"received {model.name!r} without any: take 'sgd'."
        )
