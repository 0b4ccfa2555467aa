"""What does each ingredient of AlexNet's training recipe contribute? (lecture map, E2)."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import datasets, layers, models, training

from ._experiment import experiment
from ._photographs import first_shrunk
from ._without import without


def with_tanh(model):
    """Replace every ReLU with tanh."""
    for layer in model.layers:
        if getattr(layer, "activation", None) is keras.activations.relu:
            layer.activation = keras.activations.tanh
    return model


def without_normalization(model):
    """Remove the two local response normalization layers."""
    return without(model, layers.LocalResponseNormalization)


RECIPES = {  # changes to the network and to the recipe
    "whole recipe": (None, {}),
    "tanh instead of ReLU": (with_tanh, {}),
    "no normalization layers": (without_normalization, {}),
    "no augmentation": (None, {"augment": "none"}),
    "no dropout": (None, {"dropout": 0.0}),
    "no weight decay": (None, {"weight_decay": 0.0}),
    "no momentum": (None, {"momentum": 0.0}),
    "constant rate": (None, {"schedule": "constant"}),
}


@experiment
def alexnet_recipe(
    *,
    data: str = "cifar10",
    data_dir: str | None = None,
    recipes: Sequence[str] = tuple(RECIPES),
    images: int = 2000,
    validation: int = 1000,
    size: int = 16,
    epochs: int = 12,
    batch_size: int = 32,
    patience: int = 3,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Train a small AlexNet with AlexNet's recipe, leaving out one ingredient at a time.

    The recipe consists of ReLU, local response normalization, augmentation by random crops, flips
    and colors, dropout of 0.5, stochastic gradient descent with a momentum of 0.9 and a weight
    decay of 5e-4, and a learning rate of 1e-2 that is divided by 10 when the validation accuracy
    stops improving (Krizhevsky et al. 2012, sections 3 to 5). In a short run of a small network on
    few images, ingredients may not help as they do in the 90 epochs of the paper.

    Args:
        data: Name of a data set of square images in ten classes.
        data_dir: Directory with the file of the data set.
        recipes: Recipes to use: "whole recipe", "tanh instead of ReLU" and so on.
        images: Number of training images.
        validation: Number of validation images.
        size: Height and width to shrink the images to by averaging; must divide their size.
        epochs: Number of epochs.
        batch_size: Number of images in a batch; the paper uses 128, with many more images.
        patience: Number of epochs without a better validation accuracy before the rate is divided.
        seeds: Random seeds of weights, shuffling, augmentation and dropout.

    Returns:
        A `Result` with the training `loss`, `val_accuracy` and `learning_rate`, each (recipe, seed,
        epoch); `learnt` (recipe, seed), the final accuracy on the training images without
        augmentation and dropout; `recipes`, the labels of the first axis.

    Raises:
        ValueError: If the data set has fewer images, or `size` does not divide their size.

    The result that comes with the package:

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("alexnet_recipe")["val_accuracy"].shape
    (8, 3, 12)
    """
    loaded = datasets.load(data, data_dir=data_dir)
    train = first_shrunk("images", images, loaded.train, size)
    held_out = first_shrunk("validation", validation, loaded.validation, size)
    curves = {
        name: np.zeros((len(recipes), len(seeds), epochs))
        for name in ("loss", "val_accuracy", "learning_rate")
    }
    learnt = np.zeros((len(recipes), len(seeds)))
    for row, name in enumerate(recipes):
        change, overrides = RECIPES[name]
        for nth, seed in enumerate(seeds):
            keras.utils.set_random_seed(seed)
            model = models.build(
                "alexnet", variant="cifar", input_shape=train[0].shape[1:], classes=10
            )
            run = training.train(
                change(model) if change else model,
                (train, held_out),
                recipe="alexnet",
                epochs=epochs,
                batch_size=batch_size,
                seed=seed,
                verbose=0,
                **{"plateau_patience": patience, **overrides},
            )
            for curve, values in curves.items():
                values[row, nth] = run.history[curve]
            predicted = run.model.predict(train[0], verbose=0).argmax(axis=1)
            learnt[row, nth] = np.mean(predicted == train[1])
    return {**curves, "learnt": learnt, "recipes": list(recipes)}
