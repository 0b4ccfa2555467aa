"""What does each ingredient of AlexNet's recipe do? (lecture map, E2)."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import datasets, layers, models, training

from ._experiment import experiment
from ._photographs import first_shrunk
from ._without import without


def with_tanh(model):
    """Put tanh in the place of every ReLU."""
    for layer in model.layers:
        if getattr(layer, "activation", None) is keras.activations.relu:
            layer.activation = keras.activations.tanh
    return model


def without_normalization(model):
    """Take the two layers of local response normalization out."""
    return without(model, layers.LocalResponseNormalization)


RECIPES = {  # what changes in the net, and in the recipe
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
    """Train a small AlexNet by AlexNet's recipe, and with one ingredient at a time taken away.

    The recipe: ReLU, local response normalization, random windows, reflections and colours,
    dropout of 0.5, stochastic gradient descent with momentum 0.9 and weight decay 5e-4, a rate of
    1e-2 that is divided by 10 when the validation accuracy stops rising (Krizhevsky et al. 2012,
    sections 3 to 5). A short run of a small net on few images: what pays only in the paper's 90
    epochs is not seen here.

    Args:
        data: A data set of square images in ten classes.
        data_dir: A folder with the data set's file.
        recipes: Which: "whole recipe", "tanh instead of ReLU" and so on.
        images: How many to train on.
        validation: How many to validate on.
        size: Height and width that the images are averaged to, a divisor of theirs.
        epochs: Passes over the training images.
        batch_size: Images in a step; the paper's is 128, of many more images.
        patience: Epochs without a better validation accuracy after which the rate is divided.
        seeds: Of weights, shuffling, augmentation and dropout.

    Returns:
        A `Result` with `loss`, of the training, `val_accuracy` and `learning_rate`, each
        (recipe, seed, epoch); `learnt` (recipe, seed): the accuracy of the training images at the
        end, as they are and without dropout; `recipes`, the names of the first axis.

    Raises:
        ValueError: Fewer images in the data set; a size that does not divide theirs.
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
