"""The optimizers that a recipe can name."""

import keras

from ._muon import Muon
from ._sgd import CoupledDecaySGD


def make_optimizer(recipe):
    """The optimizer of a recipe, at its first learning rate."""
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(recipe.learning_rate)
    optimizer = {"muon": Muon, "sgd": CoupledDecaySGD}[recipe.optimizer]
    return optimizer(
        recipe.learning_rate, momentum=recipe.momentum, kernel_decay=recipe.weight_decay
    )
