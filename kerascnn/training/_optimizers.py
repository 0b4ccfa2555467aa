"""The optimizers that a recipe can name."""

import keras

from ._muon import Muon, normalized_kernels
from ._recipes import Recipe
from ._sgd import CoupledDecaySGD


def make_optimizer(recipe: Recipe, model: keras.Model) -> keras.optimizers.Optimizer:
    """Create the optimizer of a recipe for a model, with its first learning rate."""
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(recipe.learning_rate)
    options = {"momentum": recipe.momentum, "kernel_decay": recipe.weight_decay}
    if recipe.optimizer == "sgd":
        return CoupledDecaySGD(recipe.learning_rate, **options)
    return Muon(recipe.learning_rate, **options, kernels=normalized_kernels(model))


def check_optimizer(recipe: Recipe, model: keras.Model) -> None:
    """Check that a model has kernels for an optimizer.

    Raises:
        ValueError: For Muon, if there is no convolution before a batch normalization, or no graph.
    """
    if recipe.optimizer == "muon" and not normalized_kernels(model):
        raise ValueError(
            "optimizer 'muon' is for convolutions before a batch normalization; "
            f"received {model.name!r} without any: use 'sgd'."
        )
